#pragma once
// The daemon put together. One loop, one thread; the store and the log have their own. Whatever happens becomes an
// Event, goes through one queue to the engine, and the engine's actions are carried out in their order:
//
//   record -> seal on disk -> state and alerts in one transaction -> deliver
//
// Reads and checks are started before the slow part of that, and run beside it.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/engine/course.hpp"
#include "core/engine/engine.hpp"
#include "core/history/tally.hpp"
#include "core/member/member.hpp"
#include "core/model/ids.hpp"
#include "core/redaction/redactor.hpp"
#include "daemon/app/evidence_commands.hpp"
#include "daemon/app/fleet_link.hpp"
#include "daemon/app/prepare.hpp"
#include "daemon/control/control_room.hpp"
#include "daemon/evidence/sealer.hpp"
#include "daemon/runtime/aside.hpp"
#include "daemon/runtime/loop_watch.hpp"
#include "daemon/runtime/off_loop.hpp"
#include "daemon/runtime/places.hpp"
#include "daemon/runtime/task_group.hpp"
#include "daemon/sinks/delivery.hpp"
#include "daemon/store/store.hpp"

namespace readback {

class App : public ControlBackend {
 public:
  App(net::io_context& io, std::string config_path, Prepared prepared);
  ~App() override;

  /// Everything that may fail at a start: the store, the socket. `confined` is what confine_daemon said.
  Result<void> start(const Result<void>& confined);
  /// Runs until SIGTERM or SIGINT.
  void run();

  // ControlBackend
  View view() override;
  std::vector<std::string> targets() override;
  std::optional<TargetView> target(const std::string& name) override;
  std::vector<SinkView> sinks() override;
  std::vector<Silence> silences() override;
  net::awaitable<Answer> ask(Unredacted<Event> said) override;
  net::awaitable<TestReport> test_alerts(std::string sink) override;
  net::awaitable<std::optional<IncidentRecord>> incident(std::string id) override;
  net::awaitable<std::vector<IncidentRecord>> incidents(IncidentQuery query) override;
  net::awaitable<std::vector<std::string>> incident_ids() override;
  net::awaitable<HistoryKept> history(RollupQuery query) override;
  net::awaitable<std::shared_ptr<const std::vector<TargetHistory>>> bars() override;
  net::awaitable<std::optional<SweepRecord>> stored_sweep(std::string target, std::uint64_t sweep) override;
  net::awaitable<std::vector<DeliveryView>> deliveries(std::string incident_id) override;
  net::awaitable<std::vector<SnapshotView>> snapshots() override;
  net::awaitable<std::optional<BundleFile>> bundle(std::string id, BundleForm form) override;
  std::optional<FleetOverview> fleet() override;
  net::awaitable<Result<std::vector<SnapshotView>>> fleet_snapshots() override;
  net::awaitable<Result<BundleFile>> fleet_bundle(SnapshotView snapshot, BundleForm form) override;
  EvidenceKey evidence_key() override;
  net::awaitable<Result<ReadsPage>> reads(ReadsQuery query) override;
  void say(Say line) override;

 private:
  struct Incoming {
    std::variant<Event, FleetEvent> event;
    std::function<void(const Answer&)> reply;  ///< may be empty
  };
  struct RunningSweep {
    Instant started;
    Millis worst_lag{0};
    Millis timeout{0};
  };

  struct AtOnce;
  /// A seal that is under way, shared by the page that waits for it and the task that does it.
  struct Sealing {
    explicit Sealing(net::any_io_executor loop) : wake(std::move(loop)) {}
    Sealed told;     ///< what is known of it before it ends
    AfterSeal then;  ///< what waits for it
    Wake wake;
    std::optional<Result<SealedBundle>> bundle;
    bool late = false;  ///< nobody waits any more
  };

  Retention retention() const { return {current_.config.evidence.keep_time, current_.config.evidence.keep_bytes}; }
  void make_member();
  std::string host_in_fleet() const;
  std::optional<FleetSetup> fleet_setup() const;
  void make_link();
  DeliverySetup delivery_setup();
  void tell_store_notes();
  void take_evidence_key();
  void put(Event event, std::function<void(const Answer&)> reply = {});
  void put(FleetEvent event);
  void enqueue(Incoming incoming);
  Incoming take_next();
  net::awaitable<void> bring_ended(Event& event);
  net::awaitable<void> pipeline();
  net::awaitable<void> queue_wake();
  net::awaitable<void> leave_fleet();
  net::awaitable<void> process(Incoming incoming);
  net::awaitable<Answer> carry_out(Actions actions);
  Actions handle(std::variant<Event, FleetEvent> event);
  std::shared_ptr<Sealing> begin_seal(Seal asked);
  net::awaitable<Actions> sealed(std::shared_ptr<Sealing> sealing);
  net::awaitable<void> seal(SnapshotOrder order, std::shared_ptr<Sealing> sealing);
  bool join();
  net::awaitable<void> commit(Course::Commit together);
  void count(const Record& record);
  void write_hours();
  std::vector<Spell> open_spells(const std::string& target) const;
  net::awaitable<void> sweep(StartSweep what);
  net::awaitable<void> read_into(SweepDone& done, std::shared_ptr<const TargetReader> reader, StartSweep what,
                                 std::uint64_t number);
  net::awaitable<void> check(StartCheck what);
  net::awaitable<void> clock();
  net::awaitable<void> heartbeat();
  net::awaitable<void> deliver();
  net::awaitable<void> signals();
  net::awaitable<void> settle();
  net::awaitable<void> stop();
  net::awaitable<void> reloads();
  net::awaitable<void> reload();
  void refuse(const std::vector<std::string>& troubles);
  void take_over(Prepared fresh);
  void learn(const std::vector<std::string>& secrets);
  net::awaitable<void> look_at_files(std::string target);
  void tell_headline();
  void note_lag();
  bool is_stuck(MonoTime at) const;
  std::vector<std::string> impaired_by() const;
  std::vector<std::string> unwatched() const;
  void watch_the_watch(MonoTime at);
  void arm();
  net::awaitable<std::vector<RawRead>> redacted(Unredacted<std::vector<RawRead>> reads, const std::string& target);
  const CheckConfig* find_check(const std::string& target, const std::string& check) const;
  void prepare_seals();
  SealContext seal_context() const;
  void pin(const std::set<std::string>& parts);

  net::io_context& io_;
  std::string config_path_;
  Prepared current_;
  std::string host_;
  std::vector<std::string> known_secrets_;  ///< of this configuration and of those before: an old one may still be told
  std::string placeholder_key_;
  std::shared_ptr<const SigningKey> evidence_key_;  ///< null when nothing can be signed
  std::unique_ptr<Redactor> redactor_;
  Resolver resolver_;
  Places reading_;  ///< a read holds a descriptor, or two while it tries two addresses
  TaskGroup tasks_;
  SealPatience seals_;
  TaskGroup ending_;  ///< the stop, which joins all other tasks
  std::unique_ptr<Store> store_;
  std::unique_ptr<Sealer> sealer_;
  std::shared_ptr<IdSource> ids_;  ///< of all that this daemon names: one order
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Member> member_;    ///< the engine, and what a fleet makes of it
  std::unique_ptr<FleetLink> fleet_;  ///< null on a host alone
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<CheckRunner> checks_;
  std::unique_ptr<EvidenceCommands> commands_;
  std::unique_ptr<ControlRoom> control_;
  Aside files_;       ///< looks at what targets name, before each sweep
  Worker redaction_;  ///< of what is large
  Aside aside_;       ///< reads the configuration anew, and bundles for who asks at the socket

  std::deque<Incoming> queue_;
  std::size_t unjudged_ = 0;  ///< sweeps in it
  net::steady_timer queue_wake_, due_, beat_;
  net::signal_set signal_set_;
  bool stopping_ = false;
  bool delivered_ = false;  ///< nothing is on its way to a receiver any more: only after a stop has begun
  std::optional<MonoTime> busy_since_;
  std::string headline_;  ///< as the service manager was told
  WatchNotice notice_{MonoTime{}};
  Instant started_;
  bool reloading_ = false, reload_again_ = false;  ///< under way; asked for meanwhile, however often
  std::optional<WallTime> reloaded_at_;
  bool reload_ok_ = true;
  std::string reload_error_, sandbox_text_;
  bool sandbox_complete_ = true;
  std::map<std::uint64_t, RunningSweep> running_;  ///< in the order of their starts
  std::uint64_t sweeps_started_ = 0;
  LoopWatch watch_;
  MonoTime beat_expected_{};
  Millis last_lag_{0};
  std::uint64_t sweeps_total_ = 0;
  HourTally tally_;       ///< of what the store has not been given yet
  MonoTime hours_due_{};  ///< when it is given that
  struct ShownBars {
    std::shared_ptr<const std::vector<TargetHistory>> bars;
    MonoTime until;
  };
  ShownBars bars_;  ///< as the page was last given them
  std::size_t store_notes_told_ = 0;
  std::vector<std::string> volatile_fields_;  ///< of all surfaces, each once
  bool all_pinned_ = false;                   ///< the store knows what was open when this process began
  Course course_;                             ///< of the event that the pipeline is at
  Companions companions_;                     ///< and of those that came with it
};

}  // namespace readback
