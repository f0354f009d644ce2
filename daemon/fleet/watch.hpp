#pragma once
// What is written to one stream, from a place in it on, in order and without a gap, for as long as the connection
// lives. It is an ordered consumer: the server pushes, nothing is acknowledged, each message has a number, and a number
// that is missing or a server that falls silent is a reason to begin anew behind the last one that came.
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "daemon/fleet/jetstream.hpp"
#include "daemon/fleet/wire.hpp"

namespace readback {

struct WatchOrder {
  std::string stream, filter;
  std::uint64_t from = 0;   ///< the first that is wanted; 0: of every subject the last, and then what follows
  std::size_t largest = 0;  ///< of what is longer only the size is told
};

class Watch {
 public:
  struct Listener {
    std::function<void(const WireMessage&, std::uint64_t seq)> hear;
    std::function<void()> caught_up;  ///< once: all that stood there when it began has been heard
    /// The stream is gone or was made anew: nothing follows here.
    std::function<void(const std::string& why)> broken;
  };
  Watch(Wire& wire, WatchOrder order, Listener listener);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Until it is cancelled, or broken.
  net::awaitable<void> run();
  /// Why it is not under way; "" while it is.
  const std::string& trouble() const { return trouble_; }

 private:
  net::awaitable<bool> begin();
  net::awaitable<void> follow();
  bool take(WireMessage message);
  void is_caught_up();

  Wire& wire_;
  const WatchOrder order_;
  const Listener listener_;
  std::unique_ptr<Listening> listening_;
  std::deque<WireMessage> queue_;
  Wake wake_;
  std::uint64_t last_ = 0;       ///< the newest of the stream that was heard
  std::uint64_t delivered_ = 0;  ///< by this consumer
  std::uint64_t standing_ = 0;   ///< that it had to deliver when it was made; some may be on their way already
  bool caught_up_ = false, is_broken_ = false;
  std::string trouble_;
};

}  // namespace readback
