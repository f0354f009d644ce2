// The engine's state as JSON texts, one a target, and back. Each struct lists its fields once, in `fields(visit,
// value)`; the writer and the reader are two visitors over the same list, so that what is written is what is read.
//
// Monotonic times are written as their distance to the moment of saving and come back moved by the wall time that has
// passed since: the clock of a host that restarted begins anew, the age of an incident does not.
#include <boost/json.hpp>
#include <stdexcept>

#include "core/engine/state.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr int state_version = 2;

struct Clock {
  MonoTime mono;
  WallTime wall;
};

// --- scalars ---------------------------------------------------------------------------------------------------------
struct Writer {
  Clock clock;
  json::object& out;
  template <class T>
  void operator()(const char* key, const T& value) {
    out[key] = write(value);
  }
  json::value write(const std::string& v) const { return json::value(v); }
  json::value write(bool v) const { return v; }
  json::value write(int v) const { return v; }
  json::value write(std::int64_t v) const { return v; }
  json::value write(std::uint64_t v) const { return v; }
  json::value write(WallTime v) const { return v.time_since_epoch().count(); }
  json::value write(Millis v) const { return v.count(); }
  json::value write(MonoTime v) const { return (v - clock.mono).count(); }
  template <class E>
  requires std::is_enum_v<E> json::value write(E v)
  const { return static_cast<int>(v); }
  json::value write(const FlapWindow& w) const { return json::array{w.bits(), w.count()}; }
  template <class T>
  json::value write(const std::optional<T>& v) const {
    return v ? write(*v) : json::value(nullptr);
  }
  template <class List>
  json::value write_list(const List& list) const {
    json::array a;
    for (const auto& v : list) a.push_back(write(v));
    return a;
  }
  template <class T>
  json::value write(const std::vector<T>& v) const {
    return write_list(v);
  }
  template <class T>
  json::value write(const std::deque<T>& v) const {
    return write_list(v);
  }
  template <class T, std::size_t N>
  json::value write(const std::array<T, N>& v) const {
    return write_list(v);
  }
  json::value write(const std::set<std::string>& v) const { return write_list(v); }
  template <class T>
  json::value write(const std::map<std::string, T>& v) const {
    json::object o;
    for (const auto& [key, value] : v) o[key] = write(value);
    return o;
  }
  template <class T>
  requires std::is_class_v<T> json::value write(const T& v)
  const {
    json::object o;
    Writer inner{clock, o};
    fields(inner, const_cast<T&>(v));  // the list is shared with the reader, which writes; this visitor only reads
    return o;
  }
};

struct Reader {
  Clock clock;
  const json::object& in;
  template <class T>
  void operator()(const char* key, T& value) {
    if (const auto* found = in.if_contains(key)) read(*found, value);  // absent: an older version, the default stays
  }
  void read(const json::value& j, std::string& v) const { v = std::string(j.as_string()); }
  void read(const json::value& j, bool& v) const { v = j.as_bool(); }
  void read(const json::value& j, int& v) const { v = j.to_number<int>(); }
  void read(const json::value& j, std::int64_t& v) const { v = j.to_number<std::int64_t>(); }
  void read(const json::value& j, std::uint64_t& v) const { v = j.to_number<std::uint64_t>(); }
  void read(const json::value& j, WallTime& v) const { v = WallTime(Millis(j.to_number<std::int64_t>())); }
  void read(const json::value& j, Millis& v) const { v = Millis(j.to_number<std::int64_t>()); }
  void read(const json::value& j, MonoTime& v) const { v = clock.mono + Millis(j.to_number<std::int64_t>()); }
  template <class E>
  requires std::is_enum_v<E>
  void read(const json::value& j, E& v) const {
    const int n = j.to_number<int>();
    if (n < 0 || n > 32) throw std::out_of_range("an enumeration is out of range");
    v = static_cast<E>(n);
  }
  void read(const json::value& j, FlapWindow& w) const {
    const auto& a = j.as_array();
    w = FlapWindow::from(a.at(0).to_number<std::uint32_t>(), a.at(1).to_number<int>());
  }
  template <class T>
  void read(const json::value& j, std::optional<T>& v) const {
    v.reset();
    if (!j.is_null()) read(j, v.emplace());
  }
  template <class List>
  void read_list(const json::value& j, List& list) const {
    list.clear();
    for (const auto& each : j.as_array()) read(each, list.emplace_back());
  }
  template <class T>
  void read(const json::value& j, std::vector<T>& v) const {
    read_list(j, v);
  }
  template <class T>
  void read(const json::value& j, std::deque<T>& v) const {
    read_list(j, v);
  }
  template <class T, std::size_t N>
  void read(const json::value& j, std::array<T, N>& v) const {
    const auto& a = j.as_array();
    for (std::size_t i = 0; i < std::min(N, a.size()); ++i) read(a[i], v[i]);
  }
  void read(const json::value& j, std::set<std::string>& v) const {
    v.clear();
    for (const auto& each : j.as_array()) v.emplace(each.as_string());
  }
  template <class T>
  void read(const json::value& j, std::map<std::string, T>& v) const {
    v.clear();
    for (const auto& [key, each] : j.as_object()) read(each, v[std::string(key)]);
  }
  template <class T>
  requires std::is_class_v<T>
  void read(const json::value& j, T& v) const {
    Reader inner{clock, j.as_object()};
    fields(inner, v);
  }
};

// --- structs ---------------------------------------------------------------------------------------------------------
template <class V>
void fields(V& f, FirstFailure& x) {
  f("read", x.read), f("at", x.at), f("reason", x.reason);
}
template <class V>
void fields(V& f, Runbook& x) {
  f("title", x.title), f("url", x.url), f("owner", x.owner);
}
template <class V>
void fields(V& f, TimelineEntry& x) {
  f("at", x.at), f("kind", x.kind), f("text", x.text);
}
template <class V>
void fields(V& f, ConditionState& x) {
  f("number", x.number), f("title", x.title), f("state", x.state), f("by", x.by), f("at", x.at);
}
template <class V>
void fields(V& f, Silence& x) {
  f("id", x.id), f("target", x.target), f("reason", x.reason), f("by", x.by), f("boundary", x.boundary);
  f("created_at", x.created_at), f("expires_at", x.expires_at);
}
template <class V>
void fields(V& f, IncidentView& x) {
  f("id", x.id), f("episode_id", x.episode_id), f("target", x.target), f("boundary", x.boundary), f("state", x.state);
  f("extent", x.extent), f("severity", x.severity), f("declared", x.declared), f("opened_at", x.opened_at);
  f("confirmed_at", x.confirmed_at), f("paged_at", x.paged_at), f("recovered_at", x.recovered_at),
      f("resolved_at", x.resolved_at);
  f("acknowledged_at", x.acknowledged_at), f("acknowledged_by", x.acknowledged_by), f("first_failure", x.first_failure);
  f("symptom", x.symptom), f("exposed_by", x.exposed_by), f("summary", x.summary), f("why", x.why), f("also", x.also);
  f("snapshot_id", x.snapshot_id), f("snapshot_sha256", x.snapshot_sha256), f("runbook", x.runbook),
      f("next_safe_step", x.next_safe_step);
  f("dedup_base", x.dedup_base), f("conditions", x.conditions), f("timeline", x.timeline), f("last_good", x.last_good);
  f("first_bad", x.first_bad), f("at_page", x.at_page);
}
template <class V>
void fields(V& f, Incident& x) {
  f("view", x.view), f("paged", x.paged), f("flapping", x.flapping), f("told_flapping", x.told_flapping),
      f("told_total", x.told_total), f("passes", x.passes), f("worse", x.worse), f("attempts", x.attempts);
  f("opened", x.opened), f("confirmed", x.confirmed), f("spoken", x.spoken), f("recovered", x.recovered),
      f("green_since", x.green_since);
  f("blamed", x.blamed), f("failed_paths", x.failed_paths), f("verified", x.verified), f("saw_green", x.saw_green);
  f("sealed_before_green", x.sealed_before_green), f("check_ran", x.check_ran), f("check_ran_at", x.check_ran_at);
  f("attested", x.attested), f("attested_runbook", x.attested_runbook), f("attested_note", x.attested_note);
  f("attested_by", x.attested_by), f("attested_at", x.attested_at), f("verified_at", x.verified_at);
}
template <class V>
void fields(V& f, Track& x) {
  f("holding", x.holding), f("holding_since", x.holding_since), f("holding_from", x.holding_from),
      f("first_sweep", x.first_sweep);
  f("flap", x.flap), f("incident", x.incident);
}
template <class V>
void fields(V& f, Episode& x) {
  f("id", x.id), f("first", x.first);
}
template <class V>
void fields(V& f, Casebook& x) {
  f("tracks", x.tracks), f("episode", x.episode), f("blind_from", x.blind_from), f("last_good", x.last_good),
      f("history", x.history_);
}
template <class V>
void fields(V& f, Item& x) {
  f("name", x.name), f("reading", x.reading), f("critical", x.critical), f("detail", x.detail);
}
template <class V>
void fields(V& f, SurfaceReading& x) {  // items are left out: the next sweep brings them again
  f("reading", x.reading), f("fault", x.fault), f("stale", x.stale), f("contradictory", x.contradictory),
      f("own_word", x.own_word);
  f("accepted", x.accepted), f("as_of", x.as_of), f("version", x.version), f("reasons", x.reasons);
}
template <class V>
void fields(V& f, CheckReading& x) {
  f("result", x.result), f("items", x.items), f("reasons", x.reasons);
}
template <class V>
void fields(V& f, PathReading& x) {
  f("pass", x.pass), f("throttled", x.throttled), f("fault", x.fault), f("reasons", x.reasons);
}
template <class V>
void fields(V& f, ReadState& x) {
  f("seen", x.seen), f("surface", x.surface), f("check", x.check), f("path", x.path), f("word", x.word),
      f("green", x.green), f("at", x.at);
  f("since", x.since), f("took", x.took), f("address", x.address), f("tls_expires_at", x.tls_expires_at),
      f("versions", x.versions);
  f("results_in_a_row", x.results_in_a_row);
}
template <class V>
void fields(V& f, TargetState& x) {  // the schedule begins anew, the table is asked again by the first sweep
  f("book", x.book), f("reads", x.reads), f("sweep", x.sweep), f("last_sweep_at", x.last_sweep_at),
      f("blind_since", x.blind_since);
  f("green_since", x.green_since), f("sweeps_total", x.sweeps_total), f("sweeps_void", x.sweeps_void),
      f("checks_total", x.checks_total);
}

}  // namespace

namespace {

/// Refuses what a newer program wrote.
json::value parse_part(const std::string& text) {
  boost::system::error_code ec;
  json::parse_options options;
  options.max_depth = 64;
  auto parsed = json::parse(text, ec, {}, options);
  if (ec) throw std::runtime_error("it is not JSON: " + ec.message());
  const int version = parsed.as_object().at("version").to_number<int>();
  if (version > state_version)
    throw std::runtime_error("it has version " + std::to_string(version) + ", this program knows " +
                             std::to_string(state_version));
  return parsed;
}

/// Times come back moved by how long we were away; a clock that went back makes nothing younger.
Clock clock_of(const json::object& part, Instant now) {
  const WallTime saved_at(Millis(part.at("saved_at").to_number<std::int64_t>()));
  return {now.mono - std::max(Millis(0), now.wall - saved_at), now.wall};
}

}  // namespace

std::string Engine::save(const std::string& part) const {
  json::object all;
  Writer w{{state_->now.mono, state_->now.wall}, all};
  w("version", state_version);
  w("saved_at", state_->now.wall);
  if (part.empty()) {
    w("silences", state_->silences);
    w("departed", state_->departed);
  } else {
    const auto* target = state_->find_target(part);
    if (!target) return "";
    w("target", *target);
  }
  return json::serialize(all);
}

SavedState Engine::save() const {
  SavedState all{{"", save("")}};
  for (const auto& [name, target] : state_->targets) all[name] = save(name);
  return all;
}

std::vector<std::string> Engine::restore(const SavedState& parts, Instant now) {
  std::vector<std::string> refused;
  std::map<std::string, std::unique_ptr<TargetState>> loaded;
  for (const auto& [part, text] : parts) {
    try {  // nothing of the engine is touched before a part is read whole
      const auto parsed = parse_part(text);
      const auto& all = parsed.as_object();
      Reader r{clock_of(all, now), all};
      std::map<std::string, Silence> silences;
      std::vector<IncidentView> departed;
      r("silences", silences);
      r("departed", departed);
      std::map<std::string, std::unique_ptr<TargetState>> found;
      if (!part.empty()) r.read(all.at("target"), *(found[part] = std::make_unique<TargetState>()));
      if (const auto* together = all.if_contains("targets"))  // state_version 1: every target in one text
        for (const auto& [name, value] : together->as_object())
          r.read(value, *(found[std::string(name)] = std::make_unique<TargetState>()));
      for (auto& [name, target] : found) loaded[name] = std::move(target);
      if (!part.empty()) continue;
      state_->silences = std::move(silences);
      state_->departed = std::move(departed);
    } catch (const std::exception& e) {
      refused.push_back("the saved state" + (part.empty() ? std::string() : " of " + part) +
                        " cannot be used: " + e.what());
    }
  }
  for (auto& [name, target] : loaded) {
    const auto known = state_->targets.find(name);
    if (known == state_->targets.end()) {
      target->config.name = name;
      if (!target->book.open_incidents().empty())
        state_->targets[name] = std::move(target);  // the first Tick closes it
      continue;
    }
    target->config = known->second->config;
    target->cadence = known->second->cadence;
    target->due = known->second->due;
    target->noted = known->second->noted;
    target->budget = known->second->budget;
    target->checks = known->second->checks;
    known->second = std::move(target);
  }
  state_->now = now;
  state_->must_reconcile = true;
  return refused;
}

}  // namespace readback
