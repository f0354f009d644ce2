#pragma once
// Every route of the control socket as one function, a file a resource: targets.cpp, incidents.cpp, snapshots.cpp,
// reads.cpp, rollups.cpp, silences.cpp, sinks.cpp, fleet.cpp. Reading answers from the published view and the store;
// changing is an Event for the engine, and is logged with who asked for it.
//
// A route gets the whole request, and `id` is the segment of the path that the table in api.cpp writes as "*".
#include <string>

#include "daemon/http/exchange.hpp"

namespace readback {

struct ControlBackend;
class Aside;
class Feed;
class History;
struct FeedSeats;

/// What the routes work with; all of it outlives every request.
struct Desk {
  ControlBackend& backend;
  Feed& feed;
  const History& history;
  const FeedSeats& seats;
  Aside& files;  ///< reads what lies on a disk
};

using ApiRoute = net::awaitable<Reply>(Desk& desk, Request q, std::string id);

namespace routes {

ApiRoute status, target, sweep_now;
ApiRoute incidents, incident, symptom, ack, verify, resolve;
ApiRoute snapshots, snapshot, snapshot_key, capture;
ApiRoute reads, events;
ApiRoute history;
ApiRoute silences, add_silence, end_silence;
ApiRoute sinks, test_alerts;
ApiRoute fleet;

}  // namespace routes

}  // namespace readback
