// The usual dance of a durable write; each step that fails takes away what it had begun.
#include "daemon/evidence/durable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace readback {
namespace {

std::string beside(const std::string& path) { return path + ".part"; }

Failure failed(const char* step, const std::string& path) {
  return {std::string(step) + " " + path + ": " + std::strerror(errno)};
}

bool write_all(int fd, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

void sync_folder(const std::string& folder) {
  const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return;
  ::fsync(dir);
  ::close(dir);
}

}  // namespace

Result<void> write_durably(const std::string& path, const std::string& bytes, mode_t mode) {
  DurableFiles one;
  if (const auto written = one.add(path, bytes, mode); !written) return written.failure();
  return one.place().all;
}

DurableFiles::~DurableFiles() {
  for (const auto& file : files_) {
    ::close(file.fd);
    ::unlink(beside(file.path).c_str());
  }
}

Result<void> DurableFiles::add(const std::string& path, const std::string& bytes, mode_t mode) {
  ::unlink(beside(path).c_str());  // left by a kill, and then with the mode that it had
  const int fd = ::open(beside(path).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return failed("cannot create", path);
  if (!write_all(fd, bytes)) {
    const auto why = failed("cannot write", path);
    ::close(fd);
    ::unlink(beside(path).c_str());
    return why;
  }
  files_.push_back({path, fd});
  return {};
}

DurableFiles::Placed DurableFiles::place() {
  Placed placed;
  if (files_.size() > 1)  // all are on their way before the first is waited for
    for (const auto& file : files_) (void)::sync_file_range(file.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  std::size_t synced = 0;
  while (synced < files_.size() && ::fsync(files_[synced].fd) == 0) ++synced;
  if (synced < files_.size()) placed.all = failed("cannot sync", files_[synced].path);
  const auto is_renamed = [](const File& file) { return ::rename(beside(file.path).c_str(), file.path.c_str()) == 0; };
  while (placed.count < synced && is_renamed(files_[placed.count])) ++placed.count;
  if (placed.count < synced) placed.all = failed("cannot rename", files_[placed.count].path);
  if (placed.count == 0) return placed;
  sync_folder(std::filesystem::path(files_.front().path).parent_path());
  for (std::size_t i = 0; i < placed.count; ++i) ::close(files_[i].fd);
  files_.erase(files_.begin(), files_.begin() + static_cast<std::ptrdiff_t>(placed.count));
  return placed;
}

}  // namespace readback
