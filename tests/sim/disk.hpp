#pragma once
// What lies on the disk of one host, and what of it survives: a transaction is there whole or not at all; one that was
// written and not synced survives kill -9 and may be lost by a power cut, with all behind it. The rules by which rows
// open and close are the product's own (note_opened).
//
// Beside it lies what the witness knew when this was written, so that it forgets what the daemon forgets.
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/alert/outbox_row.hpp"
#include "core/model/record.hpp"
#include "core/model/view.hpp"
#include "daemon/store/mirror.hpp"
#include "tests/sim/chance.hpp"
#include "tests/sim/memory.hpp"

namespace readback::sim {

enum class DiskMood { works, full, read_only, hangs };
inline constexpr std::array disk_words = {"works", "is full", "is read-only", "does not answer"};

/// One transaction.
struct Written {
  bool synced = false;       ///< and with it all before it
  bool whole_state = false;  ///< the parts that are not here are gone
  SavedState state;
  std::vector<OutboxRow> inserted, upserted;
  std::optional<std::vector<OpenedKey>> opened;  ///< all of it
  std::vector<OpenedThere> opened_there;         ///< or of these incidents at these sinks
  std::vector<std::string> ended;                ///< incidents that are over
  std::map<std::string, Memory> memories;        ///< of the witness, by part
};

struct Tables {
  SavedState state;
  std::map<std::int64_t, OutboxRow> rows;
  std::set<std::pair<std::string, std::string>> known;  ///< event and sink
  std::vector<OpenedKey> opened;
  std::set<std::string> ended;  ///< incidents
  std::map<std::string, Memory> memories;

  void apply(Written w);
  std::vector<std::pair<std::string, std::string>> refused() const;
  std::string newest_event() const;
};

class Disk {
 public:
  /// `may_lose`: a power cut is to come, and what was written is remembered for it.
  explicit Disk(bool may_lose) : may_lose_(may_lose) {}
  void write(Written w);
  /// Loses what was not synced, or a part of it.
  void lose(Chance& chance);
  const Tables& now() const { return now_; }

  DiskMood mood = DiskMood::works;
  std::set<std::string> bundles;  ///< sealed snapshots, each synced before it counts

 private:
  bool may_lose_;
  Tables now_, base_;
  std::vector<Written> since_;  // the base
  std::size_t synced_ = 0;
};

}  // namespace readback::sim
