// The host's failed units, asked of a bus that answers, one that hangs, and none.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <atomic>
#include <boost/json.hpp>
#include <cstdlib>
#include <thread>

#include "daemon/evidence/host.hpp"

using namespace readback;

namespace {

/// A system bus of one: greets whoever comes, and is systemd as far as the list of failed units goes.
class Bus {
 public:
  explicit Bus(bool answers) : answers_(answers) {
    path_ = "/tmp/readback-bus-" + std::to_string(::getpid());
    ::unlink(path_.c_str());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 1) == 0);
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + path_).c_str(), 1);
    if (answers_) thread_ = std::thread([this] { serve(); });
  }
  ~Bus() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
    ::unlink(path_.c_str());
    ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  }

 private:
  static int call(sd_bus_message* m, void*, sd_bus_error*) {
    if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
      return sd_bus_reply_method_return(m, "s", ":1.1") < 0 ? -1 : 1;
    if (!sd_bus_message_is_method_call(m, "org.freedesktop.systemd1.Manager", "ListUnitsFiltered")) return 0;
    return sd_bus_reply_method_return(m, "a(ssssssouso)", 2, "docker.service", "Docker", "loaded", "failed", "failed",
                                      "", "/a", 0u, "", "/", "nats.service", "NATS", "loaded", "failed", "failed", "",
                                      "/b", 0u, "", "/") < 0
               ? -1
               : 1;
  }
  void serve() {
    pollfd comes{listener_, POLLIN, 0};
    while (::poll(&comes, 1, 20) == 0)
      if (over_) return;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    sd_bus* bus = nullptr;
    sd_id128_t id;
    sd_id128_randomize(&id);
    sd_bus_new(&bus);
    sd_bus_set_fd(bus, fd, fd);
    sd_bus_set_server(bus, 1, id);
    sd_bus_set_anonymous(bus, 1);
    sd_bus_set_trusted(bus, 1);
    sd_bus_add_filter(bus, nullptr, call, nullptr);
    if (sd_bus_start(bus) >= 0)
      while (!over_) {
        const int done = sd_bus_process(bus, nullptr);
        if (done < 0) break;
        if (done == 0) sd_bus_wait(bus, 20'000);
      }
    sd_bus_close_unref(bus);
  }

  bool answers_;
  std::string path_;
  int listener_ = -1;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

constexpr std::chrono::milliseconds long_enough{5000}, short_limit{50};

}  // namespace

TEST_CASE("Failed units are named where there is a bus, and none are made up where there is not") {
  {
    const Bus bus(true);
    CHECK(failed_units_json(long_enough) == R"(["docker.service","nats.service"])");
  }
  ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all", 1);
  CHECK(failed_units_json(long_enough) == "null");
  ::unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

TEST_CASE("A bus that takes the call and never answers ends the asking, not the other way round") {
  const Bus hangs(false);
  CHECK(failed_units_json(short_limit) == "null");
}

TEST_CASE("The host's state has every field of the contract") {
  const auto o = boost::json::parse(host_state_json("/tmp", R"(["docker.service"])")).as_object();
  for (const char* key : {"load", "memory", "pressure", "disk", "uptime_s", "clock", "descriptors", "failed_units"})
    CHECK_MESSAGE(o.contains(key), key);
  CHECK(o.at("load").as_array().size() == 3);
  CHECK(o.at("memory").as_object().contains("MemAvailable_kib"));
  CHECK(o.at("disk").as_object().at("store").as_object().contains("available_bytes"));
  CHECK(o.at("descriptors").as_object().at("used").as_int64() > 0);
  CHECK(o.at("failed_units") == boost::json::parse(R"(["docker.service"])"));
  CHECK(boost::json::parse(host_state_json("/nowhere", "")).as_object().at("failed_units").is_null());
}
