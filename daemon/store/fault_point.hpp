#pragma once
// Places where a test may end the daemon as kill -9 would. `READBACK_FAULT=after_send` ends it the first time it comes
// by, `READBACK_FAULT=after_send:3` the third time. Only builds with tests have them (READBACK_FAULT_POINTS).
//
// The steps of the outbox, in order: before_commit, in_commit, after_commit, before_send, after_send, before_mark,
// after_mark.
#ifdef READBACK_FAULT_POINTS
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string_view>
#endif

namespace readback {

#ifdef READBACK_FAULT_POINTS
inline void fault_point(std::string_view name) {
  static const char* const wanted = std::getenv("READBACK_FAULT");
  if (!wanted) return;
  std::string_view text(wanted);
  int nth = 1;
  if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), nth);
    text = text.substr(0, colon);
  }
  static std::atomic<int> seen{0};
  if (text == name && ++seen == nth) _exit(137);
}
#else
inline void fault_point(const char*) {}
#endif

}  // namespace readback
