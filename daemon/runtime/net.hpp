#pragma once
// The names for Asio and Beast that all of the daemon uses, and the one completion token of its coroutines.
// Errors come back as values (`auto [ec, n] = co_await …`), cancellation as an exception that only TaskGroup catches.
// Before writing a `co_await`: g++ 12.2 miscompiles aggregates, capturing lambdas and `?:` inside the same expression.
// Only names, std::move(name), literals and plain calls go there; tests/lint enforces it.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace readback {

namespace net = boost::asio;
using ErrorCode = boost::system::error_code;

inline constexpr auto token = net::as_tuple(net::use_awaitable);

}  // namespace readback
