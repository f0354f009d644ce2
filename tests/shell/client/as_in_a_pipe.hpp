// What the client shows is tried without colours and 80 wide, whatever the tests were started on.
#pragma once
#include <cstdlib>

namespace readback {

struct AsInAPipe {
  AsInAPipe() {
    ::setenv("NO_COLOR", "1", 1);
    ::setenv("COLUMNS", "80", 1);
  }
};

}  // namespace readback
