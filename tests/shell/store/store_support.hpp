#pragma once
// What the tests of the store share: a folder of their own, a store in it, and rows and sweeps to put there.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "core/text/time.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/run_coro.hpp"

namespace readback {

namespace fs = std::filesystem;

/// A state of one part.
inline SavedState whole(std::string text) { return {{"fabric", std::move(text)}}; }

template <class R>
R run(net::io_context& io, net::awaitable<R> task) {
  return run_coro(io, std::move(task));
}
/// True when it is on the disk; why not is said by the store.
inline bool run(net::io_context& io, net::awaitable<CommitResult> task) { return run_coro(io, std::move(task)).ok(); }

inline std::unique_ptr<Store> open_store(const fs::path& folder, Retention keep = {}) {
  auto opened = Store::open(folder, keep);
  if (!opened) FAIL(opened.error());
  return *std::move(opened);
}

/// Every write(2) fails, as on a file system that an error has turned read-only.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit none = before_;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

inline const WallTime t0 = *parse_rfc3339("2026-11-23T03:00:00Z");

inline OutboxRow row_of(const std::string& event, const std::string& sink, const std::string& incident,
                        OutboxRow::Mark mark) {
  OutboxRow row;
  row.event_id = event;
  row.sink = sink;
  row.incident_id = incident;
  row.target = "fabric";
  row.kind = mark == OutboxRow::Mark::close ? EventKind::resolved : EventKind::firing;
  row.key = "prod/fabric/outage/h1";
  row.body = "{\"id\":\"" + event + "\"}";
  row.content_type = "application/json";
  row.created = t0;
  row.mark = mark;
  return row;
}

inline JudgedRead read_of(std::string name, WallTime at, std::string body) {
  JudgedRead r;
  r.raw.read = std::move(name);
  r.raw.at = at;
  r.raw.took = Millis(12);
  r.raw.phases = {-1, 210, -1, 9300, 11800};
  r.raw.address = "127.0.0.1:38080";
  HttpAnswer answer;
  answer.status = 200;
  const auto date = std::chrono::floor<Seconds>(at);
  std::string stamp = "Mon, 23 Nov 2026 " + to_rfc3339(date).substr(11, 8) + " GMT";
  answer.headers = {{"date", stamp},
                    {"server", "uvicorn"},
                    {"content-type", "application/json"},
                    {"content-length", std::to_string(body.size())}};
  answer.body = std::move(body);
  r.raw.answer = std::move(answer);
  r.word = "pass";
  r.green = true;
  return r;
}

inline SweepRecord sweep_of(std::uint64_t number, WallTime at, const std::string& body) {
  SweepRecord s;
  s.target = "fabric";
  s.sweep = number;
  s.at = at;
  for (const char* name : {"health", "services", "observability", "security"})
    s.reads.push_back(read_of(name, at + Millis(number % 7), "{\"surface\":\"" + std::string(name) + "\"," + body));
  s.primary = "green";
  return s;
}

inline std::string incompressible(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) text += static_cast<char>('!' + random() % 90);
  return text;
}

}  // namespace readback
