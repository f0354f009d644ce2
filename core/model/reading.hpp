#pragma once
// What one raw answer was understood to say, with the reasons in operator language.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/raw_read.hpp"
#include "core/model/verdict.hpp"
#include "core/text/instant.hpp"
#include "core/text/shared.hpp"

namespace readback {

struct Item {
  std::string name;
  /// pass, warn or fail; unknown is a word that nobody knows, or a neutral one (then `neutral`), which counts as
  /// nothing
  Reading reading = Reading::pass;
  bool neutral = false;
  bool critical = false;
  std::string detail;  ///< "" or the item's own reason
  friend bool operator==(const Item&, const Item&) = default;
};

struct SurfaceReading {
  Reading reading = Reading::unknown;
  std::optional<TransportFault> fault;  ///< set exactly when reading is `unreachable`
  bool stale = false;
  bool contradictory = false;
  /// The answer itself said something that can be judged: a verdict, a part, a blocker. A redirect, an HTML page, an
  /// empty or unreadable body did not, and neither did a 5xx without any of these: an outage explains such an answer.
  bool own_word = false;
  /// The credentials were accepted: a 2xx, or an error status whose body carries a verdict of its own.
  bool accepted = false;
  std::uint64_t page = 0;           ///< of a refusal that is an HTML page: a digest of it; 0: none
  int http_status = 0;              ///< 0: no HTTP answer
  Shared<std::vector<Item>> items;  ///< those that are not well first, at most 256
  std::optional<WallTime> as_of;
  std::string version;                ///< "" when the answer names none
  std::optional<Millis> retry_after;  ///< of a 429, at least 0
  std::vector<std::string> reasons;   ///< operator language, the weightiest first; never empty unless a plain pass
};

/// The result of a check of role materialization.
enum class CheckResult { in_sync, drift, broken };
std::string_view to_string(CheckResult r);

struct CheckReading {
  CheckResult result = CheckResult::broken;
  std::vector<std::string> reasons;
};

struct PathReading {
  bool pass = false;
  bool denied = false;     ///< 401 or 403 that was not expected
  std::uint64_t page = 0;  ///< of an HTML page that is no success: a digest of it; 0: none
  bool throttled = false;  ///< answered 429: it proves neither that the path works nor that it fails
  std::optional<TransportFault> fault;
  std::vector<std::string> reasons;
};

}  // namespace readback
