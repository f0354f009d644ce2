// Delivery against a real receiver on the loopback, which answers as it is told to: what needs a socket or the store.
// What the outbox decides is told in tests/core/alert/outbox_test.cpp, in simulated time.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>

#include "core/alert/render.hpp"
#include "core/alert/signature.hpp"
#include "core/model/ids.hpp"
#include "daemon/sinks/delivery.hpp"
#include "daemon/sinks/post.hpp"
#include "tests/support/folder.hpp"

using namespace readback;
namespace fs = std::filesystem;
namespace json = boost::json;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;

namespace {

struct Reply {
  int status = 204;
  std::string retry_after, location;
  enum class Way { answer, hang, close } way = Way::answer;
};

struct Got {
  std::string path, body;
  std::map<std::string, std::string> headers;  // lower-case names
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
  const json::object& object() const {
    if (!parsed) parsed = json::parse(body);
    return parsed->as_object();
  }
  mutable std::optional<json::value> parsed;
};

/// Answers in the order of `script`, then with `otherwise`.
class Receiver {
 public:
  explicit Receiver(net::io_context& io) : io_(io), acceptor_(io, {net::ip::address_v4::loopback(), 0}) {
    net::co_spawn(io_, accept(), net::detached);
  }
  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }
  /// The loop may still run requests that were under way when the receiver's test ended.
  ~Receiver() { *alive_ = false; }
  std::deque<Reply> script;
  Reply otherwise;
  std::vector<Got> got;
  std::function<Reply(const Got&)> judge;

 private:
  net::awaitable<void> accept() {
    for (;;) {
      const auto alive = alive_;
      auto [ec, socket] = co_await acceptor_.async_accept(token);
      if (ec || !*alive) co_return;
      beast::tcp_stream stream(std::move(socket));
      net::co_spawn(io_, serve(std::move(stream)), net::detached);
    }
  }
  net::awaitable<void> serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer;
    http::request_parser<http::string_body> parser;
    parser.body_limit(16 << 20);
    const auto alive = alive_;
    auto [ec, n] = co_await http::async_read(stream, buffer, parser, token);
    (void)n;
    if (ec || !*alive) co_return;
    const auto& request = parser.get();
    Got g;
    g.path = std::string(request.target());
    g.body = request.body();
    for (const auto& field : request) {
      std::string name(field.name_string());
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      g.headers[name] = std::string(field.value());
    }
    Reply reply = otherwise;
    if (judge)
      reply = judge(g);
    else if (!script.empty()) {
      reply = script.front();
      script.pop_front();
    }
    got.push_back(std::move(g));
    if (reply.way == Reply::Way::close) co_return;
    if (reply.way == Reply::Way::hang) {
      net::steady_timer forever(io_, std::chrono::seconds(20));
      auto [ec2] = co_await forever.async_wait(token);
      (void)ec2;
      co_return;
    }
    http::response<http::string_body> response;
    response.result(static_cast<unsigned>(reply.status));
    response.version(11);
    if (!reply.retry_after.empty()) response.set(http::field::retry_after, reply.retry_after);
    if (!reply.location.empty()) response.set(http::field::location, reply.location);
    response.prepare_payload();
    auto [ec3, n3] = co_await http::async_write(stream, response, token);
    (void)ec3, (void)n3;
  }
  net::io_context& io_;
  tcp::acceptor acceptor_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

SinkConfig sink_of(std::string name, SinkType type, const std::vector<std::string>& urls) {
  SinkConfig sink;
  sink.name = std::move(name);
  sink.type = type;
  for (const auto& url : urls) sink.urls.push_back({SecretRef::From::plain, url});
  sink.timeout = Millis(1500);
  return sink;
}

/// A daemon's worth: store, delivery, loop.
struct Stage {
  explicit Stage(std::vector<SinkConfig> sinks) {
    config.alerts.sinks = std::move(sinks), config.environment = "prod";
    start();
  }
  ~Stage() { end(); }

  void start() {
    auto opened = Store::open(folder.path, {});
    REQUIRE(opened);
    store = *std::move(opened);
    DeliverySetup setup;
    setup.config = config;
    setup.host = "host-7";
    setup.seed = 42;
    setup.secrets = [this](const SecretRef& ref) -> Result<std::string> {
      if (ref.from == SecretRef::From::plain) return ref.value;
      if (const auto found = credentials.find(ref.value); found != credentials.end()) return found->second;
      return Failure{"credential " + ref.value + ": no such file"};
    };
    setup.say = [this](const Say& say) { said.push_back(say.text); };
    setup.healthy = [this] { return healthy; };
    delivery = std::make_unique<Delivery>(io.get_executor(), *store, std::move(setup));
    running = true;
    net::co_spawn(io, delivery->run(), [this](std::exception_ptr e) {
      running = false;
      if (e) std::rethrow_exception(e);
    });
  }
  void end() {
    if (delivery) {
      delivery->stop();
      until([this] { return !running; }, std::chrono::seconds(10));
    }
    delivery.reset();
    store.reset();
  }
  void restart() {
    end();
    start();
  }

  AlertEvent event(EventKind kind, const std::string& incident, Boundary boundary = Boundary::outage) {
    AlertEvent e;
    e.at = std::chrono::floor<Millis>(std::chrono::system_clock::now());
    e.id = ids.next(e.at);
    e.kind = kind;
    e.environment = "prod";
    e.host = "host-7";
    e.incident.target = "fabric";
    e.incident.id = incident;
    e.incident.episode = "ep";
    e.incident.boundary = boundary;
    e.incident.severity = Severity::error;
    e.incident.opened_at = e.incident.confirmed_at = e.at;
    e.incident.summary = "OUTAGE total fabric: /health refused";
    e.incident.dedup_base = "prod/fabric/" + std::string(to_string(boundary));
    return e;
  }
  std::string tell(const AlertEvent& e, const std::string& only = "") {
    Commit commit;
    commit.rows = delivery->render(e, only);
    bool done = false;
    net::co_spawn(io, store->commit(std::move(commit)), [&](std::exception_ptr, CommitResult) { done = true; });
    until([&] { return done; });
    delivery->wake();
    return e.id;
  }
  std::string tell(EventKind kind, const std::string& incident, Boundary boundary = Boundary::outage) {
    return tell(event(kind, incident, boundary));
  }

  /// Runs the loop until the condition holds; fails when it does not within the limit.
  bool until(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds(15)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!holds()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      io.run_one_for(std::chrono::milliseconds(50));
      io.restart();
    }
    return true;
  }
  bool all_delivered(std::chrono::milliseconds limit = std::chrono::seconds(15)) {
    return until([this] { return store->pending().empty(); }, limit);
  }
  SinkView sink(const std::string& name) const {
    for (auto& v : delivery->view())
      if (v.name == name) return v;
    return {};
  }

  Folder folder;
  net::io_context io;
  Config config;
  IdSource ids{7};
  std::map<std::string, std::string> credentials;
  std::vector<std::string> said;
  bool healthy = true, running = false;
  std::unique_ptr<Store> store;
  std::unique_ptr<Delivery> delivery;
};

std::vector<std::string> events_of(const Receiver& r) {
  std::vector<std::string> all;
  for (const auto& g : r.got) all.emplace_back(g.object().at("event").as_string());
  return all;
}

}  // namespace

TEST_CASE("a page and its resolve: signed with both secrets, in order, with one key, delivered once") {
  Stage stage({});
  Receiver hook(stage.io);
  auto sink = sink_of("hook", SinkType::webhook, {hook.url("/in?x=1")});
  sink.secrets = {{SecretRef::From::credential, "new"}, {SecretRef::From::credential, "old"}};
  sink.headers = {{"X-Team", {SecretRef::From::credential, "team"}}};
  stage.credentials = {{"new", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"}, {"old", "whsec_b2xk"}, {"team", "night"}};
  stage.config.alerts.sinks = {sink};
  stage.delivery->reconfigure(stage.config);

  const auto id = stage.tell(EventKind::firing, "i1");
  stage.tell(EventKind::resolved, "i1");
  REQUIRE(stage.all_delivered());
  REQUIRE(events_of(hook) == std::vector<std::string>{"firing", "resolved"});
  const auto& page = hook.got[0];
  CHECK(page.path == "/in?x=1");
  CHECK(page.headers.at("x-team") == "night");
  CHECK(page.headers.at("content-type") == "application/json");
  CHECK(page.headers.at("webhook-id") == id);
  const auto stamp = std::stoll(page.headers.at("webhook-timestamp"));
  CHECK(std::abs(stamp - std::time(nullptr)) < 30);
  CHECK(page.headers.at("webhook-signature") ==
        webhook_signature({*parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "old"}, id, stamp,
                          page.body));
  CHECK(page.object().at("id").as_string() == id);
  CHECK(page.object().at("dedup_key").as_string() == "prod/fabric/outage/host-7");
  CHECK(hook.got[1].object().at("dedup_key").as_string() == "prod/fabric/outage/host-7");
  CHECK(stage.sink("hook").state == "delivered");
  CHECK(stage.sink("hook").delivered == 2);
}

TEST_CASE("what each answer on the wire leads to") {
  struct Case {
    const char* name;
    std::vector<Reply> script;
    std::size_t requests;
    const char* ends_as;                          // state of the row
    std::chrono::milliseconds at_least, at_most;  // between the first and the second request
  };
  using ms = std::chrono::milliseconds;
  const Case cases[] = {
      {"429 with seconds", {{429, "1"}}, 2, "delivered", ms(950), ms(3500)},
      {"closes without an answer", {{0, "", "", Reply::Way::close}}, 2, "delivered", ms(90), ms(3000)},
      {"accepts and never answers", {{0, "", "", Reply::Way::hang}}, 2, "delivered", ms(1500), ms(5500)},
      {"a redirect is not followed", {{307, "", "/elsewhere"}}, 1, "dead", ms(0), ms(0)},
      {"413: once more, smaller", {{413}}, 2, "delivered", ms(0), ms(3000)},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Stage stage({});
    Receiver hook(stage.io);
    hook.script = {c.script.begin(), c.script.end()};
    stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()})};
    stage.delivery->reconfigure(stage.config);
    auto event = stage.event(EventKind::firing, "i1");
    event.incident.why.assign(30, "a reason of some length, so that the minimal body is smaller");
    const auto id = stage.tell(event);
    CHECK(stage.all_delivered());
    CHECK(hook.got.size() == c.requests);
    for (const auto& g : hook.got) CHECK(g.headers.at("webhook-id") == id);
    for (const auto& g : hook.got) CHECK(g.path == "/hook");
    std::vector<OutboxRow> rows;
    net::co_spawn(stage.io, stage.store->deliveries("i1", 10),
                  [&](std::exception_ptr, std::vector<OutboxRow> r) { rows = std::move(r); });
    CHECK(stage.until([&] { return !rows.empty(); }));
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

TEST_CASE("a hanging sink delays no other, one incident's trouble no other incident") {
  Stage stage({});
  Receiver dead(stage.io), hook(stage.io);
  dead.otherwise = {0, "", "", Reply::Way::hang};
  hook.judge = [](const Got& g) { return g.body.find("\"i1\"") != std::string::npos ? Reply{500} : Reply{204}; };
  stage.config.alerts.sinks = {sink_of("dead", SinkType::webhook, {dead.url()}),
                               sink_of("hook", SinkType::webhook, {hook.url()})};
  stage.delivery->reconfigure(stage.config);
  stage.tell(EventKind::firing, "i1");
  stage.tell(EventKind::firing, "i2", Boundary::security);
  CHECK(stage.until([&] { return stage.sink("hook").delivered == 1; }, std::chrono::milliseconds(1400)));
  CHECK(stage.sink("dead").delivered == 0);
}

TEST_CASE("a credential that is missing is no lost page") {
  Stage stage({});
  Receiver hook(stage.io);
  auto sink = sink_of("hook", SinkType::webhook, {});
  sink.urls = {{SecretRef::From::credential, "hook-url"}};
  stage.config.alerts.sinks = {sink};
  stage.delivery->reconfigure(stage.config);
  stage.tell(EventKind::firing, "i1");
  CHECK(stage.until([&] { return stage.sink("hook").state == "retrying"; }));
  CHECK(stage.sink("hook").detail.starts_with("credential hook-url: no such file"));
  stage.credentials["hook-url"] = hook.url();
  CHECK(stage.all_delivered());
  CHECK(hook.got.size() == 1);
}

TEST_CASE("pagerduty: trigger, acknowledge, resolve with the routing key, which the store never sees") {
  Stage stage({});
  Receiver pager(stage.io);
  pager.otherwise = {202};
  auto sink = sink_of("pager", SinkType::pagerduty, {pager.url("/v2/enqueue")});
  sink.routing_key = {SecretRef::From::credential, "pd"};
  stage.credentials["pd"] = "R0UTINGKEY";
  stage.config.alerts.sinks = {sink};
  stage.delivery->reconfigure(stage.config);
  for (const auto kind :
       {EventKind::firing, EventKind::acknowledged, EventKind::recovered, EventKind::relapsed, EventKind::resolved})
    stage.tell(kind, "i1");
  REQUIRE(stage.all_delivered());
  std::vector<std::string> actions;
  for (const auto& g : pager.got) {
    actions.emplace_back(g.object().at("event_action").as_string());
    CHECK(g.object().at("routing_key").as_string() == "R0UTINGKEY");
    CHECK(g.object().at("dedup_key").as_string() == "prod/fabric/outage/host-7");
  }
  CHECK(actions == std::vector<std::string>{"trigger", "acknowledge", "resolve"});
  stage.end();
  for (const auto& entry : fs::directory_iterator(stage.folder.path)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    CHECK(all.find("R0UTINGKEY") == std::string::npos);
  }
  stage.start();
}

TEST_CASE("alertmanager: to all addresses, below the path that each has, and again after a restart") {
  Stage stage({});
  Receiver one(stage.io), two(stage.io);
  stage.config.alerts.sinks = {sink_of("am", SinkType::alertmanager, {one.url(""), two.url("/prefix/")})};
  stage.delivery->reconfigure(stage.config);
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.all_delivered());
  CHECK(one.got.size() == 1);
  REQUIRE(two.got.size() == 1);
  CHECK(one.got[0].path == "/api/v2/alerts");
  CHECK(two.got[0].path == "/prefix/api/v2/alerts");
  stage.restart();  // what fires is said again at once
  REQUIRE(stage.until([&] { return one.got.size() == 2 && two.got.size() == 2; }));
  CHECK(one.got[1].body == one.got[0].body);
}

TEST_CASE("a refused page is forgotten by the store as well, and an alarm leaves by the other sink") {
  Stage stage({});
  Receiver hook(stage.io), chat(stage.io);
  hook.otherwise = {403};
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {hook.url()}),
                               sink_of("other", SinkType::webhook, {chat.url()})};
  stage.delivery->reconfigure(stage.config);
  stage.tell(EventKind::firing, "i1");
  REQUIRE(stage.until([&] { return chat.got.size() == 2 && stage.store->pending().empty(); }));
  stage.restart();
  for (const auto& key : stage.store->opened()) CHECK(key.sink == "other");
  CHECK(stage.store->opened().size() == 2);
  CHECK(stage.sink("hook").state == "broken");  // the alarm is still open
}

TEST_CASE("TLS trouble is said for what it is, and tried again") {
  Folder folder;
  const std::string make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout " +
                           (folder.path / "k.pem").string() + " -out " + (folder.path / "c.pem").string() +
                           " 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  // Whichever port is free: s_server says it in its first line.
  const std::string server = "exec openssl s_server -accept 127.0.0.1:0 -www -key " + (folder.path / "k.pem").string() +
                             " -cert " + (folder.path / "c.pem").string() + " 2>&1";
  int out[2];
  REQUIRE(::pipe(out) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out[1], 1);
    ::close(out[0]);
    ::execl("/bin/sh", "sh", "-c", server.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(out[1]);
  std::string text;
  char buffer[512];
  while (text.find("ACCEPT 127.0.0.1:") == std::string::npos ||
         text.find('\n', text.find("ACCEPT 127.0.0.1:")) == std::string::npos) {
    const auto n = ::read(out[0], buffer, sizeof buffer);
    REQUIRE(n > 0);
    text.append(buffer, static_cast<std::size_t>(n));
  }
  const auto at = text.find("ACCEPT 127.0.0.1:") + 17;
  const auto port = text.substr(at, text.find_first_not_of("0123456789", at) - at);
  {
    Stage stage({});
    Receiver plain(stage.io);
    auto selfsigned = sink_of("selfsigned", SinkType::webhook, {"https://127.0.0.1:" + port + "/"});
    auto trusted = sink_of("trusted", SinkType::webhook, {"https://127.0.0.1:" + port + "/"});
    trusted.tls.ca_file = (folder.path / "c.pem").string();
    auto no_tls = sink_of("plain", SinkType::webhook, {"https" + plain.url().substr(4)});
    stage.config.alerts.sinks = {selfsigned, trusted, no_tls};
    stage.delivery->reconfigure(stage.config);
    stage.tell(EventKind::firing, "i1");
    const auto says = [&](const char* name, const char* text) {  // a machine under load may need another attempt
      return [&stage, name, text] { return stage.sink(name).detail.starts_with(text); };
    };
    CHECK(stage.until(says("selfsigned", "TLS: the certificate is self-signed and not trusted, attempt ")));
    CHECK(stage.until(says("trusted", "TLS: the certificate is for another name: localhost, attempt ")));
    CHECK(stage.until([&] { return stage.sink("plain").failed > 0; }));
    CHECK(stage.sink("plain").state == "retrying");
    trusted.tls.server_name = "localhost";
    stage.config.alerts.sinks = {trusted};
    stage.delivery->reconfigure(stage.config);
    // s_server -www answers only a GET with a page; that it answers at all shows that the handshake went well.
    CHECK(stage.until([&] { return stage.sink("trusted").detail.find("TLS: ") == std::string::npos; }));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(out[0]);
}

TEST_CASE("names: one that does not exist is said so; a literal address needs no resolver") {
  Stage stage({});
  stage.config.alerts.sinks = {sink_of("hook", SinkType::webhook, {"http://no-such-host.invalid/"})};
  stage.delivery->reconfigure(stage.config);
  stage.tell(EventKind::firing, "i1");
  CHECK(stage.until([&] { return stage.sink("hook").failed > 0; }));
  CHECK(stage.sink("hook").state == "retrying");
  CHECK(stage.sink("hook").detail.find("no-such-host") == std::string::npos);  // an address may be secret
}

TEST_CASE("a test event is answered for by each sink") {
  Stage stage({});
  Receiver good(stage.io), bad(stage.io), pager(stage.io);
  bad.otherwise = {404};
  pager.otherwise = {202};
  auto pd = sink_of("pager", SinkType::pagerduty, {pager.url()});
  pd.routing_key = {SecretRef::From::plain, "key"};
  stage.config.alerts.sinks = {sink_of("good", SinkType::webhook, {good.url()}),
                               sink_of("bad", SinkType::webhook, {bad.url()}),
                               sink_of("down", SinkType::webhook, {"http://127.0.0.1:1/"}), pd};
  stage.delivery->reconfigure(stage.config);
  auto event = stage.event(EventKind::test, "test-1");
  stage.tell(event);
  std::optional<std::vector<TestResult>> results;
  net::co_spawn(stage.io, stage.delivery->test_results(event.id, Millis(1000)),
                [&](std::exception_ptr, std::vector<TestResult> r) { results = std::move(r); });
  REQUIRE(stage.until([&] { return results.has_value(); }));
  std::map<std::string, TestResult> by_name;
  for (const auto& r : *results) by_name[r.sink] = r;
  REQUIRE(by_name.size() == 4);
  CHECK(by_name["good"].delivered);
  CHECK(by_name["good"].text == "204 No Content");
  CHECK(!by_name["bad"].delivered);
  CHECK(by_name["bad"].text == "404 Not Found");
  CHECK(by_name["down"].text.starts_with("connection refused, tried "));
  CHECK(by_name["pager"].delivered);
  REQUIRE(stage.until([&] { return pager.got.size() >= 2; }));
  CHECK(pager.got[0].object().at("event_action").as_string() == "trigger");
  CHECK(pager.got[1].object().at("event_action").as_string() == "resolve");  // a test leaves nothing open
  CHECK(pager.got[1].object().at("dedup_key") == pager.got[0].object().at("dedup_key"));

  bad.otherwise = {410};  // off: nothing more can be waited for
  event = stage.event(EventKind::test, "test-3");
  stage.tell(event, "bad");
  results.reset();
  net::co_spawn(stage.io, stage.delivery->test_results(event.id, std::chrono::hours(1)),
                [&](std::exception_ptr, std::vector<TestResult> r) { results = std::move(r); });
  REQUIRE(stage.until([&] { return results.has_value(); }));
  REQUIRE(results->size() == 1);
  CHECK(results->front().text == "410 Gone; the sink is off until the next reload");

  event = stage.event(EventKind::test, "test-2");
  stage.tell(event, "good");
  CHECK(stage.until([&] { return good.got.size() == 2; }));
}

TEST_CASE("the heartbeat is sent only while all is well") {
  Stage stage({});
  Receiver heart(stage.io);
  stage.healthy = false;
  stage.config.heartbeat.url = SecretRef{SecretRef::From::plain, heart.url("/ping")};
  stage.config.heartbeat.interval = Millis(200);
  stage.delivery->reconfigure(stage.config);
  CHECK(!stage.until([&] { return !heart.got.empty(); }, std::chrono::milliseconds(700)));
  stage.healthy = true;
  CHECK(stage.until([&] { return heart.got.size() >= 3; }));
  CHECK(heart.got[0].path == "/ping");
  CHECK(stage.delivery->heartbeat_at().has_value());
  stage.healthy = false;
  const auto before = heart.got.size();
  CHECK(!stage.until([&] { return heart.got.size() > before + 1; }, std::chrono::milliseconds(900)));
}
