#pragma once
// The outbox: who hears of what, in which order, when, and what an answer changes. A machine without a socket, a file
// or a clock; the shell (daemon/sinks) sends what it says and writes what it says.
//
//   step = outbox.render(event, "")          // rows, chosen now: to be committed, in this order
//   outbox.committed(row, now)               // it is on the disk and has its seq: now it may leave
//   next = outbox.next("pager", now)         // Send | Drop | Repeat | Wait | Gone
//   step = outbox.answered(row, sent, now)   // what came of it: what is to be written
//
// Promises, each held by tests/core/alert: what was committed arrives at least once or is refused by its receiver; one
// id an event; order per sink and incident; a resolve goes only where its page arrived, with the key it was opened
// with; a sink's trouble delays no other sink; nothing waits for ever. They hold over restarts, because all that is
// needed is in the rows and in the ledger of what is open (outbox_row.hpp), and over reloads.
//
// In a fleet (core/fleet) a row may carry a word of AlertEvent::fleet: it is on the disk like any other, and is held
// until leave() lets it go for one attempt. Whether its receiver has heard of the page is then not this host's to say.
//
// One thing at a time for each sink: after Send, Drop or Repeat the shell comes back with the answer before it asks
// again.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/alert/outbox_row.hpp"
#include "core/alert/own_alarm.hpp"
#include "core/alert/render.hpp"
#include "core/alert/retry.hpp"
#include "core/config/config.hpp"
#include "core/model/alert_event.hpp"
#include "core/model/ids.hpp"
#include "core/model/say.hpp"
#include "core/model/view.hpp"

namespace readback {

/// How one sink answered a test event.
struct TestResult {
  std::string sink, type;
  bool delivered = false;
  int status = 0;    ///< 0: no answer
  std::string text;  ///< "204 No Content", "connection refused, tried once, goes on trying"
};

/// How an incident stands, for a sink that has refused its page.
struct Standing {
  bool is_open = false;
  std::optional<AlertEvent> firing;  ///< while it fires: its page as it would be written now
};

struct OutboxSetup {
  Origin origin;  ///< of our own alarms
  std::vector<SinkConfig> sinks;
  std::uint64_t seed = 0;  ///< of jitter and of the ids of our own alarms
  /// Where those ids come from, when others draw from it too (the engine). Null: one of its own, from the seed.
  std::shared_ptr<IdSource> ids;
  /// Rows of a fleet that the store may have, by their event: which each is; 0: it is told already, and is to go.
  std::map<std::string, std::uint64_t> held;
  /// In a fleet: does this host speak to the sink about this incident? Only then it repeats itself. Empty: it does.
  std::function<bool(const std::string& incident, const std::string& sink)> speaks;
  bool in_fleet = false;  ///< our own alarms are this host's, also where the keys are the platform's
};

/// One attempt of a row that a fleet had let go has ended.
struct RowTried {
  std::uint64_t row = 0;
  bool is_accepted = false, was_written = true;
  Millis not_before{0};  ///< what the receiver asked for, from now
};

/// What a decision changes outside, in the order in which it is to be done.
struct OutboxStep {
  /// Nothing is open at this sink for this incident after all.
  std::vector<std::pair<std::string, std::string>> forget;
  /// Rows for one durable transaction, in this order. An alarm of our own is on the disk before the answer that led to
  /// it is: a crash between the two repeats an attempt, and loses no alarm.
  std::vector<OutboxRow> commit;
  struct Mark {
    OutboxRow row;
    /// The sink has never heard of it: in the same transaction forget what is open there for its incident, but for
    /// what the rows behind it open.
    bool forget = false;
  };
  std::vector<Mark> mark;                 ///< how the delivery of these rows stands now
  std::optional<WallTime> forget_closed;  ///< what was closed before is of no use any more
  /// Sinks that work again, or are tried anew, with incidents whose page they have refused for good: each is to be
  /// handed to tell_again(), and what that commits belongs to the rows of this step.
  std::vector<std::pair<std::string, std::string>> retell;
  std::vector<Say> say;
  std::vector<RowTried> tried;  ///< to be told to the fleet when all this is done
};

/// What one address answered. Status 0: it did not, and `detail` says why.
struct SinkAnswer {
  int status = 0;
  std::string detail, retry_after;
  bool was_written = true;  ///< false: there was no connection, so nothing of it can have arrived
};

/// What came of sending.
struct SinkSent {
  std::vector<SinkAnswer> answers;  ///< one an address, in the order of the configuration
  std::string problem;              ///< not empty: it could not even be tried (a credential is missing)
  std::size_t body_size = 0;
};

class Outbox {
 public:
  /// Send the pending row of this seq.
  struct Send {
    std::int64_t seq;
  };
  /// The pending row of this seq is not worth sending, or its page never arrived: hand it to dropped().
  struct Drop {
    std::int64_t seq;
  };
  /// Tell these addresses of an Alertmanager (their places in the configuration) again what fires, and what has ended.
  struct Repeat {
    std::vector<std::size_t> to;
    std::string body;
  };
  /// Nothing before this time, unless a row, a reload or a stop comes.
  struct Wait {
    MonoTime until = MonoTime::max();
  };
  /// This sink is configured no more and has closed what it had opened; it is forgotten.
  struct Gone {};
  using Next = std::variant<Send, Drop, Repeat, Wait, Gone>;

  explicit Outbox(OutboxSetup setup);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// What the store has kept. Once, before anything else; rows of sinks that nobody knows any more are given up.
  /// `refused`: sinks with the incidents whose page they have refused.
  OutboxStep restore(const std::map<std::int64_t, OutboxRow>& pending, const std::vector<OpenedKey>& opened,
                     Instant now, const std::vector<std::pair<std::string, std::string>>& refused = {});
  /// Sinks are matched by name. A sink that was off is tried again, and all that waits is due at once. One that is gone
  /// works on until what it had opened is closed (not beyond a restart: its address is then no longer known).
  OutboxStep reconfigure(Origin origin, std::vector<SinkConfig> sinks, Instant now);

  /// The rows of this event for the sinks that take it (route.hpp): `commit`, for the caller's own transaction.
  OutboxStep render(const AlertEvent& event, const std::string& only_sink);
  /// In the order of their seqs.
  void committed(const OutboxRow& row, Instant now);
  /// A sink had refused the page of this incident, and may take it now: what still fires is told anew, once. Nothing
  /// when it does not fire; and when it is over, the refusal is forgotten.
  OutboxStep tell_again(const std::string& sink, const std::string& incident, const Standing& standing);

  /// This row of the fleet may leave, for one attempt, and at once: where the receiver has asked for a pause, another
  /// host may tell it, which has not. What nobody claims and stands before it gives way.
  OutboxStep leave(std::uint64_t row, MonoTime now);
  /// Another host has told what this row of the fleet says: it goes without being sent.
  void forget(std::uint64_t row);
  /// An incident of the fleet is over here: whoever has told it has closed what was open.
  OutboxStep over(const std::string& incident);

  /// What keeps this from being a whole watch, "" when nothing does: told once when it begins, and once when it ends.
  OutboxStep watch_is(const std::string& trouble, Instant now);

  Next next(const std::string& sink, Instant now);
  /// How long ago this row's event was.
  Millis age(const OutboxHead& row, Instant now) const;
  /// What came of Send, Drop and Repeat.
  OutboxStep answered(OutboxRow row, const SinkSent& sent, Instant now);
  OutboxStep dropped(OutboxRow row, Instant now);
  OutboxStep repeated(const std::string& sink, const Repeat& what, const SinkSent& sent, Instant now);
  /// Nothing is sent to this sink before.
  void pause(const std::string& sink, MonoTime until);

  /// In the order of the configuration; gone ones that still work come too.
  std::vector<std::string> sinks() const;
  const SinkConfig* config(const std::string& sink) const;
  std::vector<SinkView> view() const;

  /// A test event still waits at a sink that may answer.
  bool is_test_under_way(const std::string& event_id) const;
  /// What is known now, of every sink that got it; what was answered is handed out once.
  std::vector<TestResult> take_test_results(const std::string& event_id);

 private:
  /// What one sink believes of one incident.
  struct Story {
    std::vector<OpenAlert> open;    ///< there, as the last row leaves it that was rendered
    std::vector<OpenedKey> opened;  ///< as the last row leaves it that was committed
    int coming = 0, opening = 0;    ///< rows that were rendered and are not committed yet; those of them that open
    bool heard = false;             ///< something that opens it was accepted
    bool refused = false;           ///< its page was refused for good, and nothing of it stands there
    bool told_again = false;        ///< and was told anew since the sink was configured: not over and over
    bool never_heard = false;       ///< its page never arrived: what follows does not go there either
  };
  /// A row of a fleet, from its rendering to its end.
  struct Held {
    std::uint64_t row = 0;
    std::string sink;
    std::int64_t seq = 0;  ///< 0: not committed yet
    bool is_let_go = false, is_forgotten = false;
  };
  struct Sink;
  Held* held(std::uint64_t row);
  bool is_in_the_way(const Sink& sink, const OutboxHead& row) const;
  OutboxStep drop_held(Sink& sink, OutboxRow row, Instant now);
  void answered_held(Sink& sink, OutboxRow row, const SinkSent& sent, const Decision& decision, Instant now,
                     OutboxStep& step);
  Decision judge(Sink& sink, OutboxRow& row, const SinkSent& sent, Instant now);
  Sink* find(const std::string& name) const;
  Story* story(const std::string& sink, const std::string& incident);
  bool is_open(const std::string& sink, const std::string& incident);
  void tidy(const std::string& sink, const std::string& incident);
  void adopt(const SinkConfig& config);
  void read_ledger(const std::vector<OpenedKey>& opened, Instant now);
  void find_heard();
  bool has_heard(const std::string& sink, const std::string& incident, const std::vector<OpenedKey>& opened) const;
  void retell(const std::string& sink, WallTime now, OutboxStep& step);
  AlertEvent alarm_event(const std::string& about, EventKind kind, const std::string& text, WallTime at);
  void give_up_lost(const OutboxRow& row, const std::map<std::int64_t, OutboxRow>& pending, WallTime now,
                    OutboxStep& step);
  std::vector<AlertEvent> heard_in_group(const SinkConfig& sink, const AlertEvent& event);
  void render(const Sink& sink, const AlertEvent& event, OutboxStep& step);
  void pause(Sink& sink, const OutboxHead& sent, Millis wait, Instant now, OutboxStep& step);
  OutboxRow make_row(const SinkConfig& sink, const AlertEvent& event, bool opens, bool closes);
  void forget_at_unknown_sinks(const std::string& incident, OutboxStep& step);
  void alarm(const std::string& about, EventKind kind, const std::string& text, WallTime at, OutboxStep& step);
  void clear_orphans(WallTime at, OutboxStep& step);
  bool has_new_listener(const std::string& about);
  void break_sink(Sink& sink, const std::string& text, WallTime at, OutboxStep& step);
  std::string why_broken(const std::string& sink) const;
  bool is_finished(const Sink& sink);
  std::string why_dropped(const Sink& sink, const OutboxHead& row, Instant now);
  std::vector<RepeatedAlert> to_repeat(Sink& sink, MonoTime now);
  SinkAnswer combined(Sink& sink, const SinkSent& sent, OutboxRow& row, MonoTime now);
  void accepted(Sink& sink, OutboxRow row, const std::string& text, WallTime now, OutboxStep& step);
  void give_up(Sink& sink, OutboxRow row, OutboxState state, WallTime now, OutboxStep& step);
  void finish(Sink& sink, OutboxRow row, OutboxState state, bool forget, WallTime now, OutboxStep& step);
  SinkView view_of(const Sink& sink) const;

  Origin origin_;
  std::shared_ptr<IdSource> ids_;
  std::map<std::string, Held> held_;                    // by event
  std::map<std::string, std::uint64_t> held_of_store_;  // until restore()
  std::function<bool(const std::string& incident, const std::string& sink)> speaks_;
  bool in_fleet_ = false;
  std::string impaired_by_;                // what the watch suffers from, as was told; "" when it is whole
  std::set<std::string> told_of_watch_;    // and the sinks for which that was written
  std::map<std::int64_t, MonoTime> born_;  // by seq: when each waiting row's event was, on the clock of this run
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::map<std::string, std::map<std::string, Story>> stories_;  // sink -> incident; also of sinks that are unknown
  std::map<std::string, std::vector<TestResult>> tests_;         // by event; what was answered
};

}  // namespace readback
