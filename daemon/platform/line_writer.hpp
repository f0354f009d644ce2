#pragma once
// Lines on their way out of the process: a queue in memory, and a thread that takes them out of it. Whoever reads our
// stderr or our journal may stop doing so at any time; then the thread waits, the queue fills, and its oldest lines are
// dropped and counted. Whoever has a line to tell never waits, and neither does a stop for longer than it says.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/text/instant.hpp"

namespace readback {

class LineWriter {
 public:
  enum class To { standard_error, journal };
  /// For stderr a text without its line end; for the journal its fields, separated by '\x1f'.
  struct Line {
    To to = To::standard_error;
    std::string text;
  };
  /// Makes the line that tells of `lost` dropped ones, in the form of the line that comes behind them. Called on the
  /// writer's thread.
  using LostNotice = std::function<Line(std::uint64_t lost, const Line& next)>;

  /// Keeps at most `most` lines. Throws std::system_error when its thread cannot be made.
  LineWriter(std::size_t most, LostNotice notice);
  /// As close(), without waiting.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Never waits for a reader. From any thread.
  void put(Line line);
  /// Lines that were dropped since the start, told or not.
  std::uint64_t lost() const;
  /// Lets what waits be written for at most `limit`; what is left then is never written. True when nothing was left.
  bool close(Millis limit);

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);
  /// Shared with the thread: one that hangs in write(2) cannot be joined, and is left behind.
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace readback
