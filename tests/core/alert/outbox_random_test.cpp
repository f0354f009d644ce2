// Schedules drawn at random (100,000 in an optimized build, 3,000 in the others): answers of every kind, crashes
// between any two writes, restarts, reloads that change filters or drop a sink, and time that passes. Whatever was
// drawn, the promises of outbox.hpp hold.
//
// READBACK_SCHEDULES=N draws another number of them. A schedule that fails names its seed: READBACK_SEED=S
// READBACK_SCHEDULES=1 READBACK_TRACE=1 runs that one and shows its rows.
#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "core/alert/retry.hpp"
#include "tests/core/alert/outbox_world.hpp"

using namespace readback;

namespace {

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr std::uint64_t usual = 100'000;
#else
constexpr std::uint64_t usual = 3'000;  // the others take too long for it
#endif

constexpr SinkType all_types[] = {SinkType::webhook, SinkType::pagerduty, SinkType::alertmanager, SinkType::slack,
                                  SinkType::teams};
constexpr EventKind in_between[] = {EventKind::escalated, EventKind::reminder, EventKind::acknowledged,
                                    EventKind::recovered, EventKind::relapsed, EventKind::intermittent};
constexpr int statuses[] = {204, 200, 202, 204, 503, 429, 0, 404, 410, 413, 400, 307};

/// What a receiver has accepted of one row, as it would see it.
struct Taken {
  std::string sink, event_id, incident, key;
  OutboxRow::Mark mark;
  std::int64_t seq;
};

/// A world in which the answers are drawn, and what was accepted is written down.
struct Drawn : World {
  explicit Drawn(std::uint64_t seed) : random(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random.random() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  SinkAnswer draw_answer() {
    SinkAnswer answer;
    answer.status = healed ? 204 : statuses[below(std::size(statuses))];
    if (answer.status == 0) answer.detail = "connection refused";
    if (answer.status == 429 && one_in(2)) answer.retry_after = std::to_string(below(400));
    return answer;
  }
  SinkSent draw(std::size_t addresses) {
    SinkSent sent;
    sent.body_size = 20000;
    if (!healed && one_in(20)) sent.problem = "credential hook: no such file";
    for (std::size_t i = 0; i < addresses && sent.problem.empty(); ++i) sent.answers.push_back(draw_answer());
    return sent;
  }
  static bool is_accepted(const SinkSent& sent) {
    for (const auto& a : sent.answers)
      if (a.status >= 200 && a.status < 300) return true;
    return false;
  }

  /// One turn of one sink; false when it waits.
  bool draw_turn(const std::string& sink) {
    auto next = outbox->next(sink, now);
    if (const auto* send = std::get_if<Outbox::Send>(&next)) {
      const OutboxRow row = store.pending.at(send->seq);
      const auto sent = draw(outbox->config(sink)->urls.size());
      pass(Millis(1));  // an answer takes its time
      if (is_accepted(sent)) taken.push_back({sink, row.event_id, row.incident_id, row.key, row.mark, row.seq});
      perform(outbox->answered(row, sent, now));
    } else if (const auto* drop = std::get_if<Outbox::Drop>(&next)) {
      perform(outbox->dropped(store.pending.at(drop->seq), now));
    } else if (const auto* repeat = std::get_if<Outbox::Repeat>(&next)) {
      perform(outbox->repeated(sink, *repeat, draw(repeat->to.size()), now));
    } else {
      const auto* wait = std::get_if<Outbox::Wait>(&next);
      wakes[sink] = wait ? wait->until : MonoTime::max();
      return false;
    }
    return true;
  }

  IdSource random;
  bool healed = false;
  std::vector<Taken> taken;
};

/// What the engine would do: each incident begins with a page and ends with a resolve.
struct Telling {
  std::string incident;
  Boundary boundary = Boundary::outage;
  int said = 0;
  bool ended = false;
};

struct Schedule {
  explicit Schedule(std::uint64_t seed) : world(seed) {
    const auto sinks = 1 + world.below(3);
    for (std::size_t i = 0; i < sinks; ++i) {
      const auto type = all_types[world.below(4)];
      std::vector<std::string> urls{"a"};
      if (type == SinkType::alertmanager && world.one_in(2)) urls.emplace_back("b");
      all.push_back(sink_of("s" + std::to_string(i), type, urls));
    }
    world.config.alerts.sinks = all;
    world.restart();
    const auto incidents = 1 + world.below(2);
    for (std::size_t i = 0; i < incidents; ++i)
      tellings.push_back({"i" + std::to_string(i), i ? Boundary::security : Boundary::outage});
  }

  void tell_next(Telling& t) {
    const bool first = t.said == 0;
    const bool end = !first && world.one_in(3);
    auto kind = first ? EventKind::firing : end ? EventKind::resolved : in_between[world.below(6)];
    auto event = world.event(kind, t.incident, t.boundary);
    if (world.one_in(4)) event.incident.severity = Severity::critical;
    world.tell(event);
    ++t.said;  // after a crash before the commit the engine decides anew
    t.ended = end;
  }

  void reload() {
    auto& sinks = world.config.alerts.sinks;
    sinks = all;
    dropped.clear();
    if (world.one_in(3)) sinks[world.below(sinks.size())].boundaries = {Boundary::security};
    if (world.one_in(3)) {
      dropped.insert(sinks.back().name);
      sinks.pop_back();
    }
    world.reload();
  }
  void restart() {
    lost.insert(dropped.begin(), dropped.end());  // their address is no longer known
    dropped.clear();
    world.writes_left = -1;
    world.restart();
  }

  void one_step() {
    const auto what = world.below(16);
    if (what == 0) return restart();
    if (what == 1) return reload();
    if (what == 2)
      return world.pass(Millis(static_cast<std::int64_t>(world.below(world.one_in(20) ? 4000000 : 70000))));
    if (what == 3 && world.writes_left < 0) {
      world.writes_left = static_cast<int>(world.below(4));
      return;
    }
    if (what < 8) {
      auto& t = tellings[world.below(tellings.size())];
      if (!t.ended) tell_next(t);
      return;
    }
    const auto names = world.outbox->sinks();
    if (!names.empty()) world.draw_turn(names[world.below(names.size())]);
  }

  /// Everything that can be is well again, and all that waits leaves.
  void heal() {
    world.healed = true;
    world.writes_left = -1;
    for (auto& t : tellings)
      while (t.said > 0 && !t.ended) tell_next(t);
    world.config.alerts.sinks = all;
    world.reload();
    world.tell(world.event(EventKind::test, "t"));  // whoever is broken accepts something
    for (int turns = 0; turns < 4000 && !world.store.pending.empty(); ++turns) {
      bool any = false;
      for (const auto& name : world.outbox->sinks()) any = world.draw_turn(name) || any;
      if (!any) world.pass(Seconds(1));
    }
  }

  /// "" when every promise was kept.
  std::string judge() const {
    if (!world.store.pending.empty()) return "something waits for ever";
    std::map<std::int64_t, const OutboxRow*> rows;
    std::set<std::pair<std::string, std::string>> events;
    std::set<std::pair<std::string, std::string>> delivered_pages, refused_closes;
    for (const auto& row : world.store.done) {
      rows[row.seq] = &row;
      if (!events.emplace(row.sink, row.event_id).second) return "one event has two rows at " + row.sink;
    }
    for (const auto& [seq, row] : rows)
      if (const auto trouble = judge_row(*row, delivered_pages, refused_closes); !trouble.empty())
        return trouble + " (seq " + std::to_string(seq) + ")";
    if (const auto trouble = judge_taken(); !trouble.empty()) return trouble;
    for (const auto& key : world.store.opened)
      if (!key.closed_at && !lost.contains(key.sink) && !refused_closes.contains({key.sink, key.incident_id}))
        return "still open at " + key.sink + ": " + key.incident_id;
    return "";
  }

  using Pairs = std::set<std::pair<std::string, std::string>>;
  std::string judge_row(const OutboxRow& row, Pairs& delivered_pages, Pairs& refused_closes) const {
    const std::pair at(row.sink, row.incident_id);
    bool was_taken = false;
    for (const auto& t : world.taken) was_taken = was_taken || t.seq == row.seq;
    switch (row.state) {
      case OutboxState::pending: return "a finished row is pending";
      case OutboxState::delivered:
        if (!was_taken) return "delivered, and nobody took it";
        if (row.mark == OutboxRow::Mark::open) delivered_pages.insert(at);
        if (row.mark == OutboxRow::Mark::close) delivered_pages.erase(at);
        return "";
      case OutboxState::dead:
        if (is_temporary(row.last_status) || row.last_status == 410) return "parked without a refusal";
        if (row.mark == OutboxRow::Mark::close) refused_closes.insert(at);
        return "";
      case OutboxState::expired:
        if (lost.contains(row.sink)) return "";
        if (row.last_detail == "its page never arrived")
          return delivered_pages.contains(at) ? "kept back, though its page arrived" : "";
        if (row.kind != EventKind::reminder && row.kind != EventKind::test) return "a page or a resolve expired";
        return "";
    }
    return "?";
  }

  /// An Alertmanager's key holds the severity; the escalation that changes it may be the one that is refused.
  bool keys_change(const std::string& name) const {
    for (const auto& sink : all)
      if (sink.name == name) return sink.type == SinkType::alertmanager;
    return false;
  }

  /// Order per sink and incident; a resolve only after its page, with its key.
  std::string judge_taken() const {
    std::map<std::pair<std::string, std::string>, std::int64_t> last;
    std::map<std::pair<std::string, std::string>, std::string> open;
    for (const auto& t : world.taken) {
      const std::pair at(t.sink, t.incident);
      if (t.seq < last[at]) return "out of order at " + t.sink + ": " + t.incident;
      const bool again = t.seq == last[at];
      last[at] = t.seq;
      if (t.mark == OutboxRow::Mark::open) open[at] = t.key;
      if (t.mark != OutboxRow::Mark::close || again) continue;
      if (!open.contains(at)) return "a resolve without its page at " + t.sink + ": " + t.incident;
      if (open[at] != t.key && !keys_change(t.sink))
        return "a resolve with another key at " + t.sink + ": " + t.incident;
    }
    return "";
  }

  /// What became of each row, and when it was taken: for READBACK_TRACE=1 with the seed of a failure.
  void trace() const {
    for (const auto& row : world.store.done)
      MESSAGE(row.seq << " " << row.sink << " " << row.incident_id << " " << to_string(row.kind) << " "
                      << to_string(row.state) << " " << row.last_detail << " after " << row.attempts);
    for (const auto& t : world.taken) MESSAGE("taken " << t.seq);
  }

  Drawn world;
  std::vector<SinkConfig> all;
  std::vector<Telling> tellings;
  std::set<std::string> dropped, lost;
};

std::string run_schedule(std::uint64_t seed) {
  Schedule s(seed);
  const auto steps = 10 + s.world.below(40);
  for (std::size_t i = 0; i < steps; ++i) try {
      s.one_step();
    } catch (const Crash&) {
      s.restart();
    }
  s.heal();
  if (std::getenv("READBACK_TRACE")) s.trace();
  return s.judge();
}

}  // namespace

TEST_CASE(
    "whatever is answered, and wherever the daemon ends: at least once, in order, a resolve only after its page") {
  const char* wanted = std::getenv("READBACK_SCHEDULES");
  const auto schedules = wanted ? std::strtoull(wanted, nullptr, 10) : usual;
  std::size_t failures = 0;
  const char* from = std::getenv("READBACK_SEED");
  const auto first = from ? std::strtoull(from, nullptr, 10) : 1ULL;
  for (std::uint64_t seed = first; seed < first + schedules && failures < 5; ++seed) {
    const auto trouble = run_schedule(seed);
    if (trouble.empty()) continue;
    ++failures;
    FAIL_CHECK("seed " << seed << ": " << trouble);
  }
}
