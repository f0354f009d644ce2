#pragma once
// Every route of the control socket as one function, a file a resource: targets.cpp, incidents.cpp, snapshots.cpp,
// reads.cpp, silences.cpp, sinks.cpp. Reading answers from the published view and the store; changing is an Event for
// the engine, and is logged with who asked for it.
//
// A route gets the whole request, and `id` is the segment of the path that the table in api.cpp writes as "*".
#include <string>

#include "daemon/http/exchange.hpp"

namespace readback {

struct ControlBackend;
class Feed;
class History;

/// What the routes work with; all of it outlives every request.
struct Desk {
  ControlBackend& backend;
  Feed& feed;
  const History& history;
};

using Route = net::awaitable<Reply>(Desk& desk, Request q, std::string id);

namespace routes {

Route status, target, sweep_now;
Route incidents, incident, symptom, ack, verify, resolve;
Route snapshots, snapshot, capture;
Route reads, events;
Route silences, add_silence, end_silence;
Route sinks, test_alerts;

}  // namespace routes

}  // namespace readback
