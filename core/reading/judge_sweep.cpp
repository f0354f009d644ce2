// Each read is judged by its kind, and remembered by what it said; a throttled one says nothing, and holds what it said
// before.
#include "core/reading/judge_sweep.hpp"

#include <algorithm>

#include "core/text/words.hpp"

namespace readback {
namespace {

struct Judged {
  JudgedRead read;
  std::size_t order = 0;
  SurfaceReading surface;
  CheckReading check;
  PathReading path;
};

template <class Config, class List>
const Config* named(const List& list, std::string_view name, std::size_t& place) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Config& each = list[i];
    if (each.name != name) continue;
    place = i;
    return &each;
  }
  return nullptr;
}

/// Nothing when the configuration does not know the read, or when a surface was given what only a check can say.
std::optional<Judged> judge(const TargetConfig& config, RawRead raw, ReadStates& states, MonoTime now) {
  Judged j;
  std::size_t place = 0;
  const auto name = bare_name(raw.read);
  const bool of_a_check = std::holds_alternative<CheckRun>(raw.answer);
  switch (kind_of(raw.read)) {
    case ReadKind::surface: {
      const auto* surface = named<SurfaceConfig>(config.surfaces, name, place);
      if (!surface || of_a_check) return std::nullopt;
      j.surface = read_surface(config, *surface, raw, states[raw.read].memory, now);
      j.read.word = to_string(j.surface.reading);
      j.read.stale = j.surface.stale;
      j.read.contradictory = j.surface.contradictory;
      j.read.green = j.surface.reading == Reading::pass && !j.surface.stale;
      j.read.reasons = j.surface.reasons;
      j.order = place;
      break;
    }
    case ReadKind::check: {
      const auto* check = named<CheckConfig>(config.checks, name, place);
      if (!check || !of_a_check) return std::nullopt;
      j.check = read_check(*check, raw);
      j.read.word = to_string(j.check.result);
      j.read.green = j.check.result == CheckResult::in_sync;
      j.read.reasons = j.check.reasons;
      j.order = 10'000 + place;
      break;
    }
    case ReadKind::path: {
      const auto* path = named<PathConfig>(config.paths, name, place);
      if (!path || of_a_check) return std::nullopt;
      j.path = read_path(*path, raw);
      j.read.word = j.path.throttled ? "throttled" : j.path.pass ? "pass" : j.path.fault ? "unreachable" : "fail";
      j.read.green = j.path.pass;
      j.read.reasons = j.path.reasons;
      j.order = 20'000 + place;
      break;
    }
    case ReadKind::reference: {
      if (of_a_check) return std::nullopt;
      const auto* error = std::get_if<TransportError>(&raw.answer);
      j.read.word = error ? "unreachable" : "pass";
      j.read.green = !error;
      if (error)
        j.read.reasons.push_back(raw.read + ": " +
                                 (error->detail.empty() ? std::string(to_string(error->fault)) : error->detail));
      j.order = 30'000;
      break;
    }
    case ReadKind::votes: return std::nullopt;
  }
  j.read.raw = std::move(raw);
  return j;
}

std::vector<Judged> judge_all(const TargetConfig& config, std::vector<RawRead> reads, ReadStates& states,
                              MonoTime now) {
  std::vector<Judged> all;
  for (auto& raw : reads)
    if (auto j = judge(config, std::move(raw), states, now)) all.push_back(std::move(*j));
  std::stable_sort(all.begin(), all.end(), [](const Judged& a, const Judged& b) { return a.order < b.order; });
  return all;
}

/// Not a broken connection, nor what a gateway says while nothing stands behind it.
bool is_its_own_answer(const Judged& j) {
  const auto* answer = std::get_if<HttpAnswer>(&j.read.raw.answer);
  return answer && (answer->status < 500 || j.surface.own_word);
}

void remember(ReadState& state, const Judged& j, MonoTime now) {
  const bool throttled = j.read.word == "throttled";
  const auto& raw = j.read.raw;
  state.took = raw.took;
  state.phases = raw.phases;
  if (!raw.address.empty()) state.address = raw.address;
  // A handshake that never came to the certificate says nothing about it; an answer without TLS says that there is
  // none.
  if (raw.tls_expires_at || std::holds_alternative<HttpAnswer>(raw.answer)) state.tls_expires_at = raw.tls_expires_at;
  state.retry_after = throttled ? j.surface.retry_after : std::nullopt;
  state.answered = state.answered || std::holds_alternative<HttpAnswer>(raw.answer);
  if (throttled) {  // it holds what it said last
    if (!state.throttled_since) state.throttled_since = now;
    return;
  }
  state.throttled_since.reset();
  state.was_missing = state.was_missing || j.surface.reading == Reading::missing;
  state.was_there =
      state.was_there || (j.surface.reading != Reading::missing && !(state.was_missing && !is_its_own_answer(j)));
  if (!state.seen || state.word != j.read.word) state.since = raw.at;
  if (kind_of(raw.read) == ReadKind::check)
    state.results_in_a_row = state.seen && state.check.result == j.check.result ? state.results_in_a_row + 1 : 1;
  state.seen = true;
  state.word = j.read.word;
  state.green = j.read.green;
  state.at = raw.at;
  state.surface = j.surface;
  state.surface.items = {};  // told by the reasons; nobody asks for them again
  state.check = j.check;
  state.path = j.path;
  // One that says nothing of its own, a proxy's page perhaps, is none of the surface's answers.
  if (j.surface.own_word || !j.surface.version.empty()) state.versions.note(j.surface.version);
}

}  // namespace

std::vector<JudgedRead> judge_reads(const TargetConfig& config, ReadStates& states, std::vector<RawRead> reads,
                                    MonoTime now) {
  std::vector<JudgedRead> out;
  for (auto& j : judge_all(config, std::move(reads), states, now)) {
    if (kind_of(j.read.raw.read) != ReadKind::reference) remember(states[j.read.raw.read], j, now);
    out.push_back(std::move(j.read));
  }
  return out;
}

std::vector<JudgedRead> judge_without_counting(const TargetConfig& config, std::vector<RawRead> reads) {
  std::vector<JudgedRead> out;
  ReadStates forgotten;
  for (auto& j : judge_all(config, std::move(reads), forgotten, MonoTime{})) out.push_back(std::move(j.read));
  return out;
}

std::optional<std::string> alternation(const std::string& read, const ReadState& state) {
  const auto versions = state.versions.alternating();
  if (!versions) return std::nullopt;
  return read + ": versions " + joined(*versions);
}

}  // namespace readback
