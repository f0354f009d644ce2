#pragma once
// A whole fleet in one process: N members with a small engine and outbox each, the servers between them (kv_model.hpp),
// a platform, receivers, and what befalls them; and beside it what is true, so that it is seen when a promise is
// broken. One seed is one schedule, to the byte.
//
// The promises (design: the fleet, "What must be shown"):
//   1  an outage that a majority sees is paged within its bound, as long as one host that sees it can speak
//   2  without disconnection or crash: one page and one end a sink
//   3  no storm of pages, whatever the receiver does
//   4  one connected host's own trouble is no outage while two others see green
//   5  no end while a majority sees it; every page is followed by its end
//   6  no claim stays open, no host keeps anything
//   7  a word said once is known to all
//   8  a way is not blamed while all see the platform down
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "core/fleet/fleet.hpp"
#include "tests/support/kv_model.hpp"

namespace readback {

/// Something that happens: at this second, this, to this host, with this value.
struct Incidence {
  double at = 0;
  std::string what;  ///< see FleetWorld::happen()
  int host = -1;
  double value = 0;
  std::string text;
};

struct FleetScene {
  std::uint64_t seed = 0;
  bool is_calm = false;
  int hosts = 0;  ///< 0: drawn
  int jury = 7;
  std::vector<std::string> sinks;
  double blips = -1;  ///< of each sweep; < 0: drawn
  double lasts = 1500;
  std::vector<Incidence> plan;  ///< empty: drawn
};

class FleetWorld {
 public:
  explicit FleetWorld(FleetScene scene);
  ~FleetWorld();

  /// What was broken, or "".
  std::string run();
  const std::string& story() const { return log_; }

  // What a test may look at afterwards.
  struct Received {
    double at = 0;
    std::string sink, host, kind, subject;
    std::uint64_t epoch = 0;
    bool was_alone = false;
  };
  const std::vector<Received>& received() const { return received_; }
  int pages(const std::string& subject = "outage", const std::string& kind = "firing") const;
  int own_ways() const { return own_ways_; }
  const KvModel& servers() const { return *kv_; }
  /// Between two events, from the outside.
  std::function<void(FleetWorld&, double now)> look;
  KvModel& servers() { return *kv_; }
  const Fleet* fleet(int host) const;

 private:
  struct Host;
  struct Broken {
    std::string text;
  };
  struct Later {
    MonoTime at;
    std::uint64_t order = 0;
    std::function<void()> what;
    bool operator>(const Later& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };

  double seconds() const { return static_cast<double>(now_.time_since_epoch().count()) / 1000; }
  void at(Millis later, std::function<void()> what);
  void say(const std::string& text);
  Millis between(double least, double most) {
    return Millis(static_cast<std::int64_t>((least + random_.unit() * (most - least)) * 1000));
  }
  double draw(std::initializer_list<double> of) { return of.begin()[random_.random() % of.size()]; }
  std::string name(int host) const { return "host-" + std::to_string(host); }
  Host& host(const std::string& name);

  void draw_plan();
  void draw_outages();
  void draw_fault(double base);
  void plan(double at, const std::string& what, int host = -1, double value = 0, const std::string& text = "");
  void happen(const Incidence& i);
  void happen_to(Host& h, const Incidence& i);
  void heal();

  // a host
  void boot(Host& h);
  void die(Host& h);
  void tell(Host& h, const FleetEvent& e);
  void perform(Host& h, const FleetAction& a);
  void tick(Host& h);
  void plan_tick(Host& h);
  void sweep(Host& h, bool is_regular);
  void swept(Host& h, std::uint64_t number);
  void leave(Host& h, std::uint64_t row);
  void arrive(Host& h, const FleetRow& row, const std::string& mode);
  Config config_of(const Host& h) const;

  // what is true
  int sees(const Host& h) const;
  bool is_connected(const Host& h) const;
  std::vector<Host*> juries(std::vector<Host*> among) const;
  void watch();
  void watch_sink(const std::string& sink);
  void watch_words();
  void received(Host& h, const FleetRow& row, bool is_synced);
  void received_end(const Host& h, const std::string& sink);
  void received_page(Host& h, const FleetRow& row, bool is_synced);
  void blamed(const Host& h);
  void finally();

  FleetScene scene_;
  IdSource random_;
  MonoTime now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Later, std::vector<Later>, std::greater<>> queue_;
  std::unique_ptr<KvModel> kv_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::string log_;
  std::vector<Received> received_;
  int own_ways_ = 0;

  int platform_ = 0;
  double platform_since_ = 0;
  std::map<std::string, std::string> receivers_;
  double slow_ = 0;
  int faults_ = 0;
  double last_fault_ = -1e9, last_engine_ = -1e9, acknowledged_ = -1e9;
  std::map<std::string, int> open_;  ///< at each receiver: 0, 1 degraded, 2 total
  struct Since {
    double at = 0;
    std::set<std::string> who;
  };
  std::map<std::string, std::optional<Since>> due_, due_worse_;
  std::set<std::pair<std::string, std::string>> sent_alone_;
  std::map<std::string, std::vector<std::pair<double, std::string>>> lately_;
};

}  // namespace readback
