// The ledger of what is open at the sinks follows from the rows alone; the store keeps it as a table of its own,
// because it outlives them.
#include "core/alert/outbox_row.hpp"

namespace readback {

std::string_view to_string(OutboxState s) {
  switch (s) {
    case OutboxState::pending: return "pending";
    case OutboxState::delivered: return "delivered";
    case OutboxState::dead: return "dead";
    case OutboxState::expired: return "expired";
  }
  return "?";
}

void note_opened(std::vector<OpenedKey>& opened, const OutboxRow& row) {
  switch (row.mark) {
    case OutboxRow::Mark::none: return;
    case OutboxRow::Mark::open: {
      bool known = false;
      for (auto& k : opened) {
        if (k.sink != row.sink || k.incident_id != row.incident_id) continue;
        if (k.key == row.key) {
          known = true;
          k.closed_at.reset();
          k.body = row.opened_body;
        } else if (!k.closed_at) {
          k.closed_at = row.created;
        }
      }
      if (!known)
        opened.push_back({row.sink, row.incident_id, row.target, row.key, row.opened_body, row.created, std::nullopt});
      return;
    }
    case OutboxRow::Mark::close:
      for (auto& k : opened)
        if (k.sink == row.sink && k.incident_id == row.incident_id && !k.closed_at) k.closed_at = row.created;
      return;
  }
}

}  // namespace readback
