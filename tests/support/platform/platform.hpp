#pragma once
// What a healthy Helpifyr Fabric answers. The bodies follow the documented routes and the sibling services that are
// published next to each other on one host; stamps are written as Python's isoformat() writes them.
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace readback::sim {

using WallTime = std::chrono::system_clock::time_point;
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  int status = 200;
  Headers headers;
  std::string body;
};

/// What can be turned on the whole platform, and shows on several routes at once.
struct Mood {
  std::string version = "2026.11.3";
  std::string other_version;          ///< not empty: every second answer of the services route carries it
  std::chrono::seconds stamp_age{0};  ///< how old generated_at claims to be
  std::string down_service;           ///< shown as down in the services list
  std::vector<std::string> leak;      ///< texts (planted secrets) that appear in the readiness detail
};

/// All routes a healthy platform has, in the order of the runbook.
const std::vector<std::string>& routes();

/// The healthy answer of `path` at `now`; 404 in FastAPI's shape for a path nobody knows. `count` is how often the
/// route was read before: counters and request ids change with it, as they do in a real body.
Answer healthy(std::string_view path, const Mood& mood, WallTime now, std::uint64_t count);

/// 2026-11-24T03:11:58.104223+00:00, as datetime.now(timezone.utc).isoformat() prints.
std::string python_stamp(WallTime t);
/// Tue, 24 Nov 2026 03:11:58 GMT
std::string http_date(WallTime t);
std::string_view reason_phrase(int status);

}  // namespace readback::sim
