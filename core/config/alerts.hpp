#pragma once
// Who is told, in which language, and of what.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/common.hpp"
#include "core/model/verdict.hpp"
#include "core/text/instant.hpp"

namespace readback {

enum class SinkType { webhook, pagerduty, alertmanager, slack, teams };
inline constexpr Worded<SinkType> sink_types[] = {{SinkType::webhook, "webhook"},
                                                  {SinkType::pagerduty, "pagerduty"},
                                                  {SinkType::alertmanager, "alertmanager"},
                                                  {SinkType::slack, "slack"},
                                                  {SinkType::teams, "teams"}};
std::string_view to_string(SinkType t);
/// A channel that people read: its address is its key, and it takes a message a second.
inline bool is_chat(SinkType t) { return t == SinkType::slack || t == SinkType::teams; }

enum class DedupScope { host, platform };
inline constexpr Worded<DedupScope> dedup_scopes[] = {{DedupScope::host, "host"}, {DedupScope::platform, "platform"}};

enum class Grouping { none, cause };
inline constexpr Worded<Grouping> groupings[] = {{Grouping::none, "none"}, {Grouping::cause, "cause"}};

/// A proxy on the way to one receiver.
struct ProxyConfig {
  std::string url;                    ///< http://HOST[:PORT]; "": none
  std::string user;                   ///< "": it asks for no login
  std::optional<SecretRef> password;  ///< of the user
};

/// What a webhook is sent instead of the event's own JSON.
struct BodyTemplate {
  std::string file;  ///< "": the event as it is
  std::string text;  ///< of the file, read when the configuration is
  std::string content_type = "application/json";
  FilePlace at;
};

struct SinkConfig {
  std::string name;
  SinkType type = SinkType::webhook;
  std::vector<SecretRef> urls;       ///< one, except for alertmanager; pagerduty has a default
  std::vector<SecretRef> secrets;    ///< webhook: one, two during a rotation
  SecretRef routing_key;             ///< pagerduty
  std::vector<Boundary> boundaries;  ///< empty: all
  std::vector<std::string> targets;  ///< empty: all
  Severity min_severity = Severity::info;
  DedupScope dedup_scope = DedupScope::host;
  Grouping group = Grouping::none;  ///< cause: what befalls many targets for one cause is one page
  bool waits = false;               ///< alerts.escalate names it: what opens an incident there comes from that alone
  Millis timeout = Seconds(10);
  BodyTemplate body;  ///< webhook
  TlsConfig tls;
  ProxyConfig proxy;
  std::vector<std::pair<std::string, SecretRef>> headers;
  FilePlace at;
};

/// Who is called when nobody acknowledges a page in time.
struct EscalationConfig {
  Millis after = std::chrono::minutes(10);  ///< since the page
  std::vector<std::string> sinks;           ///< by name; the page itself does not go there
  Severity min_severity = Severity::info;
  FilePlace at;
};

struct AlertsConfig {
  Millis renotify = std::chrono::hours(4);
  std::vector<EscalationConfig> escalate;
  std::vector<SinkConfig> sinks;
};

}  // namespace readback
