#include "core/engine/replay.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/model/reads_json.hpp"

namespace readback {
namespace json = boost::json;
namespace {

template <class List>
bool has_name(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const auto& each) { return each.name == name; });
}

json::array words(const std::vector<Boundary>& boundaries) {
  json::array list;
  for (Boundary b : boundaries) list.emplace_back(to_string(b));
  return list;
}

json::array strings(const std::vector<std::string>& texts) {
  json::array list;
  for (const auto& text : texts) list.emplace_back(text);
  return list;
}

std::string event_line(const AlertEvent& e) {
  json::object o;
  o["at"] = to_rfc3339(e.at);
  o["event"] = to_string(e.kind);
  o["target"] = e.target;
  o["boundary"] = to_string(e.boundary);
  o["extent"] = to_string(e.extent);
  o["severity"] = to_string(e.severity);
  if (e.first_failure)
    o["first_failure"] = json::object{
        {"read", e.first_failure->read}, {"at", to_rfc3339(e.first_failure->at)}, {"reason", e.first_failure->reason}};
  else
    o["first_failure"] = nullptr;
  o["also"] = words(e.also);
  o["why"] = strings(e.why);
  o["summary"] = e.summary;
  return json::serialize(o);
}

}  // namespace

Replay::Replay(ReplayOptions options, Print print, Complain complain)
    : options_(std::move(options)), print_(std::move(print)), complain_(std::move(complain)) {
  if (options_.config) config_ = *options_.config;
  EngineOptions engine;
  engine.host = "replay";
  engine.recorded = true;
  engine_ = std::make_unique<Engine>(config_, engine, Instant{});
}
Replay::~Replay() = default;

void Replay::complain(const std::string& why) {
  ++bad_lines_;
  complain_(lines_, why);
}

void Replay::line(std::string_view text) {
  ++lines_;
  if (lines_ == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // an editor's byte order mark
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  if (text.find_first_not_of(" \t") == std::string_view::npos) return;
  auto parsed = parse_recorded_read(text);
  if (auto* error = std::get_if<LineError>(&parsed)) return complain(error->text);
  auto& read = std::get<RecordedRead>(parsed);
  if (options_.config && !has_name(config_.targets, read.target))
    return complain("the configuration has no target " + read.target);
  auto& open = open_[read.target];
  if (open.any && open.number != read.sweep) judge(read.target, std::exchange(open, {}));
  open.number = read.sweep;
  open.at = open.any ? std::min(open.at, read.raw.at) : read.raw.at;
  open.any = true;
  open.reads.push_back(std::move(read.raw));
}

void Replay::finish() {
  // In the order of time, so that the output does not depend on the names of the targets.
  std::vector<std::pair<std::string, OpenSweep>> rest(open_.begin(), open_.end());
  open_.clear();
  std::stable_sort(rest.begin(), rest.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
  for (auto& [target, sweep] : rest)
    if (sweep.any) judge(target, std::move(sweep));
}

/// Without a configuration, what appears is taken as configured. True when something new did.
bool Replay::learn(const std::string& name, const RawRead& read) {
  if (options_.config) return false;
  bool changed = false;
  if (!has_name(config_.targets, name)) {
    config_.targets.push_back(default_target(name));
    changed = true;
  }
  auto& target = *std::find_if(config_.targets.begin(), config_.targets.end(),
                               [&](const TargetConfig& t) { return t.name == name; });
  const std::string bare(bare_name(read.read));
  switch (kind_of(read.read)) {
    case ReadKind::surface: break;
    case ReadKind::check:
      if (has_name(target.checks, bare)) break;
      target.checks.push_back({});
      target.checks.back().name = bare;
      changed = true;
      break;
    case ReadKind::path:
      if (has_name(target.paths, bare)) break;
      target.paths.push_back({});
      target.paths.back().name = bare;
      changed = true;
      break;
    case ReadKind::reference:
      if (std::find(target.references.begin(), target.references.end(), bare) != target.references.end()) break;
      target.references.push_back(bare);
      changed = true;
      break;
  }
  return changed;
}

void Replay::print_verdict(const SweepRecord& record) {
  auto& known = words_[record.target];
  json::array stale, contradictory;
  for (const auto& r : record.reads) {
    known[r.raw.read] = r.word;
    if (r.stale) stale.emplace_back(r.raw.read);
    if (r.contradictory) contradictory.emplace_back(r.raw.read);
  }
  json::object readings;
  for (const auto& [read, word] : known) readings[read] = word;
  json::object o;
  o["at"] = to_rfc3339(record.at);
  o["target"] = record.target;
  o["sweep"] = record.sweep;
  o["primary"] = record.primary;
  if (record.extent.empty())
    o["extent"] = nullptr;
  else
    o["extent"] = record.extent;
  o["also"] = strings(record.also);
  o["readings"] = std::move(readings);
  if (!stale.empty()) o["stale"] = std::move(stale);
  if (!contradictory.empty()) o["contradictory"] = std::move(contradictory);
  print_(json::serialize(o));
}

void Replay::judge(const std::string& target, OpenSweep sweep) {
  ++sweeps_;
  auto [newest, first] = newest_.emplace(target, sweep.at);
  if (!first) newest->second = std::max(newest->second, sweep.at);
  const Instant now{MonoTime(newest->second.time_since_epoch()), sweep.at};

  bool changed = false;
  for (const auto& read : sweep.reads) changed = learn(target, read) || changed;
  if (changed) engine_->handle(Reconfigured{config_}, now);

  SweepDone done;
  done.target = target;
  done.sweep = sweep.number;
  done.reads = std::move(sweep.reads);
  const Actions actions = engine_->handle(done, now);
  for (const auto& action : actions) {
    if (const auto* record = std::get_if<Record>(&action)) {
      if (options_.verdicts) print_verdict(record->sweep);
    } else if (const auto* seal = std::get_if<Seal>(&action)) {
      // The recording has no disk: what was to be sealed counts as sealed.
      engine_->handle(Sealed{seal->order.incident_id, seal->order.snapshot_id, "recorded", ""}, now);
    } else if (const auto* notify = std::get_if<Notify>(&action)) {
      print_(event_line(notify->event));
    }
  }
}

}  // namespace readback
