#pragma once
// What the read-only HTTP listener answers: the status page, /metrics, /healthz, /readyz, the live events of the page,
// and the incidents (incident_pages.hpp). GET and HEAD only, nothing can be changed here, and nobody is asked who they
// are; so nothing stands here that is not on a page anyway: no bodies, no headers, no operators' names.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/backend.hpp"
#include "daemon/api/feed.hpp"
#include "daemon/api/history.hpp"
#include "daemon/http/exchange.hpp"
#include "daemon/page/incident_pages.hpp"
#include "daemon/page/metrics.hpp"
#include "daemon/page/page_query.hpp"

namespace readback {

class PublicPages : public Handler {
 public:
  /// All four outlive it.
  PublicPages(ControlBackend& backend, Feed& feed, const History& history, Metrics& metrics)
      : backend_(backend), feed_(feed), history_(history), metrics_(metrics), incidents_(backend, feed.loop()) {}
  net::awaitable<Reply> answer(Request request) override;

  /// Of the listener's 64 places; the others are kept for /metrics, /healthz, /readyz and the page.
  static constexpr std::size_t most_event_readers = 16;

  /// Bound to loopback, only requests for loopback names are answered: a web page elsewhere whose name was pointed at
  /// 127.0.0.1 (DNS rebinding) learns nothing.
  void guard_host(bool on) { guard_host_ = on; }

  /// An incident is over, or something was added to one that is: the next page asks for them again.
  void on_ended() {
    ++ended_;
    lately_.reset();
  }

 private:
  net::awaitable<Reply> page(PageQuery query);
  net::awaitable<std::vector<IncidentRecord>> lately();
  ControlBackend& backend_;
  Feed& feed_;
  const History& history_;
  Metrics& metrics_;
  IncidentPages incidents_;
  FeedSeats seats_{most_event_readers, std::chrono::hours(1)};
  bool guard_host_ = true;

  struct Ended {
    std::vector<IncidentRecord> incidents;
    MonoTime until;
  };
  std::optional<Ended> lately_;  ///< what was shown last, so that a page that is drawn again does not read the store
  std::uint64_t ended_ = 0;
};

/// Every target was swept once and the store takes writes; else what is missing, a line each.
std::string not_ready(const View& view);

}  // namespace readback
