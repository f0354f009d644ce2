// A receiver that has refused a page for good and is mended while the incident is open: it hears what is still true,
// once, and of nothing that is over. And what is sent stays in order when our own clock does not.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/core/alert/outbox_world.hpp"

using namespace readback;

namespace {

/// Two receivers, and the incident "i" as the engine knows it.
struct Mended {
  World world;
  Receiver hook{world}, other{world};
  AlertEvent page;

  explicit Mended(SinkType type = SinkType::webhook) {
    world.config.alerts.sinks = {sink_of("hook", type, {hook.url()}),
                                 sink_of("other", SinkType::webhook, {other.url()})};
    world.reload();
  }
  void refuse(int status) {
    hook.otherwise.status = status;
    page = world.event(EventKind::firing, "i");
    stands(true);
    world.tell(page);
    CHECK(world.all_delivered());
    hook.got.clear();
  }
  /// As the engine says it: a page of now, dated as it was.
  void stands(bool fires) {
    Standing standing;
    standing.is_open = true;
    if (fires) {
      standing.firing = page;
      standing.firing->id = world.ids.next(world.now.wall);
    }
    world.standings["i"] = standing;
  }
  void over() { world.standings.clear(); }
  std::vector<std::string> heard() {
    CHECK(world.all_delivered(std::chrono::minutes(10)));
    std::vector<std::string> all;
    for (const auto& g : hook.got)
      if (g.object().at("incident").at("id").as_string() == "i") all.emplace_back(g.object().at("event").as_string());
    return all;
  }
};

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("a refused page is told anew, late and once, when the sink is configured anew") {
  for (const int status : {400, 401, 403, 404, 301}) {
    CAPTURE(status);
    Mended m;
    m.refuse(status);
    m.world.pass(std::chrono::minutes(20));
    m.hook.otherwise.status = 204;
    m.world.reload();
    CHECK(m.heard() == Events{"firing"});
    REQUIRE_FALSE(m.hook.got.empty());
    const auto& told = m.hook.got.front().object();
    CHECK(told.at("delayed_s").as_int64() >= 1200);
    CHECK(told.at("id").as_string() != m.page.id);
    CHECK(std::string(told.at("id").as_string()) > m.page.id);
    m.world.reload();
    m.world.pass(std::chrono::minutes(1));
    CHECK(m.heard() == Events{"firing"});
    m.world.tell(EventKind::recovered, "i");
    m.world.tell(EventKind::resolved, "i");
    CHECK(m.heard() == Events{"firing", "recovered", "resolved"});
  }
}

TEST_CASE("a refused page is told anew when the sink accepts something else") {
  Mended m;
  m.refuse(404);
  m.hook.otherwise.status = 204;
  m.world.tell(EventKind::firing, "another");
  CHECK(m.heard() == Events{"firing"});
}

TEST_CASE("what is refused for what it says is not told over and over") {
  Mended m;
  m.hook.judge = [](const Got& got) {
    Reply reply;
    reply.status = got.object().at("incident").at("id").as_string() == "i" ? 400 : 204;
    return reply;
  };
  m.refuse(400);
  for (int n = 0; n < 5; ++n) m.world.tell(EventKind::firing, "another-" + std::to_string(n));
  CHECK(m.heard() == Events{"firing"});
  m.world.reload();
  CHECK(m.heard() == Events{"firing", "firing"});
}

TEST_CASE("of what is over a mended sink hears nothing, of what recovers it hears when it fires again") {
  Mended m;
  m.refuse(404);
  m.stands(false);
  m.hook.otherwise.status = 204;
  m.world.reload();
  CHECK(m.heard().empty());
  m.world.tell(EventKind::relapsed, "i");
  CHECK(m.heard() == Events{"relapsed"});
  m.world.tell(EventKind::resolved, "i");
  CHECK(m.heard() == Events{"relapsed", "resolved"});

  Mended ended;
  ended.refuse(404);
  ended.world.tell(EventKind::recovered, "i");
  ended.world.tell(EventKind::resolved, "i");
  ended.over();
  ended.hook.otherwise.status = 204;
  ended.world.reload();
  CHECK(ended.heard().empty());
}

TEST_CASE("a sink that was mended while we were away hears what still fires") {
  for (const bool fires : {true, false}) {
    CAPTURE(fires);
    Mended m;
    m.refuse(403);
    m.hook.otherwise.status = 204;
    if (!fires) m.over();
    m.world.restart();
    CHECK(m.heard() == (fires ? Events{"firing"} : Events{}));
    m.world.restart();
    CHECK(m.heard() == (fires ? Events{"firing"} : Events{}));
  }
}

TEST_CASE("a sink that was off hears its page after the reload, and no second one") {
  Mended m;
  m.hook.otherwise.status = 410;
  m.page = m.world.event(EventKind::firing, "i");
  m.stands(true);
  m.world.tell(m.page);
  m.world.until([] { return false; }, Seconds(30));
  m.hook.got.clear();
  m.hook.otherwise.status = 204;
  m.world.reload();
  CHECK(m.heard() == Events{"firing"});
  m.world.reload();
  CHECK(m.heard() == Events{"firing"});
}

TEST_CASE("what was asked before a reload and is refused after it is asked anew, as the sink is configured now") {
  for (const int status : {410, 404}) {
    CAPTURE(status);
    Mended m;
    m.page = m.world.event(EventKind::firing, "i");
    m.world.tell(m.page);
    const auto next = m.world.outbox->next("hook", m.world.now);
    const auto* send = std::get_if<Outbox::Send>(&next);
    REQUIRE(send);
    const OutboxRow row = m.world.store.pending.at(send->seq);
    m.world.reload();
    SinkSent sent;
    sent.answers = {{status, "", ""}};
    m.world.perform(m.world.outbox->answered(row, sent, m.world.now));
    CHECK(m.heard() == Events{"firing"});
    CHECK(events_of(m.other) == Events{"firing"});  // its own page, and no alarm
  }
}

TEST_CASE("the alarm about another sink is told to one that refused it, while it is true") {
  Mended m;
  m.other.otherwise.status = 404;
  m.refuse(404);  // each refuses the page, and then the alarm about the other
  m.other.got.clear();
  m.other.otherwise.status = 204;
  m.world.reload();
  CHECK(m.world.all_delivered());
  const auto heard = events_of(m.other);
  CHECK(std::count(heard.begin(), heard.end(), "firing") == 2);  // the page, and that the hook is broken
}

TEST_CASE("an Alertmanager is never told of an end before the start, nor of what lies ahead of our clock") {
  const auto at = [](const char* text) { return *parse_rfc3339(text); };
  struct Case {
    const char* name;
    const char *starts, *ends, *sent;     ///< as rendered; ends "": it fires
    const char *shown_start, *shown_end;  ///< as sent
  };
  const Case cases[] = {{"in order", "2026-11-23T03:00:00.000Z", "2026-11-23T03:05:00.000Z", "2026-11-23T03:05:01.000Z",
                         "2026-11-23T03:00:00.000Z", "2026-11-23T03:05:00.000Z"},
                        {"set back while it was open", "2026-11-23T03:00:00.000Z", "2026-11-23T01:05:00.000Z",
                         "2026-11-23T01:05:01.000Z", "2026-11-23T01:04:59.999Z", "2026-11-23T01:05:00.000Z"},
                        {"over at once", "2026-11-23T03:00:00.000Z", "2026-11-23T03:00:00.000Z",
                         "2026-11-23T03:00:01.000Z", "2026-11-23T02:59:59.999Z", "2026-11-23T03:00:00.000Z"},
                        {"set back after it ended", "2026-11-23T03:00:00.000Z", "2026-11-23T03:05:00.000Z",
                         "2026-11-23T01:06:00.000Z", "2026-11-23T01:05:59.999Z", "2026-11-23T01:06:00.000Z"},
                        {"set back while it fires", "2026-11-23T03:00:00.000Z", "", "2026-11-23T01:00:00.000Z",
                         "2026-11-23T01:00:00.000Z", ""},
                        {"set ahead while it fires", "2026-11-23T03:00:00.000Z", "", "2026-11-24T03:00:00.000Z",
                         "2026-11-23T03:00:00.000Z", ""}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    RepeatedAlert alert;
    alert.body = R"({"labels":{"alertname":"ReadbackOutage"},"annotations":{"event":"firing"},"startsAt":")" +
                 std::string(c.starts) + "\"}";
    if (*c.ends) alert.ended = at(c.ends);
    const auto body = boost::json::parse(alertmanager_in_order(alertmanager_body({alert}), at(c.sent)));
    const auto& sent = body.as_array().at(0).as_object();
    CHECK(sent.at("startsAt").as_string() == c.shown_start);
    if (*c.ends)
      CHECK(sent.at("endsAt").as_string() == c.shown_end);
    else
      CHECK_FALSE(sent.contains("endsAt"));
  }
}

TEST_CASE("what has ended is told to an Alertmanager for five minutes, whatever is done to the clock") {
  for (const Millis moved : {Millis(0), Millis(-std::chrono::hours(2)), Millis(std::chrono::hours(24))}) {
    CAPTURE(moved.count());
    World world;
    Receiver am{world};
    am.otherwise.status = 200;
    world.config.alerts.sinks = {sink_of("am", SinkType::alertmanager, {am.url()})};
    world.reload();
    world.tell(EventKind::firing, "i");
    world.until([] { return false; }, std::chrono::minutes(3));
    world.now.wall += moved;
    world.tell(EventKind::resolved, "i");
    CHECK(world.all_delivered());
    am.got.clear();
    world.until([] { return false; }, std::chrono::minutes(20));
    CHECK(am.got.size() >= 4);
    CHECK(am.got.size() <= 6);
    for (const auto& got : am.got) {
      const auto body = boost::json::parse(got.body);
      for (const auto& alert : body.as_array())
        CHECK(std::string(alert.at("startsAt").as_string()) < std::string(alert.at("endsAt").as_string()));
    }
  }
}

TEST_CASE("a reminder is old news after an hour, by no wall clock") {
  for (const Millis moved : {Millis(-std::chrono::hours(2)), Millis(std::chrono::hours(24))}) {
    CAPTURE(moved.count());
    Mended m;
    m.world.tell(EventKind::firing, "i");
    CHECK(m.world.all_delivered());
    m.hook.otherwise.status = 503;
    m.world.tell(EventKind::reminder, "i");
    m.world.now.wall += moved;
    m.world.until([] { return false; }, std::chrono::minutes(50));
    CHECK(m.world.sink("hook").depth == 1);
    m.world.until([] { return false; }, std::chrono::minutes(12));
    CHECK(m.world.sink("hook").depth == 0);
  }
}

TEST_CASE("a clock that was set back makes no page unheard of over a restart") {
  Mended m;
  m.world.tell(EventKind::firing, "i");
  CHECK(m.world.all_delivered());
  m.world.now.wall -= std::chrono::hours(2);
  m.hook.otherwise.status = 503;
  m.world.tell(EventKind::escalated, "i");
  m.world.restart();
  m.hook.otherwise.status = 404;
  CHECK(m.world.all_delivered(std::chrono::minutes(5)));
  m.hook.otherwise.status = 204;
  m.hook.got.clear();
  m.world.tell(EventKind::resolved, "i");
  CHECK(m.heard() == Events{"resolved"});
}

namespace {

/// Who is told what about the watch itself, one word a post.
struct WatchAlarm {
  World world;
  Receiver hook{world}, narrow{world};

  WatchAlarm() {
    auto only_drift = sink_of("narrow", SinkType::webhook, {narrow.url()});
    only_drift.boundaries = {Boundary::drift};
    world.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()}), only_drift};
    world.reload();
  }
  Events watch_is(const std::string& trouble) {
    hook.got.clear(), narrow.got.clear();
    world.perform(world.outbox->watch_is(trouble, world.now));
    CHECK(world.all_delivered());
    CHECK(events_of(narrow) == events_of(hook));
    return events_of(hook);
  }
};

}  // namespace

TEST_CASE("whatever impairs the watch is told to every sink, once when it begins and once when it is over") {
  WatchAlarm w;
  CHECK(w.watch_is("").empty());
  CHECK(w.watch_is("the store cannot be written: no space left") == Events{"firing"});
  const auto& page = w.hook.got.at(0).object();
  const auto& incident = page.at("incident").as_object();
  CHECK(incident.at("id").as_string() == "watch-impaired");
  CHECK(incident.at("boundary").as_string() == "observer");
  CHECK(page.at("summary").as_string() == "the watch is impaired: the store cannot be written: no space left");
  CHECK(w.watch_is("the store cannot be written: no space left").empty());
  CHECK(w.watch_is("something else").empty());
  CHECK(w.watch_is("") == Events{"resolved"});
  CHECK(w.watch_is("").empty());
}

TEST_CASE("a sink that is configured while the watch is impaired is told too, once") {
  WatchAlarm w;
  const auto all = w.world.config.alerts.sinks;
  w.world.config.alerts.sinks.clear();
  w.world.reload();
  CHECK(w.watch_is("no space left").empty());
  w.world.config.alerts.sinks = all;
  w.world.reload();
  CHECK(w.watch_is("no space left") == Events{"firing"});
  CHECK(w.watch_is("no space left").empty());
  w.world.reload();
  CHECK(w.watch_is("no space left").empty());
  CHECK(w.watch_is("") == Events{"resolved"});
}

TEST_CASE("it is not told anew by the next start, and that one ends it") {
  WatchAlarm w;
  CHECK(w.watch_is("no space left") == Events{"firing"});
  w.world.restart();
  CHECK(w.watch_is("no space left").empty());
  w.world.restart();
  CHECK(w.watch_is("") == Events{"resolved"});
}

TEST_CASE("a sink that refused the alarm about the watch hears of it when it is mended, unless it is over") {
  for (const bool over : {false, true}) {
    CAPTURE(over);
    WatchAlarm w;
    w.hook.otherwise.status = 404;
    w.world.perform(w.world.outbox->watch_is("no space left", w.world.now));
    CHECK(w.world.all_delivered());
    if (over) w.world.perform(w.world.outbox->watch_is("", w.world.now));
    CHECK(w.world.all_delivered());
    w.hook.got.clear();
    w.hook.otherwise.status = 204;
    w.world.reload();
    CHECK(w.world.all_delivered());
    Events about;
    for (const auto& got : w.hook.got)
      if (got.object().at("incident").at("id").as_string() == "watch-impaired")
        about.emplace_back(got.object().at("event").as_string());
    CHECK(about == (over ? Events{} : Events{"firing"}));
  }
}
