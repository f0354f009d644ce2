#pragma once
// How the servers are reached and who we say we are there, as options of libnats. Secrets are looked up for each
// connection anew, so that a rotated one needs no restart.
#include <nats/nats.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/config/fleet.hpp"
#include "core/text/result.hpp"

namespace readback {

struct NatsOptionsEnd {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using NatsOptions = std::unique_ptr<natsOptions, NatsOptionsEnd>;

/// Without the callbacks that tell how it goes. Waits for the files of the secrets. `where` outlives the connection
/// that is made of it.
Result<NatsOptions> nats_options(const NatsConfig& where);

/// The JWT and the seed of a file of NATS credentials.
Result<std::pair<std::string, std::string>> read_credentials(std::string_view text);

/// What a failed connection means to an operator. `detail` is libnats' own word for it.
std::string why_not_connected(natsStatus status, const std::string& detail, const NatsConfig& where);

}  // namespace readback
