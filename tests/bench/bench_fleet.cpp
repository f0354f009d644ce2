// What a fleet costs by its size, on simulated time: what its servers carry at rest and in an outage, how long the one
// page takes, and how long a member is busy with all that it hears. Whole members (engine, fleet, outbox) over the
// model of the servers; one target, one sink.
//
//   bench_fleet [HOSTS...]      otherwise 10, 100 and 1000
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/core/member/member_world.hpp"

using namespace readback;

namespace {

constexpr double settled = 60, begins = 120, ends = 180;  // seconds

/// What has been carried and done until now.
struct Sum {
  std::uint64_t requests, deliveries, bytes;
  double busy_ms;
};

Sum sum_of(const MemberWorld& w) {
  const auto& s = w.servers();
  return {s.requests, s.messages - s.requests, s.bytes, w.busy_ms()};
}

void print_phase(const char* name, int hosts, double seconds, const Sum& from, const Sum& to) {
  const auto each = [&](std::uint64_t a, std::uint64_t b) { return static_cast<double>(b - a) / seconds; };
  std::printf("%6d  %-7s %12.1f %14.1f %12.1f %18.3f\n", hosts, name, each(from.requests, to.requests),
              each(from.deliveries, to.deliveries), each(from.bytes, to.bytes) / 1024,
              (to.busy_ms - from.busy_ms) / hosts / seconds);
}

void measure(int hosts) {
  MemberScene scene;
  scene.hosts = hosts;
  scene.lasts = ends;
  scene.plan = {{begins, "platform", -1, 2, ""}};
  MemberWorld world(scene);
  world.measure_busy();
  world.run_until(settled);
  const auto at_settled = sum_of(world);
  world.run_until(begins);
  const auto at_begin = sum_of(world);
  world.run_until(ends);
  print_phase("rest", hosts, begins - settled, at_settled, at_begin);
  print_phase("outage", hosts, ends - begins, at_begin, sum_of(world));
  double first = -1;
  for (const auto& r : world.received())
    if (r.event == "firing" && first < 0) first = r.at;
  std::printf("%6d  %d page(s), the first %.1f s after the platform failed\n", hosts, world.count("firing"),
              first - begins);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {10, 100, 1000};
  std::printf("%6s  %-7s %12s %14s %12s %18s\n", "hosts", "phase", "requests/s", "deliveries/s", "KiB/s",
              "busy ms/s, member");
  for (const int hosts : sizes) measure(hosts);
}
