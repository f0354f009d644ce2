#pragma once
// Small things about words and lists of them.
#include <string>
#include <string_view>
#include <vector>

namespace readback {

/// `a, b, c`.
template <class List>
std::string joined(const List& list, std::string_view between = ", ") {
  std::string text;
  for (const auto& each : list) {
    if (!text.empty()) text += between;
    text += each;
  }
  return text;
}

/// `a, b and 3 more`: at most `most` of them.
std::string joined_at_most(std::size_t most, const std::vector<std::string>& list);

/// ASCII letters only; everything else stays.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);
bool same_without_case(std::string_view a, std::string_view b);
/// Without blanks, tabs and line ends around it.
std::string_view trimmed(std::string_view text);

/// The lines of a text that are not blank, without blanks around them.
std::vector<std::string_view> lines_of(std::string_view text);

/// How many characters must be inserted, deleted or replaced to get from one to the other (Levenshtein); of long texts
/// the first 128 bytes count.
std::size_t edits(std::string_view a, std::string_view b);
/// The candidate that was probably meant: within two edits (three for words of eight letters and more). Empty when none
/// is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// The candidate with the fewest edits, however many; empty only when there is none.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace readback
