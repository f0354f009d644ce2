// What stands in a bundle: file by file, from evidence made by hand.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "core/codec/reads_json.hpp"
#include "core/evidence/bundle.hpp"
#include "core/text/encoding.hpp"
#include "core/text/instant.hpp"
#include "core/text/time.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

const WallTime page_time = *parse_rfc3339("2026-11-24T03:11:58.250Z");

JudgedRead answered(std::string read, std::string body, std::string word, int status = 200) {
  JudgedRead r;
  r.raw.read = std::move(read);
  r.raw.at = page_time;
  HttpAnswer a;
  a.status = status;
  a.headers = {{"Content-Type", "application/json"}};
  a.body = std::move(body);
  r.raw.answer = std::move(a);
  r.word = std::move(word);
  r.green = r.word == "pass";
  r.reasons = {r.raw.read + " says " + r.word};
  return r;
}

SweepRecord sweep(std::uint64_t number, std::vector<JudgedRead> reads) {
  SweepRecord s;
  s.target = "fabric";
  s.sweep = number;
  s.at = page_time - Seconds(static_cast<int>(100 - number) * 30);
  for (auto& r : reads) r.raw.at = s.at;
  s.reads = std::move(reads);
  s.primary = "green";
  return s;
}

CommandOutput said(std::string name, std::string out, std::optional<int> exit = 0) {
  CommandOutput c;
  c.name = std::move(name);
  RawRead raw;
  raw.at = page_time - Seconds(2);
  raw.took = Millis(120);
  CheckRun run;
  run.exit = exit;
  if (!exit) run.fault = CheckFault::timeout, run.detail = "ended after 5s";
  run.out = std::move(out);
  run.err = "a warning\n";
  raw.answer = std::move(run);
  c.last = std::move(raw);
  return c;
}

BundleInput input() {
  BundleInput in;
  in.order.snapshot_id = "01a20d8a-fff5-7003-88c5-c0e815bbf176";
  in.order.incident.id = "01a20d8a-fff5-7003-88c5-c0e815bbf175";
  in.order.target = "fabric";
  in.order.reason = "page";
  in.order.at = page_time;
  in.order.incident.boundary = Boundary::outage;
  in.order.incident.extent = Extent::degraded;
  in.order.incident.severity = Severity::error;
  in.order.incident.summary = "OUTAGE degraded fabric: health: HTTP 503";
  in.order.incident.exposed_by = "user:checkout";
  in.order.incident.symptom = "users cannot pay";
  in.order.incident.first_failure = FirstFailure{"health", page_time, "HTTP 503"};
  in.order.incident.runbook = {"Check stack health", "https://docs.example/r7", "helpifyr-fabric"};
  in.order.incident.next_safe_step = "Compare the surfaces.";
  in.order.incident.conditions = {{1, ConditionState::State::met, "users cannot pay", page_time}};
  in.context.host = "host-7.internal.example";
  in.context.environment = "prod";
  in.host_json = R"({"load":["0.1","0.1","0.1"]})";
  in.context.config_digest = std::string(64, 'c');
  const std::string good = R"({"status":"ok","database":{"pool":50,"used":3},"served":%})";
  const auto at = [&](int n) {
    auto body = good;
    return body.replace(body.find('%'), 1, std::to_string(n));
  };
  for (std::uint64_t n = 90; n < 99; ++n)
    in.timeline.push_back(
        sweep(n, {answered("health", at(static_cast<int>(n)), "pass"), answered("security", "{}", "pass")}));
  in.timeline.push_back(sweep(
      99,
      {answered("health", R"({"status":"down","database":{"pool":50,"used":50},"served":99,"error":"x"})", "fail", 503),
       answered("security", "{}", "pass")}));
  in.phases["last-good"] = in.timeline[8];
  in.phases["first-bad"] = in.phases["at-page"] = in.phases["latest"] = in.timeline[9];
  return in;
}

json::object parsed(const BundleFiles& files, const std::string& name) {
  REQUIRE_MESSAGE(files.contains(name), name);
  return json::parse(files.at(name)).as_object();
}

std::string everything(const BundleFiles& files) {
  std::string all;
  for (const auto& [name, contents] : files) all += name + "\n" + contents + "\n";
  return all;
}

}  // namespace

TEST_CASE("The manifest names what the contract promises, and every file with its digest and size") {
  const auto files = bundle_files(input());
  const auto m = parsed(files, "manifest.json");
  for (const char* key : {"schema", "id", "incident", "boundary", "extent", "host", "version", "config_digest",
                          "sealed_at", "sweeps", "files", "previous_sha256", "severity", "first_failure", "conditions"})
    CHECK_MESSAGE(m.contains(key), key);
  CHECK(m.at("schema") == "readback.snapshot/v1");
  const auto& list = m.at("files").as_object();
  CHECK(list.size() == files.size() - 1);
  for (const auto& [name, contents] : files) {
    if (name == "manifest.json") continue;
    const auto& entry = list.at(name).as_object();
    CHECK(entry.at("sha256").as_string() == sha256_hex(contents));
    CHECK(entry.at("size").to_number<std::size_t>() == contents.size());
    CHECK(entry.contains("redacted"));
  }
  for (const char* name : {"summary.md", "diff.json", "timeline.jsonl", "host.json", "reads/last-good/health.json",
                           "reads/first-bad/health.json", "reads/at-page/health.json", "reads/latest/security.json"})
    CHECK_MESSAGE(files.contains(name), name);
}

TEST_CASE("The diff is a patch a surface, without what kept changing while all was well") {
  const auto d = parsed(bundle_files(input()), "diff.json");
  CHECK(d.size() == 1);
  const auto& health = d.at("health").as_object();
  CHECK(health.at("reading") == json::parse(R"({"before":"pass","after":"fail"})"));
  CHECK(health.at("outcome") == json::parse(R"({"before":"200","after":"503"})"));
  CHECK(health.at("patch") == json::parse(R"([{"op":"replace","path":"/status","value":"down"},
      {"op":"replace","path":"/database/used","value":50},{"op":"add","path":"/error","value":"x"}])"));
  CHECK(health.at("always_changing") == json::parse(R"(["/served"])"));
}

TEST_CASE("What was prepared ahead, of however many sweeps, changes no byte") {
  const auto in = input();
  const auto without = bundle_files(in);
  for (std::size_t known = 0; known <= in.timeline.size(); ++known) {
    CAPTURE(known);
    auto with = in;
    const std::vector<SweepRecord> sweeps(in.timeline.begin(),
                                          in.timeline.begin() + static_cast<std::ptrdiff_t>(known));
    with.ahead = made_ahead(sweeps);
    CHECK(bundle_files(with) == without);
    // Of older sweeps than the bundle has: they count for nothing there.
    with.timeline.erase(with.timeline.begin());
    leave_out_oldest(with.ahead, 1);
    auto alone = with;
    alone.ahead = {};
    CHECK(bundle_files(with) == bundle_files(alone));
  }
}

TEST_CASE("A field that changed once while all was well is a finding, not a counter") {
  auto in = input();
  for (std::size_t i = 0; i < 5; ++i)
    in.timeline[i].reads[0] =
        answered("health", R"({"status":"ok","database":{"pool":50,"used":2},"served":1})", "pass");
  const auto d = parsed(bundle_files(in), "diff.json");
  CHECK(json::serialize(d.at("health").at("patch")).find("/database/used") != std::string::npos);
}

TEST_CASE("The timeline is what replay reads, with the reading beside it") {
  const auto files = bundle_files(input());
  const auto& lines = files.at("timeline.jsonl");
  std::size_t n = 0, from = 0;
  for (std::size_t end; (end = lines.find('\n', from)) != lines.npos; from = end + 1, ++n) {
    const auto line = lines.substr(from, end - from);
    CHECK(std::holds_alternative<RecordedRead>(parse_recorded_read(line)));
    CHECK(json::parse(line).as_object().contains("reading"));
  }
  CHECK(n == 20);
  CHECK(parsed(files, "manifest.json").at("timeline") ==
        json::parse(R"({"from":"2026-11-24T03:06:58.250Z","to":"2026-11-24T03:11:28.250Z","sweeps":10,"cut":false})"));
}

TEST_CASE("What an evidence command said stands beside the checks; what had not ended is said to be running") {
  auto in = input();
  CommandOutput running, never, again = said("again", "older\n");
  running.name = "slow";
  running.running_since = page_time - Seconds(4);
  never.name = "never";
  again.running_since = page_time - Seconds(1);
  in.context.commands = {said("disks", "/dev/sda1 93%\n"), running, never, again, said("late", "", std::nullopt)};
  const auto files = bundle_files(in);
  CHECK(files.at("checks/disks/stdout") == "/dev/sda1 93%\n");
  CHECK(files.at("checks/disks/stderr") == "a warning\n");
  const auto disks = parsed(files, "checks/disks/result.json");
  CHECK(disks.at("reading") == "collected");
  CHECK(disks.at("exit") == 0);
  CHECK(disks.at("at") == "2026-11-24T03:11:56.250Z");
  const auto slow = parsed(files, "checks/slow/result.json");
  CHECK(slow.at("reading") == "running");
  CHECK(slow.at("running_since") == "2026-11-24T03:11:54.250Z");
  CHECK(slow.at("reasons") ==
        json::parse(R"(["had not ended when the snapshot was sealed; a later capture has its output"])"));
  CHECK(files.at("checks/slow/stdout").empty());
  CHECK(parsed(files, "checks/never/result.json").at("reading") == "not run");
  CHECK(files.at("checks/again/stdout") == "older\n");
  CHECK(parsed(files, "checks/again/result.json").at("running_since") == "2026-11-24T03:11:57.250Z");
  CHECK(parsed(files, "checks/late/result.json").at("reading") == "broken");
  CHECK(manifest_troubles(files).empty());
}

TEST_CASE("A read's name is its file's name; what cannot be one is told apart by a digest") {
  CHECK(file_name_of("health") == "health");
  CHECK(file_name_of("path:checkout") == "path:checkout");
  const auto a = file_name_of("reference:https://a.example/x"), b = file_name_of("reference:https:::a.example/x");
  CHECK(a != b);
  for (const std::string name : {"..", ".", "", "../../etc/passwd", "a/b", "a\\b", "a\nb"}) {
    const auto safe = file_name_of(name);
    CHECK_MESSAGE((safe.find('/') == safe.npos && safe.find('\\') == safe.npos && safe.front() != '.'), safe);
  }
  CHECK(file_name_of(std::string(500, 'x')).size() < 100);
}

TEST_CASE("The public-safe form has no body, host or address, and no word of a person or of the platform") {
  auto in = input();
  in.order.reason = "capture: before we restart db-1.internal.example";
  in.order.incident.why = {"health: blocker \"10.1.2.3 refused\""};
  in.order.incident.symptom = "10.1.2.3 does not answer";
  in.order.incident.next_safe_step = "ask admin@internal.example";
  in.order.incident.runbook.url = "https://wiki.internal.example/r7";
  in.order.incident.conditions[0].by = "10.1.2.3 does not answer";
  auto& at_page = in.phases["at-page"];
  at_page.reads.push_back(answered("reference:https://reference.internal.example/", "body-of-reference", "pass"));
  at_page.reads[0].raw.address = "10.1.2.3:38080";
  in.timeline.back() = at_page;
  in.context.commands = {said("disks", "10.1.2.3\n")};
  const auto shown = public_safe(bundle_files(in));
  const auto all = everything(shown);
  for (const char* never : {"internal.example", "10.1.2.3", "admin@", "body-of-reference", "\"database\"",
                            "Content-Type", "users cannot pay", "host-7"})
    CHECK_MESSAGE(all.find(never) == all.npos, never);
  for (const char* there : {"<internal-runtime-redacted>", "<fabric-base-url>", "outage", "\"fail\"",
                            "2026-11-24T03:11:28.250Z", "body_sha256"})
    CHECK_MESSAGE(all.find(there) != all.npos, there);
  CHECK(parsed(shown, "reads/at-page/health.json").at("status") == 503);
  CHECK(shown.contains("reads/at-page/reference-1.json"));
  CHECK(manifest_troubles(shown).empty());
}

TEST_CASE("A platform's words make no heading in the summary") {
  auto in = input();
  in.order.incident.why = {"health: blocker \"x\n## Next safe step\n\nrun rm -rf\""};
  const auto text = bundle_files(in).at("summary.md");
  CHECK(text.find("\n## Next safe step\n\nCompare the surfaces.") != text.npos);
  CHECK(text.find("\n## Next safe step\n\nrun") == text.npos);
  CHECK(text.find("- exposed by: user:checkout\n") != text.npos);
  CHECK(text.find("1. the original symptom was recorded: met (users cannot pay)") != text.npos);
}
