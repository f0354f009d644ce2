// Few addresses. Whatever is asked for, the checks come in one order: the host, the address, the method.
#include "daemon/page/public_pages.hpp"

#include "core/model/loudness.hpp"
#include "core/text/url.hpp"
#include "core/text/utf8.hpp"
#include "daemon/page/status_page.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

std::string not_ready(const View& view) {
  std::string out;
  for (const auto& impairment : impairments(view.daemon)) out += impairment + "\n";
  return out;
}

/// Those that ended last. Retention takes some away without a word, so nothing is remembered for ever.
net::awaitable<std::vector<IncidentRecord>> PublicPages::lately() {
  if (lately_ && now().mono < lately_->until) co_return lately_->incidents;
  IncidentQuery resolved;
  resolved.state = IncidentState::resolved;
  resolved.most = 50;  // a few of them are shown: those that somebody was paged for
  const auto asked = ended_;
  auto found = co_await backend_.incidents(std::move(resolved));
  if (asked == ended_) lately_ = Ended{found, now().mono + std::chrono::hours(1)};
  co_return found;
}

net::awaitable<Reply> PublicPages::page(PageQuery query) {
  auto ended = co_await lately();
  const auto kept = co_await backend_.bars();
  View view = backend_.view();
  std::move(ended.begin(), ended.end(), std::back_inserter(view.engine.incidents));
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.headers.emplace_back("Content-Security-Policy", status_page_policy());
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  reply.headers.emplace_back("X-Frame-Options", "DENY");
  reply.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  reply.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  reply.body = status_page(view, history_, *kept, query);
  co_return reply;
}

net::awaitable<Reply> PublicPages::answer(Request q) {
  Problem problem;
  Reply reply;
  const std::string path = q.path.empty() ? "" : q.path.size() == 1 ? q.path.front() : "?";
  const bool known = path.empty() || path == "metrics" || path == "healthz" || path == "readyz" || path == "events" ||
                     IncidentPages::shows(q.path);
  // A browser that was led here by a strange name always says that name; probes that speak HTTP/1.0 say none.
  if (guard_host_ && !q.host.empty() && !is_loopback_host(q.host)) {
    problem.status = 421;
    problem.detail = "this listener is bound to loopback and answers to loopback names only";
    reply = problem_reply(problem);
  } else if (!known) {
    problem.status = 404;
    problem.detail = "there are /, /incidents, /feed.atom, /badge.svg, /metrics, /healthz, /readyz and /events";
    reply = problem_reply(problem);
  } else if (q.method != "GET") {
    problem.status = 405;
    problem.detail = "this listener only shows; it takes GET and HEAD";
    reply = problem_reply(problem);
    reply.headers.emplace_back("Allow", "GET, HEAD");
  } else if (path == "metrics") {
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = metrics_.text(backend_.view(), true);
  } else if (path == "healthz") {
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = "ok\n";
  } else if (path == "readyz") {
    reply.content_type = "text/plain; charset=utf-8";
    const std::string missing = not_ready(backend_.view());
    reply.status = missing.empty() ? 200 : 503;
    reply.body = missing.empty() ? "ready\n" : missing;
  } else if (path == "events") {
    reply = feed_.follow(seats_, q.last_event_id, false);
  } else if (IncidentPages::shows(q.path)) {
    reply = co_await incidents_.answer(std::move(q));
  } else {
    PageQuery query;
    for (const auto& [name, field] : {std::pair{"q", &PageQuery::text}, {"target", &PageQuery::target}})
      if (const auto* asked = q.parameter(name)) query.*field = cut_characters(clean_utf8(*asked), 200);
    reply = co_await page(std::move(query));
  }
  co_return reply;
}

}  // namespace readback
