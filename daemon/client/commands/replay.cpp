// `readback replay`: the engine over recorded reads. A recording may be gigabytes or a pipe that is still being
// written, so it is read by blocks, and what is known is shown before the next line is waited for.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "config/load.hpp"
#include "core/replay/replay.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/terminal.hpp"

namespace readback {
namespace {

/// A file or standard input by lines. Of a line that is longer than a replay takes no more is kept than shows that.
class LineReader {
 public:
  static Result<std::unique_ptr<LineReader>> open(const std::string& file) {
    auto reader = std::make_unique<LineReader>(file);
    if (file == "-") return reader;
    reader->fd_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    if (reader->fd_ < 0 || ::fstat(reader->fd_, &about) != 0) return cannot_read(file);
    if (S_ISDIR(about.st_mode)) return Failure{file + " is a folder; name the file that `readback export` wrote"};
    reader->size_ = static_cast<std::uint64_t>(about.st_size);
    return reader;
  }
  explicit LineReader(std::string file) : file_(std::move(file)) {}
  ~LineReader() {
    if (fd_ > 0) ::close(fd_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  std::uint64_t size() const { return size_; }
  /// Whether everything could be read, once `next` has said that there is no more.
  const Result<void>& ended() const { return ended_; }
  /// Nothing is left of what was read so far: the next line may take its time.
  bool must_wait() const { return at_ == have_; }

  bool next(std::string& line) {
    line.clear();
    for (bool begun = false;; begun = true) {
      if (at_ == have_ && !fill()) return begun && ended_;
      const char* from = block_ + at_;
      const auto* end = static_cast<const char*>(std::memchr(from, '\n', have_ - at_));
      const std::size_t length = end ? static_cast<std::size_t>(end - from) : have_ - at_;
      line.append(from, std::min(length, Replay::longest_line + 1 - std::min(line.size(), Replay::longest_line + 1)));
      at_ += length + (end ? 1 : 0);
      if (end) return true;
    }
  }

 private:
  bool fill() {
    ssize_t got = 0;
    do got = ::read(fd_, block_, sizeof block_);
    while (got < 0 && errno == EINTR);
    if (got < 0) ended_ = cannot_read(file_);
    at_ = 0;
    have_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return have_ > 0;
  }
  static Failure cannot_read(const std::string& file) {
    return {(file == "-" ? "standard input" : file) + " cannot be read: " + std::strerror(errno)};
  }

  std::string file_;
  Result<void> ended_;
  int fd_ = 0;
  std::uint64_t size_ = 0;
  std::size_t at_ = 0, have_ = 0;
  char block_[65536];
};

/// What the replay says, on its way to stdout.
class Output {
 public:
  void line(const std::string& text) { (waiting_ += text) += '\n'; }
  std::size_t waiting() const { return waiting_.size(); }
  void flush() {
    good_ = good_ && put(waiting_) && stdout_trouble().empty();
    waiting_.clear();
  }
  bool good() const { return good_; }

 private:
  std::string waiting_;
  bool good_ = true;
};

/// Lines that cannot be used, each with its place.
class Complaints {
 public:
  explicit Complaints(const std::string& file) : file_(file) {}
  void operator()(std::uint64_t line, const std::string& why) {
    if (++told_ <= most) complain(file_ + ":" + std::to_string(line) + ": " + why);
  }

 private:
  static constexpr std::size_t most = 20;  // the rest is counted: what is no recording at all has millions
  const std::string& file_;
  std::size_t told_ = 0;
};

struct ReplayCommand : Command {
  std::string file, config;
  bool verdicts = false, strict = false;

  void options(Options& o) override {
    o.required("FILE", file, "recorded reads, - for stdin");
    o.text("--config", config, "this configuration instead of the defaults");
    o.flag("--verdicts", verdicts, "a line a sweep as well");
    o.flag("--strict", strict, "stop at the first bad line");
  }

  int run(const Client&) override {
    ReplayOptions how;
    how.verdicts = verdicts;
    if (!config.empty()) {
      auto loaded = load_config(config);
      for (const auto& p : loaded.problems)
        if (!p.warning) complain(to_string(p));
      if (!loaded.ok()) return exit_bad_config;
      how.config = std::move(loaded.config);
    }
    const auto in = LineReader::open(file);
    if (!in) return complain(in.error());
    return replayed(**in, std::move(how));
  }

 private:
  int replayed(LineReader& in, ReplayOptions how) {
    Output out;
    Complaints complaints(file);
    Replay replay(
        std::move(how), [&](const std::string& line) { out.line(line); },
        [&](std::uint64_t line, const std::string& why) { complaints(line, why); });
    Progress progress(is_terminal());
    std::uint64_t done = 0;
    std::string line;
    bool refused = false;
    while (out.good() && !refused && in.next(line)) {
      done += line.size() + 1;
      if (in.size() > 0) progress.at(static_cast<double>(done) / static_cast<double>(in.size()), done);
      replay.line(line);
      if (out.waiting() > 65536 || in.must_wait()) out.flush();
      refused = strict && replay.bad_lines() > 0;
    }
    if (!refused) replay.finish();
    out.flush();
    if (!out.good()) return exit_failed;  // why is told at the end
    if (!in.ended()) return complain(in.ended().error());
    if (refused) return exit_failed;
    if (replay.bad_lines() > 0)
      complain(std::to_string(replay.bad_lines()) + " of " + std::to_string(replay.lines()) +
               " lines could not be used");
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> replay_command() { return std::make_unique<ReplayCommand>(); }

}  // namespace readback
