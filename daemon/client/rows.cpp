// Two blanks between columns, none at the end of a line.
#include "daemon/client/rows.hpp"

#include <algorithm>
#include <numeric>

#include "daemon/client/terminal.hpp"

namespace readback {
namespace {

constexpr std::size_t gap = 2;

std::vector<std::size_t> widths_of(const Rows& rows) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], shown_width(row[i]));
  return widths;
}

}  // namespace

std::size_t width_of(const Rows& rows) {
  const auto widths = widths_of(rows);
  if (widths.empty()) return 0;
  return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
}

std::vector<std::string> aligned(const Rows& rows) {
  const auto widths = widths_of(rows);
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + (i + 1 < row.size() ? std::string(widths[i] + gap - shown_width(row[i]), ' ') : "");
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string lines_of(const Rows& rows) {
  std::string out;
  for (const auto& line : aligned(rows)) out += line + "\n";
  return out;
}

}  // namespace readback
