// The rules are tried in the order in which the design gives them; the first that fits says what the text means.
#include "core/reading/meaning.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "core/text/words.hpp"

namespace readback {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}
std::string_view take_digits(std::string_view& text) {
  const auto digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  text.remove_prefix(digits.size());
  return digits;
}
/// Of two numbers without sign, whatever their length.
bool is_less(std::string_view a, std::string_view b) {
  const auto without_zeros = [](std::string_view n) { return n.substr(std::min(n.find_first_not_of('0'), n.size())); };
  a = without_zeros(a), b = without_zeros(b);
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// "2/3", "2 of 3 up": nothing when the text does not begin so.
std::optional<Says> fraction_says(std::string_view text) {
  const auto have = take_digits(text);
  if (have.empty()) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (text.starts_with('/'))
    text.remove_prefix(1);
  else if (text.starts_with("of"))
    text.remove_prefix(2);
  else
    return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  const auto want = take_digits(text);
  if (want.empty() || !(text.empty() || is_blank(text.front()))) return std::nullopt;
  if (have == want && have != "0") return Says::pass;
  if (have == "0" && want != "0") return Says::fail;
  return is_less(have, want) ? Says::warn : Says::nothing;
}

/// Meanings of a remark and of what stands before it: what cannot be judged weighs nothing against what can.
int weight(Says s) { return is_judged(s) ? static_cast<int>(s) : static_cast<int>(Says::pass); }

/// "Up 3 days (unhealthy)": the worse of both; nothing when there is no remark in brackets.
std::optional<Says> remark_says(std::string_view text, const OwnWords& own, Expected expected) {
  const auto open = text.find_first_of("([");
  if (open == text.npos) return std::nullopt;
  const auto close = text.find_first_of(")]", open + 1);
  const auto before = without_blanks_behind(text.substr(0, open));
  if (close == text.npos || before.empty()) return std::nullopt;
  const auto behind = trimmed(text.substr(close + 1));
  if (before.find('\n') != before.npos || behind.find('\n') != behind.npos) return std::nullopt;
  auto remark = text.substr(open + 1, close - open - 1);
  if (Squashed(before).view() == "exited") return trimmed(remark) == "0" ? Says::neutral : Says::fail;
  if (const auto colon = remark.find(':'); colon != remark.npos && remark.substr(colon).starts_with(": "))
    remark.remove_prefix(colon + 2);
  const Says head = text_says(before, own, expected);
  Says said = text_says(remark, own, Expected::yes);
  if (!is_well_or_bad(said)) said = Says::nothing;
  if (head == Says::nothing || said == Says::nothing) return std::max(head, said);
  return weight(said) > weight(head) ? said : head;
}

/// What stands before the first `: `, ` - `, `, `, `; ` or `|`; the whole when there is none.
std::string_view before_a_separator(std::string_view text) {
  std::size_t end = text.size();
  for (const std::string_view mark : {": ", " - ", " \xe2\x80\x93 ", ", ", "; ", "|"})
    end = std::min(end, text.find(mark));
  return text.substr(0, end);
}

bool begins_with_error(std::string_view text) {
  constexpr std::string_view error = "error";
  return text.size() > error.size() && same_without_case(text.substr(0, error.size()), error) &&
         (text[error.size()] == ':' || is_blank(text[error.size()]));
}

bool any_of_tokens(const Tokens& tokens, In list) {
  for (std::size_t i = 0; i < std::min<std::size_t>(tokens.size(), 16); ++i)
    if (look_up(tokens[i]).in(list)) return true;
  return false;
}

/// "The press is running", "it is not ready": one to four words, the verb, perhaps `not`, a word. Else nothing.
std::optional<Says> sentence_says(std::string_view text) {
  constexpr std::size_t longest = 7;
  std::vector<std::string_view> words;
  for (std::string_view rest = text; words.size() <= longest;) {
    const auto end = rest.find(' ');
    words.push_back(rest.substr(0, end));
    const auto& word = words.back();
    if (word.empty() || std::any_of(word.begin(), word.end(), is_blank)) return std::nullopt;
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  const std::size_t n = words.size();
  if (n > longest) return std::nullopt;
  const auto is_verb = [&](std::size_t i) {
    return same_without_case(words[i], "is") || same_without_case(words[i], "are");
  };
  std::size_t verb = 0;
  if (n >= 3 && is_verb(n - 2))
    verb = n - 2;
  else if (n >= 4 && same_without_case(words[n - 2], "not") && is_verb(n - 3))
    verb = n - 3;
  if (verb < 1 || verb > 4) return std::nullopt;
  const Says word = meaning_of(look_up(Squashed(words.back())));
  if (!is_judged(word)) return std::nullopt;
  if (verb + 3 == n) return word == Says::pass ? Says::fail : Says::unknown;
  const std::string_view subject = text.substr(0, static_cast<std::size_t>(words[verb].data() - text.data()));
  return word == Says::pass && any_of_tokens(Tokens(subject), In::doubt) ? Says::unknown : word;
}

Says compound_says(std::string_view text) {
  const Tokens tokens(text);
  const Says first = meaning_of(look_up(tokens.first()));
  if (tokens.size() > 1 && first != Says::nothing &&
      (is_digit(tokens[1].front()) || tokens[1] == "about" || tokens[1] == "less"))
    return first;
  if (const auto said = sentence_says(text)) return *said;
  if (tokens.size() > 4 || any_of_tokens(tokens, In::negation)) return Says::unknown;
  Says worst = Says::nothing;
  for (std::size_t i = 0; i < tokens.size(); ++i) worst = std::max(worst, meaning_of(look_up(tokens[i])));
  return worst == Says::fail || worst == Says::warn ? worst : Says::unknown;
}

template <class Fits>
std::optional<Says> find_own(const Words& words, const Fits& fits) {
  const auto any = [&](const std::set<std::string>& list) { return std::any_of(list.begin(), list.end(), fits); };
  if (any(words.fail)) return Says::fail;
  if (any(words.warn)) return Says::warn;
  if (any(words.pass)) return Says::pass;
  if (any(words.neutral)) return Says::neutral;
  return std::nullopt;
}

bool are_empty(const Words& w) { return w.pass.empty() && w.warn.empty() && w.fail.empty() && w.neutral.empty(); }

}  // namespace

std::optional<double> number_in_text(std::string_view text) {
  double n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

OwnWords::OwnWords(const Words& surface, const Words& target)
    : surface_(surface), target_(target), none_(are_empty(surface) && are_empty(target)) {}

template <class Fits>
std::optional<Says> OwnWords::find(const Fits& fits) const {
  if (none_) return std::nullopt;
  const auto said = find_own(surface_, fits);
  return said ? said : find_own(target_, fits);
}

std::optional<Says> OwnWords::of_text(const Squashed& word) const {
  return find([&](const std::string& own) { return Squashed(own).view() == word.view(); });
}

std::optional<Says> OwnWords::of_number(double n) const {
  return find([&](const std::string& own) { return number_in_text(own) == n; });
}

std::optional<Says> OwnWords::of_boolean(bool b) const {
  return find([&](const std::string& own) { return own == (b ? "true" : "false"); });
}

Says meaning_of(Listed word) {
  if (word.in(In::fail)) return Says::fail;
  if (word.in(In::warn)) return Says::warn;
  if (word.in(In::pass)) return Says::pass;
  if (word.in(In::off)) return Says::off;
  if (word.in(In::idle)) return Says::neutral;
  return Says::nothing;
}

Says text_says(std::string_view text, const OwnWords& own, Expected expected) {
  text = trimmed(text);
  const Squashed word(text);
  if (const auto said = own.of_text(word)) return *said;
  const Listed listed = look_up(word);
  if (word.empty() || listed.in(In::silent)) return Says::nothing;
  if (const Says said = meaning_of(listed); said != Says::nothing) return said;
  if (const auto said = fraction_says(text)) return *said;
  if (is_no_word(text)) return Says::nothing;
  if (const auto said = remark_says(text, own, expected)) return *said;
  if (const auto head = before_a_separator(text); head.size() < text.size())
    if (const Says said = meaning_of(look_up(Squashed(head))); said != Says::nothing) return said;
  if (begins_with_error(text) || (expected == Expected::yes && word.view().starts_with("error"))) return Says::fail;
  return expected == Expected::no ? Says::unknown : compound_says(text);
}

Says number_says(double n, const OwnWords& own, NumberRules rules) {
  if (const auto said = own.of_number(n)) return *said;
  if (rules.net) return n == 0 ? Says::fail : n == 1 ? Says::warn : n == 2 ? Says::pass : Says::nothing;
  if (rules.one_and_zero && (n == 0 || n == 1)) return n == 1 ? Says::pass : Says::fail;
  if (n >= 200 && n < 300) return Says::pass;
  return n >= 400 && n < 600 ? Says::fail : Says::nothing;
}

std::optional<bool> truth_of(std::string_view text) {
  text = trimmed(text);
  if (same_without_case(text, "true")) return true;
  if (same_without_case(text, "false")) return false;
  return std::nullopt;
}

}  // namespace readback
