// An id is 36 characters that somebody copies from a page by hand: eight are enough, and a wrong one is answered with
// the one that is nearest to it.
#include "daemon/api/ids.hpp"

#include "core/text/words.hpp"

namespace readback {

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
  problem.nearest = closest(asked, known);
  problem.detail = "there is no " + std::string(what) + " " + std::string(asked.substr(0, 128));
  problem.detail += problem.nearest.empty() ? "" : "; the nearest is " + problem.nearest;
  return problem;
}

}  // namespace readback
