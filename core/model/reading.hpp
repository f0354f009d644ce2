#pragma once
// What one raw answer was understood to say, with the reasons in operator language.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/raw_read.hpp"
#include "core/text/instant.hpp"

namespace readback {

/// Ordered from best to worst only for pass < warn < fail; the others are kinds of their own.
enum class Reading { pass, warn, fail, unknown, unreachable, denied, missing, throttled };
std::string_view to_string(Reading r);

struct Item {
  std::string name;
  Reading reading = Reading::pass;  ///< pass, warn or fail; unknown = a neutral word, shown and counted as nothing
  bool critical = false;
  std::string detail;  ///< "" or the item's own reason
  friend bool operator==(const Item&, const Item&) = default;
};

struct SurfaceReading {
  Reading reading = Reading::unknown;
  std::optional<TransportFault> fault;  ///< set exactly when reading is `unreachable`
  bool stale = false;
  bool contradictory = false;
  /// The answer itself said something that can be judged: a word of the lists as its verdict or an item's, a blocker.
  /// A bare 502 page did not, and neither did `{"error":{"code":"internal_error","message":"boom"}}`.
  bool own_word = false;
  /// The credentials were accepted: a 2xx, or an error status whose body carries a verdict of its own.
  bool accepted = false;
  std::vector<Item> items;
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
  std::vector<Item> items;
  std::vector<std::string> reasons;
};

struct PathReading {
  bool pass = false;
  bool throttled = false;  ///< answered 429: it proves neither that the path works nor that it fails
  std::optional<TransportFault> fault;
  std::vector<std::string> reasons;
};

}  // namespace readback
