#pragma once
// One member of a fleet: what this host makes of its own findings and of what the others say, for every target. As pure
// as the engine: what happened comes in as events, what is to be done goes out as actions (design: the fleet).
//
//   actions = fleet.handle(event, now)      // in the order of the list
//
// It knows three parties.
//
// The servers (daemon/fleet): Publish, ChangeClaim, Fetch and Append go there, each with a ticket, and each is answered
// by one FleetAnswered with the same ticket, `no_answer` after 2 s at the latest. The shell watches the three buckets:
// after every connect it hands over all that stands in them as one FirstPicture, then each change as FleetHeard, in the
// order of the revisions of a key. StartOver makes it do so anew. It may repeat and delay; it decides nothing, and sets
// no clock against another.
//
// The engine, when there is a fleet (without one nothing here exists, and it does what it always did):
// - It tells SweepBegan as it asks for a sweep, and SweepSeen when one was judged, with each boundary that is
//   suspected or confirmed; what nobody votes on (voted()) it may leave out. A confirmed boundary of these does not
//   fire, escalate, recover or resolve by the casebook's own counting: it does by Turned, which is the same on every
//   member. CountAnew sets its count back to nothing: an incident of all has ended, and what still holds must be seen
//   again.
// - Tell makes the page: the engine writes the AlertEvent (of its own incident, or, where it sees nothing itself, of
//   one opened on the fleet's word with the row's text), and it is rendered for that one sink. `recovered`, `relapsed`
//   and reminders go out on the holder alone, by Turned and holds(); they are not worth a claim.
// - AskSweep is one sweep out of turn, inside of the request budget: another host has asked what this one sees.
// - Drift, broken checks and whatever ails the watchdog stay the engine's own, and so does OwnWay (`observer`, kind
//   `vantage`, warning): no claim, their key ends in the host, and while it stands no heartbeat is sent.
//
// The outbox: what Tell brought is committed as a row that carries FleetRow::id, and is not sent. Leave lets it go, for
// one attempt; what came of that is Attempted, and it waits for another Leave (so retry.hpp says the least delay, and
// the fleet the real one: the waiting between two attempts at a receiver is all hosts' together). Forget removes it:
// another host has told it. The outbox keeps everything else of what it promises; in particular a resolve leaves only
// where its page arrived, which for a row of the fleet is the claim's to say and not the ledger's.
//
// Nothing leaves before the Save in front of it is on the disk. After a start: restore(), then events.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/config/config.hpp"
#include "core/fleet/agreement.hpp"
#include "core/fleet/request.hpp"
#include "core/fleet/words.hpp"
#include "core/model/alert_event.hpp"
#include "core/model/say.hpp"
#include "core/model/view.hpp"
#include "core/text/instant.hpp"

namespace readback {

// --- what it is told ---
struct FleetTick {};  ///< at next_due() at the latest
struct SweepBegan {
  std::string target;
  std::uint64_t sweep = 0;  ///< grows
};
/// A boundary that is not well.
struct FleetFinding {
  Boundary boundary = Boundary::outage;
  bool is_confirmed = false;  ///< by this host's own sweeps
  Severity severity = Severity::error;
  bool is_total = false;
  std::vector<std::string> reasons;  ///< redacted
  bool holds_now = true;             ///< false: not in this sweep. It is not over, and nobody is paged for it anew.
};
struct SweepSeen {
  std::string target;
  std::uint64_t sweep = 0;
  bool sees = true;  ///< false: it was blind or void, and says nothing of the target
  std::vector<FleetFinding> findings;
};
struct FirstPicture {
  std::vector<FleetEntry> hosts, views, claims;
};
struct ConnectionLost {};
/// The daemon, or its whole machine, has just stood still for longer than no_renewal: what comes in first was said
/// before, and is over by now.
struct StoodStill {};
struct FleetHeard {
  Bucket bucket = Bucket::views;
  FleetEntry entry;
};
struct FleetAnswered {
  std::uint64_t ticket = 0;
  /// `conflict`: of ChangeClaim, another revision stands there. Of Publish it cannot be.
  enum class Outcome { done, conflict, no_answer } outcome = Outcome::done;
  std::uint64_t revision = 0;                        ///< of what was written
  std::vector<std::pair<Bucket, FleetEntry>> found;  ///< by Fetch: what there is of it
};
/// One attempt at a receiver has ended.
struct Attempted {
  std::uint64_t row = 0;
  bool is_accepted = false;  ///< 2xx
  bool was_written = true;   ///< false: it certainly did not arrive (no connection)
  Millis not_before{0};      ///< what the receiver asked for, from now
};
/// What keeps this host from being a whole watch, a sentence each (Engine::impairments()): the others show it.
struct OurTroubles {
  std::vector<std::string> sentences;
};
/// An operator said it here. Its host, id and epochs are filled in by the fleet.
struct WordSaid {
  FleetWord word;
};
struct WordHeard {
  std::uint64_t seq = 0;
  std::string text;
};
/// Nobody has acknowledged what was paged in time, as this host counts it: these sinks are told of it now.
struct OthersCalled {
  std::string target;
  Subject subject = Subject::outage;
  std::vector<std::string> sinks;
};
/// After a reload. Claims of what is watched anew were passed by until now: a FirstPicture follows.
struct FleetReconfigured {
  Config config;
};
/// A clean stop begins: what follows is done before the connection is closed, within a second.
struct FleetStopping {};

using FleetEvent =
    std::variant<FleetTick, SweepBegan, SweepSeen, FirstPicture, ConnectionLost, StoodStill, FleetHeard, FleetAnswered,
                 Attempted, OurTroubles, WordSaid, WordHeard, OthersCalled, FleetReconfigured, FleetStopping>;

// --- what follows: a FleetRequest (request.hpp), or ---
struct AskSweep {
  std::string target;
};
struct CountAnew {
  std::string target;
  Boundary boundary = Boundary::outage;
};

/// One page, end or escalation for one sink. It lives until it was accepted, or another host has told as much.
struct FleetRow {
  std::uint64_t id = 0;
  ClaimKey key;
  EventKind kind = EventKind::firing;  ///< firing, escalated or resolved
  std::uint64_t epoch = 0;
  int level = 0;            ///< how bad it is told to be
  bool is_alone = false;    ///< decided or sent while the fleet could not be asked
  bool was_tried = false;   ///< an attempt was made that may have arrived
  bool is_again = false;    ///< the receiver may know it already, or may have been told that it is over
  bool is_adopted = false;  ///< on the word of a claim alone: it leaves only while the jury agrees
  std::string text;         ///< "seen from 5 of 7 hosts, not from a, b"
};
struct Tell {
  FleetRow row;
};

/// How an incident of the fleet stands now, on every member alike. Once for all sinks.
struct Turned {
  std::string target;
  Subject subject = Subject::outage;
  EventKind kind = EventKind::firing;  ///< firing, escalated, recovered, relapsed, resolved
  int level = 0;
  Tally votes;
  std::vector<FleetView> views;  ///< of the others who were asked, as they were counted
  bool was_vantage = false;      ///< firing: the way to it was blamed before; it is the same episode
};
struct OwnWay {
  std::string target;
  bool is_blamed = false;  ///< false: it has ended
  Tally votes;
};
/// This was said on another host, and is true here too.
struct WordTrue {
  FleetWord word;
};
/// The state has changed (save()): to be on the disk before what stands behind it in the list is done.
struct SaveFleet {};

using FleetAction = std::variant<Publish, ChangeClaim, Fetch, Append, StartOver, AskSweep, CountAnew, Tell, Leave,
                                 Forget, Turned, OwnWay, WordTrue, SaveFleet, Say>;
using FleetActions = std::vector<FleetAction>;

struct FleetSetup {
  Config config;  ///< its fleet is on
  std::string host, version;
  std::string start;  ///< names this start of the daemon, and no other
  WallTime started{};
  std::uint64_t seed = 0;  ///< of the questions' numbers and of jitter
};

class Fleet {
 public:
  Fleet(FleetSetup setup, MonoTime now);
  ~Fleet();
  Fleet(Fleet&&) noexcept;
  Fleet& operator=(Fleet&&) noexcept;

  /// Never throws on what others wrote: what cannot be used is one Say, when it begins.
  FleetActions handle(FleetEvent event, MonoTime now);
  /// When the next FleetTick is wanted; within 5 s.
  MonoTime next_due() const;

  /// All that a crash must leave, as JSON.
  std::string save() const;
  /// Once, before the first event. What cannot be read says why, and nothing is known then. The rows are those that
  /// the outbox should have; one that it has besides is to be removed.
  std::string restore(const std::string& saved);
  std::vector<FleetRow> rows() const;
  /// What receivers have accepted stands in the claims, as far as this host knows.
  bool has_all_written() const;

  /// The place in the stream of words up to which they are known: the shell goes on behind it.
  std::uint64_t words_heard() const;
  /// The fleet cannot be asked: this host decides by itself.
  bool is_away(MonoTime now) const;
  /// This host speaks for the fleet to this sink.
  bool holds(const ClaimKey& key) const;
  /// How bad its receiver believes it to be (level_of()), as far as this host knows; 0: it was told nothing.
  int told(const ClaimKey& key) const;
  /// Of the incident that is open here; 0: none is.
  std::uint64_t epoch(const ClaimKey& key) const;
  /// Somebody has acknowledged the incident that is open there.
  bool is_acknowledged(const ClaimKey& key) const;
  /// An incident of the fleet is open here, for any sink.
  bool is_open(const std::string& target, Subject subject) const;
  Tally votes(const std::string& target, Boundary boundary, MonoTime now) const;
  /// What ails this member, a sentence each: another of its name, servers out of reach for longer than `renotify`,
  /// a claim of a newer version.
  std::vector<std::string> troubles(MonoTime now) const;
  /// For people: all but what the shell knows of its servers and of what is shipped.
  FleetOverview overview(MonoTime now) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace readback
