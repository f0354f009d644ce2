#include "daemon/control/ids.hpp"

#include <algorithm>

namespace readback {

namespace {

std::size_t edits(std::string_view a, std::string_view b) {
  a = a.substr(0, 128);
  b = b.substr(0, 128);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(const std::vector<std::string>& known, std::string_view asked) {
  const auto best = std::min_element(known.begin(), known.end(),
                                     [&](const auto& a, const auto& b) { return edits(a, asked) < edits(b, asked); });
  return best == known.end() ? std::string() : *best;
}

std::variant<std::string, Problem> find_id(const std::vector<std::string>& known, std::string_view asked,
                                           std::string_view what) {
  Problem problem;
  problem.status = 404;
  if (asked == "latest") {
    if (!known.empty()) return known.front();
    problem.detail = "there is no " + std::string(what) + " yet";
    return problem;
  }
  std::vector<std::string> fitting;
  for (const auto& id : known) {
    if (id == asked) return id;
    if (asked.size() >= 8 && id.starts_with(asked)) fitting.push_back(id);
  }
  if (fitting.size() == 1) return fitting.front();
  if (!fitting.empty()) {
    problem.status = 409;
    problem.detail = std::string(asked) + " begins " + std::to_string(fitting.size()) + " ids of a " +
                     std::string(what) + "; write more of it";
    problem.nearest = fitting.front();
    return problem;
  }
  problem.nearest = nearest(known, asked.substr(0, 128));
  problem.detail = "there is no " + std::string(what) + " " + std::string(asked.substr(0, 128));
  problem.detail += problem.nearest.empty() ? "" : "; the nearest is " + problem.nearest;
  return problem;
}

}  // namespace readback
