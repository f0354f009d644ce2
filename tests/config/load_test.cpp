// A configuration is read strictly, and every mistake is told at once: where it stands and what to write instead.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "config/load.hpp"
#include "config/scalars.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"

using namespace readback;

namespace {

/// A line each.
std::string complaints(std::string_view yaml, bool warnings = false) {
  std::string all;
  for (const auto& p : parse_config(yaml, "f.yaml").problems)
    if (p.warning == warnings) all += to_string(p) + "\n";
  return all;
}

/// A whole configuration around one target's further lines, which begin at line 4.
std::string with(const std::string& lines) {
  return "targets:\n  - name: fabric\n    base_url: http://127.0.0.1:38080\n" + lines;
}

std::string sinks(const std::string& list) {
  return "targets: [{name: fabric, base_url: \"http://127.0.0.1:38080\"}]\nalerts: {sinks: [" + list + "]}\n";
}

/// A fleet with this further key, and this way to log in.
std::string fleet(const std::string& key, const std::string& login = "token: {credential: nats}") {
  return "targets: [{name: fabric, base_url: \"https://fabric.example:38080\"}]\n"
         "fleet: {name: prod, nats: {urls: [\"nats://watch.example\"], " +
         login + "}, " + key + "}\n";
}

}  // namespace

TEST_CASE("a mistake is told with its place and with what to write instead") {
  struct Case {
    const char* name;
    std::string yaml, complaint;
  };
  const Case cases[] = {
      {"a typing error in a key", with("    intervall: 30s\n"),
       "f.yaml:4:5: unknown key `intervall` in a target; did you mean `interval`?"},
      {"a key from nowhere", with("    log: {colour: red}\n"),
       "f.yaml:4:5: unknown key `log` in a target; known are: name, base_url, interval, timeout, jitter, "
       "request_budget, headers, tls, confirm, stale_after, episode_window, words, surfaces, checks, paths, "
       "references, blind_limit, runbooks, maintenance"},
      {"a typing error in a word", "log: {level: warnin}\ntargets: []\n",
       "f.yaml:1:14: level: `warnin` is not known here; did you mean `warning`?"},
      {"a duration without a unit", with("    interval: 30\n"),
       "f.yaml:4:15: interval: `30` is no duration; write it like 30s, 2m, 1h30m or 500ms"},
      {"a duration that is too short", with("    interval: 10ms\n"),
       "f.yaml:4:15: interval: `10ms` is too short; at least 100ms"},
      {"a list where a text belongs", with("    interval: [30s]\n"),
       "f.yaml:4:15: a duration is expected here; write one single value"},
      {"a text where a map belongs", with("    tls: yes\n"),
       "f.yaml:4:10: tls must be a map of keys and values; like {ca_file: …}"},
      {"a map where a list belongs", with("    references: {a: b}\n"),
       "f.yaml:4:17: a list is expected here; write it as `[…]` or with a `- ` before each entry"},
      {"nothing where a map belongs", with("    tls:\n"), "f.yaml:4:5: tls is empty; remove it or give it a value"},
      {"nothing where a text belongs", with("    interval:\n"),
       "f.yaml:4:5: the value is missing: a duration is expected; write one, or remove the key"},
      {"a number in quotes", with("    confirm: {failures: \"3\"}\n"),
       "f.yaml:4:25: failures: `3` is no whole number; between 1 and 100"},
      {"yes", with("    tls: {verify: yes}\n"),
       "f.yaml:4:19: verify: `yes` is neither true nor false; write true or false"},
      {"the same key twice", with("    interval: 30s\n    interval: 40s\n"),
       "f.yaml:5:5: `interval` stands here a second time; keep one of them"},
      {"the same target twice", with("  - {name: fabric, base_url: \"http://b.example\"}\n"),
       "f.yaml:4:12: targets: a target called `fabric` stands above already; give each its own name"},
      {"the same sink twice",
       sinks("{name: a, type: webhook, url: \"http://b\"}, {name: a, type: webhook, url: \"http://b\"}"),
       "f.yaml:2:61: a sink called `a` stands above already; give each its own name"},
      {"an evidence command called like a check",
       with("    checks: {drift: {command: [verify]}}\nevidence: {commands: {drift: {command: [df]}}}\n"),
       "f.yaml:5:23: `drift` is a check of the target fabric already: both would be checks/drift in a snapshot; give "
       "the command a name of its own"},
      {"a name that leads elsewhere", with("evidence: {commands: {..: {command: [df]}}}\n"),
       "f.yaml:4:23: commands: `..` is no name; use letters, digits, `-`, `_` and `.` (not first), at most 64"},
      {"an alias", with("    interval: &half 30s\n    timeout: *half\n"),
       "f.yaml:4:15: anchors (`&name`) are not allowed; write the value out where it is needed\n"
       "f.yaml:5:14: aliases (`*name`) are not allowed; write the value out"},
      {"a merged map", with("    words: &common {pass: [fine]}\n    tls: {<<: *common}\n"),
       "f.yaml:4:12: anchors (`&name`) are not allowed; write the value out where it is needed\n"
       "f.yaml:5:11: unknown key `<<` in tls; known are: ca_file, cert_file, key_file, server_name, verify, "
       "expires_within\nf.yaml:5:15: aliases (`*name`) are not allowed; write the value out"},
      {"a list for a key", with("    tls: {? [a] : b}\n"),
       "f.yaml:4:13: a key must be a plain word; like `name: value`"},
      {"an IPv6 address without brackets", "targets: [{name: a, base_url: \"http://::1:8080\"}]\n",
       "f.yaml:1:31: base_url: `http://::1:8080`: the host of the address is neither a name nor an IP address (IPv6 "
       "stands in brackets); like https://fabric.example:38080 or http://[::1]:8080"},
      {"a port that no address has", "targets: [{name: a, base_url: \"http://b:99999\"}]\n",
       "f.yaml:1:31: base_url: `http://b:99999`: the port of the address is not a number from 1 to 65535; like "
       "https://fabric.example:38080 or http://[::1]:8080"},
      {"a password in an address that is none", "targets: [{name: a, base_url: \"http://u:pass@b:99999\"}]\n",
       "f.yaml:1:31: base_url: the address holds a user name or a password; put it into `headers` as a credential"},
      {"a blank behind an address", "targets: [{name: a, base_url: \"http://b \"}]\n",
       "f.yaml:1:31: base_url: `http://b `: there are blanks behind the address; like https://fabric.example:38080 or "
       "http://[::1]:8080"},
      {"a socket with a path that no system takes", "control: {socket: /" + std::string(107, 's') + "}\ntargets: []\n",
       "f.yaml:1:19: the path of a socket has at most 107 bytes, and this one 108; /run/readback/control.sock"},
      {"a secret in what is quoted",
       "targets: [{name: a, base_url: \"http://b\", paths: [{name: p, url: \"/x?token=t0 ken\"}]}]\n",
       "f.yaml:1:66: url: `/x?…` has a blank or a control character in it; write a blank as %20"},
      {"a base address with a query", "targets: [{name: a, base_url: \"http://b/c?d=e\"}]\n",
       "f.yaml:1:31: base_url: `http://b/…` is no base address: it ends in a query or a fragment; leave out what "
       "begins with `?`"},
      {"a control character in a path", with("    paths: [{name: a, url: \"/b\\tc\"}]\n"),
       "f.yaml:4:28: url: `/b\\x09c` has a blank or a control character in it; write a blank as %20"},
      {"a second document", "targets: []\n---\ntargets: []\n",
       "f.yaml:2:1: a second document begins here; keep everything in one document, without `---`"},
      {"no YAML at all", "targets: [\n",
       "f.yaml:2:1: not valid YAML: end of sequence flow not found; "
       "look here and in the lines above for indentation, brackets and quotes"},
      {"an empty file", "",
       "f.yaml: the configuration is empty; name at least one target: `targets: [{name: …, base_url: …}]`"},
      {"a sink for a target that is not there", sinks("{name: a, type: webhook, url: \"http://b\", targets: [fabrik]}"),
       "f.yaml:2:18: the sink a waits for a target `fabrik` that does not exist; did you mean `fabric`?"},
      {"a host's own redeploy", with("    checks: {m: {command: [bash, ./scripts/redeploy-host-stack.sh]}}\n"),
       "f.yaml:4:27: this command appears to mutate: it is the guarded redeploy itself; a check only reads, like "
       "verify_runtime_materialization.py --check"},
      {"a restart", with("    checks: {m: {command: [/usr/bin/systemctl, restart, fabric]}}\n"),
       "f.yaml:4:27: this command appears to mutate: it changes services; a check only reads, like "
       "verify_runtime_materialization.py --check"},
      {"a regular expression that is none", "targets: []\nevidence: {redact: {patterns: [\"a(\"]}}\n",
       "f.yaml:2:32: patterns: `a(` is no regular expression: missing ): a(; "
       "an expression of RE2, without look-around and back-references, in single quotes"},
      {"a look ahead", "targets: []\nevidence:\n  redact:\n    patterns:\n      - fine\n      - 'a(?=b)'\n",
       "f.yaml:6:9: patterns: `a(?=b)` is no regular expression: invalid perl operator: (?=; "
       "an expression of RE2, without look-around and back-references, in single quotes"},
      {"a back-reference", "targets: []\nevidence: {redact: {patterns: ['(a)\\1']}}\n",
       "f.yaml:2:32: patterns: `(a)\\1` is no regular expression: invalid escape sequence: \\1; "
       "an expression of RE2, without look-around and back-references, in single quotes"},
      {"a time zone that is none", with("    maintenance: [{from: \"02:00\", for: 1h, timezone: Mars/Olympus}]\n"),
       "f.yaml:4:54: timezone: this host knows no time zone `Mars/Olympus`; an IANA name like Europe/Berlin"},
      {"a misspelt key of the fleet", fleet("juri: 7"),
       "f.yaml:2:88: unknown key `juri` in fleet; did you mean `jury`?"},
      {"a fleet that a subject cannot name", "targets: []\nfleet: {name: a b, nats: {urls: [\"nats://s\"]}}\n",
       "f.yaml:2:15: `a b` is no name of a fleet; use letters, digits, `-` and `_`, at most 32"},
      {"a fleet without servers", "targets: []\nfleet: {name: prod}\n",
       "f.yaml:2:8: `nats` is missing from fleet; nats: {urls: [nats://10.0.0.1:4222]}"},
      {"a NATS server that speaks HTTP", "targets: []\nfleet: {name: prod, nats: {urls: [\"http://s/x?t=T0K3N\"]}}\n",
       "f.yaml:2:35: urls: `http://s/\u2026` is no address of a NATS server: nats://HOST[:PORT] or tls://HOST[:PORT]; "
       "like nats://10.0.0.1:4222"},
      {"a NATS server with a path", "targets: []\nfleet: {name: prod, nats: {urls: [\"nats://s/x\"]}}\n",
       "f.yaml:2:35: urls: `nats://s/\u2026`: there is more than host and port; nats://HOST[:PORT]"},
      {"a NATS server twice", "targets: []\nfleet: {name: prod, nats: {urls: [\"nats://s\", \"nats://s\"]}}\n",
       "f.yaml:2:47: urls: `nats://s` stands above already; name each server once"},
      {"a password in the address of a NATS server",
       "targets: []\nfleet: {name: prod, nats: {urls: [\"nats://u:T0K3N@s\"]}}\n",
       "f.yaml:2:35: urls: the address holds a user name or a password; put it into `user` and `password`, or `token`"},
      {"two ways to log in", fleet("replicas: 1", "token: {env: A}, credentials: {env: B}"),
       "f.yaml:2:27: nats has credentials as well as token; keep one of them"},
      {"a user without a password", fleet("replicas: 1", "user: readback"),
       "f.yaml:2:27: nats needs both user and password; password: {credential: NAME}"},
      {"credentials in the file itself", fleet("replicas: 1", "credentials: SUAB"),
       "f.yaml:2:73: credentials: this secret has several lines and cannot stand here; {credential: NAME}, {file: "
       "/path} "
       "or {env: NAME}"},
      {"more replicas than JetStream keeps", fleet("replicas: 7"),
       "f.yaml:2:98: replicas: 7 is out of range; between 1 and 5"},
      {"a wait that outlasts a member", fleet("agree_within: 60s"),
       "f.yaml:2:102: fleet: agree_within is as long as silent_after: who is waited for is missing by then; a few "
       "times less "
       "than silent_after"},
      {"the last surface is removed",
       with("    surfaces: {health: null, services: null, observability: null, security: null}\n"),
       "f.yaml:2:5: no surface is left to read; keep at least one of the four"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    CHECK(complaints(c.yaml) == c.complaint + "\n");
  }
}

TEST_CASE("all mistakes are told at once, in the order of the file") {
  std::istringstream told(complaints(R"(environmemt: prod
targets:
  - name: fabric
    base_url: ftp://fabric.example
    interval: soon
    surfaces:
      health: {path: health, roll: health}
alerts:
  renotify: -1h
  sinks:
    - {name: pager, type: pagerduty}
    - {name: my hook, type: webhook}
)"));
  std::vector<std::string> places;
  for (std::string line; std::getline(told, line);) places.push_back(line.substr(7, line.find(": ") - 7));
  CHECK(places == std::vector<std::string>{"1:1", "4:15", "5:15", "7:22", "7:30", "9:13", "11:7", "12:7", "12:14"});
}

TEST_CASE("what is risky is warned about and does not keep the daemon from starting") {
  struct Case {
    const char* name;
    std::string yaml, warning;
  };
  const Case cases[] = {
      {"nobody is told", "targets: []\n",
       "f.yaml: warning: no sink is configured: nobody will be paged; "
       "alerts: {sinks: [{name: hook, type: webhook, url: https://…}]}"},
      {"a secret in plain text", sinks("{name: a, type: webhook, url: \"http://b\", secret: whsec_YWJj}"),
       "f.yaml:2:68: warning: the secret stands here in plain text; "
       "{credential: NAME}, {file: /path} or {env: NAME}"},
      {"certificates that nobody looks at", sinks("{name: a, type: webhook, url: \"https://b\", tls: {verify: false}}"),
       "f.yaml:2:75: warning: verify: certificates are not verified: whoever stands between can answer for the "
       "platform; give its CA with ca_file"},
      {"a status page for everybody",
       sinks("{name: a, type: webhook, url: \"http://b\"}") + "http: {listen: \"0.0.0.0:9464\"}\n",
       "f.yaml:3:16: warning: listen: the status page and the metrics can be read from other hosts, by anybody; "
       "127.0.0.1:9464 behind a proxy that asks who it is"},
      {"a boundary that nobody takes",
       sinks("{name: a, type: webhook, url: \"http://b\", boundaries: [observer, outage, security, drift, readiness]}"),
       "f.yaml: warning: no sink takes the boundary product; add it to the `boundaries` of a sink"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    CHECK(parse_config(c.yaml, "f.yaml").ok());
    CHECK(complaints(c.yaml, true) == c.warning + "\n");
  }
}

TEST_CASE("a fleet's server on the host of a target is warned about, under whatever name") {
  struct Case {
    const char *name, *server, *base_url;
    bool warned;
  };
  const Case cases[] = {
      {"another host", "nats://watch.example:4222", "https://fabric.example:38080", false},
      {"the same name in capitals, and another port", "nats://Fabric.Example", "https://fabric.example:38080", true},
      {"with a last dot, over TLS", "tls://fabric.example.", "https://fabric.example:38080", true},
      {"the same address", "nats://10.0.0.1:4222", "http://10.0.0.1:8080", true},
      {"this machine under two of its names", "nats://127.0.0.1:4222", "http://localhost:8080", true},
      {"this machine and a socket of it", "nats://[::1]", "unix:///run/fabric.sock", true},
      {"a longer name", "nats://fabric.example.org", "https://fabric.example", false},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    const std::string yaml = "targets: [{name: fabric, base_url: \"" + std::string(c.base_url) +
                             "\"}]\nfleet: {name: prod, nats: {token: {env: A}, urls: [\"" + c.server + "\"]}}\n";
    CHECK(parse_config(yaml, "f.yaml").ok());
    const std::string warning = "f.yaml:2:52: warning: the fleet's server " + std::string(c.server) +
                                " is on the host of the target fabric: an outage takes both; a server of the watchers' "
                                "own, on another host\n";
    CHECK((complaints(yaml, true).find(warning) != std::string::npos) == c.warned);
  }
}

TEST_CASE("a sink may group by cause, unless somebody else does that better") {
  const auto grouping = parse_config(sinks("{name: a, type: webhook, url: \"http://b\", group: cause}"), "f.yaml");
  REQUIRE(grouping.ok());
  CHECK(grouping.config.alerts.sinks.at(0).group == Grouping::cause);
  CHECK(complaints(sinks("{name: a, type: alertmanager, url: \"http://b\", group: cause}"))
            .find("sinks: an Alertmanager groups by itself; its own `group_by`") != std::string::npos);
  const std::string fleet = sinks("{name: a, type: webhook, url: \"http://b\", group: cause}") +
                            "fleet: {name: prod, nats: {urls: [\"nats://s\"]}}\n";
  CHECK(complaints(fleet, true).find("warning: in a fleet each target has its own page, also at a; group: none") !=
        std::string::npos);
  CHECK(parse_config(fleet, "f.yaml").config.alerts.sinks.at(0).group == Grouping::none);
}

TEST_CASE("in a fleet every key is the platform's, and who asked for the host's is told") {
  const std::string hook =
      "{name: a, type: webhook, url: \"http://b\"}, "
      "{name: c, type: webhook, url: \"http://d\", dedup_scope: host}";
  const auto alone = parse_config(sinks(hook), "f.yaml");
  REQUIRE(alone.ok());
  CHECK(alone.config.alerts.sinks.at(0).dedup_scope == DedupScope::host);
  CHECK_FALSE(alone.config.fleet.is_on());
  CHECK(print_config(alone.config).find("fleet") == std::string::npos);

  const std::string yaml =
      sinks(hook) + "fleet: {name: prod, nats: {urls: [\"nats://s\"], user: u, password: T0K3N}}\n";
  const auto together = parse_config(yaml, "f.yaml");
  REQUIRE(together.ok());
  for (const auto& sink : together.config.alerts.sinks) CHECK(sink.dedup_scope == DedupScope::platform);
  CHECK(complaints(yaml, true) ==
        "f.yaml:2:116: warning: in a fleet several hosts share one incident, and its key is the "
        "platform's; dedup_scope: platform\n"
        "f.yaml:3:67: warning: password: the secret stands here in plain text; {credential: NAME}, {file: /path} or "
        "{env: NAME}\n");
  CHECK(print_config(together.config).find("T0K3N") == std::string::npos);
  CHECK(config_digest(together.config) != config_digest(alone.config));
}

TEST_CASE("a pattern of the redaction may be whatever RE2 reads: without case, with named groups") {
  const auto loaded =
      parse_config("targets: []\nevidence: {redact: {patterns: ['(?i)token=\\S+', '(?P<x>a)']}}\n", "f.yaml");
  CHECK(loaded.ok());
  CHECK(loaded.config.evidence.redact.patterns == std::vector<std::string>{"(?i)token=\\S+", "(?P<x>a)"});
}

TEST_CASE("what others find in a file is joined in its order, and what has no place comes last") {
  auto loaded = parse_config("targets: []\nlog: {levl: info}\n", "f.yaml");
  loaded.add({{"f.yaml", 0, 0, false, "somewhere", ""},
              {"f.yaml", 2, 9, false, "later", ""},
              {"f.yaml", 1, 1, true, "first", ""}});
  std::vector<std::string> told;
  for (const auto& p : loaded.problems) told.push_back(p.text);
  CHECK(told == std::vector<std::string>{"first", "unknown key `levl` in log", "later",
                                         "no sink is configured: nobody will be paged", "somewhere"});
  CHECK_FALSE(loaded.ok());
}

TEST_CASE("what stands behind an anchor or a second document is not forgotten over it") {
  CHECK(complaints(
            "environment: &e prod\ntargets:\n  - {name: a, base_url: ftp://x, interval: *e}\nlog: {levl: info}\n") ==
        "f.yaml:1:14: anchors (`&name`) are not allowed; write the value out where it is needed\n"
        "f.yaml:3:25: base_url: `ftp://x` is no address; http://HOST[:PORT], https://HOST[:PORT] or "
        "unix:///PATH.sock\n"
        "f.yaml:3:44: aliases (`*name`) are not allowed; write the value out\n"
        "f.yaml:4:7: unknown key `levl` in log; did you mean `level`?\n");
  CHECK(complaints("targets: []\nlog: {levl: info}\n---\nmore: 1\n") ==
        "f.yaml:2:7: unknown key `levl` in log; did you mean `level`?\n"
        "f.yaml:3:1: a second document begins here; keep everything in one document, without `---`\n");
}

TEST_CASE("a bomb of aliases is told, and costs no more than its own length") {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + ", " + last + "]\n";
  }
  const auto told = parse_config(bomb, "f.yaml");
  const auto count = [&](const std::string& word) {
    return std::count_if(told.problems.begin(), told.problems.end(),
                         [&](const ConfigProblem& p) { return p.text.find(word) != p.text.npos; });
  };
  CHECK(count("anchors") == 40);
  CHECK(count("aliases") == 78);
}

TEST_CASE("what only the host can tell has its place as well, beside the mistakes of the file") {
  const auto loaded = parse_config(with("    intervall: 1s\n    tls: {ca_file: /nowhere/ca.pem}\n    checks:\n"
                                        "      m: {command: [/nowhere/check, --check]}\n"),
                                   "f.yaml");
  std::string all;
  for (const auto& p : problems_on_host(loaded.config, "f.yaml")) all += to_string(p) + "\n";
  CHECK(all ==
        "f.yaml:7:20: the check m: /nowhere/check is not there; correct the command\n"
        "f.yaml:5:10: the CA file /nowhere/ca.pem cannot be read: No such file or directory; correct the path, or who "
        "may read it\n");
}

TEST_CASE("a file of absurd size or depth is refused before it is understood") {
  CHECK(complaints(std::string(largest_config + 1, '#')) ==
        "f.yaml: the file is larger than 1 MiB; a configuration of this size is a mistake\n");
  CHECK(complaints(std::string(40, '[') + std::string(40, ']')) ==
        "f.yaml:1:33: nested deeper than 32 levels; nothing here goes deeper than eight\n");
}

TEST_CASE("a file that cannot be read is a mistake like the others") {
  const auto loaded = load_config("/nowhere/readback.yaml");
  REQUIRE(loaded.problems.size() == 1);
  CHECK(to_string(loaded.problems[0]) ==
        "/nowhere/readback.yaml: cannot be read: No such file or directory; name the file with --config");
  const auto folder = load_config("/");
  REQUIRE(folder.problems.size() == 1);
  CHECK(to_string(folder.problems[0]) == "/: cannot be read: Is a directory; name the file with --config");
  CHECK(to_string(load_config("/dev/zero").problems.at(0)) ==
        "/dev/zero: the file is larger than 1 MiB; a configuration of this size is a mistake");
}

TEST_CASE("what the file does not say keeps its default; what it says is taken over") {
  const auto loaded =
      parse_config(with("    interval: 1m\n    surfaces: {security: null, recovery: {path: /r}}\n"), "f");
  REQUIRE(loaded.ok());
  const TargetConfig& t = loaded.config.targets.at(0);
  CHECK(t.interval == Seconds(60));
  CHECK(t.timeout == Seconds(5));
  CHECK(t.request_budget_per_minute == 90);
  CHECK(t.confirm.failures == 3);
  std::vector<std::string> names;
  for (const SurfaceConfig& s : t.surfaces) names.push_back(s.name);
  CHECK(names == std::vector<std::string>{"health", "services", "observability", "recovery"});
  CHECK(loaded.config.alerts.renotify == std::chrono::hours(4));
  CHECK(loaded.config.store.path == "/var/lib/readback");
}

TEST_CASE("numbers, times and sizes are read as people write them, and not as YAML guesses") {
  CHECK(parse_duration("1h30m") == Millis(5'400'000));
  CHECK(parse_duration("0") == Millis(0));
  CHECK_FALSE(parse_duration("").has_value());
  CHECK_FALSE(parse_duration("-1s").has_value());
  CHECK_FALSE(parse_duration("1.5h").has_value());
  CHECK_FALSE(parse_duration("30s1m").has_value());
  CHECK_FALSE(parse_duration("999999999999999d").has_value());
  CHECK(write_duration(Millis(5'400'500)) == "1h30m500ms");
  CHECK(parse_size("1GiB") == 1ULL << 30);
  CHECK(parse_size("4096") == 4096);
  CHECK_FALSE(parse_size("1gig").has_value());
  CHECK(parse_rate_per_minute("2/s") == 120);
  CHECK(parse_rate_per_minute("5400/h") == 90);
  CHECK_FALSE(parse_rate_per_minute("90").has_value());
  CHECK(parse_int("010") == 10);
  CHECK_FALSE(parse_int("0x10").has_value());
  CHECK_FALSE(parse_bool("True").has_value());
  CHECK(parse_clock("23:59") == 23 * 60 + 59);
  CHECK_FALSE(parse_clock("24:00").has_value());
  CHECK(nearest("intervall", {"interval", "timeout"}) == "interval");
  CHECK(nearest("zzz", {"interval", "timeout"}) == "");
}

TEST_CASE("the effective configuration shows no secret, and reads back as what is in force") {
  const auto loaded = load_config(std::string(READBACK_SOURCE_DIR) + "/tests/config/good/everything.yaml");
  REQUIRE(loaded.ok());
  const auto printed = print_config(loaded.config);
  const auto again = parse_config(printed, "printed");
  for (const auto& p : again.problems) CHECK_MESSAGE(p.warning, to_string(p));
  CHECK(print_config(again.config) == printed);

  const auto plain =
      parse_config(sinks("{name: a, type: webhook, url: \"https://pager.example/T0K3N?x=T0K3N\", secret: whsec_T0K3N}, "
                         "{name: p, type: pagerduty, routing_key: T0K3N, headers: {X-Key: T0K3N}}"),
                   "f");
  REQUIRE(plain.ok());
  const auto masked = print_config(plain.config);
  CHECK(masked.find("T0K3N") == masked.npos);
  CHECK(masked.find("https://pager.example/masked") != masked.npos);
  CHECK(config_digest(plain.config).find("T0K3N") == std::string::npos);

  const auto elsewhere =
      parse_config(with("    references: [\"https://r.example/?api_key=T0K3N&page=2\"]\n"
                        "    paths: [{name: p, url: \"/x?token=T0K3N&y=z\"}]\n"
                        "    checks: {m: {command: [/bin/check, --token=T0K3N, --password, T0K3N, --check], "
                        "env: {API_TOKEN: T0K3N, LANG: C}}}\n"),
                   "f");
  REQUIRE(elsewhere.ok());
  const auto shown = print_config(elsewhere.config);
  CHECK(shown.find("T0K3N") == shown.npos);
  for (const char* kept : {"api_key=masked&page=2", "token=masked&y=z", "--token=masked, --password, masked, --check",
                           "API_TOKEN: masked", "LANG: C"})
    CHECK_MESSAGE(shown.find(kept) != shown.npos, kept);
  CHECK(parse_config(shown, "shown").ok());
}

TEST_CASE("another secret is another configuration") {
  const auto digest = [](const char* key) {
    return config_digest(
        parse_config(sinks("{name: p, type: pagerduty, routing_key: " + std::string(key) + "}"), "f").config);
  };
  CHECK(digest("one") == digest("one"));
  CHECK(digest("one") != digest("two"));
}

TEST_CASE("a template is part of the configuration: its mistakes stand in it, and another text is another digest") {
  const std::string folder = std::string(READBACK_SOURCE_DIR) + "/tests/config";
  const auto wrong = load_config(folder + "/beyond_the_schema/template_with_mistakes.yaml");
  std::string told;
  for (const auto& p : wrong.problems)
    if (!p.warning) told += to_string(p) + "\n";
  CHECK(told == folder +
                    "/templates/mistakes.mustache:1:11: no event has a `sumary`; the names are those of "
                    "readback.alert/v1\n");
  const auto loaded = load_config(folder + "/good/everything.yaml");
  REQUIRE(loaded.ok());
  auto changed = loaded.config;
  changed.alerts.sinks.back().body.text += "\n";
  CHECK(config_digest(changed) != config_digest(loaded.config));
  CHECK(print_config(changed) == print_config(loaded.config));
}

TEST_CASE("a proxy is judged where it is named") {
  const auto hook = [](const std::string& proxy) {
    return sinks("{name: hook, type: webhook, url: \"https://pager.example/\", proxy: " + proxy + "}");
  };
  struct Case {
    const char *proxy, *complaint;
  };
  const Case cases[] = {
      {"{url: \"http://proxy.example:3128\"}", ""},
      {"{url: \"http://proxy.example:3128/\", user: u, password: {env: P}}", ""},
      {"{url: \"https://proxy.example\"}", "`https://proxy.example` is no address of a proxy; http://HOST:PORT\n"},
      {"{url: \"http://proxy.example/way\"}",
       "`http://proxy.example/\u2026` is no address of a proxy; http://HOST:PORT\n"},
      {"{url: \"http://proxy.example\", user: u}",
       "a login at a proxy needs both user and password; password: {credential: NAME}\n"},
      {"{url: \"http://proxy.example\", user: \"u:v\", password: {env: P}}",
       "proxy: the name of a user has no `:` in it; user: NAME\n"},
      {"{user: u, password: {env: P}}", "`url` is missing from proxy; url: http://proxy.example:3128\n"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.proxy);
    std::string told;
    for (const auto& p : parse_config(hook(c.proxy), "f").problems)
      if (!p.warning) told += p.text + "; " + p.suggestion + "\n";
    CHECK(told == c.complaint);
  }
}

TEST_CASE("who waits for an escalation is marked, and read back") {
  const auto loaded = load_config(std::string(READBACK_SOURCE_DIR) + "/tests/config/good/escalation.yaml");
  REQUIRE(loaded.ok());
  const auto& alerts = loaded.config.alerts;
  REQUIRE(alerts.escalate.size() == 2);
  CHECK(alerts.escalate[1].after == std::chrono::minutes(30));
  CHECK(alerts.escalate[1].sinks == std::vector<std::string>{"second", "boss"});
  CHECK(alerts.escalate[1].min_severity == Severity::critical);
  CHECK_FALSE(alerts.sinks[0].waits);
  CHECK(alerts.sinks[1].waits);
  CHECK(alerts.sinks[2].waits);
  const auto printed = print_config(loaded.config);
  CHECK(print_config(parse_config(printed, "printed").config) == printed);
}

TEST_CASE("what a file includes stands beside its own, and a mistake names both places") {
  const std::string folder = std::string(READBACK_SOURCE_DIR) + "/tests/config";
  const auto loaded = load_config(folder + "/good/include.yaml");
  REQUIRE(loaded.ok());
  CHECK(loaded.config.included_files ==
        std::vector<std::string>{folder + "/parts/10-target.yaml", folder + "/parts/20-sinks.yaml"});
  CHECK(loaded.config.targets.at(0)->name == "other");
  CHECK(loaded.config.alerts.sinks.at(1).name == "more");
  CHECK(loaded.config.alerts.sinks.at(1).at.file == folder + "/parts/20-sinks.yaml");
  CHECK(loaded.config.alerts.sinks.at(0).at.file.empty());
  const auto printed = print_config(loaded.config);
  CHECK(print_config(parse_config(printed, "printed").config) == printed);

  const auto twice = load_config(folder + "/beyond_the_schema/include_of_a_name_twice.yaml");
  REQUIRE_FALSE(twice.problems.empty());
  CHECK(to_string(twice.problems.back()) ==
        folder + "/parts/10-target.yaml:1:18: targets: a target called `other` stands already in " + folder +
            "/beyond_the_schema/include_of_a_name_twice.yaml:3:11; give each its own name");
}
