// A secret is a small file or a variable, read when it is asked for; what is wrong with it is told by its name and
// place, and never by what it holds.
#include "daemon/platform/secrets.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

namespace readback {
namespace {

Result<std::string> from_file(const std::string& what, const std::string& path) {
  constexpr std::streamsize most = 64 * 1024;
  std::error_code ec;
  const auto status = std::filesystem::status(path, ec);  // reading a pipe would wait for whoever writes
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    return Failure{what + " is no file: " + path};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Failure{what + " cannot be read: " + path + ": " + std::strerror(errno)};
  std::string text(static_cast<std::size_t>(most), '\0');
  file.read(text.data(), most);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || (!file.eof() && file.fail())) return Failure{what + " cannot be read: " + path};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return Failure{what + " is empty: " + path};
  // Only a file of NATS credentials has lines, and says so in the first.
  if (text.find_first_of("\r\n") != text.npos && !text.starts_with("-----BEGIN NATS "))
    return Failure{what + " has more than one line: " + path};
  return text;
}

}  // namespace

std::string random_key() {
  std::random_device device;
  std::string key(32, '0');
  for (char& digit : key) digit = "0123456789abcdef"[device() & 15];
  return key;
}

std::string lasting_key(const std::string& path) {
  constexpr std::size_t least = 16;
  std::string key;
  if (std::ifstream file(path, std::ios::binary); file) std::getline(file, key);
  if (key.size() >= least) return key;
  key = random_key();
  ::unlink(path.c_str());  // an empty one, left behind by a full disk
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return key;
  const std::string line = key + "\n";
  const bool whole = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!whole) ::unlink(path.c_str());
  return key;
}

std::string path_of(const SecretRef& ref) {
  if (ref.from == SecretRef::From::file) return ref.value;
  const char* folder = ref.from == SecretRef::From::credential ? std::getenv("CREDENTIALS_DIRECTORY") : nullptr;
  return folder ? std::string(folder) + "/" + ref.value : "";
}

Result<std::string> reveal(const SecretRef& ref) {
  switch (ref.from) {
    case SecretRef::From::plain: return ref.value;
    case SecretRef::From::file: return from_file("the secret", path_of(ref));
    case SecretRef::From::credential: {
      if (path_of(ref).empty())
        return Failure{
            "the credential " + ref.value +
            " cannot be looked up: $CREDENTIALS_DIRECTORY is not set (systemd sets it from LoadCredential=)"};
      return from_file("the credential " + ref.value, path_of(ref));
    }
    case SecretRef::From::env: {
      const char* value = std::getenv(ref.value.c_str());
      if (!value || !*value) return Failure{"the environment variable " + ref.value + " is not set"};
      return std::string(value);
    }
  }
  return Failure{"an unknown kind of secret"};
}

}  // namespace readback
