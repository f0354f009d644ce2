// The corpus of odd answers, as receivers of alerts give them: a whole head with a final status says what became of the
// page. Nobody waits for what stands behind it, and nothing that is wrong with it takes that back.
#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "daemon/sinks/post.hpp"
#include "tests/support/odd_server.hpp"

using namespace readback;

namespace {

PostAnswer post(const std::string& url, Millis timeout) {
  net::io_context io(1);
  Poster poster(io.get_executor());
  PostRequest request;
  request.to = *parse_sink_url(url);
  request.body = "{}";
  request.content_type = "application/json";
  request.timeout = timeout;
  PostAnswer result;
  net::co_spawn(io, poster.post(std::move(request)), [&](std::exception_ptr failed, PostAnswer answer) {
    if (failed) std::rethrow_exception(failed);
    result = std::move(answer);
  });
  io.run();
  return result;
}

}  // namespace

TEST_CASE("What a receiver said of the page is heard as real receivers say it") {
  for (const auto& odd : odd_answers()) {
    if (!odd.for_receiver) continue;
    CAPTURE(odd.name);
    const Server server(plays(odd));
    const auto answer = post(server.url(), patience(odd));
    CHECK(answer.status == odd.status);
    CHECK((answer.status == 0) == !answer.detail.empty());
    CHECK(answer.was_written);  // whatever was said of it, it may have been taken
  }
}

TEST_CASE("Of a page for which no connection was made it is known that nobody has it") {
  std::string closed;
  {
    net::io_context io(1);
    const boost::asio::ip::tcp::acceptor free(io, {boost::asio::ip::address_v4::loopback(), 0});
    closed = "127.0.0.1:" + std::to_string(free.local_endpoint().port()) + "/";
  }
  const auto refused = post("http://" + closed, Seconds(5));
  CHECK(refused.status == 0);
  CHECK_FALSE(refused.was_written);
  CHECK_FALSE(post("https://" + closed, Seconds(5)).was_written);
  CHECK_FALSE(post("http://nobody.invalid/", Seconds(5)).was_written);
}
