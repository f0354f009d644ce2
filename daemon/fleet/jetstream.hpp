#pragma once
// The requests of JetStream that the fleet makes, and what the answers say, as text and back: the documented JSON of
// its API, and nothing that touches a server. Buckets are streams with a subject for each key, as every NATS client has
// them.
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/fleet.hpp"
#include "core/fleet/fleet.hpp"
#include "core/text/result.hpp"
#include "daemon/fleet/wire.hpp"

namespace readback {

enum class FleetStream { words, events, evidence };

/// What one fleet has on the servers, by name.
struct FleetNames {
  std::string fleet;
  std::string stream(Bucket b) const;                              ///< KV_readback_<fleet>_views
  std::string subject(Bucket b, const std::string& key) const;     ///< $KV.readback_<fleet>_views.<key>
  std::string key_in(Bucket b, const std::string& subject) const;  ///< "": of another bucket
  std::string stream(FleetStream s) const;                         ///< READBACK_<fleet>_WORDS
  std::string subject(FleetStream s, const std::string& rest) const;
};

/// As it is created where it is missing. One that is there is taken as it is, but for what nothing works without.
struct StreamWish {
  std::string name, subjects;
  std::string config;  ///< JSON
  bool is_bucket = false;
};
/// Buckets first.
std::vector<StreamWish> streams_of(const FleetConfig& fleet);

/// How an API call has failed.
struct JetStreamError {
  int code = 0, err_code = 0;
  std::string description;
  bool is_not_found() const { return err_code == 10059 || err_code == 10014 || err_code == 10037; }
  bool is_conflict() const { return err_code == 10071; }
};

/// What the answer to a request says: an error of JetStream, of the servers (nobody is there to answer), or its JSON.
struct JetStreamAnswer {
  std::optional<JetStreamError> error;
  boost::json::object body;
  std::uint64_t number(std::string_view name) const;
  std::uint64_t number_in(std::string_view part, std::string_view name) const;
};
JetStreamAnswer read_answer(const WireMessage& message);

/// One sentence for the operator: what cannot be done to what, and what to do about it.
std::string describe(const JetStreamError& error, const std::string& stream, int replicas);

/// Why a stream that is there cannot be used; "" when it can.
std::string misfit_of(const StreamWish& wish, const JetStreamAnswer& info);

/// What stands under a key, from the answer to last_of(). Nothing when that is a mark that it was removed.
struct StoredMessage {
  std::uint64_t seq = 0;
  std::string body;
  WireHeaders headers;
  bool is_removed() const;
};
WireRequest info_of(const std::string& stream);
WireRequest last_of(const std::string& stream, const std::string& subject);
Result<StoredMessage> read_stored(const JetStreamAnswer& answer);
/// A removed key says so in this header.
bool is_removal(std::string_view operation);

/// Where and when a message of a watch stands, from its reply subject.
struct Delivered {
  std::uint64_t seq = 0;   ///< in the stream
  std::uint64_t nth = 0;   ///< that this consumer delivers, from 1
  std::uint64_t left = 0;  ///< that it has still to deliver, as far as it knows
};
std::optional<Delivered> read_delivered(std::string_view reply);

/// A consumer that pushes to `inbox`, in order and without acknowledgements, and says that it lives. `from` 0: of every
/// subject the last message first.
WireRequest watch_of(const std::string& stream, const std::string& filter, const std::string& inbox,
                     std::uint64_t from);
/// A watch says that it lives so often.
inline constexpr Millis watch_heartbeat = Seconds(2);

}  // namespace readback
