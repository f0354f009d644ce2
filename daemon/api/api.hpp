#pragma once
// The routes of the control socket (contract section 4; packaging/openapi/readback.json) behind one Handler: it finds
// the route, and says what there is when there is none. What each route does stands with its resource (routes.hpp).
#include "daemon/api/feed.hpp"
#include "daemon/api/routes.hpp"
#include "daemon/http/exchange.hpp"
#include "daemon/runtime/aside.hpp"

namespace readback {

class Api : public Handler {
 public:
  /// All three outlive it.
  Api(ControlBackend& backend, Feed& feed, const History& history)
      : files_(feed.loop(), most_pulls), desk_{backend, feed, history, seats_, files_} {}
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  net::awaitable<Reply> answer(Request request) override;

 private:
  /// Half of the places: who may open this socket may also acknowledge and resolve, and must get a word in.
  static constexpr std::size_t most_event_readers = 32;
  static constexpr std::size_t most_pulls = 4;  ///< snapshots that are read at the same moment
  FeedSeats seats_{most_event_readers};
  Aside files_;
  Desk desk_;
};

}  // namespace readback
