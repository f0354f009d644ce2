// The daemon's JSON in words, as it is read in a pipe: without colours, and whatever may be missing from it.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "core/text/time.hpp"
#include "daemon/client/show.hpp"
#include "tests/shell/client/as_in_a_pipe.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

json::object parsed(std::string_view text) {
  return json::parse(json::string_view(text.data(), text.size())).as_object();
}

const AsInAPipe as_in_a_pipe;

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
        "STATE   OPENED  FOR  BOUNDARY  TARGET  WHAT FAILED FIRST    ID\n"
        "firing                                 OUTAGE total fabric  00000001\n"
        "\n"
        "Sinks in trouble\n"
        "  hook  retrying  503 Service Unavailable\n"
        "! the store cannot be written\n"
        "Sandbox incomplete: no Landlock\n");
}

TEST_CASE("what another version leaves out is left out, and never an exception") {
  CHECK(show_status(parsed(R"({"targets":[{"name":"fabric"}]})")) == "fabric:  \n  no sweep yet\n");
  CHECK(list_incidents({}, WallTime{}) == "no incident\n");
  CHECK_NOTHROW(list_incidents(json::array{json::object{}, 1}, WallTime{}));
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
  CHECK(list_incidents(one, WallTime{}) ==
        "STATE    OPENED  FOR  BOUNDARY  TARGET  WHAT FAILED FIRST  ID\n"
        "unpaged                                 blinked            019abcde\n");
}

TEST_CASE("a list of incidents: a row a thing, the newest first, unwrapped, and what another explains within its row") {
  const auto incident = [](const char* tail, const char* state, const char* boundary, const char* opened,
                           const char* recovered, const char* paged, const char* reason) {
    return json::object{{"id", std::string("019abcde-0000-7000-8000-0000") + tail},
                        {"state", state},
                        {"boundary", boundary},
                        {"target", "fabric"},
                        {"opened_at", opened},
                        {"recovered_at", recovered ? json::value(recovered) : json::value(nullptr)},
                        {"paged_at", paged ? json::value(paged) : json::value(nullptr)},
                        {"first_failure", json::object{{"read", "health"}, {"reason", reason}}}};
  };
  const std::string late = "postgres: connection pool exhausted, and much more of it than any terminal has room for";
  const json::array all{
      incident("00000001", "resolved", "outage", "2026-11-26T03:00:00.000Z", "2026-11-26T03:10:00.000Z",
               "2026-11-26T03:00:06.000Z", "connection refused"),
      incident("00000002", "resolved", "readiness", "2026-11-26T03:00:02.000Z", "2026-11-26T03:10:00.000Z", nullptr,
               "x"),
      incident("00000003", "resolved", "product", "2026-11-26T03:09:00.000Z", "2026-11-26T03:10:00.000Z", nullptr, "x"),
      incident("00000004", "resolved", "drift", "2026-11-26T04:00:00.000Z", "2026-11-26T04:00:30.000Z", nullptr,
               "exit 1"),
      incident("00000005", "firing", "security", "2026-11-26T05:00:00.000Z", nullptr, "2026-11-26T05:00:06.000Z",
               late.c_str())};
  CHECK(list_incidents(all, *parse_rfc3339("2026-11-26T05:01:00Z")) ==
        "STATE     OPENED                FOR      BOUNDARY  TARGET  WHAT FAILED FIRST" +
            std::string(late.size() - 9, ' ') +
            "  ID\n"
            "firing    2026-11-26T05:00:00Z  1m 00s   security  fabric  health: " +
            late +
            "  00000005\n"
            "unpaged   2026-11-26T04:00:00Z  30s      drift     fabric  health: exit 1" +
            std::string(late.size() - 6, ' ') +
            "  00000004\n"
            "resolved  2026-11-26T03:00:00Z  10m 00s  outage    fabric  health: connection refused (also: product, "
            "readiness)" +
            std::string(late.size() - 45, ' ') + "  00000001\n");
  CHECK(list_incidents({}, WallTime{}) == "no incident\n");
  CHECK_NOTHROW(list_incidents(json::array{json::object{}}, WallTime{}));
}

TEST_CASE("a silence says until when, for what, by whom and why, and its id can be typed") {
  const auto list = json::array{json::object{{"id", "019abcde-0000-7000-8000-0000000000ff"},
                                             {"target", ""},
                                             {"boundary", nullptr},
                                             {"by", "root"},
                                             {"reason", "deploy"},
                                             {"expires_at", "2026-11-26T05:00:00.000Z"}}};
  CHECK(show_silences(list) == "until 2026-11-26T05:00:00Z  000000ff  every target, every boundary, by root:\n" +
                                   std::string(38, ' ') + "deploy\n");
}
