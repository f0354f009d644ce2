// Datagrams as sd_notify(3) sends them, but for one thing: nobody is waited for. A service manager that is slow to read
// has a full queue, and libsystemd would wait for it in the loop. What it did not take is sent before the next word.
#include "daemon/platform/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>

namespace readback {
namespace {

constexpr std::size_t most_waiting = 16;  // the oldest is left out

std::string status_line(std::string text) {
  for (char& c : text)
    if (c == '\n') c = ' ';
  return text;
}

/// The service manager's socket; its name is a path, or abstract and written with an @ in front.
class Socket {
 public:
  Socket() {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (!name || (*name != '/' && *name != '@') || std::strlen(name) >= sizeof to_.sun_path) return;
    to_.sun_family = AF_UNIX;
    std::memcpy(to_.sun_path, name, std::strlen(name));
    if (*name == '@') to_.sun_path[0] = '\0';
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name) + (*name == '/' ? 1 : 0));
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(std::string word) {
    if (fd_ < 0) return;
    std::erase(waiting_, word);  // said once more
    if (waiting_.size() >= most_waiting) waiting_.pop_front();
    waiting_.push_back(std::move(word));
    while (!waiting_.empty()) {
      const auto& next = waiting_.front();
      const auto* to = reinterpret_cast<const sockaddr*>(&to_);
      if (::sendto(fd_, next.data(), next.size(), MSG_NOSIGNAL, to, size_) < 0 && errno == EAGAIN) return;
      waiting_.pop_front();
    }
  }

 private:
  sockaddr_un to_{};
  socklen_t size_ = 0;
  int fd_ = -1;
  std::deque<std::string> waiting_;
};

void send(std::string word) {
  static Socket socket;
  socket.send(std::move(word));
}

}  // namespace

void notify_ready(const std::string& status) { send("READY=1\nSTATUS=" + status_line(status)); }
void notify_status(const std::string& status) { send("STATUS=" + status_line(status)); }
void notify_reloading() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  const auto micros = static_cast<long long>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros));
}
void notify_stopping() { send("STOPPING=1\nSTATUS=stopping"); }
void pet_watchdog() { send("WATCHDOG=1"); }

std::optional<std::chrono::milliseconds> watchdog_interval() {
  std::uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) <= 0) return std::nullopt;
  return std::chrono::milliseconds(micros / 2000);
}

}  // namespace readback
