// Whoever wants more than is free waits for it, nobody overtakes, and who leaves the line or the place makes room.
#include "daemon/runtime/places.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <string>

#include "daemon/runtime/task_group.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

/// Who has a seat writes its letter down, and gives it up when it is told to.
struct Room {
  explicit Room(std::size_t places) : all(io.get_executor(), places), go(io.get_executor()) {}
  net::awaitable<void> guest(char letter, std::size_t wanted) {
    Places::Seat seat(all, wanted);
    co_await seat.taken();
    seated += letter;
    while (leaving.find(letter) == leaving.npos) co_await go.wait();
  }
  void comes(char letter, std::size_t wanted) {
    tasks.spawn(std::string(1, letter), guest(letter, wanted));
    settle();
  }
  void leaves(char letter) {
    leaving += letter;
    go.notify();
    settle();
  }
  void settle() {
    io.restart();
    io.poll();
  }

  net::io_context io;
  Places all;
  Wake go;
  std::string seated, leaving;
  TaskGroup tasks{io.get_executor(), [](const std::string&, std::exception_ptr) { CHECK(false); }};
};

}  // namespace

TEST_CASE("who wants more than is free waits, and nobody overtakes") {
  Room room(4);
  room.comes('a', 2);
  room.comes('b', 1);
  CHECK(room.seated == "ab");
  room.comes('c', 3);
  room.comes('d', 1);  // there would be room for this one
  CHECK(room.seated == "ab");
  room.leaves('b');
  CHECK(room.seated == "ab");
  room.leaves('a');
  CHECK(room.seated == "abcd");
  room.leaves('c');
  room.leaves('d');
}

TEST_CASE("who wants more than there are gets all of them, by itself") {
  Room room(2);
  room.comes('a', 9);
  room.comes('b', 1);
  CHECK(room.seated == "a");
  room.leaves('a');
  CHECK(room.seated == "ab");
  room.leaves('b');
}

TEST_CASE("while they are closed nobody sits down, and then who came first does") {
  Room room(2);
  room.comes('a', 1);
  room.all.close();
  room.comes('b', 2);
  room.comes('c', 1);
  room.leaves('a');
  CHECK(room.seated == "a");
  room.all.open();
  room.settle();
  CHECK(room.seated == "ab");
  room.leaves('b');
  CHECK(room.seated == "abc");
  room.leaves('c');
}

TEST_CASE("who is stopped while it waits leaves the line, and while it sits its place") {
  Room room(1);
  room.comes('a', 1);
  room.comes('b', 1);
  room.tasks.cancel();
  room.settle();
  CHECK(room.tasks.running() == 0);
  room.comes('c', 1);
  CHECK(room.seated.back() == 'c');
  room.leaves('c');
}
