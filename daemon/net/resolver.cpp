// The threads belong to the lookups, not to the resolver: whoever goes away leaves behind those that hang, and their
// answers find nobody.
#include "daemon/net/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

namespace readback {
namespace {

constexpr std::size_t most_asked = 64;  // lookups at one time; further names wait for their turn
constexpr std::size_t standing = 2;     // threads that wait for a name when there is none

using Clock = std::chrono::steady_clock;
using Addresses = std::vector<net::ip::address>;
using Answer = Resolver::Answer;

bool says_no_such_name(int code) { return code == EAI_NONAME || code == EAI_NODATA || code == EAI_ADDRFAMILY; }

bool is_ours(int system_error) {
  return system_error == EMFILE || system_error == ENFILE || system_error == ENOMEM || system_error == ENOBUFS;
}

/// Without a descriptor to ask with, getaddrinfo says that there is no such name.
int trouble_with_descriptors() {
  const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno;
  ::close(probe);
  return 0;
}

TransportError lookup_fault(int code, int system_error, const std::string& host) {
  if (says_no_such_name(code)) {
    if (const int trouble = trouble_with_descriptors(); is_ours(trouble))
      return {TransportFault::local, "this host could not look up " + host + ": " + std::strerror(trouble)};
    return {TransportFault::dns, "the name " + host + " does not exist"};
  }
  const std::string why = code == EAI_SYSTEM ? std::strerror(system_error) : ::gai_strerror(code);
  const bool ours = code == EAI_MEMORY || (code == EAI_SYSTEM && is_ours(system_error));
  return {ours ? TransportFault::local : TransportFault::resolver, "the resolver could not tell " + host + ": " + why};
}

/// The families by turns, beginning with the one that the system prefers (RFC 8305 section 4).
Addresses by_turns(const addrinfo* found) {
  Addresses v4, v6, all;
  bool v6_first = false;
  for (const auto* each = found; each; each = each->ai_next) {
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
  const Addresses& first = v6_first ? v6 : v4;
  const Addresses& second = v6_first ? v4 : v6;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) all.push_back(first[i]);
    if (i < second.size()) all.push_back(second[i]);
  }
  return all;
}

std::optional<net::ip::port_type> port_of(const std::string& text) {
  net::ip::port_type port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

Answer Resolver::ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (says_no_such_name(code)) {
    // Only the families were asked for that this host has itself. A name of the other one exists, and that we have no
    // route to it is our trouble, not theirs.
    hints.ai_flags = 0;
    code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  const int system_error = errno;
  Answer answer;
  if (code != 0) {
    answer.error = lookup_fault(code, system_error, host);
    return answer;
  }
  answer.addresses = by_turns(found);
  ::freeaddrinfo(found);
  if (answer.addresses.empty())
    answer.error = TransportError{TransportFault::dns, "the name " + host + " has no address"};
  return answer;
}

/// Outlives the resolver while a thread still hangs in a lookup; `open` says whether anybody still listens.
struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
  struct Waiter {
    Waiter(net::any_io_executor ex, Clock::time_point until) : timer(std::move(ex), until), deadline(until) {}
    net::steady_timer timer;
    Clock::time_point deadline;
    std::optional<Answer> answer;
  };
  State(net::any_io_executor ex, Memory keep, Ask how) : executor(std::move(ex)), memory(keep), ask(std::move(how)) {}

  const net::any_io_executor executor;
  const Memory memory;
  const Ask ask;
  std::map<std::string, Addresses> last_good;                         ///< when `memory` says so
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> asked;  ///< only touched in the loop, like these two
  std::deque<std::string> in_line;                                    ///< names that are not handed over yet
  std::size_t handed_over = 0;                                        ///< and not answered

  std::mutex guard;  // of what follows
  std::condition_variable wake;
  std::deque<std::string> handed;  ///< to whichever thread comes first
  std::size_t threads = 0, idle = 0;
  bool open = true;

  /// Asks for the next names in line, as far as that is allowed at one time.
  void start_next() {
    while (handed_over < most_asked && !in_line.empty()) {
      const std::string host = std::move(in_line.front());
      in_line.pop_front();
      const auto& waiters = asked[host];
      const auto at = Clock::now();
      const bool wanted = std::any_of(waiters.begin(), waiters.end(), [&](const auto& w) { return w->deadline > at; });
      if (wanted)
        hand_over(host);
      else
        asked.erase(host);
    }
  }
  void hand_over(const std::string& host) {
    ++handed_over;
    const std::lock_guard lock(guard);
    handed.push_back(host);
    if (handed.size() > idle) {
      try {
        add_thread();
      } catch (const std::system_error&) {  // none to be had: those that are there come to it
      }
    }
    wake.notify_one();
  }
  /// With the guard held. Throws std::system_error.
  void add_thread() {
    std::thread([self = shared_from_this()] { self->serve(); }).detach();
    ++threads;
  }
  void serve() {
    std::unique_lock lock(guard);
    while (open && (!handed.empty() || idle < standing)) {
      ++idle;
      wake.wait(lock, [this] { return !open || !handed.empty(); });
      --idle;
      if (!open) break;
      const std::string host = std::move(handed.front());
      handed.pop_front();
      lock.unlock();
      Answer answer = ask_safely(host);
      lock.lock();
      if (!open) break;
      net::post(executor, [self = shared_from_this(), host, answer = std::move(answer)] {
        --self->handed_over;
        self->answered(host, answer);
        self->start_next();
      });
    }
    --threads;
  }
  Answer ask_safely(const std::string& host) {
    try {
      return ask(host);
    } catch (const std::exception& e) {
      Answer answer;
      answer.error = TransportError{TransportFault::local, "this host could not look up " + host + ": " + e.what()};
      return answer;
    }
  }
  void answered(const std::string& host, const Answer& answer) {
    if (memory == Memory::last_good && !answer.error) last_good[host] = answer.addresses;
    auto waiters = std::move(asked[host]);
    asked.erase(host);
    for (auto& waiter : waiters) {
      waiter->answer = answer;
      waiter->timer.cancel();
    }
  }
};

Resolver::Resolver(net::any_io_executor executor, Memory memory, Ask ask)
    : state_(std::make_shared<State>(std::move(executor), memory, std::move(ask))) {
  const std::lock_guard lock(state_->guard);
  state_->add_thread();
  try {
    while (state_->threads < standing) state_->add_thread();
  } catch (const std::system_error&) {  // one will do
  }
}
/// A thread that hangs in a lookup keeps the state until it is back, which may be after the loop has gone: what belongs
/// to the loop, the waiters' timers, goes now.
Resolver::~Resolver() {
  std::lock_guard lock(state_->guard);
  state_->open = false;
  state_->wake.notify_all();
  state_->asked.clear();
  state_->in_line.clear();
}

net::awaitable<Lookup> Resolver::lookup(std::string host, std::string port, Clock::time_point deadline) {
  Lookup result;
  const auto port_number = port_of(port);
  if (!port_number) {
    result.error = TransportError{TransportFault::local, "the port " + port + " is none"};
    co_return result;
  }
  ErrorCode no_literal;
  const auto literal = net::ip::make_address(host, no_literal);
  if (!no_literal) {
    result.literal = true;
    result.endpoints.emplace_back(literal, *port_number);
    co_return result;
  }
  auto state = state_;
  const auto known = state->last_good.find(host);
  const Addresses fallback = known == state->last_good.end() ? Addresses() : known->second;
  const auto at = Clock::now();
  const auto patience = fallback.empty() ? deadline : at + (deadline - at) / 2;
  auto waiter = std::make_shared<State::Waiter>(state->executor, patience);
  auto& waiters = state->asked[host];
  waiters.push_back(waiter);
  if (waiters.size() == 1) {
    state->in_line.push_back(host);
    state->start_next();
  }
  auto [ec] = co_await waiter->timer.async_wait(token);
  (void)ec;
  Answer answer;
  if (waiter->answer)
    answer = *waiter->answer;
  else
    answer.error = TransportError{TransportFault::resolver, "the resolver gave no answer for " + host + " in time"};
  if (answer.error && fallback.empty()) result.error = answer.error;
  for (const auto& address : answer.error ? fallback : answer.addresses)
    result.endpoints.emplace_back(address, *port_number);
  co_return result;
}

}  // namespace readback
