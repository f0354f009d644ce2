// The control socket and the read-only listener, over real sockets, with a daemon of the tests behind them.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <random>
#include <set>
#include <thread>

#include "daemon/control/control_room.hpp"
#include "tests/shell/control/fake_backend.hpp"

namespace readback {
namespace json = boost::json;
namespace {

struct Seen {
  int status = 0;
  std::string head, body;
  std::string header(std::string_view name) const {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  json::value parsed() const { return json::parse(body); }
};

/// A plain blocking client: the tests run beside the loop's own thread.
class Wire {
 public:
  explicit Wire(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    path.copy(a.sun_path, sizeof a.sun_path - 1);
    ok_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  }
  explicit Wire(unsigned short port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ok_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  }
  ~Wire() { ::close(fd_); }
  Wire(const Wire&) = delete;
  bool connected() const { return ok_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void end() { ::shutdown(fd_, SHUT_WR); }
  /// Until the text is in, the other side has closed, or 15 s are over.
  std::string until(const std::function<bool(const std::string&)>& enough) {
    const auto limit = std::chrono::steady_clock::now() + Seconds(15);
    while (!enough(in_)) {
      const auto left = std::chrono::duration_cast<Millis>(limit - std::chrono::steady_clock::now()).count();
      pollfd p{fd_, POLLIN, 0};
      if (left <= 0 || ::poll(&p, 1, static_cast<int>(left)) <= 0) break;
      char piece[65536];
      const auto n = ::recv(fd_, piece, sizeof piece, 0);
      if (n <= 0) {
        closed_ = true;
        break;
      }
      in_.append(piece, static_cast<std::size_t>(n));
    }
    return in_;
  }
  bool closed() const { return closed_; }
  Seen answer(bool head_only = false) {
    Seen seen;
    until([](const std::string& t) { return t.find("\r\n\r\n") != std::string::npos; });
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return seen;
    seen.head = in_.substr(0, end + 2);
    seen.status = std::atoi(seen.head.c_str() + 9);
    in_.erase(0, end + 4);
    const std::string length = seen.header("Content-Length");
    if (head_only) return seen;
    if (!length.empty()) {
      const auto size = static_cast<std::size_t>(std::stoull(length));
      until([&](const std::string& t) { return t.size() >= size; });
      seen.body = in_.substr(0, size);
      in_.erase(0, std::min(size, in_.size()));
    } else if (seen.header("Transfer-Encoding") == "chunked") {
      until([](const std::string& t) { return t.ends_with("\r\n0\r\n\r\n") || t == "0\r\n\r\n"; });
      for (std::size_t at = 0; at < in_.size();) {
        const auto line = in_.find("\r\n", at);
        const auto size = std::stoull(in_.substr(at, line - at), nullptr, 16);
        if (size == 0) break;
        seen.body += in_.substr(line + 2, size);
        at = line + 4 + size;
      }
      in_.clear();
    }
    return seen;
  }

 private:
  int fd_;
  bool ok_ = false, closed_ = false;
  std::string in_;
};

class Running {
 public:
  explicit Running(const std::string& target = "fabric") {
    char name[] = "/tmp/readback-control-XXXXXX";
    folder = ::mkdtemp(name);
    backend.shown = example_view(target);
    backend.next_answer.text = "done";
    room = std::make_unique<ControlRoom>(io.get_executor(), backend, "boot");
    wrong = room->open({socket(), ""}, {"127.0.0.1:0"});
    port = static_cast<unsigned short>(std::stoi(room->http_address().substr(room->http_address().rfind(':') + 1)));
    thread = std::thread([this] { io.run(); });
  }
  ~Running() {
    on_loop([this] { room->close(); });
    thread.join();
    room.reset();
    std::filesystem::remove_all(folder);
  }
  std::string socket() const { return folder + "/control.sock"; }
  void on_loop(const std::function<void()>& what) {
    std::promise<void> done;
    net::post(io, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  Seen ask(const std::string& method, const std::string& path, const std::string& body = "",
           const std::string& more = "") {
    Wire wire(socket());
    REQUIRE(wire.connected());
    wire.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + more +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return wire.answer(method == "HEAD");
  }
  Seen page(const std::string& path, const std::string& method = "GET", const std::string& host = "localhost") {
    Wire wire(port);
    wire.send(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return wire.answer(method == "HEAD");
  }
  net::io_context io;
  FakeBackend backend;
  std::unique_ptr<ControlRoom> room;
  std::string folder, wrong;
  unsigned short port = 0;
  std::thread thread;
};

/// Holds a value against a schema of the OpenAPI file: the part of JSON Schema that the file uses.
class Schemas {
 public:
  Schemas() {
    std::ifstream in(READBACK_SOURCE_DIR "/packaging/openapi/readback.json");
    file_ = json::parse(std::string((std::istreambuf_iterator<char>(in)), {}));
  }
  const json::object& file() const { return file_.as_object(); }
  std::string check(const json::value& v, const json::object& schema, const std::string& at) const {
    if (const auto* ref = schema.if_contains("$ref")) {
      const std::string name = std::string(ref->as_string()).substr(std::string_view("#/components/schemas/").size());
      return check(v, file_.at("components").at("schemas").at(name).as_object(), at);
    }
    if (const auto* any = schema.if_contains("anyOf")) {
      for (const auto& one : any->as_array())
        if (check(v, one.as_object(), at).empty()) return "";
      return at + ": fits none";
    }
    if (const auto* constant = schema.if_contains("const"); constant && *constant != v)
      return at + ": is not the constant";
    if (const auto* words = schema.if_contains("enum")) {
      bool found = false;
      for (const auto& w : words->as_array()) found = found || w == v;
      if (!found) return at + ": no such word " + json::serialize(v);
    }
    if (const auto* type = schema.if_contains("type")) {
      bool fits = false;
      const json::array all = type->is_array() ? type->as_array() : json::array{*type};
      for (const auto& t : all)
        fits = fits || (t == "null" && v.is_null()) || (t == "string" && v.is_string()) ||
               (t == "boolean" && v.is_bool()) || (t == "integer" && (v.is_int64() || v.is_uint64())) ||
               (t == "array" && v.is_array()) || (t == "object" && v.is_object());
      if (!fits) return at + ": wrong type " + json::serialize(v).substr(0, 60);
    }
    if (v.is_array() && schema.contains("items"))
      for (std::size_t i = 0; i < v.as_array().size(); ++i)
        if (auto e = check(v.at(i), schema.at("items").as_object(), at + "/" + std::to_string(i)); !e.empty()) return e;
    if (v.is_object() && schema.contains("properties")) {
      const auto& properties = schema.at("properties").as_object();
      for (const auto& needed : schema.at("required").as_array())
        if (!v.as_object().contains(needed.as_string())) return at + ": lacks " + std::string(needed.as_string());
      for (const auto& m : v.as_object()) {
        if (!properties.contains(m.key())) return at + ": undocumented " + std::string(m.key());
        if (auto e = check(m.value(), properties.at(m.key()).as_object(), at + "/" + std::string(m.key())); !e.empty())
          return e;
      }
    }
    return "";
  }
  /// Against the answer that the file promises for this route and status.
  std::string check(const std::string& path, const std::string& method, const Seen& seen) const {
    const auto& responses = file_.at("paths").at(path).at(method).at("responses").as_object();
    const auto* one = responses.if_contains(std::to_string(seen.status));
    const char* type = one ? "application/json" : "application/problem+json";
    if (!one) one = &responses.at("default");
    if (seen.header("Content-Type") != type) return path + ": content type " + seen.header("Content-Type");
    return check(seen.parsed(), one->at("content").at(type).at("schema").as_object(), path);
  }

 private:
  json::value file_;
};

const std::string incident_id = "019abcde-0000-7000-8000-000000000001";
const std::string silence_id = "019abcde-0000-7000-8000-0000000000ff";

}  // namespace

TEST_CASE("every route answers as the OpenAPI file says") {
  Running r;
  REQUIRE(r.wrong == "");
  SnapshotView snap;
  snap.id = "019abcde-0000-7000-8000-00000000000a";
  snap.reason = "page";
  snap.sha256 = std::string(64, 'a');
  r.backend.kept = {snap};
  DeliveryView alert;
  alert.event = "firing";
  alert.sink = "hook";
  alert.state = "delivered";
  alert.answer = "204 No Content";
  alert.attempts = 2;
  r.backend.sent = {alert};
  const Schemas schemas;
  struct Case {
    const char *method, *path, *shape, *body;
    int status;
  };
  const Case cases[] = {
      {"GET", "/v1/status", "/v1/status", "", 200},
      {"GET", "/v1/targets/fabric", "/v1/targets/{target}", "", 200},
      {"GET", "/v1/targets/fabric?history=10", "/v1/targets/{target}", "", 200},
      {"GET", "/v1/targets/fabrik", "/v1/targets/{target}", "", 404},
      {"GET", "/v1/incidents", "/v1/incidents", "", 200},
      {"GET", "/v1/incidents?state=open", "/v1/incidents", "", 200},
      {"GET", "/v1/incidents?state=sleeping", "/v1/incidents", "", 422},
      {"GET", "/v1/incidents/latest", "/v1/incidents/{id}", "", 200},
      {"GET", "/v1/incidents/019abcde", "/v1/incidents/{id}", "", 200},
      {"GET", "/v1/incidents/019abcd", "/v1/incidents/{id}", "", 404},
      {"GET", "/v1/snapshots", "/v1/snapshots", "", 200},
      {"GET", "/v1/silences", "/v1/silences", "", 200},
      {"GET", "/v1/sinks", "/v1/sinks", "", 200},
      {"GET", "/v1/reads?since=yesterday", "/v1/reads", "", 422},
      {"POST", "/v1/sweeps", "/v1/sweeps", "", 202},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"target":"second"})", 202},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"target":"third"})", 404},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"target":)", 400},
      {"POST", "/v1/sweeps", "/v1/sweeps", R"({"targets":"second"})", 422},
      {"POST", "/v1/snapshots", "/v1/snapshots", R"({"reason":"before the deploy"})", 201},
      {"POST", "/v1/symptoms", "/v1/symptoms", R"({"text":"checkout hangs","extent":"degraded"})", 201},
      {"POST", "/v1/symptoms", "/v1/symptoms", R"({"text":"checkout hangs","extent":"huge"})", 422},
      {"POST", "/v1/symptoms", "/v1/symptoms", R"({"text":7})", 422},
      {"POST", "/v1/symptoms", "/v1/symptoms", "", 422},
      {"POST", "/v1/incidents/latest/ack", "/v1/incidents/{id}/ack", "", 200},
      {"POST", "/v1/incidents/latest/verify", "/v1/incidents/{id}/verify", "{}", 200},
      {"POST", "/v1/incidents/latest/resolve", "/v1/incidents/{id}/resolve", R"({"runbook":"Restore service"})", 200},
      {"POST", "/v1/incidents/latest/resolve", "/v1/incidents/{id}/resolve", R"({"note":"x"})", 422},
      {"POST", "/v1/silences", "/v1/silences", R"({"for":"2h","reason":"deploy","boundary":"drift"})", 201},
      {"POST", "/v1/silences", "/v1/silences", R"({"for":"-2h","reason":"deploy"})", 422},
      {"POST", "/v1/silences", "/v1/silences", R"({"reason":"deploy"})", 422},
      {"POST", "/v1/test-alerts", "/v1/test-alerts", "", 200},
      {"POST", "/v1/test-alerts", "/v1/test-alerts", R"({"sink":"hok"})", 404},
      {"DELETE", "/v1/silences/019abcde", "/v1/silences/{id}", "", 200},
      {"DELETE", "/v1/silences/none", "/v1/silences/{id}", "", 404},
  };
  for (const Case& c : cases) {
    CAPTURE(c.method);
    CAPTURE(c.path);
    CAPTURE(c.body);
    const Seen seen = r.ask(c.method, c.path, c.body);
    CHECK(seen.status == c.status);
    std::string method = c.method;
    for (char& ch : method) ch = static_cast<char>(std::tolower(ch));
    CHECK(schemas.check(c.shape, method, seen) == "");
  }
  CHECK(r.ask("GET", "/v1/incidents/019abcde-0000-7000-8000-000000000009").parsed().at("nearest") ==
        incident_id.c_str());
  CHECK(r.ask("POST", "/v1/symptoms", R"({"text":7})").parsed().at("field") == "text");
}

TEST_CASE("a change carries the peer's user, is logged, and what the engine refuses is a problem") {
  Running r;
  r.ask("POST", "/v1/incidents/latest/ack");
  REQUIRE(r.backend.asked.size() == 1);
  const auto* ack = std::get_if<Acknowledged>(&r.backend.asked[0]);
  REQUIRE(ack);
  CHECK(ack->incident_id == incident_id);
  CHECK(ack->by == (::getuid() == 0 ? "root" : ack->by));
  REQUIRE(r.backend.said.size() == 1);
  CHECK(r.backend.said[0].kind == "control.change");
  CHECK(r.backend.said[0].text ==
        ack->by + " (uid " + std::to_string(::getuid()) + ", pid " + std::to_string(::getpid()) + "): ack: done");
  r.backend.next_answer.ok = false;
  r.backend.next_answer.problem = 409;
  r.backend.next_answer.text = "already resolved";
  const Seen seen = r.ask("POST", "/v1/incidents/latest/ack");
  CHECK(seen.status == 409);
  CHECK(seen.parsed().at("detail") == "already resolved");
  CHECK(r.backend.said[1].kind == "control.refused");
}

TEST_CASE("secrets in an address stay out of every answer") {
  Running r;
  for (const char* path : {"/v1/status", "/v1/targets/fabric"})
    CHECK(r.ask("GET", path).body.find("hunter2") == std::string::npos);
  CHECK(r.page("/").body.find("hunter2") == std::string::npos);
}

TEST_CASE("the socket has mode 0660, replaces a dead one and leaves a live one alone") {
  Running r;
  struct stat seen {};
  REQUIRE(::stat(r.socket().c_str(), &seen) == 0);
  CHECK((seen.st_mode & 0777) == 0660);
  net::io_context io;
  const auto second = BoundSocket::unix_socket(io.get_executor(), r.socket(), "");
  REQUIRE(!second);
  CHECK(second.error() ==
        "another readbackd answers on " + r.socket() + "; stop it first or choose another control.socket");
  const std::string dead = r.folder + "/dead.sock";
  {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    dead.copy(a.sun_path, sizeof a.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
    ::close(fd);
  }
  const auto third = BoundSocket::unix_socket(io.get_executor(), dead, "no-such-group-here");
  REQUIRE(third.ok());
  CHECK(third->warning() ==
        "control.group: there is no group no-such-group-here here; the control socket keeps our own group");
  const std::string plain = r.folder + "/plain";
  std::ofstream(plain) << "precious";
  CHECK(!BoundSocket::unix_socket(io.get_executor(), plain, ""));
  CHECK(std::filesystem::file_size(plain) == 8);
}

TEST_CASE("64 connections are served, the next is told so at once, and a free place is used again") {
  Running r;
  std::vector<std::unique_ptr<Wire>> open;
  for (int i = 0; i < 64; ++i) {
    open.push_back(std::make_unique<Wire>(r.socket()));
    open.back()->send("GET /v1/sinks HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(open.back()->answer().status == 200);
  }
  Wire extra(r.socket());
  const auto begin = std::chrono::steady_clock::now();
  extra.send("GET /v1/sinks HTTP/1.1\r\nHost: x\r\n\r\n");
  const Seen refused = extra.answer();
  CHECK(refused.status == 503);
  CHECK(refused.header("Content-Type") == "application/problem+json");
  CHECK(std::chrono::steady_clock::now() - begin < Seconds(2));
  open.clear();
  int status = 503;
  for (const auto limit = std::chrono::steady_clock::now() + Seconds(5);
       status == 503 && std::chrono::steady_clock::now() < limit;)
    status = r.ask("GET", "/v1/sinks").status;
  CHECK(status == 200);
}

TEST_CASE("a megabyte is the most, a dripping client is gone after ten seconds") {
  Running r;
  Wire drip(r.socket());
  const auto begin = std::chrono::steady_clock::now();
  drip.send("GET /v1/status HTTP/1.1\r\nHos");

  const std::string most = R"({"text":")" + std::string((1 << 20) - 11, 'x') + R"("})";
  CHECK(most.size() == 1 << 20);
  CHECK(r.ask("POST", "/v1/symptoms", most).status == 422);  // taken, and then too long a text
  CHECK(r.ask("POST", "/v1/symptoms", most + " ").status == 413);
  Wire chunked(r.socket());
  chunked.send("POST /v1/symptoms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string piece = "10000\r\n" + std::string(0x10000, 'y') + "\r\n";
  for (int i = 0; i < 20 && chunked.send(piece); ++i) {
  }
  CHECK(chunked.answer().status == 413);
  CHECK(r.ask("GET", "/v1/status", "", "X-Long: " + std::string(20'000, 'z') + "\r\n").status == 431);

  drip.until([](const std::string&) { return false; });
  CHECK(drip.closed());
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took > Seconds(9));
  CHECK(took < Seconds(13));
}

TEST_CASE("wrong methods name the right ones, hostile paths reach nothing, HEAD has no body") {
  Running r;
  const Seen wrong = r.ask("PUT", "/v1/silences");
  CHECK(wrong.status == 405);
  CHECK(wrong.header("Allow") == "GET, HEAD, POST");
  CHECK(r.ask("DELETE", "/v1/incidents/latest").header("Allow") == "GET, HEAD");
  for (const char* path :
       {"/v1/snapshots/..%2f..%2fetc%2fpasswd", "/v1/snapshots/%2e%2e", "/v1/../../etc/passwd", "/v1/incidents/%00",
        "/v1/incidents/%zz", "/v2/status", "/", "/v1/status/x", "/v1/snapshots/a%0d%0aX-Evil:1"}) {
    CAPTURE(path);
    const Seen seen = r.ask("GET", path);
    CHECK((seen.status == 400 || seen.status == 404));
    CHECK(seen.header("X-Evil") == "");
  }
  const Seen head = r.ask("HEAD", "/v1/status");
  CHECK(head.status == 200);
  CHECK(std::stoul(head.header("Content-Length")) > 100);
}

TEST_CASE("one connection carries many requests, and answers in order when they come at once") {
  Running r;
  Wire wire(r.socket());
  wire.send(
      "GET /v1/sinks HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/silences "
      "HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(wire.answer().parsed().as_object().contains("sinks"));
  CHECK(wire.answer().status == 404);
  CHECK(wire.answer().parsed().as_object().contains("silences"));
}

TEST_CASE("a bundle comes whole with its digest, and not again when it is already there") {
  Running r;
  SnapshotView snap;
  snap.id = "019abcde-0000-7000-8000-00000000000a";
  r.backend.kept = {snap};
  r.backend.bundle_bytes = std::string(300'000, 'q') + "end";
  const Seen seen = r.ask("GET", "/v1/snapshots/latest");
  CHECK(seen.status == 200);
  CHECK(seen.header("Content-Type") == "application/zstd");
  CHECK(seen.body == r.backend.bundle_bytes);
  CHECK(seen.header("Repr-Digest").starts_with("sha-256=:qqqq"));
  CHECK(r.ask("GET", "/v1/snapshots/latest", "", "If-None-Match: " + seen.header("ETag") + "\r\n").status == 304);
  CHECK(r.ask("GET", "/v1/snapshots/latest?form=secret").status == 422);
}

TEST_CASE("recorded reads are streamed page by page, at the reader's pace") {
  Running r;
  r.backend.read_pages = 5;
  const Seen seen = r.ask("GET", "/v1/reads?since=24h");
  CHECK(seen.header("Content-Type") == "application/jsonl");
  CHECK(std::count(seen.body.begin(), seen.body.end(), '\n') == 5);
  r.backend.read_pages = 100'000;
  r.backend.pages_asked = 0;
  Wire slow(r.socket());
  slow.send("GET /v1/reads HTTP/1.1\r\nHost: x\r\n\r\n");
  slow.until([](const std::string& t) { return t.size() > 100'000; });
  CHECK(r.ask("GET", "/v1/sinks").status == 200);
  std::size_t asked = 0;
  r.on_loop([&] { asked = r.backend.pages_asked; });
  CHECK(asked < 50);  // 10 GB are waiting; what the kernel buffers is all we made
}

TEST_CASE("events are live, resume behind the last one seen, and say when that is gone") {
  Running r;
  SweepRecord sweep;
  sweep.target = "fabric";
  sweep.at = at_second(1);
  sweep.primary = "green";
  const auto publish = [&](std::uint64_t number) {
    sweep.sweep = number;
    r.on_loop([&] { r.room->on_sweep(sweep); });
  };
  const auto has = [](std::string what) {
    return [what](const std::string& t) { return t.find(what) != std::string::npos; };
  };
  Wire live(r.socket());
  live.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(has("retry: 2000")(live.until(has("retry: 2000"))));
  publish(1);
  publish(2);
  CHECK(has("id: boot-2")(live.until(has("id: boot-2"))));
  const auto resume = [&](const std::string& id, const std::string& wanted) {
    Wire wire(r.socket());
    wire.send("GET /v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: " + id + "\r\n\r\n");
    return wire.until(has(wanted));
  };
  const std::string second = resume("boot-1", "id: boot-2");
  CHECK(has("id: boot-2")(second));
  CHECK_FALSE(has("id: boot-1")(second));
  CHECK(has("event: reset")(resume("other-1", "event: reset")));
  CHECK(has("event: reset")(resume("boot-99", "event: reset")));
  for (std::uint64_t n = 3; n < 2200; ++n) publish(n);
  CHECK(has("event: reset")(resume("boot-1", "event: reset")));

  r.ask("POST", "/v1/sweeps");  // an operator's doing: on the socket, and not on the open page
  CHECK(has("event: change")(resume("boot-2199", "event: change")));
  Wire open_page(r.port);
  open_page.send("GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: boot-2199\r\n\r\n");
  publish(2200);
  const std::string seen = open_page.until(has("id: boot-2201"));
  CHECK(has("id: boot-2201")(seen));
  CHECK_FALSE(has("event: change")(seen));
}

TEST_CASE("random bytes never take the daemon down") {
  Running r;
  std::mt19937 random(7);
  const std::string seeds[] = {
      "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /v1/symptoms HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{\"text\":\"abcdefghi\"}"};
  for (int i = 0; i < 300; ++i) {
    std::string bytes = i % 3 == 2 ? std::string(random() % 400, '\0') : seeds[i % 2];
    if (i % 3 == 2)
      for (char& c : bytes) c = static_cast<char>(random());
    for (std::size_t k = 0; k < 1 + random() % 6 && !bytes.empty(); ++k)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    Wire wire(i % 2 ? r.port : static_cast<unsigned short>(r.port));
    Wire local(r.socket());
    wire.send(bytes);
    local.send(bytes);
    wire.end();
    local.end();
    local.until([](const std::string&) { return false; });
  }
  CHECK(r.ask("GET", "/v1/status").status == 200);
}

TEST_CASE("the read-only listener shows, and changes nothing") {
  Running r;
  CHECK(r.page("/healthz").body == "ok\n");
  CHECK(r.page("/readyz").status == 200);
  CHECK(r.page("/", "POST").status == 405);
  CHECK(r.page("/metrics", "DELETE").header("Allow") == "GET, HEAD");
  CHECK(r.page("/v1/status").status == 404);
  CHECK(r.page("/", "HEAD").status == 200);
  CHECK(r.page("/", "GET", "evil.example").status == 421);
  CHECK(r.page("/", "GET", "127.0.0.1:9464").status == 200);
  CHECK(r.page("/", "GET", "[::1]:9464").status == 200);
  r.on_loop([&] { r.backend.shown.engine.targets[1].sweep = 0; });
  const Seen early = r.page("/readyz");
  CHECK(early.status == 503);
  CHECK(early.body == "target second was not swept yet\n");
}

TEST_CASE("a hostile name stays text on the page and in the metrics") {
  const std::string evil = "<script>alert(1)</script>\"'&\n\xff";
  Running r(evil);
  SweepRecord sweep;
  sweep.target = evil;
  sweep.sweep = 1;
  sweep.at = at_second(1);
  sweep.primary = "outage";
  JudgedRead read;
  read.raw.read = "path:" + evil;
  read.raw.at = at_second(1);
  read.word = "fail";
  sweep.reads = {read};
  r.on_loop([&] { r.room->on_sweep(sweep); });
  const std::string page = r.page("/").body;
  CHECK(page.find("<script>alert") == std::string::npos);
  CHECK(page.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp; ") != std::string::npos);
  CHECK(page.find('\xff') == std::string::npos);
  const std::string metrics = r.page("/metrics").body;
  CHECK(metrics.find(R"(target="<script>alert(1)</script>\"'&\n)") != std::string::npos);
  CHECK(metrics.find('\xff') == std::string::npos);
}

TEST_CASE("every metric of the contract is there, counters from the start") {
  Running r;
  SweepRecord sweep;
  sweep.target = "fabric";
  JudgedRead read;
  read.raw.read = "health";
  read.raw.phases.total_us = 3000;
  read.raw.phases.connect_us = 1000;
  sweep.reads = {read};
  r.on_loop([&] { r.room->on_sweep(sweep); });
  const std::string text = r.page("/metrics").body;
  for (const char* line :
       {"readback_read_success{target=\"fabric\",read=\"health\"} 0",
        "readback_boundary{target=\"fabric\",boundary=\"outage\"} 1",
        "readback_boundary{target=\"fabric\",boundary=\"drift\"} 0",
        "readback_incidents_open{target=\"fabric\",boundary=\"outage\"} 1", "readback_observer_healthy 1",
        "readback_config_last_reload_successful 1", "readback_sweeps_total 42", "readback_sweep_lag_seconds 0",
        "readback_alert_deliveries_total{sink=\"pager\",result=\"delivered\"} 3",
        "readback_alert_deliveries_total{sink=\"hook\",result=\"dead\"} 0", "readback_outbox_depth{sink=\"hook\"} 2",
        "readback_outbox_oldest_seconds 30", "readback_snapshots_total 1", "readback_store_bytes 123456",
        "readback_build_info{version=\"0.1.0\"} 1",
        "readback_read_duration_seconds_count{target=\"fabric\",read=\"health\",phase=\"connect\"} 1"}) {
    CAPTURE(line);
    CHECK(text.find(std::string("\n") + line) != std::string::npos);
  }
  for (const char* name :
       {"readback_config_hash ", "readback_last_sweep_timestamp_seconds ", "process_cpu_seconds_total ",
        "process_resident_memory_bytes ", "process_open_fds ", "process_start_time_seconds "}) {
    CAPTURE(name);
    CHECK(text.find(std::string("\n") + name) != std::string::npos);
  }
}

}  // namespace readback
