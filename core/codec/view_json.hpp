#pragma once
// The published view as JSON: what the control socket answers, what `--json` prints, what `readbackd --once` says.
// Keys are snake_case and stand in a fixed order; times are RFC 3339 or null; durations are whole milliseconds (`_ms`)
// and phases whole microseconds (`_us`), null where the phase did not happen. Every string is valid UTF-8, whatever a
// surface sent: bytes that are not become U+FFFD. The shapes are described in packaging/openapi/readback.json, and the
// tests of daemon/control hold each route's answer against it.
#include <boost/json/object.hpp>
#include <initializer_list>
#include <string_view>

#include "core/model/view.hpp"

namespace readback {

/// The whole answer of `GET /v1/status` (schema readback.status/v1). Incidents stand in it without their timeline;
/// only open ones are shown. A fleet, where there is one, in short.
boost::json::object view_json(const View& view);
boost::json::object view_json(const DaemonView& daemon);
boost::json::object view_json(const TargetView& target);
boost::json::object view_json(const ReadView& read);
/// How a text that nobody has said is shown.
enum class EmptyTexts { are_null, stay };
/// With `details` the timeline too, as `GET /v1/incidents/{id}` answers it.
boost::json::object view_json(const IncidentRecord& incident, bool details, EmptyTexts empty = EmptyTexts::are_null);
/// Of the whole these members alone.
boost::json::object view_json(const IncidentRecord& incident, std::initializer_list<std::string_view> names,
                              EmptyTexts empty);
boost::json::object view_json(const Silence& silence);
boost::json::object view_json(const SinkView& sink);
boost::json::object view_json(const SnapshotView& snapshot);
boost::json::object view_json(const DeliveryView& delivery);
/// The whole answer of `GET /v1/fleet` (schema readback.fleet/v1). Its spans are seconds (`_s`) with one decimal.
boost::json::object view_json(const FleetOverview& fleet);
/// A recorded sweep without bodies: number, time, verdict and one short line a read.
boost::json::object view_json(const SweepRecord& sweep);

/// These members of it, in this order; one that it has not is left out.
boost::json::object pick(const boost::json::object& from, std::initializer_list<std::string_view> names);

}  // namespace readback
