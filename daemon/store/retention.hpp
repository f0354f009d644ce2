#pragma once
// What is too old, or too much, goes: sweeps, what was delivered, resolved incidents and bundles that nobody needs any
// more. It goes in bounded steps, so that a commit never waits for long.
#include "daemon/store/database.hpp"

namespace readback {

/// Used by the store's thread only.
class Retainer {
 public:
  /// Both outlive this.
  Retainer(Database& database, Board& board) : database_(database), board_(board) {}

  /// One step. True when there is more to do.
  bool step(WallTime now);

 private:
  struct Rules;
  Rules rules();
  bool clean(Tables& tables, const Rules& rules, WallTime now);
  bool make_room(Tables& tables, const Rules& rules, std::int64_t& sweeps_gone);
  void remove_bundle(Tables& tables, const SnapshotRow& row);

  Database& database_;
  Board& board_;
  bool shrinking_ = false;  // freed at 100 %, filled up to 90 %: a full store does not clean up at every sweep
};

}  // namespace readback
