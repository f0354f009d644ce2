// A name is good for a minute: accounts are renamed rarely, and an operator's script asks often.
#include "daemon/http/account_names.hpp"

#include <pwd.h>

#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr Millis limit(500);
constexpr Millis good_for = Seconds(60);
constexpr std::size_t most = 256;  // accounts

std::string ask(std::int64_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  const bool known = ::getpwuid_r(static_cast<uid_t>(uid), &entry, buffer, sizeof buffer, &found) == 0 && found;
  return known ? found->pw_name : "uid " + std::to_string(uid);
}

}  // namespace

net::awaitable<std::string> AccountNames::name_of(std::int64_t uid) {
  const std::string number = "uid " + std::to_string(uid);
  if (const auto at = known_.find(uid); at != known_.end() && now().mono < at->second.until) co_return at->second.name;
  std::function<std::string()> work = [uid] { return ask(uid); };
  const auto name = co_await aside_.within(limit, number, std::move(work));
  if (!name) co_return number;
  if (known_.size() >= most) known_.clear();
  known_[uid] = {*name, now().mono + good_for};
  co_return *name;
}

}  // namespace readback
