#pragma once
// Times as a person wants them: how long ago first, the time of the wall beside it. What a program reads stays UTC.
#include <boost/json/object.hpp>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"

namespace readback {

/// By the clock on this reader's wall; nothing for a time that no calendar has.
std::optional<std::tm> local_time(WallTime at);
/// As strftime() writes it, at most 31 characters.
std::string written(const std::tm& time, const char* format);
/// `12s ago`, `3m ago`, `in 2h`; of two units at most one is said, rounded down. The same second is `now`.
std::string age(WallTime at, WallTime now);
/// `2026-11-24T03:11:58Z (3m ago)`, and on a terminal in another time zone `(3m ago, 04:11 here)`. "" when the member
/// is no time; without the age when it is not known what time it is.
std::string when_at(const boost::json::object& o, std::string_view key, const boost::json::object& said_at);
/// Only how long ago; "" when either is no time.
std::string age_at(const boost::json::object& o, std::string_view key, const boost::json::object& said_at);

}  // namespace readback
