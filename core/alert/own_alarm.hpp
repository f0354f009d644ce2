#pragma once
// The alarms about ourselves, events `firing` with boundary `observer`, extent `degraded` and target `readback`, of
// which the engine knows no incident:
//
// - `sink-broken/<sink>`: a sink is off (410) or refused a page for good, and the other sinks are told; `resolved` when
//   that sink accepts something again, or is configured no more.
// - `watch-impaired`: something on this host keeps us from seeing, proving or recording; every sink is told.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/alert_event.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// Where we are, as every alert says it.
struct Origin {
  std::string environment, host;
  std::string url;  ///< of the status page; "": nobody said
};

/// About this sink; "" is the watch.
AlertEvent own_alarm(const Origin& origin, const std::string& sink, EventKind kind, const std::string& text,
                     std::string id, WallTime at);

/// The incident about the watch; and what each about a sink begins with.
inline constexpr std::string_view watch_incident = "watch-impaired", own_alarm_prefix = "sink-broken/";
std::string own_alarm_incident(const std::string& sink);
/// The sink that this incident is about; nothing when it is no alarm about a sink.
std::optional<std::string> sink_of_own_alarm(const std::string& incident);
bool is_own_alarm(std::string_view incident);

/// When whoever is on call hears of a watch with a hole: once it has lasted, and once it has been mended.
class WatchNotice {
 public:
  explicit WatchNotice(MonoTime start) : since_(start) {}
  /// What the outbox is told the watch to be (Outbox::watch_is); nothing, when it has not been so for long enough.
  std::optional<std::string> look(const std::vector<std::string>& impairments, MonoTime now);

 private:
  MonoTime since_;  // it has been as it is now
  bool is_whole_ = true;
};

}  // namespace readback
