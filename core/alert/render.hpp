#pragma once
// One event as each kind of sink wants to hear it, cut to the limits that the receivers publish.
//
// A body is chosen when the event happens and is kept; three things belong to the attempt and not to the event: when it
// was sent, how late that is, and secrets (which must not lie in the store). They stand in the body as single control
// bytes, which JSON text can never contain, and `finish_body` puts them in.
#include <optional>
#include <string>
#include <vector>

#include "core/alert/route.hpp"
#include "core/config/alerts.hpp"
#include "core/model/alert_event.hpp"

namespace readback {

/// The event as `readback.alert/v1` (contract section 3), as it is sent at `sent_at`; `delayed_s` is there when that is
/// a second or more after the event.
std::string event_json(const AlertEvent& event, const std::string& dedup_key, WallTime sent_at);

struct Rendered {
  std::string body, minimal_body;  ///< with marks; see finish_body
  std::string content_type = "application/json";
  std::string key;          ///< at most 255 bytes
  std::string opened_body;  ///< alertmanager: the alert to repeat while it fires
};

/// What is open at the sink for this incident, as it was opened.
struct OpenAlert {
  std::string key, body;
};

/// The event for one sink. `open` is what this incident has open there; a resolve uses its keys, whatever the
/// configuration says now. Call it only when route() says `send`.
Rendered render(const SinkConfig& sink, const AlertEvent& event, const std::vector<OpenAlert>& open);

/// `prod/fabric/outage`, with `/host` behind it when the sink's scope is the host. Longer than 255 bytes: cut, with a
/// digest of the whole, so that different keys stay different.
std::string dedup_key(const SinkConfig& sink, const AlertEvent& event);

/// What an attempt adds. `age` is how long ago the event was; unset, the two wall times say it.
std::string finish_body(const std::string& body, WallTime event_at, WallTime sent_at, const std::string& routing_key,
                        std::optional<Millis> age = std::nullopt);

/// The alerts to be repeated to an Alertmanager, as one body.
struct RepeatedAlert {
  std::string body;               ///< Rendered::opened_body
  std::optional<WallTime> ended;  ///< resolved then
};
std::string alertmanager_body(const std::vector<RepeatedAlert>& alerts);

/// The same alerts as they may be sent at `sent_at`. Our clock may have been moved since they were rendered, and the
/// receiver refuses an end that is not behind its start, takes an end in the future for no end, and ends by itself what
/// starts in the future.
std::string alertmanager_in_order(const std::string& body, WallTime sent_at);

/// The whole body stays below this everywhere: PagerDuty's limit of 512 KB, with room for what an attempt adds.
inline constexpr std::size_t body_limit = 500 * 1000;
/// And below this for Teams, which takes 28 KB.
inline constexpr std::size_t teams_limit = 27 * 1000;

}  // namespace readback
