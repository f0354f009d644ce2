#pragma once
// From an event to what follows from it, in the one order that keeps the promises. It is decided here and done by
// whoever drives it (daemon/app, the simulated world of tests/sim):
//
//   start what is slow -> record -> seal on disk, and what waited for it -> state, alerts and ended incidents in one
//   transaction -> let the alerts leave -> what a fleet asks for -> answer
//
//   course.begin(engine.handle(event, now));
//   for (;;) step = course.next(now, store_hangs);  // do it; Done ends the event
//
// Behind Notify, Seal and Commit it is told what came of them: notified(), sealed(), committed().
//
// Where many fail at once, their evidence is sealed side by side and one transaction tells of all: behind a Seal the
// event may be left, and another begins (Companions says which); Await says that all is done that can be done before
// the seals, and resume() takes the events up again in their order.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/alert/outbox_row.hpp"
#include "core/engine/action.hpp"
#include "core/engine/event.hpp"
#include "core/text/result.hpp"

namespace readback {

class Course {
 public:
  /// On the disk together, or not at all: these parts of the state as they are now, these rows, these incidents.
  struct Commit {
    std::set<std::string> parts;
    std::vector<OutboxRow> rows;
    std::vector<IncidentRecord> ended;
  };
  /// The rows of the commit may leave now.
  struct Deliver {};
  /// All that is left waits for seals: begin() another event, or resume() with what the first of the seals brings.
  struct Await {};
  /// The event is over, and this is its answer.
  struct Done {
    Answer answer;
  };
  using Step = std::variant<StartSweep, StartCheck, StartEvidence, Record, Notify, Say, Seal, Await, Commit, Deliver,
                            FleetDuty, Done>;

  /// After Done, or after Await.
  void begin(Actions actions);
  /// `store_hangs`: a write has not come back. What nobody waits for is then saved when it does.
  Step next(Instant now, bool store_hangs);
  /// When an event is wanted, and be it an empty one, so that what was only counted gets to the disk although nothing
  /// else happens; MonoTime::max() when all is saved. Asked after Done.
  MonoTime save_due(Instant now, bool store_hangs) const;

  /// The rows that the Notify brought.
  void notified(std::vector<OutboxRow> rows);
  /// What the engine makes of the end of the Seal: it comes before what stands behind the Seal.
  void sealed(Actions more) { put(std::move(more)); }
  /// Instead of it: what stands behind the Seal waits for resume(). Not after the first resume() of an event.
  void leave();
  void resume(Actions more);
  /// What is worth saying of it. A commit that failed is kept in memory by the store, and what it brings still leaves.
  std::vector<Say> committed(const Result<void>& written);
  /// The store could not be written already before the first event, and that was said.
  void store_failed() { ++writes_failed_; }

 private:
  void put(Actions actions);
  bool wants_commit(Instant now, bool store_hangs) const;

  std::vector<Action> ahead_;             // the next one last
  std::deque<std::vector<Action>> left_;  // the same of each event that waits for its seal
  Commit together_;
  bool urgent_ = false;
  std::optional<Answer> answer_;
  std::deque<FleetDuty> duties_;
  enum class Phase { carrying_out, committing, delivering, over } phase_ = Phase::over;
  bool any_rows_ = false;          // of the commit that was given out
  std::set<std::string> unsaved_;  // parts of the engine's state that the disk does not know yet
  MonoTime unsaved_since_{};
  std::uint64_t writes_failed_ = 0;  // since the store last took one
};

/// Which events may begin while others wait for their seals: what time, reads and checks bring, one of each target, so
/// that what is told of a target keeps its order.
class Companions {
 public:
  /// The first of them. Null in both: an event of the fleet, which has none beside it.
  void begin(const Event* first);
  /// Notes the event as one of them, if it may be.
  bool takes(const Event* next);

 private:
  std::set<std::string> targets_;
  std::size_t count_ = 0;
  bool is_open_ = false;
};

/// How long a page waits for its evidence: not for a disk that does not answer. While one seal is late nobody waits for
/// the next either, and behind too many no more are begun.
class SealPatience {
 public:
  /// A seal is wanted: how long it is waited for, or why it is not begun. `again`: for a page that has left without.
  Result<Millis> begin(bool again = false);
  /// How long one is waited for whose turn it is now.
  Millis patience() const;
  /// Another may be begun beside those that are waited for.
  bool has_room() const;
  /// Nobody waits for it any more: what its page says instead.
  std::string give_up();
  /// It has ended; `late`: after it was given up.
  void ended(bool late);

 private:
  std::size_t out_ = 0, late_ = 0;
};

}  // namespace readback
