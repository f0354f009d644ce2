#include "daemon/sinks/name_lookup.hpp"

#include <netdb.h>

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <thread>

#include "core/text/time.hpp"

namespace readback {
namespace {

/// How many lookups hang at this moment, in the whole program.
std::atomic<int> outstanding{0};

std::uint16_t port_number(const std::string& port) {
  std::uint16_t n = 0;
  std::from_chars(port.data(), port.data() + port.size(), n);
  return n;
}

}  // namespace

/// Shared by the loop and the thread. The loop's side leaves by setting `waiting` to null; the thread then finds
/// nobody.
struct NameLookup::Asked {
  std::mutex mutex;
  net::steady_timer* waiting = nullptr;
  bool answered = false;
  int error = 0;
  Endpoints endpoints;
};

std::shared_ptr<NameLookup> make_name_lookup(net::any_io_executor loop) {
  return std::make_shared<NameLookup>(std::move(loop));
}

net::awaitable<NameLookup::Found> NameLookup::find(std::string host, std::string port, Millis limit) {
  Found found;
  ErrorCode not_literal;
  const auto literal = net::ip::make_address(host, not_literal);
  if (!not_literal) {
    found.endpoints.emplace_back(literal, port_number(port));
    co_return found;
  }
  const std::string key = host + ":" + port;
  const auto self = shared_from_this();
  if (outstanding >= most_outstanding) {
    found.problem = "the resolver is busy";
  } else {
    auto asked = std::make_shared<Asked>();
    net::steady_timer timer(loop_, limit);
    asked->waiting = &timer;
    ++outstanding;
    std::thread([asked, host, port, loop = loop_] {
      addrinfo hints{};
      hints.ai_socktype = SOCK_STREAM;
      hints.ai_flags = AI_ADDRCONFIG;
      addrinfo* list = nullptr;
      const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
      Endpoints endpoints;
      for (const addrinfo* a = error ? nullptr : list; a; a = a->ai_next) {
        net::ip::tcp::endpoint endpoint;
        if (a->ai_addrlen > endpoint.capacity()) continue;
        endpoint.resize(a->ai_addrlen);
        std::copy_n(reinterpret_cast<const char*>(a->ai_addr), a->ai_addrlen, reinterpret_cast<char*>(endpoint.data()));
        endpoints.push_back(endpoint);
      }
      if (list) ::freeaddrinfo(list);
      --outstanding;
      const std::lock_guard lock(asked->mutex);
      asked->answered = true;
      asked->error = error;
      asked->endpoints = std::move(endpoints);
      if (asked->waiting)
        net::post(loop, [asked] {
          const std::lock_guard inner(asked->mutex);
          if (asked->waiting) asked->waiting->cancel();
        });
    }).detach();
    struct Leave {
      std::shared_ptr<Asked> asked;
      ~Leave() {
        const std::lock_guard lock(asked->mutex);
        asked->waiting = nullptr;
      }
    } leave{asked};
    auto [ec] = co_await timer.async_wait(token);
    (void)ec;
    const std::lock_guard lock(asked->mutex);
    if (!asked->answered)
      found.problem = "no answer from the resolver within " + humanize(limit);
    else if (asked->error == EAI_NONAME)
      found.problem = "no such name";
    else if (asked->error)
      found.problem = std::string("resolver: ") + ::gai_strerror(asked->error);
    else if (asked->endpoints.empty())
      found.problem = "the name has no address";
    else
      found.endpoints = asked->endpoints;
  }
  if (!found.endpoints.empty()) {
    last_good_[key] = found.endpoints;
  } else if (const auto known = last_good_.find(key); known != last_good_.end()) {
    found.endpoints = known->second;
    found.problem.clear();
  }
  co_return found;
}

}  // namespace readback
