#pragma once
// One life of the daemon on one host, from its start to wherever it ends. What daemon/app, daemon/sinks and
// daemon/store do between sockets and a disk, with the same machines of core in it and the same mirror.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/alert/dead_man.hpp"
#include "core/alert/own_alarm.hpp"
#include "core/alert/writing.hpp"
#include "core/engine/course.hpp"
#include "core/engine/engine.hpp"
#include "core/member/member.hpp"
#include "daemon/store/mirror.hpp"
#include "tests/sim/platform.hpp"
#include "tests/sim/world.hpp"

namespace readback::sim {

class Process {
 public:
  Process(World& world, Host& host);
  /// Everything of a start that may already end in a crash.
  void start();

  void reload();
  void put(std::variant<Event, FleetEvent> event, bool of_operator = false);
  void disk_changed();
  void lagged(Millis by);
  void stop();
  bool is_idle() const { return !busy_ && queue_.empty() && !stopping_; }
  bool is_stopping() const { return stopping_; }
  bool watches(const std::string& target) const;
  /// The sinks that wait for a reload.
  std::set<std::string> sinks_off() const;
  bool ok() const { return !failing_ && !hangs(); }
  /// All that was answered is on the disk.
  bool is_durable() const { return ok() && !owes_; }

  const Config& config() const { return config_; }
  Engine& engine() { return *engine_; }
  const Member& member() const { return *member_; }
  Outbox& outbox() { return *outbox_; }
  const Mirror& mirror() const { return mirror_; }

 private:
  struct Incoming {
    std::variant<Event, FleetEvent> event;
    bool of_operator;
  };
  /// A write that somebody waits for.
  struct Call {
    bool back = false, given_up = false;
    std::function<void(bool written)> done;
  };
  struct Job {
    std::function<bool()> work;
    std::shared_ptr<Call> call;  ///< null: nobody waits
    bool is_watched = false;
  };
  struct Reading {
    std::string target;
    std::uint64_t sweep;
    Instant started;
    Millis worst_lag{0}, timeout{0};
    std::vector<RawRead> reads;
    std::shared_ptr<Seen> seen;
    int reloads = 0;
  };

  Instant now() const { return world_.now(host_); }
  void later(Millis after, std::function<void()> what);
  void say(const Say& line);
  void action(const char* what) { world_.action(host_, what); }

  // The pipeline.
  MonoTime due() const;
  void arm();
  void pump();
  void begin_next();
  void go_on();
  bool take(Course::Step& step);
  Actions handle(std::variant<Event, FleetEvent> event);
  void note(const Event& event);
  void begin_in_fleet();
  void carry_out(const FleetDuty& duty);
  void commit(Course::Commit together);
  void judge_later(const std::vector<OutboxRow>& rows);
  bool join();
  struct Sealing;
  std::shared_ptr<Sealing> seal(Seal asked);
  void wait_for(std::shared_ptr<Sealing> sealing, std::function<void(Actions)> go);
  void seal_next();
  void say_goodbye();

  // Reads.
  void start_sweep(const StartSweep& what);
  void sweep_ended(const std::shared_ptr<Reading>& reading);
  void start_check(const StartCheck& what);

  // The store.
  struct Batch {
    SavedState state;
    std::vector<OutboxRow> rows;
    std::vector<std::string> ended;
    std::map<std::string, Memory> memories;
  };
  /// The rows have their numbers.
  using Committed = std::function<void(const Result<void>& written, const std::vector<OutboxRow>& rows)>;
  void store_commit(Batch batch, Committed done);
  void store_mark(const OutboxStep::Mark& mark, std::function<void()> done);
  void replace_opened(std::vector<OpenedThere> changed);
  bool write(Written w, std::uint64_t change = 0);
  void resync(Written& into);
  void post(std::function<bool()> work, std::shared_ptr<Call> call);
  void give_up(const std::shared_ptr<Call>& call);
  void run_jobs();
  void watch(Job& job);
  bool hangs() const;
  void make_outbox();
  void retry_later();
  void record_later();

  // Delivery.
  std::vector<OutboxRow> render(const Notify& notify);
  void take_in();
  void wake();
  void work(const std::string& sink);
  void rested(const std::string& sink);
  struct Asked {
    SinkSent sent;
    Millis after{0};
  };
  Asked ask_all(const std::string& sink, const std::vector<std::size_t>& places,
                const std::function<void(std::size_t place, const Reply&)>& got);
  void attempt(const std::string& sink, OutboxRow row);
  void repeat(const std::string& sink, Outbox::Repeat what);
  void perform(OutboxStep step, std::function<void()> done);
  void write_on(std::shared_ptr<std::deque<OutboxWrite>> writes, std::function<void()> done);
  Standing standing(const std::string& incident);
  void beat();
  void look_at_itself();

  World& world_;
  Host& host_;
  Config config_;
  int reloads_ = 0;
  bool stopping_ = false, gives_up_sending_ = false, says_goodbye_ = false, goodbye_is_said_ = false,
       is_saving_ = false;

  Mirror mirror_;
  bool failing_ = false, running_jobs_ = false, retries_ = false;
  std::deque<Job> jobs_;
  std::vector<std::shared_ptr<Call>> out_;
  std::map<std::int64_t, OutboxRow> unsaved_;
  std::vector<std::string> unsaved_ended_;
  std::map<std::uint64_t, std::vector<std::string>> coming_ended_;  ///< beside what comes in the mirror
  std::map<std::string, Memory> kept_memories_;                     ///< beside the state in the mirror

  std::shared_ptr<IdSource> ids_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Member> member_;
  std::unique_ptr<Outbox> outbox_;
  Course course_;
  Companions companions_;
  SealPatience seals_;
  DeadMansSwitch dead_man_;
  WatchNotice notice_;
  std::deque<Incoming> queue_;
  std::deque<std::string> checks_coming_;  ///< what the checks in the queue said, by their word; "" of an outdated one
  bool busy_ = false;
  bool of_operator_ = false;
  std::optional<Silence> silence_;  ///< that is being added
  Millis silence_for_{0};
  bool owes_ = false;      ///< something was answered behind a disk that hangs, and is saved with the next commit
  bool delivers_ = false;  ///< what the outbox asked for at the start is done
  std::uint64_t armed_ = 0, beats_planned_ = 0;
  std::optional<MonoTime> armed_for_;
  std::deque<std::shared_ptr<Sealing>> to_seal_;
  std::deque<std::shared_ptr<Sealing>> left_;  ///< of the events that wait for theirs, in their order
  bool may_join_ = false;                      ///< no seal is waited for yet
  std::vector<std::shared_ptr<Reading>> reading_;
  std::set<std::string> working_;                 // sinks that are at something
  std::map<std::string, std::uint64_t> resting_;  // which rest of a sink is the newest
};

}  // namespace readback::sim
