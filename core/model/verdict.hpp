#pragma once
// The words of the verdict: which boundary holds, how far it extends, how loud it is.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace readback {

/// What one answer says. Ordered from best to worst only for pass < warn < fail; the others are kinds of their own.
enum class Reading { pass, warn, fail, unknown, unreachable, denied, missing, throttled };
std::string_view to_string(Reading r);

/// In the order of precedence (design: diagnosis section 3). `observer` is one boundary with two kinds; blind comes
/// first in the table and impaired last, which `Finding::blind` tells apart.
enum class Boundary { observer, outage, security, drift, readiness, product };
inline constexpr Boundary all_boundaries[] = {Boundary::observer, Boundary::outage,    Boundary::security,
                                              Boundary::drift,    Boundary::readiness, Boundary::product};
std::string_view to_string(Boundary b);
std::optional<Boundary> parse_boundary(std::string_view word);
/// "OUTAGE", "READINESS": as the summary of a page begins.
std::string upper(Boundary b);

/// What ails the watchdog when `observer` holds: each has an owner and a next step of its own.
enum class OwnTrouble { none, blind, denied, throttled, never_there, check_broken };

enum class Severity { info, warning, error, critical };
std::string_view to_string(Severity s);

enum class Extent { intermittent, stale, degraded, total };
std::string_view to_string(Extent e);
std::optional<Extent> parse_extent(std::string_view word);

}  // namespace readback
