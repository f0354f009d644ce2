#pragma once
// Making any text fit to be shown or sent: valid UTF-8 (RFC 3629: no surrogates, nothing overlong), and short enough,
// cut between characters and never inside one. What is cut ends in an ellipsis.
#include <cstddef>
#include <string>
#include <string_view>

namespace readback {

/// Bytes of the well-formed character at `at`; 0 when there is none.
std::size_t character_length(std::string_view text, std::size_t at = 0);
bool is_utf8(std::string_view text);
/// The text with every byte that is not part of a well-formed character replaced by U+FFFD.
std::string clean_utf8(std::string_view text);
/// How many characters (code points) valid UTF-8 holds.
std::size_t characters(std::string_view text);
/// At most this many characters; when something was cut, the last one is an ellipsis.
std::string cut_characters(std::string_view text, std::size_t most);
/// At most this many bytes, ellipsis included.
std::string cut_bytes(std::string_view text, std::size_t most);
/// The largest beginning of at most this many bytes that does not end inside a character; nothing is added.
std::string_view whole_characters(std::string_view text, std::size_t most);

/// The character at `at`, of this length, breaks a line or turns the direction of what follows it: with such marks text
/// can be made to look like other text.
bool disturbs(std::string_view character);
/// Text from outside as it can be shown on a terminal without doing anything there: what disturbs() is written out
/// (`\u001b`, `\u202e`), but for the characters of `kept`; U+FFFD for what is no UTF-8. Within a string of JSON it
/// stays the same string.
std::string visible(std::string_view text, std::string_view kept = "");
/// Text from outside made fit for a reason: one line that reads as it was written, valid UTF-8 (`?` for what is not),
/// at most `most` bytes and an ellipsis.
std::string printable(std::string_view text, std::size_t most = 160);

}  // namespace readback
