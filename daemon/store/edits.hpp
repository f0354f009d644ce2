#pragma once
// A text told by what differs from another one. An answer mostly says what the one before it said, but for stamps, ids
// and numbers: of 2 KB some 150 bytes are left.
//
//   by how much the text is longer | how many edits, and for each
//     how much of the base stays | how much is put in, and how [| by how much more of the base is left out]
//   and from the end backwards the bits of all that is put in
//
// Where digits take the place of digits, and all between them stays (`02:29:52.123456`), only the digits are put in, by
// a third of ten bits; likewise hexadecimal ones, by four. Other text is put in by half bytes, or as it is. Behind the
// last edit the rest of the base stays.
#include <optional>
#include <string>
#include <string_view>

namespace readback {

/// Nothing when it would take more than about `most` bytes.
std::optional<std::string> edits_between(std::string_view base, std::string_view text, std::size_t most);

/// The text again. Nothing when these are no edits, or not of this base.
std::optional<std::string> apply_edits(std::string_view base, std::string_view edits);

}  // namespace readback
