#pragma once
// Who watches one world and says what must never be. It knows what the platform truly was, what the daemon decided and
// what arrived, and judges by rules of its own: each names the sentence of the design that it protects. What it knows
// of a target is kept and lost with the daemon's state on the disk, because a daemon may forget what was not durable.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/engine/action.hpp"
#include "tests/sim/memory.hpp"
#include "tests/sim/receivers.hpp"

namespace readback::sim {

class World;
class Process;
struct Host;

/// What must never be has happened.
struct Broken {
  std::string rule, detail;
};

/// The rules, by the name under which a failure shows them; each with its sentence.
struct Rule {
  const char* name;
  const char* sentence;
};
const Rule* find_rule(const std::string& name);

class Witness {
 public:
  explicit Witness(World& world) : world_(world) {}

  // Told by a process, in the order in which it happens.
  void started(Host& host, Process& process, const std::vector<std::string>& refused);
  void reconfigured(Host& host, const Config& config);
  void read(Host& host, const std::string& target, std::uint64_t sweep, std::shared_ptr<Seen> seen);
  void checked(Host& host, const std::string& target, const std::string& word);
  void counted(Host& host, const std::string& target, std::uint64_t sweep);
  void decided(Host& host, Process& process, const Actions& actions);
  void named(Host& host, const std::string& id);
  void notified(Host& host, Process& process, const AlertEvent& event);
  void answered(Host& host, const Answer& answer);
  void ended(Host& host, const std::vector<IncidentRecord>& ended);
  void rendered(Host& host, Process& process, const Notify& notify, const std::vector<OutboxRow>& rows);
  void own_rows(Host& host, const std::vector<OutboxRow>& rows);
  void arrived(Host& host, Process& process, const OutboxRow& row, const SinkConfig& sink, std::size_t place,
               const Reply& reply, const std::string& body);
  void repeated(Host& host, const SinkConfig& sink, std::size_t place, const Reply& reply, const std::string& body);
  void marked(Host& host, const OutboxRow& row);
  /// These rows could leave half a minute ago.
  void should_have_left(Host& host, Process& process, const std::vector<OutboxRow>& rows);
  void beats(Host& host, Process& process);
  /// `ailing`: what its sinks are to know of the watch itself; "" is nothing.
  void looked_at_itself(Host& host, Process& process, const std::string& ailing);
  Memory memory_of(Host& host, Process& process, const std::string& part);

  // Told by the world.
  /// `durable`: all that was answered is on the disk.
  void ends(Host& host, bool durable);
  void silenced(Host& host, const Silence& silence, Millis lasts);
  void unsilenced(Host& host);
  void at_rest(Host& host, Process& process, bool at_the_end);
  void steps(Host& host);  ///< something was done at this time of the world

  /// Has every address of this sink heard of an outage since then?
  bool has_heard(const Host& host, const SinkConfig& sink, Millis since) const;
  bool has_beaten(const Host& host, Millis since) const;

 private:
  /// One target as its engine must know it.
  struct Life {
    Memory memory;
    std::vector<std::string> checks;                      ///< ended and not counted yet
    std::map<std::uint64_t, std::shared_ptr<Seen>> read;  ///< under way to the engine
  };
  struct Told {  ///< what one address knows of one incident
    std::set<std::string> ids;
    std::int64_t newest_seq = 0;
    std::uint64_t newest_life = 0;
    bool open = false, ever_open = false;
    Millis last{0};
    std::string key;
  };
  /// What one sink has had of one incident.
  struct Line {
    std::map<std::string, std::string> firing;  ///< event id -> how it went: "", taken, refused
    std::set<std::string> opening;              ///< events that open it there and have left
    bool uncertain = false;  ///< of our own alarms: its sink was gone for a while, and may know of it or not
    bool excused = false;    ///< what ends it may never come: the design says so, and something has happened
  };
  struct Quiet {
    std::string target;  ///< "" is all
    std::optional<Boundary> boundary;
    Millis from, until;  ///< on the monotonic clock
    int boot;
  };
  struct OfHost {
    std::map<std::string, Life> lives;                         ///< by target
    std::map<std::string, std::map<std::string, Told>> told;   ///< by address, by incident
    std::map<std::string, std::map<std::string, Line>> lines;  ///< by sink, by incident
    std::set<std::string> refused;                             ///< event id and sink: some address said no for good
    std::set<std::string> taken;                               ///< event id and sink: some address took it
    std::vector<Quiet> quiet;
    std::string newest_id;
    std::set<std::string> sealed_alerts;       ///< ids that were drawn before their seal
    std::map<std::string, Millis> heard_open;  ///< by sink: when it was last told that something is wrong
    int failures = 100;                        ///< the least that a confirmation took under any configuration
    std::set<std::pair<std::string, std::string>>
        parked;  ///< event and sink that has refused it, with others beside it
    Millis last_repeat{-1};
    std::set<std::string> sinks;  ///< as the process knows them
    Millis started{0}, reconfigured{0}, last_beat{-1};
    Millis ailing_since{-1};                ///< -1: it is not
    std::map<std::string, Millis> counted;  ///< last, in this life
    std::uint64_t steps = 0;
    Millis steps_since{0};
  };
  OfHost& of(const Host& host) { return hosts_[&host]; }
  const OfHost* of(const Host& host) const;
  [[noreturn]] void broken(const char* rule, const std::string& detail) const;

  void judge_call(Host& host, Process& process, const AlertEvent& event);
  void judge_page(Host& host, Process& process, const AlertEvent& event);
  void judge_end(Host& host, Process& process, const AlertEvent& event);
  void note_id(Host& host, const std::string& id);
  void speak(Host& host, const AlertEvent& event);
  bool is_quiet(const Host& host, const std::string& target, Boundary b) const;

  World& world_;
  std::map<const Host*, OfHost> hosts_;
  std::set<std::string> shared_;    ///< incidents that the hosts of a fleet decide together (fleet_witness.hpp)
  std::set<std::string> own_ways_;  ///< and those about one host's own way, which no engine has
};

}  // namespace readback::sim
