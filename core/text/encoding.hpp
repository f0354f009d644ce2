#pragma once
// Bytes as text and text as what others can read: base64 (RFC 4648 section 4), hexadecimal, SHA-256, HTML.
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace readback {

/// With padding.
std::string to_base64(std::string_view bytes);
/// Padding may be missing; nothing when a character or the length fits no base64.
std::optional<std::string> from_base64(std::string_view text);

/// Lower case.
std::string to_hex(std::string_view bytes);
/// Nothing when it is not pairs of hexadecimal digits.
std::optional<std::string> from_hex(std::string_view text);

/// 32 raw bytes.
std::string sha256(std::string_view bytes);
/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);
/// `sha256-…`, as a content security policy names a style or a script that may stand in the page.
std::string sha256_source(std::string_view text);

/// Text fit for an element or a quoted attribute: escaped, valid UTF-8, control characters as blanks (a line break and
/// a tab stay), marks that turn the direction of text as U+FFFD.
std::string html_text(std::string_view text);

}  // namespace readback
