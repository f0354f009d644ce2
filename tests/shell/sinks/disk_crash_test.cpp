// kill -9 at the moment at which a disk that had failed takes writes again: what the state says was told is in the
// outbox too.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <set>

#include "daemon/store/store.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

Commit page(const std::string& name) {
  Commit commit;
  commit.state["fabric"] = name;
  OutboxRow row;
  row.event_id = name;
  row.sink = "hook";
  row.incident_id = name;
  row.mark = OutboxRow::Mark::open;
  row.key = row.body = name;
  commit.rows.push_back(row);
  return commit;
}

void limit_files(rlim_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

/// This program anew, because a fault is read once: it runs the hidden case below.
pid_t start_child(const std::filesystem::path& folder, const std::string& fault) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setenv("READBACK_TEST_FOLDER", folder.c_str(), 1);
  ::setenv("READBACK_FAULT", fault.c_str(), 1);
  ::execl("/proc/self/exe", "child", "-ns", "-tc=hidden: three pages", nullptr);
  ::_exit(1);
}

}  // namespace

// Of three pages the second finds a disk that takes nothing.
TEST_CASE("hidden: three pages" * doctest::skip()) {
  const char* folder = std::getenv("READBACK_TEST_FOLDER");
  if (!folder) return;
  std::signal(SIGXFSZ, SIG_IGN);
  net::io_context io;
  auto store = Store::open(folder, Retention());
  if (!store) ::_exit(1);
  for (const char* name : {"first", "second", "third"}) {
    limit_files(name == std::string("second") ? 0 : RLIM_INFINITY);
    (void)run_coro(io, (*store)->commit(page(name)));
  }
  ::_exit(0);
}

TEST_CASE("killed while a disk takes writes again, no page is in the state and not in the outbox") {
  int killed = 0;
  for (int nth = 1; nth <= 4; ++nth) {
    CAPTURE(nth);
    Folder folder;
    const pid_t child = start_child(folder.path, "in_commit:" + std::to_string(nth));
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) != 1);
    killed += WEXITSTATUS(status) == 137;
    auto store = Store::open(folder.path, Retention());
    REQUIRE(store);
    const auto state = (*store)->load_state();
    if (state.empty()) continue;
    std::set<std::string> waits;
    for (const auto& [seq, row] : (*store)->pending()) waits.insert(row.event_id);
    CHECK(waits.contains(state.at("fabric")));
    for (const auto& key : (*store)->opened()) CHECK(waits.contains(key.incident_id));
  }
  CHECK(killed >= 2);
}
