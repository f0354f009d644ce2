#pragma once
// The metrics of contract section 7, in the Prometheus text format. What adds up over time (durations, sealed
// snapshots) is kept here; everything else is read from the published view at the scrape, so a metric can never say
// something else than `readback status`.
#include <array>
#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/client_metric.h>

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
  /// In seconds, the upper end of each but the last: from a loopback connect (0.1 ms) to the longest time-out that
  /// makes sense.
  static constexpr std::array buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                      0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
  /// The library's own histogram takes six times as much memory, and thousands of targets have a dozen each.
  struct Histogram {
    std::string_view phase;  ///< a literal
    std::array<std::uint32_t, buckets.size() + 1> counts{};
    double sum = 0;

    void observe(double seconds);
    prometheus::ClientMetric collected() const;
  };
  using Histograms = std::vector<Histogram>;  ///< of the phases that happened, by name
  static Histogram& of(Histograms& histograms, std::string_view phase);

  std::map<std::string, boost::container::flat_map<std::string, Histograms>>
      durations_;  ///< by target, and then by read
  std::map<std::string, std::uint64_t> last_checks_;
  std::uint64_t snapshots_seen_ = 0, snapshots_total_ = 0;
};

}  // namespace readback
