// The fleet in words, as it is read in a pipe; and how `readback fleet` ends.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>

#include "core/codec/view_json.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/show.hpp"
#include "tests/shell/client/as_in_a_pipe.hpp"
#include "tests/shell/client/fake_daemon.hpp"
#include "tests/support/control/example_fleet.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

const AsInAPipe as_in_a_pipe;

/// As a host answers its client: through JSON and back.
json::object answered(const FleetOverview& fleet) { return json::parse(json::serialize(view_json(fleet))).as_object(); }

json::object in_status(const FleetOverview& fleet) {
  View view;
  view.fleet = fleet;
  return json::parse(json::serialize(view_json(view))).at("fleet").as_object();
}

FleetOverview well() {
  FleetOverview f = example_fleet();
  f.members.erase(f.members.begin(), f.members.begin() + 2);
  for (auto& m : f.members)
    for (auto& [target, word] : m.targets) word = "green";
  f.claims.clear();
  f.unshipped = f.disagreements = 0;
  return f;
}

}  // namespace

TEST_CASE("a fleet in trouble: who is missing or unwell comes first, and who is told what") {
  const std::string text =
      "prod: critical  2 of 3 hosts are alive; connected to nats://10.0.0.1:4222\n"
      "\n"
      "Members\n"
      "  host-4  silent     0.0.9  heard 2m 14s ago         fabric green\n"
      "  host-2  alive      0.1.0  heard 1s ago, 6s behind  fabric outage, second\n"
      "                                                     unknown\n"
      "  host-7  this host  0.1.0                           fabric outage, second green\n"
      "  host-9  left       0.1.0  heard 5m 00s ago\n"
      "! host-2: the store cannot be written: disk full\n"
      "\n"
      "Open, and told to whom\n"
      "  fabric outage  to hook   not told yet, nobody speaks, 4 attempts since the\n"
      "                           last answer, passed on by host-2, host-7\n"
      "  fabric outage  to pager  told as critical, host-7 speaks\n"
      "\n"
      "2 snapshots not shipped yet: still only on this host\n"
      "hosts have disagreed 5 times since readbackd was started\n";
  CHECK(show_fleet(answered(example_fleet())) == text);
  std::ifstream guide(READBACK_SOURCE_DIR "/packaging/guide/fleet.md");
  CHECK(std::string(std::istreambuf_iterator<char>(guide), {}).find("\n```text\n" + text + "```\n") !=
        std::string::npos);
}

TEST_CASE("a fleet that is well is two hosts in three lines") {
  CHECK(show_fleet(answered(well())) ==
        "prod: green  1 of 1 host is alive; connected to nats://10.0.0.1:4222\n"
        "\n"
        "Members\n"
        "  host-7  this host  0.1.0                    2 green\n"
        "  host-9  left       0.1.0  heard 5m 00s ago\n");
}

TEST_CASE("a fleet that cannot be asked says that this host decides alone, and since when") {
  FleetOverview away = well();
  away.is_connected = false;
  away.away_for = Seconds(134);
  away.server.clear();
  away.troubles = {"nats://10.0.0.1:4222: connection refused"};
  CHECK(show_fleet(answered(away))
            .starts_with("prod: warning  it has not answered for 2m 14s: this host decides alone; there\n"
                         "  is no connection to a server\n"
                         "! nats://10.0.0.1:4222: connection refused\n"));
  CHECK(show_fleet_line(in_status(away)) ==
        "Fleet prod: warning  it has not answered for 2m 14s: this host decides alone;\n"
        "  there is no connection to a server\n"
        "! nats://10.0.0.1:4222: connection refused\n");
  away.away_for.reset();
  away.server = "nats://10.0.0.1:4222";
  away.members.front().is_doubled = true;
  const std::string doubled = show_fleet(answered(away));
  CHECK(doubled.starts_with("prod: error  it does not answer yet; connected to nats://10.0.0.1:4222\n"));
  CHECK(doubled.find("  host-7  name used twice  0.1.0") != std::string::npos);
  away = well();
  away.members[1].state = "alive", away.members[1].heard_ago = Millis(400);
  CHECK(show_fleet(answered(away)).find("  host-9  alive      0.1.0  heard now\n") != std::string::npos);
}

TEST_CASE("the status has one line of the fleet, and none on a host alone") {
  CHECK(show_fleet_line(in_status(example_fleet())) == "Fleet prod: critical  2 of 3 hosts are alive\n");
  json::object status{{"targets", json::array{}}, {"fleet", in_status(well())}};
  CHECK(show_status(status) == "\nFleet prod: green  1 of 1 host is alive\n");
  CHECK_NOTHROW(show_fleet({}));
  CHECK_NOTHROW(show_fleet_line({}));
  CHECK_NOTHROW(show_fleet(json::object{{"members", json::array{1, json::object{}}}, {"claims", json::array{"x"}}}));
}

TEST_CASE("a member with very many targets shows the bad ones by name, and how many are green") {
  FleetOverview f = well();
  for (int i = 0; i < 1000; ++i) f.members[0].targets["t" + std::to_string(i)] = i % 100 == 0 ? "readiness" : "green";
  const std::string text = show_fleet(answered(f));
  CHECK(text.find("t0 readiness, t100") != std::string::npos);
  CHECK(text.find("992 green") != std::string::npos);
  CHECK(text.size() < 1500);
}

TEST_CASE("readback fleet ends as a monitoring plugin") {
  struct Case {
    const char* name;
    std::string answer;
    int status;
  };
  const Case cases[] = {
      {"critical", http(200, json::serialize(view_json(example_fleet()))), 2},
      {"well", http(200, json::serialize(view_json(well()))), 0},
      {"no fleet", http(404, R"({"detail":"this host is in no fleet"})"), exit_unknown},
      {"another shape", http(200, "{}"), exit_unknown},
      {"no answer", "", exit_unknown},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const FakeDaemon daemon([&](const FakeDaemon::Client& client, const std::string&) { client.send(c.answer); });
    CHECK(fleet_command()->run(Client{daemon.socket(), true}) == c.status);
  }
}

TEST_CASE("snapshots of a fleet, and those of an incident, say whose they are") {
  const auto list = json::array{json::object{{"id", "019abcde-0000-7000-8000-00000000000b"},
                                             {"at", "2026-11-26T03:12:04.000Z"},
                                             {"host", "host-2"},
                                             {"boundary", "outage"},
                                             {"extent", "total"},
                                             {"reason", "page"},
                                             {"size", 2048}}};
  CHECK(show_snapshots(list) == "2026-11-26T03:12:04Z  0000000b  host-2: total outage, page, 2048 bytes\n");
  const auto text = show_incident({{"snapshots", list}, {"snapshots_note", "only of host-2: x"}});
  CHECK(text.find("\nSnapshots of all hosts\n"
                  "  2026-11-26T03:12:04Z  host-2  019abcde-0000-7000-8000-00000000000b\n"
                  "  only of host-2: x\n") != std::string::npos);
}
