#pragma once
// Live events for `GET /v1/events` and the status page: a ring of the newest, so that a client that was away for a
// moment asks for what it missed with Last-Event-ID. Ids are "<boot>-<number>": after a restart, or when the ring has
// moved on, the client gets `reset` and reads the status anew.
#include <boost/json/object.hpp>
#include <deque>
#include <string>
#include <string_view>

#include "core/model/alert_event.hpp"
#include "core/model/record.hpp"
#include "daemon/http/exchange.hpp"
#include "daemon/runtime/wake.hpp"

namespace readback {

class Feed {
 public:
  /// `boot` tells one life of the daemon from the next.
  Feed(net::any_io_executor executor, std::string boot) : wake_(executor), boot_(std::move(boot)) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void on_sweep(const SweepRecord& sweep);
  void on_alert(const AlertEvent& event);
  /// kind: "sweep", "alert", "change".
  void publish(std::string_view kind, const boost::json::object& data);

  /// A stream from now on, or behind `last_event_id`. With `changes` false an operator's doings are left out.
  /// The feed outlives it.
  std::shared_ptr<BodySource> subscribe(std::string last_event_id, bool changes, Millis keep_alive);

 private:
  friend class FeedReader;
  struct Entry {
    std::uint64_t number;
    bool change;
    std::string frame;
  };
  static constexpr std::size_t most_entries = 2048, most_bytes = 4u << 20;

  Wake wake_;
  std::string boot_;
  std::deque<Entry> ring_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
};

}  // namespace readback
