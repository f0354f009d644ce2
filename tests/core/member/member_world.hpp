#pragma once
// A fleet of whole hosts in one process: the product's engine, outbox and fleet on each, with a disk that keeps what
// was committed, a platform that they read, receivers that take what they send, and the servers between them
// (kv_model.hpp). One seed is one story, to the byte.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

#include "core/engine/course.hpp"
#include "core/member/member.hpp"
#include "tests/support/kv_model.hpp"

namespace readback {

/// At this second this happens, to this host (-1: to none or to all).
///
/// platform 0|1|2 (well, degraded, refused), uplink 0|1 (a host's way to it), engine 0|1 (its way to the servers),
/// servers 0|1, receiver ok|500|hang|cut, crash, start, stop, acknowledge, silence,
/// stall (for so many seconds it hears nothing of what others write), freeze (for so many it stands still, and what
/// comes meanwhile waits in its line)
struct Incidence {
  double at = 0;
  std::string what;
  int host = -1;
  double value = 0;
  std::string text;
};

struct MemberScene {
  std::uint64_t seed = 1;
  int hosts = 3;
  std::vector<std::string> sinks{"a"};
  Millis called_after{0};  ///< the last of the sinks waits for so long until nobody has acknowledged it; 0: none does
  double lasts = 900;
  std::vector<Incidence> plan;
};

class MemberWorld {
 public:
  explicit MemberWorld(MemberScene scene);
  ~MemberWorld();
  void run();
  /// Up to this second; again and again.
  void run_until(double second);
  /// From now on it is counted how long the hosts are busy with what happens to them.
  void measure_busy() { is_measured_ = true; }
  double busy_ms() const { return busy_ms_; }

  /// What arrived at a receiver and was answered with 200, or may have been read without an answer.
  struct Received {
    double at = 0;
    std::string sink, host, event, boundary, severity, key, target, summary, alert;
  };
  const std::vector<Received>& received() const { return received_; }
  int count(const std::string& event, const std::string& boundary = "outage", double from = 0, double to = 1e9) const;
  const Engine& engine(int host) const;
  const Member& member(int host) const;
  const KvModel& servers() const { return *kv_; }
  bool is_up(int host) const;
  /// Incidents that have ended, by host.
  const std::vector<IncidentRecord>& ended(int host) const;
  /// What it has recorded, as an export would have it.
  const std::vector<std::string>& tape(int host) const;
  Config config() const;
  std::size_t rows_waiting(int host) const;
  const std::string& story() const { return story_; }

 private:
  struct Disk;
  struct Host;
  struct Later {
    MonoTime at;
    std::uint64_t order = 0;
    std::function<void()> what;
    bool operator>(const Later& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };
  double seconds() const { return static_cast<double>(now_.time_since_epoch().count()) / 1000; }
  Instant now() const { return {now_, WallTime(Millis(1795402800000)) + (now_ - MonoTime{})}; }
  void begin();
  void at(Millis later, std::function<void()> what);
  void later(Host& h, Millis after, std::function<void()> what);
  Millis between(int least, int most) { return Millis(least + static_cast<int>(random_.unit() * (most - least))); }
  void happen(const Incidence& i);
  void happen_to(Host& h, const Incidence& i);

  void start(Host& h);
  void die(Host& h);
  template <class E>
  void put(Host& h, E event);
  void take_up(Host& h);
  void run(Host& h, Actions actions);
  void step(Host& h, Course::Step& step);
  void commit(Host& h, std::vector<OutboxRow> rows);
  void arm(Host& h);
  void sweep(Host& h, const StartSweep& start);
  void perform(Host& h, OutboxStep step);
  void work(Host& h, const std::string& sink);
  void attempt(Host& h, const std::string& sink, const OutboxRow& row);
  void arrived(Host& h, const OutboxRow& row);

  MemberScene scene_;
  IdSource random_;
  MonoTime now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Later, std::vector<Later>, std::greater<>> queue_;
  std::unique_ptr<KvModel> kv_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<std::string, Host*> by_name_;
  std::vector<Received> received_;
  std::string receiver_ = "ok", story_;
  int platform_ = 0;
  bool has_begun_ = false, is_measured_ = false;
  double busy_ms_ = 0;
};

}  // namespace readback
