// In which order one event is carried out, and what of it is on the disk together.
#include <doctest/doctest.h>

#include "core/engine/course.hpp"

using namespace readback;

namespace {

Notify notify(const char* id) {
  Notify n;
  n.event.id = id;
  return n;
}

/// A word a step, as it is asked for; what a seal brings is `more`.
struct Driver {
  Course course;
  Instant now{MonoTime(Seconds(100)), WallTime(Seconds(1'795'402'800))};
  bool hangs = false;
  Result<void> written;
  Actions more;
  std::deque<Actions> beside;  // events that come while another waits for its seal
  int left = 0;
  std::vector<std::string> said;

  std::string run(Actions actions) {
    std::string words;
    course.begin(std::move(actions));
    for (;;) {
      auto step = course.next(now, hangs);
      if (std::holds_alternative<Course::Done>(step))
        return words + "answer " + std::get<Course::Done>(step).answer.text;
      words += word(step) + "; ";
    }
  }
  std::string word(Course::Step& step) {
    if (auto* sweep = std::get_if<StartSweep>(&step)) return "read " + sweep->target;
    if (auto* check = std::get_if<StartCheck>(&step)) return "check " + check->check;
    if (std::holds_alternative<StartEvidence>(step)) return "evidence";
    if (std::holds_alternative<Record>(step)) return "record";
    if (std::holds_alternative<Course::Deliver>(step)) return "deliver";
    if (const auto* duty = std::get_if<FleetDuty>(&step)) return "fleet " + duty->over.front();
    if (auto* line = std::get_if<Say>(&step)) return "say " + line->text;
    if (auto* notify = std::get_if<Notify>(&step)) {
      OutboxRow row;
      row.event_id = notify->event.id;
      course.notified({row});
      return "render " + notify->event.id;
    }
    if (std::holds_alternative<Seal>(step)) {
      if (beside.empty() && left == 0) {
        course.sealed(std::exchange(more, {}));
        return "seal";
      }
      course.leave();
      ++left;
      return "seal and leave";
    }
    if (std::holds_alternative<Course::Await>(step)) {
      if (!beside.empty()) {
        course.begin(std::move(beside.front()));
        beside.pop_front();
        return "beside it";
      }
      --left;
      course.resume({notify(("sealed " + std::to_string(left)).c_str())});
      return "is sealed";
    }
    const auto& commit = std::get<Course::Commit>(step);
    std::string text = "commit";
    for (const auto& part : commit.parts) text += " state:" + part;
    for (const auto& row : commit.rows) text += " row:" + row.event_id;
    for (const auto& incident : commit.ended) text += " ended:" + incident.id;
    for (const auto& line : course.committed(written)) said.push_back(line.text);
    return text;
  }
};

Keep keep(const char* id) {
  Keep k;
  k.incident.id = id;
  return k;
}
Answer answer(const char* text) {
  Answer a;
  a.text = text;
  return a;
}

}  // namespace

TEST_CASE("reads start before all else, and what must be on the disk together is one commit before anything leaves") {
  Driver d;
  CHECK(d.run({Record{}, notify("e1"), SaveState{"fabric", true}, keep("i1"), answer("done"), StartEvidence{"fabric"},
               StartSweep{"fabric", 2, {}}}) ==
        "evidence; read fabric; record; render e1; commit state:fabric row:e1 ended:i1; deliver; answer done");
}

TEST_CASE("what a seal brings is done before what stands behind the seal, in the same commit") {
  Driver d;
  d.more = {SaveState{"fabric", true}, notify("page"), answer("sealed"), StartCheck{"fabric", "drift"}};
  CHECK(d.run({Record{}, Seal{}, notify("later"), StartSweep{"fabric", 2, {}}}) ==
        "read fabric; record; seal; check drift; render page; render later; commit state:fabric row:page row:later; "
        "deliver; answer sealed");
}

TEST_CASE("counts that nobody was told of are saved a second later, or with whatever is told first") {
  Driver d;
  CHECK(d.run({SaveState{"a", false}}) == "answer ");
  d.now.mono += Millis(999);
  CHECK(d.run({SaveState{"b", false}}) == "answer ");
  d.now.mono += Millis(1);
  CHECK(d.run({}) == "commit state:a state:b; answer ");
  CHECK(d.run({SaveState{"a", false}}) == "answer ");
  CHECK(d.run({notify("e1")}) == "render e1; commit state:a row:e1; deliver; answer ");
  CHECK(d.run({}) == "answer ");
}

TEST_CASE("an event is asked for when counts are to be saved, each second anew while the store hangs") {
  Driver d;
  CHECK(d.course.save_due(d.now, false) == MonoTime::max());
  d.run({SaveState{"a", false}});
  const auto due = d.now.mono + Seconds(1);
  CHECK(d.course.save_due(d.now, false) == due);
  d.now.mono += Millis(600);
  d.run({SaveState{"b", false}});
  CHECK(d.course.save_due(d.now, false) == due);
  CHECK(d.course.save_due(d.now, true) == d.now.mono + Seconds(1));
  d.now.mono = due;
  CHECK(d.run({}) == "commit state:a state:b; answer ");
  CHECK(d.course.save_due(d.now, false) == MonoTime::max());
}

TEST_CASE("while a write hangs only what somebody must hear is committed, and the rest waits for it") {
  Driver d;
  d.hangs = true;
  CHECK(d.run({SaveState{"a", true}}) == "answer ");
  CHECK(d.run({keep("i1")}) == "commit state:a ended:i1; answer ");
  CHECK(d.run({SaveState{"b", true}}) == "answer ");
  d.hangs = false;
  CHECK(d.run({SaveState{"c", true}}) == "commit state:b state:c; answer ");
}

TEST_CASE("a store that fails is told once, and again when it works; alerts leave all the same") {
  Driver d;
  d.written = Failure{"no space left on device"};
  CHECK(d.run({notify("e1")}) == "render e1; commit row:e1; deliver; answer ");
  CHECK(d.run({notify("e2")}) == "render e2; commit row:e2; deliver; answer ");
  d.written = {};
  CHECK(d.run({SaveState{"a", true}}) == "commit state:a; answer ");
  CHECK(d.said ==
        std::vector<std::string>{"the store cannot be written, alerts go on from memory: no space left on device",
                                 "the store can be written again; writes that failed: 2"});
}

TEST_CASE("a page waits two seconds for its evidence, not at all behind one that is late, and sixteen are enough") {
  SealPatience seals;
  CHECK(*seals.begin() == Seconds(2));
  CHECK(seals.give_up() == "it was not sealed within 2s; it is attached once it is");
  CHECK(*seals.begin() == Millis(0));
  CHECK(seals.give_up() == "the snapshots before it are not sealed yet; it is attached once it is");
  seals.ended(true);
  CHECK(*seals.begin() == Millis(0));
  seals.ended(true);
  seals.ended(false);
  CHECK(*seals.begin() == Seconds(2));
  for (int i = 1; i < 16; ++i) CHECK(seals.begin().ok());
  const auto refused = seals.begin();
  CHECK(!refused.ok());
  CHECK(refused.error() == "the snapshots before it are not sealed yet: the disk under the store does not answer");
}

TEST_CASE("what fails at once is sealed side by side, and one transaction tells of all in their order") {
  Driver d;
  d.beside.push_back({Record{}, Seal{}, SaveState{"b"}});
  d.beside.push_back({Record{}, SaveState{"c", false}});
  CHECK(d.run({Record{}, Seal{}, SaveState{"a"}, Answer{true, 200, "all", ""}}) ==
        "record; seal and leave; beside it; record; seal and leave; beside it; record; is sealed; render sealed 1; is "
        "sealed; render sealed 0; commit state:a state:b state:c row:sealed 1 row:sealed 0; deliver; answer all");
}

TEST_CASE("beside a seal begins what time, reads and checks bring, and one of each target") {
  const auto sweep = [](const char* target) {
    SweepDone done;
    done.target = target;
    return Event(done);
  };
  CheckDone check;
  check.target = "b";
  const Event first = sweep("a"), again = sweep("a"), other = sweep("c"), checked = check, tick = Tick{},
              asked = SweepAsked{};
  Companions companions;
  companions.begin(&first);
  CHECK(companions.takes(&tick));
  CHECK(companions.takes(&checked));
  CHECK(!companions.takes(&again));
  CHECK(companions.takes(&other));
  CHECK(!companions.takes(&asked));
  CHECK(!companions.takes(nullptr));
  companions.begin(&asked);
  CHECK(!companions.takes(&other));
  companions.begin(nullptr);
  CHECK(!companions.takes(&other));
}

TEST_CASE("What a fleet asks for is done behind the transaction that saves why, also what a seal has brought") {
  Driver w;
  w.more = {notify("page"), SaveState{"readback/fleet"}, FleetDuty{{}, {"second"}}};
  CHECK(w.run({FleetDuty{{}, {"first"}}, Seal{}, SaveState{"fabric"}}) ==
        "seal; render page; commit state:fabric state:readback/fleet row:page; deliver; fleet first; fleet second; "
        "answer ");
  CHECK(w.run({FleetDuty{{}, {"third"}}}) == "fleet third; answer ");
}
