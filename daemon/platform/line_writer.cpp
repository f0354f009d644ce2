// A write of at most PIPE_BUF bytes to a pipe that poll(2) calls writable does not block, so the thread waits in
// poll(2) and notices there that it has been given up. Only a reader's other writer, or the journal's socket, can hold
// it in the write itself; then it is left behind.
#include "daemon/platform/line_writer.hpp"

#include <poll.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

namespace readback {

struct LineWriter::State {
  State(std::size_t most_lines, LostNotice make_notice) : most(most_lines), notice(std::move(make_notice)) {}

  const std::size_t most;
  const LostNotice notice;
  mutable std::mutex mutex;  // of what follows; held for memory only
  std::condition_variable wake, ended;
  std::deque<Line> lines;
  std::uint64_t lost = 0, untold = 0;
  bool closing = false, given_up = false, done = false;

  bool is_given_up() const {
    const std::lock_guard lock(mutex);
    return given_up;
  }
  void write(const Line& line) const {
    if (line.to == To::journal)
      send_fields(line.text);
    else
      write_text(line.text + "\n");
  }
  void write_text(std::string_view text) const {
    constexpr int look_every = 50;  // ms: whether we are given up
    while (!text.empty()) {
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      const int polled = ::poll(&ready, 1, look_every);
      if (is_given_up()) return;
      if (polled == 0 || (polled < 0 && errno == EINTR)) continue;
      const auto size = std::min<std::size_t>(text.size(), PIPE_BUF);
      const auto written = ::write(STDERR_FILENO, text.data(), size);
      if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (written < 0) return;  // nobody will ever read it
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  static void send_fields(const std::string& all) {
    std::vector<std::string> fields;
    for (std::size_t from = 0; from <= all.size();) {
      const auto end = std::min(all.find('\x1f', from), all.size());
      fields.push_back(all.substr(from, end - from));
      from = end + 1;
    }
    std::vector<iovec> parts;
    for (auto& f : fields) parts.push_back({f.data(), f.size()});
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
  }
};

LineWriter::LineWriter(std::size_t most, LostNotice notice)
    : state_(std::make_shared<State>(most, std::move(notice))), thread_([state = state_] { run(state); }) {}

LineWriter::~LineWriter() { close(Millis(0)); }

void LineWriter::put(Line line) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->lines.size() >= state_->most) {
      state_->lines.pop_front();
      ++state_->lost;
      ++state_->untold;
    }
    state_->lines.push_back(std::move(line));
  }
  state_->wake.notify_one();
}

std::uint64_t LineWriter::lost() const {
  const std::lock_guard lock(state_->mutex);
  return state_->lost;
}

bool LineWriter::close(Millis limit) {
  if (!thread_.joinable()) return true;
  bool done = false;
  {
    std::unique_lock lock(state_->mutex);
    state_->closing = true;
    state_->wake.notify_one();
    done = state_->ended.wait_for(lock, limit, [&] { return state_->done; });
    state_->given_up = true;
  }
  if (done)
    thread_.join();
  else
    thread_.detach();
  return done;
}

void LineWriter::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->wake.wait(lock, [&] { return !state->lines.empty() || state->closing; });
    if (state->lines.empty() || state->given_up) break;
    const auto lost = std::exchange(state->untold, 0);
    const Line line = std::move(state->lines.front());
    state->lines.pop_front();
    lock.unlock();
    if (lost > 0) state->write(state->notice(lost, line));  // they came before this one
    state->write(line);
    lock.lock();
  }
  state->done = true;
  state->ended.notify_all();
}

}  // namespace readback
