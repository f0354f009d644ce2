#pragma once
// When the answer says it was made, and whether that is too long ago (design: diagnosis section 1.5, "Freshness"). A
// stamp that does not move is stale whatever it says, so what was seen before is remembered for each surface.
#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

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

/// The newest stamp of the answer that can be believed; `now` is when it was read.
std::optional<Stamp> newest_stamp(const boost::json::object& body, StampMemory& memory, MonoTime now);

}  // namespace readback
