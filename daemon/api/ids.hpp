#pragma once
// Which id somebody means: the whole of it, a unique end or beginning of at least 8 characters, or "latest". Lists show
// the last 8: these are random, where the first ones are the time, and those of one night are alike. They need no
// memory, as a counter would, and are the same on every host and in a text that was sent long ago.
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/http/exchange.hpp"

namespace readback {

/// The id is this one, or ends or begins so.
bool fits_id(std::string_view id, std::string_view asked);

/// `known` is ordered newest first. The Problem is a 404 with the nearest id, or a 409 that names those that it may be.
std::variant<std::string, Problem> find_id(const std::vector<std::string>& known, std::string_view asked,
                                           std::string_view what);

}  // namespace readback
