// Whole hosts in a fleet: what arrives at the receivers, and what each host then knows of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/replay/replay.hpp"
#include "tests/core/member/member_world.hpp"

using namespace readback;

namespace {

using Plan = std::vector<Incidence>;

Plan operator+(Plan a, const Plan& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Plan each(double at, const std::string& what, const std::vector<int>& hosts, double value = 0) {
  Plan all;
  for (const int host : hosts) all.push_back({at, what, host, value, ""});
  return all;
}
Plan platform(double from, double to, int how_bad = 2) {
  return {{from, "platform", -1, static_cast<double>(how_bad), ""}, {to, "platform", -1, 0, ""}};
}
Plan receiver(double from, double to, const std::string& mode) {
  return {{from, "receiver", -1, 0, mode}, {to, "receiver", -1, 0, "ok"}};
}

template <class Look>
void tell(MemberScene scene, Look look, int seeds) {
  for (int seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    scene.seed = static_cast<std::uint64_t>(seed);
    MemberWorld world(scene);
    world.run();
    CAPTURE(world.story());
    look(world);
    if (std::getenv("READBACK_STORY")) MESSAGE(world.story());
  }
}

template <class Look>
void tell(int hosts, Plan plan, Look look, double lasts = 900, int seeds = 2) {
  MemberScene scene;
  scene.hosts = hosts, scene.plan = std::move(plan), scene.lasts = lasts;
  tell(std::move(scene), look, seeds);
}

/// Nothing is left over: no incident, no row, no claim.
void all_is_over(MemberWorld& w, int hosts) {
  for (int h = 0; h < hosts; ++h) {
    CAPTURE(h);
    CHECK(w.engine(h).open_incidents().empty());
    CHECK(w.member(h).notices().empty());
    CHECK(w.rows_waiting(h) == 0);
  }
  for (const auto& [key, claim] : w.servers().claims()) {
    CAPTURE(key);
    CHECK(claim.closed);
  }
}

/// What this host has kept of outages that somebody was paged for.
std::vector<IncidentRecord> outages(const MemberWorld& w, int host) {
  std::vector<IncidentRecord> all;
  for (const auto& each : w.ended(host))
    if (each.boundary == Boundary::outage && each.paged_at) all.push_back(each);
  return all;
}

const MemberWorld::Received& first(const MemberWorld& w, std::string_view event) {
  for (const auto& r : w.received())
    if (r.event == event) return r;
  FAIL("no " << event << " has arrived");
  return w.received().front();
}

}  // namespace

TEST_CASE("an outage that all see is one page and one end, under the platform's key") {
  tell(3, platform(100, 300), [](MemberWorld& w) {
    CHECK(w.count("firing", "outage", 100, 140) == 1);
    CHECK(w.count("firing") == 1);
    CHECK(w.count("resolved") == 1);
    CHECK(w.received().size() == 3);  // recovered as well
    const auto& page = first(w, "firing");
    CHECK(page.key == "prod/fabric/outage");
    CHECK(page.severity == "critical");
    CHECK(page.summary.starts_with("OUTAGE total fabric: "));
    CHECK(page.summary.find(" of 3 hosts") != std::string::npos);
    CHECK(page.alert.find(R"("not_from":[])") != std::string::npos);
    CHECK(page.alert.find(R"("alone":false)") != std::string::npos);
    CHECK(page.alert.find(R"("evidence":{"snapshot":")") != std::string::npos);
    all_is_over(w, 3);
    for (int h = 0; h < 3; ++h) {
      const auto kept = outages(w, h);
      REQUIRE(kept.size() == 1);
      const auto& record = kept.front();
      CHECK(record.state == IncidentState::resolved);
      CHECK(!record.evidence.empty());
      CHECK(record.conditions.at(4).state == ConditionState::State::met);
      CHECK(record.conditions.at(4).by.starts_with("green on host-"));
    }
  });
}

TEST_CASE("what a host has recorded decides the same when it is replayed, also where it saw nothing itself") {
  tell(5, each(100, "uplink", {0, 1, 2, 3}, 0) + each(300, "uplink", {0, 1, 2, 3}, 1), [](MemberWorld& w) {
    REQUIRE(w.count("firing") == 1);
    for (int h = 0; h < 5; ++h) {
      CAPTURE(h);
      std::vector<std::string> events, complaints;
      ReplayOptions options;
      options.config = w.config();
      Replay replay(
          std::move(options),
          [&](const std::string& line) {
            for (const char* word : {"firing", "escalated", "recovered", "relapsed", "resolved"})
              if (line.find("\"event\":\"" + std::string(word) + "\"") != line.npos) events.emplace_back(word);
            CHECK(line.find("\"boundary\":\"outage\"") != line.npos);
          },
          [&](std::uint64_t, const std::string& why) { complaints.push_back(why); });
      for (const auto& line : w.tape(h)) replay.line(line);
      replay.finish();
      CHECK(complaints.empty());
      CHECK(events.front() == "firing");
      CHECK(events.back() == "resolved");
      CHECK(std::count(events.begin(), events.end(), "firing") == 1);
      CHECK(std::count(events.begin(), events.end(), "recovered") == 1);
      CHECK(std::count(events.begin(), events.end(), "resolved") == 1);
    }
  });
}

TEST_CASE("a host that does not see what the others see knows of it, and the page names it") {
  tell(5, each(100, "uplink", {0, 1, 2, 3}, 0) + each(300, "uplink", {0, 1, 2, 3}, 1), [](MemberWorld& w) {
    CHECK(w.count("firing") == 1);
    CHECK(w.count("resolved") == 1);
    CHECK(first(w, "firing").summary.find("seen from ") != std::string::npos);
    all_is_over(w, 5);
    REQUIRE(outages(w, 4).size() == 1);
    CHECK(outages(w, 4).front().symptom.starts_with("seen from "));
  });
}

TEST_CASE("one host's own trouble is no outage: its own warning, under its own key, and no heartbeat while it stands") {
  bool was_blind = false;
  tell(4, each(100, "uplink", {2}, 0) + each(300, "uplink", {2}, 1), [&](MemberWorld& w) {
    CHECK(w.count("firing", "outage") == 0);
    CHECK(w.count("firing", "observer") == 1);
    CHECK(w.count("resolved", "observer") == 1);
    const auto& page = first(w, "firing");
    CHECK(page.key == "prod/fabric/vantage/host-2");
    CHECK(page.severity == "warning");
    CHECK(page.summary == "host-2 alone cannot reach fabric: its network or its credentials");
    all_is_over(w, 4);
  });
  MemberScene scene;
  scene.hosts = 4, scene.plan = each(100, "uplink", {2}, 0), scene.lasts = 250;
  MemberWorld world(scene);
  world.run();
  was_blind = world.member(2).own_ways() == std::vector<std::string>{"fabric"};
  CHECK(was_blind);
  CHECK(world.member(1).own_ways().empty());
}

TEST_CASE("two of five that cannot reach it are one page about the way") {
  tell(5, each(100, "uplink", {0, 3}, 0) + each(400, "uplink", {0, 3}, 1), [](MemberWorld& w) {
    CHECK(w.count("firing", "outage") == 0);
    CHECK(w.count("firing", "observer") == 1);
    CHECK(w.count("resolved", "observer") == 1);
    const auto& page = first(w, "firing");
    CHECK(page.key == "prod/fabric/vantage");
    CHECK(page.summary == "2 of 5 hosts cannot reach fabric: the way to it, not the stack");
    all_is_over(w, 5);
  });
}

TEST_CASE("what becomes total for most is told as worse") {
  tell(3, platform(100, 500, 1) + Plan{{250, "platform", -1, 2, ""}}, [](MemberWorld& w) {
    CHECK(w.count("firing") == 1);
    CHECK(w.count("escalated", "outage", 250, 330) == 1);
    CHECK(w.count("resolved") == 1);
    CHECK(first(w, "escalated").summary.find("now total (was degraded)") != std::string::npos);
    all_is_over(w, 3);
  });
}

TEST_CASE("a receiver that does not answer is tried by one host after the other, and gets one page") {
  tell(3, receiver(90, 200, "cut") + platform(100, 400), [](MemberWorld& w) {
    CHECK(w.count("firing") == 1);
    CHECK(w.count("resolved") == 1);
    all_is_over(w, 3);
  });
}

TEST_CASE("without the servers each host pages as alone, under one key, and after their return there is one end") {
  tell(
      3, Plan{{60, "servers", -1, 0, ""}, {300, "servers", -1, 1, ""}} + platform(100, 500),
      [](MemberWorld& w) {
        CHECK(w.count("firing", "outage", 100, 160) == 3);
        CHECK(w.count("resolved", "outage", 0, 500) == 0);
        CHECK(w.count("resolved", "outage", 500, 900) >= 1);
        for (const auto& r : w.received()) CHECK(r.key == "prod/fabric/outage");
        CHECK(first(w, "firing").alert.find(R"("alone":true)") != std::string::npos);
        all_is_over(w, 3);
      },
      1100);
}

TEST_CASE("whoever has paged may die: another host tells the end, and the dead one learns of it") {
  for (int host = 0; host < 3; ++host)
    tell(
        3, platform(100, 400) + each(200, "crash", {host}) + each(700, "start", {host}),
        [](MemberWorld& w) {
          CHECK(w.count("firing") == 1);
          CHECK(w.count("resolved") == 1);
          all_is_over(w, 3);
        },
        1000, 1);
}

TEST_CASE("a host that dies between its receiver's answer and its note tells nothing twice after its return") {
  for (const double later : {11.0, 12.0, 13.0, 14.0, 16.0, 18.0, 20.0, 22.0})
    tell(
        1, platform(100, 400) + each(100 + later, "crash", {0}) + each(130 + later, "start", {0}),
        [](MemberWorld& w) {
          CHECK(w.count("firing") >= 1);
          CHECK(w.count("firing") <= 2);  // at least once: written and not known
          CHECK(w.count("resolved") == 1);
          all_is_over(w, 1);
        },
        900, 1);
}

TEST_CASE("all hosts restart in the middle of it, and there is still one page and one end") {
  tell(3, platform(100, 500) + each(200, "stop", {0, 1, 2}) + each(210, "start", {0, 1, 2}), [](MemberWorld& w) {
    CHECK(w.count("firing") == 1);
    CHECK(w.count("resolved") == 1);
    all_is_over(w, 3);
  });
}

TEST_CASE("an acknowledgement on one host is true on all, and is told once") {
  for (int host = 0; host < 3; ++host)
    tell(
        3, platform(100, 500) + each(200, "acknowledge", {host}),
        [](MemberWorld& w) {
          CHECK(w.count("acknowledged") == 1);
          for (int h = 0; h < 3; ++h) {
            REQUIRE(outages(w, h).size() == 1);
            CHECK(outages(w, h).front().acknowledged_by == "anna");
          }
          all_is_over(w, 3);
        },
        900, 1);
}

namespace {

/// Five minutes after the page, `boss` is called.
template <class Look>
void tell_with_escalation(int hosts, Plan plan, Look look) {
  MemberScene scene;
  scene.hosts = hosts, scene.plan = std::move(plan), scene.lasts = 1200;
  scene.sinks = {"a", "boss"}, scene.called_after = std::chrono::minutes(5);
  const auto whole = [&](MemberWorld& world) {
    look(world);
    all_is_over(world, hosts);
  };
  tell(std::move(scene), whole, 3);
}

/// What `boss` was told; a page that did not come five minutes and at most a sweep after that of `a` with its seconds.
std::vector<std::string> told_boss(const MemberWorld& w) {
  std::vector<std::string> all;
  const double page = first(w, "firing").at;
  for (const auto& r : w.received()) {
    if (r.sink != "boss") continue;
    const auto since = static_cast<int>(r.at - page);
    const bool is_in_time = r.event != "firing" || (since >= 300 && since < 335);
    all.push_back(r.event + (is_in_time ? "" : " after " + std::to_string(since) + " s"));
  }
  return all;
}
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("whoever waits is called by one host when nobody has acknowledged the page of all, and hears its end") {
  tell_with_escalation(5, platform(100, 700), [](MemberWorld& w) {
    CHECK(told_boss(w) == Lines{"firing", "recovered", "resolved"});
    for (const auto& r : w.received())
      if (r.sink == "boss" && r.event == "firing") CHECK(r.summary.starts_with("NOT ACKNOWLEDGED for 5m "));
  });
}

TEST_CASE("an acknowledgement on any host, and an early end, keep those who wait from being called") {
  tell_with_escalation(5, platform(100, 700) + each(300, "acknowledge", {3}),
                       [](MemberWorld& w) { CHECK(told_boss(w) == Lines{}); });
  tell_with_escalation(5, platform(100, 350), [](MemberWorld& w) { CHECK(told_boss(w) == Lines{}); });
}

TEST_CASE("whoever hears nothing of the others calls nobody for what is over") {
  for (int deaf = 0; deaf < 5; ++deaf)
    tell_with_escalation(5, platform(100, 330) + each(320, "stall", {deaf}, 175),
                         [](MemberWorld& w) { CHECK(told_boss(w) == Lines{}); });
}

TEST_CASE("who waits is called once though all hosts restart, and though whoever has paged is dead") {
  tell_with_escalation(3, platform(100, 700) + each(200, "stop", {0, 1, 2}) + each(210, "start", {0, 1, 2}),
                       [](MemberWorld& w) {
                         CHECK(told_boss(w) == Lines{"firing", "recovered", "resolved"});
                       });
  for (int dead = 0; dead < 3; ++dead)
    tell_with_escalation(3, platform(100, 700) + each(250, "crash", {dead}) + each(900, "start", {dead}),
                         [](MemberWorld& w) {
                           const auto told = told_boss(w);
                           CHECK(std::count(told.begin(), told.end(), "firing") == 1);
                           CHECK(std::count(told.begin(), told.end(), "resolved") == 1);
                         });
}

TEST_CASE("a silence on one host holds back the page of all") {
  tell(3, each(60, "silence", {1}, 1200) + platform(100, 400), [](MemberWorld& w) {
    CHECK(w.received().empty());
    all_is_over(w, 3);
  });
}

TEST_CASE("a member that dies is missed once by all, and its return ends that") {
  tell(4, each(100, "crash", {1}) + each(400, "start", {1}), [](MemberWorld& w) {
    CHECK(w.count("firing", "observer") == 1);
    CHECK(w.count("resolved", "observer") == 1);
    CHECK(first(w, "firing").key == "prod/readback/host-1/missing");
    CHECK(first(w, "firing").summary.starts_with("host-1 has not been heard since "));
    all_is_over(w, 4);
  });
}

TEST_CASE("a host that stood still while a blip passed pages nobody for it when it goes on") {
  // Wherever in its counting it was, and whatever it had heard of the others by then.
  for (double begins = 120; begins < 123; begins += .5)
    for (double frozen = begins + 3; frozen < begins + 8; ++frozen)
      tell(5, platform(begins, begins + 5) + each(frozen, "freeze", {2}, 90), [&](MemberWorld& w) {
        CAPTURE(begins);
        CAPTURE(frozen);
        CHECK(w.count("firing", "outage", frozen + 60) == 0);
        all_is_over(w, 5);
      });
}

TEST_CASE("a host that stood still while all else failed pages as before, and one that does so again waits no more") {
  tell(5, platform(120, 700) + each(123, "freeze", {2}, 60), [](MemberWorld& w) {
    CHECK(w.count("firing") == 1);
    CHECK(w.count("resolved") == 1);
    all_is_over(w, 5);
  });
  Plan again = platform(120, 700);
  for (double at = 100; at < 700; at += 15) again = again + each(at, "freeze", {0}, 12);
  tell(
      1, again,
      [](MemberWorld& w) {
        CHECK(w.count("firing", "outage", 0, 260) == 1);
        all_is_over(w, 1);
      },
      1500);
}

TEST_CASE("the same seed gives the same story") {
  MemberScene scene;
  scene.hosts = 5, scene.plan = platform(100, 300) + each(120, "crash", {1}) + each(200, "start", {1});
  MemberWorld one(scene), other(scene);
  one.run(), other.run();
  CHECK(one.story() == other.story());
  CHECK(one.story().size() > 50);
}
