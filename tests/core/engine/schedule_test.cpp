// The live engine on simulated time: a small shell that sends a Tick whenever one is wanted, answers each sweep after a
// while, and notes when each was started. What holds: every target keeps its cadence however many there are, a burst
// stays within the budget, and a machine that was away catches nothing up.
#include "core/engine/engine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "config/load.hpp"

using namespace readback;

namespace {

Config config_of(int targets, const std::string& more) {
  std::string yaml = "targets:\n";
  for (int i = 0; i < targets; ++i)
    yaml += "  - {name: t" + std::to_string(i) + ", base_url: \"http://127.0.0.1:1\", jitter: 0%" + more + "}\n";
  auto loaded = parse_config(yaml, "test.yaml");
  REQUIRE(loaded.ok());
  return loaded.config;
}

class Shell {
 public:
  explicit Shell(Config config) : engine_(std::move(config), options(), now_) { tell(Tick{}); }

  /// Until this much later; sweeps take 200 ms and answer as `good` says.
  void run(Millis length) {
    const MonoTime end = now_.mono + length;
    while (true) {
      MonoTime next = std::max(engine_.next_due(), now_.mono + Millis(1));
      const auto first =
          std::min_element(answers_.begin(), answers_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
      const bool answer = first != answers_.end() && first->at <= next;
      if (answer) next = std::max(first->at, now_.mono);
      if (next > end) break;
      move_to(next);
      ++events;
      if (!answer) {
        tell(Tick{});
        continue;
      }
      SweepDone done;
      done.target = first->start.target;
      done.sweep = first->start.sweep;
      for (const auto& surface : default_surfaces()) done.reads.push_back(read(surface.name));
      answers_.erase(first);
      tell(done);
    }
    move_to(end);
  }
  /// The machine sleeps: time passes and nothing is handled.
  void sleep(Millis length) { move_to(now_.mono + length); }
  void answer_never() { lost_ = true; }
  void answer() { lost_ = false; }

  std::map<std::string, std::vector<MonoTime>> started;
  bool good = true;
  int events = 0;
  MonoTime now() const { return now_.mono; }

 private:
  struct Answer {
    MonoTime at;
    StartSweep start;
  };
  static EngineOptions options() {
    EngineOptions o;
    o.host = "host";
    return o;
  }
  RawRead read(const std::string& name) const {
    RawRead r;
    r.read = name;
    r.at = now_.wall;
    HttpAnswer answer;
    answer.status = good ? 200 : 503;
    answer.body = good ? R"({"status":"ok"})" : R"({"status":"down"})";
    r.answer = answer;
    return r;
  }
  void move_to(MonoTime t) {
    now_.wall += t - now_.mono;
    now_.mono = t;
  }
  void tell(const Event& event) {
    for (const auto& action : engine_.handle(event, now_))
      if (const auto* start = std::get_if<StartSweep>(&action)) {
        started[start->target].push_back(now_.mono);
        if (!lost_) answers_.push_back({now_.mono + Millis(200), *start});
      }
  }

  Instant now_{MonoTime(Millis(1'000'000)), WallTime(Millis(1'764'000'000'000))};
  Engine engine_;
  std::vector<Answer> answers_;
  bool lost_ = false;
};

}  // namespace

TEST_CASE("each of two thousand targets keeps its cadence, and no event looks at all of them") {
  Shell shell(config_of(2000, ", interval: 30s"));
  shell.run(std::chrono::minutes(5));
  REQUIRE(shell.started.size() == 2000);
  for (const auto& [name, at] : shell.started) {
    CAPTURE(name);
    CHECK(at.size() >= 10);
    CHECK(at.size() <= 11);
    for (std::size_t i = 1; i < at.size(); ++i) CHECK(at[i] - at[i - 1] == Seconds(30));
  }
  CHECK(shell.events < 2000 * 11 * 3);  // a start, an answer, and at most one look in vain
}

TEST_CASE("a suspicion brings the next sweeps at the spacing of a burst, within the budget of any minute") {
  Shell shell(config_of(1, ", interval: 30s, request_budget: 60/min, confirm: {failures: 3, spacing: 2s}"));
  shell.run(Seconds(95));
  shell.good = false;
  shell.run(std::chrono::minutes(10));
  const auto& at = shell.started["t0"];
  std::size_t burst = 0;
  for (std::size_t i = 1; i < at.size(); ++i) burst += at[i] - at[i - 1] == Seconds(2);
  CHECK(burst == 2);  // three in a row, and then the usual cadence
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto within = std::count_if(at.begin() + static_cast<std::ptrdiff_t>(i), at.end(),
                                      [&](MonoTime t) { return t - at[i] < Seconds(60); });
    CHECK(within * 4 <= 60);
  }
}

TEST_CASE("a budget smaller than one sweep slows the watch down and does not end it") {
  Shell shell(config_of(1, ", interval: 10s, request_budget: 3/min"));
  shell.run(std::chrono::minutes(10));
  const auto& at = shell.started["t0"];
  CHECK(at.size() >= 9);
  for (std::size_t i = 1; i < at.size(); ++i) CHECK(at[i] - at[i - 1] >= Seconds(60));
}

TEST_CASE("a machine that was asleep for an hour sweeps once, and goes on at its cadence") {
  Shell shell(config_of(3, ", interval: 30s"));
  shell.run(std::chrono::minutes(2));
  shell.sleep(std::chrono::hours(1));
  const MonoTime awake = shell.now();
  shell.run(std::chrono::minutes(5));
  for (const auto& [name, at] : shell.started) {
    CAPTURE(name);
    const auto after = std::count_if(at.begin(), at.end(), [&](MonoTime t) { return t >= awake; });
    CHECK(after >= 10);
    CHECK(after <= 11);
  }
}

TEST_CASE("a sweep whose answer never comes back does not end the watch") {
  Shell shell(config_of(1, ", interval: 30s, timeout: 5s"));
  shell.run(Seconds(31));
  shell.answer_never();
  shell.run(Seconds(30));
  shell.answer();
  const auto before = shell.started["t0"].size();
  shell.run(std::chrono::minutes(4));
  CHECK(shell.started["t0"].size() > before);
}
