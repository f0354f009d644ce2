#pragma once
// One sweep of one target: every surface and every path together, so that their answers can be compared; and when
// nothing of the target could be reached, the references, to tell our own blindness from their outage.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/config/target.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/unredacted.hpp"
#include "core/text/result.hpp"
#include "daemon/read/reader.hpp"

namespace readback {

/// A target made ready to be read: addresses taken apart, secrets looked up, TLS loaded. Made anew by each reload.
class TargetReader {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  /// `headers` are the target's own with their values. The failure says why the target cannot be read at all.
  /// Headers, client certificate and server name go to the platform's own origin only (scheme, host and port), never to
  /// another host and never to another port of the same one.
  static Result<std::shared_ptr<const TargetReader>> make(const TargetConfig& config, Headers headers,
                                                          TlsClients& clients);

  /// Surfaces first, then paths, then references, each in the order of the configuration. `skip` names reads that are
  /// left out. The reader is kept alive by the caller's pointer until it ends.
  static net::awaitable<Unredacted<std::vector<RawRead>>> sweep(std::shared_ptr<const TargetReader> self,
                                                                Resolver& resolver, std::vector<std::string> skip);

  /// Reads of one sweep that are made at once.
  std::size_t size() const { return std::max(own_.size(), references_.size()); }

 private:
  std::vector<std::shared_ptr<const PreparedRead>> own_, references_;
};

}  // namespace readback
