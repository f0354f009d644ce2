// Everything that is shown goes through one visitor; what is put together of several things stands here by hand.
#include "core/codec/view_json.hpp"

#include <algorithm>
#include <boost/json/value.hpp>
#include <type_traits>
#include <utility>

#include "core/codec/fields.hpp"
#include "core/codec/texts.hpp"
#include "core/text/time.hpp"

namespace readback {

namespace json = boost::json;

namespace {

/// The epoch means that it never happened: no event of ours lies there.
json::value time_or_null(WallTime t) {
  if (t == WallTime{}) return nullptr;
  return json::value(json::string(to_rfc3339(t)));
}

json::value text_or_null(std::string_view s) { return s.empty() ? json::value(nullptr) : json::value(json_text(s)); }

/// Writes what a list of fields shows. Each kind of value has one form.
class Shown {
 public:
  explicit Shown(bool details, EmptyTexts empty = EmptyTexts::are_null,
                 std::initializer_list<std::string_view> names = {})
      : details_(details), empty_(empty), names_(names) {}
  json::object done() { return std::move(out_); }

  template <class T>
  void operator()(std::string_view name, const T& value, As as = As::plain) {
    if (!is_wanted(name)) return;
    switch (as) {
      case As::kept_only: return;
      case As::details:
        if (!details_) return;
        break;
      case As::null_if_empty:
        if constexpr (requires { value.empty(); })
          if (value.empty() && empty_ == EmptyTexts::are_null) return add(name, nullptr);
        break;
      case As::null_if_negative:
        if constexpr (std::is_signed_v<T>)
          if (value < 0) return add(name, nullptr);
        break;
      case As::plain: break;
    }
    add(name, form(value));
  }
  template <class F>
  void derived(std::string_view name, F value) {
    if (is_wanted(name)) add(name, form(value()));
  }

 private:
  bool is_wanted(std::string_view name) const {
    return names_.size() == 0 || std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  void add(std::string_view name, json::value value) { out_[name] = std::move(value); }
  json::value form(const std::string& v) const { return json_text(v); }
  json::value form(std::string_view v) const { return json_text(v); }
  json::value form(bool v) const { return v; }
  template <class N>
  requires std::is_arithmetic_v<N> json::value form(N v)
  const { return v; }
  json::value form(Millis v) const { return v.count(); }
  json::value form(WallTime v) const { return time_or_null(v); }
  json::value form(MonoTime) const { return nullptr; }  // means nothing outside this process: only ever kept
  template <class E>
  requires std::is_enum_v<E> json::value form(E v)
  const { return json::string(to_string(v)); }
  template <class T>
  json::value form(const std::optional<T>& v) const {
    return v ? form(*v) : json::value(nullptr);
  }
  template <class T>
  json::value form(const std::vector<T>& list) const {
    json::array out;
    for (const auto& each : list) out.push_back(form(each));
    return out;
  }
  json::value form(const std::map<std::string, std::string>& texts) const {
    json::object out;
    for (const auto& [name, text] : texts) out[json_text(name)] = json_text(text);
    return out;
  }
  template <class T>
  requires requires(Shown& visit, const T& v) { fields(visit, v); }
  json::value form(const T& v) const {
    Shown inner(details_, empty_);
    fields(inner, v);
    return inner.done();
  }

  bool details_;
  EmptyTexts empty_;
  std::initializer_list<std::string_view> names_;  ///< none: all; what stands within a member is whole
  json::object out_;
};

template <class T>
json::object shown(const T& value, bool details = false, EmptyTexts empty = EmptyTexts::are_null) {
  Shown visit(details, empty);
  fields(visit, value);
  return visit.done();
}

/// Of the whole these members alone.
template <class T>
json::object shown(const T& value, std::initializer_list<std::string_view> names,
                   EmptyTexts empty = EmptyTexts::are_null) {
  Shown visit(false, empty, names);
  fields(visit, value);
  return visit.done();
}

/// Of a fleet what the status of one of its hosts tells: whether it can be asked, and who is there.
json::object in_short(const FleetOverview& fleet) {
  auto out = shown(fleet, {"status", "connected", "fleet", "host", "server", "away_s", "unshipped", "troubles"});
  json::object states{{"alive", 0}, {"silent", 0}, {"left", 0}};
  json::array doubled;
  for (const auto& member : fleet.members) {
    auto& count = states[member.state];
    count = count.is_int64() ? count.get_int64() + 1 : 1;
    if (member.is_doubled) doubled.emplace_back(json_text(member.host));
  }
  out["members"] = std::move(states);
  out["doubled"] = std::move(doubled);
  return out;
}

}  // namespace

json::object view_json(const View& view) {
  const Loudness loud = loudness_of(view);
  json::object out;
  out["schema"] = "readback.status/v1";
  out["at"] = time_or_null(view.at);
  out["status"] = loud.word;
  out["exit"] = loud.exit;
  auto troubles = own_troubles(view.daemon);
  for (const auto& note : view.daemon.store_notes) troubles.push_back("since the start: " + note);
  out["troubles"] = json_texts(troubles);
  out["daemon"] = view_json(view.daemon);
  json::array targets, incidents, silences, sinks;
  for (const auto& t : view.engine.targets) targets.push_back(view_json(t));
  for (const auto& i : view.engine.incidents)
    if (i.is_open()) incidents.push_back(view_json(i, false));
  for (const auto& s : view.engine.silences) silences.push_back(view_json(s));
  for (const auto& s : view.daemon.sinks) sinks.push_back(view_json(s));
  out["targets"] = std::move(targets);
  out["incidents"] = std::move(incidents);
  out["silences"] = std::move(silences);
  out["sinks"] = std::move(sinks);
  if (view.fleet) out["fleet"] = in_short(*view.fleet);
  return out;
}

json::object view_json(const DaemonView& daemon) { return shown(daemon); }
json::object view_json(const TargetView& target) { return shown(target); }
json::object view_json(const ReadView& read) { return shown(read); }
json::object view_json(const IncidentRecord& incident, bool details, EmptyTexts empty) {
  return shown(incident, details, empty);
}
json::object view_json(const IncidentRecord& incident, std::initializer_list<std::string_view> names,
                       EmptyTexts empty) {
  return shown(incident, names, empty);
}
json::object view_json(const Silence& silence) { return shown(silence); }
json::object view_json(const SinkView& sink) { return shown(sink); }
json::object view_json(const SnapshotView& snapshot) {
  auto o = shown(snapshot);
  if (!snapshot.host.empty()) o["host"] = snapshot.host;
  return o;
}
json::object view_json(const DeliveryView& delivery) { return shown(delivery); }
json::object view_json(const FleetOverview& fleet) {
  json::object out{{"schema", "readback.fleet/v1"}};
  for (auto& [name, value] : shown(fleet)) out[name] = std::move(value);
  return out;
}

json::object pick(const json::object& from, std::initializer_list<std::string_view> names) {
  json::object out;
  for (const auto name : names)
    if (const auto* found = from.if_contains(name)) out[name] = *found;
  return out;
}

json::object view_json(const SweepRecord& s) {
  json::object out;
  out["target"] = json_text(s.target);
  out["sweep"] = s.sweep;
  out["at"] = time_or_null(s.at);
  out["primary"] = json_text(s.primary);
  out["extent"] = text_or_null(s.extent);
  out["also"] = json_texts(s.also);
  out["void_reason"] = text_or_null(s.void_reason);
  json::array reads;
  for (const auto& r : s.reads) {
    json::object one;
    one["name"] = json_text(r.raw.read);
    one["word"] = json_text(r.word);
    one["green"] = r.green;
    one["stale"] = r.stale;
    one["contradictory"] = r.contradictory;
    one["at"] = time_or_null(r.raw.at);
    one["took_ms"] = r.raw.took.count();
    one["reasons"] = json_texts(r.reasons);
    reads.push_back(std::move(one));
  }
  out["reads"] = std::move(reads);
  return out;
}

}  // namespace readback
