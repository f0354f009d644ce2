#pragma once
// How long many answers took, in few bytes: counts in buckets that grow by a tenth each, as in DDSketch. Two of them
// add up to the one that would have seen both, so that hours make days, and months without their answers. Any quantile
// comes out within 5 % of a value that was really seen (of 1 µs to an hour), however many there were.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace readback {

class LatencySketch {
 public:
  using Bucket = std::pair<std::uint16_t, std::uint64_t>;  ///< its number, and how many fell into it

  LatencySketch() = default;
  /// What buckets() gave, in any order. Those that can be no bucket are left out.
  explicit LatencySketch(const std::vector<Bucket>& kept);

  /// In microseconds; what is shorter than one, or longer than an hour, counts as that.
  void add(std::int64_t micros);
  void add(const LatencySketch& other);
  /// The value that this share (0 to 1) of all is not above, in microseconds; nothing when nothing was counted.
  std::optional<double> quantile(double share) const;
  std::uint64_t count() const;
  const std::vector<Bucket>& buckets() const { return buckets_; }  ///< by number, none of them empty
  friend bool operator==(const LatencySketch&, const LatencySketch&) = default;

 private:
  void add(std::uint16_t number, std::uint64_t count);
  std::vector<Bucket> buckets_;
};

}  // namespace readback
