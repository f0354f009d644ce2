// On a terminal the present status stays on the screen and is drawn anew with every event; elsewhere each event is a
// line.
#include "daemon/client/watch.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr const char* leave_screen = "\x1b[?1049l\x1b[?25h";

void interrupted(int) {
  (void)!::write(STDOUT_FILENO, leave_screen, sizeof "\x1b[?1049l\x1b[?25h" - 1);
  ::_exit(0);
}

class Watcher {
 public:
  Watcher(const Connection& connection, bool as_json)
      : connection_(connection), as_json_(as_json), screen_(is_terminal() && !as_json) {}

  int run() {
    if (screen_) {
      std::signal(SIGINT, interrupted);
      std::signal(SIGTERM, interrupted);
      std::fputs("\x1b[?1049h\x1b[?25l", stdout);
      draw();
    }
    const auto answer = connection_.stream("/v1/events", [this](std::string_view piece) { return take(piece); });
    if (screen_) std::fputs(leave_screen, stdout);
    if (const auto* none = std::get_if<NoDaemon>(&answer)) {
      std::fprintf(stderr, "readback: %s\n", none->text.c_str());
      return 69;
    }
    return 0;
  }

 private:
  /// Server-sent events: `event:` and `data:` lines, an empty line ends one.
  bool take(std::string_view piece) {
    pending_ += piece;
    for (auto end = pending_.find('\n'); end != pending_.npos; end = pending_.find('\n')) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.starts_with("event:"))
        kind_ = line.substr(line.find_first_not_of(' ', 6) == line.npos ? 6 : line.find_first_not_of(' ', 6));
      else if (line.starts_with("data:"))
        data_ += line.substr(5);
      else if (line.empty() && !data_.empty())
        show();
    }
    return std::fflush(stdout) == 0;
  }

  void show() {
    const std::string data = std::exchange(data_, ""), kind = std::exchange(kind_, "");
    if (as_json_) {
      std::printf("%s\n", data.c_str());
      return;
    }
    json::error_code ec;
    const auto v = json::parse(data, ec);
    if (ec || !v.is_object()) return;
    const auto& o = v.get_object();
    std::string line = text_at(o, "at").substr(0, 19);
    if (kind == "sweep") {
      const std::string primary = text_at(o, "primary");
      line += "  " + text_at(o, "target") + "  sweep " + text_at(o, "sweep") + "  " +
              coloured((text_at(o, "extent").empty() ? "" : text_at(o, "extent") + " ") + primary,
                       primary == "green" ? "green" : "error");
      if (const auto* reads = o.if_contains("reads"); reads && reads->is_array())
        for (const auto& each : reads->get_array())
          if (each.is_object() && text_at(each.as_object(), "green") != "true")
            line += "  " + text_at(each.as_object(), "name") + "=" + text_at(each.as_object(), "word");
    } else {
      const std::string summary = text_at(o, "summary");
      line += "  " + bold(kind) + "  " + (summary.empty() ? text_at(o, "text") : summary);
    }
    if (!screen_) {
      std::printf("%s\n", line.c_str());
      return;
    }
    recent_.push_back(line);
    if (recent_.size() > 200) recent_.erase(recent_.begin());
    draw();
  }

  void draw() {
    const auto answer = connection_.ask("GET", "/v1/status");
    const auto* reply = std::get_if<Reply>(&answer);
    std::string text = "the daemon does not answer\n";
    json::error_code ec;
    if (reply)
      if (const auto v = json::parse(reply->body, ec); !ec && v.is_object() && reply->status == 200)
        text = show_status(v.get_object());
    const auto width = static_cast<std::size_t>(columns());
    int height = 24;
    if (const char* lines = std::getenv("LINES")) height = std::max(5, std::atoi(lines));
    std::string frame = "\x1b[H";
    int used = 0;
    const auto put = [&](const std::string& line) {
      if (used++ < height - 1) frame += fit(line, width) + "\x1b[K\n";
    };
    for (std::size_t from = 0; from < text.size();) {
      const auto end = std::min(text.find('\n', from), text.size());
      put(text.substr(from, end - from));
      from = end + 1;
    }
    put("");
    const int room = std::max(0, height - 2 - used);
    for (std::size_t i =
             recent_.size() > static_cast<std::size_t>(room) ? recent_.size() - static_cast<std::size_t>(room) : 0;
         i < recent_.size(); ++i)
      put(recent_[i]);
    frame += "\x1b[J" + std::string("Ctrl-C ends");
    std::fputs(frame.c_str(), stdout);
    std::fflush(stdout);
  }

  const Connection& connection_;
  bool as_json_, screen_;
  std::string pending_, kind_, data_;
  std::vector<std::string> recent_;
};

}  // namespace

int watch_command(const Connection& connection, bool as_json) { return Watcher(connection, as_json).run(); }

}  // namespace readback
