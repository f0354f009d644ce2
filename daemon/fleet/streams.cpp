// What exists is asked before anything is made, and what another member makes at the same time is as good.
#include "daemon/fleet/streams.hpp"

namespace readback {
namespace {

constexpr Millis creation_limit = Seconds(4);  // in a cluster its members must agree on who keeps it
constexpr int is_missing = 10059, is_there_already = 10058;

}  // namespace

net::awaitable<JetStreamAnswer> ask(Wire& wire, WireRequest request, Millis limit) {
  const auto came = co_await wire.ask(std::move(request), limit);
  JetStreamAnswer answer;
  if (came)
    answer = read_answer(*came);
  else
    answer.error = JetStreamError{0, 0, "no answer"};
  co_return answer;
}

net::awaitable<void> pause(Wire& wire, Millis wait) {
  Wake never(wire.loop());
  co_await never.wait_for(wait);
}

net::awaitable<std::string> make_stream(Wire& wire, StreamWish wish, int replicas) {
  auto about = info_of(wish.name);
  const auto info = co_await ask(wire, std::move(about), request_limit);
  if (!info.error) co_return misfit_of(wish, info);
  if (info.error->err_code == 0) co_return "the fleet's servers do not answer about " + wish.name;
  if (info.error->err_code != is_missing) co_return describe(*info.error, wish.name, replicas);
  WireRequest create{"$JS.API.STREAM.CREATE." + wish.name, wish.config, {}};
  const auto made = co_await ask(wire, std::move(create), creation_limit);
  if (!made.error) co_return misfit_of(wish, made);
  if (made.error->err_code == is_there_already) co_return "";
  if (made.error->err_code == 0) co_return "the fleet's servers do not make " + wish.name;
  co_return describe(*made.error, wish.name, replicas);
}

}  // namespace readback
