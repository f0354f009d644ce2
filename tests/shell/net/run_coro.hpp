#pragma once
// A coroutine, run to its end on a loop of its own; one that does not end within the limit fails the test.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "core/text/instant.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

template <class T>
T run_coro(net::io_context& io, net::awaitable<T> task, Millis limit = Seconds(60)) {
  std::optional<T> result;
  net::co_spawn(io, std::move(task), [&](std::exception_ptr failed, T value) {
    if (failed) std::rethrow_exception(failed);
    result.emplace(std::move(value));
    io.stop();
  });
  io.restart();
  io.run_for(limit);
  if (!result) throw std::runtime_error("the coroutine did not end");
  return std::move(*result);
}

}  // namespace readback
