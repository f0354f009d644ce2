// The longest step since the last heartbeat stands for all of them: what is late by many short steps is a busy loop,
// and shows as such.
#include "daemon/runtime/loop_watch.hpp"

#include <utility>

namespace readback {
namespace {

constexpr Millis worth_a_word(100);
constexpr Millis between_words = Seconds(60);

}  // namespace

void LoopWatch::ended(std::string_view what, Millis took) {
  if (took <= took_) return;
  longest_ = what;
  took_ = took;
}

std::optional<Say> LoopWatch::late(Millis by, MonoTime at) {
  const std::string what = std::exchange(longest_, "");
  const Millis took = std::exchange(took_, Millis(0));
  if (by <= worth_a_word) return std::nullopt;
  if (told_at_ && at - *told_at_ < between_words) {
    ++untold_;
    return std::nullopt;
  }
  told_at_ = at;
  Say line;
  line.kind = "loop.held";
  if (took * 2 > by) {
    line.level = Say::Level::warning;
    line.text = what + " held the loop for " + std::to_string(took.count()) + " ms";
  } else {
    line.text = "the loop came " + std::to_string(by.count()) +
                " ms late, and no step of ours took that long: this host is busy";
  }
  if (const auto others = std::exchange(untold_, 0); others > 0)
    line.text += "; it was late " + std::to_string(others) + " more times since this was told last";
  return line;
}

}  // namespace readback
