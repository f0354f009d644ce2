// From an address to a text: which incident is meant, what of it is known, and who draws it.
#include "daemon/page/incident_pages.hpp"

#include <algorithm>

#include "core/evidence/report.hpp"
#include "core/model/loudness.hpp"
#include "core/text/time.hpp"
#include "daemon/api/ids.hpp"
#include "daemon/api/incidents.hpp"
#include "daemon/evidence/archive.hpp"
#include "daemon/page/incident_html.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr std::size_t on_a_page = 50, in_the_feed = 50;
constexpr Millis patience = Seconds(10);  // with a bundle that is unpacked and drawn

Reply refused(int status, std::string why) {
  Problem problem;
  problem.status = status;
  problem.detail = std::move(why);
  return problem_reply(problem);
}

Reply page_of(std::string html, const std::string& policy) {
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.headers = {{"Content-Security-Policy", policy},
                   {"Referrer-Policy", "no-referrer"},
                   {"X-Frame-Options", "DENY"},
                   {"Cross-Origin-Opener-Policy", "same-origin"},
                   {"Cross-Origin-Resource-Policy", "same-origin"}};
  reply.body = std::move(html);
  return reply;
}

std::string text_of(const Request& q, const char* name) {
  const std::string* given = q.parameter(name);
  return given ? *given : std::string();
}

/// From 1; what is no number is the first.
std::size_t page_number(const Request& q) {
  const std::string text = text_of(q, "page");
  std::string_view digits = text;
  const auto number = take_number(digits);
  return number && digits.empty() ? std::clamp<std::size_t>(static_cast<std::size_t>(*number), 1, 200) : 1;
}

std::optional<double> month_of(const std::vector<TargetHistory>& all, const std::string& target) {
  for (const auto& history : all)
    if (history.target == target)
      for (const auto& span : history.spans)
        if (span.name == "30d") return span.whole.uptime;
  return std::nullopt;
}

}  // namespace

bool IncidentPages::shows(const std::vector<std::string>& path) {
  if (path.empty()) return false;
  if (path.front() == "incidents") return path.size() < 3 || (path.size() == 3 && path[2] == "report");
  return path.size() == 1 && (path.front() == "feed.atom" || path.front() == "badge.svg");
}

net::awaitable<Reply> IncidentPages::answer(Request q) {
  Reply reply;
  if (q.path.front() == "feed.atom") {
    reply = co_await feed();
  } else if (q.path.front() == "badge.svg") {
    reply = co_await badge(std::move(q));
  } else if (q.path.size() == 1) {
    reply = co_await list(std::move(q));
  } else {
    std::string id = q.path[1];
    if (q.path.size() == 2)
      reply = co_await one(std::move(id));
    else
      reply = co_await report(std::move(id));
  }
  co_return reply;
}

net::awaitable<Reply> IncidentPages::list(Request q) {
  // An empty field of the form is one that was not filled in.
  std::erase_if(q.query, [](const auto& parameter) { return parameter.second.empty(); });
  const WallTime at = now().wall;
  IncidentsAsked asked = incidents_asked(q, at);
  if (asked.wrong) co_return problem_reply(*asked.wrong);
  IncidentListing listing;
  listing.text = text_of(q, "q"), listing.target = text_of(q, "target"), listing.boundary = text_of(q, "boundary");
  listing.state = text_of(q, "state"), listing.since = text_of(q, "since");
  listing.targets = backend_.targets();
  listing.page = page_number(q);
  const std::size_t begin = (listing.page - 1) * on_a_page;
  asked.query.most = begin + on_a_page + 1;
  auto all = co_await backend_.incidents(std::move(asked.query));
  listing.has_more = all.size() > begin + on_a_page;
  for (std::size_t i = begin; i < std::min(all.size(), begin + on_a_page); ++i)
    listing.found.push_back(std::move(all[i]));
  Reply reply = page_of(incidents_page(listing, at), incident_pages_policy());
  co_return reply;
}

net::awaitable<std::variant<IncidentRecord, Problem>> IncidentPages::find(std::string asked) {
  std::variant<IncidentRecord, Problem> out;
  std::string exact = asked;
  auto found = co_await backend_.incident(std::move(exact));
  if (!found) {
    const std::vector<std::string> all = co_await backend_.incident_ids();
    auto id = find_id(all, asked, "incident");
    if (auto* wrong = std::get_if<Problem>(&id)) {
      out = std::move(*wrong);
      co_return out;
    }
    exact = std::get<std::string>(id);
    found = co_await backend_.incident(std::move(exact));
  }
  if (found) {
    out = std::move(*found);
  } else {
    Problem gone;
    gone.status = 404;
    gone.detail = "there is no such incident any more";
    out = std::move(gone);
  }
  co_return out;
}

net::awaitable<Reply> IncidentPages::one(std::string id) {
  const auto found = co_await find(std::move(id));
  if (const auto* wrong = std::get_if<Problem>(&found)) co_return problem_reply(*wrong);
  Reply reply = page_of(incident_page(std::get<IncidentRecord>(found), now().wall), incident_pages_policy());
  co_return reply;
}

/// Of the public-safe form: nobody is asked here who they are.
net::awaitable<Reply> IncidentPages::report(std::string id) {
  const auto found = co_await find(std::move(id));
  if (const auto* wrong = std::get_if<Problem>(&found)) co_return problem_reply(*wrong);
  std::string snapshot = std::get<IncidentRecord>(found).evidence.snapshot;
  if (snapshot.empty()) co_return refused(404, "no evidence was sealed of this incident");
  auto bundle = co_await backend_.bundle(std::move(snapshot), BundleForm::public_safe);
  if (!bundle) co_return refused(404, "the evidence of this incident is gone");
  std::function<Result<std::string>()> work = [bytes = std::move(bundle->bytes)]() -> Result<std::string> {
    const auto files = unpack(bytes);
    if (!files) return files.failure();
    return render_report(*files, {});
  };
  auto drawn = co_await reports_.within(patience, "", std::move(work));
  if (!drawn) co_return refused(503, "the report takes too long to draw");
  if (!*drawn) co_return refused(404, (*drawn).error());
  Reply reply = page_of(
      *std::move(*drawn),
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  co_return reply;
}

net::awaitable<Reply> IncidentPages::feed() {
  IncidentQuery every;
  every.most = in_the_feed;
  auto all = co_await backend_.incidents(std::move(every));
  std::erase_if(all, [](const IncidentRecord& i) { return spell_of(i).follows; });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.opened_at > b.opened_at; });
  if (all.size() > in_the_feed) all.resize(in_the_feed);
  const DaemonView daemon = backend_.view().daemon;
  Reply reply;
  reply.content_type = "application/atom+xml; charset=utf-8";
  reply.body = atom_feed(all, {daemon.host, daemon.environment, daemon.started_at});
  co_return reply;
}

net::awaitable<Reply> IncidentPages::badge(Request q) {
  const std::string target = text_of(q, "target");
  std::string label = target, word;
  std::optional<double> uptime;
  if (target.empty()) {
    const View view = backend_.view();
    label = view.daemon.environment.empty() ? "readback" : view.daemon.environment;
    word = loudness_of(view).word;
  } else {
    const auto known = backend_.target(target);
    if (!known) co_return refused(404, "there is no target " + target.substr(0, 128));
    word = loudness_of(*known).word;
    const auto bars = co_await backend_.bars();
    uptime = month_of(*bars, target);
  }
  Reply reply;
  reply.content_type = "image/svg+xml";
  reply.headers = {{"Cache-Control", "no-cache"}, {"Content-Security-Policy", "default-src 'none'"}};
  reply.body = badge_svg(label, word, uptime);
  co_return reply;
}

}  // namespace readback
