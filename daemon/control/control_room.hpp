#pragma once
// Both ways in, put together: the control socket with its routes, and the read-only HTTP listener with the status page
// and the metrics. `daemon/app` makes one, opens it before the first sweep, and tells it of every sweep and alert.
//
//   ControlRoom room(executor, backend, boot_id);
//   if (auto opened = room.open(config.control, config.http); !opened) …
//   room.on_sweep(record); room.on_alert(event); room.on_ended();
//   room.close(); co_await room.join(Seconds(2));
#include <memory>
#include <string>
#include <vector>

#include "core/config/daemon.hpp"
#include "daemon/api/api.hpp"
#include "daemon/api/feed.hpp"
#include "daemon/api/history.hpp"
#include "daemon/http/listener.hpp"
#include "daemon/page/metrics.hpp"
#include "daemon/page/public_pages.hpp"

namespace readback {

class ControlRoom {
 public:
  /// `boot` is a text that no other life of this daemon uses (a UUID): event ids begin with it.
  ControlRoom(net::any_io_executor executor, ControlBackend& backend, std::string boot);

  /// Opens the socket, and the HTTP listener when one is set, and starts to answer.
  Result<void> open(const ControlConfig& control, const HttpConfig& http);

  void on_sweep(const SweepRecord& sweep);
  void on_alert(const AlertEvent& event);
  /// The store gets another incident that is over, or a new version of one: what is asked of it next shows it.
  void on_ended() { pages_.on_ended(); }
  /// After a reload: lanes and metrics of targets that are gone go too.
  void keep_only(const std::vector<std::string>& targets);

  /// Stops accepting and ends all sessions; `join` waits for that, false when it took longer.
  void close();
  net::awaitable<bool> join(Millis limit);

  /// Where the HTTP listener really listens ("127.0.0.1:9464"); "" when it is off.
  std::string http_address() const;
  Feed& feed() { return feed_; }

 private:
  void start(std::unique_ptr<Listener>& slot, BoundSocket socket, Handler& handler, const char* name);
  void warn(std::string text);

  net::any_io_executor executor_;
  ControlBackend& backend_;
  Feed feed_;
  History history_;
  Metrics metrics_;
  Api api_;
  PublicPages pages_;
  std::unique_ptr<Listener> control_, http_;
  TaskGroup tasks_;
};

}  // namespace readback
