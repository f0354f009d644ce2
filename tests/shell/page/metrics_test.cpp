// What adds up over time, as a scrape shows it.
#include "daemon/page/metrics.hpp"

#include <doctest/doctest.h>

using namespace readback;

namespace {

SweepRecord sweep_of(const std::string& target, std::int64_t connect_us, std::int64_t total_us) {
  SweepRecord sweep;
  sweep.target = target;
  auto& raw = sweep.reads.emplace_back().raw;
  raw.read = "health";
  raw.phases.connect_us = connect_us;
  raw.phases.total_us = total_us;
  return sweep;
}

bool has(const std::string& page, const std::string& line) {
  return page.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a duration counts in its bucket and in all above it, at the edge in the lower one") {
  Metrics metrics;
  for (const std::int64_t total : {500, 501, 20'000'000}) metrics.on_sweep(sweep_of("fabric", 90, total));
  const auto page = metrics.text({}, false);
  const std::string all = R"({target="fabric",read="health",phase="total")";
  for (const char* line : {R"(,le="0.0005"} 1)", R"(,le="0.001"} 2)", R"(,le="10"} 2)", R"(,le="+Inf"} 3)"})
    CHECK_MESSAGE(has(page, "readback_read_duration_seconds_bucket" + all + line), page);
  CHECK(has(page, "readback_read_duration_seconds_count" + all + "} 3"));
  CHECK(has(page, "readback_read_duration_seconds_sum" + all + "} 20.001001"));
  CHECK(page.find(R"(phase="connect",le="0.0005"} 3)") < page.find(all));  // by name
  CHECK(page.find(R"(phase="dns")") == std::string::npos);                 // it never happened
}

TEST_CASE("what is watched no more is forgotten") {
  Metrics metrics;
  metrics.on_sweep(sweep_of("fabric", 90, 500));
  metrics.on_sweep(sweep_of("second", 90, 500));
  metrics.keep_only({"second"});
  const auto page = metrics.text({}, false);
  CHECK(page.find("fabric") == std::string::npos);
  CHECK(page.find(R"({target="second",read="health",phase="total",le="+Inf"} 1)") != std::string::npos);
}
