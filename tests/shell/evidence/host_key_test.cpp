// The key with which a host signs: made once, kept to itself, and never replaced without a word.
#include "daemon/evidence/host_key.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/folder.hpp"

using namespace readback;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

}  // namespace

TEST_CASE("The first start makes a key that only its owner can open, and every other start finds it") {
  const Folder folder("key");
  const fs::path path = folder.path / host_key_name;
  const auto before = ::umask(0);
  const auto first = load_or_make_host_key(path);
  ::umask(before);
  REQUIRE(first.key);
  CHECK(first.made);
  CHECK(first.trouble == "");
  CHECK(mode_of(path) == 0600);
  CHECK(contents_of(path) == first.key->pem());
  CHECK_FALSE(fs::exists(path.string() + ".part"));
  const auto second = load_or_make_host_key(path);
  REQUIRE(second.key);
  CHECK_FALSE(second.made);
  CHECK(second.key->public_half() == first.key->public_half());
  // No two hosts have the same.
  const Folder other("key");
  CHECK_FALSE(load_or_make_host_key(other.path / host_key_name).key->public_half() == first.key->public_half());
}

TEST_CASE("A key that was lost is made anew; one that is damaged is set aside first, and that is told") {
  const Folder folder("key");
  const fs::path path = folder.path / host_key_name;
  const auto first = load_or_make_host_key(path);
  fs::remove(path);
  const auto second = load_or_make_host_key(path);
  CHECK(second.made);
  CHECK_FALSE(second.key->public_half() == first.key->public_half());
  for (const std::string& damage : {std::string(), std::string("x"), std::string(1 << 16, 'x')}) {
    std::ofstream(path, std::ios::trunc) << damage;
    const auto third = load_or_make_host_key(path);
    REQUIRE(third.key);
    CHECK(third.made);
    CHECK(third.trouble == path.string() + " was no key and was set aside as " + path.string() + ".damaged");
    CHECK(contents_of(path.string() + ".damaged") == damage);
    CHECK(mode_of(path) == 0600);
  }
}

TEST_CASE("A key that others could open is closed to them, and told") {
  const Folder folder("key");
  const fs::path path = folder.path / host_key_name;
  const auto first = load_or_make_host_key(path);
  fs::permissions(path, fs::perms(0644));
  const auto second = load_or_make_host_key(path);
  REQUIRE(second.key);
  CHECK(second.key->public_half() == first.key->public_half());
  CHECK(second.trouble.find("could be opened by others") != std::string::npos);
  CHECK(mode_of(path) == 0600);
}

TEST_CASE("Where no key can be kept, or what stands there is none of ours, nothing is signed") {
  const Folder folder("key");
  const auto nowhere = load_or_make_host_key(folder.path / "no-folder" / host_key_name);
  CHECK_FALSE(nowhere.key);
  CHECK(nowhere.trouble.find("cannot be kept: cannot create ") != std::string::npos);
  fs::create_directory(folder.path / "a-folder");
  CHECK_FALSE(load_or_make_host_key(folder.path / "a-folder").key);
  REQUIRE(::mkfifo((folder.path / "a-pipe").c_str(), 0600) == 0);
  CHECK_FALSE(load_or_make_host_key(folder.path / "a-pipe").key);
  fs::create_symlink("/etc/hostname", folder.path / "a-link");
  const auto linked = load_or_make_host_key(folder.path / "a-link");
  CHECK_FALSE(linked.key);
  CHECK(linked.trouble.find("cannot be read") != std::string::npos);
}
