#pragma once
// Secrets are looked up at each attempt, so that a rotated one needs no restart; and the file may lie on something that
// hangs when a page has to leave. So it is read aside, and when it does not come in time, the page leaves with the
// value that it had before.
//
//   const SecretSource secrets = co_await reader.look_up("sink pager", refs_of(sink));
//   auto requests = requests_for(sink, row, now, secrets);
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/model/say.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/runtime/aside.hpp"
#include "daemon/sinks/requests.hpp"

namespace readback {

class SecretReader {
 public:
  /// `read` is called on another thread for what lies in a file. `say` may be empty.
  SecretReader(net::any_io_executor loop, SecretSource read, std::function<void(const Say&)> say);

  /// What a start or a reload has found: good until it is read again.
  void remember(const RevealedSecrets& known);
  /// Reads these, for at most 2 s, and gives what was found. `whose` is named when they do not come, and asks one
  /// question at a time.
  net::awaitable<SecretSource> look_up(std::string whose, std::vector<SecretRef> refs);

 private:
  void tell(const std::string& whose, bool late);

  const SecretSource read_;
  const std::function<void(const Say&)> say_;
  RevealedSecrets known_;
  std::set<std::string> late_;  ///< whose secrets did not come the last time
  Aside aside_;
};

/// Every secret that an attempt at this sink needs.
std::vector<SecretRef> refs_of(const SinkConfig& sink);

}  // namespace readback
