#pragma once
// Recorded reads as lines of JSON (`readback.reads/v1`, contract section 6): what `export` and the bundles write and
// what `replay` reads. Beside the contract's keys a line may carry what only we know of a read: `detail`, `address`,
// `phases_us`, `tls_expires_at`, `signal`, `cut`, `denials`, and of its sweep: `void`, why it was not counted. A body
// that is no valid UTF-8 is written as `body_base64`, so that every line is JSON and every body comes back as it was.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/model/raw_read.hpp"

namespace readback {

struct RecordedRead {
  std::string target;
  std::uint64_t sweep = 0;
  RawRead raw;
  std::string void_reason;  ///< of its sweep; empty: it was counted
};

struct LineError {
  std::string text;  ///< what is wrong with the line, and where
};

/// Strict about types, tolerant of keys that it does not know. Never throws.
std::variant<RecordedRead, LineError> parse_recorded_read(std::string_view line);

/// One line without its end.
std::string to_recorded_line(const RecordedRead& read);

}  // namespace readback
