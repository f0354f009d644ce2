// A span is the sum of what lies in it. Where hours are known they are taken, which end in the middle of a day too.
#include "core/history/spans.hpp"

#include <algorithm>
#include <cmath>

namespace readback {
namespace {

/// In thousandths of a percent, rounded down: 99.9996 is not 100.
double percent(Millis part, Millis whole) {
  if (whole <= Millis(0)) return 0;
  const double share = static_cast<double>(part.count()) / static_cast<double>(whole.count());
  return std::floor(std::min(share, 1.0) * 100'000 + 1e-6) / 1000;
}

bool lies_in(WallTime at, Span span) { return at >= span.from && at < span.to; }

void count(HistorySummary& out, const Spell& spell, Span span, WallTime now, Millis& mending, std::uint64_t& mended) {
  const WallTime end = std::min(spell.to.value_or(now), span.to);
  const WallTime begin = std::max(spell.from, span.from);
  if (end <= span.from || spell.from >= span.to) return;
  if (lies_in(spell.from, span)) ++out.incidents;
  if (spell.boundary != Boundary::outage) return;
  if (lies_in(spell.from, span)) ++out.outages;
  out.longest_outage = std::max(out.longest_outage.value_or(Millis(0)), end - begin);
  if (!spell.to || !lies_in(*spell.to, span)) return;
  mending += *spell.to - spell.from;
  ++mended;
}

}  // namespace

std::optional<double> in_ms(std::optional<double> micros) {
  if (!micros) return std::nullopt;
  return std::round(*micros / 10) / 100;
}

Spell spell_of(const IncidentRecord& i) {
  Spell spell;
  spell.id = i.id, spell.target = i.target, spell.boundary = i.boundary;
  spell.from = i.first_failure ? std::min(i.first_failure->at, i.opened_at) : i.opened_at;
  spell.to = i.recovered_at ? i.recovered_at : i.resolved_at;
  if (spell.to) spell.to = std::max(*spell.to, spell.from);
  const auto was = [&](std::string_view kind) {
    return std::any_of(i.timeline.begin(), i.timeline.end(), [&](const TimelineEntry& e) { return e.kind == kind; });
  };
  spell.follows = was(to_string(IncidentState::inhibited)) && !i.paged_at && !was("firing");
  return spell;
}

HistorySummary summarize(const std::vector<Rollup>& rollups, const std::vector<Spell>& spells, Span span,
                         WallTime now) {
  HistorySummary out;
  Rollup all;
  for (const auto& each : rollups)
    if (lies_in(each.from, span)) all.add(each);
  out.times = all.times;
  out.sweeps = all.sweeps, out.voids = all.voids;
  const Millis passed = std::min(span.to, now) - span.from;
  out.known = percent(out.times.all() - out.times[Availability::unknown], passed);
  const Millis seen = out.times[Availability::up] + out.times[Availability::impaired] + out.times[Availability::outage];
  if (seen > Millis(0)) out.uptime = percent(seen - out.times[Availability::outage], seen);
  Millis mending{0};
  std::uint64_t mended = 0;
  for (const auto& spell : spells)
    if (!spell.follows && spell.boundary != Boundary::observer) count(out, spell, span, now, mending, mended);
  if (mended > 0) out.mean_time_to_recover = mending / static_cast<std::int64_t>(mended);
  const auto latency = all.latency();
  out.median_ms = in_ms(latency.quantile(0.5));
  out.p99_ms = in_ms(latency.quantile(0.99));
  out.reads = std::move(all.reads);
  return out;
}

namespace {

struct Shape {
  std::string_view name;
  Millis bar;
  int bars;
  Step from;
};
constexpr Shape shapes[] = {{"24h", std::chrono::hours(1), 24, Step::hour},
                            {"7d", std::chrono::hours(6), 28, Step::hour},
                            {"30d", std::chrono::hours(24), 30, Step::day},
                            {"90d", std::chrono::hours(24), 90, Step::day}};

}  // namespace

TargetHistory bars_of(std::string target, const std::vector<Rollup>& hours, const std::vector<Rollup>& days,
                      const std::vector<Spell>& spells, WallTime now) {
  TargetHistory out;
  out.target = std::move(target);
  for (const auto& shape : shapes) {
    HistoryBars span;
    span.name = shape.name;
    const auto& rollups = shape.from == Step::hour ? hours : days;
    const WallTime end = WallTime(now.time_since_epoch() / shape.bar * shape.bar) + shape.bar;
    const WallTime begin = end - shape.bar * shape.bars;
    span.whole = summarize(rollups, spells, {begin, end}, now);
    for (WallTime at = begin; at < end; at += shape.bar)
      span.bars.push_back({{at, at + shape.bar}, summarize(rollups, spells, {at, at + shape.bar}, now)});
    out.spans.push_back(std::move(span));
  }
  return out;
}

}  // namespace readback
