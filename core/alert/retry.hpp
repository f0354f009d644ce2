#pragma once
// What an answer of a receiver means (contract section 3, the answer table), as one pure function.
//
//   2xx                                    delivered
//   408, 425, 429, 5xx, no answer at all   again: 1, 2, 4 … 60 s with full jitter; Retry-After wins, at most 5 min
//   413, or 400 on a large body            once more with the minimal body
//   410                                    the sink is off until a reload
//   3xx, other 4xx                         parked: nobody will accept this later either
//
// A page or a resolve never expires. A reminder and what is told of a silence are old news after an hour, a test after
// ten minutes.
#include <optional>
#include <string>
#include <string_view>

#include "core/model/alert_event.hpp"
#include "core/text/instant.hpp"
#include "core/text/time.hpp"

namespace readback {

struct Attempt {
  EventKind kind = EventKind::firing;
  Millis age{0};                 ///< since the event
  int number = 1;                ///< this attempt, counted from 1
  int status = 0;                ///< HTTP status; 0: no answer (connection, TLS, DNS, timeout)
  std::string detail;            ///< what happened when there was no answer
  std::string retry_after;       ///< the header's value; "" when absent
  WallTime now{};                ///< to read a date in Retry-After
  bool was_minimal = false;      ///< the minimal body was sent
  std::size_t body_size = 0;     ///< of what was sent
  std::size_t minimal_size = 0;  ///< 0: there is no smaller one
  double random = 0.5;           ///< in [0, 1), for the jitter
};

struct Decision {
  enum class What { delivered, again, again_minimal, sink_off, dead, expired } what = What::delivered;
  Millis wait{0};  ///< until the next attempt; of `again`
  /// The receiver asked for a pause: nothing is sent to it meanwhile, whichever incident it is about.
  bool whole_sink = false;
  std::string text;  ///< "503 Service Unavailable", "connection refused"
};

Decision decide(const Attempt& attempt);

/// No answer (0), or one that may be another tomorrow.
bool is_temporary(int status);

/// An event that waits this long is not worth sending any more; 0: it always is.
Millis lifetime(EventKind kind);

/// The upper end of the wait before attempt `number + 1`: 1 s, 2 s, 4 s … 60 s.
Millis backoff_limit(int number);

/// "503 Service Unavailable"; the number alone when the registry has no phrase.
std::string status_text(int status);

}  // namespace readback
