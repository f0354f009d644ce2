// Rows of a fleet in the outbox of one of its hosts: on the disk like every other, and sent only when the fleet says
// so.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/alert/outbox.hpp"

using namespace readback;

namespace {

struct Host {
  Instant now{MonoTime(Seconds(100)), WallTime(Seconds(1'795'402'800))};
  std::map<std::int64_t, OutboxRow> disk;
  std::vector<OpenedKey> opened;
  std::map<std::string, std::uint64_t> held;
  std::unique_ptr<Outbox> outbox;
  std::int64_t seqs = 0;
  int events = 0;
  std::vector<RowTried> tried;

  Host() { start(); }
  void start() {
    OutboxSetup setup;
    setup.origin = {"prod", "host-1"};
    auto& sink = setup.sinks.emplace_back();
    sink.name = "hook";
    sink.dedup_scope = DedupScope::platform;
    sink.urls.push_back({SecretRef::From::plain, "http://hook/", {}});
    setup.held = held;
    setup.in_fleet = true;
    outbox = std::make_unique<Outbox>(std::move(setup));
    write(outbox->restore(disk, opened, now));
  }
  void write(OutboxStep step) {
    for (auto& row : step.commit) commit(row);
    for (const auto& [sink, incident] : step.forget) {
      const auto& gone = incident;
      std::erase_if(opened, [&](const OpenedKey& key) { return key.incident_id == gone; });
    }
    for (const auto& mark : step.mark) {
      if (mark.row.state == OutboxState::pending)
        disk[mark.row.seq] = mark.row;
      else
        disk.erase(mark.row.seq);
    }
    tried.insert(tried.end(), step.tried.begin(), step.tried.end());
  }
  void commit(OutboxRow row) {
    row.seq = ++seqs;
    note_opened(opened, row);
    disk[row.seq] = row;
    outbox->committed(row, now);
  }
  AlertEvent event(EventKind kind) {
    AlertEvent e;
    e.id = "event-" + std::to_string(++events);
    e.kind = kind;
    e.at = now.wall;
    e.environment = "prod", e.host = "host-1";
    e.incident.id = "i1", e.incident.target = "fabric", e.incident.dedup_base = "prod/fabric/outage";
    return e;
  }
  void tell(EventKind kind, std::uint64_t row) {
    auto e = event(kind);
    if (row > 0) e.fleet = FleetSaid{{"host-1"}, {}, {}, false, row, "hook"}, held[e.id] = row;
    write(outbox->render(e, ""));
  }
  /// What the sink would do now: "send firing", "drop firing", "".
  std::string next() {
    const auto n = outbox->next("hook", now);
    if (const auto* send = std::get_if<Outbox::Send>(&n))
      return "send " + std::string(to_string(disk.at(send->seq).kind));
    if (const auto* drop = std::get_if<Outbox::Drop>(&n))
      return "drop " + std::string(to_string(disk.at(drop->seq).kind));
    return "";
  }
  void answer(SinkAnswer given) {
    for (const auto& [seq, row] : std::map(disk))
      if (is_sent(seq)) return write(outbox->answered(row, {{given}, "", 10}, now));
  }
  void drop() {
    const auto n = outbox->next("hook", now);
    if (const auto* each = std::get_if<Outbox::Drop>(&n)) write(outbox->dropped(disk.at(each->seq), now));
  }
  std::int64_t sent = 0;
  bool is_sent(std::int64_t seq) const { return seq == sent; }
  /// The next one is sent and answered so.
  std::string goes(SinkAnswer given) {
    const auto n = outbox->next("hook", now);
    const auto* send = std::get_if<Outbox::Send>(&n);
    if (!send) return "nothing goes";
    sent = send->seq;
    const auto kind = std::string(to_string(disk.at(sent).kind));
    answer(std::move(given));
    return kind;
  }
  std::string goes(int status) { return goes({status, "", ""}); }
};

}  // namespace

TEST_CASE("a row of the fleet waits for its word, and for another one after each attempt") {
  Host h;
  h.tell(EventKind::firing, 7);
  CHECK(h.disk.size() == 1);
  CHECK(h.next() == "");
  h.write(h.outbox->leave(7, h.now.mono));
  CHECK(h.goes(500) == "firing");
  REQUIRE(h.tried.size() == 1);
  CHECK(h.tried[0].row == 7);
  CHECK(!h.tried[0].is_accepted);
  CHECK(h.tried[0].was_written);
  h.now.mono += std::chrono::hours(1);
  CHECK(h.next() == "");
  h.write(h.outbox->leave(7, h.now.mono));
  CHECK(h.goes(200) == "firing");
  CHECK(h.tried.back().is_accepted);
  CHECK(h.disk.empty());
}

TEST_CASE("what came of an attempt is told as the fleet must know it") {
  struct Case {
    const char* name;
    int status;
    const char *detail, *retry_after;
    bool is_accepted, was_written;
    Millis not_before;
  };
  const Case cases[] = {
      {"accepted", 204, "", "", true, true, Millis(0)},
      {"down", 503, "", "", false, true, Millis(0)},
      {"asks for time", 429, "", "40", false, true, Seconds(40)},
      {"refused for good: another host's way may be another", 404, "", "", false, true, Millis(0)},
      {"off", 410, "", "", false, true, Millis(0)},
      {"nobody is there", 0, "connection refused", "", false, false, Millis(0)},
      {"no way there", 0, "no route to host", "", false, false, Millis(0)},
      {"who knows", 0, "no answer within 10s", "", false, true, Millis(0)},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Host h;
    h.tell(EventKind::firing, 3);
    h.write(h.outbox->leave(3, h.now.mono));
    CHECK(h.goes({c.status, c.detail, c.retry_after, c.was_written}) == "firing");
    REQUIRE(h.tried.size() == 1);
    CHECK(h.tried[0].is_accepted == c.is_accepted);
    CHECK(h.tried[0].was_written == c.was_written);
    CHECK(h.tried[0].not_before == c.not_before);
    CHECK(h.disk.count(1) == (c.is_accepted ? 0 : 1));  // kept until the fleet says otherwise
  }
}

TEST_CASE("at a sink that is off, or of a row that is not there, the word is given back at once") {
  Host h;
  h.tell(EventKind::firing, 3);
  h.write(h.outbox->leave(3, h.now.mono));
  h.goes(410);
  h.write(h.outbox->leave(3, h.now.mono));
  h.write(h.outbox->leave(99, h.now.mono));
  REQUIRE(h.tried.size() == 3);
  CHECK(h.tried[1].row == 3);
  CHECK(h.tried[2].row == 99);
  for (const auto& t : h.tried) CHECK(!t.is_accepted);
}

TEST_CASE(
    "where the receiver wants a pause, what was let go and has not left is given back, and comes again after it") {
  Host h;
  h.tell(EventKind::firing, 3);
  h.tell(EventKind::escalated, 4);
  h.write(h.outbox->leave(3, h.now.mono));
  h.write(h.outbox->leave(4, h.now.mono));
  CHECK(h.goes({429, "", "60"}) == "firing");
  REQUIRE(h.tried.size() == 2);
  for (const auto& t : h.tried) CHECK(t.not_before == Seconds(60));
  CHECK(h.tried[1].row == 4);
  CHECK_FALSE(h.tried[1].was_written);
  h.now.mono += Seconds(20), h.now.wall += Seconds(20);
  h.write(h.outbox->leave(3, h.now.mono));
  REQUIRE(h.tried.size() == 3);
  CHECK(h.tried[2].not_before == Seconds(40));
  h.now.mono += Seconds(41), h.now.wall += Seconds(41);
  CHECK(h.next() == "");
  h.write(h.outbox->leave(3, h.now.mono));
  CHECK(h.goes(200) == "firing");
}

TEST_CASE("what another host has told goes without being sent, and its end is told under the same key") {
  Host h;
  h.tell(EventKind::firing, 1);
  h.outbox->forget(1);
  CHECK(h.next() == "drop firing");
  h.drop();
  CHECK(h.disk.empty());
  h.tell(EventKind::resolved, 2);
  CHECK(h.next() == "");
  CHECK(h.disk.at(2).key == "prod/fabric/outage");
  h.write(h.outbox->leave(2, h.now.mono));
  CHECK(h.goes(200) == "resolved");
  CHECK(h.tried.back().is_accepted);
  CHECK(h.opened.empty());
}

TEST_CASE("an end that is taken back leaves the incident open here") {
  Host h;
  h.tell(EventKind::firing, 1);
  h.write(h.outbox->leave(1, h.now.mono));
  h.goes(200);
  h.tell(EventKind::resolved, 2);
  h.outbox->forget(2);
  h.drop();
  CHECK(h.disk.empty());
  REQUIRE(h.opened.size() == 1);
  CHECK(!h.opened[0].closed_at);
  h.tell(EventKind::relapsed, 0);  // told by who speaks: it is open there
  CHECK(h.goes(200) == "relapsed");
  h.write(h.outbox->over("i1"));
  CHECK(h.opened.empty());
  h.tell(EventKind::relapsed, 0);
  CHECK(h.disk.empty());
}

TEST_CASE("what nobody claims gives way to what the fleet lets go") {
  Host h;
  h.tell(EventKind::firing, 1);
  h.write(h.outbox->leave(1, h.now.mono));
  h.goes(200);
  h.tell(EventKind::recovered, 0);
  CHECK(h.goes(503) == "recovered");
  h.tell(EventKind::resolved, 2);
  CHECK(h.next() == "");  // one waits for its time, the other for its word
  h.write(h.outbox->leave(2, h.now.mono));
  CHECK(h.next() == "drop recovered");
  h.drop();
  CHECK(h.goes(200) == "resolved");
  CHECK(h.disk.empty());
}

TEST_CASE("after a restart they are held again, and what others have told is removed") {
  Host h;
  h.tell(EventKind::firing, 1);
  h.tell(EventKind::escalated, 2);
  h.held["event-1"] = 0;  // as the fleet has saved it: row 1 is told
  h.start();
  CHECK(h.next() == "drop firing");
  h.drop();
  CHECK(h.next() == "");
  h.write(h.outbox->leave(2, h.now.mono));
  CHECK(h.goes(200) == "escalated");
  CHECK(h.tried.back().row == 2);
  CHECK(h.disk.empty());
}

TEST_CASE("a row that is forgotten while it is on its way is over with its answer, whatever that is") {
  for (const int status : {200, 500}) {
    CAPTURE(status);
    Host h;
    h.tell(EventKind::firing, 1);
    h.write(h.outbox->leave(1, h.now.mono));
    const auto n = h.outbox->next("hook", h.now);
    REQUIRE(std::holds_alternative<Outbox::Send>(n));
    h.outbox->forget(1);
    h.sent = std::get<Outbox::Send>(n).seq;
    h.answer({status, "", ""});
    CHECK(h.tried.size() == 1);
    CHECK(h.disk.empty());
  }
}

TEST_CASE("an alarm of ours names this host, though the keys of its sinks are the platform's") {
  Host h;
  h.write(h.outbox->watch_is("no sweep of target fabric counts", h.now));
  REQUIRE(h.disk.size() == 1);
  CHECK(h.disk.at(1).key == "prod/readback/watch/host-1");
}
