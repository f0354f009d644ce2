// One row a mood.
#include "tests/sim/receivers.hpp"

namespace readback::sim {
namespace {

Reply answered(int status, Millis after, const char* retry_after = "") {
  Reply r;
  r.answer.status = status;
  r.answer.retry_after = retry_after;
  r.after = after;
  r.has_it = status >= 200 && status < 300;
  r.refuses = !r.has_it && status != 408 && status != 425 && status != 429 && status < 500;
  return r;
}

Reply silence(const char* why, Millis after, bool has_it) {
  Reply r;
  r.answer.detail = why;
  r.after = after;
  r.has_it = has_it;
  return r;
}

}  // namespace

Reply nobody(const char* why, Millis after) {
  Reply r = silence(why, after, false);
  r.answer.was_written = false;
  return r;
}

Reply Receiver::ask(Millis latency) {
  ++asked;
  switch (mood) {
    case Mood::takes: return answered(asked % 2 ? 204 : 202, latency);
    case Mood::refuses_connections: return nobody("connection refused", latency);
    case Mood::never_answers: return silence("no answer within 10s", Seconds(10), false);
    case Mood::takes_and_dies: return silence("connection reset by peer", latency, true);
    case Mood::says_500: return answered(500, latency);
    case Mood::says_503_soon: return answered(503, latency, "7");
    case Mood::says_429_late: return answered(429, latency, "99999999");
    case Mood::says_429_long_ago: return answered(429, latency, "Wed, 21 Oct 2015 07:28:00 GMT");
    case Mood::says_408: return answered(408, latency);
    case Mood::says_413: return answered(413, latency);
    case Mood::says_400: return answered(400, latency);
    case Mood::says_404: return answered(404, latency);
    case Mood::says_302: return answered(302, latency);
    case Mood::says_410: return answered(410, latency);
    case Mood::takes_every_other: return answered(asked % 2 ? 500 : 200, latency);
    case Mood::slow: return answered(200, Seconds(8));
  }
  return answered(200, latency);
}

}  // namespace readback::sim
