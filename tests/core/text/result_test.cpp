// The one way to fail: a value or a sentence, and nobody takes what is not there.
#include "core/text/result.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace readback;

namespace {

Result<int> half(int n) {
  if (n % 2) return Failure{"cannot halve " + std::to_string(n) + ": it is odd"};
  return n / 2;
}

Result<void> check(int n) {
  const auto halved = half(n);
  if (!halved) return halved.failure();
  return {};
}

}  // namespace

TEST_CASE("A result holds a value or what went wrong, and says which") {
  const auto good = half(4), bad = half(5);
  CHECK(good.ok());
  CHECK(*good == 2);
  CHECK(!bad.ok());
  CHECK(bad.error() == "cannot halve 5: it is odd");
  CHECK_THROWS(bad.value());
  CHECK_THROWS(good.error());
}

TEST_CASE("What brings nothing back succeeds, or hands the failure of another on") {
  CHECK(check(2).ok());
  CHECK(check(3).error() == "cannot halve 3: it is odd");
}

TEST_CASE("A value that can only be moved is moved out") {
  Result<std::unique_ptr<int>> made(std::make_unique<int>(7));
  CHECK(*made->get() == 7);
  const auto taken = std::move(made).value();
  CHECK(*taken == 7);
}
