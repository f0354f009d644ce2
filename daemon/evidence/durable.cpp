// The usual dance of a durable write; each step that fails takes away what it had begun.
#include "daemon/evidence/durable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace readback {

Result<void> write_durably(const std::string& path, const std::string& bytes, mode_t mode) {
  const std::string beside = path + ".part";
  const auto failed = [&](const char* step) {
    Failure why{std::string(step) + " " + path + ": " + std::strerror(errno)};
    ::unlink(beside.c_str());
    return why;
  };
  ::unlink(beside.c_str());  // left by a kill, and then with the mode that it had
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return failed("cannot create");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      ::close(fd);
      return failed("cannot write");
    }
    done += static_cast<std::size_t>(n);
  }
  if (::fsync(fd) != 0) {
    ::close(fd);
    return failed("cannot sync");
  }
  ::close(fd);
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("cannot rename");
  const std::string folder = std::filesystem::path(path).parent_path();
  const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir >= 0) {
    ::fsync(dir);
    ::close(dir);
  }
  return {};
}

}  // namespace readback
