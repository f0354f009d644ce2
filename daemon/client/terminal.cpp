// Width is counted in characters: what Readback shows are words of operators, and an id that is cut cannot be copied.
#include "daemon/client/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "core/text/utf8.hpp"

namespace readback {

bool is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool colours() {
  const char* no = std::getenv("NO_COLOR");
  return is_terminal() && !(no && *no);
}

namespace {
constexpr int least_columns = 20, usual_columns = 80;
constexpr int least_rows = 5, usual_rows = 24;
constexpr int endless = 1'000'000;

std::optional<int> columns_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return static_cast<int>(size.ws_col);
}

/// What a variable of the environment says, if it is a number.
std::optional<int> wanted(const char* variable) {
  const char* said = std::getenv(variable);
  const std::string_view text = said ? said : "";
  int number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}
}  // namespace

int columns() {
  auto width = wanted("COLUMNS");
  if (!width) width = columns_of(STDOUT_FILENO);
  if (!width && is_terminal()) width = usual_columns;
  return std::clamp(width.value_or(endless), least_columns, endless);
}

int rows() {
  auto height = wanted("LINES");
  winsize size{};
  if (!height && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0) height = size.ws_row;
  return std::max(least_rows, height.value_or(usual_rows));
}

Progress::Progress(bool result_on_terminal) : wanted_(!result_on_terminal && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (!shown_.empty()) std::fputs("\r\x1b[K", stderr);
}

void Progress::at(double share, std::uint64_t bytes) {
  constexpr std::uint64_t worth_showing = 1 << 20;
  if (!wanted_ || bytes < worth_showing) return;
  const int percent = static_cast<int>(std::clamp(share, 0.0, 1.0) * 100);
  const int width = std::clamp(columns_of(STDERR_FILENO).value_or(usual_columns) - 20, 0, 40);
  char after[40];
  std::snprintf(after, sizeof after, " %3d%% %6llu MiB", percent, static_cast<unsigned long long>(bytes >> 20));
  std::string line = width < 5 ? "" : "[" + std::string(static_cast<std::size_t>(percent * width / 100), '#');
  if (width >= 5) line.resize(static_cast<std::size_t>(width) + 1, ' ');
  line += width < 5 ? after : std::string("]") + after;
  if (line == shown_) return;
  shown_ = line;
  std::fprintf(stderr, "\r%s", line.c_str());
  std::fflush(stderr);
}

std::string bold(const std::string& text) { return colours() ? "\x1b[1m" + text + "\x1b[0m" : text; }

std::string coloured(const std::string& text, std::string_view word) {
  const char* code = word == "green" || word == "pass" || word == "in_sync" || word == "resolved" || word == "met" ||
                             word == "delivered"
                         ? "32"
                     : word == "warning" || word == "warn" || word == "recovered" || word == "degraded" ||
                             word == "drift" || word == "unattested" || word == "retrying"
                         ? "33"
                     : word == "error" || word == "critical" || word == "fail" || word == "unreachable" ||
                             word == "firing" || word == "unmet" || word == "broken" || word == "off"
                         ? "31"
                     : word == "unknown" || word == "denied" || word == "missing" || word == "throttled" ||
                             word == "inhibited" || word == "muted"
                         ? "35"
                         : nullptr;
  return colours() && code ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
}

std::string for_terminal(std::string_view text) {
  constexpr std::string_view layout = "\n\t";
  if (!colours()) return visible(text, layout);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    for (const std::string_view ours : {"\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m"})
      if (text.substr(at).starts_with(ours)) length = ours.size();
    if (length > 0) {
      out += text.substr(at, length);
    } else {
      length = std::min(text.find('\x1b', at + 1), text.size()) - at;
      out += visible(text.substr(at, length), layout);
    }
    at += length;
  }
  return out;
}

std::size_t shown_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) ++width;
  }
  return width;
}

std::string fit(const std::string& text, std::size_t width) {
  if (shown_width(text) <= width) return text;
  std::string out;
  std::size_t shown = 0;
  bool escaped = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      escaped = true;
      while (i < text.size() && text[i] != 'm') out += text[i++];
      if (i < text.size()) out += text[i];
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && ++shown >= width) break;
    out += text[i];
  }
  return out + "…" + (escaped ? "\x1b[0m" : "");
}

std::string wrapped(const std::string& text, std::size_t indent) {
  const auto width = static_cast<std::size_t>(columns());
  std::string out, line;
  std::size_t from = 0;
  const auto room = width > indent + 10 ? width - indent : 10;
  while (from < text.size()) {
    auto end = std::min(text.find(' ', from), text.size());
    const std::string word = text.substr(from, end - from);
    if (!line.empty() && shown_width(line) + 1 + shown_width(word) > room) {
      out += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    from = end + 1;
  }
  return out + line;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], shown_width(row[i]));
    }
  std::size_t before_last = 0;  // columns that come before the last one
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) before_last += widths[i] + 2;
  const bool room = before_last + 20 <= static_cast<std::size_t>(columns());
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == widths.size();
      // On a very narrow terminal the last cell goes below, so that nothing is cut.
      if (last && !room && !row[i].empty()) {
        while (!line.empty() && line.back() == ' ') line.pop_back();
        line += "\n" + std::string(4, ' ') + wrapped(row[i], 4);
      } else if (last) {
        line += wrapped(row[i], before_last);
      } else {
        line += row[i] + std::string(widths[i] + 2 - shown_width(row[i]), ' ');
      }
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace readback
