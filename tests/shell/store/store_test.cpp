// The store against a real file system: what survives kill -9, a full disk, damage, and what retention leaves.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

#include "core/model/ids.hpp"
#include "core/text/time.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"
#include "store_support.hpp"

using namespace readback;

TEST_CASE("a commit is there after the store was closed and opened again, in order, with what was opened") {
  Folder folder;
  net::io_context io;
  {
    auto store = open_store(folder.path);
    const auto result = run(io, store->commit({whole("{\"s\":1}"),
                                               {row_of("e1", "hook", "i1", OutboxRow::Mark::open),
                                                row_of("e1", "chat", "i1", OutboxRow::Mark::open)}}));
    CHECK(result);
    run(io, store->commit({whole("{\"s\":2}"), {row_of("e2", "hook", "i1", OutboxRow::Mark::close)}}));
    run(io, store->commit({{}, {}}));
  }
  auto store = open_store(folder.path);
  CHECK(store->load_state() == whole("{\"s\":2}"));
  REQUIRE(store->pending().size() == 3);
  CHECK(store->pending().begin()->second.body == "{\"id\":\"e1\"}");
  CHECK(store->pending().rbegin()->second.event_id == "e2");
  REQUIRE(store->opened().size() == 2);
  for (const auto& key : store->opened()) CHECK((key.sink == "hook") == key.closed_at.has_value());

  OutboxRow done = store->pending().begin()->second;
  done.state = OutboxState::delivered;
  done.last_status = 204;
  done.attempts = 1;
  done.done_at = t0 + Seconds(1);
  run(io, store->mark(done));
  CHECK(store->pending().size() == 2);
  const auto sent = run(io, store->deliveries("i1", 10));
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].state == OutboxState::delivered);
  CHECK(sent[0].last_status == 204);
  CHECK(sent[0].done_at == t0 + Seconds(1));
}

TEST_CASE("what a receiver never heard of is forgotten with its row, but for what a row behind it opens") {
  Folder folder;
  net::io_context io;
  {
    auto store = open_store(folder.path);
    auto worse = row_of("e2", "hook", "i1", OutboxRow::Mark::open);
    worse.key = "prod/fabric/outage/h1/critical";
    run(io, store->commit({{},
                           {row_of("e1", "hook", "i1", OutboxRow::Mark::open), worse,
                            row_of("e3", "hook", "i2", OutboxRow::Mark::open)}}));
    auto parked = store->pending().begin()->second;
    parked.state = OutboxState::dead;
    run(io, store->mark_unheard(parked));
    CHECK(store->pending().size() == 2);
  }
  const auto store = open_store(folder.path);
  CHECK(store->pending().size() == 2);
  std::set<std::string> open;
  for (const auto& key : store->opened())
    if (!key.closed_at) open.insert(key.incident_id + " " + key.key);
  CHECK(open == std::set<std::string>{"i1 prod/fabric/outage/h1/critical", "i2 prod/fabric/outage/h1"});
  CHECK(store->opened().size() == 2);
}

TEST_CASE("the same event for the same sink is written once") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  run(io, store->commit({{}, {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}}));
  run(io, store->commit({{}, {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}}));
  CHECK(run(io, store->deliveries("", 10)).size() == 1);
}

TEST_CASE("kill -9 at any moment: every commit that returned is there, none twice, state and rows agree") {
  Folder folder;
  std::mt19937 random(7);
  int survived = 0;
  std::uint64_t promised = 0;
  for (int round = 0; round < 60; ++round) {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      net::io_context io;
      auto opened = Store::open(folder.path, {});
      if (!opened) ::_exit(3);
      auto& store = *opened;
      std::uint64_t n = store->load_state().empty() ? 0 : std::stoull(store->load_state().at("fabric"));
      for (;;) {
        ++n;
        const std::string id = "e" + std::to_string(n);
        store->record(sweep_of(n, t0 + Seconds(n), "\"status\":\"ok\"}"));
        std::optional<CommitResult> result;
        net::co_spawn(io, store->commit({whole(std::to_string(n)), {row_of(id, "hook", id, OutboxRow::Mark::open)}}),
                      [&](std::exception_ptr, CommitResult r) { result = r; });
        io.restart();
        while (!result) io.run_one();
        if (!result->ok()) ::_exit(4);
        if (::write(pipe[1], &n, sizeof n) != sizeof n) ::_exit(5);
      }
    }
    ::close(pipe[1]);
    // Let it get somewhere, then end it at an arbitrary point of its work.
    std::uint64_t n = 0;
    const auto enough = 1 + random() % 12;
    for (unsigned i = 0; i < enough && ::read(pipe[0], &n, sizeof n) == sizeof n; ++i) promised = n;
    ::usleep(static_cast<useconds_t>(random() % 3000));
    ::kill(child, SIGKILL);
    while (::read(pipe[0], &n, sizeof n) == sizeof n) promised = n;
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    ++survived;

    net::io_context io;
    auto store = open_store(folder.path);
    CHECK(store->notes().empty());
    const auto state = std::stoull(store->load_state().at("fabric"));
    CHECK(state >= promised);
    CHECK(store->pending().size() == state);  // the row of every state, in the same transaction
    std::set<std::string> events;
    for (const auto& [seq, row] : store->pending()) events.insert(row.event_id);
    CHECK(events.size() == store->pending().size());
  }
  MESSAGE("kills survived: " << survived << ", commits promised: " << promised);
}

TEST_CASE("a commit changes the parts that it names, and an empty text removes one") {
  Folder folder;
  net::io_context io;
  {
    auto store = open_store(folder.path);
    run(io, store->commit({{{"", "head"}, {"a", "1"}, {"b", "1"}}, {}}));
    run(io, store->commit({{{"a", "2"}, {"b", ""}}, {}}));
    CHECK(store->load_state() == SavedState{{"", "head"}, {"a", "2"}});
  }
  CHECK(open_store(folder.path)->load_state() == SavedState{{"", "head"}, {"a", "2"}});
}

TEST_CASE("the state of a store of version 1 is kept, in one part") {
  Folder folder;
  net::io_context io;
  {
    auto store = open_store(folder.path);
    run(io, store->commit({{}, {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}}));
  }
  {
    Sqlite old((folder.path / "readback.db").string());
    old.exec("DROP TABLE engine");
    old.exec("CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id=1), text BLOB NOT NULL)");
    old.exec("INSERT INTO state VALUES(1,'everything')");
    old.exec("PRAGMA user_version=1");
  }
  for (int again = 0; again < 2; ++again) {
    auto store = open_store(folder.path);
    CHECK(store->notes().empty());
    CHECK(store->load_state() == SavedState{{"", "everything"}});
    CHECK(store->pending().size() == 1);
  }
}

TEST_CASE("a damaged, truncated, foreign or newer file is set aside, never deleted, and said") {
  struct Case {
    const char* name;
    void (*spoil)(const fs::path&);
    const char* kind;
  };
  const Case cases[] = {
      {"text instead of a database", [](const fs::path& f) { std::ofstream(f) << std::string(9000, 'x'); }, "damaged"},
      {"truncated to half", [](const fs::path& f) { fs::resize_file(f, fs::file_size(f) / 2 / 4096 * 4096); },
       "damaged"},
      {"zeros in the middle",
       [](const fs::path& f) {
         std::fstream file(f, std::ios::in | std::ios::out | std::ios::binary);
         file.seekp(4096);
         file << std::string(fs::file_size(f) - 4096, '\0');
       },
       "damaged"},
      {"of a newer version", [](const fs::path& f) { Sqlite(f.string()).exec("PRAGMA user_version=99"); }, "newer"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Folder folder;
    net::io_context io;
    {
      auto store = open_store(folder.path);
      run(io, store->commit({whole("{\"s\":1}"), {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}}));
    }
    c.spoil(folder.path / "readback.db");
    auto store = open_store(folder.path);
    REQUIRE(store->notes().size() == 1);
    CHECK(store->notes()[0].find("set aside as readback.db." + std::string(c.kind)) != std::string::npos);
    CHECK(store->load_state().empty());
    bool kept = false;
    for (const auto& entry : fs::directory_iterator(folder.path))
      if (entry.path().filename().string().starts_with("readback.db." + std::string(c.kind)) && entry.file_size() > 0)
        kept = true;
    CHECK(kept);
    CHECK(run(io, store->commit({whole("{}"), {}})));
  }
}

TEST_CASE("an empty file, as a crash at the very first start leaves it, is simply used") {
  Folder folder;
  std::ofstream(folder.path / "readback.db").flush();
  net::io_context io;
  auto store = open_store(folder.path);
  CHECK(store->notes().empty());
  CHECK(run(io, store->commit({whole("{}"), {}})));
}

TEST_CASE("a folder that cannot be written, or is in use, is an error of the start") {
  Folder folder;
  net::io_context io;
  std::ofstream(folder.path / "file") << "x";
  auto no_folder = Store::open(folder.path / "file" / "store", {});
  REQUIRE(!no_folder);
  CHECK(no_folder.error().starts_with("store: cannot make the folder "));

  auto first = open_store(folder.path);
  auto second = Store::open(folder.path, {});
  REQUIRE(!second);
  CHECK(second.error().find("is used by another readbackd") != std::string::npos);
}

TEST_CASE("the disk fills up: commits go on from memory with a flag, and are written when there is room again") {
  Folder folder;
  if (::mount("none", folder.path.c_str(), "tmpfs", 0, "size=640k") != 0) {
    MESSAGE("skipped: mounting a small tmpfs needs root");
    return;
  }
  {
    net::io_context io;
    auto store = open_store(folder.path / "s");
    const std::string ballast = (folder.path / "ballast").string();
    REQUIRE(run(io, store->commit({whole("{\"s\":1}"), {}})));
    {
      std::ofstream file(ballast);
      const std::string block(4096, 'b');
      while (file.write(block.data(), 4096).flush()) {
      }
    }
    bool result = true;
    int n = 0;
    for (; n < 300 && result; ++n)
      result = run(io, store->commit({whole("{\"s\":" + std::to_string(n) + "}"),
                                      {row_of("e" + std::to_string(n), "hook", "i", OutboxRow::Mark::open)}}));
    CHECK(!result);
    CHECK(!store->ok());
    CHECK(store->error().find("database or disk is full") != std::string::npos);
    CHECK(store->pending().size() == static_cast<std::size_t>(n));  // the page is there to be sent
    OutboxRow delivered = store->pending().rbegin()->second;
    delivered.state = OutboxState::delivered;
    run(io, store->mark(delivered));
    for (std::uint64_t i = 0; i < 200; ++i)
      store->record(sweep_of(i, t0 + Seconds(i), incompressible(3000, static_cast<unsigned>(i))));
    CHECK(run(io, store->sweep_reads("fabric", {199})).empty());
    CHECK(store->dropped() > 0);

    fs::remove(ballast);
    result = run(io, store->commit({whole("{\"s\":\"after\"}"), {}}));
    CHECK(result);
    CHECK(store->ok());
    const auto size = store->pending().size();
    store.reset();
    store = open_store(folder.path / "s");
    CHECK(store->load_state() == whole("{\"s\":\"after\"}"));
    CHECK(store->pending().size() == size);
    CHECK(run(io, store->deliveries("", 1000)).size() == static_cast<std::size_t>(n));
  }
  ::umount(folder.path.c_str());
}

TEST_CASE("a read-only file system at the very first start is an error") {
  Folder folder;
  if (::mount("none", folder.path.c_str(), "tmpfs", MS_RDONLY, "size=1m") != 0) {
    MESSAGE("skipped: mounting a tmpfs needs root");
    return;
  }
  {
    net::io_context io;
    auto opened = Store::open(folder.path, {});
    REQUIRE(!opened);
    CHECK(opened.error().find("Read-only file system; give readbackd a writable store.path") != std::string::npos);
  }
  ::umount(folder.path.c_str());
}

TEST_CASE("a store that worked before, on a disk that takes no write now: what it shows is read, and all goes on") {
  struct Case {
    const char* name;
    bool read_only, killed;
  };
  // After kill -9 there is a log beside the database, and what is newest stands in it.
  for (const Case& c : {Case{"read-only", true, false}, Case{"read-only, killed", true, true},
                        Case{"full", false, false}, Case{"full, killed", false, true}}) {
    CAPTURE(c.name);
    Folder folder;
    if (::mount("none", folder.path.c_str(), "tmpfs", 0, "size=2m") != 0) {
      MESSAGE("skipped: mounting a tmpfs needs root");
      return;
    }
    {
      net::io_context io;
      {
        auto store = open_store(folder.path);
        IncidentRow incident;
        incident.id = "i1";
        incident.text = "known before";
        run(io, store->commit({whole("{\"s\":1}"), {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}, {incident}}));
        if (c.killed) {
          fs::create_directory(folder.path / "copy");
          for (const char* part : {"readback.db", "readback.db-wal", "readback.db-shm"})
            fs::copy_file(folder.path / part, folder.path / "copy" / part);
        }
      }
      if (c.killed) {
        for (const char* part : {"readback.db", "readback.db-wal", "readback.db-shm"})
          fs::copy_file(folder.path / "copy" / part, folder.path / part, fs::copy_options::overwrite_existing);
        fs::remove_all(folder.path / "copy");
        if (!c.read_only) fs::remove(folder.path / "readback.db-shm");  // and there is no room for another
      }
      const auto ballast = folder.path / "ballast";
      if (c.read_only) {
        REQUIRE(::mount("none", folder.path.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=2m") == 0);
      } else {
        std::ofstream file(ballast);
        const std::string block(4096, 'b');
        while (file.write(block.data(), 4096).flush()) {
        }
      }
      auto store = open_store(folder.path);
      CHECK(store->load_state() == whole("{\"s\":1}"));
      REQUIRE(store->pending().size() == 1);
      CHECK(store->pending().begin()->second.event_id == "e1");
      CHECK(store->opened().size() == 1);
      const auto known = run(io, store->incident("i1"));
      REQUIRE(known.has_value());
      CHECK(known->text == "known before");
      // A full disk may still have room in the pages that the database has; then nothing is wrong yet.
      if (c.read_only || c.killed) CHECK(!store->ok());
      const auto result =
          run(io, store->commit({whole("{\"s\":2}"), {row_of("e2", "hook", "i2", OutboxRow::Mark::open)}}));
      if (c.read_only || c.killed) CHECK(!result);
      CHECK(store->pending().size() == 2);

      if (c.read_only)
        REQUIRE(::mount("none", folder.path.c_str(), "tmpfs", MS_REMOUNT, "size=2m") == 0);
      else
        fs::remove(ballast);
      CHECK(run(io, store->commit({whole("{\"s\":3}"), {}})));
      CHECK(store->ok());
      store.reset();
      store = open_store(folder.path);
      CHECK(store->notes().empty());
      CHECK(store->load_state() == whole("{\"s\":3}"));
      CHECK(store->pending().size() == 2);
      CHECK(store->opened().size() == 2);
    }
    ::umount(folder.path.c_str());
  }
}

TEST_CASE("writes that fail while it is in use: from memory with a flag, and it recovers by itself") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  REQUIRE(run(io, store->commit({whole("{\"s\":1}"), {}})));
  std::optional<FullDisk> full(std::in_place);
  const auto result = run(io, store->commit({whole("{\"s\":2}"), {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}}));
  const bool flagged = !store->ok();
  full.reset();
  CHECK(!result);
  CHECK(flagged);
  CHECK(store->pending().size() == 1);
  // Nobody writes anything: the store tries again on its own.
  net::steady_timer timer(io);
  for (int i = 0; i < 200 && !store->ok(); ++i) {
    timer.expires_after(std::chrono::milliseconds(50));
    timer.async_wait([](ErrorCode) {});
    io.restart();
    io.run();
  }
  CHECK(store->ok());
  store.reset();
  store = open_store(folder.path);
  CHECK(store->load_state() == whole("{\"s\":2}"));
  CHECK(store->pending().size() == 1);
  CHECK(store->opened().size() == 1);
}

TEST_CASE("damage found while the store is in use: the file is set aside, memory goes into a new one") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  for (std::uint64_t i = 1; i < 2000; ++i)
    store->record(sweep_of(i, t0 + Seconds(i), incompressible(900, static_cast<unsigned>(i))));
  REQUIRE(run(io, store->commit({whole("{\"s\":1}"), {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}})));
  store->pin({});
  run(io, store->retain(t0 + Seconds(2000)));  // the log is empty now, all is in the file
  {
    std::fstream file(folder.path / "readback.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    const std::string junk(fs::file_size(folder.path / "readback.db") - 4096, '\xee');
    file << junk;
  }
  for (std::uint64_t i = 1; i < 2000; i += 100) run(io, store->sweep_reads("fabric", {i}));
  const auto result =
      run(io, store->commit({whole("{\"s\":2}"), {row_of("e2", "hook", "i1", OutboxRow::Mark::close)}}));
  CHECK(result);
  CHECK(store->ok());
  REQUIRE(store->notes().size() == 1);
  CHECK(store->notes()[0].find("set aside as readback.db.damaged-") != std::string::npos);
  store.reset();
  store = open_store(folder.path);
  CHECK(store->load_state() == whole("{\"s\":2}"));
  CHECK(store->pending().size() == 2);
  REQUIRE(store->opened().size() == 1);
  CHECK(store->opened()[0].closed_at.has_value());
}

TEST_CASE("a sweep comes back as it was recorded, to the byte") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  SweepRecord sweep = sweep_of(41, t0, "\"status\":\"ok\",\"pad\":\"" + std::string(200, 'p') + "\"}");
  auto& first = std::get<HttpAnswer>(sweep.reads[0].raw.answer);
  first.headers.push_back({"Date", "not a date"});
  first.headers.push_back({"x-bytes", std::string("\x01\x00\xff:3:", 6)});
  first.http_version = "1.0";
  sweep.reads[1].raw.answer = TransportError{TransportFault::tls, "certificate expired on 2026-11-20"};
  sweep.reads[1].word = "unreachable";
  sweep.reads[1].green = false;
  sweep.reads[1].reasons = {"", "two\nlines", "12:3"};
  sweep.reads[1].raw.tls_expires_at = t0 - Seconds(86400);
  CheckRun run_result;
  run_result.fault = CheckFault::signal;
  run_result.signal = 9;
  run_result.detail = "ended by SIGKILL";
  run_result.out = std::string(5000, 'o');
  run_result.cut = true;
  run_result.denials = {"write /srv/x", "connect /run/docker.sock"};
  sweep.reads[2].raw.read = "check:materialization";
  sweep.reads[2].raw.answer = run_result;
  sweep.reads[3].stale = sweep.reads[3].contradictory = true;
  sweep.primary = "outage";
  sweep.extent = "degraded";
  sweep.also = {"security", "drift"};
  sweep.void_reason = "our own loop lagged by 7.2 s";
  store->record(sweep);
  const auto back = run(io, store->sweep_reads("fabric", {41, 42}));
  REQUIRE(back.size() == 1);
  const auto& b = back[0];
  CHECK(b.sweep == 41);
  CHECK(b.at == sweep.at);
  CHECK(b.primary == "outage");
  CHECK(b.extent == "degraded");
  CHECK(b.also == sweep.also);
  CHECK(b.void_reason == sweep.void_reason);
  REQUIRE(b.reads.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(b.reads[i].raw.read == sweep.reads[i].raw.read);
    CHECK(b.reads[i].raw.at == sweep.reads[i].raw.at);
    CHECK(b.reads[i].raw.took == sweep.reads[i].raw.took);
    CHECK(b.reads[i].raw.phases.first_byte_us == sweep.reads[i].raw.phases.first_byte_us);
    CHECK(b.reads[i].raw.phases.dns_us == -1);
    CHECK(b.reads[i].raw.tls_expires_at == sweep.reads[i].raw.tls_expires_at);
    CHECK(b.reads[i].word == sweep.reads[i].word);
    CHECK(b.reads[i].reasons == sweep.reads[i].reasons);
    CHECK(b.reads[i].stale == sweep.reads[i].stale);
    CHECK(b.reads[i].contradictory == sweep.reads[i].contradictory);
    CHECK(b.reads[i].green == sweep.reads[i].green);
    CHECK(b.reads[i].raw.answer.index() == sweep.reads[i].raw.answer.index());
  }
  const auto& http = std::get<HttpAnswer>(b.reads[0].raw.answer);
  CHECK(http.headers == first.headers);
  CHECK(http.body == first.body);
  CHECK(http.http_version == "1.0");
  CHECK(std::get<TransportError>(b.reads[1].raw.answer).detail == "certificate expired on 2026-11-20");
  const auto& check = std::get<CheckRun>(b.reads[2].raw.answer);
  CHECK(check.signal == 9);
  CHECK(!check.exit);
  CHECK(check.fault == CheckFault::signal);
  CHECK(check.out == run_result.out);
  CHECK(check.cut);
  CHECK(check.denials == run_result.denials);
}

TEST_CASE("unchanged bodies are stored once: at most 150 bytes a read") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  store->pin({});
  constexpr std::uint64_t sweeps = 5000;
  run(io, store->retain(t0));
  const auto before = store->bytes();
  for (std::uint64_t i = 1; i <= sweeps; ++i) {
    store->record(sweep_of(i, t0 + Seconds(30) * static_cast<int>(i),
                           "\"status\":\"ok\",\"services\":\"" + std::string(1500, 's') + "\"}"));
    if (i % 1000 == 0) run(io, store->sweep_reads("fabric", {i}));
  }
  run(io, store->retain(t0));
  const double each = static_cast<double>(store->bytes() - before) / (sweeps * 4);
  MESSAGE("bytes a read with unchanged bodies: " << each);
  CHECK(each <= 150);
  CHECK(store->dropped() == 0);
}

TEST_CASE("retention: the bound holds under churn, and what open incidents need stays") {
  Folder folder;
  net::io_context io;
  constexpr std::uint64_t bound = 3 << 20;
  auto store = open_store(folder.path, {std::chrono::hours(24 * 30), bound});
  fs::create_directory(folder.path / "snapshots");
  for (int i = 0; i < 6; ++i) {
    const std::string id = "snap" + std::to_string(i);
    std::ofstream(folder.path / "snapshots" / id) << std::string(500 << 10, 'x');
    SnapshotRow row;
    row.id = id;
    row.incident_id = "i" + std::to_string(i);
    row.path = "snapshots/" + id;
    row.size = 500 << 10;
    row.at = t0;
    store->adopt({row});
  }
  store->pin({{"fabric", {{3, 7}, {"i1"}}}});
  std::uint64_t most = 0;
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    store->record(sweep_of(i, t0 + Seconds(i), incompressible(1200, static_cast<unsigned>(i)) + "\"}"));
    if (i % 100 == 0) {
      run(io, store->retain(t0 + Seconds(i)));
      most = std::max(most, store->bytes());
    }
  }
  CHECK(most <= bound);
  const auto pinned = run(io, store->sweep_reads("fabric", {3, 7, 8, 3000}));
  REQUIRE(pinned.size() == 3);
  CHECK(pinned[0].sweep == 3);
  CHECK(std::get<HttpAnswer>(pinned[0].reads[0].raw.answer).body ==
        "{\"surface\":\"health\"," + incompressible(1200, 3) + "\"}");
  CHECK(pinned[2].sweep == 3000);
  CHECK(store->find_snapshot("snap1").has_value());
  CHECK(fs::exists(folder.path / "snapshots" / "snap1"));
  CHECK(store->find_snapshot("latest")->id == "snap5");
  CHECK(!store->find_snapshot("snap0").has_value());
  CHECK(!fs::exists(folder.path / "snapshots" / "snap0"));

  SUBCASE("days") {
    run(io, store->retain(t0 + std::chrono::hours(24 * 31)));
    const auto left = run(io, store->sweep_reads("fabric", {3, 7, 2999, 3000}));
    REQUIRE(left.size() == 3);
    CHECK(left[2].sweep == 3000);  // the newest is `latest`, however old
  }
}

TEST_CASE("one megabyte that changes at every sweep does not break a small bound") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path, {std::chrono::hours(24), 8 << 20});
  store->pin({});
  std::uint64_t most = 0;
  for (std::uint64_t i = 1; i <= 24; ++i) {
    SweepRecord sweep;
    sweep.target = "fabric";
    sweep.sweep = i;
    sweep.at = t0 + Seconds(i);
    sweep.reads.push_back(read_of("services", sweep.at, incompressible(1 << 20, static_cast<unsigned>(i))));
    store->record(std::move(sweep));
    run(io, store->retain(t0 + Seconds(i)));
    most = std::max(most, store->bytes());
  }
  CHECK(most <= (8u << 20));
  CHECK(run(io, store->sweep_reads("fabric", {24})).size() == 1);
}

TEST_CASE("pages of reads: all of a time, in order, of one target") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  for (std::uint64_t i = 1; i <= 50; ++i) {
    auto sweep = sweep_of(i, t0 + Seconds(i), "\"ok\"}");
    if (i % 5 == 0) sweep.target = "other";
    store->record(std::move(sweep));
  }
  ReadQuery query;
  query.target = "fabric";
  query.from = t0 + Seconds(11);
  query.to = t0 + Seconds(40);
  query.limit = 7;
  std::vector<std::uint64_t> seen;
  for (;;) {
    const auto page = run(io, store->read_page(query));
    for (const auto& sweep : page.sweeps) seen.push_back(sweep.sweep);
    if (!page.next) break;
    query.after = *page.next;
  }
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 11; i <= 40; ++i)
    if (i % 5) expected.push_back(i);
  CHECK(seen == expected);
}

TEST_CASE("the newest sweeps of a time come oldest first, and megabyte bodies push the old ones out") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  for (std::uint64_t i = 1; i <= 40; ++i) store->record(sweep_of(i, t0 + Seconds(static_cast<int>(i)), "small"));
  const auto recent = [&](RecentQuery query) { return run(io, store->sweeps_around(std::move(query), {})).recent; };
  const auto all = recent({"fabric", t0 + Seconds(11), t0 + Seconds(30), 1 << 20});
  REQUIRE(all.sweeps.size() == 20);
  CHECK_FALSE(all.cut);
  CHECK(all.sweeps.front().sweep == 11);
  CHECK(all.sweeps.back().sweep == 30);
  CHECK(recent({"another", t0, t0 + Seconds(99), 1 << 20}).sweeps.empty());
  for (std::uint64_t i = 41; i <= 60; ++i)
    store->record(sweep_of(i, t0 + Seconds(static_cast<int>(i)), incompressible(100'000, static_cast<unsigned>(i))));
  const auto newest = recent({"fabric", t0, t0 + Seconds(99), 1 << 20});
  CHECK(newest.cut);
  CHECK(newest.sweeps.back().sweep == 60);
  CHECK(newest.sweeps.size() < 12);
  CHECK(newest.sweeps.size() > 1);
}

TEST_CASE("bundles that the index did not know are listed again, and still are after a restart") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path);
  SnapshotRow row;
  row.id = "01a2";
  row.size = 7;
  row.at = t0;
  store->adopt({row});
  CHECK(store->find_snapshot("latest")->id == "01a2");
  run(io, store->commit({{}, {}}));
  store.reset();
  store = open_store(folder.path);
  CHECK(store->find_snapshot("latest")->id == "01a2");
}

TEST_CASE("for want of room what was captured during an open incident goes, the evidence of its page never") {
  Folder folder;
  net::io_context io;
  auto store = open_store(folder.path, {std::chrono::hours(24), 1 << 20});
  store->pin({{"fabric", {{}, {"i1"}}}});
  for (int i = 0; i < 6; ++i) {
    SnapshotRow row;
    row.id = "0" + std::to_string(i);
    row.incident_id = "i1";
    row.reason = i == 0 ? "page" : "capture: look";
    row.size = 200'000;
    row.at = t0 + Seconds(i);
    store->adopt({row});
  }
  run(io, store->retain(t0 + Seconds(9)));
  std::vector<std::string> kept;
  for (const auto& row : store->snapshots()) kept.push_back(row.id);
  CHECK(kept == std::vector<std::string>{"05", "00"});
}

TEST_CASE("a row whose commit was held up is found behind one that overtook it") {
  Mirror mirror;
  Commit first{{}, {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}};
  Commit second{{}, {row_of("e2", "hook", "i2", OutboxRow::Mark::open)}};
  mirror.take(first);
  mirror.take(second);
  mirror.wait_for_delivery(second.rows.at(0));
  CHECK(mirror.take_fresh().at(0).event_id == "e2");
  mirror.wait_for_delivery(first.rows.at(0));
  CHECK(mirror.take_fresh().at(0).event_id == "e1");
  CHECK(mirror.take_fresh().empty());
}

TEST_CASE("what a disk that works again was given whole is not written over by what had waited for it") {
  Folder folder;
  Board board;
  Database database(folder.path, board);
  REQUIRE(database.open(false));
  const auto on_disk = [&] {
    return database.read<SavedState>([](Tables& tables) { return tables.load_state(); }).at("fabric");
  };
  const auto opened_on_disk = [&] {
    return database.read<std::size_t>([](Tables& tables) { return tables.load_opened().size(); });
  };
  Commit fails{whole("0"), {}};
  Commit older{whole("1"), {row_of("e1", "hook", "i1", OutboxRow::Mark::open)}};
  Commit newer{whole("2"), {row_of("e2", "hook", "i2", OutboxRow::Mark::open)}};
  {
    const FullDisk full;
    CHECK(!database.commit(fails, board.mirror.take(fails)));
  }
  const auto first = board.mirror.take(older);
  board.mirror.mark_unheard(row_of("e0", "hook", "i0", OutboxRow::Mark::open));
  const OpenedThere opened_then{"hook", "i1", {}};
  const auto second = board.mirror.changes();
  const auto third = board.mirror.take(newer);

  REQUIRE(database.commit(older, first));
  CHECK(on_disk() == "2");
  CHECK(opened_on_disk() == 2);
  database.replace_opened({opened_then}, second);
  REQUIRE(database.mark(row_of("e0", "hook", "i0", OutboxRow::Mark::open), &opened_then, second));
  CHECK(opened_on_disk() == 2);
  REQUIRE(database.commit(newer, third));
  CHECK(on_disk() == "2");
  CHECK(board.mirror.coming().empty());

  Commit last{whole("3"), {row_of("e3", "hook", "i1", OutboxRow::Mark::close)}};
  REQUIRE(database.commit(last, board.mirror.take(last)));
  CHECK(on_disk() == "3");
  const auto gone = board.mirror.forget_opened("hook", "i1");
  database.replace_opened({gone}, board.mirror.changes());
  CHECK(opened_on_disk() == 1);
}
