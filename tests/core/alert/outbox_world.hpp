#pragma once
// The outbox in a world of its own: a store in memory, receivers that answer as they are told, and time that passes
// only when somebody waits for it. What the shell does with sockets and a disk, in the same order.
#include <boost/json.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/alert/outbox.hpp"
#include "core/alert/render.hpp"
#include "core/text/time.hpp"

namespace readback {

/// What the store keeps, and what is lost of it by a crash: nothing that was written.
struct KeptRows {
  std::map<std::int64_t, OutboxRow> pending;
  std::vector<OutboxRow> done;
  std::vector<OpenedKey> opened;
  std::int64_t last_seq = 0;

  void commit(std::vector<OutboxRow> rows);
  void mark(const OutboxStep::Mark& mark);
  void forget(const std::string& sink, const std::string& incident);
  void forget_closed(WallTime before);
  std::vector<std::pair<std::string, std::string>> refused() const;
};

struct Reply {
  int status = 204;
  std::string retry_after;
  std::string detail = "connection refused";  ///< with status 0
};

struct Got {
  std::string id, body;
  MonoTime at;
  const boost::json::object& object() const {
    if (!parsed) parsed = boost::json::parse(body);
    return parsed->as_object();
  }
  mutable std::optional<boost::json::value> parsed;
};

struct World;

/// Answers in the order of `script`, then with `otherwise`; `judge`, when set, is asked instead.
class Receiver {
 public:
  explicit Receiver(World& world);
  const std::string& url() const { return url_; }
  Reply receive(Got got);

  std::deque<Reply> script;
  Reply otherwise;
  std::vector<Got> got;
  std::function<Reply(const Got&)> judge;

 private:
  std::string url_;
};

std::vector<std::string> events_of(const Receiver& receiver);
SinkConfig sink_of(std::string name, SinkType type, const std::vector<std::string>& urls);

struct Crash {};

struct World {
  World();

  AlertEvent event(EventKind kind, const std::string& incident, Boundary boundary = Boundary::outage);
  std::string tell(const AlertEvent& e, const std::string& only = "");
  std::string tell(EventKind kind, const std::string& incident, Boundary boundary = Boundary::outage) {
    return tell(event(kind, incident, boundary));
  }
  void reload();
  /// The process ends wherever it is, and a new one reads what was kept.
  void restart();
  void perform(OutboxStep step);

  /// Each sink does what it can do now; false when all only wait.
  bool work();
  /// Lets time pass until the condition holds; false when it does not within the limit.
  bool until(const std::function<bool()>& holds, Millis limit = Seconds(15));
  bool all_delivered(Millis limit = Seconds(15)) {
    return until([this] { return store.pending.empty(); }, limit);
  }
  void pass(Millis time) { now.mono += time, now.wall += time; }
  SinkView sink(const std::string& name) const;
  std::vector<OutboxRow> deliveries(const std::string& incident) const;

  Config config;
  KeptRows store;
  Instant now{MonoTime(std::chrono::hours(1)), *parse_rfc3339("2026-11-23T03:12:00Z")};
  std::unique_ptr<Outbox> outbox;
  IdSource ids{7};
  std::map<std::string, Receiver*> receivers;
  std::map<std::string, Standing> standings;  ///< what the engine would say of an incident
  std::vector<std::string> said;
  std::map<std::string, MonoTime> wakes;  // when each sink wants to be asked again
  int writes_left = -1;                   // so many writes until a crash; negative: no crash

 private:
  void count_write();
  bool turn(const std::string& sink);
  SinkSent send(const std::vector<std::string>& urls, const std::string& id, const std::string& body);
  void attempt(OutboxRow row);
  std::uint64_t seed_ = 42;
};

}  // namespace readback
