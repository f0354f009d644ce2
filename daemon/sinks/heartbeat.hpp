#pragma once
// The dead man's switch: a GET every so often, sent only while all is well. Who stops hearing it is told by the
// receiver that we, or all of this host, are gone; so a heartbeat that is sent out of habit would be worse than none.
#include <functional>
#include <optional>
#include <string>

#include "core/config/daemon.hpp"
#include "core/model/say.hpp"
#include "daemon/runtime/wake.hpp"
#include "daemon/sinks/post.hpp"
#include "daemon/sinks/secret_reader.hpp"

namespace readback {

struct HeartbeatSetup {
  HeartbeatConfig config;
  std::function<bool()> healthy;  ///< empty: always
  std::function<void(const Say&)> say;
};

class Heartbeat {
 public:
  /// The poster and the reader of secrets must outlive it.
  Heartbeat(net::any_io_executor loop, Poster& poster, SecretReader& secrets, HeartbeatSetup setup)
      : poster_(poster), secrets_(secrets), setup_(std::move(setup)), wake_(std::move(loop)) {}

  /// Works until stop(). Once.
  net::awaitable<void> run();
  void stop();
  void reconfigure(HeartbeatConfig config);
  /// When one was last taken.
  std::optional<WallTime> last() const { return last_; }

 private:
  net::awaitable<void> beat();
  void tell(const std::string& problem);

  Poster& poster_;
  SecretReader& secrets_;
  HeartbeatSetup setup_;
  Wake wake_;
  bool stopping_ = false;
  std::optional<WallTime> last_;
  std::string trouble_;  ///< as it was last told
  int failures_ = 0;
};

}  // namespace readback
