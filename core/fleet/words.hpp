#pragma once
// What the hosts of a fleet say to each other, as plain data: who is there, what each sees, who speaks for all of them,
// and what an operator said (design: the fleet, "What is shared"). Each is a small JSON text under a key of a bucket
// or on a stream. Whoever can write there can write anything: json.hpp reads it as what a stranger sent.
#include <algorithm>
#include <boost/json/object.hpp>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/fields.hpp"
#include "core/model/verdict.hpp"
#include "core/model/words.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// What this program writes. What is marked with a higher number is not read: its meaning is not known.
inline constexpr int fleet_schema = 1;

/// One host, renewed every 5 s. Its key is its name.
struct FleetMember {
  int schema = fleet_schema;
  std::string fleet, host, environment, version;
  std::string start;  ///< names this start of the daemon: two of one name are told apart by it
  WallTime started{};
  std::map<std::string, Millis> targets;  ///< what it watches, with the interval
  std::vector<std::string> sinks;         ///< what it can deliver to
  std::vector<std::string> troubles;      ///< what keeps it from being a whole watch
  bool goodbye = false;                   ///< a clean stop: it is not missed
};

enum class SeenAs { suspected, holding, firing };

/// One boundary that does not look well to this host.
struct BoundaryView {
  Boundary boundary = Boundary::outage;
  SeenAs state = SeenAs::suspected;
  Severity severity = Severity::error;
  bool total = false;
  bool clearing = false;  ///< not in the last sweep: it takes more of them until it is over
  /// Names the suspicion: another number is another question, and is answered anew.
  std::uint64_t question = 0;
  std::vector<std::string> reasons;  ///< the first three, redacted
};

/// What one host sees of one target. Its key is target and host. What it does not name does not hold there.
struct FleetView {
  int schema = fleet_schema;
  std::string fleet, host, target;
  std::uint64_t sweep = 0;
  /// The highest revision of the bucket of views that this host knew when the sweep began: a question of a lower one
  /// had been seen, and this is an answer to it.
  std::uint64_t seen = 0;
  bool blind = false;
  Millis interval{0};
  std::vector<BoundaryView> boundaries;
};

/// Who speaks for the fleet to one sink about one boundary of one target, and what the receiver knows. Changed only by
/// create, or by update of the revision that was seen.
struct FleetClaim {
  int schema = fleet_schema;
  std::uint64_t epoch = 1;  ///< counts the incidents of this boundary at this sink
  std::string holder;       ///< "": nobody
  std::string incident;     ///< id, of the host that opened it
  int told = 0;             ///< how bad the receiver believes it to be (level_of()); 0: it was told nothing
  bool ended = false;       ///< the receiver knows that it is over
  bool closed = false;
  std::vector<std::string> passed;  ///< who held it and got no 2xx
  int tries = 0;                    ///< of all holders since the last 2xx, where a connection was made
  boost::json::object rest;         ///< members that this version does not know, kept as they came
};

enum class WordKind { acknowledge, silence, symptom, resolve };

/// What an operator said on one host, true on all.
struct FleetWord {
  int schema = fleet_schema;
  std::string fleet, host;  ///< where it was said
  std::string id;           ///< names it: heard twice it is one
  WordKind kind = WordKind::acknowledge;
  std::string target;
  std::optional<Boundary> boundary;
  std::string text, by;
  std::map<std::string, std::uint64_t> epochs;  ///< by sink: which incident it was about
  Millis lasts{0};                              ///< of a silence, from where it is heard to its end
  Millis begins_in{0};                          ///< of a silence that is set ahead
  bool until_resolved = false;                  ///< of a silence
};

constexpr WordTable<3> words_of(SeenAs) { return {"suspected", "holding", "firing"}; }
constexpr WordTable<4> words_of(WordKind) { return {"acknowledge", "silence", "symptom", "resolve"}; }

/// How bad, as one number: the severity first, then whether it is total. 1 to 8; 0 is nothing.
inline int level_of(Severity severity, bool total) { return static_cast<int>(severity) * 2 + (total ? 2 : 1); }
inline Severity severity_of(int level) { return static_cast<Severity>((std::clamp(level, 1, 8) - 1) / 2); }

/// What a claim is about. The four are voted on; `vantage` is the way to a target, `missing` a member of the fleet.
enum class Subject { outage, security, readiness, product, vantage, missing };
constexpr WordTable<6> words_of(Subject) {
  return {"outage", "security", "readiness", "product", "vantage", "missing"};
}
/// Nothing for what each host decides for itself: drift, and what ails the watchdog.
std::optional<Subject> voted(Boundary b);
/// The boundary under which it is told.
Boundary boundary_of(Subject s);

/// The key of a claim, without the environment. Of `missing` the target is `readback/HOST`, which no target is called.
struct ClaimKey {
  std::string target;
  Subject subject = Subject::outage;
  std::string sink;
  friend auto operator<=>(const ClaimKey&, const ClaimKey&) = default;
};

// --- keys: parts that are joined by dots, and hold letters, digits, `-` and `_`; what else there is stands as `=2E`
// ---
std::string member_key(std::string_view host);
std::string view_key(std::string_view target, std::string_view host);
std::string claim_key(std::string_view environment, const ClaimKey& key);
/// The parts of a key, in clear. Nothing when one could not have been written so, or the key is longer than 512 bytes.
std::optional<std::vector<std::string>> parts_of_key(std::string_view key);

// --- fields: see core/codec/fields.hpp ---
template <class V, Is<FleetMember> X>
void fields(V& visit, X& x) {
  visit("schema", x.schema);
  visit("fleet", x.fleet);
  visit("host", x.host);
  visit("environment", x.environment);
  visit("version", x.version);
  visit("start", x.start);
  visit("started", x.started);
  visit("targets", x.targets);
  visit("sinks", x.sinks);
  visit("troubles", x.troubles);
  visit("goodbye", x.goodbye);
}

template <class V, Is<BoundaryView> X>
void fields(V& visit, X& x) {
  visit("boundary", x.boundary);
  visit("state", x.state);
  visit("severity", x.severity);
  visit("total", x.total);
  visit("clearing", x.clearing);
  visit("question", x.question);
  visit("reasons", x.reasons);
}

template <class V, Is<FleetView> X>
void fields(V& visit, X& x) {
  visit("schema", x.schema);
  visit("fleet", x.fleet);
  visit("host", x.host);
  visit("target", x.target);
  visit("sweep", x.sweep);
  visit("seen", x.seen);
  visit("blind", x.blind);
  visit("interval_ms", x.interval);
  visit("boundaries", x.boundaries);
}

template <class V, Is<FleetClaim> X>
void fields(V& visit, X& x) {
  visit("schema", x.schema);
  visit("epoch", x.epoch);
  visit("holder", x.holder);
  visit("incident", x.incident);
  visit("told", x.told);
  visit("ended", x.ended);
  visit("closed", x.closed);
  visit("passed", x.passed);
  visit("tries", x.tries);
}

template <class V, Is<FleetWord> X>
void fields(V& visit, X& x) {
  visit("schema", x.schema);
  visit("fleet", x.fleet);
  visit("host", x.host);
  visit("id", x.id);
  visit("kind", x.kind);
  visit("target", x.target);
  visit("boundary", x.boundary);
  visit("text", x.text);
  visit("by", x.by);
  visit("epochs", x.epochs);
  visit("lasts_ms", x.lasts);
  visit("begins_in_ms", x.begins_in);
  visit("until_resolved", x.until_resolved);
}

}  // namespace readback
