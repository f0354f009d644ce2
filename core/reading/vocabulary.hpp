#pragma once
// What a word means. The lists are those of the platform's own documentation and of the health formats in use around it
// (design: diagnosis section 1); the configuration can add to them, and what it adds wins.
#include <string>
#include <string_view>

#include "core/config/target.hpp"

namespace readback {

enum class Meaning { pass, warn, fail, neutral, unrecognised };

/// Lower case, trimmed, `_` for `-` and blanks: "Out-of-Service " is out_of_service.
std::string normalised(std::string_view word);

/// `first` is asked before `second` (a surface's own words before its target's), both before the built-in lists.
Meaning meaning_of(std::string_view word, const Words& first, const Words& second);

}  // namespace readback
