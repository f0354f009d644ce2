// A window of ten over runs: the newest run grows while the oldest shrinks.
#include "core/reading/versions.hpp"

#include <algorithm>
#include <numeric>

namespace readback {
namespace {

constexpr int versions_kept = 10;
/// Of ten answers. Two of the changes go back: a rollout that goes on through versions does not alternate.
constexpr std::size_t changes_that_alternate = 3, returns_that_alternate = 2;

}  // namespace

LastVersions::LastVersions(const std::vector<std::string>& named) {
  for (const auto& version : named) note(version);
}

void LastVersions::note(const std::string& version) {
  if (runs_.empty() || runs_.back().version != version) runs_.push_back({version});
  ++runs_.back().answers;
  const int all = std::accumulate(runs_.begin(), runs_.end(), 0, [](int n, const Run& run) { return n + run.answers; });
  if (all > versions_kept) --runs_.front().answers;
  const auto first =
      std::find_if(runs_.begin(), runs_.end(), [](const Run& run) { return run.answers > 0 && !run.version.empty(); });
  runs_.erase(runs_.begin(), first);
}

std::vector<std::string> LastVersions::each() const {
  std::vector<std::string> named;
  for (const auto& run : runs_) named.insert(named.end(), static_cast<std::size_t>(run.answers), run.version);
  return named;
}

std::optional<std::vector<std::string>> LastVersions::alternating() const {
  std::vector<std::string> turns;
  std::size_t returns = 0;
  for (const auto& run : runs_) {
    if (run.version.empty() || (!turns.empty() && turns.back() == run.version)) continue;
    returns += std::find(turns.begin(), turns.end(), run.version) != turns.end();
    turns.push_back(run.version);
  }
  if (turns.size() <= changes_that_alternate || returns < returns_that_alternate) return std::nullopt;
  std::sort(turns.begin(), turns.end());
  turns.erase(std::unique(turns.begin(), turns.end()), turns.end());
  return turns;
}

}  // namespace readback
