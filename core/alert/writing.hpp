#pragma once
// What the outbox has decided, as single operations in the order in which they are to be done, one after the other is
// durable: whoever drives the outbox (daemon/sinks, the simulated world of tests/sim) takes them one by one.
//
//   said, forgotten -> rows that are new, one transaction; now they may leave -> how each row stands -> what is closed
//   -> the fleet
//
// An alarm of our own is on the disk before the answer that led to it is: a crash between the two repeats an attempt,
// and loses no alarm.
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/alert/outbox.hpp"

namespace readback {

/// Nothing is open at this sink for this incident after all.
struct ForgetOpened {
  std::string sink, incident;
};
/// One durable transaction; behind it each row is handed to Outbox::committed(), in this order.
struct CommitRows {
  std::vector<OutboxRow> rows;
};
/// What was closed before is of no use any more.
struct ForgetClosed {
  WallTime before;
};
using OutboxWrite = std::variant<Say, ForgetOpened, CommitRows, OutboxStep::Mark, ForgetClosed, RowTried>;

/// All that a step asks for, with what is told again because of it. `standing`: how an incident stands now.
std::vector<OutboxWrite> in_order(OutboxStep step, Outbox& outbox,
                                  const std::function<Standing(const std::string& incident)>& standing);

}  // namespace readback
