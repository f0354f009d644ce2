// Accepting never waits for a session: what is too much is told so in a session of its own kind, and of those there is
// a limit as well.
#include "daemon/http/listener.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

Peer peer_of(int fd) {
  Peer peer;
  ucred cred{};
  socklen_t size = sizeof cred;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0 || size != sizeof cred) return peer;
  peer.uid = cred.uid;
  peer.gid = cred.gid;
  peer.pid = cred.pid;
  peer.user = "uid " + std::to_string(cred.uid);
  return peer;
}

}  // namespace

/// There are two listeners; with their refusals they hold a third of all at most.
std::size_t places_within(std::size_t descriptors) {
  constexpr std::size_t share = 8, fewest = 4;
  return std::max(descriptors / share, fewest);
}

Listener::Listener(BoundSocket socket, Handler& handler, ListenerLimits limits, TaskGroup::OnError on_error)
    : socket_(std::move(socket)),
      handler_(handler),
      limits_(limits),
      sessions_(std::visit([](auto& a) { return net::any_io_executor(a.get_executor()); }, *socket_.acceptor_),
                on_error),
      refusals_(std::visit([](auto& a) { return net::any_io_executor(a.get_executor()); }, *socket_.acceptor_),
                on_error) {
  if (auto* local = std::get_if<net::local::stream_protocol::acceptor>(socket_.acceptor_.get()))
    names_ = std::make_shared<AccountNames>(local->get_executor());
}

void Listener::close() {
  closed_ = true;
  ErrorCode ignored;
  std::visit([&](auto& acceptor) { acceptor.close(ignored); }, *socket_.acceptor_);
  sessions_.cancel();
  refusals_.cancel();
}

net::awaitable<void> Listener::run() {
  auto executor = co_await net::this_coro::executor;
  net::steady_timer pause(executor);
  auto* local = std::get_if<net::local::stream_protocol::acceptor>(socket_.acceptor_.get());
  auto* tcp = std::get_if<net::ip::tcp::acceptor>(socket_.acceptor_.get());
  while (!closed_) {
    Stream::Socket socket(executor);
    ErrorCode failed;
    if (local) {
      auto [ec] = co_await local->async_accept(socket, token);
      failed = ec;
    } else {
      auto [ec] = co_await tcp->async_accept(socket, token);
      failed = ec;
    }
    if (closed_) break;
    if (failed) {  // out of descriptors, most likely: breathe, then go on
      pause.expires_after(Millis(100));
      auto [ec] = co_await pause.async_wait(token);
      if (ec) break;
      continue;
    }
    if (sessions_.running() >= limits_.max_connections && !make_room()) {
      if (refusals_.running() < (limits_.max_connections + 3) / 4)  // beyond that it is closed without a word
        refusals_.spawn("refusal", refuse(std::move(socket), limits_.max_connections));
      continue;
    }
    Peer peer;
    if (local) peer = peer_of(socket.native_handle());
    auto place = std::make_shared<Place>();
    places_.push_back(place);
    if (places_.size() > 2 * limits_.max_connections)
      std::erase_if(places_, [](const std::weak_ptr<Place>& each) { return each.expired(); });
    sessions_.spawn("session", serve(std::move(socket), handler_, limits_, std::move(peer), names_, std::move(place)));
  }
}

bool Listener::make_room() {
  const auto at = now().mono;
  std::shared_ptr<Place> longest;
  MonoTime since = MonoTime::max();
  for (const auto& each : places_) {
    const auto place = each.lock();
    const auto idle = place ? place->idle_since(at) : std::nullopt;
    if (idle && *idle < since) longest = place, since = *idle;
  }
  if (longest) longest->give_away();
  return longest != nullptr;
}

net::awaitable<bool> Listener::join(Millis limit) {
  const bool served = co_await sessions_.join(limit);
  const bool refused = co_await refusals_.join(limit);
  co_return served&& refused;
}

}  // namespace readback
