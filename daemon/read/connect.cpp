#include "daemon/read/connect.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <memory>
#include <utility>

namespace readback {
using net::ip::tcp;

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

}  // namespace

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

namespace {

constexpr auto between_attempts = std::chrono::milliseconds(250);  // RFC 8305 section 5

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

}  // namespace

net::awaitable<Connected> connect_first(std::vector<tcp::endpoint> endpoints,
                                        std::chrono::steady_clock::time_point deadline) {
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
  const bool refused = race->failure && tells(race->failure->second) > tells_timeout;
  if (too_late && !refused) {
    result.address = shown(race->endpoints.front());
    result.error = TransportError{TransportFault::timeout, result.address + " does not accept a connection in time"};
  } else if (race->winner == race->sockets.size()) {
    const auto& [which, error] = *race->failure;
    result.address = shown(race->endpoints[which]);
    // A host of our own network for which nobody answers is switched off: that is no missing route of ours.
    if (error == net::error::host_unreachable && is_on_our_network(race->endpoints[which].address()))
      result.error = TransportError{TransportFault::timeout, result.address + ": no host of our network answers there"};
    else
      result.error = connect_fault(error, result.address);
  } else {
    result.address = shown(race->endpoints[race->winner]);
    result.socket = std::move(race->sockets[race->winner]);
  }
  co_return result;
}

}  // namespace readback
