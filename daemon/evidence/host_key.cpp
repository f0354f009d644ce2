// A file of three lines. What is wrong with it is told by its path, and never by what it holds.
#include "daemon/evidence/host_key.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daemon/evidence/durable.hpp"

namespace readback {
namespace {

constexpr mode_t only_ours = 0600;

std::string said(const std::string& what, const std::string& path) {
  return what + " " + path + ": " + std::strerror(errno);
}

HostKey made_at(const std::string& path) {
  HostKey host;
  std::string seed(SigningKey::seed_bytes, '\0');
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(seed.data()), static_cast<int>(seed.size())) != 1) {
    host.trouble = "there are no random bytes for a key to sign evidence with";
    return host;
  }
  auto key = SigningKey::from_seed(seed);
  OPENSSL_cleanse(seed.data(), seed.size());
  if (!key) {
    host.trouble = "no key to sign evidence with can be made: " + key.error();
    return host;
  }
  if (const auto kept = write_durably(path, key->pem(), only_ours); !kept) {
    host.trouble = "the key to sign evidence with cannot be kept: " + kept.error();
    return host;
  }
  host.key = std::make_shared<const SigningKey>(*std::move(key));
  host.made = true;
  return host;
}

}  // namespace

HostKey load_or_make_host_key(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return made_at(path);
  HostKey host;
  if (fd < 0) {
    host.trouble = said("the key to sign evidence with cannot be read:", path);
    return host;
  }
  struct stat info {};
  std::string text(4096, '\0');
  const bool plain = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  const ssize_t got = plain ? ::read(fd, text.data(), text.size()) : -1;
  const bool open_to_others = plain && (info.st_mode & 077) && ::fchmod(fd, only_ours) == 0;
  if (got < 0)
    host.trouble = plain ? said("the key to sign evidence with cannot be read:", path) : path + " is no file";
  ::close(fd);
  if (got < 0) return host;
  text.resize(static_cast<std::size_t>(got));
  auto key = SigningKey::from_pem(text);
  OPENSSL_cleanse(text.data(), text.size());
  if (!key) {
    const std::string aside = path + ".damaged";
    if (::rename(path.c_str(), aside.c_str()) != 0) {
      host.trouble = said("the key to sign evidence with is damaged, and cannot be set aside:", path);
      return host;
    }
    host = made_at(path);
    host.trouble =
        path + " was no key and was set aside as " + aside + (host.trouble.empty() ? "" : "; ") + host.trouble;
    return host;
  }
  host.key = std::make_shared<const SigningKey>(*std::move(key));
  if (open_to_others)
    host.trouble = path +
                   " could be opened by others, and is mode 0600 now: if one of them may have read it, remove it and "
                   "restart, and a new key is made";
  return host;
}

}  // namespace readback
