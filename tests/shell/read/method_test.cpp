// What the reader of the platform cannot say: another method, and a body.
#include <doctest/doctest.h>

#include <type_traits>

#include "daemon/read/reader.hpp"

using namespace readback;

namespace {

template <class M>
constexpr bool says_more = requires {
  M::post;
}
|| requires { M::put; }
|| requires { M::patch; }
|| requires { M::delete_; }
|| requires { M::options; }
|| requires { M::connect; }
|| requires { M::trace; }
|| requires { M::other; };
template <class R>
constexpr bool has_body = requires(R r) {
  r.body;
}
|| requires(R r) { r.data; }
|| requires(R r) { r.payload; };

}  // namespace

TEST_CASE("The reader can say GET and HEAD, and has no place for a body") {
  static_assert(std::is_same_v<decltype(ReadRequest::method), Method>);
  static_assert(std::is_enum_v<Method> && !std::is_convertible_v<int, Method> &&
                !std::is_constructible_v<Method, const char*>);
  static_assert(!says_more<Method>);
  static_assert(!has_body<ReadRequest>);
  CHECK(ReadRequest{}.method == Method::get);
  CHECK(Method::head != Method::get);
}
