// What is made for us is for us, whatever mask we were started with.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "daemon/runtime/private_folder.hpp"
#include "tests/support/folder.hpp"

using namespace readback;

namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat seen {};
  return ::stat(path.c_str(), &seen) == 0 ? seen.st_mode & 07777 : 0;
}

}  // namespace

TEST_CASE("A folder of ours is ours under every mask, and becomes so when it was open") {
  const Folder folder("private");
  for (const mode_t mask : {mode_t(0), mode_t(022), mode_t(0277)}) {
    const mode_t before = ::umask(mask);
    const auto made = folder.path / ("made-under-" + std::to_string(mask));
    CHECK(!make_private_folder(made, for_us_only));
    ::umask(before);
    CHECK(mode_of(made) == 0700);
  }
  const auto open = folder.path / "open";
  REQUIRE(std::filesystem::create_directory(open));
  ::chmod(open.c_str(), 0777);
  CHECK(!make_private_folder(open, for_us_only));
  CHECK(mode_of(open) == 0700);
  CHECK(!make_private_folder(open, others_pass));
  CHECK(mode_of(open) == 0711);
}

TEST_CASE("A folder that cannot be made says why") {
  const Folder folder("private");
  const auto file = folder.write("file", "x");
  CHECK(make_private_folder(file / "below", for_us_only) == std::errc::not_a_directory);
  CHECK(make_private_folder(file, for_us_only) == std::errc::not_a_directory);
}
