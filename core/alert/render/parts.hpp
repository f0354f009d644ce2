#pragma once
// What the renderers share: how much of each text a body takes, how JSON with marks is written, and the parts of an
// event that several receivers are told in the same shape. For core/alert only; the room's face is render.hpp.
#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert/render.hpp"
#include "core/codec/texts.hpp"
#include "core/model/alert_event.hpp"

namespace readback {

namespace json = boost::json;

// Marks for what an attempt adds. Serialised JSON has no byte below 0x20, so they cannot be confused with text.
inline constexpr char sent_at_mark = '\x01';  // 2026-11-23T03:11:58.000Z
inline constexpr char delayed_mark = '\x02';  // ,"delayed_s":1230
inline constexpr char routing_mark = '\x03';  // the routing key, as the inside of a JSON string
inline constexpr char late_mark = '\x04';     // " · delivered 20m 30s late", as the inside of a JSON string
inline const std::string sent_at_text = std::string("\"") + sent_at_mark + "\"";

inline constexpr std::size_t key_limit = 255;  // bytes

/// How much of each text a body takes, in bytes. Halved until the body fits.
struct Caps {
  std::size_t summary = 16384, text = 16384, why = 4096, why_count = 100;
  Caps half() const { return {summary / 2, text / 2, why / 2, why_count / 2}; }
};
inline constexpr Caps minimal_caps{300, 300, 0, 0};

/// Valid UTF-8, at most so many bytes.
std::string fit(std::string_view text, std::size_t most);
std::string array_text(const std::vector<std::string>& entries);
std::vector<std::string> why_of(const AlertEvent& e, const Caps& caps);
/// The incident with every text cut to what the body takes.
IncidentRecord fitted(const AlertEvent& e, const Caps& caps);
std::string evidence_text(const AlertEvent& e, const Caps& caps);
/// Whom else it befalls.
std::string group_text(const Grouped& group);
/// Who sees it and who does not.
std::string fleet_text(const FleetSaid& said);
bool is_web_address(std::string_view url);
/// The first line of a message to people: a coloured dot, what happened, and where.
std::string headline(const AlertEvent& e);
/// "fabric (prod)"; a silence may be about every target.
std::string where_of(const AlertEvent& e);
/// "incident", or "silence".
std::string_view thing_of(const AlertEvent& e);
/// Whether it is over, or seems to be.
bool is_good_news(const AlertEvent& e);

/// An object whose members stand in the order in which they were added, with raw text where a mark is needed.
class ObjectText {
 public:
  ObjectText& member(std::string_view name, const json::value& v) {
    const auto* is_text = v.if_string();
    return is_text ? text(name, *is_text) : raw(name, json::serialize(v));
  }
  ObjectText& text(std::string_view name, std::string_view v) { return raw(name, quoted_json(v)); }
  /// Names are our own: nothing in them must be escaped.
  ObjectText& raw(std::string_view name, std::string_view v) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_ += name;
    out_ += "\":";
    out_ += v;
    return *this;
  }
  ObjectText& append(char mark) {
    out_ += mark;
    return *this;
  }
  std::string done() const { return out_.empty() ? "{}" : out_ + "}"; }

 private:
  std::string out_;
};

// One renderer a receiver: the event as JSON with marks (finish_body takes them out), within these caps.
std::string webhook_text(const AlertEvent& event, const std::string& key, const Caps& caps);
std::string pagerduty_text(const AlertEvent& event, const std::string& key, const Caps& caps);
std::string slack_text(const AlertEvent& event, const Caps& caps);
std::string teams_text(const AlertEvent& event, const Caps& caps);
/// Labels are the key, and what is open under other ones ends in the same body.
Rendered render_alertmanager(const SinkConfig& sink, const AlertEvent& event, const std::vector<OpenAlert>& open);

}  // namespace readback
