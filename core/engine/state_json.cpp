// The engine's state as JSON texts, one a target, and back, by the lists of fields of all that it consists of. What an
// older version has written is brought into today's shape before it is read.
#include <boost/json.hpp>
#include <stdexcept>

#include "core/codec/state_visit.hpp"
#include "core/engine/state.hpp"
#include "core/incident/fields.hpp"

namespace readback {
namespace json = boost::json;

template <class V, Is<StampMemory::Moving> X>
void fields(V& visit, X& x) {
  visit("last", x.last);
  visit("moves", x.moves);
  visit("trusted", x.trusted);
}
template <class V, Is<StampMemory> X>
void fields(V& visit, X& x) {
  visit("newest", x.newest);
  visit("since", x.since);
  visit("moving", x.moving);
}
template <class V, Is<SurfaceReading> X>
void fields(V& visit, X& x) {  // items are not remembered
  visit("reading", x.reading);
  visit("fault", x.fault);
  visit("stale", x.stale);
  visit("contradictory", x.contradictory);
  visit("own_word", x.own_word);
  visit("accepted", x.accepted);
  visit("http_status", x.http_status);
  visit("page", x.page);
  visit("as_of", x.as_of);
  visit("version", x.version);
  visit("reasons", x.reasons);
}
template <class V, Is<CheckReading> X>
void fields(V& visit, X& x) {
  visit("result", x.result);
  visit("reasons", x.reasons);
}
template <class V, Is<PathReading> X>
void fields(V& visit, X& x) {
  visit("pass", x.pass);
  visit("denied", x.denied);
  visit("page", x.page);
  visit("throttled", x.throttled);
  visit("fault", x.fault);
  visit("reasons", x.reasons);
}
template <class V, Is<ReadState> X>
void fields(V& visit, X& x) {
  visit("seen", x.seen);
  visit("surface", x.surface);
  visit("check", x.check);
  visit("path", x.path);
  visit("word", x.word);
  visit("green", x.green);
  visit("at", x.at);
  visit("since", x.since);
  visit("took", x.took);
  visit("address", x.address);
  visit("tls_expires_at", x.tls_expires_at);
  visit("answered", x.answered);
  visit("was_there", x.was_there);
  visit("was_missing", x.was_missing);
  visit("throttled_since", x.throttled_since);
  visit("stamps", x.memory.stamps);
  auto versions = x.versions.each();
  visit("versions", versions);
  if constexpr (!std::is_const_v<X>) x.versions = LastVersions(versions);
  visit("results_in_a_row", x.results_in_a_row);
}
template <class V, Is<MaintenanceHours::Hours> X>
void fields(V& visit, X& x) {
  visit("opened", x.opened);
  visit("ends", x.ends);
}
template <class V, Is<TargetState> X>
void fields(V& visit, X& x) {  // the schedule begins anew, the table is asked again by the first sweep
  visit("book", x.book);
  visit("reads", x.reads);
  visit("maintenance", x.maintenance.by_window);
  visit("sweep", x.sweep);
  visit("recorded", x.recorded);
  visit("last_sweep_at", x.last_sweep_at);
  visit("blind_since", x.blind_since);
  visit("green_since", x.green_since);
  visit("sweeps_total", x.sweeps_total);
  visit("sweeps_void", x.sweeps_void);
  visit("checks_total", x.checks_total);
}

namespace {

constexpr int state_version = 3;

/// Times come back moved by how long we were away. Since the same start of the host the monotonic clock knows that,
/// else the wall clock says it; and one that went back makes nothing younger.
Instant clock_of(const json::object& part, const std::string& boot, Instant now) {
  const auto* written_in = part.if_contains("boot");
  if (written_in && !boot.empty() && *written_in == json::string(boot)) {
    const MonoTime saved_then(Millis(part.at("saved_at_mono").to_number<std::int64_t>()));
    if (saved_then <= now.mono) return {saved_then, now.wall};
  }
  const WallTime saved_at(Millis(part.at("saved_at").to_number<std::int64_t>()));
  return {now.mono - std::max(Millis(0), now.wall - saved_at), now.wall};
}

/// Up to version 2 an enumeration was saved as its number.
template <class E>
void name_number(json::value& v) {
  if (!v.is_number()) return;
  const auto word = word_of(static_cast<E>(v.to_number<int>()));
  if (!parse_word<E>(word)) throw std::out_of_range("an enumeration is out of range");
  v = json::string(word);
}

void rename(json::object& o, std::string_view from, std::string_view to) {
  const auto* found = o.if_contains(from);
  if (!found) return;
  auto value = *found;
  o[to] = std::move(value);
}

/// Today's shape of what version 1 and 2 have written, whatever it stands in.
void upgrade(json::value& v) {
  if (auto* list = v.if_array())
    for (auto& each : *list) upgrade(each);
  auto* o = v.if_object();
  if (!o) return;
  if (o->contains("told_flapping")) rename(*o, "view", "record");
  if (o->contains("dedup_base")) {
    rename(*o, "episode_id", "episode");
    json::object evidence, sweeps;
    if (const auto* id = o->if_contains("snapshot_id")) evidence["snapshot"] = *id;
    if (const auto* digest = o->if_contains("snapshot_sha256")) evidence["sha256"] = *digest;
    for (const char* key : {"last_good", "first_bad", "at_page"})
      if (const auto* number = o->if_contains(key)) sweeps[key] = *number;
    (*o)["evidence"] = std::move(evidence);
    (*o)["sweeps"] = std::move(sweeps);
  }
  if (auto* flap = o->if_contains("flap"); flap && flap->is_array())
    *flap = json::object{{"bits", flap->get_array().at(0)}, {"count", flap->get_array().at(1)}};
  const bool is_condition = o->contains("demanded");
  for (auto& [key, value] : *o) {
    if (key == "boundary") name_number<Boundary>(value);
    if (key == "extent") name_number<Extent>(value);
    if (key == "severity") name_number<Severity>(value);
    if (key == "reading") name_number<Reading>(value);
    if (key == "fault") name_number<TransportFault>(value);
    if (key == "result") name_number<CheckResult>(value);
    if (key == "state" && is_condition) name_number<ConditionState::State>(value);
    if (key == "state" && !is_condition) name_number<IncidentState>(value);
    if (auto* also = value.if_array(); also && key == "also")
      for (auto& each : *also) name_number<Boundary>(each);
    upgrade(value);
  }
}

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
  if (version < state_version) upgrade(parsed);
  return parsed;
}

}  // namespace

std::string Engine::save(const std::string& part) const {
  const auto* target = state_->find_target(part);
  if (!part.empty() && !target) return "";
  return write_object(state_->now, [&](StateWriter& w) {
    w("version", state_version);
    w("saved_at", state_->now.wall);
    if (const auto& boot = state_->options.boot; !boot.empty()) {
      w("boot", boot);
      w("saved_at_mono", state_->now.mono.time_since_epoch());
    }
    w("newest_id_ms", state_->ids->newest_ms());
    if (target)
      w("target", *target);
    else
      w("silences", state_->silences);
  });
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
      StateReader r{clock_of(all, state_->options.boot, now), all};
      std::uint64_t newest_id = 0;
      std::map<std::string, Silence> silences;
      std::vector<IncidentRecord> departed;
      r("newest_id_ms", newest_id);
      r("silences", silences);
      for (auto& [id, s] : silences) {  // of a version that knew the wall clock's end only, or no later beginning
        if (!s.ends) s.ends = now.mono + (s.expires_at - now.wall);
        if (!s.starts) s.starts = now.mono, s.starts_at = s.created_at, s.has_begun = true;
      }
      r("departed", departed);
      std::map<std::string, std::unique_ptr<TargetState>> found;
      if (!part.empty()) r.read(all.at("target"), *(found[part] = std::make_unique<TargetState>()));
      if (const auto* together = all.if_contains("targets"))  // state_version 1: every target in one text
        for (const auto& [name, value] : together->as_object())
          r.read(value, *(found[std::string(name)] = std::make_unique<TargetState>()));
      state_->ids->stay_behind(newest_id);
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
      target->config.edit().name = name;
      if (!target->book.open_incidents().empty())
        state_->targets[name] = std::move(target);  // the first Tick closes it
      continue;
    }
    target->config = known->second->config;
    target->timetable = known->second->timetable;
    known->second = std::move(target);
  }
  state_->now = now;
  state_->must_reconcile = true;
  return refused;
}

}  // namespace readback
