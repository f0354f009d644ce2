// Written and read by the visitors of the state file (core/codec/state_visit.hpp), inside of limits. Everything that a
// text could make grow is counted here, so that nothing behind this file has to be careful.
#include "core/fleet/json.hpp"

#include <boost/json.hpp>
#include <functional>
#include <stdexcept>

#include "core/codec/state_visit.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_name = 256, longest_reason = 200, most_reasons = 3, most_sinks = 256, most_targets = 4096,
                      most_passed_read = 64, longest_text = 2048;
constexpr Millis longest_interval = std::chrono::hours(24);
constexpr std::uint64_t most = std::uint64_t{1} << 53;  ///< what every JSON library counts to

void demand(bool holds, const std::string& what) {
  if (!holds) throw std::out_of_range(what);
}
void demand_name(const std::string& text, const char* what, bool may_be_empty = false) {
  demand(text.size() <= longest_name && (may_be_empty || !text.empty()), std::string(what) + " is no name");
}
void demand_count(std::uint64_t n, const char* what) { demand(n <= most, std::string(what) + " is out of range"); }

/// As one text of valid UTF-8: what is no such thing stands inside of strings, and is replaced there.
template <class T>
std::string text_of(const T& x) {
  auto text = write_object({}, [&](StateWriter& w) { fields(w, x); });
  return is_utf8(text) ? text : clean_utf8(text);
}

json::object parsed(std::string_view text, std::size_t largest) {
  demand(text.size() <= largest,
         "it has " + std::to_string(text.size()) + " bytes, and " + std::to_string(largest) + " are the most");
  json::error_code ec;
  json::parse_options options;
  options.max_depth = 8;
  auto value = json::parse(text, ec, {}, options);
  demand(!ec, "it is no JSON: " + ec.message());
  demand(value.is_object(), "it is no JSON object");
  return std::move(value.as_object());
}

int schema_of(const json::object& o) {
  const auto* schema = o.if_contains("schema");
  demand(schema && schema->is_int64() && schema->get_int64() > 0, "it names no schema");
  return static_cast<int>(std::min<std::int64_t>(schema->get_int64(), 1 << 20));
}

void demand_known(int schema) {
  demand(schema <= fleet_schema,
         "it has schema " + std::to_string(schema) + ", this program knows " + std::to_string(fleet_schema));
}

template <class T>
void read_fields(const json::object& o, T& x) {
  StateReader r{Instant{}, o};
  fields(r, x);
}

/// What is said of something that cannot be used.
template <class T>
Result<T> attempt(const std::string& what, const std::function<T()>& read) {
  try {
    return read();
  } catch (const std::exception& e) {
    return Failure{printable(what, 200) + " cannot be used: " + printable(e.what(), 200)};
  }
}

void check(const BoundaryView& b) {
  demand_count(b.question, "question");
  demand(b.reasons.size() <= most_reasons, "there are too many reasons");
  for (const auto& reason : b.reasons) demand(reason.size() <= longest_reason, "a reason is too long");
}

void check(const FleetView& v) {
  demand_name(v.host, "host");
  demand_name(v.target, "target");
  demand_count(v.sweep, "sweep");
  demand(v.interval > Millis(0) && v.interval <= longest_interval, "interval_ms is out of range");
  std::set<Boundary> once;
  for (const auto& b : v.boundaries) {
    demand(once.insert(b.boundary).second, "a boundary stands in it twice");
    check(b);
  }
}

void check(const FleetMember& m) {
  demand_name(m.host, "host");
  demand_name(m.environment, "environment", true);
  demand_name(m.version, "version", true);
  demand_name(m.start, "start", true);
  demand(m.targets.size() <= most_targets, "there are too many targets");
  for (const auto& [name, interval] : m.targets) {
    demand_name(name, "target");
    demand(interval > Millis(0) && interval <= longest_interval, "an interval is out of range");
  }
  demand(m.sinks.size() <= most_sinks, "there are too many sinks");
  for (const auto& sink : m.sinks) demand_name(sink, "sink");
  demand(m.troubles.size() <= most_sinks, "there are too many troubles");
}

void check(const FleetClaim& c) {
  demand(c.epoch > 0, "epoch is out of range");
  demand_count(c.epoch, "epoch");
  demand_name(c.holder, "holder", true);
  demand_name(c.incident, "incident", true);
  demand(c.told >= 0 && c.told <= 8, "told is out of range");
  demand(c.tries >= 0 && c.tries <= 1 << 20, "tries is out of range");
  demand(c.passed.size() <= most_passed_read, "too many have passed it on");
  for (const auto& host : c.passed) demand_name(host, "passed");
  demand(!c.ended || c.closed, "it is ended and not closed");
}

/// Those members that a claim has and this version does not.
json::object rest_of(const json::object& all) {
  static const auto known = json::parse(text_of(FleetClaim{}));
  json::object rest;
  for (const auto& each : all)
    if (!known.as_object().contains(each.key())) rest[each.key()] = each.value();
  return rest;
}

}  // namespace

std::string write(const FleetMember& member) {
  FleetMember m = member;
  for (auto& trouble : m.troubles) trouble = cut_bytes(trouble, longest_reason);
  for (;;) {
    auto text = text_of(m);
    if (text.size() <= largest_member) return text;
    const std::size_t excess = text.size() - largest_member;
    if (!m.troubles.empty()) {
      m.troubles.clear();
    } else if (!m.targets.empty()) {  // who watches so many is asked about fewer
      for (std::size_t gone = 0; gone < excess && !m.targets.empty();) {
        gone += std::prev(m.targets.end())->first.size() + sizeof "\"\":1000,";
        m.targets.erase(std::prev(m.targets.end()));
      }
    } else {
      m.sinks.pop_back();
    }
  }
}

std::string write(const FleetView& view) {
  FleetView v = view;
  for (std::size_t longest = longest_reason;; longest /= 2) {
    for (auto& b : v.boundaries) {
      if (b.reasons.size() > most_reasons) b.reasons.resize(most_reasons);
      if (longest < 12) b.reasons.clear();
      for (auto& reason : b.reasons) reason = cut_bytes(clean_utf8(reason), longest);
    }
    auto text = text_of(v);
    if (text.size() <= largest_view || longest == 0) return text;
  }
}

std::string write(const FleetClaim& claim) {
  const auto ours = text_of(claim);
  auto text = ours;
  text.pop_back();
  for (const auto& each : claim.rest) text += "," + json::serialize(each.key()) + ":" + json::serialize(each.value());
  text += '}';
  return text.size() <= largest_claim ? text : ours;
}

std::string write(const FleetWord& word) {
  FleetWord w = word;
  w.text = cut_bytes(clean_utf8(w.text), longest_text);
  w.by = cut_bytes(clean_utf8(w.by), longest_name);
  return text_of(w);
}

Result<FleetMember> read_member(std::string_view key, std::string_view text, std::string_view fleet) {
  return attempt<FleetMember>("the member at " + std::string(key), [&] {
    const auto o = parsed(text, largest_member);
    demand_known(schema_of(o));
    FleetMember m;
    read_fields(o, m);
    check(m);
    demand(m.fleet == fleet, "it is of the fleet " + m.fleet);
    demand(member_key(m.host) == key, "it is signed by " + m.host);
    return m;
  });
}

Result<FleetView> read_view(std::string_view key, std::string_view text, std::string_view fleet,
                            std::uint64_t revision) {
  return attempt<FleetView>("the view at " + std::string(key), [&] {
    const auto o = parsed(text, largest_view);
    demand_known(schema_of(o));
    FleetView v;
    read_fields(o, v);
    check(v);
    demand(v.fleet == fleet, "it is of the fleet " + v.fleet);
    demand(view_key(v.target, v.host) == key, "it is signed by " + v.host + " about " + v.target);
    demand(v.seen < revision, "it knows what was not written yet");
    return v;
  });
}

ReadClaim read_claim(std::string_view key, std::string_view text) {
  bool newer = false;
  auto claim = attempt<FleetClaim>("the claim at " + std::string(key), [&] {
    const auto o = parsed(text, largest_claim);
    const int schema = schema_of(o);
    newer = schema > fleet_schema;
    demand_known(schema);
    FleetClaim c;
    read_fields(o, c);
    check(c);
    c.rest = rest_of(o);
    return c;
  });
  return {std::move(claim), newer};
}

Result<FleetWord> read_word(std::string_view text, std::string_view fleet) {
  return attempt<FleetWord>("an operator's word", [&] {
    const auto o = parsed(text, largest_word);
    demand_known(schema_of(o));
    FleetWord w;
    read_fields(o, w);
    demand(w.fleet == fleet, "it is of the fleet " + w.fleet);
    demand_name(w.host, "host");
    demand_name(w.id, "id");
    demand_name(w.target, "target", true);
    demand_name(w.by, "by", true);
    demand(w.text.size() <= longest_text, "its text is too long");
    demand(w.epochs.size() <= most_sinks, "it names too many sinks");
    for (const auto& [sink, epoch] : w.epochs) {
      demand_name(sink, "sink");
      demand_count(epoch, "epoch");
    }
    demand(w.lasts >= Millis(0) && w.lasts <= std::chrono::hours(24 * 366), "lasts_ms is out of range");
    demand(w.begins_in >= Millis(0) && w.begins_in <= w.lasts, "begins_in_ms is out of range");
    return w;
  });
}

std::optional<ClaimKey> read_claim_key(std::string_view key, std::string_view environment) {
  auto parts = parts_of_key(key);
  if (!parts || parts->size() != 4 || parts->at(0) != environment) return std::nullopt;
  const auto subject = parse_word<Subject>(parts->at(2));
  if (!subject) return std::nullopt;
  return ClaimKey{std::move(parts->at(1)), *subject, std::move(parts->at(3))};
}

}  // namespace readback
