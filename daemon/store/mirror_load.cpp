// From the tables into the loop's copy, when the file is opened.
#include "daemon/store/mirror.hpp"
#include "daemon/store/tables.hpp"

namespace readback {

void Mirror::load(Tables& from) {
  Kept kept;
  kept.state = from.load_state();
  for (auto& row : from.load_pending()) kept.pending.emplace(row.seq, std::move(row));
  kept.opened = from.load_opened();
  kept.last_seq = from.last_seq();
  kept.snapshots = from.load_snapshots();
  kept.refused = from.load_refused();
  kept.newest_event = from.newest_event();
  load(std::move(kept));
}

}  // namespace readback
