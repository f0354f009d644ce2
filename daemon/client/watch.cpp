// On a terminal the present state stays on the screen, the newest sweeps of each read as a lane, and is drawn anew with
// every event; elsewhere each event is a line. When the daemon goes away, that is said once, and it is asked again each
// second: events go on behind the last one seen.
#include "daemon/client/watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "daemon/client/client.hpp"
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
  Watcher(const Connection& connection, bool as_json, std::FILE* out)
      : connection_(connection), out_(out), as_json_(as_json), screen_(out == stdout && is_terminal() && !as_json) {}

  std::optional<Result<Response>> run() {
    Taking taking;
    taking.piece = [this](std::string_view piece) { return take(piece); };
    taking.idle = [this] {
      if (screen_ && (drawn_for_ != size() || stale_)) draw();
    };
    for (;;) {
      auto answer = connection_.stream("/v1/events", taking, last_id_);
      if (closed_) return std::nullopt;  // nobody reads our lines any more
      if (!seen_) return answer;
      if (!lost_) say_lost(answer);
      lost_ = true;
      pending_.clear();  // half of an event, and it comes again
      kind_.clear();
      data_.clear();
      ::sleep(1);
      if (screen_) draw();
    }
  }

 private:
  void say_lost(const Result<Response>& answer) {
    if (screen_) return draw();
    const std::string why = answer ? "the daemon answered " + std::to_string(answer->status) : answer.error();
    complain(why + "; trying again each second");
  }

  /// The first piece of an answer: the daemon is there (again).
  void begin() {
    if (!seen_ && screen_) {
      std::signal(SIGINT, interrupted);
      std::signal(SIGTERM, interrupted);
      std::fputs("\x1b[?1049h\x1b[?25l", out_);
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
    if (any && screen_) draw();
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

  std::optional<json::object> get(const std::string& path) const {
    const auto answer = connection_.ask("GET", path);
    if (!answer || answer->status != 200) return std::nullopt;
    json::error_code ec;
    const auto v = json::parse(answer->body, ec);
    if (ec || !v.is_object()) return std::nullopt;
    return v.get_object();
  }

  /// A line a read: its name, its word, and its newest sweeps, the newest at the right.
  std::vector<std::string> lanes(const json::object& target, std::size_t width) const {
    std::size_t name_width = 0, word_width = 0;
    for (const auto& each : list(target, "reads")) {
      name_width = std::max(name_width, std::min<std::size_t>(24, shown_width(text_at(each.as_object(), "name"))));
      word_width = std::max(word_width, std::min<std::size_t>(12, shown_width(text_at(each.as_object(), "word"))));
    }
    const std::size_t used = 2 + name_width + 2 + word_width + 2;
    const std::size_t room = width > used ? std::min<std::size_t>(width - used, 720) : 0;
    const auto told = get("/v1/targets/" + text_at(target, "name") + "?history=" + std::to_string(room));
    const auto sweeps = told ? list(*told, "history") : json::array{};
    std::vector<std::string> lines;
    for (const auto& each : list(target, "reads")) {
      const auto& read = each.as_object();
      const std::string name = text_at(read, "name"), word = text_at(read, "word");
      std::string lane;
      for (const auto& one : sweeps) {
        const auto& sweep = one.as_object();
        const auto* reads = sweep.if_contains("reads");
        const auto then = reads && reads->is_object() ? text_at(reads->get_object(), name) : "";
        lane += text_at(sweep, "void") == "true" ? std::string(" ") : coloured(sign(then), then);
      }
      lines.push_back("  " + padded(fit(name, name_width), name_width) + "  " +
                      padded(coloured(fit(word, word_width), word), word_width) + "  " + lane);
    }
    return lines;
  }

  static json::array list(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(key);
    return v && v->is_array() ? v->get_array() : json::array{};
  }
  static std::string padded(const std::string& text, std::size_t width) {
    const auto shown = shown_width(text);
    return text + std::string(width > shown ? width - shown : 0, ' ');
  }
  /// Told apart without colours too.
  static const char* sign(std::string_view word) {
    if (word.empty()) return " ";
    if (word == "pass" || word == "green" || word == "in_sync") return "·";
    if (word == "warn" || word == "degraded" || word == "drift") return "!";
    if (word == "unknown" || word == "denied" || word == "throttled" || word == "broken") return "?";
    return "X";
  }

  static std::pair<int, int> size() { return {columns(), rows()}; }

  void draw() {
    drawn_for_ = size();
    const auto width = static_cast<std::size_t>(drawn_for_.first);
    const auto height = static_cast<std::size_t>(drawn_for_.second);
    std::vector<std::string> lines;
    const auto status = get("/v1/status");
    stale_ = !status;
    if (status) {
      for (const auto& each : list(*status, "targets")) {
        const auto& target = each.as_object();
        const std::string word = text_at(target, "status");
        lines.push_back(coloured(bold(text_at(target, "name") + ": " + word), word) + "  " + text_at(target, "text"));
        if (lines.size() < height)
          for (auto& lane : lanes(target, width)) lines.push_back(std::move(lane));
      }
      for (const auto& each : list(*status, "incidents")) {
        const auto& incident = each.as_object();
        const std::string state = text_at(incident, "state");
        lines.push_back(coloured(state, state) + "  " + text_at(incident, "summary"));
      }
      std::string sinks;
      for (const auto& each : list(*status, "sinks")) {
        const std::string state = text_at(each.as_object(), "state"), waiting = text_at(each.as_object(), "depth");
        sinks += "  " + text_at(each.as_object(), "name") + " " + coloured(state, state) +
                 (waiting.empty() || waiting == "0" ? "" : " (" + waiting + " waiting)");
      }
      lines.push_back(bold("sinks") + (sinks.empty() ? "  none" : sinks));
      if (const auto* daemon = status->if_contains("daemon"); daemon && daemon->is_object())
        lines.push_back(bold("daemon") + "  " + text_at(daemon->get_object(), "sweeps_total") + " sweeps, lag " +
                        text_at(daemon->get_object(), "lag_ms") + " ms");
      for (const auto& trouble : list(*status, "troubles"))
        lines.push_back(coloured("! ", "error") + std::string(trouble.as_string()));
    } else {
      lines.push_back(coloured(bold("the daemon does not answer"), "error") + "; trying again each second");
    }
    lines.emplace_back();
    const std::size_t room = height > 1 ? height - 1 : 1;  // the last line is ours
    if (lines.size() > room) lines.resize(room);
    const std::size_t newest = std::min(recent_.size(), room - lines.size());
    lines.insert(lines.end(), recent_.end() - static_cast<std::ptrdiff_t>(newest), recent_.end());
    std::string frame = "\x1b[H";
    for (const auto& line : lines) frame += fit(for_terminal(line), width) + "\x1b[K\n";
    frame += "\x1b[JCtrl-C ends";
    std::fputs(frame.c_str(), out_);
    std::fflush(out_);
  }

  const Connection& connection_;
  std::FILE* out_;
  bool as_json_, screen_;
  bool seen_ = false, lost_ = false, closed_ = false;
  bool stale_ = false;               ///< what is drawn is not what the daemon would say
  std::pair<int, int> drawn_for_{};  ///< columns and rows
  std::string pending_, kind_, data_, id_, last_id_;
  std::vector<std::string> recent_;
};

}  // namespace

std::optional<Result<Response>> watch(const Connection& connection, bool as_json, std::FILE* out) {
  return Watcher(connection, as_json, out).run();
}

}  // namespace readback
