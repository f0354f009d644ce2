// Bucket n holds what is above 1.1^(n-1) and not above 1.1^n, and answers with the value between that is at most one
// part in 21 away from both ends.
#include "core/history/sketch.hpp"

#include <algorithm>
#include <cmath>

namespace readback {
namespace {

constexpr double growth = 1.1;
constexpr std::int64_t longest = std::int64_t{3'600'000'000};
constexpr std::uint16_t last_bucket = 231;  // ceil(log(longest) / log(growth))

std::uint16_t bucket_of(std::int64_t micros) {
  static const double scale = 1 / std::log(growth);
  const auto within = static_cast<double>(std::clamp<std::int64_t>(micros, 1, longest));
  return static_cast<std::uint16_t>(std::ceil(std::log(within) * scale));
}

double value_of(std::uint16_t bucket) { return 2 * std::pow(growth, bucket) / (growth + 1); }

}  // namespace

LatencySketch::LatencySketch(const std::vector<Bucket>& kept) {
  for (const auto& [number, count] : kept)
    if (number <= last_bucket && count > 0) add(number, count);
}

void LatencySketch::add(std::uint16_t number, std::uint64_t count) {
  const auto place = std::lower_bound(buckets_.begin(), buckets_.end(), Bucket{number, 0});
  if (place != buckets_.end() && place->first == number)
    place->second += count;
  else
    buckets_.insert(place, {number, count});
}

void LatencySketch::add(std::int64_t micros) { add(bucket_of(micros), 1); }

void LatencySketch::add(const LatencySketch& other) {
  for (const auto& [number, count] : other.buckets_) add(number, count);
}

std::uint64_t LatencySketch::count() const {
  std::uint64_t all = 0;
  for (const auto& [number, count] : buckets_) all += count;
  return all;
}

std::optional<double> LatencySketch::quantile(double share) const {
  const auto all = static_cast<double>(count());
  if (all == 0) return std::nullopt;
  const double rank = std::max(1.0, std::ceil(std::clamp(share, 0.0, 1.0) * all));
  double seen = 0;
  for (const auto& [number, count] : buckets_) {
    seen += static_cast<double>(count);
    if (seen >= rank) return value_of(number);
  }
  return value_of(buckets_.back().first);
}

}  // namespace readback
