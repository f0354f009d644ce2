// One value in many hands, and what becomes of it when one of them changes it.
#include "core/text/shared.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace readback;

TEST_CASE("a copy is the same object, until one of them is changed") {
  Shared<std::string> first(std::string("fabric"));
  Shared<std::string> second = first;
  CHECK(&*first == &*second);
  second.edit() += " 2";
  CHECK(*first == "fabric");
  CHECK(*second == "fabric 2");
  const auto* own = &*second;
  second.edit() += "!";
  CHECK(&*second == own);  // nobody else has it: it is changed where it is
}

TEST_CASE("without a value it is one of its kind that nobody has touched, also after a move") {
  Shared<std::string> none;
  CHECK(none->empty());
  none.edit() = "x";
  CHECK(*none == "x");
  CHECK(Shared<std::string>()->empty());
  const auto taken = std::move(none);
  CHECK(*taken == "x");
  CHECK(none->empty());  // NOLINT(bugprone-use-after-move)
}
