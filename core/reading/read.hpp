#pragma once
// From one raw answer to what it says (design: diagnosis sections 1 and 2). Pure: the time of judgement is the time of
// the read, and freshness is measured against the answer's own `Date`, so that a wrong clock on our host makes nothing
// stale. Never green by accident: what cannot be judged is `unknown`.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/target.hpp"
#include "core/model/reading.hpp"
#include "core/reading/familiar.hpp"
#include "core/reading/stamps.hpp"

namespace readback {

/// What is remembered of a surface from read to read.
struct SurfaceMemory {
  StampMemory stamps;
  Familiar familiar;  ///< spares work and changes nothing; to be forgotten with the rules
};

/// The answer of a surface; `raw.answer` is a transport error or an HTTP answer. `memory` is told of this one, which
/// was read at `now`.
SurfaceReading read_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw,
                            SurfaceMemory& memory, MonoTime now);

/// The same at first sight: nothing was seen before.
SurfaceReading read_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw);
/// And how it came about, a step a line in operator language: what `readback probe` shows.
struct ExplainedReading {
  SurfaceReading reading;
  std::vector<std::string> steps;
  /// What the surface's configuration could say to make more of such an answer, each a member of a YAML flow map:
  /// `verdict: "/data/level"`, `words: {pass: ["splendid"]}`.
  std::vector<std::string> settings;
};
ExplainedReading explain_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw);

/// In sync, drift, or broken: a check that could not say anything is a fault of ours and never drift.
CheckReading read_check(const CheckConfig& check, const RawRead& raw);

/// What an answer says that nobody judges: its own reason in quotes, the title of a page, how a text begins.
std::string said_in_short(std::string_view body);

/// A digest of an HTML page, to tell whether two answers show the same one; 0 for anything else.
std::uint64_t page_of(std::string_view body);

PathReading read_path(const PathConfig& path, const RawRead& raw);

/// `Retry-After` in seconds or as a date, measured against the answer's own Date; never negative. Nothing when absent
/// or unreadable.
std::optional<Millis> retry_after(const HttpAnswer& answer, WallTime read_at);

}  // namespace readback
