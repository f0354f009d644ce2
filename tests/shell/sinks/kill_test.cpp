// kill -9 at every step of the outbox, and at random moments: no page is lost, each incident has one key, each event
// one id.
//
// The child is this program again, running one hidden case: it decides pages one after the other, as the engine does
// (the state and what follows from it in one commit), and delivers them to the parent's receiver. The parent ends it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "core/model/ids.hpp"
#include "daemon/sinks/delivery.hpp"

using namespace readback;
namespace http = boost::beast::http;
using tcp = net::ip::tcp;

namespace {

struct Heard {
  std::string id, event, key, incident;
};

net::awaitable<void> serve(boost::beast::tcp_stream stream, std::vector<Heard>& heard) {
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  auto [ec, n] = co_await http::async_read(stream, buffer, request, token);
  (void)n;
  if (ec) co_return;
  const auto body = boost::json::parse(request.body());
  Heard h;
  h.id = std::string(body.at("id").as_string());
  h.event = std::string(body.at("event").as_string());
  h.key = std::string(body.at("dedup_key").as_string());
  h.incident = std::string(body.at("incident").at("id").as_string());
  heard.push_back(std::move(h));
  http::response<http::empty_body> response;
  response.result(204);
  response.prepare_payload();
  auto [ec2, n2] = co_await http::async_write(stream, response, token);
  (void)ec2, (void)n2;
}

net::awaitable<void> accept(net::io_context& io, tcp::acceptor& acceptor, std::vector<Heard>& heard) {
  for (;;) {
    auto [ec, socket] = co_await acceptor.async_accept(token);
    if (ec) co_return;
    boost::beast::tcp_stream stream(std::move(socket));
    net::co_spawn(io, serve(std::move(stream), heard), net::detached);
  }
}

pid_t start_child(const std::string& folder, const std::string& url, const std::string& fault,
                  const std::string& last) {
  std::vector<std::string> env;
  for (char** e = environ; *e; ++e) env.emplace_back(*e);
  env.push_back("READBACK_TEST_FOLDER=" + folder);
  env.push_back("READBACK_TEST_URL=" + url);
  env.push_back("READBACK_TEST_LAST=" + last);
  if (!fault.empty()) env.push_back("READBACK_FAULT=" + fault);
  std::vector<char*> envp;
  for (auto& e : env) envp.push_back(e.data());
  envp.push_back(nullptr);
  const char* argv[] = {"child", "-ns", "-tc=hidden: decide and deliver", nullptr};
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &files, nullptr, const_cast<char**>(argv), envp.data());
  ::posix_spawn_file_actions_destroy(&files);
  return error ? -1 : pid;
}

}  // namespace

TEST_CASE("hidden: decide and deliver" * doctest::skip()) {
  const char* folder = std::getenv("READBACK_TEST_FOLDER");
  if (!folder) return;
  const auto last = std::stoull(std::getenv("READBACK_TEST_LAST"));
  net::io_context io;
  auto opened = Store::open(folder, {});
  REQUIRE(opened);
  auto& store = **opened;
  DeliverySetup setup;
  SinkConfig sink;
  sink.name = "hook";
  sink.urls = {{SecretRef::From::plain, std::getenv("READBACK_TEST_URL")}};
  setup.config.alerts.sinks = {sink};
  setup.secrets = [](const SecretRef& ref) -> Result<std::string> { return ref.value; };
  Delivery delivery(io.get_executor(), store, setup);
  net::co_spawn(io, delivery.run(), net::detached);
  std::random_device entropy;
  IdSource ids((std::uint64_t{entropy()} << 32) | entropy());
  // The state is the number of events decided: odd ones open incident n / 2, even ones resolve it.
  std::uint64_t n = store.load_state().empty() ? 0 : std::stoull(store.load_state().at(""));
  while (n < last) {
    AlertEvent e;
    e.at = std::chrono::floor<Millis>(std::chrono::system_clock::now());
    e.id = ids.next(e.at);
    e.kind = n % 2 == 0 ? EventKind::firing : EventKind::resolved;
    e.incident.id = "i" + std::to_string(n / 2);
    e.incident.target = "fabric";
    // A key that changes with every start: what is sent must be the key that the page was opened with.
    e.incident.dedup_base = "prod/fabric/outage/" + std::to_string(n / 2) + "/" + std::to_string(::getpid());
    ++n;
    Commit commit{{{"", std::to_string(n)}}, delivery.render(e, "")};
    bool done = false;
    net::co_spawn(io, store.commit(std::move(commit)), [&](std::exception_ptr, CommitResult) { done = true; });
    while (!done) io.run_one();
    delivery.wake();
    if (n % 3 == 0) {  // now and then a queue builds up, else each is delivered before the next
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (!store.pending().empty() && std::chrono::steady_clock::now() < until)
        io.run_one_for(std::chrono::milliseconds(20));
    }
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!store.pending().empty() && std::chrono::steady_clock::now() < until)
    io.run_one_for(std::chrono::milliseconds(20));
  const bool all = store.pending().empty();
  delivery.stop();
  io.run_for(std::chrono::seconds(5));
  CHECK(all);
}

TEST_CASE(
    "kill -9 at every step of the outbox and 200 times at random: no page lost, one key an incident, one id an event") {
  std::string folder = (std::filesystem::temp_directory_path() / "readback-kill-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  net::io_context io;
  tcp::acceptor acceptor(io, {net::ip::address_v4::loopback(), 0});
  std::vector<Heard> heard;
  net::co_spawn(io, accept(io, acceptor, heard), net::detached);
  const std::string url = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/";
  const auto run_child = [&](pid_t child, const std::function<bool()>& enough, std::chrono::seconds limit) {
    REQUIRE(child > 0);
    int status = 0;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      io.run_one_for(std::chrono::milliseconds(2));
      if (enough() || std::chrono::steady_clock::now() > deadline) ::kill(child, SIGKILL);
    }
    return status;
  };
  const std::string endless = "1000000000";
  int kills = 0;
  for (const char* step :
       {"before_commit", "in_commit", "after_commit", "before_send", "after_send", "before_mark", "after_mark"})
    for (const char* nth : {":1", ":2", ":5"}) {
      CAPTURE(step);
      const auto status = run_child(
          start_child(folder, url, std::string(step) + nth, endless), [] { return false; }, std::chrono::seconds(30));
      CHECK(WIFEXITED(status));
      CHECK(WEXITSTATUS(status) == 137);  // it came to that step
      ++kills;
    }
  std::mt19937 random(11);
  for (int i = 0; i < 200; ++i) {
    const auto before = heard.size();
    const auto wanted = random() % 8;
    const auto pause = std::chrono::microseconds(random() % 4000);
    std::optional<std::chrono::steady_clock::time_point> at;
    const auto status = run_child(
        start_child(folder, url, "", endless),
        [&] {
          if (!at && heard.size() >= before + wanted) at = std::chrono::steady_clock::now() + pause;
          return at && std::chrono::steady_clock::now() >= *at;
        },
        std::chrono::seconds(30));
    CHECK(WIFSIGNALED(status));
    ++kills;
  }
  std::uint64_t decided = 0;
  {
    const auto opened = Store::open(folder, {});
    REQUIRE(opened);
    decided = std::stoull((*opened)->load_state().at(""));
  }
  const auto status = run_child(
      start_child(folder, url, "", std::to_string(decided)), [] { return false; }, std::chrono::seconds(90));
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  io.poll();

  std::map<std::string, std::vector<Heard>> by_incident;
  for (const auto& h : heard) by_incident[h.incident].push_back(h);
  std::size_t lost = 0, doubled = 0, keys = 0, disorder = 0, ids = 0;
  for (std::uint64_t n = 0; n < decided; ++n) {
    const auto& all = by_incident["i" + std::to_string(n / 2)];
    const std::string event = n % 2 == 0 ? "firing" : "resolved";
    std::set<std::string> seen_ids, seen_keys;
    std::size_t times = 0;
    bool closed = false;
    for (const auto& h : all) {
      seen_keys.insert(h.key);
      if (h.event == "resolved")
        closed = true;
      else if (closed)
        ++disorder;
      if (h.event != event) continue;
      ++times;
      seen_ids.insert(h.id);
    }
    lost += times == 0;
    doubled += times > 1 ? times - 1 : 0;
    keys += seen_keys.size() > 1;
    ids += seen_ids.size() > 1;
  }
  MESSAGE("kills: " << kills << ", events: " << decided << ", lost: " << lost << ", sent twice: " << doubled);
  CHECK(lost == 0);
  CHECK(keys == 0);
  CHECK(ids == 0);
  CHECK(disorder == 0);
  CHECK(doubled <= static_cast<std::size_t>(kills));
  std::filesystem::remove_all(folder);
}
