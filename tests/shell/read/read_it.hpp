#pragma once
// What the tests of the reader share: one read, and its result as a line.
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <string>

#include "daemon/read/reader.hpp"

namespace readback {

inline RawRead read(const std::string& url, Millis timeout, std::shared_ptr<TlsClient> tls = {}) {
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  ReadRequest request;
  request.read = "health";
  request.url = *parse_url(url);
  request.timeout = timeout;
  request.tls = std::move(tls);
  RawRead result;
  net::co_spawn(io, read_once(resolver, prepare(request)), [&](std::exception_ptr failed, RawRead r) {
    if (failed) std::rethrow_exception(failed);
    result = std::move(r);
  });
  io.run();
  return result;
}

/// "200 BODY", or the fault and its words.
inline std::string told(const RawRead& r) {
  if (const auto* answer = std::get_if<HttpAnswer>(&r.answer))
    return std::to_string(answer->status) + " " + answer->body;
  const auto& error = std::get<TransportError>(r.answer);
  return std::string(to_string(error.fault)) + ": " + error.detail;
}

}  // namespace readback
