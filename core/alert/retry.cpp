// The answer table of the header, row by row, and the arithmetic of waiting.
#include "core/alert/retry.hpp"

#include <algorithm>
#include <charconv>

#include "core/text/time.hpp"

namespace readback {
namespace {

constexpr Millis longest_wait = Seconds(60);
constexpr Millis shortest_wait{100};      // full jitter may draw 0: never a busy loop
constexpr std::size_t large_body = 8192;  // a 400 below that is not about the size

}  // namespace

bool is_temporary(int status) {
  return status == 0 || status == 408 || status == 425 || status == 429 || status >= 500 || status < 200;
}

Millis lifetime(EventKind kind) {
  switch (kind) {
    case EventKind::reminder:
    case EventKind::silence_begins:
    case EventKind::silence_ends: return std::chrono::hours(1);
    case EventKind::test: return std::chrono::minutes(10);
    case EventKind::firing:
    case EventKind::escalated:
    case EventKind::acknowledged:
    case EventKind::intermittent:
    case EventKind::recovered:
    case EventKind::relapsed:
    case EventKind::resolved: return Millis{0};
  }
  return Millis{0};
}

Millis backoff_limit(int number) {
  if (number >= 7) return longest_wait;
  return std::min<Millis>(longest_wait, Seconds(1 << std::max(0, number - 1)));
}

std::string status_text(int status) {
  struct Phrase {
    int status;
    const char* text;
  };
  static constexpr Phrase phrases[] = {{200, "OK"},
                                       {201, "Created"},
                                       {202, "Accepted"},
                                       {204, "No Content"},
                                       {301, "Moved Permanently"},
                                       {302, "Found"},
                                       {303, "See Other"},
                                       {307, "Temporary Redirect"},
                                       {308, "Permanent Redirect"},
                                       {400, "Bad Request"},
                                       {401, "Unauthorized"},
                                       {403, "Forbidden"},
                                       {404, "Not Found"},
                                       {405, "Method Not Allowed"},
                                       {408, "Request Timeout"},
                                       {409, "Conflict"},
                                       {410, "Gone"},
                                       {413, "Content Too Large"},
                                       {415, "Unsupported Media Type"},
                                       {422, "Unprocessable Content"},
                                       {425, "Too Early"},
                                       {429, "Too Many Requests"},
                                       {500, "Internal Server Error"},
                                       {501, "Not Implemented"},
                                       {502, "Bad Gateway"},
                                       {503, "Service Unavailable"},
                                       {504, "Gateway Timeout"}};
  for (const auto& phrase : phrases)
    if (phrase.status == status) return std::to_string(status) + " " + phrase.text;
  return std::to_string(status);
}

Decision decide(const Attempt& a) {
  using What = Decision::What;
  Decision d;
  d.text = a.status ? status_text(a.status) : a.detail;
  if (a.status >= 200 && a.status < 300) {
    d.what = What::delivered;
    return d;
  }
  if (a.status == 410) {
    d.what = What::sink_off;
    return d;
  }
  const bool about_size = a.status == 413 || (a.status == 400 && a.body_size > large_body);
  if (about_size && !a.was_minimal && a.minimal_size > 0 && a.minimal_size < a.body_size) {
    d.what = What::again_minimal;
    return d;
  }
  if (!is_temporary(a.status)) {
    d.what = What::dead;
    return d;
  }
  if (const auto life = lifetime(a.kind); life > Millis{0} && a.age >= life) {
    d.what = What::expired;
    return d;
  }
  d.what = What::again;
  const auto jittered =
      Millis(static_cast<std::int64_t>(a.random * static_cast<double>(backoff_limit(a.number).count())));
  d.wait = std::max(shortest_wait, jittered);
  // A pause of zero, or one that is over, is none: without the backoff it would be a busy loop.
  if (const auto asked = parse_retry_after(a.retry_after, a.now); asked && *asked > Millis{0}) {
    d.wait = std::min(*asked, longest_retry_after);
    d.whole_sink = true;
  }
  return d;
}

}  // namespace readback
