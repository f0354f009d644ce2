// A million random sweeps through the casebook. Whatever comes, nobody is paged without a confirmation, nobody is paged
// twice for one incident, whoever was paged hears the end of it, and hears it as soon as the reads have proven it.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>

#include "core/incident/casebook.hpp"

using namespace readback;

namespace {

struct Life {
  Boundary boundary;
  Severity severity;
  Extent extent;
  bool recovered = false, over = false, told_flapping = false;
};

struct World {
  IdSource chance;
  TargetConfig target = default_target("fabric");
  AlertsConfig alerts;
  ResolutionConfig resolution;
  bool muted = false, calm = true, noisy = false;
  std::array<int, 4> surface{};  // index into the states below
  static constexpr int no_route = 7;
  int check = 0, path = 0;  // 0 good, 1 bad
  int check_row = 0;

  explicit World(std::uint64_t seed) : chance(seed) {
    target.checks.emplace_back().name = "materialization";
    target.paths.emplace_back().name = "checkout";
  }
  bool one_in(int n) { return chance.random() % static_cast<std::uint64_t>(n) == 0; }

  /// Trouble for a while, then calm for a while: incidents need both.
  SweepFacts next(std::vector<JudgedRead>& reads, WallTime at) {
    SweepFacts facts;
    if (one_in(calm ? 60 : 40)) calm = !calm;
    const bool storm = !calm && one_in(100), blinded = !calm && one_in(100);
    if (one_in(300)) noisy = !noisy;
    if (calm) path = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      if (calm) surface[i] = 0;
      if (storm || (!calm && one_in(40))) surface[i] = static_cast<int>(chance.random() % 9);
      if (one_in(12)) surface[i] = 0;
      if (blinded) surface[i] = no_route;
      const int state = noisy && one_in(8) ? static_cast<int>(chance.random() % 9) : surface[i];
      SurfaceFact f;
      f.name = target.surfaces[i]->name;
      f.role = target.surfaces[i]->role;
      f.seen = true;
      constexpr Reading states[] = {Reading::pass,        Reading::pass,        Reading::warn,
                                    Reading::fail,        Reading::unknown,     Reading::fail,
                                    Reading::unreachable, Reading::unreachable, Reading::denied};
      f.said.reading = states[state];
      f.said.stale = state == 1;
      f.said.own_word = state < 5;
      f.said.accepted = f.said.reading == Reading::pass || f.said.reading == Reading::warn;
      if (state == 6) f.said.fault = TransportFault::refused;
      if (state == no_route) f.said.fault = TransportFault::no_route;
      f.held = f.throttled = one_in(60);
      JudgedRead r;
      r.raw.read = f.name;
      r.raw.at = at + Millis(i);
      r.word = f.throttled ? "throttled" : to_string(f.said.reading);
      r.green = !f.throttled && f.said.reading == Reading::pass && !f.said.stale;
      if (!r.green) f.said.reasons = {f.name + ": " + r.word};
      r.reasons = f.said.reasons;
      reads.push_back(r);
      facts.surfaces.push_back(f);
    }
    CheckFact c;
    c.name = "materialization";
    c.seen = true;
    c.held = !one_in(5);
    if (!c.held) {
      const int was = check;
      if (calm) check = 0;
      if (!calm && one_in(30)) check = static_cast<int>(chance.random() % 3);
      if (one_in(6)) check = 0;
      check_row = was == check ? check_row + 1 : 1;
      JudgedRead r;
      r.raw.read = "check:materialization";
      r.raw.at = at + Millis(5);
      r.word = to_string(static_cast<CheckResult>(check));
      r.green = check == 0;
      if (!r.green) r.reasons = {r.raw.read + ": " + r.word};
      reads.push_back(r);
    }
    c.said.result = static_cast<CheckResult>(check);
    c.results_in_a_row = check_row;
    if (check) c.said.reasons = {"check:materialization: says so"};
    facts.checks.push_back(c);
    if (!calm && one_in(50)) path = 1;
    if (one_in(10)) path = 0;
    PathFact p;
    p.name = "checkout";
    p.seen = true;
    p.said.pass = path == 0;
    JudgedRead r;
    r.raw.read = "path:checkout";
    r.raw.at = at + Millis(6);
    r.green = path == 0;
    r.word = path ? "fail" : "pass";
    if (path) p.said.reasons = r.reasons = {"path:checkout: answered 500"};
    reads.push_back(r);
    facts.paths.push_back(p);
    if (one_in(500)) muted = !muted;
    return facts;
  }
};

/// Sweeps in a row, newest first, in which the boundary held on a read that was made. The window is a little longer
/// than that of flapping, which leaves out sweeps that prove nothing for an open incident.
struct Held {
  int row = 0;
  std::uint64_t window = 0;
};

/// Sweeps in a row in which the boundary's own reads were made and pass. With one left out the row neither grows nor
/// ends.
struct WellRows {
  bool least;  // the least that a recovery needs; otherwise more than any could
  std::map<Boundary, int> row;
  std::map<Boundary, bool> well;  // in the last sweep
  void add(const SweepFacts& facts, bool blind) {
    const auto surfaces = [&](std::initializer_list<std::size_t> own, bool may_be_stale = false) {
      int worst = 0;  // 1: left out, 2: bad
      for (std::size_t i : own) {
        const auto& s = facts.surfaces[i];
        const bool well = s.said.reading == Reading::pass && (may_be_stale || !s.said.stale);
        worst = std::max(worst, s.held ? 1 : well ? 0 : 2);
      }
      return worst;
    };
    count(Boundary::outage, blind ? 2 : surfaces({0, 1}, least));
    count(Boundary::readiness, blind ? 2 : least ? surfaces({2}) : surfaces({0, 1, 2}));
    count(Boundary::security, blind ? 2 : surfaces({3}));
    count(Boundary::product, blind || !facts.paths[0].said.pass ? 2 : 0);
  }
  void count(Boundary b, int worst) {
    row[b] = worst == 2 ? 0 : row[b] + (worst == 0);
    well[b] = worst == 0;
  }
};
constexpr int certainly_recovered = 24;  // the window of flapping is clear, and three more

}  // namespace

TEST_CASE("a million random sweeps page nobody without a confirmation, nobody twice, and tell everybody the end") {
  const char* wanted = std::getenv("READBACK_RANDOM_SWEEPS");
  const int sweeps = wanted ? std::atoi(wanted) : 1'000'000;
  World world(20261123);
  Casebook book;
  IdSource ids;
  std::map<std::string, Life> lives;
  std::map<Boundary, Held> held;
  WellRows well{false, {}}, proven{true, {}};
  int green_since = 0;  // the sweep since which everything is green; 0: it is not
  // Of the check since then. What rests on it has no other sweeps to prove itself, nor to clear its window of flapping.
  constexpr int results_enough = certainly_recovered + 3;
  int results = 0, enough_results = 0;
  std::map<std::string, int> made;  // the sweep in which each read was last made
  ProofRules proof;
  for (const SurfaceConfig& s : world.target.surfaces) proof.surfaces.push_back(s.name);
  proof.checks = {"check:materialization"};
  proof.paths = {"path:checkout"};
  const std::string environment = "prod";
  const CaseRules rules{environment,      world.target, world.alerts,
                        world.resolution, proof,        [&](Boundary) { return world.muted; }};
  Instant now{MonoTime(Seconds(1000)), WallTime(Millis(1795402800000))};
  std::size_t firings = 0, resolutions = 0, blind = 0, flapping = 0;
  std::string wrong;

  for (int n = 1; n <= sweeps && wrong.empty(); ++n) {
    now.mono += Seconds(30);
    now.wall += Seconds(30);
    std::vector<JudgedRead> reads;
    const SweepFacts facts = world.next(reads, now.wall);
    const Verdict verdict = diagnose(facts);
    blind += verdict.blind();
    well.add(facts, verdict.blind());
    proven.add(facts, verdict.blind());
    green_since = !verdict.green() ? 0 : green_since ? green_since : n;
    for (const auto& r : reads)
      if (r.word != "throttled") made[r.raw.read] = n;
    if (!green_since) results = enough_results = 0;
    if (green_since && made["check:materialization"] == n && ++results == results_enough) enough_results = n;
    for (Boundary b : all_boundaries) {
      const Finding* f = verdict.find(b);
      if (verdict.blind() && b != Boundary::observer) {
        held[b].row = 0;
        continue;
      }
      if (f && !f->fresh) continue;
      held[b].row = f ? held[b].row + 1 : 0;
      const auto well_now = proven.well.find(b);
      if (!f && well_now != proven.well.end() && !well_now->second) continue;  // neither well nor bad: no change
      held[b].window = (held[b].window << 1 | (f ? 1u : 0u)) & ((1u << 28) - 1);
    }
    for (const auto& t : book.count({now, static_cast<std::uint64_t>(n), facts, verdict, reads}, rules, ids)) {
      const auto& v = t.record;
      const auto known = lives.find(v.id);
      const std::string where = "sweep " + std::to_string(n) + ", " + std::string(to_string(t.kind)) + " " +
                                std::string(to_string(v.boundary)) + ": ";
      if (verdict.blind() && v.boundary != Boundary::observer) wrong = where + "blind, and yet it speaks";
      if (t.kind == EventKind::firing) {
        ++firings;
        if (known != lives.end()) wrong = where + "a second page for one incident";
        for (const auto& [id, life] : lives)
          if (!life.over && life.boundary == v.boundary) wrong = where + "a page while one is open";
        const bool by_results =
            (v.boundary == Boundary::drift || v.boundary == Boundary::observer) && world.check_row >= 2;
        const bool by_row = held[v.boundary].row >= world.target.confirm.failures;
        const bool by_flapping = std::popcount(held[v.boundary].window) >= 7;
        // Confirmed earlier, and held back since: then it must at least hold now.
        const bool was_held_back = v.opened_at < now.wall - Seconds(30) * world.target.confirm.failures;
        if (!verdict.find(v.boundary)) wrong = where + "a page for what does not hold";
        if (!by_results && !by_row && !by_flapping && !was_held_back) wrong = where + "a page without its confirmation";
        if (world.muted) wrong = where + "a page through a silence";
        if ((v.boundary == Boundary::readiness || v.boundary == Boundary::product) && verdict.find(Boundary::outage))
          wrong = where + "a page for a consequence of the outage";
        lives[v.id] = {v.boundary, v.severity, v.extent};
        book.sealed(v.id, {"a snapshot", "abc"}, false, now.wall);  // the shell seals before the page leaves
        continue;
      }
      if (known == lives.end()) {
        wrong = where + "about an incident that nobody was paged for";
        continue;
      }
      auto& life = known->second;
      if (life.over) wrong = where + "after the end";
      if (t.kind == EventKind::recovered) {
        if (life.recovered) wrong = where + "recovered twice";
        if (verdict.find(v.boundary)) wrong = where + "recovered while it holds";
        const auto proof = proven.row.find(v.boundary);
        if (proof != proven.row.end() && proof->second < world.target.confirm.recoveries)
          wrong = where + "recovered without its proof";
        life.recovered = true;
      }
      if (t.kind == EventKind::relapsed) {
        if (!life.recovered) wrong = where + "relapsed without having recovered";
        life.recovered = false;
      }
      if (t.kind == EventKind::escalated) {
        if (life.recovered || !verdict.find(v.boundary)) wrong = where + "worse, and yet over";
        if (v.severity <= life.severity && (v.extent != Extent::total || life.extent == Extent::total))
          wrong = where + "no worse than what was told already";
        life.severity = v.severity;
        life.extent = v.extent;
      }
      if (t.kind == EventKind::intermittent) {
        if (life.told_flapping) wrong = where + "called intermittent twice";
        life.told_flapping = true;
        ++flapping;
        life.extent = v.extent;
      }
      if (t.kind == EventKind::relapsed) life.severity = std::max(life.severity, v.severity);
      if (t.kind == EventKind::resolved) {
        ++resolutions;
        if (!life.recovered) wrong = where + "resolved without having recovered";
        if (!verdict.green()) wrong = where + "resolved while something is bad";
        life.over = true;
      }
    }
    // The end is never swallowed: what is not over is still in the book, and what is proven to be over has been told.
    for (const auto& [id, life] : lives)
      if (!life.over && !book.find(id)) wrong = "an incident that was paged has vanished: " + id;
    for (const auto* i : book.open_incidents()) {
      const std::string which = "sweep " + std::to_string(n) + ", " + std::string(to_string(i->record.boundary)) + ": ";
      if (i->is_active() && well.row[i->record.boundary] >= certainly_recovered)
        wrong = which + "well for long, and not recovered";
      const int verified_from = std::max(green_since + certainly_recovered, enough_results) + 2;
      if (enough_results && n >= verified_from + 6 &&
          std::all_of(made.begin(), made.end(), [&](const auto& last) { return last.second >= verified_from; }))
        wrong = which + "everything was read again and is green, and not resolved";
    }
    std::erase_if(lives, [](const auto& entry) { return entry.second.over; });
  }
  CHECK(wrong == "");
  CHECK(firings > static_cast<std::size_t>(sweeps) / 2000);
  CHECK(resolutions > firings / 4);
  CHECK(blind > static_cast<std::size_t>(sweeps) / 10000);
  CHECK(flapping > static_cast<std::size_t>(sweeps) / 20000);
  MESSAGE(firings << " pages, " << resolutions << " resolved, " << flapping << " called intermittent, " << blind
                  << " blind sweeps, in " << sweeps << " sweeps");
}
