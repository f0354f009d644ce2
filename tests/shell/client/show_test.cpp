// The daemon's JSON in words, as it is read in a pipe: without colours, and whatever may be missing from it.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "daemon/client/show.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

json::object parsed(std::string_view text) {
  return json::parse(json::string_view(text.data(), text.size())).as_object();
}

/// Whatever the tests were started on.
struct NoColours {
  NoColours() { ::setenv("NO_COLOR", "1", 1); }
} const no_colours;

const char* status = R"({
  "exit": 2, "status": "critical",
  "targets": [{"name": "fabric", "status": "critical", "text": "total outage: connection refused", "sweep": 20,
    "last_sweep_at": "2026-11-26T03:11:58.250Z", "suspected": true, "in_maintenance": false, "void_reason": "",
    "reads": [{"name": "health", "word": "unreachable", "stale": false, "contradictory": false,
               "reasons": ["connection refused"]},
              {"name": "services", "word": "pass", "stale": true, "contradictory": false, "reasons": []}]}],
  "incidents": [{"id": "019abcde-0000-7000-8000-000000000001", "state": "firing", "summary": "OUTAGE total fabric"}],
  "sinks": [{"name": "pager", "state": "delivered", "detail": ""}, {"name": "hook", "state": "retrying",
             "detail": "503 Service Unavailable"}],
  "troubles": ["the store cannot be written"],
  "daemon": {"version": "0.1.0", "sandbox": "no Landlock", "sandbox_complete": false}})";

}  // namespace

TEST_CASE("the status tells targets, reads, incidents, and only the sinks that are in trouble") {
  CHECK(show_status(parsed(status)) ==
        "fabric: critical  total outage: connection refused\n"
        "  health    unreachable  connection refused\n"
        "  services  pass, stale\n"
        "  sweep 20 at 2026-11-26T03:11:58Z; suspected, being confirmed\n"
        "\n"
        "Open incidents\n"
        "firing    OUTAGE total fabric\n"
        "          019abcde-0000-7000-8000-000000000001\n"
        "\n"
        "Sinks in trouble\n"
        "  hook  retrying  503 Service Unavailable\n"
        "! the store cannot be written\n"
        "Sandbox incomplete: no Landlock\n");
}

TEST_CASE("what another version leaves out is left out, and never an exception") {
  CHECK(show_status(parsed(R"({"targets":[{"name":"fabric"}]})")) == "fabric:  \n  no sweep yet\n");
  CHECK(show_incidents({}) == "no incident\n");
  CHECK(show_silences({}) == "nothing is silenced\n");
  CHECK_NOTHROW(show_incident(parsed("{}")));
  CHECK_NOTHROW(show_conditions(parsed("{}")));
  CHECK_NOTHROW(show_outcome(parsed("{}")));
  CHECK_NOTHROW(show_snapshots(json::array{json::object{}}));
}

TEST_CASE("each condition says whether it holds, and by what") {
  const auto incident = parsed(R"({"conditions":[
    {"number":1,"title":"symptom recorded","state":"met","by":"sweep 41","at":"2026-11-26T03:11:58.250Z"},
    {"number":2,"title":"drift checked","state":"not_applicable","by":"no check is configured","at":null},
    {"number":3,"title":"narrowest runbook","state":"unattested","by":"nobody has said so","at":null},
    {"number":4,"title":"path works","state":"unmet","by":"path checkout fails","at":null}]})");
  CHECK(show_conditions(incident) ==
        " ✓ 1. symptom recorded\n      sweep 41 (2026-11-26T03:11:58Z)\n"
        " – 2. drift checked\n      not_applicable: no check is configured\n"
        " ? 3. narrowest runbook\n      unattested: nobody has said so\n"
        " ✗ 4. path works\n      unmet: path checkout fails\n");
}

TEST_CASE("an incident that nobody was paged for is told apart in the list") {
  const auto one = json::array{json::object{{"id", "019abcde"}, {"state", "resolved"}, {"summary", "blinked"}}};
  CHECK(show_incidents(one) == "unpaged   blinked\n          019abcde\n");
}

TEST_CASE("a silence says until when, for what, by whom and why, and its id is whole") {
  const auto list = json::array{json::object{{"id", "019abcde-0000-7000-8000-0000000000ff"},
                                             {"target", ""},
                                             {"boundary", nullptr},
                                             {"by", "root"},
                                             {"reason", "deploy"},
                                             {"expires_at", "2026-11-26T05:00:00.000Z"}}};
  CHECK(show_silences(list) ==
        "until 2026-11-26T05:00:00Z  every target, every boundary, by root: deploy\n"
        "    019abcde-0000-7000-8000-0000000000ff\n");
}
