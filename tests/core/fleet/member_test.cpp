// One member by itself, event by event: what it says, in which order, and what it makes of odd company.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/fleet/fleet.hpp"
#include "core/fleet/json.hpp"
#include "core/model/ids.hpp"

using namespace readback;

namespace {

constexpr MonoTime zero{};

FleetSetup setup(std::vector<std::string> sinks = {"a"}) {
  FleetSetup s;
  s.config.environment = "prod";
  s.config.targets.push_back(default_target("fabric"));
  s.config.targets.back().edit().interval = Seconds(30);
  for (const auto& sink : sinks) s.config.alerts.sinks.emplace_back().name = sink;
  s.config.resolution.settle = Seconds(60);
  s.config.fleet.name = "prod";
  s.host = "host-1", s.version = "1", s.start = "s1", s.seed = 1;
  return s;
}

FleetMember member(const std::string& host, const std::string& start = "x") {
  FleetMember m;
  m.fleet = "prod", m.host = host, m.environment = "prod", m.version = "1", m.start = start;
  m.targets["fabric"] = Seconds(30);
  m.sinks = {"a"};
  return m;
}
FleetEntry entry(const FleetMember& m, std::uint64_t revision) { return {member_key(m.host), write(m), revision}; }

/// What follows, as a line.
std::string text_of(const FleetActions& actions) {
  std::string all;
  for (const auto& a : actions) {
    all += std::to_string(a.index()) + " ";
    if (const auto* p = std::get_if<Publish>(&a)) all += p->text;
    if (const auto* c = std::get_if<ChangeClaim>(&a)) all += c->text;
    if (const auto* t = std::get_if<Tell>(&a)) all += t->row.text;
  }
  return all + "\n";
}

/// A member with a clock, that answers every request at once as servers would that take everything.
struct Alone {
  Fleet fleet;
  MonoTime now{};
  std::uint64_t sweeps = 0, revision = 100;
  bool answers = true;
  FleetActions last;  ///< all since the last tell()
  std::vector<std::pair<MonoTime, FleetEvent>> recorded;
  std::string said;  ///< in the order of the events

  explicit Alone(FleetSetup s = setup()) : fleet(std::move(s), zero) {}

  const FleetActions& tell(const FleetEvent& e) {
    last.clear();
    handle(e);
    return last;
  }
  void handle(const FleetEvent& e) {
    recorded.emplace_back(now, e);
    const auto actions = fleet.handle(e, now);
    said += text_of(actions);
    last.insert(last.end(), actions.begin(), actions.end());
    for (const auto& a : actions) {
      std::uint64_t ticket = 0;
      if (const auto* p = std::get_if<Publish>(&a)) ticket = p->ticket;
      if (const auto* c = std::get_if<ChangeClaim>(&a)) ticket = c->ticket;
      if (const auto* f = std::get_if<Fetch>(&a)) ticket = f->ticket;
      if (ticket && answers) handle(FleetAnswered{ticket, FleetAnswered::Outcome::done, ++revision, {}});
    }
  }
  void pass(Millis time) {
    for (const MonoTime end = now + time; now < end;) {
      now += Seconds(1);
      handle(FleetTick{});
    }
  }
  void sweep(bool is_bad) {
    handle(SweepBegan{"fabric", ++sweeps});
    SweepSeen seen{"fabric", sweeps, true, {}};
    if (is_bad) seen.findings.push_back({Boundary::outage, true, Severity::error, false, {"refused"}});
    handle(seen);
  }
  /// By the row of this subject that left last; and forgets what was done before.
  void attempted(Subject subject, bool is_accepted, bool was_written) {
    const auto id = left(subject);
    REQUIRE(id != 0);
    tell(Attempted{id, is_accepted, was_written, Millis(0)});
  }
  /// 0: none.
  std::uint64_t left(Subject subject) const {
    for (const auto& r : fleet.rows())
      for (const auto& a : last)
        if (const auto* leave = std::get_if<Leave>(&a); leave && leave->row == r.id && r.key.subject == subject)
          return r.id;
    return 0;
  }
};

template <class T>
int count(const FleetActions& actions) {
  return static_cast<int>(
      std::count_if(actions.begin(), actions.end(), [](const auto& a) { return std::holds_alternative<T>(a); }));
}
template <class T>
const T* first(const FleetActions& actions) {
  for (const auto& a : actions)
    if (const auto* found = std::get_if<T>(&a)) return found;
  return nullptr;
}

}  // namespace

TEST_CASE("a host that never reached the servers pages alone, and what leaves was saved before") {
  Alone me;
  me.answers = false;
  me.pass(Seconds(5));
  me.last.clear();
  me.sweep(true);
  CHECK(count<Leave>(me.last) == 0);  // not yet: nobody knows whether the servers can be reached
  me.last.clear();
  me.pass(Seconds(6));
  REQUIRE(count<Leave>(me.last) == 1);
  std::vector<int> order;
  for (const auto& a : me.last) {
    if (std::holds_alternative<Tell>(a)) order.push_back(1);
    if (std::holds_alternative<SaveFleet>(a) && !order.empty() && order.back() == 1) order.push_back(2);
    if (std::holds_alternative<Leave>(a)) order.push_back(3);
  }
  CHECK(order == std::vector<int>{1, 2, 3});
  CHECK(me.fleet.is_away(me.now));
}

TEST_CASE("what is held for two sinks is one incident") {
  Alone me(setup({"a", "b"}));
  me.handle(FirstPicture{});
  me.pass(Seconds(1));
  me.last.clear();
  me.sweep(true);
  me.pass(Seconds(12));
  CHECK(count<Tell>(me.last) == 2);
  CHECK(count<Leave>(me.last) == 2);
  CHECK(count<Turned>(me.last) == 1);
  CHECK(count<ChangeClaim>(me.last) == 2);
  CHECK(me.fleet.holds({"fabric", Subject::outage, "b"}));
}

TEST_CASE("what no sink takes is an incident all the same, from its beginning to its end") {
  Alone me(setup({}));
  me.handle(FirstPicture{});
  me.sweep(true);
  REQUIRE(first<Turned>(me.last) != nullptr);
  CHECK(first<Turned>(me.last)->kind == EventKind::firing);
  CHECK(me.fleet.is_open("fabric", Subject::outage));
  me.pass(Seconds(20));
  me.last.clear();
  for (int i = 0; i < 5; ++i) me.pass(Seconds(30)), me.sweep(false);
  CHECK_FALSE(me.fleet.is_open("fabric", Subject::outage));
  CHECK(count<Tell>(me.last) + count<ChangeClaim>(me.last) == 0);
  std::vector<EventKind> kinds;
  for (const auto& a : me.last)
    if (const auto* t = std::get_if<Turned>(&a)) kinds.push_back(t->kind);
  CHECK(kinds == std::vector<EventKind>{EventKind::recovered, EventKind::resolved});
}

TEST_CASE("its tick comes when it is due, however much it hears in between") {
  Alone me;
  me.handle(FirstPicture{});
  me.pass(Seconds(1));
  const auto due = me.fleet.next_due();
  for (std::uint64_t i = 0; i < 9; ++i) {
    me.now += Millis(100);
    me.handle(FleetHeard{Bucket::hosts, entry(member("host-2"), i + 1)});
  }
  CHECK(me.fleet.next_due() == due);
}

TEST_CASE("who is not asked about a target says only what it asks, and that it is over") {
  std::string juror;
  for (int i = 2; juror.empty(); ++i) {
    const std::string name = "host-" + std::to_string(i);
    if (rendezvous("fabric", name) < rendezvous("fabric", "host-1")) juror = name;
  }
  auto one_juror = setup();
  one_juror.config.fleet.jury = 1;
  Alone me(one_juror);
  FirstPicture picture;
  picture.hosts = {entry(member(juror), 1)};
  me.handle(picture);
  std::vector<int> said;
  for (const bool is_bad : {false, false, true, true, false, false}) {
    me.last.clear();
    me.sweep(is_bad);
    said.push_back(count<Publish>(me.last));
  }
  CHECK(said == std::vector<int>{0, 0, 1, 1, 1, 0});
}

TEST_CASE("a question is answered by whoever is asked later, or hears it when it comes back") {
  std::string juror;
  for (int i = 2; juror.empty(); ++i) {
    const std::string name = "host-" + std::to_string(i);
    if (rendezvous("fabric", name) < rendezvous("fabric", "host-1")) juror = name;
  }
  FleetView question;
  question.fleet = "prod", question.host = "host-0", question.target = "fabric";
  question.sweep = 1, question.interval = Seconds(30);
  question.boundaries.push_back({.boundary = Boundary::outage, .state = SeenAs::suspected, .question = 7});
  const FleetEntry asks{view_key("fabric", "host-0"), write(question), 50};
  auto one_juror = setup();
  one_juror.config.fleet.jury = 1;

  Alone later(one_juror);
  FirstPicture picture;
  picture.hosts = {entry(member(juror), 1)};
  later.handle(picture);
  later.sweep(false);
  later.last.clear();
  later.handle(FleetHeard{Bucket::views, asks});
  later.pass(missing_after - Seconds(2));
  CHECK(count<AskSweep>(later.last) == 0);
  later.pass(Seconds(10));  // the juror has not been heard for so long that it has no vote: another is drawn
  CHECK(count<AskSweep>(later.last) == 1);

  Alone back;
  picture.views = {asks};
  back.tell(picture);
  back.pass(Seconds(10));
  CHECK(count<AskSweep>(back.last) == 1);
}

TEST_CASE("a juror that has fallen silent gives its place to one that is heard, and gets it back") {
  auto three = setup();
  three.config.fleet.jury = 3;
  Alone me(three);
  const std::vector<std::string> others{"host-2", "host-3", "host-4", "host-5", "host-6"};
  FirstPicture picture;
  for (const auto& host : others) picture.hosts.push_back(entry(member(host), ++me.revision));
  me.handle(picture);
  const auto asked = [&] {
    const auto tally = me.fleet.votes("fabric", Boundary::outage, me.now);
    std::set<std::string> all{tally.who.begin(), tally.who.end()};
    all.insert(tally.who_not.begin(), tally.who_not.end());
    all.insert(tally.who_else.begin(), tally.who_else.end());
    return all;
  };
  const auto first = asked();
  CHECK(first.size() == 3);
  const auto renew = [&](int seconds, bool all) {
    for (int i = 0; i < seconds; ++i) {
      me.pass(Seconds(1));
      for (const auto& host : others)
        if (all || !first.contains(host)) me.handle(FleetHeard{Bucket::hosts, entry(member(host), ++me.revision)});
    }
  };
  renew(15, false);
  CHECK(asked() == first);
  renew(1, false);
  const auto instead = asked();
  CHECK(instead.size() == 3);
  for (const auto& host : first) CHECK(instead.contains(host) == (host == "host-1"));
  renew(1, true);
  CHECK(asked() == first);
}

TEST_CASE("nobody is paged for what the last sweep did not show, though it is not over yet") {
  Alone me;
  me.answers = false;
  me.handle(SweepBegan{"fabric", ++me.sweeps});
  SweepSeen green{"fabric", me.sweeps, true, {}};
  green.findings.push_back({Boundary::outage, true, Severity::error, false, {"refused"}, false});
  me.handle(green);
  me.last.clear();
  me.pass(Seconds(60));  // the servers are away: it decides alone
  CHECK(count<Tell>(me.last) == 0);
  me.sweep(true);
  CHECK(count<Tell>(me.last) == 1);
}

TEST_CASE("a host that cannot reach the platform does not say that all else is well there") {
  Alone me;
  FirstPicture picture;
  for (const auto* host : {"host-2", "host-3"}) picture.hosts.push_back(entry(member(host), 1));
  me.handle(picture);
  me.sweep(false);
  for (const auto* host : {"host-2", "host-3"}) {
    FleetView view;
    view.fleet = "prod", view.host = host, view.target = "fabric";
    view.sweep = 1, view.seen = me.revision, view.interval = Seconds(30);
    if (host == std::string("host-2")) {
      BoundaryView outage;
      outage.state = SeenAs::holding;
      view.boundaries.push_back(outage);
    }
    me.handle(FleetHeard{Bucket::hosts, entry(member(host), ++me.revision)});
    me.handle(FleetHeard{Bucket::views, {view_key("fabric", host), write(view), ++me.revision}});
  }
  const auto security = me.fleet.votes("fabric", Boundary::security, me.now);
  CHECK(security.who_not.size() == 2);
  CHECK(security.who_else == std::vector<std::string>{"host-2"});
  CHECK(me.fleet.votes("fabric", Boundary::outage, me.now).who == std::vector<std::string>{"host-2"});
}

TEST_CASE("that its own way was blamed is known over a restart, and ends") {
  Alone me;
  FirstPicture picture;
  for (const auto* host : {"host-2", "host-3"}) picture.hosts.push_back(entry(member(host), 1));
  me.handle(picture);
  me.sweep(true);
  for (std::uint64_t second = 1; second <= 60; ++second) {
    me.pass(Seconds(1));
    for (const auto* host : {"host-2", "host-3"}) {
      FleetView green;
      green.fleet = "prod", green.host = host, green.target = "fabric";
      green.sweep = second, green.seen = me.revision, green.interval = Seconds(30);
      me.handle(FleetHeard{Bucket::hosts, entry(member(host), ++me.revision)});
      me.handle(FleetHeard{Bucket::views, {view_key("fabric", host), write(green), ++me.revision}});
    }
  }
  REQUIRE(first<OwnWay>(me.last) != nullptr);
  Alone again;
  CHECK(again.fleet.restore(me.fleet.save()).empty());
  again.now = me.now;
  again.sweep(false);
  REQUIRE(first<OwnWay>(again.last) != nullptr);
  CHECK_FALSE(first<OwnWay>(again.last)->is_blamed);
}

TEST_CASE("who has stood still believes nothing that waited in the line, and is not away for what was not answered") {
  Alone me;
  me.tell(FirstPicture{{entry(member("host-2"), 1), entry(member("host-3"), 2)}, {}, {}});
  const auto sees_it = [](const std::string& host, std::uint64_t revision) {
    FleetView v;
    v.fleet = "prod", v.host = host, v.target = "fabric", v.sweep = revision, v.seen = revision - 1;
    v.interval = Seconds(30);
    v.boundaries.push_back({.boundary = Boundary::outage, .state = SeenAs::holding, .question = revision});
    return FleetHeard{Bucket::views, {view_key("fabric", host), write(v), revision}};
  };
  me.sweep(true);
  me.answers = false;  // what is asked now is answered by nobody
  me.tell(FleetTick{});
  me.now += Seconds(90);
  CHECK(count<StartOver>(me.tell(StoodStill{})) == 1);
  CHECK(!me.fleet.is_away(me.now));
  me.tell(sees_it("host-2", 901));
  me.tell(sees_it("host-3", 902));
  const FirstPicture old{{entry(member("host-2"), 1), entry(member("host-3"), 2)}, {}, {}};
  me.tell(old);  // of before it has started over
  me.tell(sees_it("host-2", 903));
  me.tell(sees_it("host-3", 904));
  CHECK(me.fleet.votes("fabric", Boundary::outage, me.now).yes == 1);
  CHECK(me.fleet.rows().empty());

  // From here on everything is new.
  me.answers = true;
  me.tell(ConnectionLost{});
  me.tell(FirstPicture{{entry(member("host-2"), 905), entry(member("host-3"), 906)}, {}, {}});
  me.tell(sees_it("host-2", 907));
  CHECK(me.fleet.votes("fabric", Boundary::outage, me.now).yes == 2);
  CHECK(me.fleet.rows().size() == 1);
}

TEST_CASE("another member of the same name is told once, and an earlier life of this host is none") {
  Alone me;
  FirstPicture picture;
  picture.hosts.push_back(entry(member("host-1", "s0"), 7));
  me.handle(picture);
  me.pass(Seconds(6));
  CHECK(me.fleet.troubles(me.now).empty());
  me.tell(FleetHeard{Bucket::hosts, entry(member("host-1", "s0"), me.revision + 40)});
  CHECK(count<Say>(me.last) == 0);  // on its way when that life ended
  me.tell(FleetHeard{Bucket::hosts, entry(member("host-1", "s2"), me.revision + 50)});
  me.handle(FleetHeard{Bucket::hosts, entry(member("host-1", "s2"), me.revision + 55)});
  CHECK(count<Say>(me.last) == 1);
  me.tell(FleetHeard{Bucket::hosts, entry(member("host-1", "s2"), me.revision + 60)});
  CHECK(count<Say>(me.last) == 0);
  CHECK(me.fleet.troubles(me.now) == std::vector<std::string>{"another member of the fleet is called host-1 as well"});
  me.pass(Seconds(65));  // it has another name now, or is gone
  CHECK(me.fleet.troubles(me.now).empty());
}

TEST_CASE("a member is missed when the servers do not know it either, and not because a watch has stalled") {
  for (const bool lives : {true, false}) {
    CAPTURE(lives);
    Alone me;
    FirstPicture picture;
    picture.hosts = {entry(member("host-2"), 1)};
    me.handle(picture);
    me.pass(Seconds(59));
    me.answers = false;
    me.last.clear();
    me.pass(Seconds(4));
    const auto* asked = first<Fetch>(me.last);
    REQUIRE(asked != nullptr);
    CHECK(count<Tell>(me.last) == 0);
    FleetAnswered answer{asked->ticket, FleetAnswered::Outcome::done, 0, {}};
    if (lives) answer.found.emplace_back(Bucket::hosts, entry(member("host-2"), 99));
    me.tell(answer);
    CHECK(count<Tell>(me.last) == (lives ? 0 : 1));
  }
}

TEST_CASE("who has heard nobody until it is the only one left asks the servers before it pages") {
  for (const bool lives : {true, false}) {
    CAPTURE(lives);
    Alone me;
    me.handle(FirstPicture{{entry(member("host-2"), 1), entry(member("host-3"), 2)}, {}, {}});
    me.pass(Seconds(70));
    me.answers = false;
    me.last.clear();
    me.sweep(true);
    const auto is_paged = [&] {
      const auto rows = me.fleet.rows();
      return std::any_of(rows.begin(), rows.end(), [](const FleetRow& r) { return r.key.target == "fabric"; });
    };
    const auto* asked = first<Fetch>(me.last);
    REQUIRE(asked != nullptr);
    CHECK(me.fleet.votes("fabric", Boundary::outage, me.now).asked() == 1);
    CHECK(!is_paged());
    FleetAnswered answer{asked->ticket, FleetAnswered::Outcome::done, 0, {}};
    if (lives) answer.found.emplace_back(Bucket::hosts, entry(member("host-2"), 99));
    me.tell(answer);
    CHECK(is_paged() != lives);
  }
}

TEST_CASE("whoever has missed a member hears how it ends, also when others are asked about that by then") {
  std::string gone;  // about which host-1 is asked before host-2, and host-3 before both
  for (int i = 0; gone.empty(); ++i) {
    const std::string name = "gone-" + std::to_string(i);
    const auto place = [&](const char* host) { return rendezvous(name, host); };
    if (place("host-1") < place("host-2") && place("host-3") < place("host-1")) gone = name;
  }
  auto one_juror = setup();
  one_juror.config.fleet.jury = 1;
  Alone me(one_juror);
  FirstPicture picture;
  picture.hosts = {entry(member("host-2"), 1), entry(member(gone), 2)};
  me.handle(picture);
  for (int i = 0; i < 70; ++i) {
    me.pass(Seconds(1));
    me.handle(FleetHeard{Bucket::hosts, entry(member("host-2"), ++me.revision)});
  }
  const ClaimKey key{"readback/" + gone, Subject::missing, "a"};
  REQUIRE(me.fleet.holds(key));
  me.handle(FleetHeard{Bucket::hosts, entry(member("host-3"), ++me.revision)});
  FleetClaim over;
  over.epoch = 1, over.told = 5, over.ended = over.closed = true;
  me.handle(FleetHeard{Bucket::claims, {claim_key("prod", key), write(over), me.revision + 1000}});
  CHECK_FALSE(me.fleet.is_open("readback/" + gone, Subject::missing));
}

TEST_CASE("a host that has lost its disk ends what it holds, though others are asked about that by then") {
  std::string back;  // about which host-3 is asked, and not host-1
  for (int i = 0; back.empty(); ++i) {
    const std::string name = "back-" + std::to_string(i);
    if (rendezvous(name, "host-3") < rendezvous(name, "host-1")) back = name;
  }
  auto one_juror = setup();
  one_juror.config.fleet.jury = 1;
  Alone me(one_juror);
  const ClaimKey key{"readback/" + back, Subject::missing, "a"};
  FirstPicture picture;
  picture.hosts = {entry(member("host-3"), 1), entry(member(back), 2)};
  picture.claims.push_back({claim_key("prod", key), R"({"schema":1,"epoch":3,"holder":"host-1","told":5})", 9});
  me.handle(picture);
  CHECK(me.fleet.is_open(key.target, Subject::missing));
  for (int i = 0; i < 150 && !first<Leave>(me.last); ++i) {
    me.pass(Seconds(1));
    for (const auto& host : {std::string("host-3"), back})
      me.handle(FleetHeard{Bucket::hosts, entry(member(host), ++me.revision)});
  }
  REQUIRE(first<Leave>(me.last) != nullptr);
  me.tell(Attempted{first<Leave>(me.last)->row, true, true, Millis(0)});
  REQUIRE(first<ChangeClaim>(me.last) != nullptr);
  CHECK(first<ChangeClaim>(me.last)->text.find(R"("ended":true,"closed":true)") != std::string::npos);
}

TEST_CASE("what nobody was told of and nobody sees is closed in silence, and said when somebody sees it") {
  for (const bool goes_missing : {false, true}) {
    CAPTURE(goes_missing);
    Alone me;
    const ClaimKey key{"readback/host-2", Subject::missing, "a"};
    FirstPicture picture;
    picture.hosts = {entry(member("host-2"), 1)};
    picture.claims.push_back({claim_key("prod", key), R"({"schema":1,"epoch":3,"holder":"gone","tries":2})", 9});
    me.handle(picture);
    CHECK(me.fleet.is_open(key.target, key.subject));
    if (goes_missing) {
      me.pass(Seconds(120));
      CHECK(count<Turned>(me.last) == 1);
      REQUIRE(first<Turned>(me.last) != nullptr);
      CHECK(first<Turned>(me.last)->kind == EventKind::firing);
      CHECK(count<Leave>(me.last) == 1);
      continue;
    }
    // Over a restart as well.
    Alone again;
    REQUIRE(again.fleet.restore(me.fleet.save()).empty());
    again.handle(picture);
    for (int i = 0; i < 600 && again.fleet.is_open(key.target, key.subject); ++i) {
      again.pass(Seconds(1));
      again.handle(FleetHeard{Bucket::hosts, entry(member("host-2"), ++again.revision)});
    }
    CHECK_FALSE(again.fleet.is_open(key.target, key.subject));
    REQUIRE(first<ChangeClaim>(again.last) != nullptr);
    CHECK(again.said.find(R"("ended":false,"closed":true)") != std::string::npos);
    for (const auto* each : {&me, &again}) {
      CHECK(count<Turned>(each->last) == 0);
      CHECK(count<Tell>(each->last) == 0);
    }
  }
}

TEST_CASE("what the fleet has opened is closed by whoever comes back to it, though nobody reached a receiver") {
  Alone me;
  FirstPicture picture;
  picture.hosts = {entry(member("host-2"), 1)};
  picture.claims.push_back({"prod.fabric.outage.a", R"({"schema":1,"epoch":1,"told":0,"tries":4})", 9});
  me.handle(picture);
  REQUIRE(me.fleet.is_open("fabric", Subject::outage));
  me.answers = false;
  me.handle(ConnectionLost{});
  me.pass(Seconds(60));
  REQUIRE(first<Leave>(me.last) != nullptr);
  me.handle(Attempted{first<Leave>(me.last)->row, false, false, Millis(0)});
  me.answers = true;
  me.handle(picture);
  CHECK(me.fleet.is_open("fabric", Subject::outage));
  for (int i = 0; i < 60; ++i) me.sweep(false), me.pass(Seconds(30));
  CHECK_FALSE(me.fleet.is_open("fabric", Subject::outage));
  CHECK(me.said.find(R"("ended":false,"closed":true)") != std::string::npos);
}

TEST_CASE("what a host holds of a target that others watch and it does not goes back to them") {
  Alone me;
  auto other = member("host-2");
  other.targets["gateway"] = Seconds(30);
  FirstPicture picture;
  picture.hosts = {entry(other, 1)};
  picture.claims.push_back({"prod.gateway.outage.a", R"({"schema":1,"epoch":3,"holder":"host-1","told":5})", 9});
  me.handle(picture);
  me.pass(Seconds(2));
  const auto* change = first<ChangeClaim>(me.last);
  REQUIRE(change != nullptr);
  CHECK(change->text.find(R"("holder":"")") != std::string::npos);
  CHECK(change->text.find(R"("closed":false)") != std::string::npos);
  CHECK(count<Leave>(me.last) == 0);
}

TEST_CASE("a claim is taken over with everything that a newer version has written into it") {
  Alone me;
  FirstPicture picture;
  picture.claims.push_back({"prod.fabric.outage.a", R"({"schema":1,"epoch":3,"holder":"","told":5,"escort":[1]})", 9});
  me.handle(picture);
  CHECK(me.fleet.is_open("fabric", Subject::outage));
  me.last.clear();
  for (int i = 0; i < 5; ++i) me.pass(Seconds(30)), me.sweep(false);
  const auto* change = first<ChangeClaim>(me.last);
  REQUIRE(change != nullptr);
  CHECK(change->expected == 9);
  CHECK(change->text ==
        R"({"schema":1,"epoch":3,"holder":"host-1","incident":"","told":5,"ended":false,"closed":false,"passed":[],)"
        R"("tries":0,"escort":[1]})");
  REQUIRE(first<Leave>(me.last) != nullptr);
  const auto row = first<Leave>(me.last)->row;
  me.tell(Attempted{row, true, true, Millis(0)});
  change = first<ChangeClaim>(me.last);
  REQUIRE(change != nullptr);
  CHECK(change->text.find(R"("ended":true,"closed":true)") != std::string::npos);
  CHECK(change->text.find(R"("escort":[1])") != std::string::npos);
  CHECK_FALSE(me.fleet.is_open("fabric", Subject::outage));
}

TEST_CASE("what nobody was told is closed without a word, but not before whoever has tried may have come back") {
  for (const int tries : {0, 2}) {
    CAPTURE(tries);
    Alone me;
    FirstPicture picture;
    picture.claims.push_back(
        {"prod.fabric.outage.a",
         R"({"schema":1,"epoch":3,"holder":"","told":0,"passed":["host-2"],"tries":)" + std::to_string(tries) + "}",
         9});
    me.handle(picture);
    const auto minutes = [&](int n) {
      for (int i = 0; i < 2 * n; ++i) me.pass(Seconds(30)), me.sweep(false);
    };
    const auto is_closed = [&] { return me.said.find(R"("told":0,"ended":false,"closed":true)") != std::string::npos; };
    minutes(4);
    CHECK(is_closed() == (tries == 0));
    minutes(6);
    CHECK(is_closed());
    CHECK(count<Leave>(me.last) == 0);
  }
}

namespace {

/// A host alone in its jury, beside one that has the same sink and never says a word: incidents that end are told
/// without anybody's vote.
struct BesideASilentOne : Alone {
  BesideASilentOne(const std::vector<std::string>& boundaries, const std::string& claim) {
    FirstPicture picture;
    picture.hosts = {other()};
    for (const auto& b : boundaries) picture.claims.push_back({"prod.fabric." + b + ".a", claim, ++revision});
    handle(picture);
    last.clear();
    for (int i = 0; i < 4; ++i) sweep(false), go_on(Seconds(30));
  }
  FleetEntry other() {
    auto m = member("host-2");
    m.targets = {{"gateway", Seconds(30)}};
    return entry(m, ++revision);
  }
  void go_on(Millis time) {
    for (Millis gone{0}; gone < time; gone += Seconds(1)) {
      handle(FleetHeard{Bucket::hosts, other()});
      pass(Seconds(1));
    }
  }
};

}  // namespace

TEST_CASE("whose way to a receiver works waits for nobody, but with what is refused alone") {
  BesideASilentOne me({"outage", "security", "readiness"}, R"({"schema":1,"epoch":3,"holder":"host-1","told":5})");
  const Subject all[] = {Subject::outage, Subject::security, Subject::readiness};
  std::map<Subject, std::uint64_t> rows;
  for (const auto s : all) REQUIRE((rows[s] = me.left(s)) != 0);
  for (const auto s : all) me.handle(Attempted{rows[s], false, true, Millis(0)});
  me.last.clear();
  me.go_on(Seconds(25));
  for (const auto s : all) CHECK(me.left(s) == 0);  // the other one is to try
  me.go_on(Seconds(10));
  for (const auto s : all) REQUIRE(me.left(s) == rows[s]);
  me.attempted(Subject::outage, false, true);
  me.handle(Attempted{rows[Subject::security], true, true, Millis(0)});
  me.go_on(Seconds(4));
  me.attempted(Subject::outage, false, true);
  me.handle(Attempted{rows[Subject::readiness], true, true, Millis(0)});
  me.go_on(Seconds(20));
  CHECK(me.left(Subject::outage) == 0);
}

TEST_CASE("who has no connection hands over without a try, and the pause of all goes on as it was") {
  for (const bool was_written : {false, true}) {
    CAPTURE(was_written);
    BesideASilentOne me({"outage"}, R"({"schema":1,"epoch":3,"holder":"host-1","told":5,"tries":20})");
    me.attempted(Subject::outage, false, true);
    const auto claim_of = [&](const std::string& holder, const std::string& passed, int tries) {
      me.handle(FleetHeard{Bucket::claims,
                           {"prod.fabric.outage.a",
                            R"({"schema":1,"epoch":3,"told":5,"holder":")" + holder + R"(","passed":[)" + passed +
                                R"(],"tries":)" + std::to_string(tries) + "}",
                            ++me.revision}});
    };
    me.go_on(Seconds(40));
    claim_of("host-2", R"("host-1")", 21);
    claim_of("", "", was_written ? 22 : 21);
    CHECK(me.left(Subject::outage) == 0);
    me.go_on(Seconds(15));
    CHECK(me.left(Subject::outage) == 0);
    me.go_on(Seconds(12));
    CHECK((me.left(Subject::outage) != 0) == !was_written);
    if (was_written) continue;
    me.attempted(Subject::outage, false, false);
    REQUIRE(first<ChangeClaim>(me.last) != nullptr);
    CHECK(first<ChangeClaim>(me.last)->text.find(R"("passed":["host-1"],"tries":21)") != std::string::npos);
  }
}

TEST_CASE("what may have reached a receiver while the host was alone has its end, whatever the others have closed") {
  for (const std::string way : {"saved", "on the way", "tried"}) {
    CAPTURE(way);
    Alone me;
    me.answers = false;
    me.pass(Seconds(5));
    me.sweep(true);
    me.pass(Seconds(6));
    REQUIRE(first<Leave>(me.last) != nullptr);
    const auto row = first<Leave>(me.last)->row;
    Alone back;  // after a start
    Alone& now = way == "saved" ? back : me;
    if (way == "saved") REQUIRE(back.fleet.restore(me.fleet.save()).empty());
    if (way == "tried") me.handle(Attempted{row, false, true, Millis(0)});
    now.answers = true;
    FirstPicture picture;
    picture.hosts = {entry(member("host-2"), 1)};
    picture.claims.push_back({"prod.fabric.outage.a", R"({"schema":1,"epoch":1,"told":0,"closed":true})", 9});
    now.last.clear();
    now.handle(picture);
    if (way == "on the way") {
      CHECK_FALSE(now.fleet.is_open("fabric", Subject::outage));
      now.handle(Attempted{row, false, true, Millis(0)});
    }
    const auto* change = first<ChangeClaim>(now.last);
    REQUIRE(change != nullptr);
    CHECK(change->text.find(R"("epoch":2,"holder":"host-1")") != std::string::npos);
    CHECK(change->text.find(R"("told":5)") != std::string::npos);
    CHECK(now.fleet.is_open("fabric", Subject::outage));
    now.last.clear();
    for (int i = 0; i < 10; ++i) now.sweep(false), now.pass(Seconds(30));
    now.attempted(Subject::outage, true, true);
    CHECK_FALSE(now.fleet.is_open("fabric", Subject::outage));
  }
}

TEST_CASE("a claim that was removed, or is of a newer version, is not asked about over and over") {
  for (const std::string text : {"", R"({"schema":2})"}) {
    CAPTURE(text);
    Alone me;
    FirstPicture picture;
    picture.claims.push_back({"prod.fabric.outage.a", R"({"schema":1,"epoch":3,"holder":"host-1","told":5})", 9});
    me.handle(picture);
    me.tell(FleetHeard{Bucket::claims, {"prod.fabric.outage.a", text, 50}});
    me.sweep(true);
    me.answers = false;
    int asked = 0;
    for (int i = 0; i < 40; ++i) {  // servers that have the claim as it was heard last, and refuse every change of it
      me.last.clear();
      me.pass(Seconds(1));
      const auto actions = me.last;
      for (const auto& a : actions) {
        if (const auto* p = std::get_if<Publish>(&a)) me.handle(FleetAnswered{p->ticket, {}, ++me.revision, {}});
        if (const auto* c = std::get_if<ChangeClaim>(&a)) {
          ++asked;
          me.handle(FleetAnswered{
              c->ticket, c->expected ? FleetAnswered::Outcome::conflict : FleetAnswered::Outcome{}, ++me.revision, {}});
        }
        if (const auto* f = std::get_if<Fetch>(&a)) me.handle(FleetAnswered{f->ticket, {}, 0, {}});
      }
    }
    CHECK(asked <= 3);
  }
}

TEST_CASE("what is saved comes back, and a state of a newer version is refused with its reason") {
  Alone me;
  me.handle(FirstPicture{{entry(member("host-2"), 1)}, {}, {}});
  me.sweep(true);
  me.pass(Seconds(40));
  const std::string saved = me.fleet.save();
  REQUIRE(me.fleet.rows().size() == 1);
  Fleet again(setup(), zero);
  CHECK(again.restore(saved) == "");
  CHECK(again.save() == saved);
  CHECK(again.rows().size() == 1);
  CHECK(again.restore("{\"version\":9}") ==
        "the saved state of the fleet cannot be used: it has version 9, this program knows 1");
  CHECK(again.save() == saved);
  CHECK(again.restore("junk") != "");
}

TEST_CASE("the same events give the same actions: a recording of what counted is a replay") {
  Alone me;
  me.handle(FirstPicture{{entry(member("host-2"), 1), entry(member("host-3"), 2)}, {}, {}});
  for (int i = 0; i < 20; ++i) {
    me.sweep(i < 10);
    me.tell(FleetHeard{Bucket::hosts, entry(member("host-2"), ++me.revision)});
    for (const auto& row : me.fleet.rows()) me.handle(Attempted{row.id, i % 2 == 1, true, Millis(0)});
    me.pass(Seconds(10));
  }
  CHECK(me.said.find("host-1-s1-") != std::string::npos);  // it came as far as a claim
  Fleet again(setup(), zero);
  std::string said;
  for (const auto& [at, e] : me.recorded) said += text_of(again.handle(e, at));
  CHECK(said == me.said);
  CHECK(again.save() == me.fleet.save());
}

TEST_CASE("whatever is written under whatever key, nothing is thrown and no host has two votes") {
  IdSource random(5);
  FleetView view;
  view.fleet = "prod", view.host = "host-2", view.target = "fabric", view.interval = Seconds(30);
  view.boundaries = {{Boundary::outage, SeenAs::firing, Severity::critical, true, false, 3, {"x"}}};
  FleetClaim claim;
  claim.holder = "host-2", claim.told = 5;
  const std::string texts[] = {write(member("host-2")), write(view), write(claim), "", "{}"};
  const std::string keys[] = {"host-2",
                              "fabric.host-2",
                              "prod.fabric.outage.a",
                              "prod.readback=2Fhost-2.missing.a",
                              "prod.x.missing.a",
                              "prod.fabric.vantage.a",
                              "fabric",
                              "....",
                              ""};
  Alone me;
  me.handle(FirstPicture{});
  for (std::uint64_t i = 1; i <= 4000; ++i) {
    std::string text = texts[random.random() % 5], key = keys[random.random() % 9];
    for (std::uint64_t n = random.random() % 3; n > 0 && !text.empty(); --n)
      text[random.random() % text.size()] = static_cast<char>(random.random());
    const auto bucket = static_cast<Bucket>(random.random() % 3);
    // A revision is the servers' own; they may repeat what was.
    me.tell(FleetHeard{bucket, {key, text, random.random() % 4 ? ++me.revision : me.revision / 2}});
    if (i % 50 == 0) me.pass(Seconds(1)), me.sweep(random.random() % 2);
    const auto votes = me.fleet.votes("fabric", Boundary::outage, me.now);
    CHECK(votes.asked() <= 2);
    CHECK(std::count(votes.who.begin(), votes.who.end(), "host-2") <= 1);
  }
}
