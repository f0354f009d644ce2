#pragma once
// Both ways into a daemon of the tests: its control socket and its read-only listener, with the loop in a thread of its
// own.
#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "daemon/control/control_room.hpp"
#include "tests/support/control/fake_backend.hpp"
#include "tests/support/control/wire.hpp"

namespace readback {

class Running {
 public:
  explicit Running(const std::string& target = "fabric") {
    char name[] = "/tmp/readback-control-XXXXXX";
    folder = ::mkdtemp(name);
    backend.shown = example_view(target);
    backend.next_answer.text = "done";
    room = std::make_unique<ControlRoom>(io.get_executor(), backend, "boot");
    const auto opened = room->open({socket(), ""}, {"127.0.0.1:0"});
    wrong = opened ? "" : opened.error();
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

inline const std::string incident_id = "019abcde-0000-7000-8000-000000000001";

}  // namespace readback
