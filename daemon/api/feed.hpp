#pragma once
// Live events for `GET /v1/events` and the status page: a ring of the newest, so that a client that was away for a
// moment asks for what it missed with Last-Event-ID. Ids are "<boot>-<number>": after a restart, or when the ring has
// moved on, the client gets `reset` and reads the status anew. While nobody follows nothing is made or kept.
#include <boost/json/object.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/alert_event.hpp"
#include "core/model/record.hpp"
#include "core/text/instant.hpp"
#include "daemon/http/exchange.hpp"
#include "daemon/runtime/wake.hpp"

namespace readback {

/// How many may follow the events by one way in, so that they do not take the places of all others there. A reader that
/// takes nothing looks like one that waits, so where anybody may come, a stream ends after `longest`: a browser asks
/// again by itself, behind the last event that it has seen.
struct FeedSeats {
  std::size_t most;
  std::optional<Millis> longest = {};
  /// Shared with the readers, who may go after the way in has gone.
  std::shared_ptr<std::size_t> taken = std::make_shared<std::size_t>(0);
};

class Feed {
 public:
  /// `boot` tells one life of the daemon from the next.
  Feed(net::any_io_executor executor, std::string boot) : loop_(executor), wake_(executor), boot_(std::move(boot)) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  const net::any_io_executor& loop() const { return loop_; }
  void on_sweep(const SweepRecord& sweep);
  void on_alert(const AlertEvent& event);
  /// kind: "sweep", "alert", "change".
  void publish(std::string_view kind, const boost::json::object& data);

  /// A stream from now on, or behind `last_event_id`, or 503 and when to try again where no seat is free. With
  /// `changes` false an operator's doings are left out. The feed outlives the stream.
  Reply follow(const FeedSeats& seats, const std::string& last_event_id, bool changes);

 private:
  friend class FeedReader;
  struct Entry {
    std::uint64_t number;
    bool change;
    std::string frame;
  };
  static constexpr std::size_t most_entries = 2048, most_bytes = 4u << 20;
  static constexpr Millis kept_for = Seconds(120);  // behind the last reader: browsers ask again within seconds

  /// Somebody reads, or may be back in a moment.
  bool is_followed() const;
  /// An event that nobody will ask for.
  void pass_over();

  net::any_io_executor loop_;
  Wake wake_;
  std::string boot_;
  std::deque<Entry> ring_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
  std::size_t readers_ = 0;
  std::optional<MonoTime> left_;  ///< when the last reader has gone
};

}  // namespace readback
