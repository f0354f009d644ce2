#pragma once
// Making any text fit to be sent: valid UTF-8, and short enough, cut between characters and never inside one.
#include <cstddef>
#include <string>
#include <string_view>

namespace readback {

/// The text with every byte that is not part of a well-formed UTF-8 character replaced by U+FFFD.
std::string clean_utf8(std::string_view text);
/// How many characters (code points) valid UTF-8 holds.
std::size_t characters(std::string_view text);
/// At most this many characters; when something was cut, the last one is an ellipsis.
std::string cut_characters(std::string_view text, std::size_t most);
/// At most this many bytes, ellipsis included.
std::string cut_bytes(std::string_view text, std::size_t most);

}  // namespace readback
