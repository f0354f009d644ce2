#pragma once
// The metrics of contract section 7, in the Prometheus text format. What adds up over time (durations, sealed
// snapshots) is kept here; everything else is read from the published view at the scrape, so a metric can never say
// something else than `readback status`.
#include <map>
#include <memory>
#include <string>

#include <prometheus/histogram.h>

#include "core/model/record.hpp"
#include "core/model/view.hpp"

namespace readback {

class Metrics {
 public:
  void on_sweep(const SweepRecord& sweep);
  /// Forgets the reads of targets that are gone: after a reload.
  void keep_only(const std::vector<std::string>& targets);
  /// The whole page. `process` adds process_*, read from /proc/self.
  std::string text(const View& view, bool process);

 private:
  struct Key {
    std::string target, read, phase;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  prometheus::Histogram& durations(const std::string& target, const std::string& read, const char* phase);
  std::map<Key, std::unique_ptr<prometheus::Histogram>> durations_;
  std::map<std::string, std::uint64_t> last_checks_;
  std::uint64_t snapshots_seen_ = 0, snapshots_total_ = 0;
};

}  // namespace readback
