// What the socket tells of the fleet, and evidence that comes from other hosts.
#include <doctest/doctest.h>

#include "tests/shell/api/schemas.hpp"
#include "tests/support/control/running.hpp"

namespace readback {
namespace {

const std::string host_2s = "019abcde-0000-7000-8000-00000000000b", own = "019abcde-0000-7000-8000-00000000000a",
                  early = "019aaaaa-0000-7000-8000-00000000000c";

SnapshotView snapshot(const std::string& id, const std::string& host, int second) {
  SnapshotView s;
  s.id = id;
  s.host = host;
  s.target = "fabric";
  s.boundary = "outage";
  s.extent = "total";
  s.reason = "page";
  s.sha256 = std::string(64, host.empty() ? 'a' : host.back());
  s.at = at_second(second);
  return s;
}

/// A daemon in a fleet: a snapshot of its own, which is shipped too, and two of host-2.
struct InFleet : Running {
  InFleet() {
    on_loop([this] {
      backend.shown.fleet = example_fleet();
      backend.bundle_bytes = "own";
      backend.kept = {snapshot(own, "", 506)};
      backend.with_fleet = {snapshot(host_2s, "host-2", 508), snapshot(own, "host-7", 506),
                            snapshot(early, "host-2", -4000)};
    });
  }
};

std::string ids_in(const json::value& answer) {
  std::string all;
  for (const auto& s : answer.at("snapshots").as_array())
    all += std::string(s.at("host").as_string()) + " " + std::string(s.at("id").as_string()) + "\n";
  return all;
}

}  // namespace

TEST_CASE("a host alone says nothing of a fleet, and answers who asks for one") {
  Running r;
  const Schemas schemas;
  const Seen fleet = r.ask("GET", "/v1/fleet");
  CHECK(fleet.status == 404);
  CHECK(fleet.parsed().at("detail") == "this host is in no fleet: its configuration has no fleet");
  CHECK(schemas.check("/v1/fleet", "get", fleet) == "");
  CHECK(r.ask("GET", "/v1/snapshots?fleet=true").status == 404);
  CHECK(r.ask("GET", "/v1/snapshots/019abcde?host=host-2").status == 404);
  CHECK(r.ask("GET", "/v1/snapshots?fleet=perhaps").status == 422);
  CHECK(r.ask("GET", "/v1/snapshots?fleet=false").body == r.ask("GET", "/v1/snapshots").body);
  CHECK_FALSE(r.ask("GET", "/v1/status").parsed().as_object().contains("fleet"));
  CHECK_FALSE(r.ask("GET", "/v1/incidents/latest").parsed().as_object().contains("snapshots"));
}

TEST_CASE("the fleet is told as the contract writes it") {
  InFleet r;
  const Schemas schemas;
  const Seen whole = r.ask("GET", "/v1/fleet");
  CHECK(schemas.check("/v1/fleet", "get", whole) == "");
  const auto fleet = whole.parsed().as_object();
  CHECK(fleet.at("schema") == "readback.fleet/v1");
  CHECK(fleet.at("connected").as_bool());
  CHECK(fleet.at("fleet") == "prod");
  CHECK(fleet.at("unshipped") == 2);
  CHECK(fleet.at("exit") == 2);
  CHECK(fleet.at("members").at(0) == json::parse(R"({"host":"host-2","state":"alive","self":false,"doubled":false,
      "version":"0.1.0","heard_s":1.2,"lag_s":6.0,"targets":{"fabric":"outage","second":"unknown"},
      "troubles":["the store cannot be written: disk full"]})"));
  CHECK(fleet.at("claims").at(0) == json::parse(R"({"target":"fabric","boundary":"outage","sink":"hook","holder":null,
      "told":null,"epoch":3,"passed":["host-2","host-7"],"tries":4})"));
  const Seen status = r.ask("GET", "/v1/status");
  CHECK(schemas.check("/v1/status", "get", status) == "");
  CHECK(status.parsed().at("fleet") == json::parse(R"({"status":"critical","connected":true,"fleet":"prod",
      "host":"host-7","server":"nats://10.0.0.1:4222","away_s":null,"unshipped":2,"troubles":[],
      "members":{"alive":2,"silent":1,"left":1},"doubled":[]})"));
}

TEST_CASE("how loud a fleet is") {
  struct Case {
    const char* name;
    std::function<void(FleetOverview&)> change;
    const char* word;
  };
  const Case cases[] = {
      {"all is well", [](auto&) {}, "green"},
      {"away", [](auto& f) { f.is_connected = false; }, "warning"},
      {"a member left", [](auto& f) { f.members[0].state = "left"; }, "green"},
      {"a member is silent", [](auto& f) { f.members[0].state = "silent"; }, "warning"},
      {"a member is unwell", [](auto& f) { f.members[0].troubles = {"x"}; }, "warning"},
      {"a name is used twice", [](auto& f) { f.members[0].is_doubled = true; }, "error"},
      {"told",
       [](auto& f) {
         f.claims = {{"fabric", "drift", "hook", "a", "warning", 1, {}, 0}};
       },
       "warning"},
      {"on its way",
       [](auto& f) {
         f.claims = {{"fabric", "outage", "hook", "a", "", 1, {}, 0}};
       },
       "warning"},
      {"nobody takes it",
       [](auto& f) {
         f.claims = {{"fabric", "outage", "hook", "a", "", 1, {}, 1}};
       },
       "error"},
      {"a newer word",
       [](auto& f) {
         f.claims = {{"fabric", "outage", "hook", "a", "dire", 1, {}, 0}};
       },
       "unknown"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    FleetOverview fleet;
    fleet.is_connected = true;
    fleet.members.resize(1);
    c.change(fleet);
    CHECK(loudness_of(fleet).word == c.word);
  }
}

TEST_CASE("snapshots of all hosts are listed once each, and those of an incident are those of its time") {
  InFleet r;
  const Schemas schemas;
  const Seen all = r.ask("GET", "/v1/snapshots?fleet=true");
  CHECK(schemas.check("/v1/snapshots", "get", all) == "");
  CHECK(ids_in(all.parsed()) == "host-2 " + host_2s + "\nhost-7 " + own + "\nhost-2 " + early + "\n");
  const Seen incident = r.ask("GET", "/v1/incidents/latest");
  CHECK(schemas.check("/v1/incidents/{id}", "get", incident) == "");
  CHECK(ids_in(incident.parsed()) == "host-7 " + own + "\nhost-2 " + host_2s + "\n");
  r.on_loop([&] { r.backend.fleet_away = "no server has answered"; });
  const Seen away = r.ask("GET", "/v1/snapshots?fleet=true");
  CHECK(away.status == 503);
  CHECK(away.parsed().at("detail") == "the fleet cannot be asked: no server has answered");
  const auto alone = r.ask("GET", "/v1/incidents/latest").parsed();
  CHECK(ids_in(alone) == "host-7 " + own + "\n");
  CHECK(alone.at("snapshots_note") == "only of host-7: the fleet cannot be asked: no server has answered");
}

TEST_CASE("a bundle that is not here comes from the fleet, and one that is here does not") {
  InFleet r;
  CHECK(r.ask("GET", "/v1/snapshots/" + own).body == "own");
  CHECK(r.backend.fleet_bundles == 0);
  const Seen theirs = r.ask("GET", "/v1/snapshots/" + host_2s);
  CHECK(theirs.body == "whole of host-2");
  CHECK(theirs.header("ETag") == "\"" + std::string(64, '2') + "\"");
  CHECK(r.ask("GET", "/v1/snapshots/019aaaaa").body == "whole of host-2");
  CHECK(r.ask("GET", "/v1/snapshots/019abcde?host=host-2").body == "whole of host-2");
  CHECK(r.ask("GET", "/v1/snapshots/latest").body == "own");
  CHECK(r.ask("GET", "/v1/snapshots/latest?host=host-2").body == "whole of host-2");
  CHECK(r.ask("GET", "/v1/snapshots/latest?host=host-7").body == "own");
  CHECK(r.ask("GET", "/v1/snapshots/latest?host=host-5").parsed().at("detail") == "there is no snapshot yet");
  CHECK(r.ask("GET", "/v1/snapshots/" + host_2s + "?form=public-safe").body == "public of host-2");
  const Seen none = r.ask("GET", "/v1/snapshots/019abcdf");
  CHECK(none.status == 404);
  r.on_loop([&] { r.backend.bundle_bytes.clear(); });  // its file is gone here, and the fleet has it
  CHECK(r.ask("GET", "/v1/snapshots/" + own).body == "whole of host-7");
  r.on_loop([&] { r.backend.fleet_away = "no server has answered"; });
  const Seen away = r.ask("GET", "/v1/snapshots/" + host_2s);
  CHECK(away.status == 503);
  CHECK(std::string(away.parsed().at("detail").as_string()) ==
        "there is no snapshot " + host_2s + "; the nearest is " + own +
            ", and the fleet cannot be asked: no server has answered");
}

TEST_CASE("an id that several hosts have is asked for again, with their names") {
  InFleet r;
  r.on_loop([&] {
    r.backend.kept.clear();
    r.backend.with_fleet = {snapshot(host_2s, "host-2", 508), snapshot(own, "host-3", 506)};
  });
  const Seen several = r.ask("GET", "/v1/snapshots/019abcde");
  CHECK(several.status == 409);
  CHECK(std::string(several.parsed().at("detail").as_string()) ==
        "019abcde may be 2 snapshots: " + host_2s + ", " + own + "; write more of it; they are of host-2, host-3");
  r.on_loop([&] { r.backend.with_fleet = {snapshot(own, "host-2", 508), snapshot(own, "host-3", 506)}; });
  const Seen same = r.ask("GET", "/v1/snapshots/" + own);
  CHECK(same.status == 409);
  CHECK(same.parsed().at("detail") == "several hosts have another snapshot of this id; name one of host-2, host-3");
  CHECK(r.ask("GET", "/v1/snapshots/" + own + "?host=host-3").body == "whole of host-3");
}

}  // namespace readback
