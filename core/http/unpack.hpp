#pragma once
// Bodies that come packed though nobody asked for it, as caches and gateways do. gzip and deflate are unpacked within
// bounds; what cannot be unpacked, or not whole, stays as it came and is told as packed: half a body is never judged.
#include <cstddef>

#include "core/model/raw_read.hpp"

namespace readback {

enum class Unpacked { nothing, done, too_large };

/// `done`: the body is as it was meant, and the headers no longer say that it is packed, nor how long it was then.
/// `too_large`: it would be more than `most` bytes; nothing has changed. Costs at most `most` bytes more memory.
Unpacked unpack(HttpAnswer& answer, std::size_t most);

}  // namespace readback
