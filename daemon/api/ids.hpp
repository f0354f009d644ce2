#pragma once
// Which id somebody means: the whole of it, a unique beginning of at least 8 characters, or "latest".
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/http/exchange.hpp"

namespace readback {

/// `known` is ordered newest first. The Problem is a 404 with the nearest id, or a 409 for an ambiguous beginning.
std::variant<std::string, Problem> find_id(const std::vector<std::string>& known, std::string_view asked,
                                           std::string_view what);

}  // namespace readback
