#pragma once
// The hosts that share what they see, and the servers over which they do. Without a name there is no fleet, and
// everything is as on a host alone (design: the fleet).
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/config/common.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// A JetStream of the watchers' own, never that of the platform: it would be gone when it is needed.
struct NatsConfig {
  std::vector<std::string> urls;         ///< nats:// or tls://, no login in them
  std::optional<SecretRef> credentials;  ///< a file of NATS credentials (JWT and seed), always by reference
  std::optional<SecretRef> token, password;
  std::string user;
  TlsConfig tls;
  std::vector<FilePlace> urls_at;  ///< beside `urls`, for messages
};

struct FleetEvidenceConfig {
  bool ship = true;  ///< bundles go to the other hosts' reach once they are sealed
  Millis keep_time = std::chrono::hours(24 * 30);
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;
};

struct FleetConfig {
  std::string name;  ///< hosts of one fleet share it; "": no fleet
  std::string host;  ///< as the other members know this host; "" is its name on alerts
  NatsConfig nats;
  int replicas = 3;  ///< of buckets and streams
  int jury = 7;      ///< vantage points that are asked about one target: enough to lose three
  /// A confirmed finding waits so long for the others' word. Those who are asked begin a sweep within 5 s.
  Millis agree_within = Seconds(10);
  FleetEvidenceConfig evidence;
  Millis silent_after = Seconds(60);  ///< a member that is not heard for so long is missing
  FilePlace at;

  bool is_on() const { return !name.empty(); }
};

}  // namespace readback
