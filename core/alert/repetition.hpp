#pragma once
// Saying it again to an Alertmanager, which forgets an alert that is not repeated (after five minutes by default): when
// each address of the cluster hears it next, and what was last told about its trouble.
#include <cstddef>
#include <string>
#include <vector>

#include "core/text/instant.hpp"

namespace readback {

class Repetition {
 public:
  /// What has ended is said again for this long.
  static constexpr Millis resolved_for = std::chrono::minutes(5);

  /// So many addresses, and all are due.
  void reset(std::size_t addresses);
  void note(std::size_t address, bool accepted, MonoTime now);

  /// Those that are to hear it now.
  std::vector<std::size_t> due(MonoTime now) const;
  /// When the next one is; `max()` when there is no address.
  MonoTime next() const;
  std::size_t addresses() const { return peers_.size(); }

  /// What the log is to be told of this address after such an answer (`text` is what it said): "" when nothing is new.
  /// To be asked before note().
  std::string news(std::size_t address, bool accepted, const std::string& text);

 private:
  struct Peer {
    MonoTime next = MonoTime::min();
    int failures = 0;
    std::string trouble;  // as it was last told
  };
  std::vector<Peer> peers_;
};

}  // namespace readback
