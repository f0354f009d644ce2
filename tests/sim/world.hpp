#pragma once
// One world: a platform, receivers, hosts with their disks and clocks, and time that passes only from one thing that
// happens to the next. The daemon in it is the product's own engine, outbox, course and mirror; what the shell does
// with sockets, files and timers is done here, in the order that core gives.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/disk.hpp"
#include "tests/sim/receivers.hpp"
#include "tests/sim/schedule.hpp"
#include "tests/sim/witness.hpp"
#include "tests/support/kv_model.hpp"

namespace readback::sim {

class FleetWitness;
class Process;

/// The process ends here.
struct Crash {};

struct Host {
  Host(std::string its_name, bool power_cuts);
  ~Host();
  std::string name;
  Disk disk;
  Variant file;    ///< what the configuration file says now
  Variant loaded;  ///< and what the process has read
  std::unique_ptr<Process> process;
  std::uint64_t life = 0;  ///< of the process; what was planned in an earlier one never happens
  int boots = 1;
  bool clock_was_moved = false;  ///< by anybody but time

  // Clocks.
  Millis mono{0}, mono_at{0};  ///< the monotonic clock stood so then
  Millis wall_shift{0};
  Millis bad_disk_since{0};  ///< on the monotonic clock
  Millis stands_until{0};    ///< the host sleeps, or the loop is held up

  // Of a fleet.
  std::string way;  ///< what it sees of the platform, whatever is true; "" is what is true
  bool reaches_receivers = true;
  Millis way_changed{0};  ///< when it reached them last, or no more
  void reach_receivers(bool does, Millis now) {
    if (std::exchange(reaches_receivers, does) != does) way_changed = now;
  }

  // The next crash.
  int actions_left = -1;
  End end = End::kill;
  Millis away{0};
};

struct Target {
  std::string letters = "PPPP", check = "sync";
  bool path = true, references = true;
};

/// What a run came to.
struct Outcome {
  std::string broken;  ///< "" or the invariant, with the sentence of the design that it protects
  std::string detail;
  std::uint64_t crashes = 0, pages = 0, sends = 0, sweeps = 0, starts = 0, actions = 0;
  std::uint64_t told = 0;  ///< of a fleet: pages and ends that arrived
  Millis time{0};
  /// What the first sink of the first host has had before the end, each event once: "incident t0 outage firing".
  std::vector<std::string> pages_told;
};

class World {
 public:
  World(const Schedule& schedule, bool tell);
  ~World();
  Outcome run();
  const std::string& story() const { return story_; }
  /// Digests of what the world was like, once a minute.
  std::vector<std::uint64_t>* states = nullptr;

  // For its parts.
  void at(Millis when, Host* host, std::function<void()> what);
  Instant now(const Host& host) const;
  WallTime true_wall() const { return WallTime(Millis(1'795'402'800'000)) + time; }
  bool tells() const { return tell_; }
  void tell(const std::string& who, const std::string& text);
  /// An action of this host is about to be done, or was done: the process may end here.
  void action(Host& host, const char* what);
  void restart_soon(Host& host, Millis after);
  /// Somebody's silence holds back pages.
  bool is_silenced() const;

  Millis time{0};
  Chance luck;
  const Schedule schedule;
  std::vector<Target> targets;
  std::map<std::string, Receiver> receivers;
  std::vector<std::unique_ptr<Host>> hosts;
  Witness witness;
  std::unique_ptr<KvModel> servers;  ///< of a fleet; null with one host alone
  std::unique_ptr<FleetWitness> fleet_witness;
  Outcome outcome;

 private:
  struct Planned {
    Millis at;
    std::uint64_t order;
    Host* host;
    std::uint64_t life;
    std::function<void()> what;
    bool operator<(const Planned& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  bool step(Millis until);
  void run_until(Millis until);
  bool run_until(const std::function<bool()>& holds, Millis until);
  void guarded(Host& host, const std::function<void()>& what);
  void happen(const Happening& h);
  void happen_to_receiver(const Host& host, const Happening& h);
  void happen_to_fleet(Host& host, const Happening& h);
  void note_fault(const Host& host, const Happening& h);
  void make_fleet();
  void look_at_fleet();
  void once_awake(Host& host, std::function<void()> what);
  void set_disk(Host& host, DiskMood mood, Millis lasts);
  void ask(Host& host, const Happening& h);
  void start(Host& host);
  void end(Host& host, End how, Millis away);
  void move(Host& host, Millis until, bool asleep);
  void note_state();
  void come_to_rest(bool at_the_end);
  void mend_all();
  bool is_at_rest() const;
  std::string what_waits() const;
  Millis maintenance_left() const;
  void prove_it_still_works();
  void prove_fleet_still_works();
  bool fleet_is_at_rest() const;

  bool tell_;
  std::string story_;
  std::vector<Planned> planned_;  // a heap
  std::uint64_t orders_ = 0;
  Millis last_noted_{0};
  mutable Millis claims_looked_at_{-1'000};
};

}  // namespace readback::sim
