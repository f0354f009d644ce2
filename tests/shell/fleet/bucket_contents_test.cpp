// What stands in a bucket, and how it is seen that it has lost something.
#include "daemon/fleet/bucket_contents.hpp"

#include <doctest/doctest.h>

using namespace readback;
using Heard = BucketContents::Heard;

TEST_CASE("each entry is news once, however often all is heard again") {
  BucketContents contents;
  contents.begin();
  CHECK(contents.hear("a", 3, "one") == Heard::news);
  CHECK(contents.hear("b", 4, "two") == Heard::news);
  CHECK(contents.caught_up(false));
  CHECK(contents.hear("a", 5, "one") == Heard::news);
  contents.begin();
  CHECK(contents.hear("b", 4, "two") == Heard::again);
  CHECK(contents.hear("a", 5, "one") == Heard::again);
  CHECK(contents.hear("c", 6, "") == Heard::news);
  CHECK(contents.caught_up(false));
}

TEST_CASE(
    "a bucket that fell back is found by an older revision, another text under the same one, or by what is missing") {
  const auto begun = [] {
    BucketContents contents;
    contents.begin();
    contents.hear("a", 3, "one");
    contents.hear("b", 4, "two");
    contents.hear("gone", 5, "");
    contents.caught_up(false);
    contents.begin();
    return contents;
  };
  auto older = begun();
  CHECK(older.hear("b", 2, "before") == Heard::fallen_back);
  auto other = begun();
  CHECK(other.hear("b", 4, "written by somebody else") == Heard::fallen_back);
  auto missing = begun();
  CHECK(missing.hear("a", 3, "one") == Heard::again);
  CHECK_FALSE(missing.caught_up(false));
  auto aged = begun();
  CHECK(aged.hear("a", 3, "one") == Heard::again);
  CHECK(aged.caught_up(true));
  CHECK(aged.hear("b", 4, "two") == Heard::news);  // it was forgotten, and is heard as any other
  auto removed = begun();
  CHECK(removed.hear("a", 3, "one") == Heard::again);
  CHECK(removed.hear("b", 4, "two") == Heard::again);
  CHECK(removed.caught_up(false));  // nobody misses a removal
}
