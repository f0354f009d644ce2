// Rules are added one after the other; the first one that the kernel refuses is remembered.
#include "daemon/check/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "daemon/check/asking.hpp"

namespace readback {
namespace {

// Debian 12's headers describe ABI 2; the numbers of the newer ones are fixed by the kernel's interface.
constexpr std::uint64_t fs_truncate = 1ULL << 14, fs_ioctl_dev = 1ULL << 15;
constexpr std::uint64_t net_bind_tcp = 1ULL << 0, net_connect_tcp = 1ULL << 1;
constexpr std::uint64_t scope_abstract_unix = 1ULL << 0, scope_signal = 1ULL << 1;

struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0, handled_access_net = 0, scoped = 0;
};

constexpr std::uint64_t fs_read =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t fs_write = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

std::uint64_t handled_fs(int abi) {
  std::uint64_t all = fs_read | fs_write;
  if (abi >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) all |= fs_truncate;
  if (abi >= 5) all |= fs_ioctl_dev;
  return all;
}

std::size_t attribute_size(int abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

std::string plain_path(const std::string& path) {
  std::error_code ec;
  auto plain = std::filesystem::weakly_canonical(std::filesystem::absolute(path, ec), ec).string();
  if (ec) return path;
  while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  return plain;
}

LandlockRules::LandlockRules(int abi, bool no_tcp, bool alone) : abi_(abi) {
  RulesetAttributes attributes;
  attributes.handled_access_fs = handled_fs(abi);
  if (abi >= 4 && no_tcp) attributes.handled_access_net = net_bind_tcp | net_connect_tcp;
  if (abi >= 6) attributes.scoped = scope_signal | (alone ? scope_abstract_unix : 0);
  ruleset_ = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, attribute_size(abi), 0));
  fine_ = ruleset_ >= 0;
  error_ = fine_ ? 0 : errno;
}

LandlockRules::~LandlockRules() {
  if (ruleset_ >= 0) ::close(ruleset_);
}

int LandlockRules::release() { return std::exchange(ruleset_, -1); }

void LandlockRules::allow(const std::string& path, std::uint64_t access, bool through_link) {
  if (!fine_) return;
  const File file(::open(path.c_str(), O_PATH | O_CLOEXEC | (through_link ? 0 : O_NOFOLLOW)));
  struct statx info {};
  // From memory: a network file system that does not answer must not hold up a check that wants nothing of it.
  if (!file || ::statx(file.fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &info) != 0)
    return;                            // not there, or not for us: then not for a check either
  if (S_ISLNK(info.stx_mode)) return;  // where it leads has a rule of its own, or is hidden
  if (!S_ISDIR(info.stx_mode))         // rights of folders are refused for a file
    access &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | fs_truncate |
              fs_ioctl_dev;
  if (access == 0) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = file.fd;
  if (::syscall(SYS_landlock_add_rule, ruleset_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0) return;
  // A namespace that is mounted in the place of a file (ip netns) takes no rule.
  if (errno == EBADFD) return;
  fine_ = false;
  error_ = errno;
}

void LandlockRules::read_below(const std::string& path) { allow(path, fs_read, true); }

void LandlockRules::read_below_but(const std::string& path, const std::vector<std::string>& hidden) {
  const auto is_on_the_way = [&](const std::string& each) { return each != path && below(each, path); };
  if (std::any_of(hidden.begin(), hidden.end(), [&](const std::string& each) { return below(path, each); })) return;
  if (std::none_of(hidden.begin(), hidden.end(), is_on_the_way)) return allow(path, fs_read, false);
  allow(path, LANDLOCK_ACCESS_FS_READ_DIR, false);
  std::error_code ec;
  std::filesystem::directory_iterator entries(path, ec);
  for (const std::filesystem::directory_iterator end; !ec && entries != end; entries.increment(ec))
    read_below_but(entries->path().string(), hidden);
}

void LandlockRules::write_below(const std::string& path) { allow(path, handled_fs(abi_), true); }

void LandlockRules::use_device(const char* path, bool ioctl) {
  allow(path,
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | (abi_ >= 3 ? fs_truncate : 0) |
            (ioctl && abi_ >= 5 ? fs_ioctl_dev : 0),
        true);
}

}  // namespace readback
