#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include "core/model/raw_read.hpp"
namespace readback {
struct RecordedRead { std::string target; std::uint64_t sweep = 0; RawRead raw; };
struct LineError { std::string text; };
std::variant<RecordedRead, LineError> parse_recorded_read(std::string_view line);
}  // namespace readback
