// Raw reads become judged ones, and each target remembers of every read what its next sweep is compared with: when it
// was last seen, which versions alternate, what was throttled and is held.
#include "core/engine/target.hpp"

#include <algorithm>

#include "core/reading/read.hpp"

namespace readback {
namespace {

constexpr std::size_t versions_kept = 10;
constexpr int changes_that_alternate = 3;

struct Judged {
  JudgedRead read;
  std::size_t order = 0;
  SurfaceReading surface;
  CheckReading check;
  PathReading path;
};

template <class List>
const typename List::value_type* named(const List& list, std::string_view name, std::size_t& place) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i].name == name) {
      place = i;
      return &list[i];
    }
  return nullptr;
}

/// Nothing when the configuration does not know the read, or when a surface was given what only a check can say.
std::optional<Judged> judge(const TargetConfig& config, RawRead raw) {
  Judged j;
  std::size_t place = 0;
  const auto name = bare_name(raw.read);
  const bool of_a_check = std::holds_alternative<CheckRun>(raw.answer);
  switch (kind_of(raw.read)) {
    case ReadKind::surface: {
      const auto* surface = named(config.surfaces, name, place);
      if (!surface || of_a_check) return std::nullopt;
      j.surface = read_surface(config, *surface, raw);
      j.read.word = to_string(j.surface.reading);
      j.read.stale = j.surface.stale;
      j.read.contradictory = j.surface.contradictory;
      j.read.green = j.surface.reading == Reading::pass && !j.surface.stale;
      j.read.reasons = j.surface.reasons;
      j.order = place;
      break;
    }
    case ReadKind::check: {
      const auto* check = named(config.checks, name, place);
      if (!check || !of_a_check) return std::nullopt;
      j.check = read_check(*check, raw);
      j.read.word = to_string(j.check.result);
      j.read.green = j.check.result == CheckResult::in_sync;
      j.read.reasons = j.check.reasons;
      j.order = 10'000 + place;
      break;
    }
    case ReadKind::path: {
      const auto* path = named(config.paths, name, place);
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
  }
  j.read.raw = std::move(raw);
  return j;
}

std::vector<Judged> judge_all(const TargetConfig& config, std::vector<RawRead> reads) {
  std::vector<Judged> all;
  for (auto& raw : reads)
    if (auto j = judge(config, std::move(raw))) all.push_back(std::move(*j));
  std::stable_sort(all.begin(), all.end(), [](const Judged& a, const Judged& b) { return a.order < b.order; });
  return all;
}

void remember(ReadState& state, const Judged& j) {
  const bool throttled = j.read.word == "throttled";
  const auto& raw = j.read.raw;
  state.took = raw.took;
  state.phases = raw.phases;
  if (!raw.address.empty()) state.address = raw.address;
  // A handshake that never came to the certificate says nothing about it; an answer without TLS says that there is
  // none.
  if (raw.tls_expires_at || std::holds_alternative<HttpAnswer>(raw.answer)) state.tls_expires_at = raw.tls_expires_at;
  state.retry_after = throttled ? j.surface.retry_after : std::nullopt;
  if (throttled) return;  // it holds what it said last
  if (!state.seen || state.word != j.read.word) state.since = raw.at;
  if (kind_of(raw.read) == ReadKind::check)
    state.results_in_a_row = state.seen && state.check.result == j.check.result ? state.results_in_a_row + 1 : 1;
  state.seen = true;
  state.word = j.read.word;
  state.green = j.read.green;
  state.at = raw.at;
  state.surface = j.surface;
  state.check = j.check;
  state.path = j.path;
  if (!j.surface.version.empty()) {
    state.versions.push_back(j.surface.version);
    if (state.versions.size() > versions_kept) state.versions.pop_front();
  }
}

const JudgedRead* find_read(const std::vector<JudgedRead>& reads, const std::string& name) {
  for (const auto& r : reads)
    if (r.raw.read == name) return &r;
  return nullptr;
}

/// seen, held and throttled mean the same for every kind of read.
template <class Fact>
const ReadState* lay_out(Fact& fact, const TargetState& target, const std::vector<JudgedRead>& reads,
                         const std::string& read) {
  const auto known = target.reads.find(read);
  if (known == target.reads.end()) return nullptr;
  const auto* now = find_read(reads, read);
  fact.seen = known->second.seen;
  fact.held = !now || now->word == "throttled";
  return &known->second;
}

}  // namespace

std::vector<JudgedRead> judge_reads(TargetState& target, std::vector<RawRead> reads) {
  std::vector<JudgedRead> out;
  for (auto& j : judge_all(target.config, std::move(reads))) {
    if (kind_of(j.read.raw.read) != ReadKind::reference) remember(target.reads[j.read.raw.read], j);
    out.push_back(std::move(j.read));
  }
  return out;
}

std::vector<JudgedRead> judge_without_counting(const TargetState& target, std::vector<RawRead> reads) {
  std::vector<JudgedRead> out;
  for (auto& j : judge_all(target.config, std::move(reads))) out.push_back(std::move(j.read));
  return out;
}

SweepFacts facts_of(const TargetState& target, const std::vector<JudgedRead>& reads) {
  SweepFacts facts;
  for (const auto& s : target.config.surfaces) {
    SurfaceFact fact;
    fact.name = s.name;
    fact.role = s.role;
    if (const auto* now = find_read(reads, s.name)) fact.throttled = now->word == "throttled";
    if (const auto* state = lay_out(fact, target, reads, s.name)) {
      fact.said = state->surface;
      if (auto versions = alternation(s.name, *state)) facts.alternating.push_back(*versions);
    }
    facts.surfaces.push_back(std::move(fact));
  }
  for (const auto& c : target.config.checks) {
    if (c.role != CheckRole::materialization) continue;
    CheckFact fact;
    fact.name = c.name;
    if (const auto* state = lay_out(fact, target, reads, "check:" + c.name)) {
      fact.said = state->check;
      fact.results_in_a_row = state->results_in_a_row;
    }
    facts.checks.push_back(std::move(fact));
  }
  for (const auto& p : target.config.paths) {
    PathFact fact;
    fact.name = p.name;
    fact.kind = p.kind;
    if (const auto* state = lay_out(fact, target, reads, "path:" + p.name)) fact.said = state->path;
    facts.paths.push_back(std::move(fact));
  }
  bool any = false, answered = false;
  for (const auto& r : reads)
    if (kind_of(r.raw.read) == ReadKind::reference) {
      any = true;
      answered = answered || r.green;
    }
  facts.references_all_failed = any && !answered;
  return facts;
}

std::optional<std::string> alternation(const std::string& read, const ReadState& state) {
  int changes = 0;
  for (std::size_t i = 1; i < state.versions.size(); ++i) changes += state.versions[i] != state.versions[i - 1];
  if (changes < changes_that_alternate) return std::nullopt;
  std::vector<std::string> distinct(state.versions.begin(), state.versions.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::string text = read + ": versions ";
  for (std::size_t i = 0; i < distinct.size(); ++i) text += (i ? ", " : "") + distinct[i];
  return text;
}

}  // namespace readback
