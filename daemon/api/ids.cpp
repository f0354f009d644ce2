// An id is 36 characters that somebody copies from a page by hand: eight are enough, and a wrong one is answered with
// the one that is nearest to it.
#include "daemon/api/ids.hpp"

#include <algorithm>

#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::size_t enough = 8, named = 5;

std::string ambiguous(std::string_view asked, std::string_view what, const std::vector<std::string>& fitting) {
  std::string text = std::string(asked) + " may be " + std::to_string(fitting.size()) + " " + std::string(what) + "s: ";
  for (std::size_t i = 0; i < std::min(named, fitting.size()); ++i) text += (i ? ", " : "") + fitting[i];
  return text + (fitting.size() > named ? " and others" : "") + "; write more of it";
}

}  // namespace

bool fits_id(std::string_view id, std::string_view asked) {
  return id == asked || (asked.size() >= enough && (id.ends_with(asked) || id.starts_with(asked)));
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
    if (fits_id(id, asked)) fitting.push_back(id);
  }
  if (fitting.size() == 1) return fitting.front();
  if (!fitting.empty()) {
    problem.status = 409;
    problem.detail = ambiguous(asked, what, fitting);
    problem.nearest = fitting.front();
    return problem;
  }
  problem.nearest = closest(asked, known);
  problem.detail = "there is no " + std::string(what) + " " + std::string(asked.substr(0, 128));
  problem.detail += problem.nearest.empty() ? "" : "; the nearest is " + problem.nearest;
  return problem;
}

}  // namespace readback
