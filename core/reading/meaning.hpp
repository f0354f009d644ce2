#pragma once
// What one word, number or flag says (design: diagnosis section 1.1). What the configuration adds is asked before every
// built-in meaning.
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/config/target.hpp"
#include "core/reading/lists.hpp"

namespace readback {

/// In the order of their weight: of two the greater counts. `off` and `neutral` are shown and alarm nobody; `unknown`
/// is a word that nobody knows where a verdict was expected.
enum class Says : std::uint8_t { nothing, off, neutral, pass, warn, unknown, fail };
constexpr bool is_judged(Says s) { return s >= Says::pass; }
constexpr bool is_well_or_bad(Says s) { return is_judged(s) && s != Says::unknown; }
constexpr bool is_not_well(Says s) { return s > Says::pass; }

/// Where a verdict is expected, sentences and compounds are looked into; elsewhere only whole words count.
enum class Expected : bool { no, yes };

/// The words of the configuration: the surface's before the target's. The same entry stands for a text, a number and a
/// boolean that are written alike.
class OwnWords {
 public:
  OwnWords(const Words& surface, const Words& target);
  std::optional<Says> of_text(const Squashed& word) const;
  std::optional<Says> of_number(double n) const;
  std::optional<Says> of_boolean(bool b) const;
  bool is_empty() const { return none_; }

 private:
  template <class Fits>
  std::optional<Says> find(const Fits& fits) const;
  const Words& surface_;
  const Words& target_;
  bool none_;
};

/// The built-in meaning of a whole word.
Says meaning_of(Listed word);
/// Says nothing at all: empty, or in `silent`.
inline bool is_silent(const Squashed& text) { return text.empty() || look_up(text).in(In::silent); }

Says text_says(std::string_view text, const OwnWords& own, Expected expected);

/// A text that is a number and nothing else.
std::optional<double> number_in_text(std::string_view text);

/// How a number is read as a verdict.
struct NumberRules {
  bool one_and_zero = true;  ///< 1 passes and 0 fails
  bool net = false;          ///< .NET's enumeration: 0 fails, 1 warns, 2 passes
};
Says number_says(double n, const OwnWords& own, NumberRules rules);

/// true and false, also as texts.
std::optional<bool> truth_of(std::string_view text);

}  // namespace readback
