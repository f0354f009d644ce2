#include "daemon/read/resolver.hpp"

#include <netdb.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <map>
#include <mutex>
#include <thread>

namespace readback {
namespace {

constexpr std::size_t most_threads = 64;  // hung lookups of that many names: then the resolver is the fault

using Addresses = std::vector<net::ip::address>;

struct Answer {
  Addresses addresses;
  std::optional<TransportError> error;
};

Answer ask(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  Answer answer;
  if (code != 0) {
    const bool no_such_name = code == EAI_NONAME
#ifdef EAI_NODATA
                              || code == EAI_NODATA
#endif
        ;
    const TransportFault fault = no_such_name         ? TransportFault::dns
                                 : code == EAI_MEMORY ? TransportFault::local
                                                      : TransportFault::resolver;
    answer.error =
        TransportError{fault, no_such_name ? "the name " + host + " does not exist"
                                           : "the resolver could not tell " + host + ": " + ::gai_strerror(code)};
    return answer;
  }
  Addresses v4, v6;
  bool v6_first = false;
  for (auto* each = found; each; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(each->ai_addr);
      v4.emplace_back(net::ip::address_v4(ntohl(in->sin_addr.s_addr)));
    } else if (each->ai_family == AF_INET6) {
      const auto* in = reinterpret_cast<const sockaddr_in6*>(each->ai_addr);
      net::ip::address_v6::bytes_type bytes;
      std::copy(std::begin(in->sin6_addr.s6_addr), std::end(in->sin6_addr.s6_addr), bytes.begin());
      v6_first = v6_first || v4.empty();
      v6.emplace_back(net::ip::address_v6(bytes, in->sin6_scope_id));
    }
  }
  ::freeaddrinfo(found);
  // The families by turns, beginning with the one that the system prefers (RFC 8305 section 4).
  const Addresses& first = v6_first ? v6 : v4;
  const Addresses& second = v6_first ? v4 : v6;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) answer.addresses.push_back(first[i]);
    if (i < second.size()) answer.addresses.push_back(second[i]);
  }
  if (answer.addresses.empty())
    answer.error = TransportError{TransportFault::dns, "the name " + host + " has no address"};
  return answer;
}

}  // namespace

/// Outlives the resolver while a thread still hangs in a lookup; `open` says whether anybody still listens.
struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
  struct Waiter {
    explicit Waiter(net::any_io_executor ex) : timer(ex) {}
    net::steady_timer timer;
    std::optional<Answer> answer;
  };
  explicit State(net::any_io_executor ex) : executor(std::move(ex)) {}

  net::any_io_executor executor;
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> asked;  ///< only touched in the loop
  std::mutex guard;
  bool open = true;

  void start(const std::string& host) {
    std::thread([self = shared_from_this(), host] {
      Answer answer = ask(host);
      std::lock_guard lock(self->guard);
      if (!self->open) return;
      net::post(self->executor, [self, host, answer = std::move(answer)] { self->answered(host, answer); });
    }).detach();
  }
  void answered(const std::string& host, const Answer& answer) {
    auto waiters = std::move(asked[host]);
    asked.erase(host);
    for (auto& waiter : waiters) {
      waiter->answer = answer;
      waiter->timer.cancel();
    }
  }
};

Resolver::Resolver(net::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
Resolver::~Resolver() {
  std::lock_guard lock(state_->guard);
  state_->open = false;
}

net::awaitable<Lookup> Resolver::lookup(std::string host, std::string port,
                                        std::chrono::steady_clock::time_point deadline) {
  Lookup result;
  unsigned port_number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), port_number);
  if (error != std::errc{} || end != port.data() + port.size() || port_number == 0 || port_number > 65535) {
    result.error = TransportError{TransportFault::local, "the port " + port + " is none"};
    co_return result;
  }
  const auto port_value = static_cast<net::ip::port_type>(port_number);
  ErrorCode no_literal;
  const auto literal = net::ip::make_address(host, no_literal);
  if (!no_literal) {
    result.endpoints.emplace_back(literal, port_value);
    co_return result;
  }
  auto state = state_;
  if (!state->asked.contains(host) && state->asked.size() >= most_threads) {
    result.error =
        TransportError{TransportFault::resolver,
                       "the resolver is busy with " + std::to_string(most_threads) + " names that it does not answer"};
    co_return result;
  }
  auto waiter = std::make_shared<State::Waiter>(state->executor);
  auto& waiters = state->asked[host];
  waiters.push_back(waiter);
  if (waiters.size() == 1) state->start(host);
  waiter->timer.expires_at(deadline);
  auto [ec] = co_await waiter->timer.async_wait(token);
  (void)ec;
  if (!waiter->answer) {
    result.error = TransportError{TransportFault::resolver, "the resolver gave no answer for " + host + " in time"};
    co_return result;
  }
  result.error = waiter->answer->error;
  for (const auto& address : waiter->answer->addresses) result.endpoints.emplace_back(address, port_value);
  co_return result;
}

}  // namespace readback
