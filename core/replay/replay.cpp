// Recorded lines become sweeps again, in the order in which they happened, and the engine does not know the difference.
#include "core/replay/replay.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "core/codec/reads_json.hpp"
#include "core/codec/state_visit.hpp"
#include "core/codec/texts.hpp"
#include "core/codec/view_json.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::size_t sweeps_open = 2;  // of one target; more would only delay what is printed
constexpr std::size_t judged_kept = 8;
constexpr std::size_t most_reads = 4096;  // of one sweep: a file whose lines all have one number must stay cheap

bool has_read(const std::vector<RawRead>& reads, const std::string& name, std::optional<WallTime> at = std::nullopt) {
  return std::any_of(reads.begin(), reads.end(),
                     [&](const RawRead& r) { return r.read == name && (!at || r.at == *at); });
}

template <class List>
bool has_name(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const auto& each) { return each.name == name; });
}

Shared<TargetConfig>* find_target(Config& config, std::string_view name) {
  const auto found =
      std::find_if(config.targets.begin(), config.targets.end(), [&](const TargetConfig& t) { return t.name == name; });
  return found == config.targets.end() ? nullptr : &*found;
}

/// What was recorded of an agreement. Nothing when it cannot be read.
struct Voted {
  Boundary boundary = Boundary::outage;
  Agreement agreement;
  bool is_before_sweep = false;
};
std::optional<Voted> read_votes(const RawRead& read) {
  const auto boundary = parse_word<Boundary>(bare_name(read.read));
  const auto* said = std::get_if<HttpAnswer>(&read.answer);
  json::error_code ec;
  const auto body = said ? json::parse(said->body, ec) : json::value();
  if (!boundary || ec || !body.is_object()) return std::nullopt;
  Voted voted{*boundary, {}, false};
  try {
    StateReader reader{Instant{}, body.get_object()};
    fields(reader, voted.agreement);
    reader("before_sweep", voted.is_before_sweep);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return voted;
}

std::string event_line(const AlertEvent& e) {
  json::object o{{"at", to_rfc3339(e.at)}, {"event", to_string(e.kind)}};
  for (auto& [name, value] : pick(view_json(e.incident, false), {"target", "boundary", "extent", "severity",
                                                                 "first_failure", "also", "why", "summary"}))
    o[name] = std::move(value);
  return json::serialize(o);
}

}  // namespace

Replay::Replay(ReplayOptions options, Print print, Complain complain)
    : options_(std::move(options)), print_(std::move(print)), complain_(std::move(complain)) {
  if (options_.config) config_ = *options_.config;
  EngineOptions engine;
  engine.host = "replay";
  engine.recorded = true;
  engine.in_fleet = config_.fleet.is_on();
  engine_ = std::make_unique<Engine>(config_, engine, Instant{});
}
Replay::~Replay() = default;

void Replay::complain(const std::string& why) {
  ++bad_lines_;
  complain_(lines_, why);
}

/// Said once a target, however many lines it has: a recording of a fleet is replayed with the configuration of one.
void Replay::complain_of_target(const std::string& target) {
  ++bad_lines_;
  if (unknown_targets_.insert(target).second)
    complain_(lines_, "the configuration has no target " + target + "; its lines are left out");
}

void Replay::line(std::string_view text) {
  ++lines_;
  if (text.size() > longest_line)
    return complain("longer than " + std::to_string(longest_line >> 20) + " MiB, more than any read");
  if (lines_ == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // an editor's byte order mark
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  if (text.find_first_not_of(" \t") == std::string_view::npos) return;
  auto parsed = parse_recorded_read(text);
  if (auto* error = std::get_if<LineError>(&parsed)) return complain(error->text);
  auto& read = std::get<RecordedRead>(parsed);
  if (options_.config && !find_target(config_, read.target)) return complain_of_target(read.target);
  auto& recording = recordings_[read.target];
  auto& open = recording.open;
  auto sweep = std::find_if(open.rbegin(), open.rend(), [&](const OpenSweep& s) { return s.number == read.sweep; });
  // A number that comes again after the next sweep has begun is a late line, unless that sweep has this read already:
  // then the numbers have begun anew.
  const bool again = sweep != open.rend() && sweep != open.rbegin() && has_read(sweep->reads, read.raw.read);
  if (sweep == open.rend() || again) {
    const auto number = [&](const Judged& j) { return j.number == read.sweep; };
    if (!open.empty() && read.raw.at < open.back().at &&
        std::any_of(recording.judged.begin(), recording.judged.end(), number))
      return complain("too late: sweep " + std::to_string(read.sweep) + " of " + read.target + " is judged already");
    const bool before = !open.empty() && read.sweep + 1 == open.back().number && read.raw.at < open.back().at;
    open.insert(before ? open.end() - 1 : open.end(), OpenSweep{read.sweep, read.raw.at, {}, true, ""});
    sweep = open.rbegin() + (before ? 1 : 0);
  } else if (sweep->reads.size() >= most_reads) {
    return complain("sweep " + std::to_string(read.sweep) + " of " + read.target + " has " +
                    std::to_string(most_reads) + " reads already, more than any target");
  } else if (has_read(sweep->reads, read.raw.read, read.raw.at)) {
    return complain("sweep " + std::to_string(read.sweep) + " of " + read.target + " has this read of " +
                    read.raw.read + " already");
  }
  const auto kind = kind_of(read.raw.read);
  const bool is_check = kind == ReadKind::check || kind == ReadKind::votes;  // of their own time
  if (is_check == sweep->only_checks) sweep->at = std::min(sweep->at, read.raw.at);
  if (!is_check && std::exchange(sweep->only_checks, false)) sweep->at = read.raw.at;
  if (!read.void_reason.empty()) sweep->void_reason = std::move(read.void_reason);
  sweep->reads.push_back(std::move(read.raw));
  if (open.size() > sweeps_open) judge_next(read.target, recording);
}

void Replay::finish() {
  // In the order of time, so that the output does not depend on the names of the targets.
  for (;;) {
    auto next = recordings_.end();
    for (auto it = recordings_.begin(); it != recordings_.end(); ++it)
      if (!it->second.open.empty() &&
          (next == recordings_.end() || it->second.open.front().at < next->second.open.front().at))
        next = it;
    if (next == recordings_.end()) return;
    judge_next(next->first, next->second);
  }
}

void Replay::judge_next(const std::string& target, Recording& recording) {
  OpenSweep sweep = std::move(recording.open.front());
  recording.open.pop_front();
  recording.judged.push_back({sweep.number, sweep.at});
  if (recording.judged.size() > judged_kept) recording.judged.pop_front();
  Instant now{MonoTime(sweep.at.time_since_epoch()), sweep.at};
  if (recording.last) now.mono = recording.last->mono + std::max(Millis(1), Millis(sweep.at - recording.last->wall));
  recording.last = now;
  judge(target, std::move(sweep), now);
}

/// Without a configuration, what appears is taken as configured. True when something new did.
bool Replay::learn(const std::string& name, const RawRead& read) {
  if (options_.config) return false;
  auto* known = find_target(config_, name);
  bool changed = !known;
  auto& target = known ? *known : config_.targets.emplace_back(default_target(name));
  const std::string bare(bare_name(read.read));
  switch (kind_of(read.read)) {
    case ReadKind::surface:
    case ReadKind::votes: break;
    case ReadKind::check:
      if (has_name(target->checks, bare)) break;
      target.edit().checks.emplace_back().name = bare;
      changed = true;
      break;
    case ReadKind::path:
      if (has_name(target->paths, bare)) break;
      target.edit().paths.emplace_back().name = bare;
      changed = true;
      break;
    case ReadKind::reference:
      if (std::find(target->references.begin(), target->references.end(), bare) != target->references.end()) break;
      target.edit().references.push_back(bare);
      changed = true;
      break;
  }
  return changed;
}

void Replay::print_verdict(const SweepRecord& record) {
  auto& known = words_[record.target];
  auto shown = known;
  json::array stale, contradictory;
  for (const auto& r : record.reads) {
    shown[r.raw.read] = r.word;
    if (r.stale) stale.emplace_back(r.raw.read);
    if (r.contradictory) contradictory.emplace_back(r.raw.read);
  }
  json::object readings;
  for (const auto& [read, word] : shown) readings[read] = word;
  json::object o;
  o["at"] = to_rfc3339(record.at);
  o["target"] = record.target;
  o["sweep"] = record.sweep;
  o["primary"] = record.primary;
  if (record.extent.empty())
    o["extent"] = nullptr;
  else
    o["extent"] = record.extent;
  o["also"] = json_texts(record.also);
  o["readings"] = std::move(readings);
  if (record.void_reason.empty())
    known = std::move(shown);  // what a void sweep read is shown, and not kept
  else
    o["void_reason"] = record.void_reason;
  if (!stale.empty()) o["stale"] = std::move(stale);
  if (!contradictory.empty()) o["contradictory"] = std::move(contradictory);
  print_(json::serialize(o));
}

void Replay::judge(const std::string& target, OpenSweep sweep, Instant now) {
  ++sweeps_;
  bool changed = false;
  for (const auto& read : sweep.reads) changed = learn(target, read) || changed;
  if (changed) engine_->handle(Reconfigured{config_}, now);

  SweepDone done;
  done.target = target;
  done.sweep = sweep.number;
  std::vector<RawRead> votes;
  for (auto& read : sweep.reads)
    (kind_of(read.read) == ReadKind::votes ? votes : done.reads).push_back(std::move(read));
  done.void_reason = std::move(sweep.void_reason);
  agree(target, votes, true, now);
  print(engine_->handle(std::move(done), now));
  agree(target, votes, false, now);
}

/// In a fleet: the page and its end are told by who agreed, and not by the casebook.
void Replay::agree(const std::string& target, const std::vector<RawRead>& votes, bool before_sweep, Instant now) {
  if (!config_.fleet.is_on()) return;
  for (const auto& read : votes) {
    const auto voted = read_votes(read);
    if (!voted) {
      if (before_sweep) complain("the votes about " + target + " cannot be read");
      continue;
    }
    if (voted->is_before_sweep != before_sweep) continue;
    const auto& a = voted->agreement;
    auto end = a.kind == EventKind::resolved ? engine_->shared_event(target, voted->boundary, a, now) : std::nullopt;
    print(engine_->handle(FleetAgreed{target, voted->boundary, a}, now));
    if (a.kind == EventKind::firing || a.kind == EventKind::escalated)
      end = engine_->shared_event(target, voted->boundary, a, now);
    if (end) print_(event_line(*end));
  }
}

void Replay::print(const Actions& actions) {
  for (const auto& action : actions) {
    if (const auto* record = std::get_if<Record>(&action)) {
      if (options_.verdicts) print_verdict(record->sweep);
    } else if (const auto* notify = std::get_if<Notify>(&action)) {
      print_(event_line(notify->event));
    }
  }
}

}  // namespace readback
