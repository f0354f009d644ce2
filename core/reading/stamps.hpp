#pragma once
// When the answer says it was made, and whether that is too long ago (design: diagnosis section 1.5, "Freshness"). A
// stamp that does not move is stale whatever it says, so what was seen before is remembered for each surface.
#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/instant.hpp"

namespace readback {

/// What is remembered of one surface's stamps.
struct StampMemory {
  std::string newest;  ///< the newest stamp as it was written, and
  MonoTime since{};    ///< since when it has not moved: a step of our clock makes nothing stale
  /// Of a stamp that may as well be of something else (`updated_at`): its last value, and in which of the last nine
  /// reads it moved, the newest in the lowest bit.
  struct Moving {
    std::string last;
    std::uint32_t moves = 0;
    bool trusted = false;  ///< it has moved three times in ten reads: it is the answer's own
    friend bool operator==(const Moving&, const Moving&) = default;
  };
  std::map<std::string, Moving> moving;
};

struct Stamp {
  std::string member;  ///< "checked_at", "data/time"
  WallTime at{};
  bool zone = true;  ///< false: written without one
  std::string text;  ///< as it was written
};

/// RFC 3339 and its relatives, RFC 2822, or the seconds, milli-, micro- or nanoseconds since 1970.
std::optional<Stamp> read_stamp(const boost::json::value& value);
/// The same of a text.
std::optional<Stamp> read_stamp(std::string_view text);

/// Where an answer may say when it was made, in the order of the body.
struct FoundStamp {
  Stamp stamp;
  bool moving = false;                        ///< it may as well be of something else
  const boost::json::value* value = nullptr;  ///< where it stands, as long as the body lives
};
struct FoundStamps {
  std::vector<FoundStamp> all;
  std::vector<const boost::json::object*> looked_into;
};
FoundStamps find_stamps(const boost::json::object& body);

/// The newest that can be believed; `now` is when the answer was read.
std::optional<Stamp> newest_stamp(const std::vector<FoundStamp>& found, StampMemory& memory, MonoTime now);

}  // namespace readback
