// A read is a call, one question and its answer, and a note of where the time went. Whatever happens on the way is the
// result: only a cancelled read has none.
#include "daemon/read/reader.hpp"

#include <new>

#include "daemon/net/connect.hpp"
#include "daemon/net/http_client.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

namespace {

std::int64_t micros_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

http::verb verb_of(Method method) {
  switch (method) {
    case Method::get: return http::verb::get;
    case Method::head: return http::verb::head;
  }
  return http::verb::get;
}

HttpRequest question_of(const ReadRequest& r) {
  HttpRequest question{verb_of(r.method), r.url.target, {}, {}};
  question.headers = {{"Host", r.url.host_header()},
                      {"User-Agent", "readback/" + std::string(version())},
                      {"Accept", "application/json, text/plain;q=0.9, */*;q=0.1"},
                      {"Accept-Encoding", "identity"},
                      {"Connection", "close"}};
  question.headers.insert(question.headers.end(), r.headers.begin(), r.headers.end());
  return question;
}

}  // namespace

struct PreparedRead {
  ReadRequest asked;
  std::shared_ptr<const WrittenRequest> question;
};

namespace {

net::awaitable<void> read_into(RawRead& out, Resolver& resolver, const PreparedRead& read, Clock::time_point start) {
  const ReadRequest& r = read.asked;
  const auto deadline = start + r.timeout;
  auto call = co_await dial(resolver, r.url, r.tls, deadline);
  out.phases = call.phases;
  out.address = call.to.address;
  out.tls_expires_at = call.tls_expires_at;
  if (call.to.error) {
    out.answer = *call.to.error;
    co_return;
  }
  HttpLimits limits;
  limits.bytes.head = largest_headers;
  limits.bytes.body = largest_body;
  auto got = co_await exchange(*call.to.stream, read.question, limits, deadline);
  if (got.first_byte) out.phases.first_byte_us = micros_between(start, *got.first_byte);
  if (got.error)
    out.answer = *got.error;
  else
    out.answer = std::move(got.answer);
}

}  // namespace

std::shared_ptr<const PreparedRead> prepare(ReadRequest request) {
  auto question = std::make_shared<const WrittenRequest>(question_of(request));
  request.url.target = {}, request.headers = {};  // written down; there are thousands of these
  return std::make_shared<const PreparedRead>(PreparedRead{std::move(request), std::move(question)});
}

const std::string& name_of(const PreparedRead& read) { return read.asked.read; }

net::awaitable<RawRead> read_once(Resolver& resolver, std::shared_ptr<const PreparedRead> request) {
  RawRead out;
  out.read = request->asked.read;
  out.at = now().wall;
  const auto start = Clock::now();
  std::string trouble;
  try {
    co_await read_into(out, resolver, *request, start);
  } catch (const boost::system::system_error& e) {
    if (e.code() == net::error::operation_aborted) throw;  // we were told to stop: that is no finding
    trouble = e.code().message();                          // no descriptor for a socket, no memory for a buffer
  } catch (const std::bad_alloc&) {
    trouble = "out of memory";
  }
  if (!trouble.empty()) out.answer = TransportError{TransportFault::local, "this host could not read: " + trouble};
  out.phases.total_us = micros_between(start, Clock::now());
  out.took = std::chrono::duration_cast<Millis>(std::chrono::microseconds(out.phases.total_us));
  co_return out;
}

}  // namespace readback
