#pragma once
// How times and long texts stand in a column, and in the copy of it that the loop keeps. Only for the store.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"

namespace readback {

/// Milliseconds since 1970.
inline std::int64_t ms(WallTime t) { return t.time_since_epoch().count(); }
inline WallTime from_ms(std::int64_t v) { return WallTime(Millis(v)); }

/// Any bytes, as a blob: the first byte says `r`, as it is, or `z`, a zstd frame that knows its size.
std::string compress(std::string_view text);
/// "" for what is no such blob, or says that it holds more than 64 MiB.
std::string expand(std::string_view packed);

}  // namespace readback
