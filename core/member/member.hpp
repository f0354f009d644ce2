#pragma once
// One host of a fleet: its engine, what the fleet makes of what the engine sees, and the way back. Whoever drives a
// host (daemon/app, the simulated world) puts every event in here and does what comes out, in the order of course.hpp:
//
//   actions = member.handle(event, now)         // of the platform, of operators, of the clock
//   actions = member.handle(fleet_event, now)   // of the fleet's servers, and of the outbox (RowTried)
//
//   SweepDone -> engine -> SweepSeen -> fleet -> Turned, Tell -> engine: incident, snapshot, event -> a row that is
//   held
//
// What the fleet decides is saved under the part `fleet_part`, in the transaction of the rows that it has made; what it
// asks for outside is one FleetDuty behind that. Without a fleet this is the engine and nothing else: not a byte of
// what it does is different.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert/outbox.hpp"
#include "core/engine/engine.hpp"
#include "core/fleet/fleet.hpp"

namespace readback {

inline constexpr std::string_view fleet_part = "readback/fleet";  ///< of the saved state; no target is called so

class Member {
 public:
  /// `fleet` unset: a host alone. The engine's options say `in_fleet` when it is set, and `ids` are the engine's too.
  Member(Engine& engine, std::optional<FleetSetup> fleet, std::shared_ptr<IdSource> ids, Instant start);
  ~Member();
  Member(Member&&) noexcept;
  Member& operator=(Member&&) noexcept;

  Actions handle(Event event, Instant now);
  Actions handle(FleetEvent event, Instant now);
  /// When the next Tick is wanted: it is the fleet's as well.
  MonoTime next_due() const;

  std::string save(const std::string& part) const;
  SavedState save() const;
  /// Once, before the first event. Why something of it cannot be used, a sentence each.
  std::vector<std::string> restore(SavedState state, Instant now);
  /// Then: which rows of the store are the fleet's (OutboxSetup::held)
  std::map<std::string, std::uint64_t> held() const;
  /// and the events of those, for whoever reads the stream of events: as they are known now, under the names that they
  /// had. `is_told`: a receiver has taken it, and the start came before that was noted.
  struct HeldEvent {
    AlertEvent event;
    bool is_told = false;
  };
  std::vector<HeldEvent> held_events(const std::map<std::int64_t, OutboxRow>& pending, Instant now);
  /// and what the fleet must know of those that the outbox has not, as what has happened since.
  Actions begin(const std::map<std::int64_t, OutboxRow>& pending, Instant now);

  /// OutboxSetup::speaks.
  bool speaks(const std::string& incident, const std::string& sink) const;
  /// What keeps this from being a whole watch: the engine's, and the fleet's.
  std::vector<std::string> impairments(Instant now) const;
  /// The targets that this host alone cannot reach: nothing that it sees of them proves that it watches.
  std::vector<std::string> own_ways() const;
  /// Incidents of the fleet that no target's book has: a way, a missing member. Open ones.
  std::vector<IncidentRecord> notices() const;
  /// Null on a host alone.
  const Fleet* fleet() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a duty asks of the outbox, done. The rest of it is for the servers.
OutboxStep do_at_outbox(const FleetDuty& duty, Outbox& outbox, MonoTime now);

}  // namespace readback
