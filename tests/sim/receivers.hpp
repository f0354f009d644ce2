#pragma once
// Receivers of alerts: each address has a mood, which is what it answers (every row of the contract's table), and a
// memory of what arrived.
#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/alert/outbox.hpp"
#include "core/text/instant.hpp"

namespace readback::sim {

enum class Mood {
  takes,
  refuses_connections,
  never_answers,
  takes_and_dies,  ///< it has the alert, and its answer is lost
  says_500,
  says_503_soon,
  says_429_late,
  says_429_long_ago,
  says_408,
  says_413,
  says_400,
  says_404,
  says_302,
  says_410,
  takes_every_other,
  slow,
  last = slow
};
inline constexpr std::array mood_words = {"takes all",
                                          "refuses connections",
                                          "accepts and never answers",
                                          "takes what it gets and dies before it answers",
                                          "answers 500",
                                          "answers 503 with Retry-After: 7",
                                          "answers 429 with Retry-After: 99999999",
                                          "answers 429 with a Retry-After of long ago",
                                          "answers 408",
                                          "answers 413",
                                          "answers 400",
                                          "answers 404",
                                          "answers 302",
                                          "answers 410",
                                          "takes every other alert and answers 500 to the rest",
                                          "answers after 8 seconds"};

/// What one address makes of one request.
struct Reply {
  SinkAnswer answer;
  Millis after{0};
  bool has_it = false;   ///< it knows of the alert now, whatever it answered
  bool refuses = false;  ///< for good
};

/// No connection was made.
Reply nobody(const char* why, Millis after);

struct Receiver {
  Mood mood = Mood::takes;
  Millis changed{-1'000'000};  ///< when its mood did
  std::uint64_t asked = 0;
  Millis holds_off{0};  ///< until then it has asked to be left alone
  Reply ask(Millis latency);
};

}  // namespace readback::sim
