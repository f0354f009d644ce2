// A sink that says `group: cause` hears of many targets as of one, beside one that hears of each.
#include <doctest/doctest.h>

#include "tests/core/alert/outbox_world.hpp"

using namespace readback;

namespace {

/// Two receivers, one that groups; and events of the incidents a, b and c, which a leads.
struct Three {
  World stage;
  Receiver one{stage}, each{stage};

  Three() {
    auto grouping = sink_of("one", SinkType::webhook, {one.url()});
    grouping.group = Grouping::cause;
    stage.config.alerts.sinks = {grouping, sink_of("each", SinkType::webhook, {each.url()})};
    stage.reload();
  }
  void tell(EventKind kind, const std::string& incident, int others, const std::string& leader = "a",
            bool stands_in = false) {
    auto event = stage.event(kind, incident);
    event.incident.target = "fabric-" + incident;
    event.incident.dedup_base = "prod/" + event.incident.target + "/outage";
    event.group = Grouped{leader, others, {"fabric-a", "fabric-b", "fabric-c"}, false, stands_in};
    stage.tell(event);
    REQUIRE(stage.all_delivered());
  }
  static std::string heard(const Receiver& receiver) {
    std::string all;
    for (const auto& got : receiver.got) {
      const auto& o = got.object();
      all += std::string(o.at("event").as_string()) + " " + std::string(o.at("incident").at("id").as_string()) + "\n";
    }
    return all;
  }
};

}  // namespace

TEST_CASE("one cause over many targets is one page and one end, under the key of the first") {
  Three t;
  t.tell(EventKind::firing, "a", 0);
  t.tell(EventKind::firing, "b", 1);
  t.tell(EventKind::firing, "c", 2);
  t.tell(EventKind::acknowledged, "b", 2);
  t.tell(EventKind::recovered, "a", 2);
  t.tell(EventKind::resolved, "a", 2);
  t.tell(EventKind::recovered, "b", 1);
  t.stage.restart();
  t.tell(EventKind::resolved, "b", 1);
  CHECK(Three::heard(t.one) == "firing a\n");
  t.tell(EventKind::resolved, "c", 0);
  CHECK(Three::heard(t.one) == "firing a\nresolved a\n");
  REQUIRE(t.one.got.size() == 2);
  for (const auto& got : t.one.got) CHECK(got.object().at("dedup_key").as_string() == "prod/fabric-a/outage/host-7");
  CHECK(t.one.got[0].object().at("group").at("count").to_number<int>() == 3);
  CHECK(Three::heard(t.each) ==
        "firing a\nfiring b\nfiring c\nacknowledged b\nrecovered a\nresolved a\nrecovered b\nresolved b\nresolved c\n");
  for (const auto& got : t.each.got) CHECK_FALSE(got.object().contains("group"));
}

TEST_CASE("what grows worse in a group is told of all") {
  Three t;
  t.tell(EventKind::firing, "a", 0);
  t.tell(EventKind::firing, "b", 1);
  t.tell(EventKind::escalated, "b", 1);
  CHECK(Three::heard(t.one) == "firing a\nescalated a\n");
}

TEST_CASE("what is still failing is said again by whoever leads, and by the next when that has ended") {
  Three t;
  for (const char* name : {"a", "b", "c"}) t.tell(EventKind::firing, name, name[0] - 'a');
  t.tell(EventKind::reminder, "a", 2);
  t.tell(EventKind::reminder, "b", 2);
  CHECK(Three::heard(t.one) == "firing a\nreminder a\n");
  t.tell(EventKind::resolved, "a", 2);
  t.tell(EventKind::reminder, "b", 1, "a", true);
  t.tell(EventKind::reminder, "c", 1);
  CHECK(Three::heard(t.one) == "firing a\nreminder a\nreminder a\n");
  CHECK(t.one.got.back().object().at("dedup_key").as_string() == "prod/fabric-a/outage/host-7");
}

TEST_CASE("a sink that has not heard of the leader hears of the others as of themselves, and of every end") {
  Three t;
  t.stage.config.alerts.sinks[0].targets = {"fabric-b", "fabric-c"};
  t.stage.reload();
  t.tell(EventKind::firing, "a", 0);
  t.tell(EventKind::firing, "b", 1);
  t.tell(EventKind::firing, "c", 2);
  t.tell(EventKind::resolved, "a", 2);
  t.tell(EventKind::resolved, "b", 1);
  t.tell(EventKind::resolved, "c", 0);
  CHECK(Three::heard(t.one) == "firing b\nfiring c\nresolved b\nresolved c\n");
}

TEST_CASE("a leader that is held open for the others is closed with the last of them, who was told by itself") {
  Three t;
  t.tell(EventKind::firing, "b", 0, "b");
  t.stage.config.alerts.sinks[0].group = Grouping::none;  // as it was when it was told of c
  t.stage.reload();
  t.tell(EventKind::firing, "c", 1, "b");
  t.stage.config.alerts.sinks[0].group = Grouping::cause;
  t.stage.reload();
  t.tell(EventKind::resolved, "b", 1, "b");
  t.tell(EventKind::resolved, "c", 0, "b");
  CHECK(Three::heard(t.one) == "firing b\nfiring c\nresolved c\nresolved b\n");
}
