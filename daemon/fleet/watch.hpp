#pragma once
// What is written to one stream, from a place in it on, in order and without a gap, for as long as the connection
// lives. It is an ordered consumer: the server pushes, nothing is acknowledged, each message has a number, and a number
// that is missing or a server that falls silent is a reason to begin anew: a bucket with all that stands there
// (bucket_contents.hpp says why), a log with the last message that came, which must be the same.
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "daemon/fleet/jetstream.hpp"
#include "daemon/fleet/wire.hpp"

namespace readback {

struct WatchOrder {
  std::string stream, filter;
  std::uint64_t from = 0;   ///< the first that is wanted, of a log; 0: of every subject the last, then what follows
  std::size_t largest = 0;  ///< of what is longer only the size is told
};

class Watch {
 public:
  struct Listener {
    std::function<void(const WireMessage&, std::uint64_t seq)> hear;
    std::function<void()> caught_up;  ///< once a beginning: all that stood there then has been heard
    /// The stream is gone, was made anew or has lost what it said: nothing follows here.
    std::function<void(const std::string& why)> broken;
    std::function<void()> begins = nullptr;  ///< at each beginning, before anything of it is heard
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
  net::awaitable<bool> is_the_same_stream();
  bool take(WireMessage message);
  void is_caught_up();
  void broken(const std::string& why);

  Wire& wire_;
  const WatchOrder order_;
  const Listener listener_;
  std::unique_ptr<Listening> listening_;
  std::deque<WireMessage> queue_;
  Wake wake_;
  std::uint64_t last_ = 0;       ///< the newest of the stream that was heard
  std::size_t last_digest_ = 0;  ///< of its text, in a log
  std::uint64_t reached_ = 0;    ///< the newest that this consumer has delivered
  std::uint64_t delivered_ = 0;  ///< by this consumer
  std::uint64_t standing_ = 0;   ///< that it had to deliver when it was made; some may be on their way already
  bool caught_up_ = false, is_broken_ = false;
  std::string trouble_;
};

}  // namespace readback
