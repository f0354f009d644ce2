#pragma once
// What the witness remembers of one target of one host, as a value: it is kept with the state of the engine, and comes
// back with it.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/model/verdict.hpp"
#include "core/text/instant.hpp"

namespace readback::sim {

/// One counted sweep, as the platform truly was when it was read; a list through all of them, the newest first.
struct Seen {
  std::shared_ptr<const Seen> before;
  Millis mono{0};  ///< of the host
  int boot = 0;
  WallTime wall{};  ///< as the engine was told it
  std::string letters;
  std::string check;  ///< of the check that is counted with this sweep; "" when none is
  bool path = true, references = true;
  ~Seen();
};

struct Known {
  std::string id;
  Boundary boundary = Boundary::outage;
  bool paged = false, acknowledged = false;
  Millis spoken{-1};                                   ///< the last page or reminder, on the monotonic clock
  int boot = 0;                                        ///< in which that was
  std::set<std::pair<std::string, std::string>> rows;  ///< of its page: event and sink
};

struct Memory {
  std::shared_ptr<const Seen> seen;
  std::map<std::string, Known> open;  ///< incidents, by id
};

}  // namespace readback::sim
