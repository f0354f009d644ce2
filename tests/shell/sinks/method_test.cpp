// What the poster cannot say: another method than POST, and a sign of life that brings something along.
#include <doctest/doctest.h>

#include "daemon/sinks/post.hpp"

using namespace readback;

namespace {

template <class R>
constexpr bool says_method = requires(R r) {
  r.method;
}
|| requires(R r) { r.verb; }
|| requires(R r) { r.get; };
template <class R>
constexpr bool brings_something = requires(R r) {
  r.body;
}
|| requires(R r) { r.headers; }
|| requires(R r) { r.content_type; };

}  // namespace

TEST_CASE("The poster's request is a POST without a choice, and its sign of life has no place for anything") {
  static_assert(!says_method<PostRequest> && !says_method<Ping>);
  static_assert(brings_something<PostRequest> && !brings_something<Ping>);
  CHECK(PostRequest{}.body.empty());
}

TEST_CASE("addresses of sinks: no socket of this host is one") {
  CHECK(parse_sink_url("unix:///run/a.sock").error() == "the address must begin with http:// or https://");
  CHECK(parse_sink_url("https://u:p%40@h:8443/a?b")->login == "u:p@");
}
