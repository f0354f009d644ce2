// Happenings are left out in halves, quarters and so on down to single ones, then the setup is made plainer, and once
// more from the beginning until nothing can go any more.
#include "tests/sim/shrink.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "tests/sim/world.hpp"

namespace readback::sim {
namespace {

class Shrinker {
 public:
  Shrinker(Schedule schedule, std::string broken) : best_(std::move(schedule)), broken_(std::move(broken)) {}

  Schedule run() {
    for (bool again = true; again;) {
      again = without_happenings();
      again = with_plainer_setup() || again;
      again = with_less_time() || again;
    }
    return best_;
  }

 private:
  bool keeps(Schedule candidate) {
    if (World(candidate, false).run().broken != broken_) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool without_happenings() {
    bool any = false;
    for (std::size_t part = std::max<std::size_t>(1, best_.happenings.size() / 2);; part /= 2) {
      for (std::size_t from = 0; from < best_.happenings.size();) {
        auto candidate = best_;
        const auto begin = candidate.happenings.begin() + static_cast<std::ptrdiff_t>(from);
        const auto count = std::min(part, candidate.happenings.size() - from);
        candidate.happenings.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
        if (keeps(std::move(candidate)))
          any = true;
        else
          from += part;
      }
      if (part <= 1) return any;
    }
  }

  bool with_plainer_setup() {
    const std::vector<std::function<bool(Setup&)>> plainer = {
        [](Setup& u) { return u.hosts > 3 && u.hosts--; },
        [](Setup& u) { return std::exchange(u.targets, 1) != 1; },
        [](Setup& u) { return u.sinks > 1 && u.sinks--; },
        [](Setup& u) { return std::exchange(u.check, false); },
        [](Setup& u) { return std::exchange(u.path, false); },
        [](Setup& u) { return std::exchange(u.references, false); },
        [](Setup& u) { return std::exchange(u.attest, false); },
        [](Setup& u) { return std::exchange(u.maintenance_from, -1) != -1; },
        [](Setup& u) { return std::exchange(u.heartbeat, false); },
        [](Setup& u) { return std::exchange(u.renotify_s, 14400) != 14400; },
        [](Setup& u) { return std::exchange(u.first_type, 0) != 0; },
    };
    bool any = false;
    for (const auto& change : plainer) {
      auto candidate = best_;
      if (change(candidate.setup) && keeps(std::move(candidate))) any = true;
    }
    return any;
  }

  bool with_less_time() {
    const Millis last = best_.happenings.empty() ? Millis(0) : best_.happenings.back().at;
    for (const Millis more : {Millis(0), Millis(Seconds(10)), Millis(Seconds(60))}) {
      auto candidate = best_;
      candidate.ends = last + more;
      if (candidate.ends < best_.ends && keeps(std::move(candidate))) return true;
    }
    return false;
  }

  Schedule best_;
  std::string broken_;
};

}  // namespace

Schedule shrunk(Schedule schedule, const std::string& broken) { return Shrinker(std::move(schedule), broken).run(); }

}  // namespace readback::sim
