// The sketch against the values themselves: every quantile within 5 %, and two halves are the whole.
#include "core/history/sketch.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

using namespace readback;

TEST_CASE("a quantile is within 5 % of the value that is really there, from microseconds to minutes") {
  std::mt19937 random(7);
  std::lognormal_distribution<double> spread(9, 2.5);
  std::vector<std::int64_t> values;
  LatencySketch sketch;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::clamp<std::int64_t>(std::llround(spread(random)), 1, 3'600'000'000);
    values.push_back(value);
    sketch.add(value);
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(share);
    const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(share * 20'000)));
    const auto there = static_cast<double>(values[rank - 1]);
    const auto told = sketch.quantile(share);
    REQUIRE(told);
    CHECK(std::abs(*told - there) <= 0.05 * there);
  }
  CHECK(sketch.count() == 20'000);
  CHECK(sketch.buckets().size() <= 232);
}

TEST_CASE("two sketches add up to the one that has seen both") {
  LatencySketch one, two, both;
  for (std::int64_t v = 1; v < 5'000'000; v = v * 3 / 2 + 1) {
    (v % 2 ? one : two).add(v);
    both.add(v);
  }
  one.add(two);
  CHECK(one == both);
  CHECK(LatencySketch(both.buckets()) == both);
}

TEST_CASE("nothing was counted, and what is out of range") {
  LatencySketch sketch;
  CHECK_FALSE(sketch.quantile(0.5));
  sketch.add(-5);
  CHECK(*sketch.quantile(0.5) == doctest::Approx(1).epsilon(0.05));
  sketch.add(std::int64_t{1} << 60);
  CHECK(*sketch.quantile(1) == doctest::Approx(3'600'000'000.0).epsilon(0.05));
  CHECK(LatencySketch({{60'000, 3}, {4, 0}}) == LatencySketch{});
}
