#pragma once
// nats-server as Debian ships it, on the loopback device: one or several, with a folder of their own each, killed by
// their own pid, and by the kernel when this test ends in any other way.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/folder.hpp"
#include "tests/support/loopback.hpp"

namespace readback {

/// Free a moment ago. The kernel gives the same one to nobody else for a while.
inline std::uint16_t free_port() {
  const auto listener = listen_on_loopback();
  ::close(listener.fd);
  return listener.port;
}

/// The account `watchers` with JetStream and the one without, and who may log in.
inline const std::string usual_accounts = R"(
accounts {
  WATCHERS { jetstream: enabled, users: [{user: readback, password: secret}] }
  OTHERS { users: [{user: poor, password: secret}] }
}
)";

/// The usual configuration of one server, and what else is to stand in it.
inline std::string one_server(std::uint16_t port, const std::string& name, const std::string& more) {
  return "listen: 127.0.0.1:" + std::to_string(port) + "\nserver_name: " + name +
         "\njetstream { store_dir: \"@FOLDER@/js\", max_mem: 16MB, max_file: 4GB }\n" + more;
}

class NatsServer {
 public:
  explicit NatsServer(const std::string& more = usual_accounts) : folder_("nats"), port_(free_port()), name_("n1") {
    config_ = one_server(port_, name_, more);
    start();
  }
  /// With this configuration, in which `@FOLDER@` is a folder of its own.
  NatsServer(std::string config, std::uint16_t port, std::string name)
      : folder_("nats"), port_(port), name_(std::move(name)), config_(std::move(config)) {
    start();
  }
  ~NatsServer() { kill(); }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  void start() {
    if (pid_ > 0) return;
    std::string text = config_;
    for (std::size_t at = 0; (at = text.find("@FOLDER@", at)) != text.npos;) text.replace(at, 8, folder_.path.string());
    const auto file = folder_.write("nats.conf", text);
    const std::string log = (folder_.path / "log").string();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::setenv("NATS_SERVER_NAME", name_.c_str(), 1);
    ::execlp("nats-server", "nats-server", "-c", file.c_str(), nullptr);
    ::_exit(127);
  }
  void kill() { end(SIGKILL); }
  /// Stops reading and answering; its connections stay.
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void thaw() const { ::kill(pid_, SIGCONT); }
  void forget_all() { std::filesystem::remove_all(folder_.path / "js"); }
  bool is_up() const { return pid_ > 0; }

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  std::string log() const { return contents_of(folder_.path / "log"); }
  const std::string& name() const { return name_; }

 private:
  void end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  Folder folder_;
  std::uint16_t port_;
  std::string name_, config_;
  pid_t pid_ = 0;
};

/// Three that keep everything threefold.
class NatsCluster {
 public:
  explicit NatsCluster(const std::string& accounts = usual_accounts) {
    std::vector<std::uint16_t> ports;
    std::string routes;
    for (int i = 0; i < 3; ++i) {
      ports.push_back(free_port());
      routes += (i ? ", " : "") + ("nats://127.0.0.1:" + std::to_string(ports.back()));
    }
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string name = "n" + std::to_string(i + 1);
      const auto port = free_port();
      const std::string cluster = "\ncluster { name: watch, listen: \"127.0.0.1:" + std::to_string(ports[i]) +
                                  "\", routes: [" + routes + "] }\n";
      servers.push_back(std::make_unique<NatsServer>(one_server(port, name, accounts + cluster), port, name));
    }
  }
  std::vector<std::string> urls() const {
    std::vector<std::string> all;
    for (const auto& each : servers) all.push_back(each->url());
    return all;
  }
  NatsServer& named(const std::string& name) {
    for (auto& each : servers)
      if (each->name() == name) return *each;
    throw std::runtime_error("no server " + name);
  }
  std::vector<std::unique_ptr<NatsServer>> servers;
};

}  // namespace readback
