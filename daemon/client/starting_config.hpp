#pragma once
// The configuration that `readback probe` hands over: what was found stands in it, and what is not there pages nobody.
#include <map>
#include <string>
#include <vector>

#include "daemon/client/probing.hpp"

namespace readback {

/// What one of the four surfaces is to become.
struct FoundSurface {
  std::string name, path;
  bool absent = false;     ///< written as null, with `why` beside it
  std::string why;         ///< "HTTP 404", "an HTML page \"Sign in\""
  std::string instead;     ///< a usual route that answers in its place; "" when none does
  bool by_status = false;  ///< of that route: the status code is the answer
  std::string settings;    ///< members that would make more of its answer; offered, never taken
};

struct StartingPoint {
  std::string base_url;
  std::map<std::string, std::string> header_files;  ///< by header: where its value stands
  std::vector<FoundSurface> surfaces;
  std::vector<std::string> others;  ///< routes that answer as well
};

/// The target that this configuration describes, for judging what it would make of the same reads.
TargetConfig target_of(const StartingPoint& start);
std::string starting_config(const StartingPoint& start);

}  // namespace readback
