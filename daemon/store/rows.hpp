#pragma once
// What is kept, as plain data: an incident, a snapshot, a commit (with rows of the outbox, core/alert/outbox_row.hpp),
// and what may be asked for. Hours and days are those of core/history.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert/outbox_row.hpp"
#include "core/history/spans.hpp"
#include "core/model/record.hpp"
#include "core/model/view.hpp"

namespace readback {

/// An incident as it is kept: what it is found by, and its text, which the store neither reads nor changes.
struct IncidentRow {
  std::string id, target;
  std::string boundary;  ///< its word
  WallTime opened_at{};
  std::optional<WallTime> resolved_at;  ///< nothing: it was open when it was last written
  std::optional<Spell> spell;           ///< what history keeps of it, longer than the whole
  std::string text;                     ///< the whole incident, as whoever commits it writes and reads it
};

struct IncidentSearch {
  std::string target;  ///< "" is all
  std::string begins;  ///< the beginning of the id, as people type it; "" is any
  WallTime since{};    ///< opened then or later
  enum class Which { all, open, resolved } which = Which::all;
  std::size_t limit = 200;
};

/// Ids in their textual order are ordered by time, so they decide between incidents of one moment.
bool is_newer(const IncidentRow& a, const IncidentRow& b);
bool matches(const IncidentRow& row, const IncidentSearch& search);

struct Commit {
  SavedState state;  ///< the parts that have changed
  std::vector<OutboxRow> rows;
  std::vector<IncidentRow> incidents;  ///< new ones, and known ones that have changed: the newest text counts
};

/// A sealed snapshot, and where its file is.
struct SnapshotRow : SnapshotView {
  std::string path;  ///< absolute, or relative to the store's folder
};

struct SweepKey {
  std::string target;
  std::uint64_t sweep = 0;
};

/// What no retention may take of one target.
struct Pins {
  std::vector<std::uint64_t> sweeps;
  std::vector<std::string> incidents;  ///< whose snapshots are evidence of something that is still open
};

struct ReadQuery {
  std::string target;                    ///< "" is all
  WallTime from{}, to{WallTime::max()};  ///< by the time of the sweep; both inclusive
  std::int64_t after = 0;                ///< cursor: `next` of the page before
  std::size_t limit = 200;               ///< sweeps a page
};

struct ReadPage {
  std::vector<SweepRecord> sweeps;   ///< in the order in which they were recorded
  std::optional<std::int64_t> next;  ///< there may be more
};

struct RecentSweeps {
  std::vector<SweepRecord> sweeps;  ///< oldest first
  bool cut = false;                 ///< there were more, older ones
};

struct RecentQuery {
  std::string target;
  WallTime from{}, to{};       ///< by the time of the sweep; both inclusive
  std::size_t most_bytes = 0;  ///< about so many of bodies and outputs: the newest
  std::uint64_t behind = 0;    ///< only what was recorded after the newest sweep of this number; 0: all
};

struct SweepsAround {
  std::vector<SweepRecord> named;  ///< what was asked for by its number and is not among the recent ones
  RecentSweeps recent;
};

struct Retention {
  Millis keep_time = std::chrono::hours(24 * 30);
  std::uint64_t keep_bytes = std::uint64_t{1} << 30;  ///< database and bundles together
};

}  // namespace readback
