// readback-world: plays schedules, each drawn from a seed, and says what was broken.
//
//   readback-world --schedules 2000            2,000 of them, from seed 1
//   readback-world --seed 4711 --trace         one, told as a story
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/sim/shrink.hpp"
#include "tests/sim/world.hpp"

using namespace readback;
using namespace readback::sim;

namespace {

struct Options {
  std::uint64_t seed = 0, from = 1, schedules = 1;
  Wishes wishes;
  bool trace = false, json = false, pages = false, stop = false, shrink = false;
  int jobs = 1;
};

Schedule of_seed(std::uint64_t seed, const Wishes& wishes) {
  Chance chance(seed * 0x2545F4914F6CDD1DULL + 1);
  return draw(chance, wishes, seed);
}

void print_broken(std::uint64_t seed, const Outcome& outcome) {
  const auto* rule = find_rule(outcome.broken);
  std::printf("seed %llu breaks \"%s\": %s\n  %s\n", static_cast<unsigned long long>(seed), outcome.broken.c_str(),
              outcome.detail.c_str(), rule ? rule->sentence : "");
}

struct Total {
  std::uint64_t schedules = 0, crashes = 0, pages = 0, sends = 0, sweeps = 0, starts = 0, actions = 0, broken = 0;
  std::int64_t ms = 0;
  std::uint64_t told = 0;
  std::uint64_t states = 0, first_broken = 0;
};

Total play(const Options& o, int job) {
  Total sum;
  std::unordered_set<std::uint64_t> states;
  for (std::uint64_t i = static_cast<std::uint64_t>(job); i < o.schedules; i += static_cast<std::uint64_t>(o.jobs)) {
    const auto seed = o.from + i;
    const auto schedule = of_seed(seed, o.wishes);
    World world(schedule, false);
    std::vector<std::uint64_t> noted;
    world.states = &noted;
    const auto outcome = world.run();
    states.insert(noted.begin(), noted.end());
    ++sum.schedules;
    sum.crashes += outcome.crashes;
    sum.pages += outcome.pages;
    sum.sends += outcome.sends;
    sum.sweeps += outcome.sweeps;
    sum.starts += outcome.starts;
    sum.actions += outcome.actions;
    sum.told += outcome.told;
    sum.ms += outcome.time.count();
    if (outcome.broken.empty()) continue;
    ++sum.broken;
    if (!sum.first_broken) sum.first_broken = seed;
    print_broken(seed, outcome);
    std::fflush(stdout);
    if (o.stop) break;
  }
  sum.states = states.size();
  return sum;
}

void add(Total& all, const Total& one) {
  all.schedules += one.schedules;
  all.crashes += one.crashes;
  all.pages += one.pages;
  all.sends += one.sends;
  all.sweeps += one.sweeps;
  all.starts += one.starts;
  all.actions += one.actions;
  all.told += one.told;
  all.broken += one.broken;
  all.ms += one.ms;
  all.states += one.states;
  if (one.first_broken && (!all.first_broken || one.first_broken < all.first_broken))
    all.first_broken = one.first_broken;
}

/// Each job is a process of its own, and hands its sum back through a pipe.
Total play_all(const Options& o) {
  if (o.jobs <= 1) return play(o, 0);
  std::vector<int> pipes;
  for (int job = 0; job < o.jobs; ++job) {
    int ends[2];
    if (pipe(ends) != 0) std::exit(1);
    if (fork() == 0) {
      const auto sum = play(o, job);
      std::fflush(stdout);
      const bool handed = write(ends[1], &sum, sizeof sum) == static_cast<ssize_t>(sizeof sum);
      _exit(handed ? 0 : 1);
    }
    close(ends[1]);
    pipes.push_back(ends[0]);
  }
  Total all;
  for (const int each : pipes) {
    Total one;
    if (read(each, &one, sizeof one) != static_cast<ssize_t>(sizeof one)) {
      one.schedules = one.broken = 1;
      std::printf("a job has died\n");
    }
    add(all, one);
    close(each);
  }
  while (wait(nullptr) > 0) {
  }
  return all;
}

/// The short form of what this seed breaks, as a story.
void print_short(std::uint64_t seed, const Schedule& schedule, const std::string& broken) {
  const auto best = shrunk(schedule, broken);
  World world(best, true);
  world.run();
  std::printf("%zu of %zu happenings are enough:\n%sreadback-world --seed %llu --shrink  tells it again\n",
              best.happenings.size(), schedule.happenings.size(), world.story().c_str(),
              static_cast<unsigned long long>(seed));
}

int one(const Options& o) {
  const auto schedule = of_seed(o.seed, o.wishes);
  if (o.json) std::printf("%s\n", as_json(schedule).c_str());
  World world(schedule, o.trace);
  const auto outcome = world.run();
  if (o.trace) std::printf("%s", world.story().c_str());
  if (o.pages)
    for (const auto& page : outcome.pages_told) std::printf("%s\n", page.c_str());
  if (outcome.broken.empty()) return 0;
  print_broken(o.seed, outcome);
  if (o.shrink) print_short(o.seed, schedule, outcome.broken);
  return 1;
}

/// The same seed gives the same story, to the byte.
bool repeats_itself(const Options& o) {
  for (std::uint64_t seed = o.from; seed < o.from + std::min<std::uint64_t>(20, o.schedules); ++seed) {
    const auto schedule = of_seed(seed, o.wishes);
    World first(schedule, true), second(of_seed(seed, o.wishes), true);
    first.run();
    second.run();
    if (first.story() == second.story()) continue;
    std::printf("seed %llu does not tell the same story twice\n", static_cast<unsigned long long>(seed));
    return false;
  }
  return true;
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (word == "--seed")
      o.seed = number();
    else if (word == "--from")
      o.from = number();
    else if (word == "--schedules")
      o.schedules = number();
    else if (word == "--hosts")
      o.wishes.hosts = static_cast<int>(number());
    else if (word == "--days")
      o.wishes.days = static_cast<int>(number());
    else if (word == "--jobs")
      o.jobs = static_cast<int>(number());
    else if (word == "--trace")
      o.trace = true;
    else if (word == "--plain")
      o.wishes.plain = true;
    else if (word == "--stop")
      o.stop = true;
    else if (word == "--shrink")
      o.shrink = true;
    else if (word == "--json")
      o.json = true;
    else if (word == "--pages")
      o.pages = true;
    else {
      std::fprintf(stderr,
                   "readback-world [--seed N [--trace] [--shrink] [--json] [--pages]] [--schedules N [--stop]] [--from "
                   "N] [--jobs N] "
                   "[--hosts N] [--days D] [--plain]\n");
      std::exit(64);
    }
  }
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (options.seed) return one(options);
  const auto began = std::chrono::steady_clock::now();
  const auto all = play_all(options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double years = static_cast<double>(all.ms) / 1000 / 86400 / 365;
  std::printf(
      "%llu schedules in %.1f s (%.0f a second): %llu broken; %llu ends of a process (%.0f a second), %llu pages, %llu "
      "sends, %llu sweeps, %llu events, %.2f simulated years, %llu distinct states\n",
      static_cast<unsigned long long>(all.schedules), seconds, static_cast<double>(all.schedules) / seconds,
      static_cast<unsigned long long>(all.broken), static_cast<unsigned long long>(all.crashes),
      static_cast<double>(all.crashes) / seconds, static_cast<unsigned long long>(all.pages),
      static_cast<unsigned long long>(all.sends), static_cast<unsigned long long>(all.sweeps),
      static_cast<unsigned long long>(all.actions), years, static_cast<unsigned long long>(all.states));
  if (all.told) std::printf("of the fleets %llu pages and ends arrived\n", static_cast<unsigned long long>(all.told));
  if (all.first_broken && !options.stop) {
    const auto schedule = of_seed(all.first_broken, options.wishes);
    if (const auto broken = World(schedule, false).run().broken; !broken.empty())
      print_short(all.first_broken, schedule, broken);
  }
  const bool repeats = options.stop || repeats_itself(options);
  std::printf("world: %llu passed, %llu failed\n", static_cast<unsigned long long>(all.schedules - all.broken),
              static_cast<unsigned long long>(all.broken + !repeats));
  return all.broken || !repeats ? 1 : 0;
}
