// What is given back is gone from the account of the process, and who needs it again has it.
#include "daemon/platform/memory.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

using namespace readback;

namespace {

/// Pages of files that this process has mapped and touched, in KiB.
long touched() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssFile:")) return std::stol(line.substr(8));
  return 0;
}

}  // namespace

TEST_CASE("pages of code that were touched are given back, and the program goes on") {
  const long before = touched();
  give_back_memory();
  const long after = touched();
  CHECK(after < before);
}
