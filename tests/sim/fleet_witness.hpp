#pragma once
// Who watches a fleet: it knows what each host truly could see, which of them could speak, and what every receiver was
// told by all of them together. Its rules are the promises of a fleet (design: the fleet, "What must be shown"); what
// each host owes by itself is the business of witness.hpp.
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/config/alerts.hpp"
#include "core/fleet/words.hpp"
#include "core/model/alert_event.hpp"
#include "tests/sim/receivers.hpp"

namespace readback {
struct OutboxRow;
}

namespace readback::sim {

class World;
class Process;
struct Host;

/// What the hosts decide together; nothing for what is each host's own.
std::optional<Subject> shared_subject(const AlertEvent& event);

class FleetWitness {
 public:
  explicit FleetWitness(World& world) : world_(world) {}

  // Told by a process.
  void notified(Host& host, Process& process, const AlertEvent& event);
  void arrived(Host& host, Process& process, const OutboxRow& row, const Reply& reply);

  // Told by the world.
  void started(const Host& host);
  void ends(const Host& host);
  /// A host was disconnected, ended or stood still in this time, or an answer was lost: who pages twice then may.
  void fault(Millis from, Millis until);
  /// Often enough, and whenever something has changed.
  void look();
  /// All is mended and nothing waits.
  void at_rest() const;
  Millis last_fault() const { return last_fault_; }

  /// From here on nothing fails but the platform, once.
  void proof_begins();
  bool is_outage_told() const;
  void proof_ends() const;

 private:
  static constexpr std::size_t subjects = 4;  ///< on which is voted
  /// What one host truly sees of one target, since when. -1: it does not.
  struct Sight {
    std::array<Millis, subjects> since{Millis(-1), Millis(-1), Millis(-1), Millis(-1)};
    Millis last_bad{-1'000'000};
  };
  struct OfHost {
    Millis up_since{-1}, connected_since{-1}, apart_since{0};
    std::map<std::string, Sight> sights;
  };
  using About = std::pair<std::string, Subject>;
  struct Decided {
    About about;
    std::uint64_t row = 0;
    bool is_own_trouble = false;  ///< one host's alone, while others saw green
  };
  /// What one receiver believes.
  struct Told {
    bool is_open = false;
    Millis changed{0};
    std::set<std::string> events;
    int pages = 0, ends = 0;  ///< since the proof began
    /// Paged alone from memory, by a host without a disk; when that dies nobody knows of it any more, and a person ends
    /// it.
    const Host* from_memory = nullptr;
    bool is_forgotten = false;
  };
  /// This host could page this outage to this sink, and a majority sees it, since then.
  struct Due {
    Millis since{0};
    bool was_apart = false;
  };

  bool is_up(const Host& host) const;
  bool is_connected(const Host& host) const;
  void look_at(Host& host, const std::string& target, std::size_t number);
  void look_for_pages(const std::string& target);
  void look_for_page(Host& host, const std::string& target, bool is_majority);
  bool can_tell(const Host& host, const std::string& sink) const;
  bool is_call_due(const Host& host, const std::string& target) const;
  std::vector<const Host*> jury(const std::string& target, std::vector<const Host*> among) const;
  bool is_majority(const std::string& target, Subject subject, const std::vector<const Host*>& among,
                   Millis for_long) const;
  void judge_missing(const std::string& target) const;
  bool is_own_trouble(const Host& host, Process& process, const About& about, std::uint64_t row) const;
  void judge_page(Host& host, Process& process, const Decided& decided, Told& told, const std::string& event);
  static const EscalationConfig* call_of(const Process& process, const std::string& sink);
  void judge_call(const Process& process, const Decided& decided, const std::string& sink) const;
  void judge_end(const Host& host, const Decided& decided, const Told& told, const std::string& event);
  bool is_excused(Millis since) const;
  const OfHost& of(const Host& host) const { return hosts_.at(&host); }

  World& world_;
  std::map<const Host*, OfHost> hosts_;
  std::map<About, Millis> first_page_;                                    ///< that was ever decided
  std::map<std::string, Decided> decided_;                                ///< by event
  std::set<std::string> agreed_;                                          ///< incidents that were nobody's own trouble
  std::map<std::pair<std::string, About>, Told> told_;                    ///< by sink
  std::map<std::tuple<const Host*, std::string, std::string>, Due> due_;  ///< host, target, sink
  std::vector<std::pair<Millis, Millis>> faults_;
  Millis last_fault_{-1'000'000};
  bool is_proof_ = false;
};

}  // namespace readback::sim
