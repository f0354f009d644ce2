// Nothing here judges: what comes from the daemon is handed to whoever shows it, and both listeners start and stop
// together.
#include "daemon/control/control_room.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace readback {

ControlRoom::ControlRoom(net::any_io_executor executor, ControlBackend& backend, std::string boot)
    : executor_(executor),
      backend_(backend),
      feed_(executor, std::move(boot)),
      api_(backend, feed_, history_),
      pages_(backend, feed_, history_, metrics_),
      tasks_(executor,
             [this](const std::string& task, std::exception_ptr e) { warn(task + " ended: " + text_of(e)); }) {}

void ControlRoom::warn(std::string text) {
  Say line;
  line.level = Say::Level::warning;
  line.kind = "control.warning";
  line.text = std::move(text);
  backend_.say(std::move(line));
}

void ControlRoom::start(std::unique_ptr<Listener>& slot, BoundSocket socket, Handler& handler, const char* name) {
  auto on_error = [this](const std::string& task, std::exception_ptr e) { warn(task + " ended: " + text_of(e)); };
  ListenerLimits limits;
  rlimit open{};
  if (::getrlimit(RLIMIT_NOFILE, &open) == 0)
    limits.max_connections = std::min<std::size_t>(limits.max_connections, places_within(open.rlim_cur));
  slot = std::make_unique<Listener>(std::move(socket), handler, limits, std::move(on_error));
  tasks_.spawn(name, slot->run());
}

Result<void> ControlRoom::open(const ControlConfig& control, const HttpConfig& http) {
  auto local = BoundSocket::unix_socket(executor_, control.socket, control.group);
  if (!local) return local.failure();
  if (!local->warning().empty()) warn(local->warning());
  if (!http.listen.empty()) {
    auto tcp = BoundSocket::tcp(executor_, http.listen);
    if (!tcp) return tcp.failure();
    pages_.guard_host(tcp->loopback());
    if (!tcp->loopback())
      warn("http.listen: " + tcp->shown() + " can be reached from other machines, and asks nobody who they are");
    start(http_, *std::move(tcp), pages_, "http listener");
  }
  start(control_, *std::move(local), api_, "control socket");
  return {};
}

void ControlRoom::on_sweep(const SweepRecord& sweep) {
  history_.on_sweep(sweep);
  metrics_.on_sweep(sweep);
  feed_.on_sweep(sweep);
}

void ControlRoom::on_alert(const AlertEvent& event) { feed_.on_alert(event); }

void ControlRoom::keep_only(const std::vector<std::string>& targets) {
  history_.keep_only(targets);
  metrics_.keep_only(targets);
}

void ControlRoom::close() {
  if (control_) control_->close();
  if (http_) http_->close();
  tasks_.cancel();
}

net::awaitable<bool> ControlRoom::join(Millis limit) {
  const bool all = co_await tasks_.join(limit);
  bool sessions = true;
  if (control_) {
    const bool ended = co_await control_->join(limit);
    sessions = sessions && ended;
  }
  if (http_) {
    const bool ended = co_await http_->join(limit);
    sessions = sessions && ended;
  }
  co_return all&& sessions;
}

std::string ControlRoom::http_address() const { return http_ ? http_->socket().shown() : std::string(); }

}  // namespace readback
