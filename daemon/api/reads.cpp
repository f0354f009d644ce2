// /v1/reads and /v1/events: the two answers without an end known beforehand, what was read and what happens.
#include <stdexcept>

#include "core/text/time.hpp"
#include "daemon/api/answers.hpp"
#include "daemon/api/feed.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback::routes {

namespace {

class ReadsSource : public BodySource {
 public:
  ReadsSource(ControlBackend& backend, ReadsQuery query, ReadsPage first)
      : backend_(backend), query_(std::move(query)), page_(std::move(first)) {}
  net::awaitable<std::string> next() override {
    while (page_.lines.empty() && !page_.end) {
      query_.cursor = page_.next;
      ReadsQuery query = query_;
      auto page = co_await backend_.reads(std::move(query));
      if (!page) throw std::runtime_error("reads: " + page.error());  // cuts the answer: it is not whole
      page_ = std::move(*page);
    }
    std::string out = std::move(page_.lines);
    page_.lines.clear();
    co_return out;
  }

 private:
  ControlBackend& backend_;
  ReadsQuery query_;
  ReadsPage page_;
};

}  // namespace

net::awaitable<Reply> reads(Desk& desk, Request q, std::string) {
  ReadsQuery query;
  const WallTime at = now().wall;
  query.since = at - std::chrono::hours(24);
  if (const std::string* since = q.parameter("since")) {
    const auto from = time_or_span(*since, at);
    if (!from)
      co_return problem_reply(
          problem(422, "since is a time such as 2026-11-23T03:00:00Z or a span such as 24h", "since"));
    query.since = *from;
  }
  if (const std::string* until = q.parameter("until")) {
    query.until = parse_rfc3339(*until);
    if (!query.until) co_return problem_reply(problem(422, "until is a time such as 2026-11-23T03:00:00Z", "until"));
  }
  if (const std::string* only = q.parameter("target")) {
    if (auto unknown = unknown_target(desk.backend, *only, 404)) co_return std::move(*unknown);
    query.target = *only;
  }
  ReadsQuery first = query;
  auto page = co_await desk.backend.reads(std::move(first));
  if (!page) co_return problem_reply(problem(503, page.error()));
  Reply reply;
  reply.content_type = "application/jsonl";
  reply.source = std::make_shared<ReadsSource>(desk.backend, std::move(query), std::move(*page));
  co_return reply;
}

net::awaitable<Reply> events(Desk& desk, Request q, std::string) {
  co_return desk.feed.follow(desk.seats, q.last_event_id, true);
}

}  // namespace readback::routes
