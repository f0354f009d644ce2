// On a terminal the present state stays on the screen (watch_screen.hpp) and is drawn anew with every event and key;
// elsewhere each event is a line. When the daemon goes away, that is said once, and it is asked again each second:
// events go on behind the last one seen.
#include "daemon/client/watch.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/client/client.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/client/watch_screen.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::string_view enter_screen = "\x1b[?1049h\x1b[?25l", leave_screen = "\x1b[?1049l\x1b[?25h";

/// What the keyboard was like before; it is put back whatever ends us.
termios keyboard_before{};
bool has_keyboard = false;

void leave(int status) {
  if (has_keyboard) ::tcsetattr(STDIN_FILENO, TCSANOW, &keyboard_before);
  (void)!::write(STDOUT_FILENO, leave_screen.data(), leave_screen.size());
  ::_exit(status);
}

void interrupted(int) { leave(0); }

/// Keys come as they are pressed, and are not shown. Where stdin is no terminal there are none.
void take_keyboard() {
  if (::tcgetattr(STDIN_FILENO, &keyboard_before) != 0) return;
  has_keyboard = true;
  termios keys = keyboard_before;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 0;
  keys.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &keys);
}

class Watcher {
 public:
  Watcher(const Connection& connection, bool as_json, std::FILE* out)
      : connection_(connection), out_(out), as_json_(as_json), screen_(out == stdout && is_terminal() && !as_json) {}

  std::optional<Result<Response>> run() {
    Taking taking;
    taking.piece = [this](std::string_view piece) { return take(piece); };
    taking.idle = [this] { refresh(false); };
    for (;;) {
      auto answer = connection_.stream("/v1/events", taking, last_id_);
      if (closed_) return std::nullopt;  // nobody reads our lines any more
      if (!seen_) return answer;
      if (!lost_) say_lost(answer);
      lost_ = true;
      pending_.clear();  // half of an event, and it comes again
      kind_.clear();
      data_.clear();
      wait_a_second();
      if (screen_) draw();
    }
  }

 private:
  void say_lost(const Result<Response>& answer) {
    if (screen_) return draw();
    const std::string why = answer ? "the daemon answered " + std::to_string(answer->status) : answer.error();
    complain(why + "; trying again each second");
  }

  /// Or until a key is pressed.
  void wait_a_second() {
    pollfd keyboard{STDIN_FILENO, POLLIN, 0};
    ::poll(&keyboard, screen_ && has_keyboard ? 1 : 0, 1000);
    if (screen_) keys();
  }

  /// Draws what has changed, a few times a second however much happens: of many targets the picture is a long answer.
  void refresh(bool has_changed) {
    if (!screen_) return;
    stale_ = stale_ || has_changed;
    const bool moved = keys();
    constexpr std::chrono::milliseconds between{250};
    const bool is_due = std::chrono::steady_clock::now() - drawn_at_ >= between;
    if (moved || drawn_for_ != size() || (stale_ && is_due)) draw();
  }

  /// What was typed; whether it moved anything.
  bool keys() {
    char typed[64];
    const auto count = has_keyboard ? ::read(STDIN_FILENO, typed, sizeof typed) : 0;
    if (count <= 0) return false;
    const std::string_view text(typed, static_cast<std::size_t>(count));
    if (text.find_first_of("qQ") != text.npos) leave(0);
    const std::size_t before = first_;
    const auto back = [this](std::size_t lines) { first_ -= std::min(first_, lines); };
    if (text == "\x1b[A" || text == "\x1bOA" || text == "k") back(1);
    if (text == "\x1b[B" || text == "\x1bOB" || text == "j") ++first_;
    if (text == "\x1b[5~" || text == "b") back(page_);
    if (text == "\x1b[6~" || text == " ") first_ += page_;
    if (text == "\x1b[H" || text == "g") first_ = 0;
    return first_ != before;
  }

  /// The first piece of an answer: the daemon is there (again).
  void begin() {
    if (!seen_ && screen_) {
      std::signal(SIGINT, interrupted);
      std::signal(SIGTERM, interrupted);
      std::fputs(enter_screen.data(), out_);
      take_keyboard();
    }
    if (lost_ && !screen_) complain("the daemon answers again");
    const bool anew = !seen_ || lost_;
    seen_ = true;
    lost_ = false;
    if (anew && screen_) draw();
  }

  /// Server-sent events: `id:`, `event:` and `data:` lines, an empty line ends one.
  bool take(std::string_view piece) {
    begin();
    pending_ += piece;
    bool any = false;
    for (auto end = pending_.find('\n'); end != pending_.npos; end = pending_.find('\n')) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.starts_with("event:"))
        kind_ = value_of(line);
      else if (line.starts_with("id:"))
        id_ = value_of(line);
      else if (line.starts_with("data:"))
        data_ += value_of(line);
      else if (line.empty() && !data_.empty()) {
        show();
        any = true;
      }
    }
    refresh(any);
    closed_ = std::fflush(out_) != 0;
    return !closed_;
  }

  static std::string value_of(const std::string& line) {
    const auto colon = line.find(':');
    return line.substr(line[std::min(colon + 1, line.size() - 1)] == ' ' ? colon + 2 : colon + 1);
  }

  void show() {
    const std::string data = std::exchange(data_, ""), kind = std::exchange(kind_, "");
    last_id_ = id_;
    json::error_code ec;
    const auto v = json::parse(data, ec);
    if (ec || !v.is_object()) return;
    const auto& o = v.get_object();
    if (as_json_) {
      json::object line{{"kind", kind}};
      for (const auto& member : o) line.insert(member);
      std::fprintf(out_, "%s\n", for_terminal(json::serialize(line)).c_str());
      return;
    }
    std::string line = text_at(o, "at").substr(0, 19);
    if (!line.empty()) line += "Z";
    if (kind == "sweep") {
      const std::string primary = text_at(o, "primary");
      if (screen_ && !is_news(o)) return;
      line += "  " + text_at(o, "target") + "  sweep " + text_at(o, "sweep") + "  " +
              coloured((text_at(o, "extent").empty() ? "" : text_at(o, "extent") + " ") + primary,
                       primary == "green" ? "green" : "error");
      if (const auto* reads = o.if_contains("reads"); reads && reads->is_array())
        for (const auto& each : reads->get_array())
          if (each.is_object() && text_at(each.as_object(), "green") != "true")
            line += "  " + text_at(each.as_object(), "name") + "=" + text_at(each.as_object(), "word");
    } else if (kind == "reset") {
      line = "(the daemon was started anew, or more happened than it keeps: some events are not shown)";
    } else if (kind == "change") {
      line += "  " + text_at(o, "by") + "  " + text_at(o, "what") + ": " + text_at(o, "text");
    } else {
      line += "  " + bold(text_at(o, "event").empty() ? kind : text_at(o, "event")) + "  " + text_at(o, "summary");
    }
    if (!screen_) {
      std::fprintf(out_, "%s\n", for_terminal(line).c_str());
      return;
    }
    recent_.push_back(line);
    if (recent_.size() > 200) recent_.erase(recent_.begin());
  }

  /// Of one target every sweep is shown; of many, whose state is on the screen, only one that says something else than
  /// the last.
  bool is_news(const json::object& sweep) {
    std::string says = text_at(sweep, "primary") + " " + text_at(sweep, "extent");
    auto& last = said_[text_at(sweep, "target")];
    const bool is_first = last.empty(), is_other = says != last;
    last = std::move(says);
    return said_.size() == 1 || (is_other && !is_first);
  }

  std::optional<json::object> get(const std::string& path) const {
    const auto answer = connection_.ask("GET", path);
    if (!answer || answer->status != 200) return std::nullopt;
    json::error_code ec;
    const auto v = json::parse(answer->body, ec);
    if (ec || !v.is_object()) return std::nullopt;
    return v.get_object();
  }

  static std::pair<int, int> size() { return {columns(), rows()}; }

  json::array history_of(const std::string& target, std::size_t most) const {
    const auto told = get("/v1/targets/" + percent_encoded(target) + "?history=" + std::to_string(most));
    return told ? array_at(*told, "history") : json::array{};
  }

  void draw() {
    drawn_for_ = size();
    drawn_at_ = std::chrono::steady_clock::now();
    const Screen screen{static_cast<std::size_t>(drawn_for_.first), static_cast<std::size_t>(drawn_for_.second),
                        first_};
    const auto status = get("/v1/status");
    stale_ = !status;
    Drawn drawn;
    if (status) {
      drawn = draw_screen(
          *status, [this](const std::string& target, std::size_t most) { return history_of(target, most); }, recent_,
          screen);
    } else {
      drawn.lines = {coloured(bold("the daemon does not answer"), "error") + "; trying again each second", ""};
      for (const auto& line : recent_) drawn.lines.push_back(line);
      if (drawn.lines.size() >= screen.height) drawn.lines.resize(screen.height - 1);
    }
    first_ = drawn.first;
    page_ = drawn.page;
    std::string frame = "\x1b[H";
    for (const auto& line : drawn.lines) frame += fit(for_terminal(line), screen.width) + "\x1b[K\n";
    frame += "\x1b[J" + fit(drawn.is_scrolled ? "q ends, arrows and PgUp/PgDn scroll" : "q ends", screen.width);
    std::fputs(frame.c_str(), out_);
    std::fflush(out_);
  }

  const Connection& connection_;
  std::FILE* out_;
  bool as_json_, screen_;
  bool seen_ = false, lost_ = false, closed_ = false;
  bool stale_ = false;               ///< what is drawn is not what the daemon would say
  std::pair<int, int> drawn_for_{};  ///< columns and rows
  std::chrono::steady_clock::time_point drawn_at_{};
  std::string pending_, kind_, data_, id_, last_id_;
  std::vector<std::string> recent_;
  std::map<std::string, std::string> said_;  ///< by target, the verdict of its last sweep
  std::size_t first_ = 0, page_ = 1;         ///< of the lines of the targets: the one on top, and how many are shown
};

}  // namespace

std::optional<Result<Response>> watch(const Connection& connection, bool as_json, std::FILE* out) {
  return Watcher(connection, as_json, out).run();
}

}  // namespace readback
