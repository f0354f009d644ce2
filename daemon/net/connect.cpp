// A race is callbacks and not coroutines: its attempts overlap, each next one begins while the others are under way,
// and whoever loses is closed. What comes after it has one step after the other again.
#include "daemon/net/connect.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <cerrno>
#include <memory>
#include <utility>

namespace readback {
using net::ip::tcp;
using Clock = std::chrono::steady_clock;

namespace {

/// Whether the address belongs to a network that this host is plugged into.
bool is_on_our_network(const net::ip::address& address) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return false;
  const auto same = [](const void* a, const void* b, const void* mask, std::size_t bytes) {
    const auto *x = static_cast<const unsigned char*>(a), *y = static_cast<const unsigned char*>(b),
               *m = static_cast<const unsigned char*>(mask);
    for (std::size_t i = 0; i < bytes; ++i)
      if ((x[i] ^ y[i]) & m[i]) return false;
    return true;
  };
  bool found = false;
  for (const auto* each = all; each && !found; each = each->ifa_next) {
    if (!each->ifa_addr || !each->ifa_netmask || !(each->ifa_flags & IFF_UP) || !(each->ifa_flags & IFF_RUNNING))
      continue;
    if (address.is_v4() && each->ifa_addr->sa_family == AF_INET) {
      const auto bytes = address.to_v4().to_bytes();
      found = same(bytes.data(), &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr,
                   &reinterpret_cast<const sockaddr_in*>(each->ifa_netmask)->sin_addr, bytes.size());
    } else if (address.is_v6() && each->ifa_addr->sa_family == AF_INET6) {
      const auto bytes = address.to_v6().to_bytes();
      found = same(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr,
                   &reinterpret_cast<const sockaddr_in6*>(each->ifa_netmask)->sin6_addr, bytes.size());
    }
  }
  ::freeifaddrs(all);
  return found;
}

/// What it means that connecting to `address` failed so.
TransportError connect_fault(const ErrorCode& ec, const std::string& address) {
  const auto fault = [&] {
    switch (ec.value()) {
      case ECONNREFUSED:
      case ENOENT: return TransportFault::refused;
      case ECONNRESET:
      case EPIPE:
      case ECONNABORTED: return TransportFault::reset;
      case ETIMEDOUT: return TransportFault::timeout;
      case ENETUNREACH:
      case EHOSTUNREACH:
      case ENETDOWN:
      case EHOSTDOWN:
      case EADDRNOTAVAIL: return TransportFault::no_route;
      default: return TransportFault::local;
    }
  }();
  switch (fault) {
    case TransportFault::refused: return {fault, "connection refused"};
    case TransportFault::no_route: return {fault, "no route to " + address + ": " + ec.message()};
    default: return {fault, address + ": " + ec.message()};
  }
}

constexpr auto between_attempts = Millis(250);  // RFC 8305 section 5
constexpr auto queue_pause = Millis(20);        // before a full queue is tried again

constexpr int tells_timeout = 2;
/// Of several addresses that failed, how much each says about the other side. One that answered "no" says it all: the
/// family for which this host has no route must not turn a platform that refuses into our own blindness.
int tells(const ErrorCode& ec) {
  switch (connect_fault(ec, "").fault) {
    case TransportFault::refused: return 4;
    case TransportFault::reset: return 3;
    case TransportFault::timeout: return tells_timeout;
    case TransportFault::no_route: return 1;
    default: return 0;
  }
}

/// The connection that was won first, among the addresses of one name.
struct Race : std::enable_shared_from_this<Race> {
  Race(net::any_io_executor ex, std::vector<tcp::endpoint> all) : endpoints(std::move(all)), stagger(ex), done(ex) {
    for (std::size_t i = 0; i < endpoints.size(); ++i) sockets.emplace_back(ex);
  }
  void next() {
    if (over || begun == endpoints.size()) return;
    const std::size_t i = begun++;
    auto self = shared_from_this();
    sockets[i].async_connect(endpoints[i], [self, i](ErrorCode ec) { self->finished(i, ec); });
    if (begun == endpoints.size()) return;
    stagger.expires_after(between_attempts);
    stagger.async_wait([self](ErrorCode ec) {
      if (!ec) self->next();
    });
  }
  void finished(std::size_t i, ErrorCode ec) {
    if (over) return;
    if (!ec) return end(i);
    if (!failure || tells(ec) > tells(failure->second)) failure = {i, ec};
    if (++failed == endpoints.size()) return end(endpoints.size());
    next();
  }
  void end(std::size_t who) {
    over = true;
    winner = who;
    stagger.cancel();
    for (std::size_t k = 0; k < sockets.size(); ++k)
      if (k != who) {
        ErrorCode ignored;
        sockets[k].close(ignored);
      }
    done.cancel();
  }

  std::vector<tcp::endpoint> endpoints;
  std::vector<tcp::socket> sockets;
  net::steady_timer stagger, done;
  std::size_t begun = 0, failed = 0, winner = 0;
  std::optional<std::pair<std::size_t, ErrorCode>> failure;  ///< the one that tells most, the earliest of those
  bool over = false;
};

std::string shown(const tcp::endpoint& e) {
  const auto address = e.address().to_string();
  return (e.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(e.port());
}

/// Of a race that nobody won.
TransportError trouble_of(const Race& race, bool too_late, std::string& address) {
  const bool refused = race.failure && tells(race.failure->second) > tells_timeout;
  if (too_late && !refused) {
    address = shown(race.endpoints.front());
    return {TransportFault::timeout, address + " does not accept a connection in time"};
  }
  const auto& [which, error] = *race.failure;
  address = shown(race.endpoints[which]);
  // A host of our own network for which nobody answers is switched off: that is no missing route of ours.
  if (error == net::error::host_unreachable && is_on_our_network(race.endpoints[which].address()))
    return {TransportFault::timeout, address + ": no host of our network answers there"};
  return connect_fault(error, address);
}

std::int64_t micros_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

}  // namespace

net::awaitable<void> shake_hands(Dialled& call, std::shared_ptr<TlsClient> tls, std::string host) {
  const auto start = Clock::now();
  const auto& configured = tls->config().server_name;
  const std::string name(known_host(configured.empty() ? host : configured));
  const auto shaken = co_await call.to.stream->shake_hands(tls, name);
  call.phases.tls_us = micros_since(start);
  call.tls_expires_at = shaken.findings.leaf_expires_at;
  if (!shaken.error) co_return;
  call.to.stream.reset();
  if (shaken.error == boost::beast::error::timeout)
    call.to.error = TransportError{TransportFault::timeout, "the TLS handshake did not end in time"};
  else if (!shaken.findings.trouble.empty())
    call.to.error = TransportError{TransportFault::tls, shaken.findings.trouble};
  else
    call.to.error = TransportError{TransportFault::tls, "the TLS handshake failed: " + shaken.error.message()};
}

net::awaitable<Connected> connect_first(std::vector<tcp::endpoint> endpoints, Stream::Deadline deadline) {
  auto executor = co_await net::this_coro::executor;
  auto race = std::make_shared<Race>(executor, std::move(endpoints));
  race->done.expires_at(deadline);
  race->next();
  if (!race->over) {
    auto [ec] = co_await race->done.async_wait(token);
    (void)ec;
  }
  Connected result;
  const bool too_late = !race->over;
  if (too_late) race->end(race->sockets.size());
  if (race->winner == race->sockets.size()) {
    result.error = trouble_of(*race, too_late, result.address);
    co_return result;
  }
  auto& socket = race->sockets[race->winner];
  result.address = shown(race->endpoints[race->winner]);
  result.stream.emplace(std::move(socket));
  result.stream->expires_at(deadline);
  co_return result;
}

net::awaitable<Connected> connect_unix(std::string path, Stream::Deadline deadline) {
  using local = net::local::stream_protocol;
  auto executor = co_await net::this_coro::executor;
  Connected result;
  result.address = "unix:" + path;
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    result.error = TransportError{TransportFault::local, "the socket's path is longer than the system allows"};
    co_return result;
  }
  const local::endpoint endpoint(path);
  net::steady_timer pause(executor);
  for (;;) {
    // A socket of this host is connected at once or not at all. Asio would wait for one whose queue is full, and then
    // take it for connected.
    local::socket socket(executor);
    ErrorCode failed;
    socket.open(local(), failed);
    if (!failed) socket.native_non_blocking(true, failed);
    if (!failed && ::connect(socket.native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0)
      failed.assign(errno, boost::system::system_category());
    if (failed && failed != net::error::try_again) {
      result.error = connect_fault(failed, path);
      co_return result;
    }
    if (!failed) {
      result.stream.emplace(std::move(socket));
      result.stream->expires_at(deadline);
      co_return result;
    }
    // A listener whose queue is full refuses nobody. Over TCP the system would go on trying; here it is for us to do.
    if (Clock::now() + queue_pause >= deadline) {
      result.error = TransportError{TransportFault::timeout, path + " does not accept a connection in time"};
      co_return result;
    }
    pause.expires_after(queue_pause);
    auto [cut_short] = co_await pause.async_wait(token);
    (void)cut_short;
  }
}

net::awaitable<Dialled> dial(Resolver& resolver, Url url, std::shared_ptr<TlsClient> tls, Stream::Deadline deadline) {
  Dialled call;
  const auto start = Clock::now();
  if (url.scheme == Url::Scheme::unix_socket) {
    call.to = co_await connect_unix(url.host, deadline);
    call.phases.connect_us = micros_since(start);
    co_return call;
  }
  auto found = co_await resolver.lookup(url.host, url.port, deadline);
  if (!found.literal) call.phases.dns_us = micros_since(start);
  if (found.error) {
    call.to.error = found.error;
    co_return call;
  }
  const auto connect_start = Clock::now();
  call.to = co_await connect_first(std::move(found.endpoints), deadline);
  call.phases.connect_us = micros_since(connect_start);
  const bool secret = url.scheme == Url::Scheme::https && !call.to.error;
  if (secret) co_await shake_hands(call, std::move(tls), url.host);
  co_return call;
}

}  // namespace readback
