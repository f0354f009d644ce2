#pragma once
// A stretch of some text.
#include <cstddef>

namespace readback {

/// Half open, in bytes.
struct Range {
  std::size_t from = 0, to = 0;
  bool empty() const { return to <= from; }
};

}  // namespace readback
