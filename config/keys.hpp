#pragma once
// Every key of the configuration, said once: its name, what kind of value it takes and within which limits, and a
// sentence about it. What holds when it is not there is the value that a struct is made with. The loader, the printer,
// the JSON Schema and the table of the man page all walk these lists, so that a key that is added here is added
// everywhere, and none of them can know another one.
//
// A list belongs to one struct and is bound to it: `section_of(target)` names the keys of a target, each with the
// member that it fills. Lists are made where they are needed; they live no longer than the struct.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/config.hpp"

namespace readback {

struct Key;

/// A map of known keys.
struct Section {
  std::string title;            ///< as messages call it: `tls`, `a target`, `the check drift`
  std::string_view shape = {};  ///< its name in the schema, where it stands in several places; else it stands inline
  std::string_view about = {};  ///< what it is, in sentences; empty: what its key says
  std::vector<Key> keys;        ///< in the order of all that is written from them
};

/// The kinds of values. Each holds the member that it fills, and its limits.
namespace key {

// --- one word or number: text() is what the file would say, "" for nothing ---
struct Text {  ///< one line, not empty
  std::string& out;
  std::string text() const { return out; }
};
struct Name {
  std::string& out;
  std::string text() const { return out; }
};
struct Path {  ///< absolute
  std::string& out;
  std::string text() const { return out; }
};
struct SocketPath {  ///< absolute, and no longer than a socket's address holds
  std::string& out;
  std::string text() const { return out; }
};
struct Duration {
  Millis& out;
  Millis least;
  std::string text() const;
};
struct OwnDuration {  ///< unset: as what it belongs to
  std::optional<Millis>& out;
  Millis least;
  std::string text() const;
};
struct WholeNumber {
  int& out;
  int least, most;
  std::string text() const;
};
struct Days {  ///< a whole number
  Millis& out;
  int least, most;
  std::string text() const;
};
struct Size {
  std::uint64_t& out;
  std::uint64_t least;  ///< bytes
  std::string text() const;
};
struct Jitter {  ///< 0% to 50%
  int& out;
  std::string text() const;
};
struct Rate {  ///< per minute, at least 1
  int& out;
  std::string text() const;
};
struct Boolean {
  bool& out;
  std::string_view risk = {}, instead = {};  ///< what is warned about when it is false, and what to do then
  std::string text() const { return out ? "true" : "false"; }
};
struct Choice {  ///< of the words that stand beside an enumeration
  std::vector<std::string> words;
  std::function<void(std::size_t index)> choose;
  std::string chosen;
  std::string text() const { return chosen; }
};
struct Url {
  std::string& out;
  std::string text() const { return out; }
};
struct BaseUrl {  ///< http or https; without query
  std::string& out;
  bool of_platform = true;  ///< it may be unix too, and its path is not for everybody
  std::string text() const { return out; }
};
struct UrlOrPath {  ///< absolute, or to be joined to base_url
  std::string& out;
  std::string text() const { return out; }
};
struct UrlPath {
  std::string& out;
  std::string text() const { return out; }
};
struct Pointer {  ///< a JSON pointer
  std::string& out;
  std::string text() const { return out; }
};
struct Listen {  ///< HOST:PORT
  std::string& out;
  std::string text() const { return out; }
};
struct ContentType {
  std::string& out;
  std::string text() const { return out; }
};
struct Token {  ///< one word of a subject: letters, digits, `-`, `_`, at most 32
  std::string& out;
  std::string text() const { return out; }
};
struct Clock {  ///< minutes after midnight
  int& out;
  std::string text() const;
};
struct Zone {
  MaintenanceWindow& out;
  std::string text() const { return out.timezone; }
};

// --- secrets ---
struct Secret {
  std::optional<SecretRef>& out;
  bool only_named = false;  ///< it is no single line, so it cannot stand in the file
};
struct RoutingKey {
  SecretRef& out;
};
struct HeartbeatUrl {
  std::optional<SecretRef>& out;
};
struct SinkUrl {  ///< one more
  std::vector<SecretRef>& out;
};
struct SinkUrls {
  std::vector<SecretRef>& out;
};
struct SigningSecret {  ///< one, or a list of at most two
  std::vector<SecretRef>& out;
};
struct SigningSecrets {
  std::vector<SecretRef>& out;
};
struct Headers {
  std::vector<std::pair<std::string, SecretRef>>& out;
};

// --- lists and maps of the user's own ---
struct Texts {
  std::vector<std::string>& out;
};
struct Patterns {  ///< expressions of RE2
  RedactConfig& out;
};
struct Urls {
  std::vector<std::string>& out;
};
struct NatsUrls {  ///< at least one
  NatsConfig& out;
};
struct WordSet {
  std::set<std::string>& out;
};
struct Boundaries {  ///< at least one
  std::vector<Boundary>& out;
};
struct WeekDays {  ///< one, or a list
  std::set<int>& out;
};
struct StatusCodes {  ///< one, or a list
  std::vector<int>& out;
};
struct JsonValues {
  std::map<std::string, std::string>& out;
};
struct Variables {
  std::map<std::string, std::string>& out;
};
struct Command {
  CheckConfig& out;
};
struct Folder {  ///< of a command; an absolute path
  CheckConfig& out;
  std::string text() const { return out.cwd; }
};
struct ExitCodes {
  CheckConfig& out;
};
struct CodeReadings {  ///< `{473: pass}`
  std::map<int, Reading>& out;
};

// --- maps of known keys, and lists and maps of such ---
struct Map {
  Section section;
};
struct Fleet {  ///< judged as a whole
  FleetConfig& out;
};
struct Tls {
  TlsConfig& out;
};
struct Template {  ///< a path, from the folder of the file that names it; what stands in it is part of the
                   ///< configuration
  BodyTemplate& out;
  std::string text() const { return out.file; }
};
struct Proxy {  ///< judged as a whole
  ProxyConfig& out;
};
struct Targets {
  std::vector<Shared<TargetConfig>>& out;
};
struct Sinks {
  std::vector<SinkConfig>& out;
};
struct Escalations {
  std::vector<EscalationConfig>& out;
};
struct Paths {
  std::vector<PathConfig>& out;
};
struct Windows {
  std::vector<MaintenanceWindow>& out;
};
struct Surfaces {
  std::vector<Shared<SurfaceConfig>>& out;
};
struct Checks {
  std::vector<CheckConfig>& out;
  CheckRole role;
};
struct Runbooks {
  std::map<Boundary, RunbookConfig>& out;
};

using Value =
    std::variant<Text, Name, Path, SocketPath, Duration, OwnDuration, WholeNumber, Days, Size, Jitter, Rate, Boolean,
                 Choice, Url, BaseUrl, UrlOrPath, UrlPath, Pointer, Listen, ContentType, Token, Clock, Zone, Secret,
                 RoutingKey, HeartbeatUrl, SinkUrl, SinkUrls, SigningSecret, SigningSecrets, Headers, Texts, Patterns,
                 Urls, NatsUrls, WordSet, Boundaries, WeekDays, StatusCodes, JsonValues, Variables, Command, Folder,
                 ExitCodes, CodeReadings, Map, Fleet, Tls, Template, Proxy, Targets, Sinks, Escalations, Paths, Windows,
                 Surfaces, Checks, Runbooks>;

/// The entries of these have a section each; `with_entry` shows the one of an entry that says nothing of its own.
void with_entry(const Targets&, const std::function<void(const Section&)>& look);
void with_entry(const Sinks&, const std::function<void(const Section&)>& look);
void with_entry(const Escalations&, const std::function<void(const Section&)>& look);
void with_entry(const Paths&, const std::function<void(const Section&)>& look);
void with_entry(const Windows&, const std::function<void(const Section&)>& look);
void with_entry(const Surfaces&, const std::function<void(const Section&)>& look);
void with_entry(const Checks&, const std::function<void(const Section&)>& look);
void with_entry(const Runbooks&, const std::function<void(const Section&)>& look);

}  // namespace key

/// Whether a key must be there, and whether the printer passes it by.
struct Presence {
  bool required = false;
  std::string_view example = {};  ///< of a required key: its value in the advice when it is missing
  bool hidden = false;            ///< says nothing as it stands: `--print` leaves it out
};
/// With no example its absence is told by whoever knows what to say then.
inline Presence required(std::string_view example = {}) { return {true, example, false}; }
inline Presence hidden_if(bool says_nothing) { return {false, {}, says_nothing}; }

struct Key {
  std::string_view name;
  key::Value value;
  std::string_view sentence;  ///< without the limits: describe() adds them
  Presence presence = {};
};
/// The sentence, with the limits of the value.
std::string describe(const Key& key);

Section section_of(Config& c);
Section section_of(TargetConfig& t);
inline Section section_of(Shared<TargetConfig>& t) { return section_of(t.edit()); }
Section section_of(SurfaceConfig& s);
/// A check of a target, or a command of the evidence, which has no role and no interval.
Section section_of(CheckConfig& c);
Section section_of(SandboxConfig& s);
Section section_of(PathConfig& p);
Section section_of(PathExpect& e);
Section section_of(RunbookConfig& r);
Section section_of(MaintenanceWindow& w);
Section section_of(Words& w);
Section section_of(TlsConfig& t);
Section section_of(AlertsConfig& a);
Section section_of(SinkConfig& s);
Section section_of(EscalationConfig& e);
Section section_of(ProxyConfig& p);
Section section_of(EvidenceConfig& e);
Section section_of(FleetConfig& f);

}  // namespace readback
