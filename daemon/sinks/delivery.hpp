#pragma once
// Delivery: from the outbox to the receivers. One worker a sink, so that a slow or dead one delays no other; within a
// sink the order of each incident is kept, and one incident's trouble does not hold up another's.
//
//   rows = delivery.render(event, "")          // what each sink will be told, chosen now
//   co_await store.commit({engine.save(), rows})  // on the disk before the first byte
//   delivery.wake()                            // and now it may leave
//
// What a body says is chosen in render(); an attempt adds its own time, its signature and its secrets (core/alert).
// Secrets are looked up at every attempt: a rotated credential needs no restart, and one that hangs holds nothing up.
// What is decided, and the alarm about a sink that takes nothing, is core/alert/outbox.hpp and own_alarm.hpp; here it
// is sent, and written to the store.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/alert/outbox.hpp"
#include "core/config/config.hpp"
#include "core/engine/action.hpp"
#include "core/model/alert_event.hpp"
#include "core/model/say.hpp"
#include "core/model/view.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/sinks/requests.hpp"
#include "daemon/store/store.hpp"

namespace readback {

struct DeliverySetup {
  Config config;
  std::string host;                     ///< label of our own alarms
  SecretSource secrets;                 ///< called on another thread for what lies in a file
  RevealedSecrets revealed;             ///< what it has shown until now
  std::function<void(const Say&)> say;  ///< the log; may be empty
  std::function<bool()> healthy;        ///< the heartbeat is sent only while this holds; empty: always
  std::uint64_t seed = 0;               ///< of jitter and of the ids of our own alarms
  std::shared_ptr<IdSource> ids;        ///< where those ids come from; null: one of its own, from the seed
  // In a fleet (core/member): which rows of the store are held, who speaks to whom, and where an attempt is told.
  std::map<std::string, std::uint64_t> held;
  std::function<bool(const std::string& incident, const std::string& sink)> speaks;
  std::function<void(const RowTried&)> tried;
  bool in_fleet = false;
  /// How an incident stands now; empty: none is open.
  std::function<Standing(const std::string& incident)> standing;
};

class Delivery {
 public:
  Delivery(net::any_io_executor loop, Store& store, DeliverySetup setup);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  /// The rows that this event puts into the outbox, for the sinks that take it (core/alert/route.hpp). The caller
  /// commits them, in this order, and calls wake().
  std::vector<OutboxRow> render(const AlertEvent& event, const std::string& only_sink);
  void wake();
  /// What the fleet lets go, what others have told, and what is over.
  void carry_out(const FleetDuty& duty);
  /// What keeps the daemon from being a whole watch, "" when nothing does (core/alert/outbox.hpp).
  void watch_is(const std::string& trouble);

  /// Sinks are matched by name. A sink that was off is tried again. One that is gone from the configuration works on
  /// until what it had opened is closed (not beyond a restart: its address is then no longer known).
  void reconfigure(Config config, const RevealedSecrets& revealed = {});

  std::vector<SinkView> view() const;
  std::optional<WallTime> heartbeat_at() const;

  /// Works until stop(); then lets what is on its way finish for at most 3 s. Once.
  net::awaitable<void> run();
  void stop();

  /// Waits until every sink that got this test event has answered, at most `limit`.
  net::awaitable<std::vector<TestResult>> test_results(std::string event_id, Millis limit);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace readback
