#pragma once
// Rollups as people ask for them: how a month was, and the bars of 24 hours, 7, 30 and 90 days on the page. Nothing
// that was not watched counts as up: uptime is the share of the time that was seen, and how much that was is said
// beside it.
//
//   uptime % = time without a confirmed outage / time that was seen, maintenance left out; rounded down, so that 100
//              is a span without any outage
//   known %  = time that was seen, maintenance included / the span as far as it has passed
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/rollup.hpp"
#include "core/model/incident.hpp"

namespace readback {

/// An incident, as far as history counts it: what followed from another one, or was the watch's own trouble, is none.
struct Spell {
  std::string id, target;
  Boundary boundary = Boundary::outage;
  WallTime from{};             ///< of the first failure
  std::optional<WallTime> to;  ///< of the recovery; unset while it lasts
  bool follows = false;        ///< it was held back as a consequence, and nobody was ever paged for it
};
Spell spell_of(const IncidentRecord& incident);

/// Half open: from <= t < to; all of time, where nothing is said.
struct Span {
  WallTime from{}, to{WallTime::max()};
};

/// Rollups of one target or all, by their beginnings; half open.
struct RollupQuery {
  std::string target;  ///< "" is all
  Step step = Step::day;
  Span span;
};

struct HistoryKept {
  std::vector<TargetRollup> rollups;  ///< by target and time
  std::vector<Spell> spells;          ///< that touch the span
};

/// Microseconds as milliseconds with two digits.
std::optional<double> in_ms(std::optional<double> micros);

struct HistorySummary {
  AvailabilityTimes times;
  std::uint64_t sweeps = 0, voids = 0;
  std::optional<double> uptime;                ///< in %, to three digits; unset: nothing was seen
  double known = 0;                            ///< in %, to three digits
  std::uint64_t incidents = 0, outages = 0;    ///< that began in the span; outages are incidents
  std::optional<Millis> longest_outage;        ///< within the span
  std::optional<Millis> mean_time_to_recover;  ///< of the outages that have ended
  std::optional<double> median_ms, p99_ms;     ///< of all its reads that were answered
  boost::container::flat_map<std::string, ReadTally> reads;
};

/// `rollups` and `spells` of one target, in any order; those outside the span do not count.
HistorySummary summarize(const std::vector<Rollup>& rollups, const std::vector<Spell>& spells, Span span, WallTime now);

/// What one bar shows; the rest of its time was not watched, or is yet to come.
struct HistoryBar {
  Span span;
  HistorySummary summary;
};
struct HistoryBars {
  std::string_view name;  ///< "24h", "7d", "30d", "90d"
  HistorySummary whole;
  std::vector<HistoryBar> bars;  ///< oldest first: 24 of an hour, 28 of six hours, 30 and 90 of a day
};
struct TargetHistory {
  std::string target;
  std::vector<HistoryBars> spans;  ///< the four, the shortest first
};

/// Hours and days of one target. The newest bar is the one that `now` lies in.
TargetHistory bars_of(std::string target, const std::vector<Rollup>& hours, const std::vector<Rollup>& days,
                      const std::vector<Spell>& spells, WallTime now);

}  // namespace readback
