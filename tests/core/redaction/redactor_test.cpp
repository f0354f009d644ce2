// Two corpora hold the redactor: secrets in every form that we know of, none of which may survive, and text that health
// answers and checks really contain, none of which may be touched.
#include <doctest/doctest.h>

#include <set>

#include "core/redaction/redactor.hpp"

using namespace readback;

namespace {

Redactor redactor(RedactConfig config = {}, std::vector<std::string> known = {}) {
  return Redactor(config, "test key", std::move(known));
}

std::string with(std::string form, const std::string& value) {
  for (auto at = form.find("{}"); at != form.npos; at = form.find("{}", at + value.size())) form.replace(at, 2, value);
  return form;
}

/// Where a password stands. `{}` is the password.
const std::vector<std::string> quoted_forms{
    R"({"password": "{}"})",
    R"({"db": {"PASSWORD": "{}", "host": "db"}})",
    R"({"status": "ok", "client_secret": "{}"})",
    R"({"auth": {"token": {"value": "{}"}}})",
    R"({"tokens": ["{}", "{}"]})",
    R"({"x-api-key": "{}"})",
    R"({"apiKey": "{}"})",
    R"({"headers": {"Authorization": "Token {}"}})",
    R"({"headers": {"Cookie": "sid={}"}})",
    R"({"credentials": {"user": "{}", "pass": "{}"}})",
    R"({"env": ["API_TOKEN={}"]})",
    R"({"env": [{"name": "DB_PASSWORD", "value": "{}"}]})",
    R"({"nested": "{\"password\": \"{}\"}"})",
    R"({"connectionString": "Server=db;User Id=sa;Password={};"})",
    R"([{"session_id": "{}"}])",
    R"({"user": "app", "pass": "{}"})",
    R"({"jwt": "{}", "session": "{}"})",
    R"({"azure": {"AccountKey": "{}"}})",
    R"(ssh_key: '{}')",
    R"({"truncated": {"password": "{}", "more": )",
    R"({'password': '{}', 'user': 'x'})",
    R"({'token': b'{}'})",
    R"(Config(password='{}', host='db'))",
    R"(Settings(api_key="{}"))",
    R"({:password => "{}"})",
    R"(export DB_PASSWORD="{}")",
    R"(API_KEY='{}' ./run)",
    R"(password = "{}")",
    R"(client_secret: "{}")",
    R"(<add key="x" password="{}"/>)",
    R"(<password>{}</password>)",
    R"(<ns:clientSecret a="1">{}</ns:clientSecret>)",
    R"(login failed: passwd: '{}')",
};
const std::vector<std::string> bare_forms{
    "password={}",
    "DB_PASSWORD={}\nDB_HOST=db",
    "export API_TOKEN={}",
    "PGPASSWORD={} psql -h db",
    "client_secret: {}",
    "  secretKey: {}\n  name: x",
    "AWS_SECRET_ACCESS_KEY={}",
    "token = {}",
    "./run --password {} --verbose",
    "./run --api-key={}",
    "curl -u admin:{} https://fabric.example/health",
    "curl -H 'X-Api-Key: {}' https://fabric.example/health",
    "curl --user admin:{} https://fabric.example/health",
    "postgres://app:{}@db:5432/app",
    "cannot connect to amqp://guest:{}@mq/vhost: refused",
    "redis://:{}@cache:6379/0",
    "https://{}@git.example/repo.git",
    "mongodb+srv://u:{}@cluster.example/db",
    "https://fabric.example/x?token={}",
    "GET /callback?code={}&state=1 HTTP/1.1",
    "https://fabric.example/x?a=1&access_token={}#top",
    "machine db login app password {}",
    "Server=db;Pwd={};Database=x",
    "user=app password={} host=db",
    "sshpass -p {} ssh db",
    "Set-Cookie: session={}; Path=/",
    "Cookie: a=1; auth={}",
    "Authorization: Basic {}",
    "Proxy-Authorization: Negotiate {}",
    "X-Auth-Token: {}",
    "requests.get(url, auth=('admin', '{}'))",
};
const std::vector<std::string> passwords{"correct-horse-7", "hunter2hunter2", "Zx81kQ-p", "s3cr3t.Value_1",
                                         "0123456789abcdef0123"};

std::string repeated(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

/// Values that are secrets wherever they stand.
std::vector<std::string> tokens() {
  return {
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r",
      "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0.",
      "sk_live_" + repeated("a1B2", 6),
      "rk_test_" + repeated("9zY8", 6),
      "sk-proj-" + repeated("Ab3d", 8),
      "ghp_" + repeated("aB3d", 9),
      "gho_" + repeated("Zx9q", 9),
      "github_pat_" + repeated("11AB", 8),
      "glpat-" + repeated("x1Y2", 5),
      "xoxb-1234567890-" + repeated("aBcD", 6),
      "xapp-1-A0123-" + repeated("12ab", 6),
      std::string("AKIA") + "IOSFODNN7EXAMPLE",
      std::string("ASIA") + "IOSFODNN7EXAMPLE",
      "AIza" + repeated("Sy1-", 8) + "abc",
      "npm_" + repeated("aB3d", 9),
      "pypi-AgEIcHlwaS5vcmc" + repeated("aB3d", 8),
      "dop_v1_" + repeated("0a1b", 16),
      "hvs." + repeated("CAES", 6),
      "SG." + repeated("abCD", 5) + "." + repeated("12Zz", 10),
      "whsec_" + repeated("MfKQ", 8),
      "AGE-SECRET-KEY-1" + repeated("QPZRY9X8", 7),
      "glsa_" + repeated("aB3d", 8) + "_0a1b2c3d",
      "https://hooks.slack.com/services/T000/B000/" + repeated("xYz1", 6),
      "https://discord.com/api/webhooks/123456789/" + repeated("aB3_", 16),
      "https://outlook.office.com/webhook/0b2a3c4d-0000-4000-8000-000000000000/IncomingWebhook/" + repeated("0a1b", 8),
      "-----BEGIN RSA PRIVATE KEY-----\nMIIEow" + repeated("abCD12+/", 8) + "\n-----END RSA PRIVATE KEY-----",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz" + repeated("aaBB", 8),
      "-----BEGIN CERTIFICATE-----\nMIID" + repeated("xyZ9", 8) + "\n-----END CERTIFICATE-----",
      "kR9" + repeated("vTq2Lm8+", 1) + "Xw4zPb7Yc1Ns5Hd0Jf3Gk6Ae",
      "operator@example.org",
      "Vorname.Nachname+tag@sub.example.co.uk",
  };
}
const std::vector<std::string> token_forms{R"({"message": "refused {} by the gateway"})", "error: {} was refused",
                                           R"({"deep": [[{"n": "{}"}]]})", "Bearer {}", "a={};b=2"};

std::string escaped(const std::string& value) {
  std::string out;
  for (char c : value) out += c == '\n' ? "\\n" : std::string(1, c);
  return out;
}

}  // namespace

TEST_CASE("No planted secret survives, in whatever form") {
  auto r = redactor();
  std::size_t planted = 0;
  for (const auto* forms : {&quoted_forms, &bare_forms})
    for (const auto& form : *forms)
      for (const auto& password : passwords) {
        const auto clean = r.text(with(form, password));
        ++planted;
        CHECK_MESSAGE(clean.find(password) == clean.npos, (with(form, password) + "  ->  " + clean));
      }
  for (const auto& form : token_forms)
    for (const auto& token : tokens()) {
      const auto value = form[0] == '{' ? escaped(token) : token;
      const auto clean = r.text(with(form, value));
      ++planted;
      // Every part of some length must be gone, not just the whole.
      const auto tail = value.size() > 24 ? value.substr(value.size() - 20) : value;
      CHECK_MESSAGE(clean.find(value) == clean.npos, (with(form, value) + "  ->  " + clean));
      if (value.find("-----END") == value.npos)
        CHECK_MESSAGE(clean.find(tail) == clean.npos, (with(form, value) + "  ->  " + clean));
    }
  MESSAGE("planted: " << planted);
  CHECK(planted >= 200);
}

TEST_CASE("Spaces and other alphabets are no hiding place where something quotes the value") {
  auto r = redactor();
  for (const auto& form : quoted_forms)
    for (const std::string password : {"пароль-и-ещё", "with some spaces", "semi;colon&amp"}) {
      if (form.find("\"session\"") != form.npos) continue;  // the id of a session has no blanks, and is no word
      if (form.find("Password={}") != form.npos || form.find("TOKEN={}") != form.npos || form.find("sid=") != form.npos)
        continue;  // there the form itself ends at such a sign
      const auto clean = r.text(with(form, password));
      CHECK_MESSAGE(clean.find(password) == clean.npos, (with(form, password) + "  ->  " + clean));
    }
}

TEST_CASE("Headers that carry secrets, by their name and by their value") {
  auto r = redactor();
  for (const char* name : {"Authorization", "X-API-Key", "Cookie", "Set-Cookie", "Proxy-Authorization", "X-Auth-Token",
                           "X-Amz-Security-Token", "X-Signature", "Ocp-Apim-Subscription-Key", "X-Vault-Token"}) {
    Headers headers{{name, "hunter2hunter2"}};
    r.headers(headers);
    CHECK_MESSAGE(headers[0].value.find("hunter2") == std::string::npos, name);
  }
  Headers location{{"Location", "https://idp.example/login?code=hunter2hunter2"}, {"Content-Type", "application/json"}};
  r.headers(location);
  CHECK(location[0].value.find("hunter2") == std::string::npos);
  CHECK(location[0].value.find("https://idp.example/login") == 0);
  CHECK(location[1].value == "application/json");
}

TEST_CASE("What health answers and checks say survives, byte for byte") {
  auto r = redactor();
  const std::vector<std::string> harmless{
      R"({"status":"ok"})",
      R"({"status":"ready","blockers":[],"items":[{"name":"otel-collector","state":"pass"}]})",
      R"({"token_service":"ok","secrets":{"vault":"ready"},"password_policy":"enabled"})",
      R"({"auth":{"token":"valid","token_age_s":120,"sessions":42}})",
      R"({"as_of":"2026-11-24T03:11:58.123Z","uptime_s":86400,"request_id":"01a20d8a-fff5-7003-88c5-c0e815bbf176"})",
      R"({"image":"registry.example/fabric@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})",
      R"({"commit":"3f786850e387550fdab836ed7e6dc881de23001b","version":"2026.11.3-rc.1+build.7"})",
      R"j({"blocker":"postgres: connection pool exhausted (50 of 50)"})j",
      R"({"service":"jhf-fabric-observability-readiness-collector-sidecar","state":"running"})",
      R"({"checks":{"disk":{"free_bytes":123456789012,"mount":"/var/lib/docker/overlay2"}}})",
      R"({"path":"/srv/helpifyr-fabric/compose/docker-compose.v2.yml","line":42})",
      R"({"message":"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"})",
      R"({"message":"token bucket is full; the key is missing; no secret was rotated"})",
      R"({"hosts":["fabric-01.prod.internal.example:38080","127.0.0.1:9090","[::1]:443"]})",
      R"({"url":"https://fabric.example:38080/api/v1/platform/services"})",
      R"({"key":"value","name":"otel","kind":"exporter"})",
      R"({"checks":{"pass":12,"fail":3},"sessions":{"active":42},"private_networks":["10.0.0.0/8"],"passed":true})",
      "drift: compose/docker-compose.v2.yml: repo 1f2e3d4c5b6a, runtime 9a8b7c6d5e4f\n",
      "3 services differ: jhf-fabric-api, jhf-fabric-worker, jhf-fabric-gateway\n",
      "sandbox denied: write /srv/helpifyr-fabric-release-2c8w0ofz/state/materialization.json",
      "sandbox denied: connect /tmp/readback-e2e-2c8w0ofzQ7/engine.sock",
      "Traceback (most recent call last):\n  File \"/srv/x/scripts/verify.py\", line 42, in main\nFileNotFoundError: "
      "[Errno 2] "
      "No such file or directory: 'runtime/compose.yml'\n",
      "# HELP http_requests_total Requests.\nhttp_requests_total{code=\"200\",method=\"get\"} 1027 1395066363000\n",
      "healthy\n",
      "[+]ping ok\n[+]etcd ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nhealthz check failed\n",
      "<html><head><title>502 Bad Gateway</title></head><body><center>nginx/1.22.1</center></body></html>",
      R"({"Status":"Healthy","TotalDuration":"00:00:00.0123","Entries":{"npgsql":{"Data":{},"Status":"Healthy","Tags":["ready"]}}})",
      R"j({"status":"UP","components":{"db":{"status":"UP","details":{"database":"PostgreSQL","validationQuery":"isValid()"}}}})j",
      R"({"etag":"W/\"5d8c72a5edda8\"","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})",
      "UPPER_CASE_CONSTANT_WITH_A_VERY_LONG_NAME_INDEED and some_snake_case_function_name_that_goes_on_and_on\n",
      "see https://docs.helpifyr.com/operations/check-stack-health for the runbook\n",
  };
  for (const auto& text : harmless) CHECK_MESSAGE(r.text(text) == text, r.text(text));
  CHECK(r.removed().empty());
}

TEST_CASE("Every word that a surface is judged by survives, whatever the part is called") {
  auto r = redactor();
  for (const char* word : {"ok",
                           "okay",
                           "pass",
                           "passed",
                           "passing",
                           "up",
                           "healthy",
                           "ready",
                           "green",
                           "good",
                           "operational",
                           "available",
                           "active",
                           "live",
                           "alive",
                           "running",
                           "connected",
                           "success",
                           "succeeded",
                           "normal",
                           "aligned",
                           "in_sync",
                           "in-sync",
                           "verified",
                           "true",
                           "warn",
                           "warning",
                           "degraded",
                           "partial",
                           "partially_ready",
                           "yellow",
                           "amber",
                           "concerning",
                           "tolerating",
                           "intermittent",
                           "stale",
                           "drift",
                           "drifted",
                           "inconsistent",
                           "contradictory",
                           "followthrough_required",
                           "review_required",
                           "maintenance",
                           "starting",
                           "initializing",
                           "warmup",
                           "warming_up",
                           "retrying",
                           "recovering",
                           "throttled",
                           "fail",
                           "failed",
                           "failing",
                           "error",
                           "down",
                           "unhealthy",
                           "red",
                           "critical",
                           "bad",
                           "blocked",
                           "not_ready",
                           "NotReady",
                           "unready",
                           "unavailable",
                           "out_of_service",
                           "fault",
                           "offline",
                           "unreachable",
                           "denied",
                           "sealed",
                           "false",
                           "unknown",
                           "not_applicable",
                           "na",
                           "disabled",
                           "not_configured",
                           "skipped",
                           "not_available",
                           "pending",
                           "ready_pre_live"})
    for (const char* form :
         {R"({"services":{"token-service":"{}"}})", R"({"secrets":{"vault":"{}"}})",
          R"({"checks":{"session_id_store":{"state":"{}"}}})", "token-service: {}\n", "api_key={}"}) {
      const auto body = with(form, word);
      CHECK_MESSAGE(r.text(body) == body, r.text(body));
    }
  const std::string told =
      R"({"credentials":[{"name":"db","status":"blocked","detail":"lost 3 of 5 leases","checked_at":"2026-11-24T03:11:58Z"}]})";
  CHECK(r.text(told) == told);
  const auto held = r.text(
      R"({"credentials":[{"name":"db","status":"ok","lease":"hunter2hunter2","detail":"password=hunter2hunter2"}]})");
  CHECK_MESSAGE(held.find("hunter2") == held.npos, held);
}

TEST_CASE("The same value has the same placeholder, another value another one, and no other key tells it") {
  auto r = redactor(), other = Redactor({}, "another key");
  const auto a = r.text("password=hunter2hunter2"), b = r.text("login password=hunter2hunter2 now");
  const auto mark = a.substr(a.find('<'));
  CHECK(b.find(mark) != b.npos);
  CHECK(r.text("password=hunter3hunter3").find(mark) == std::string::npos);
  CHECK(other.text("password=hunter2hunter2") != a);
  CHECK(placeholders_in(b).size() == 1);
}

TEST_CASE("A secret beside one that is already hidden is found as well") {
  auto r = Redactor({}, "test key", {"the-known-one"});
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r";
  const std::vector<std::string> forms{"Cookie: id=" + jwt + "; sid=hunter2hunter2",
                                       "Set-Cookie: a=the-known-one; sid=hunter2hunter2",
                                       "https://x.example/cb?token=" + jwt + "&code=hunter2hunter2",
                                       "GET /cb?token=" + jwt + "&code=hunter2hunter2 HTTP/1.1",
                                       "password: \"bob@example.org hunter2hunter2\"",
                                       R"({"password":"<redacted:token:hunter2hunter2>"})",
                                       R"({"password":"<redacted:key:0a1b2c3d> hunter2hunter2"})"};
  for (const auto& form : forms) {
    const auto clean = r.text(form);
    CHECK_MESSAGE(clean.find("hunter2") == clean.npos, (form + "  ->  " + clean));
    CHECK_MESSAGE(r.text(clean) == clean, (clean + "  ->  " + r.text(clean)));
  }
}

TEST_CASE("A key that comes twice hides nothing behind the second one, and a secret may be a key itself") {
  auto r = redactor();
  const auto twice = r.text(R"({"status":"ok","token":"hunter2hunter2","token":"valid"})");
  CHECK_MESSAGE(twice.ends_with(R"(>","token":"valid"})"), twice);
  CHECK(twice.find("hunter2") == twice.npos);
  const std::string deep =
      R"({"a":[{"x":"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0.","x":1}],"text":"a \"quoted: colon\" stays"})";
  CHECK(r.text(deep).find("eyJ") == std::string::npos);
  const std::string colons = R"({"a":"b: c","d:e":{"f":"\"g\":1"},"h":["i:j",{}]})";
  CHECK(r.text(colons) == colons);
  const auto by_user = r.text(R"({"users":{"operator@example.org":"active"},"status":"ok"})");
  CHECK(by_user.find("operator@") == by_user.npos);
  CHECK(by_user.find("\"active\"") != by_user.npos);
}

TEST_CASE("What is packed cannot be looked through, and is not kept") {
  auto r = redactor();
  const auto opened = [&](std::string body) {
    RawRead read;
    HttpAnswer a;
    a.headers = {{"Content-Encoding", "gzip"}};
    a.body = std::move(body);
    read.answer = a;
    return std::get<HttpAnswer>(r.open(Unredacted<RawRead>(read)).answer).body;
  };
  CHECK(opened(std::string("\x1f\x8b\x08\x00\x00\x00", 6) + "payload") == "(13 bytes in the coding gzip are not kept)");
  CHECK(opened(R"({"status":"ok"})") == R"({"status":"ok"})");  // said by mistake
}

TEST_CASE("What the daemon sends as a secret is looked for as a whole and without its scheme") {
  CHECK(secrets_in("Bearer abcdef123") == std::vector<std::string>{"Bearer abcdef123", "abcdef123"});
  CHECK(secrets_in("plain") == std::vector<std::string>{"plain"});
  CHECK(is_secret_header("X-API-Key"));
  CHECK(is_secret_header("DB_PASSWORD"));
  CHECK_FALSE(is_secret_header("Accept"));
  CHECK_FALSE(is_secret_header("LANG"));
}

TEST_CASE("Redacting twice changes nothing more, and a body stays JSON") {
  auto r = redactor();
  for (const auto* forms : {&quoted_forms, &bare_forms})
    for (const auto& form : *forms) {
      const auto once = r.text(with(form, "hunter2hunter2"));
      CHECK_MESSAGE(r.text(once) == once, (once + "  ->  " + r.text(once)));
    }
}

TEST_CASE("What the operator adds, and what the daemon knows") {
  RedactConfig config;
  config.keys = {"kundennummer"};
  config.patterns = {"ORD-[0-9]{6}", "(case|fall)-([0-9]{4})"};
  auto r = redactor(config, {"the-daemons-own-secret"});
  const auto clean = r.text(
      R"({"kundennummer":"K-1","order":"ORD-123456","about":"fall-1234","said":"xx the-daemons-own-secret yy"})");
  for (const char* gone : {"K-1", "ORD-123456", "fall-1234", "the-daemons-own-secret"})
    CHECK_MESSAGE(clean.find(gone) == clean.npos, clean);
  for (const char* fine : {"fine", R"((?i)token=\S+)", "(?P<x>a)"}) CHECK_MESSAGE(check_pattern(fine).ok(), fine);
  for (const char* refused : {"[", "(?=x)", "a(?=b)", R"((a)\1)", "a)(b"})
    CHECK_MESSAGE(!check_pattern(refused).ok(), refused);
}
