// Age first, then room: what is too old goes in any case. For want of room the oldest sweeps go, then the oldest
// bundles, at last old incidents, but not the newest thousand. What an open incident needs stays.
#include "daemon/store/retention.hpp"

#include <filesystem>
#include <set>

namespace readback {
namespace {

constexpr std::int64_t most_incidents = 10'000;
constexpr std::int64_t history = 1'000;  // resolved incidents that stay for want of room: some 2 MiB

}  // namespace

/// As they are now, with the bundle that would be the next to go.
struct Retainer::Rules {
  std::vector<SweepKey> pins;
  std::set<std::string> needed;  // incidents whose bundles stay
  Retention keep;
  std::optional<SnapshotRow> victim;
  std::uint64_t in_bundles = 0;
};

Retainer::Rules Retainer::rules() {
  const std::lock_guard lock(board_.mutex);
  Rules r{{}, {}, board_.rules, std::nullopt, board_.mirror.bytes_of_bundles()};
  for (const auto& [target, pins] : board_.pins) {
    for (const auto sweep : pins.sweeps) r.pins.push_back({target, sweep});
    r.needed.insert(pins.incidents.begin(), pins.incidents.end());
  }
  const auto& snapshots = board_.mirror.snapshots();
  // The oldest bundle that nobody needs; the newest of all stays, its digest continues the chain.
  for (std::size_t i = 0; i + 1 < snapshots.size() && !r.victim; ++i)
    if (!r.needed.contains(snapshots[i].incident_id)) r.victim = snapshots[i];
  // For want of room also what was captured on request during an open incident, but never the evidence of its page.
  for (std::size_t i = 0; i + 1 < snapshots.size() && !r.victim && r.in_bundles > r.keep.keep_bytes / 2; ++i)
    if (snapshots[i].reason.starts_with("capture")) r.victim = snapshots[i];
  return r;
}

bool Retainer::step(WallTime now) {
  const Rules now_in_force = rules();
  bool more = false;
  const bool done = database_.clean_up([&](Tables& tables) { more = clean(tables, now_in_force, now); });
  return done && more;
}

bool Retainer::clean(Tables& tables, const Rules& r, WallTime now) {
  const auto cutoff = now - r.keep.keep_time;
  if (r.victim && (r.victim->at < cutoff || r.in_bundles > r.keep.keep_bytes / 2)) {
    remove_bundle(tables, *r.victim);
    return true;
  }
  tables.sync(Tables::Sync::normal);
  const auto aged = tables.drop_sweeps_before(cutoff, r.pins);
  auto sweeps_gone = aged.sweeps;
  bool more = aged.more, others_gone = false;
  if (!more) {
    tables.drop_outbox_before(cutoff);
    others_gone = tables.drop_incidents(cutoff, most_incidents);
    others_gone = tables.drop_history(now) || others_gone;
    const auto sweeps_before = sweeps_gone;
    more = make_room(tables, r, sweeps_gone);
    others_gone = others_gone || (more && sweeps_gone == sweeps_before);
  }
  if (sweeps_gone) tables.drop_unused_texts(r.pins);
  if (sweeps_gone || others_gone) tables.shrink();
  if (!more) {
    shrinking_ = false;
    tables.checkpoint();
  }
  return more;
}

/// True when something went and there may be more.
bool Retainer::make_room(Tables& tables, const Rules& r, std::int64_t& sweeps_gone) {
  const std::uint64_t limit = shrinking_ ? r.keep.keep_bytes / 10 * 9 : r.keep.keep_bytes;
  if (tables.bytes() + r.in_bundles <= limit) return false;
  tables.checkpoint();
  if (tables.bytes() + r.in_bundles <= limit) return false;
  const auto oldest = tables.drop_oldest_sweeps(r.pins);
  sweeps_gone += oldest.sweeps;
  shrinking_ = oldest.more;
  if (oldest.more) return true;
  if (r.victim) {
    remove_bundle(tables, *r.victim);
    return true;
  }
  return tables.drop_oldest_incidents(history);
}

void Retainer::remove_bundle(Tables& tables, const SnapshotRow& row) {
  std::error_code gone_already;
  std::filesystem::remove(database_.folder() / row.path, gone_already);  // an absolute path stays what it is
  tables.remove_snapshot(row.id);
  const std::lock_guard lock(board_.mutex);
  board_.mirror.remove_snapshot(row.id);
}

}  // namespace readback
