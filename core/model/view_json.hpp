#pragma once
// The published view as JSON: what the control socket answers, what `--json` prints, what `readbackd --once` says.
// Keys are snake_case and stand in a fixed order; times are RFC 3339 or null; durations are whole milliseconds (`_ms`)
// and phases whole microseconds (`_us`), null where the phase did not happen. Every string is valid UTF-8, whatever a
// surface sent: bytes that are not become U+FFFD. The shapes are described in packaging/openapi/readback.json, and the
// tests of daemon/api hold each route's answer against it.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/view.hpp"

namespace readback {

/// How loud one target or the whole daemon is, and the exit status that monitoring plugins expect for it.
struct Loudness {
  std::string word;  ///< "green", "warning", "error", "critical" or "unknown"
  int exit = 3;      ///< 0 green, 1 warning, 2 critical or error, 3 unknown
  friend bool operator==(const Loudness&, const Loudness&) = default;
};
Loudness loudness_of(const TargetView& target);
/// The worst of all targets and of the daemon itself: a broken sink or store is an error, a refused reload a warning,
/// no target at all is unknown. Critical and error outweigh unknown, unknown outweighs warning.
Loudness loudness_of(const View& view);
/// Why the daemon itself is not green, one sentence each, operator language; empty when it is.
std::vector<std::string> own_troubles(const DaemonView& daemon);

/// The whole answer of `GET /v1/status` (schema readback.status/v1). Incidents stand in it without their timeline;
/// only open ones are shown.
boost::json::object view_json(const View& view);
boost::json::object view_json(const DaemonView& daemon);
boost::json::object view_json(const TargetView& target);
boost::json::object view_json(const ReadView& read);
/// With `details` the timeline too, as `GET /v1/incidents/{id}` answers it.
boost::json::object view_json(const IncidentView& incident, bool details);
boost::json::object view_json(const Silence& silence);
boost::json::object view_json(const SinkView& sink);
boost::json::object view_json(const SnapshotView& snapshot);
boost::json::object view_json(const DeliveryView& delivery);
/// A recorded sweep without bodies: number, time, verdict and one short line a read.
boost::json::object view_json(const SweepRecord& sweep);

bool is_open(const IncidentView& incident);
/// The order of every list: what somebody was paged for, what is recovering, what is held back, what is over; the
/// louder and then the newer first.
bool shown_before(const IncidentView& a, const IncidentView& b);
/// Conditions that are met or do not apply; an unattested one counts as holding only for `conditions_hold`, which is
/// what `readback verify` exits by.
bool conditions_hold(const IncidentView& incident);

/// An address without its user information, query and fragment: what may be shown.
std::string shown_address(std::string_view url);

}  // namespace readback
