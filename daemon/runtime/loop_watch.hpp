#pragma once
// What holds the loop. Everything of the daemon but the workers' jobs runs in one thread, so a step that takes long
// delays every sweep and every page. The steps that could are marked where they stand; the heartbeat, which sees that
// the loop came late, asks here whose doing it was. When none of ours was, the process did not get to run: the machine
// was busy, or had stopped us.
//
//   const LoopWatch::Step step(watch, "a reload");   // until the end of the block, which has no co_await
#include <optional>
#include <string>
#include <string_view>

#include "core/model/say.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

class LoopWatch {
 public:
  class Step {
   public:
    /// The watch outlives it, and so does the text.
    Step(LoopWatch& watch, std::string_view what) : watch_(watch), what_(what), began_(now().mono) {}
    ~Step() { watch_.ended(what_, now().mono - began_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    LoopWatch& watch_;
    const std::string_view what_;
    const MonoTime began_;
  };

  /// The heartbeat came so late. What the log is told: about more than 100 ms, at most once a minute, with how often it
  /// happened since.
  std::optional<Say> late(Millis by, MonoTime at);

 private:
  void ended(std::string_view what, Millis took);

  std::string longest_;  ///< since the last heartbeat
  Millis took_{0};
  std::optional<MonoTime> told_at_;
  unsigned untold_ = 0;
};

}  // namespace readback
