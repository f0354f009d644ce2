#pragma once
// What a member of a fleet wants done outside: at the watchers' own servers, and with the rows of its outbox. Plain
// texts under keys: what they mean is fleet.hpp's business.
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace readback {

enum class Bucket { hosts, views, claims };

/// What stands under a key. Revisions grow within a bucket.
struct FleetEntry {
  std::string key, text;  ///< "": it was removed, or has expired
  std::uint64_t revision = 0;
};

// --- for the servers (daemon/fleet); each with a ticket is answered by one FleetAnswered with it ---
struct Publish {
  Bucket bucket = Bucket::views;
  std::string key, text;
  std::uint64_t ticket = 0;
};
/// Update this revision, or create it when that is 0.
struct ChangeClaim {
  std::string key, text;
  std::uint64_t expected = 0, ticket = 0;
};
/// Read these from the servers themselves, not from a watch.
struct Fetch {
  std::vector<std::pair<Bucket, std::string>> keys;
  std::uint64_t ticket = 0;
};
/// Hear all three buckets anew: ConnectionLost follows, always, and then a FirstPicture from after this request.
struct StartOver {};
/// To the stream of words.
struct Append {
  std::string text;
  std::uint64_t ticket = 0;
};

// --- for the outbox ---
struct Leave {
  std::uint64_t row = 0;
};
struct Forget {
  std::uint64_t row = 0;
};

using FleetRequest = std::variant<Publish, ChangeClaim, Fetch, Append, StartOver, Leave, Forget>;

}  // namespace readback
