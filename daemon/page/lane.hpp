#pragma once
// The newest sweeps of a target as a picture: sixty places in a row, each as bad as the worst sweep in it. High is bad:
// a green place is a low bar, a warning a higher one, what is bad a full one; a place without a bar had no sweep.
#include <optional>
#include <string>

#include "daemon/api/history.hpp"

namespace readback {

/// How a target's sweeps are laid out in time; its lanes share one scale.
class LaneScale {
 public:
  /// Outlives neither the history nor the next sweep.
  LaneScale(const History& history, const std::string& target);

  bool empty() const { return !lanes_ || lanes_->sweeps.empty(); }
  WallTime begin() const { return lanes_->sweeps.front().at; }
  /// The lane of the verdict as an SVG, named for who does not see it: "fabric: 20 sweeps since 03:00:00Z, 2 bad".
  std::string verdict_html(const std::string& target) const;
  /// The lane of one read, by its name; "" when no sweep has it.
  std::string read_html(const std::string& read) const;

 private:
  template <class KindOf>
  std::string picture(const std::string& label, const KindOf& kind_of_sweep) const;

  const History& history_;
  const History::Lanes* lanes_ = nullptr;
  WallTime end_{};
  Millis usual_{30'000};  ///< from one sweep to the next
  Millis place_{30'000};  ///< the time that one of the sixty stands for
};

}  // namespace readback
