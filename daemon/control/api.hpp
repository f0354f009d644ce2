#pragma once
// The routes of the control socket (contract section 4; packaging/openapi/readback.json). Reading answers from the
// published view and the store; changing is an Event for the engine, and is logged with who asked for it.
#include <optional>
#include <string>

#include "daemon/control/backend.hpp"
#include "daemon/control/feed.hpp"
#include "daemon/control/history.hpp"
#include "daemon/http/exchange.hpp"

namespace readback {

class Api : public Handler {
 public:
  /// All three outlive it.
  Api(ControlBackend& backend, Feed& feed, const History& history)
      : backend_(backend), feed_(feed), history_(history) {}
  net::awaitable<Reply> answer(Request request) override;

 private:
  struct Route;
  static const std::vector<Route>& routes();

  net::awaitable<Reply> status(Request q, std::string id);
  net::awaitable<Reply> target(Request q, std::string id);
  net::awaitable<Reply> incidents(Request q, std::string id);
  net::awaitable<Reply> incident(Request q, std::string id);
  net::awaitable<Reply> snapshots(Request q, std::string id);
  net::awaitable<Reply> snapshot(Request q, std::string id);
  net::awaitable<Reply> reads(Request q, std::string id);
  net::awaitable<Reply> events(Request q, std::string id);
  net::awaitable<Reply> silences(Request q, std::string id);
  net::awaitable<Reply> sinks(Request q, std::string id);
  net::awaitable<Reply> sweep_now(Request q, std::string id);
  net::awaitable<Reply> capture(Request q, std::string id);
  net::awaitable<Reply> symptom(Request q, std::string id);
  net::awaitable<Reply> ack(Request q, std::string id);
  net::awaitable<Reply> verify(Request q, std::string id);
  net::awaitable<Reply> resolve(Request q, std::string id);
  net::awaitable<Reply> add_silence(Request q, std::string id);
  net::awaitable<Reply> end_silence(Request q, std::string id);
  net::awaitable<Reply> test_alerts(Request q, std::string id);

  net::awaitable<std::vector<IncidentRecord>> all_incidents();
  net::awaitable<Reply> about_incident(Peer peer, std::string what, std::string incident_id, Event event);
  /// Asks the engine, logs and publishes who did what.
  net::awaitable<Answer> change(Peer peer, std::string what, Event event);
  void tell(const Peer& peer, const std::string& what, const Answer& answer);
  /// The target is one of ours, or "" where that means all.
  std::optional<Reply> unknown_target(const std::string& target, int status);

  ControlBackend& backend_;
  Feed& feed_;
  const History& history_;
};

}  // namespace readback
