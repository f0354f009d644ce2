// What the outbox decides, told as stories: a receiver answers, time passes, the daemon is restarted or reloaded in
// between. Nothing here waits for a clock.
#include <doctest/doctest.h>

#include "core/alert/sink_queue.hpp"
#include "tests/core/alert/outbox_world.hpp"

using namespace readback;
namespace json = boost::json;

TEST_CASE("what each answer leads to") {
  struct Case {
    const char* name;
    std::vector<Reply> script;
    std::size_t requests;
    const char* ends_as;                          // state of the row
    std::chrono::milliseconds at_least, at_most;  // between the first and the second request
  };
  using ms = std::chrono::milliseconds;
  const std::string past = "Mon, 23 Nov 2026 02:12:00 GMT", soon = "Mon, 23 Nov 2026 03:12:03 GMT";
  const Case cases[] = {
      {"500 and then well", {{500}}, 2, "delivered", ms(90), ms(3000)},
      {"408", {{408}}, 2, "delivered", ms(90), ms(3000)},
      {"425", {{425}}, 2, "delivered", ms(90), ms(3000)},
      {"503 three times", {{503}, {503}, {503}}, 4, "delivered", ms(90), ms(3000)},
      {"429 with seconds", {{429, "1"}}, 2, "delivered", ms(950), ms(3500)},
      {"429 with a date", {{429, soon}}, 2, "delivered", ms(900), ms(6000)},
      {"429 with a date in the past", {{429, past}}, 2, "delivered", ms(90), ms(3000)},
      {"429 with nonsense", {{429, "soon"}}, 2, "delivered", ms(90), ms(3000)},
      {"no answer", {{0}}, 2, "delivered", ms(90), ms(3000)},
      {"a redirect is not followed", {{307}}, 1, "dead", ms(0), ms(0)},
      {"400 on a small body", {{400}}, 1, "dead", ms(0), ms(0)},
      {"401", {{401}}, 1, "dead", ms(0), ms(0)},
      {"413: once more, smaller", {{413}}, 2, "delivered", ms(0), ms(3000)},
      {"413 twice", {{413}, {413}}, 2, "dead", ms(0), ms(3000)},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    World stage;
    Receiver hook(stage);
    hook.script = {c.script.begin(), c.script.end()};
    stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
    stage.reload();
    auto event = stage.event(EventKind::firing, "i1");
    event.incident.why.assign(30, "a reason of some length, so that the minimal body is smaller");
    const auto id = stage.tell(event);
    CHECK(stage.all_delivered());
    CHECK(hook.got.size() == c.requests);
    for (const auto& g : hook.got) CHECK(g.id == id);
    const auto rows = stage.deliveries("i1");
    REQUIRE(rows.size() == 1);
    CHECK(to_string(rows[0].state) == c.ends_as);
    CHECK(rows[0].attempts == static_cast<int>(c.requests));
    if (c.requests > 1) {
      const auto gap = std::chrono::duration_cast<ms>(hook.got[1].at - hook.got[0].at);
      CHECK(gap >= c.at_least);
      CHECK(gap <= c.at_most);
    }
    if (std::string_view(c.name).starts_with("413")) CHECK(hook.got[1].body.size() < hook.got[0].body.size());
  }
}

TEST_CASE("an absurd Retry-After is cut to five minutes and holds back the whole sink, not the others") {
  World stage;
  Receiver hook(stage), chat(stage);
  hook.otherwise = {429, "99999999999999999999"};
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()}),
                               sink_of("other", SinkType::webhook, {chat.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  CHECK(stage.until([&] { return stage.sink("hook").failed == 1 && chat.got.size() == 1; }));
  stage.tell(EventKind::firing, "i2", Boundary::security);
  CHECK(stage.until([&] { return chat.got.size() == 2; }));
  CHECK(hook.got.size() == 1);
  const auto view = stage.sink("hook");
  CHECK(view.state == "retrying");
  CHECK(view.depth == 2);
  REQUIRE(view.next_attempt_at);
  const auto wait = *view.next_attempt_at - *view.last_attempt_at;
  CHECK(wait > Seconds(295));
  CHECK(wait <= Seconds(301));
}

TEST_CASE("410: the sink is off until a reload, the alarm leaves by the others, nothing is lost") {
  World stage;
  Receiver hook(stage), chat(stage);
  hook.script = {{410}};
  auto other = sink_of("other", SinkType::webhook, {chat.url()});
  other.boundaries = {Boundary::security};  // the alarm goes there all the same
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()}), other};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.until([&] { return chat.got.size() == 1; }));
  const auto& alarm = chat.got[0].object();
  CHECK(alarm.at("event").as_string() == "firing");
  CHECK(alarm.at("incident").at("boundary").as_string() == "observer");
  CHECK(alarm.at("target").as_string() == "readback");
  CHECK(alarm.at("summary").as_string() == "sink broken: hook answered 410 Gone and is off until the next reload");
  CHECK(stage.sink("hook").state == "off");
  CHECK(stage.sink("hook").depth == 1);
  stage.tell(EventKind::resolved, "i1");
  CHECK(hook.got.size() == 1);
  stage.reload();
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing", "firing", "resolved"});
  REQUIRE(stage.until([&] { return chat.got.size() == 2; }));
  CHECK(chat.got[1].object().at("event").as_string() == "resolved");
  CHECK(chat.got[1].object().at("dedup_key").as_string() == "prod/readback/sink/hook/host-7");
}

TEST_CASE("a sink that broke when it was alone is told of to the first that is configured beside it") {
  World stage;
  Receiver hook(stage), chat(stage);
  hook.otherwise = {404};
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  stage.config.alerts.sinks.push_back(sink_of("other", SinkType::webhook, {chat.url()}));
  stage.reload();
  stage.tell(EventKind::firing, "i2", Boundary::security);
  stage.tell(EventKind::firing, "i3", Boundary::drift);
  REQUIRE(stage.all_delivered());
  std::vector<std::string> alarms;
  for (const auto& g : chat.got)
    if (g.object().at("target").as_string() == "readback") alarms.emplace_back(g.object().at("summary").as_string());
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0].starts_with("sink broken: hook refused an alert"));
}

TEST_CASE("a refused page is parked, told to the others once, and its resolve does not go there") {
  World stage;
  Receiver hook(stage), chat(stage);
  hook.otherwise = {403};
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()}),
                               sink_of("other", SinkType::webhook, {chat.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  stage.tell(EventKind::resolved, "i1");
  stage.tell(EventKind::firing, "i2", Boundary::security);
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing", "firing"});
  CHECK(stage.sink("hook").state == "broken");
  CHECK(stage.sink("hook").dead == 2);
  int alarms = 0;
  for (const auto& g : chat.got) alarms += g.object().at("target").as_string() == "readback";
  CHECK(alarms == 1);
}

TEST_CASE("a refusal behind a page that was taken, over a restart: the resolve still goes there") {
  World stage;
  Receiver hook(stage);
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  hook.otherwise = {400};
  stage.restart();
  stage.tell(EventKind::escalated, "i1");
  stage.restart();  // it waits, untried, when the daemon ends
  REQUIRE(stage.all_delivered());
  hook.otherwise = {204};
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing", "escalated", "resolved"});
}

TEST_CASE("a refused page with an escalation behind it that is taken: the resolve goes there") {
  World stage;
  Receiver hook(stage);
  hook.script = {{503}, {404}};
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.until([&] { return hook.got.size() == 1; }));
  stage.tell(EventKind::escalated, "i1");
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing", "firing", "escalated", "resolved"});
}

TEST_CASE("a reminder that would have been the first word and came too late: no resolve goes there") {
  World stage;
  Receiver hook(stage);
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  auto reminder = stage.event(EventKind::reminder, "i1");
  reminder.at -= std::chrono::minutes(61);
  stage.tell(reminder);
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  stage.tell(EventKind::resolved, "i1");
  CHECK(hook.got.empty());
  CHECK(stage.store.pending.empty());
  CHECK(stage.store.opened.empty());
}

TEST_CASE("the alarm about a broken sink ends when the configuration drops that sink, by a reload or a restart") {
  for (const bool by_restart : {false, true}) {
    CAPTURE(by_restart);
    World stage;
    Receiver hook(stage), chat(stage);
    hook.otherwise = {404};
    stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()}),
                                 sink_of("other", SinkType::webhook, {chat.url()})};
    stage.reload();
    stage.tell(EventKind::firing, "i1");
    REQUIRE(stage.until([&] { return chat.got.size() == 2; }));
    stage.config.alerts.sinks.erase(stage.config.alerts.sinks.begin());
    if (by_restart)
      stage.restart();
    else
      stage.reload();
    REQUIRE(stage.until([&] { return chat.got.size() == 3; }));
    const auto& end = chat.got[2].object();
    CHECK(end.at("event").as_string() == "resolved");
    CHECK(end.at("summary").as_string() == "sink hook is no longer configured");
    CHECK(end.at("dedup_key").as_string() == "prod/readback/sink/hook/host-7");
  }
}

TEST_CASE(
    "what was open at a sink that is gone is forgotten when it ends, and a later sink of that name repeats nothing") {
  World stage;
  Receiver first(stage), later(stage);
  stage.config.alerts.sinks = {sink_of("am", SinkType::alertmanager, {first.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  REQUIRE(stage.store.opened.size() == 1);
  stage.config.alerts.sinks.clear();
  stage.restart();
  stage.tell(EventKind::resolved, "i1");
  CHECK(stage.store.opened.empty());
  stage.config.alerts.sinks = {sink_of("am", SinkType::alertmanager, {later.url()})};
  stage.restart();
  CHECK(stage.store.opened.empty());
  CHECK(!stage.until([&] { return !later.got.empty(); }, std::chrono::milliseconds(500)));
}

TEST_CASE("two sinks that refuse everything do not alarm each other for ever") {
  World stage;
  Receiver a(stage), b(stage);
  a.otherwise = b.otherwise = {404};
  stage.config.alerts.sinks = {sink_of("a", SinkType::webhook, {a.url()}), sink_of("b", SinkType::webhook, {b.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(!stage.until([&] { return a.got.size() + b.got.size() > 4; }, std::chrono::milliseconds(500)));
}

TEST_CASE("a receiver that is down while the fault lasts: trigger and resolve arrive, in order, marked late") {
  World stage;
  Receiver hook(stage);
  const auto url = hook.url();
  hook.otherwise = {503};
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {url})};
  stage.reload();
  auto firing = stage.event(EventKind::firing, "i1");
  firing.at -= std::chrono::minutes(20);
  auto resolved = stage.event(EventKind::resolved, "i1");
  resolved.at -= std::chrono::minutes(15);
  stage.tell(firing);
  stage.tell(resolved);
  CHECK(stage.until([&] { return hook.got.size() >= 3; }));
  for (const auto& g : hook.got)
    CHECK(g.object().at("event").as_string() == "firing");  // the resolve waits for its page
  hook.got.clear();
  hook.otherwise = {204};
  REQUIRE(stage.all_delivered(std::chrono::seconds(40)));
  REQUIRE(events_of(hook) == std::vector<std::string>{"firing", "resolved"});
  CHECK(hook.got[0].object().at("delayed_s").as_int64() >= 1200);
  CHECK(hook.got[1].object().at("delayed_s").as_int64() >= 900);
  CHECK(hook.got[1].object().at("delayed_s").as_int64() < 1000);
}

TEST_CASE("a resolve that fails fifty times and then works arrives, over a restart, with the original key") {
  World stage;
  Receiver hook(stage);
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  stage.restart();
  int failures = 0;
  hook.judge = [&](const Got&) { return ++failures <= 50 ? Reply{500} : Reply{204}; };
  auto resolved = stage.event(EventKind::resolved, "i1");
  resolved.incident.dedup_base = "changed/by/reload";
  stage.tell(resolved);
  // A reload makes every waiting row due at once; so the fifty attempts need no hour.
  for (int i = 0; i < 50; ++i) {
    const auto before = hook.got.size();
    REQUIRE(
        stage.until([&] { return hook.got.size() > before || stage.store.pending.empty(); }, std::chrono::seconds(70)));
    REQUIRE(
        stage.until([&] { return stage.store.pending.empty() || stage.store.pending.begin()->second.attempts > i; }));
    if (i == 20)
      stage.restart();
    else
      stage.reload();
  }
  REQUIRE(stage.all_delivered());
  CHECK(failures == 51);
  CHECK(hook.got.back().object().at("event").as_string() == "resolved");
  CHECK(hook.got.back().object().at("dedup_key").as_string() == "prod/fabric/outage/host-7");
  for (std::size_t i = 1; i < hook.got.size(); ++i) CHECK(hook.got[i].id == resolved.id);
}

TEST_CASE("a filter that changes while open: the resolve goes where the page went, and nowhere else") {
  World stage;
  Receiver hook(stage), late(stage);
  auto sink = sink_of("hook", SinkType::webhook, {hook.url()});
  stage.config.alerts.sinks = {sink};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  stage.config.alerts.sinks[0].boundaries = {Boundary::security};
  stage.config.alerts.sinks[0].dedup_scope = DedupScope::platform;
  stage.config.alerts.sinks.push_back(sink_of("late", SinkType::webhook, {late.url()}));
  stage.reload();
  stage.restart();
  stage.tell(EventKind::firing, "i2");
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing", "resolved"});
  CHECK(hook.got[1].object().at("dedup_key").as_string() == "prod/fabric/outage/host-7");
  CHECK(events_of(late) == std::vector<std::string>{"firing"});  // i2 only
}

TEST_CASE("a sink that leaves the configuration closes what it has opened") {
  World stage;
  Receiver hook(stage);
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  stage.config.alerts.sinks.clear();
  stage.reload();
  CHECK(stage.outbox->view().size() == 1);
  stage.tell(EventKind::firing, "i2");
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing", "resolved"});
  CHECK(stage.until([&] { return stage.outbox->view().empty(); }));
}

TEST_CASE("a reminder is not worth sending after an hour; a page always is") {
  World stage;
  Receiver hook(stage);
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  auto page = stage.event(EventKind::firing, "i1");
  page.at -= std::chrono::hours(30);
  auto reminder = stage.event(EventKind::reminder, "i1");
  reminder.at -= std::chrono::minutes(61);
  stage.tell(page);
  stage.tell(reminder);
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing"});
}

TEST_CASE("alertmanager: to all addresses, again after a restart, and ended when resolved") {
  World stage;
  Receiver one(stage), two(stage);
  stage.config.alerts.sinks = {sink_of("am", SinkType::alertmanager, {one.url(), two.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(one.got.size() == 1);
  REQUIRE(two.got.size() == 1);
  const auto body = json::parse(one.got[0].body);
  const auto& labels = body.at(0).at("labels").as_object();
  CHECK(
      json::serialize(labels) ==
      R"({"alertname":"ReadbackOutage","environment":"prod","target":"fabric","boundary":"outage","severity":"error","host":"host-7"})");
  CHECK(!body.at(0).as_object().contains("endsAt"));

  stage.restart();  // what fires is said again at once
  REQUIRE(stage.until([&] { return one.got.size() == 2 && two.got.size() == 2; }));
  CHECK(one.got[1].body == one.got[0].body);

  auto worse = stage.event(EventKind::escalated, "i1");
  worse.incident.severity = Severity::critical;
  stage.tell(worse);
  REQUIRE(stage.all_delivered());
  const auto escalated = json::parse(one.got.back().body).as_array();
  REQUIRE(escalated.size() == 2);  // the severity is a label: the old alert ends, the new one begins
  CHECK(escalated[0].at("labels").at("severity").as_string() == "error");
  CHECK(escalated[0].as_object().contains("endsAt"));
  CHECK(escalated[1].at("labels").at("severity").as_string() == "critical");
  CHECK(!escalated[1].as_object().contains("endsAt"));

  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  const auto resolved = json::parse(two.got.back().body).as_array();
  REQUIRE(resolved.size() == 1);
  CHECK(resolved[0].at("labels").at("severity").as_string() == "critical");
  CHECK(resolved[0].as_object().contains("endsAt"));
  const auto before = one.got.size();
  stage.restart();  // resolved less than five minutes ago: said again
  REQUIRE(stage.until([&] { return one.got.size() > before; }));
  const auto repeated = json::parse(one.got.back().body).as_array();
  for (const auto& alert : repeated) CHECK(alert.as_object().contains("endsAt"));
}

TEST_CASE(
    "alertmanager: one member of the cluster is dead, the page is delivered, and the dead one hears of it later") {
  World stage;
  Receiver one(stage), two(stage);
  two.otherwise = {503};
  stage.config.alerts.sinks = {sink_of("am", SinkType::alertmanager, {two.url(), one.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(one.got.size() == 1);
  const auto tried = two.got.size();
  two.otherwise = {200};
  REQUIRE(stage.until([&] { return two.got.size() > tried; }));
  CHECK(two.got.back().body.find("ReadbackOutage") != std::string::npos);
}

TEST_CASE("slack: at most one message a second") {
  World stage;
  Receiver chat(stage);
  stage.config.alerts.sinks = {sink_of("chat", SinkType::slack, {chat.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  stage.tell(EventKind::firing, "i2", Boundary::security);
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  REQUIRE(chat.got.size() == 3);
  CHECK(chat.got[1].at - chat.got[0].at >= std::chrono::milliseconds(950));
  CHECK(chat.got[2].at - chat.got[1].at >= std::chrono::milliseconds(950));
  CHECK(chat.got[0].object().contains("blocks"));
}

TEST_CASE("what follows a page that never arrived does not go there, over a restart and past a new page") {
  for (const bool by_restart : {false, true}) {
    CAPTURE(by_restart);
    World stage;
    Receiver hook(stage);
    hook.script = {{503}, {404}};
    stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
    stage.reload();
    stage.tell(EventKind::firing, "i1");
    REQUIRE(stage.until([&] { return hook.got.size() == 1; }));
    stage.tell(EventKind::resolved, "i1");
    REQUIRE(stage.until([&] { return hook.got.size() == 2; }));
    stage.tell(EventKind::escalated, "i1");
    if (by_restart) stage.restart();
    stage.tell(EventKind::resolved, "i1");
    REQUIRE(stage.all_delivered());
    CHECK(events_of(hook) == std::vector<std::string>{"firing", "firing", "escalated", "resolved"});
  }
}

TEST_CASE(
    "a resolve that waits for hours is not taken for one whose page never arrived, whatever was closed meanwhile") {
  World stage;
  Receiver down(stage), hook(stage);
  stage.config.alerts.sinks = {sink_of("down", SinkType::webhook, {down.url()}),
                               sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  down.otherwise = {503};
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.until([&] { return hook.got.size() == 2; }));
  stage.pass(std::chrono::hours(5));
  stage.tell(EventKind::firing, "i2");
  stage.tell(EventKind::resolved, "i2");  // this close makes the store forget old ones
  REQUIRE(stage.until([&] { return hook.got.size() == 4; }));
  stage.restart();
  down.otherwise = {204};
  down.got.clear();
  REQUIRE(stage.all_delivered());
  CHECK(events_of(down) == std::vector<std::string>{"resolved", "firing", "resolved"});
}

TEST_CASE("a sink that is dropped while a page for it is being written to the disk still sends it") {
  World stage;
  Receiver hook(stage);
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.reload();
  auto step = stage.outbox->render(stage.event(EventKind::firing, "i1"), "");
  stage.config.alerts.sinks.clear();
  stage.reload();
  CHECK(!stage.work());  // nothing waits yet, and it must not be forgotten
  CHECK(stage.outbox->sinks().size() == 1);
  stage.perform(std::move(step));
  REQUIRE(stage.all_delivered());
  CHECK(events_of(hook) == std::vector<std::string>{"firing"});
}

TEST_CASE("an alarm about a broken sink is on the disk before the refusal that led to it is") {
  World stage;
  Receiver hook(stage), chat(stage);
  hook.otherwise = {404};
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()}),
                               sink_of("other", SinkType::webhook, {chat.url()})};
  stage.reload();
  stage.tell(EventKind::firing, "i1");
  stage.writes_left = 1;
  CHECK_THROWS_AS(stage.all_delivered(), Crash);
  stage.writes_left = -1;
  stage.restart();
  REQUIRE(stage.all_delivered());
  CHECK(hook.got.size() == 2);  // asked again, for the first answer was not kept
  int alarms = 0;
  for (const auto& g : chat.got) alarms += g.object().at("target").as_string() == "readback";
  CHECK(alarms == 1);
}

TEST_CASE("a queue gives the oldest head that may go, and holds back only the incident that is in trouble") {
  SinkQueue queue;
  const auto row = [](std::int64_t seq, const std::string& incident) {
    OutboxRow r;
    r.seq = seq;
    r.incident_id = incident;
    return r;
  };
  const MonoTime start{Seconds(100)};
  for (std::int64_t seq = 1; seq <= 6; ++seq) queue.add(row(seq, seq % 2 ? "odd" : "even"));
  CHECK(queue.first_due(start)->seq == 1);
  queue.put_off(row(1, "odd"), start + Seconds(5));
  CHECK(queue.first_due(start)->seq == 2);
  queue.remove(2);
  CHECK(queue.first_due(start)->seq == 4);
  queue.put_off(row(4, "even"), start + Seconds(3));
  CHECK(queue.first_due(start) == nullptr);
  CHECK(queue.next_due() == start + Seconds(3));
  CHECK(queue.first_due(start + Seconds(3))->seq == 4);
  CHECK(queue.first_due(start + Seconds(5))->seq == 1);
  queue.remove(1);
  CHECK(queue.first_due(start + Seconds(5))->seq == 3);
  queue.put_off(row(3, "odd"), start + Seconds(90));
  queue.all_due();
  CHECK(queue.first_due(start)->seq == 3);
  for (const std::int64_t seq : {3, 4, 5, 6}) queue.remove(seq);
  CHECK(queue.empty());
  CHECK(queue.next_due() == MonoTime::max());
}

TEST_CASE("a row that comes late stands before the rows of its incident that overtook it") {
  SinkQueue queue;
  const auto row = [](std::int64_t seq) {
    OutboxRow r;
    r.seq = seq;
    r.incident_id = "one";
    return r;
  };
  const MonoTime start{Seconds(100)};
  queue.add(row(3));
  queue.add(row(2));
  CHECK(queue.first_due(start)->seq == 2);
  queue.put_off(row(2), start + Seconds(5));
  queue.add(row(1));
  CHECK(queue.first_due(start)->seq == 1);
  queue.put_off(row(1), start + Seconds(9));
  CHECK(queue.first_due(start + Seconds(5)) == nullptr);  // neither of those behind it goes before it
  CHECK(queue.first_due(start + Seconds(9))->seq == 1);
  for (const std::int64_t seq : {1, 2}) {
    queue.remove(seq);
    CHECK(queue.first_due(start)->seq == seq + 1);
  }
}
