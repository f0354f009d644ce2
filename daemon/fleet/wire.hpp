#pragma once
// One connection to the fleet's servers, as requests and what is listened to: the only file that a call of libnats
// stands behind. It knows nothing of streams and buckets, and keeps itself up by itself, for ever.
//
// libnats is a library of threads and of calls that wait: in 3.4 a publish to a server that has stopped reading holds
// its caller until the write's own deadline, and during an attempt to connect every call on the connection waits for
// that attempt. So no call of it is made in the loop. One thread of ours makes them all, one after the other; libnats'
// own threads hand over what they hear; whoever asks has a limit, and hears nothing when it is over.
//
// JetStream is spoken by its published requests (jetstream.hpp) over ask(), and not by libnats' js_ and kv_ calls: each
// of those holds a thread for a round trip, its asynchronous publish tells no revision and no success in 3.4, and a
// reading of a bucket may be answered by a server that lags.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/fleet.hpp"
#include "core/text/instant.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/runtime/wake.hpp"

namespace readback {

/// How long the servers have for what they answer out of memory, and for a chunk of a bundle.
inline constexpr Millis request_limit = Seconds(2), chunk_limit = Seconds(5);

using WireHeaders = std::vector<std::pair<std::string, std::string>>;

struct WireRequest {
  std::string subject, body;
  WireHeaders headers;
};

/// What came, copied out of libnats. A body of more than the listener's `largest` is left out, and only its size told.
struct WireMessage {
  std::string subject, reply, body;
  std::size_t size = 0;
  WireHeaders headers;

  std::string_view header(std::string_view name) const;  ///< "" when there is none
  int status() const;  ///< of the servers themselves, as 503; 0: it is no such message
  bool is_too_large() const { return size != body.size(); }
};

/// Ends the listening when it goes.
class Listening {
 public:
  virtual ~Listening() = default;
};

struct WireState {
  bool is_connected = false;
  std::string server;   ///< to which, while it is
  std::string trouble;  ///< why it is not, or what a server refuses; operator language
};

/// Since the start: what was asked, and what was heard.
struct WireTraffic {
  std::uint64_t sent = 0, sent_bytes = 0, heard = 0, heard_bytes = 0;  ///< messages; bytes of their bodies
};

class Wire {
 public:
  using Hear = std::function<void(WireMessage)>;

  /// `changed` is told of each connection that is made or lost, and of new trouble, in the loop. `host` stands in the
  /// subjects on which answers come: a server may let each host hear its own only.
  Wire(net::any_io_executor loop, NatsConfig where, const std::string& host, std::function<void()> changed);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void start();
  /// Closes the connection, and waits for that at most so long. Whoever asks then hears nothing.
  net::awaitable<void> stop(Millis limit);

  const WireState& state() const { return state_; }
  const WireTraffic& traffic() const { return traffic_; }
  const net::any_io_executor& loop() const { return loop_; }

  /// The answer; nothing when there was none in time. Then it may have been heard all the same.
  net::awaitable<std::optional<WireMessage>> ask(WireRequest request, Millis limit);
  /// What is published on this subject from now on, of this connection; one that is made anew goes on listening.
  std::unique_ptr<Listening> listen(const std::string& subject, std::size_t largest, Hear hear);
  /// A subject that nobody else knows.
  std::string fresh_inbox();

 private:
  struct Shared;
  struct Call;
  class Ear;
  void arrived(std::uint64_t listener, WireMessage message);
  void became(WireState state);

  net::any_io_executor loop_;
  std::function<void()> changed_;
  std::shared_ptr<Shared> shared_;
  std::string inbox_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Call>> calls_;
  std::map<std::uint64_t, Hear> listeners_;
  WireState state_;
  WireTraffic traffic_;
  Wake ended_;
  bool has_ended_ = false;
};

}  // namespace readback
