// An answer that comes again reads as one that nobody has seen before: whatever differs, and however often.
#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>

#include "core/reading/read.hpp"
#include "core/text/time.hpp"
#include "tests/support/changed_json.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

const WallTime begin = *parse_rfc3339("2026-11-23T03:11:00Z");

/// As they are, but without the stamp that is told with each.
bool same(const SurfaceReading& a, const SurfaceReading& b) {
  const auto same_item = [](const Item& x, const Item& y) {
    return x.name == y.name && x.reading == y.reading && x.neutral == y.neutral && x.critical == y.critical &&
           x.detail == y.detail;
  };
  return a.reading == b.reading && a.stale == b.stale && a.contradictory == b.contradictory &&
         a.own_word == b.own_word && a.accepted == b.accepted && a.version == b.version && a.as_of == b.as_of &&
         a.reasons == b.reasons && a.http_status == b.http_status && a.retry_after == b.retry_after &&
         std::equal(a.items->begin(), a.items->end(), b.items->begin(), b.items->end(), same_item);
}

const std::vector<std::string> bodies{
    R"({"status":"ok","service":"jhf-fabric","version":"1.4.2"})",
    R"({"generated_at":"2026-11-23T03:10:58.123456Z","version":"1.4.2","request_id":"req-100001","services":[{"name":"fabric-api","status":"up","detail":"","port":8080,"latency_ms":12.5,"checked_at":"2026-11-23T03:10:57Z"},{"name":"worker","status":"up","port":8081,"latency_ms":7}]})",
    R"({"status":"ready","generated_at":"2026-11-23T03:10:58Z","trace_id":"8f14e45f-ceea-467f-a8f6-5b1c0d4e2a91","components":{"otel":{"status":"ready","queue_depth":14},"log-pipeline":{"status":"ready","lag":3}},"metrics":{"uptime_seconds":8123,"load":0.25}})",
    R"({"state":"UP","components":{"db":{"status":"UP","details":{"database":"PostgreSQL","pool":12}},"diskSpace":{"status":"UP","details":{"total":107374182400,"free":53687091200,"threshold":10485760}}}})",
    R"({"status":"Healthy","totalDuration":"00:00:00.0123456","entries":{"npgsql":{"status":"Healthy","duration":"00:00:00.0119","data":{"tries":3}}}})",
    R"({"status":"pass","time":"2026-11-23T03:10:59+00:00","checks":{"db:time":[{"observedValue":7.5,"status":"pass","time":"2026-11-23T03:10:59Z"}]}})",
    R"({"ok":true,"uptime":812.5,"timestamp":1795402800123,"checks":{"redis":true,"queue":"3/3","worker":"alive"}})",
    R"({"result":{"healthy":true,"as_of":"2026-11-23T03:10:59Z"},"id":"a-17","meta":{"took":17,"time":"2026-11-23T03:10:59Z"}})",
    R"({"success":true,"data":{"status":"operational","updated_at":"2026-11-23T03:10:00Z","nodes":5,"items":[{"name":"a","state":"running","since":"2026-11-20T00:00:00Z","restarts":3}]}})",
    R"({"passed":12,"failed":0,"skipped":3,"status":"green","shards":{"active":15,"relocating":4}})",
    R"({"status":"ok","warnings":{"old":5},"hint":"none","note":"n-5","lists":["a: ok","b: ok"],"counts":{"a":5,"b":6}})",
    R"({"status":"ok","meta":{"took":204}})",
    R"({"status":"ok","commit":"8f14e45f","release":20261101})",
    R"({"totalDuration":"00:00:01","checks":{"a":2,"b":2,"c":7}})",
    R"({"worker":"alive","mailer":"idle","cleaner":"standby","count":7})",
    R"({"checks":{"postgres":{"status":"ok","rows":55},"mail":"ok","spare":"x9-17","pool":7}})",
};

const std::vector<std::string> strings{"2026-11-23T03:11:00.654321Z",
                                       "2026-11-23 03:10:30",
                                       "2025-01-01T00:00:00Z",
                                       "2031-01-01T00:00:00Z",
                                       "req-100124",
                                       "ok",
                                       "down",
                                       "degraded",
                                       "error",
                                       "Error: 5",
                                       "failed",
                                       "UP",
                                       "DOWN",
                                       "zzz",
                                       "",
                                       "true",
                                       "false",
                                       "0",
                                       "1",
                                       "503",
                                       "200 OK",
                                       "2/3",
                                       "3/3",
                                       "0/3",
                                       "8f14e45f-ceea-467f-a8f6-5b1c0d4e2a92",
                                       "1.4.3",
                                       "disabled",
                                       "enabled",
                                       "idle",
                                       "unknown",
                                       "none",
                                       "n/a",
                                       "high",
                                       "warning: disk",
                                       "not ok",
                                       "dead-beef",
                                       "00:00:01.5",
                                       "5 of 7 up",
                                       "12ms"};
const std::vector<std::string> numbers{"0",
                                       "1",
                                       "2",
                                       "3",
                                       "-1",
                                       "17",
                                       "0.5",
                                       "1.0",
                                       "200",
                                       "404",
                                       "503",
                                       "599",
                                       "1795402860000",
                                       "1795402860",
                                       "1e3",
                                       "1e400",
                                       "0.9999999999999999999",
                                       "99999999999999999999999"};

SurfaceReading read(const SurfaceConfig& surface, const std::string& body, Millis after, SurfaceMemory& memory,
                    int status = 200) {
  RawRead raw;
  raw.read = surface.name;
  raw.at = begin + after;
  raw.took = Millis(after.count() % 900);
  raw.answer = HttpAnswer{status, {{"Date", "Mon, 23 Nov 2026 03:11:10 GMT"}, {"X-Version", "7"}}, body};
  return read_surface({}, surface, raw, memory, MonoTime(Seconds(1000) + after));
}

std::vector<SurfaceConfig> surfaces() {
  SurfaceConfig plain;
  plain.name = "health";
  SurfaceConfig own = plain;
  own.words.fail = {"17", "req-100124"};
  own.words.pass = {"zzz", "3"};
  own.version_header = true;
  SurfaceConfig pointed = plain;
  pointed.verdict = "/meta/took";
  SurfaceConfig deep = plain;
  deep.verdict = "/checks/spare";
  deep.max_latency = Millis(700);
  return {plain, own, pointed, deep};
}

}  // namespace

TEST_CASE("An answer that comes again with other values reads as if it were the first") {
  ChangedJson changed(20261127, strings, numbers);
  for (const auto& surface : surfaces()) {
    for (const auto& body : bodies) {
      SurfaceMemory again;
      StampMemory stamps;
      for (int i = 0; i < 600; ++i) {
        const auto text = i % 3 == 0 ? body : changed.change(body);
        CAPTURE(text);
        CAPTURE(surface.verdict);
        SurfaceMemory first{stamps, {}};
        const int status = i % 11 != 10 ? 200 : i % 2 ? 207 : 503;
        const auto expected = read(surface, text, Seconds(i), first, status);
        REQUIRE(same(read(surface, text, Seconds(i), again, status), expected));
        REQUIRE(again.stamps.newest == first.stamps.newest);
        REQUIRE(again.stamps.since == first.stamps.since);
        REQUIRE(again.stamps.moving == first.stamps.moving);
        stamps = first.stamps;
      }
    }
  }
}

TEST_CASE("Stamps, ids and numbers that move make an answer no stranger") {
  SurfaceConfig surface;
  surface.name = "services";
  SurfaceMemory memory;
  CHECK(read(surface, bodies[1], Seconds(0), memory).reading == Reading::pass);
  RawRead raw;
  const PartRules rules{OwnWords(surface.words, {}), surface.verdict, surface.critical_items};
  const auto comes_again = [&](std::string body) {
    return memory.familiar.again(HttpAnswer{200, {}, std::move(body)}, rules).has_value();
  };
  std::string other = bodies[1];
  const auto put = [&](std::string_view was, std::string_view is) { other.replace(other.find(was), was.size(), is); };
  put("03:10:58.123456", "03:11:28.654321"), put("req-100001", "req-100002"), put("12.5", "118"),
      put("03:10:57", "03:11:27");
  CHECK(comes_again(other));
  put("\"up\"", "\"down\"");
  CHECK_FALSE(comes_again(other));
}

TEST_CASE("A stamp says nothing, in whatever form: nobody needs to ask") {
  const OwnWords none({}, {});
  for (const std::string day : {"2026-11-23", "0001-01-01", "9999-12-31"})
    for (const std::string between : {"T", " "})
      for (const std::string clock : {"00:00:00", "23:59:60", "03:11:58"})
        for (const std::string part : {"", ".1", ".123456", ".123456789"})
          for (const std::string zone : {"", "Z", "+00:00", "-0800", "+05:45"}) {
            const std::string stamp = day + between + clock + part + zone;
            CAPTURE(stamp);
            CHECK(text_says(stamp, none, Expected::no) == Says::nothing);
            CHECK(text_says(stamp, none, Expected::yes) == Says::nothing);
            CHECK_FALSE(has_content(std::string_view(stamp)));
          }
}
