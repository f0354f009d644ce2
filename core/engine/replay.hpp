#pragma once
// The same diagnosis over recorded reads (contract sections 1 and 6): lines in, one line an event out, and with
// verdicts one line a sweep. Streaming: a sweep is judged as soon as the first line of the next one of its target has
// come, so a week of reads needs no more memory than a sweep.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/model/raw_read.hpp"

namespace readback {

struct ReplayOptions {
  std::optional<Config> config;  ///< none: one target of the defaults for each name in the recording
  bool verdicts = false;
};

class Replay {
 public:
  /// Called with each line of output, without its line end.
  using Print = std::function<void(const std::string&)>;
  /// Called with what could not be used: the line's number (from 1) and why. Bad lines are left out, never fatal here.
  using Complain = std::function<void(std::uint64_t line, const std::string& why)>;

  Replay(ReplayOptions options, Print print, Complain complain);
  ~Replay();

  void line(std::string_view text);
  /// Judges what is still open. Call once, at the end.
  void finish();

  std::uint64_t lines() const { return lines_; }
  std::uint64_t bad_lines() const { return bad_lines_; }
  std::uint64_t sweeps() const { return sweeps_; }

 private:
  struct OpenSweep {
    std::uint64_t number = 0;
    WallTime at{};  ///< of its first read in time
    std::vector<RawRead> reads;
    bool any = false;
  };
  void judge(const std::string& target, OpenSweep sweep);
  bool learn(const std::string& target, const RawRead& read);
  void print_verdict(const SweepRecord& record);
  void complain(const std::string& why);

  ReplayOptions options_;
  Print print_;
  Complain complain_;
  Config config_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, OpenSweep> open_;
  std::map<std::string, WallTime> newest_;  ///< instant of each target's last sweep: a recorded clock may step back
  /// What each read of each target said last: a check that did not run in a sweep keeps its result.
  std::map<std::string, std::map<std::string, std::string>> words_;
  std::uint64_t lines_ = 0, bad_lines_ = 0, sweeps_ = 0;
};

}  // namespace readback
