#pragma once
// Who is at the other end of the control socket, by name. The name service may be a directory on another machine that
// does not answer: it is asked aside, at most once at a time for each account, and only for what changes something. Who
// has no name in time is "uid 1000".
#include <map>
#include <string>

#include "core/text/instant.hpp"
#include "daemon/runtime/aside.hpp"

namespace readback {

class AccountNames {
 public:
  explicit AccountNames(net::any_io_executor loop) : aside_(std::move(loop), 2) {}

  /// The account's name, else "uid N"; within half a second.
  net::awaitable<std::string> name_of(std::int64_t uid);

 private:
  struct Known {
    std::string name;
    MonoTime until{};
  };
  std::map<std::int64_t, Known> known_;
  Aside aside_;
};

}  // namespace readback
