#pragma once
// The same diagnosis over recorded reads (contract sections 1 and 6): lines in, one line an event out, and with
// verdicts one line a sweep. Streaming: of each target two sweeps are kept open, so that a line that comes a little
// late still finds its sweep, and a week of reads needs no more memory than that.
//
// Of a host in a fleet, outage, security, readiness and product open and end by what its hosts have agreed on. That is
// recorded beside the reads, and it counts when the configuration is that of a fleet's host; without one, or with one
// of a host alone, the recording is judged as a host alone would.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

  static constexpr std::size_t longest_line = std::size_t{64}
                                              << 20;  ///< bytes; of a longer one, only its length counts

  void line(std::string_view text);
  /// Judges what is still open. Call once, at the end.
  void finish();

  std::uint64_t lines() const { return lines_; }
  std::uint64_t bad_lines() const { return bad_lines_; }
  std::uint64_t sweeps() const { return sweeps_; }

 private:
  struct OpenSweep {
    std::uint64_t number = 0;
    WallTime at{};  ///< of its first read in time; of its checks only where it has nothing else
    std::vector<RawRead> reads;
    bool only_checks = true;
    std::string void_reason;  ///< as the daemon has marked it
  };
  struct Judged {
    std::uint64_t number = 0;
    WallTime at{};
  };
  struct Recording {             ///< of one target
    std::deque<OpenSweep> open;  ///< at most two, in the order in which they are judged
    std::deque<Judged> judged;   ///< the last few, to know a line that comes too late
    /// A recorded clock may step back; what has passed is added up, so that a step stops nothing.
    std::optional<Instant> last;
  };
  void judge_next(const std::string& target, Recording& recording);
  void judge(const std::string& target, OpenSweep sweep, Instant now);
  void agree(const std::string& target, const std::vector<RawRead>& votes, bool before_sweep, Instant now);
  void print(const Actions& actions);
  bool learn(const std::string& target, const RawRead& read);
  void print_verdict(const SweepRecord& record);
  void complain(const std::string& why);
  void complain_of_target(const std::string& target);

  ReplayOptions options_;
  Print print_;
  Complain complain_;
  Config config_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, Recording> recordings_;
  std::set<std::string> unknown_targets_;
  /// What each read of each target said last: a check that did not run in a sweep keeps its result.
  std::map<std::string, std::map<std::string, std::string>> words_;
  std::uint64_t lines_ = 0, bad_lines_ = 0, sweeps_ = 0;
};

}  // namespace readback
