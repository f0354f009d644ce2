// `name = value` in every spelling that programs, shells, configurations and people use: the separators are looked for,
// the name in front of each is judged, and what stands behind is taken as far as its quotes, its brackets, its line or
// its block reach. An opening quote needs no closing one: a text may be cut.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>

#include "core/redaction/finders.hpp"
#include "core/redaction/letters.hpp"
#include "core/redaction/values.hpp"

namespace readback {
namespace {

constexpr std::size_t longest_name = 80, farthest_pair = 240, longest_over_lines = 4096, longest_sentence = 160;
constexpr std::size_t no_place = std::string_view::npos;

bool is_end(char c) { return c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || (c & 0x80);
}

/// A quote with the backslashes in front of it, which say how deep the text is nested.
struct Quote {
  char sign = 0;
  std::size_t escapes = 0, times = 1;
};

/// Words in front of a name that make what follows a complaint: "invalid token: unexpected end".
constexpr std::array<std::string_view, 16> complaints{
    "unexpected", "invalid",      "missing", "unknown", "bad", "expired", "no",          "wrong",
    "incorrect",  "unrecognized", "illegal", "empty",   "for", "parse",   "unsupported", "rejected"};

class Assignments {
 public:
  Assignments(const View& view, const std::vector<Range>& done, const Finding& found)
      : view_(view), text_(view.text()), done_(done), found_(found) {}

  void run() {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (done_at_ < done_.size() && i >= done_[done_at_].from) {  // JSON, which was looked through already
        i = std::max(i, done_[done_at_++].to);
        if (i >= text_.size()) break;
      }
      if (i <
          past_value_) {  // what is hidden already need not be read: a hostile text must cost no more than its length
        i = past_value_ - 1;
        continue;
      }
      const char c = text_[i];
      if (c == ':' || c == '=')
        separator(i);
      else if (is_quote(c))
        pair(i);
      else if (is_blank(c) || c == '\t')
        spoken(i);
    }
  }

 private:
  struct Name {
    Range at;
    std::optional<Quote> quote;
    std::size_t begin = 0;  ///< with its quotes and brackets
  };

  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\n'; }
  /// The line around `i` is kept: a text may be one very long line with very many names.
  void see_line(std::size_t i) const {
    if (i >= line_.from && i <= line_.to && line_.to > 0) return;
    line_.to = std::min(text_.find_first_of("\r\n", i), text_.size());
    line_.from = i;
    while (line_.from > 0 && !is_end(text_[line_.from - 1])) --line_.from;
  }
  std::size_t line_end(std::size_t i) const {
    if (i >= text_.size()) return text_.size();
    see_line(i);
    return line_.to;
  }
  std::size_t line_begin(std::size_t i) const {
    if (i >= text_.size()) return i;
    see_line(i);
    return line_.from;
  }
  std::size_t skip_blanks(std::size_t i) const {
    while (i < text_.size() && is_blank(text_[i])) ++i;
    return i;
  }
  bool mark(Range r, const NameSense& sense, const char* rule = "key") {
    while (!r.empty() && (is_blank(text_[r.to - 1]) || is_end(text_[r.to - 1]))) --r.to;
    if (r.empty() || !is_secret_value(sense, view_.text(r))) return false;
    found_.mark(view_, r, rule);
    past_value_ = std::max(past_value_, r.to);
    return true;
  }

  std::optional<Name> name_before(std::size_t separator) const {
    std::size_t i = separator;
    while (i > 0 && is_blank(text_[i - 1])) --i;
    Name name;
    std::size_t to = i;
    if (i > 0 && text_[i - 1] == ']')
      if (const auto inside = name_in_brackets(i - 1)) return inside;
    if (i > 0 && text_[i - 1] == ']') {  // password[0]
      std::size_t open = i - 1;
      while (open > 0 && i - open < 8 && text_[open - 1] != '[') --open;
      if (open > 0 && text_[open - 1] == '[') to = i = open - 1;
    } else if (i > 0 && (text_[i - 1] == ')' || text_[i - 1] == '}')) {
      to = --i;  // $ENV{password}
    }
    if (i > 0 && is_quote(text_[i - 1])) {
      Quote quote{text_[i - 1]};
      std::size_t e = i - 1;
      while (e > 0 && text_[e - 1] == '\\') --e, ++quote.escapes;
      to = e;
      std::size_t from = e;
      while (from > 0 && to - from < longest_name && text_[from - 1] != quote.sign && !is_end(text_[from - 1])) --from;
      if (from == 0 || text_[from - 1] != quote.sign) return std::nullopt;
      name.quote = quote;
      name.at = {from, to};
      name.begin = from - 1;
      while (name.begin > 0 && text_[name.begin - 1] == '\\') --name.begin;
      return name;
    }
    std::size_t from = to;
    while (from > 0 && to - from < longest_name && is_name_char(text_[from - 1])) --from;
    name.at = {from, to};
    name.begin = from;
    if (name.at.empty()) return std::nullopt;
    return name;
  }

  /// config["password"], [password:protected], ["pass":"Db":private].
  std::optional<Name> name_in_brackets(std::size_t close) const {
    std::size_t open = close;
    while (open > 0 && close - open < longest_name && text_[open - 1] != '[' && !is_end(text_[open - 1])) --open;
    if (open == 0 || text_[open - 1] != '[') return std::nullopt;
    Name name;
    name.begin = open - 1;
    std::size_t from = open, to = close;
    while (from < to && (is_quote(text_[from]) || text_[from] == '\\' || is_blank(text_[from]))) ++from;
    const std::size_t end = text_.find_first_of(":\"'`\\]", from);
    to = std::min(end, to);
    if (from >= to ||
        std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(from), text_.begin() + static_cast<std::ptrdiff_t>(to),
                    [](unsigned char c) { return std::isdigit(c); }))
      return std::nullopt;
    name.at = {from, to};
    name.quote = Quote{'"'};
    return name;
  }

  /// "Mot de passe : x", "API key: x", "Connection string = x": the words of a name may stand apart.
  NameSense sense_of(Name& name) const {
    NameSense sense = found_.names.in_text(view_.text(name.at));
    std::size_t from = name.at.from;
    if (view_.text(name.at).find_first_not_of("0123456789.") == no_place) return sense;  // "Pass 1: checking inodes"
    for (int words = 0; words < 2 && sense.holds != Holds::secret && !name.quote; ++words) {
      if (from < 2 || text_[from - 1] != ' ' || !is_name_char(text_[from - 2])) break;
      --from;
      while (from > 0 && is_name_char(text_[from - 1])) --from;
      if (name.at.to - from > longest_name) break;
      const auto longer = found_.names.in_text(text_.substr(from, name.at.to - from));
      if (longer.holds == Holds::maybe && sense.holds == Holds::nothing && longer.spoken)
        sense = longer;  // "PASSWORD elastic = x"
      if (longer.holds == Holds::secret) {
        name.at.from = name.begin = from;
        return longer;
      }
    }
    return sense;
  }

  void separator(std::size_t i) {
    std::size_t behind = i + 1;
    if (text_[i] == ':' && at(behind) == ':' && is_blank(at(behind + 1)) && i > 0 && is_name_char(text_[i - 1]))
      ++behind;  // LDIF
    if (text_[i] == ':' && (at(behind) == ':' || text_.compare(behind, 2, "//") == 0 || (i > 0 && text_[i - 1] == ':')))
      return;
    if (text_[i] == '=' && i > 0 &&
        (text_[i - 1] == ':' || text_[i - 1] == '=' || text_[i - 1] == '!' || text_[i - 1] == '<'))
      return;  // its first sign did
    if (at(behind) == '=' || at(behind) == '>' || at(behind) == '~') ++behind;
    auto name = name_before(i);
    if (text_[i] == ':' && at(behind) == '=') ++behind;
    if (text_[i] == ':' && at(behind) == '?') return;  // ${DB_PASSWORD:?must be set}
    if (!name || in_arn(name->begin)) return;
    if (text_[i] == ':' && view_.text(name->at) == "PASS" && is_test(behind)) return;
    NameSense sense = sense_of(*name);
    const bool label = beside(*name, behind, sense);
    if (sense.holds == Holds::nothing || label) return;
    value(*name, behind, sense);
  }

  /// `arn:aws:secretsmanager:…:secret:name`
  bool in_arn(std::size_t i) const {
    std::size_t from = i;
    while (from > 0 && i - from < 128 && !is_blank(text_[from - 1]) && !is_end(text_[from - 1]) &&
           !is_quote(text_[from - 1]))
      --from;
    return text_.compare(from, 4, "arn:") == 0;
  }

  /// `PASS: test_ledger`, `--- PASS: TestTokenRefresh`
  bool is_test(std::size_t i) const {
    const auto word = text_.substr(skip_blanks(i), 96);
    return word.substr(0, word.find_first_of(" \n")).find("est") != word.npos;
  }

  /// `name=DB_PASSWORD value=x`, `{Name:DB_PASSWORD Value:x}`, `- name: DB_PASSWORD` and `value: x` on the next line: a
  /// label names what the field beside it holds. True when this is a label.
  bool beside(const Name& name, std::size_t behind, NameSense& sense) {
    constexpr std::array<std::string_view, 9> labels{"name",  "key",   "k",   "variable", "header",
                                                     "field", "param", "env", "option"};
    constexpr std::array<std::string_view, 6> contents{"value", "v", "val", "values", "content", "default"};
    if (name.at.to - name.at.from > 8) return false;
    const std::string word = fold_case(view_.text(name.at));
    if (std::find(labels.begin(), labels.end(), word) != labels.end()) {
      const Range labelled = unquoted(behind);
      const auto named = found_.names.in_text(view_.text(labelled));
      labelled_ = named.holds == Holds::secret ? std::optional(named) : std::nullopt;
      labelled_at_ = labelled.to;
      if (labelled_ && !content_.empty() && labelled.from - content_.to < farthest_pair &&
          !separates(content_.to, name.begin))
        mark(content_, named);
      content_ = {};
      return true;
    }
    if (std::find(contents.begin(), contents.end(), word) == contents.end()) return false;
    if (labelled_ && name.at.from - labelled_at_ < farthest_pair && !separates(labelled_at_, name.begin))
      sense = *labelled_;
    else
      content_ = unquoted(behind);
    labelled_.reset();
    return false;
  }

  /// The end of one entry and the beginning of the next stand between the two.
  bool separates(std::size_t from, std::size_t to) const {
    const auto between = text_.substr(from, to > from ? to - from : 0);
    return between.find_first_of("{}<>[]") != between.npos || between.find("- ") != between.npos ||
           between.find("\n\n") != between.npos;
  }

  Range unquoted(std::size_t i) const {
    i = skip_blanks(i);
    while (at(i) == '\\') ++i;
    if (is_quote(at(i))) {
      const std::size_t end = text_.find_first_of(std::string{text_[i], '\\', '\n'}, i + 1);
      return {i + 1, std::min(end, text_.size())};
    }
    std::size_t end = i;
    while (end < text_.size() && !is_blank(text_[end]) && !is_end(text_[end]) &&
           std::string_view(",;}])>").find(text_[end]) == no_place)
      ++end;
    return {i, end};
  }

  // What the value is.

  bool begins_line(const Name& name) const {
    std::size_t i = name.begin;
    const std::size_t begin = line_begin(i);
    auto before = text_.substr(begin, i - begin);
    while (!before.empty() &&
           (is_blank(before.back()) || before.back() == '-' || before.back() == '"' || before.back() == '\'' ||
            before.back() == '?' || before.back() == '$' || before.back() == '#' || before.back() == '+'))
      before.remove_suffix(1);
    while (!before.empty() && (is_blank(before.front()) || before.front() == '-')) before.remove_prefix(1);
    for (std::string_view word : {"export", "set", "setenv", "let", "const", "var", "ENV", "ARG", "env", "SET",
                                  "declare", "local", "readonly", "public", "private", "String", "string"})
      if (before == word || before.ends_with(word)) return before.size() <= word.size() + 24;
    return before.empty();
  }

  void value(const Name& name, std::size_t i, const NameSense& sense) {
    i = skip_blanks(i);
    if (sense.credential_line && sense.holds == Holds::secret) return line_of_credentials(name, i, sense);
    while (at(i) == '*' && at(i + 1) != '*') ++i;  // **Password:** `x`
    if (text_.compare(i, 2, "**") == 0 && (is_blank(at(i + 2)) || is_quote(at(i + 2)))) i = skip_blanks(i + 2);
    if (at(i) == '!' && is_name_char(at(i + 1))) {  // a tag of YAML: only what it quotes is a value
      while (i < text_.size() && !is_blank(text_[i]) && !is_end(text_[i])) ++i;
      i = skip_blanks(i);
      if (const auto quote = quote_at(i)) quoted(name, i, *quote, sense);
      return;
    }
    if (i < text_.size() && is_end(text_[i]) && text_[i - 1] == '>') {  // PHP: the value is on the next line
      while (i < text_.size() && (is_end(text_[i]) || is_blank(text_[i]))) ++i;
    }
    i = skip_types(i);
    if (i >= text_.size()) return;
    for (std::string_view type : {"int(", "float(", "bool(", "NULL"})
      if (text_.compare(i, type.size(), type) == 0) return;
    if (is_end(text_[i])) {
      if (!under_rule(i, sense)) block_below(name, i, sense, false);
      return;
    }
    if (const auto quote = quote_at(i)) return quoted(name, i, *quote, sense);
    if ((text_[i] == '|' || text_[i] == '>') && block_mark(i)) return block_below(name, line_end(i), sense, true);
    if (text_.compare(i, 2, "<<") == 0) return here_document(i, sense);
    if (text_[i] == '[' || text_[i] == '(' || (text_[i] == '{' && at(i + 1) != '{')) return container(i, sense);
    bare(name, i, sense);
  }

  /// `kubectl describe` writes a line of dashes under the name, and the value under that.
  bool under_rule(std::size_t i, const NameSense& sense) {
    while (i < text_.size() && is_end(text_[i])) ++i;
    const std::size_t end = line_end(i);
    if (end - i < 3 || text_.substr(i, end - i).find_first_not_of('-') != no_place) return false;
    const std::size_t from = std::min(end + 1, text_.size());
    const std::size_t to = std::min(text_.find("\n\n", from), text_.size());
    return mark({from, std::min(to, line_end(from))}, sense);
  }

  /// `=> string(12) "x"`, `b'x'`, `SecretStr('x')`, `!!str x`, `&anchor x`.
  std::size_t skip_types(std::size_t i) const {
    for (std::string_view type :
         {"string(", "str(",         "bytes(",     "SecretStr(",     "SecretBytes(", "Some(",    "Just(", "String(",
          "Secret(", "new String(",  "(string)",   "(str)",          "!!str",        "!!binary", "text(", "varchar(",
          "quote(",  "std::string(", "bytearray(", "(string) (len=", "@\"",          "N'",       "E'"}) {
      if (text_.compare(i, type.size(), type) != 0) continue;
      std::size_t next = i + type.size();
      if (type == "string(" || type == "(string) (len=") {  // a length, as PHP writes it
        const std::size_t end = text_.find(')', next);
        if (end != no_place && end - next < 8 && std::isdigit(static_cast<unsigned char>(at(next)))) next = end + 1;
      }
      if (is_quote(type.back())) --next;
      next = skip_blanks(next);
      if ((at(next) == 'b' || at(next) == 'u') && is_quote(at(next + 1))) ++next;
      return next;
    }
    if ((at(i) == 'b' || at(i) == 'u' || at(i) == 'r' || at(i) == 'f' || at(i) == 'B') && is_quote(at(i + 1)))
      return i + 1;
    if (at(i) == '&' && is_name_char(at(i + 1))) {
      std::size_t end = i + 1;
      while (is_name_char(at(end))) ++end;
      if (is_blank(at(end))) return skip_blanks(end);
    }
    return i;
  }

  std::optional<Quote> quote_at(std::size_t i) const {
    Quote quote;
    while (at(i) == '\\') ++i, ++quote.escapes;
    if (i >= text_.size() || !is_quote(text_[i])) return std::nullopt;
    quote.sign = text_[i];
    if (quote.escapes == 0 && quote.sign != '`' && at(i + 1) == quote.sign && at(i + 2) == quote.sign) quote.times = 3;
    return quote;
  }

  /// Behind the opening quote: to the closing one of the same depth, or to the end of what there is.
  std::size_t closing(std::size_t from, const Quote& quote, bool over_lines) const {
    std::size_t escapes = 0;
    for (std::size_t i = from; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++escapes;
        continue;
      }
      if (is_end(text_[i]) && !over_lines && quote.times == 1) return i;
      if (over_lines && i - from > longest_over_lines) return text_.size();
      if (text_[i] == quote.sign && escapes <= quote.escapes) {
        if (quote.times == 3 ? text_.compare(i, 3, std::string(3, quote.sign)) == 0 : true) {
          if (quote.times == 1 && quote.escapes == 0 && at(i + 1) == quote.sign) {  // '' stands for '
            ++i;
            escapes = 0;
            continue;
          }
          return i - escapes;
        }
      }
      escapes = 0;
    }
    return text_.size();
  }

  void quoted(const Name& name, std::size_t i, const Quote& quote, const NameSense& sense) {
    const std::size_t from = i + quote.escapes + quote.times;
    if (quote.times == 1 && at(from) == quote.sign && quote.escapes == 0) return;  // ""
    std::size_t to = closing(from, quote, false);
    if (to < text_.size() && is_end(text_[to])) {  // not on this line: on others that belong to it, or not at all
      const std::size_t far = closing(from, quote, true);
      if (far < text_.size() && far - from < 4096 && belongs(name, from, far)) to = far;
    }
    if (!labelled_secret(name, from, to, sense) && mark({from, to}, sense))
      continued(to + quote.escapes + quote.times, sense);
  }

  /// `{namespace="till",secret="edge-tls"}`: the label of a metric names it.
  bool labelled_secret(const Name& name, std::size_t from, std::size_t to, const NameSense& sense) const {
    if (!sense.named || name.begin == 0 || std::string_view("{,").find(text_[name.begin - 1]) == no_place) return false;
    return is_resource_name(text_.substr(from, to - from));
  }

  /// Of Kubernetes and the like: small words with `-` between.
  static bool is_resource_name(std::string_view text) {
    return text.find_first_of("-_") != no_place && std::all_of(text.begin(), text.end(), [](unsigned char c) {
             return std::islower(c) || std::isdigit(c) || c == '-' || c == '_' || c == '.';
           });
  }

  /// "a" \ "b", "a" + "b": one value in pieces.
  void continued(std::size_t i, const NameSense& sense) {
    for (int pieces = 0; pieces < 16; ++pieces) {
      bool joined = false;
      while (i < text_.size() &&
             (is_blank(text_[i]) || (joined && is_end(text_[i])) || text_[i] == '\\' || text_[i] == '+' ||
              text_.compare(i, 2, "->") == 0 || (text_[i] == '>' && text_[i - 1] == '-')))
        joined = joined || text_[i] == '\\' || text_[i] == '+' || text_[i] == '>', ++i;
      if (!joined || i >= text_.size() || !is_quote(text_[i])) return;
      const std::size_t to = closing(i + 1, {text_[i]}, false);
      if (!mark({i + 1, to}, sense)) return;
      i = to + 1;
    }
  }

  /// All further lines of the range are deeper than the name's line.
  bool belongs(const Name& name, std::size_t from, std::size_t to) const {
    const std::size_t depth = indent(line_begin(name.begin));
    for (std::size_t i = line_end(from); i < to; i = line_end(i + 1)) {
      const std::size_t begin = i + 1;
      if (begin < to && !is_end(at(begin)) && indent(begin) <= depth) return false;
    }
    return true;
  }

  std::size_t indent(std::size_t begin) const { return skip_blanks(begin) - begin; }

  /// `|`, `>-`, `|2+` and nothing else on the line.
  bool block_mark(std::size_t i) const {
    ++i;
    while (std::string_view("+-123456789").find(at(i)) != no_place && i < text_.size()) ++i;
    i = skip_blanks(i);
    return i >= text_.size() || is_end(at(i)) || at(i) == '#';
  }

  /// The lines below that are deeper: one value behind a block's mark, else fields and items.
  void block_below(const Name& name, std::size_t i, const NameSense& sense, bool whole) {
    std::size_t depth = indent(line_begin(name.begin));
    if (text_.compare(line_begin(name.begin) + depth, 2, "- ") == 0 && whole) depth += 1;
    std::size_t first = no_place, last = i;
    while (i < text_.size()) {
      std::size_t begin = i;
      while (begin < text_.size() && is_end(text_[begin])) ++begin;
      const std::size_t end = line_end(begin), text_begin = skip_blanks(begin);
      if (text_begin >= text_.size()) break;
      const bool item = text_.compare(text_begin, 2, "- ") == 0;
      if (text_begin - begin < depth + 1 && !(item && !whole && text_begin - begin == depth)) break;
      if (first == no_place) first = text_begin;
      if (!whole && sense.holds == Holds::secret && !name.quote) below(text_begin, end, sense);
      last = i = end;
    }
    if (whole && first != no_place) mark({first, last}, sense);
  }

  /// One line of what stands below a secret name: `- value`, or a field that does not tell how something is.
  void below(std::size_t from, std::size_t to, NameSense sense) {
    while (text_.compare(from, 2, "- ") == 0) from = skip_blanks(from + 2);
    std::size_t name_end = from;
    while (name_end < to && is_name_char(text_[name_end])) ++name_end;
    if (at(name_end) == ':' && (name_end + 1 >= to || is_blank(at(name_end + 1)))) {
      const auto field = text_.substr(from, name_end - from);
      const auto of_field = found_.names.of(field);
      if (of_field.tells || of_field.holds != Holds::nothing) return;  // judged by itself
      from = skip_blanks(name_end + 1);
    } else if (name_end < to && at(name_end) == '=') {
      return;
    }
    if (from >= to) return;
    if (is_quote(text_[from])) ++from, to = std::min(to, closing(from, {text_[from - 1]}, false));
    const auto value = text_.substr(from, to - from);
    sense.counts = true;
    if (sense.named && is_resource_name(value)) return;
    if (value.find(' ') == value.npos) mark({from, to}, sense);
  }

  /// `<<EOF` to a line that says so.
  void here_document(std::size_t i, const NameSense& sense) {
    std::size_t from = i + 2;
    while (std::string_view("-~<'\"").find(at(from)) != no_place) ++from;
    std::size_t to = from;
    while (is_name_char(at(to)) && to < text_.size()) ++to;
    const std::string mark_word(text_.substr(from, to - from));
    if (mark_word.empty()) return;
    const std::size_t begin = std::min(line_end(to) + 1, text_.size());
    const auto window = text_.substr(begin, longest_over_lines);
    std::size_t end = window.starts_with(mark_word) ? 0 : window.find("\n" + mark_word);
    if (end == no_place) {
      if (window.size() == longest_over_lines)
        end = line_end(begin) - begin;
      else
        end = window.size();
    }
    mark({begin, begin + end}, sense);
  }

  /// Values in brackets: ('admin', 'x'), [a, b], {value: x}, map[password:x].
  void container(std::size_t i, const NameSense& sense) {
    const char open = text_[i], close = open == '[' ? ']' : open == '(' ? ')' : '}';
    std::size_t depth = 0, end = i;
    bool over_lines = false;
    for (; end < text_.size() && end - i < 4096; ++end) {
      if (text_[end] == open) ++depth;
      if (text_[end] == close && --depth == 0) break;
      if (is_end(text_[end]) && open == '(' && text_.substr(i + 1, end - i - 1).find_first_not_of(" \t") != no_place &&
          depth == 1 && !over_lines)
        break;
      if (is_end(text_[end]) && text_.substr(i + 1, end - i - 1).find_first_not_of(" \t") == no_place)
        over_lines = true;
    }
    if (sense.holds != Holds::secret && open == '{') return;
    NameSense inner = sense;
    inner.counts = true;
    bool masked = text_.substr(i, end - i + 1).size() < 48 &&
                  tells_of_secret(text_.substr(i, std::min(end + 1, text_.size()) - i));
    if (masked) return;
    if (open == '{' && text_.substr(i, end - i).find_first_of(":=,\"'\n") == no_place) {  // ODBC: PWD={a;b}
      mark({i + 1, end}, sense);
      return;
    }
    if (sense.login) {  // ('admin', 'x')
      const auto comma = text_.find(',', i);
      if (comma < end) inner.holds = Holds::secret, i = comma;
    }
    for (std::size_t at_now = i + 1; at_now < end;) at_now = element(at_now, end, inner);
  }

  std::size_t element(std::size_t i, std::size_t end, const NameSense& sense) {
    while (i < end &&
           (is_blank(text_[i]) || is_end(text_[i]) || std::string_view(",[]({})=>:|;").find(text_[i]) != no_place))
      ++i;
    if (i >= end) return end;
    std::size_t from = i, to = i, next = i;
    if ((text_[i] == 'b' || text_[i] == 'u') && is_quote(at(i + 1))) ++i;
    if (const auto quote = quote_at(i)) {
      from = i + quote->escapes + quote->times;
      to = std::min(closing(from, *quote, true), end);
      next = std::min(to + quote->escapes + quote->times, end);
    } else {
      while (to < end && !is_blank(text_[to]) && !is_end(text_[to]) &&
             std::string_view(",])}=;").find(text_[to]) == no_place &&
             !(text_[to] == ':' && (is_blank(at(to + 1)) || is_name_char(at(to + 1)))))
        ++to;
      if (to == from) return i + 1;
      next = to;
    }
    const std::size_t after = skip_blanks(next);
    const bool is_key = at(after) == ':' || at(after) == '=';
    if (!is_key)
      mark({from, to}, sense);
    else if (found_.names.of(text_.substr(from, to - from)).tells)
      return std::max(next, skip_value(after + 1, end));
    return std::max(next, i + 1);
  }

  std::size_t skip_value(std::size_t i, std::size_t end) const {
    while (i < end && text_[i] != ',' && text_[i] != '}' && !is_end(text_[i])) ++i;
    return i;
  }

  /// Everything up to the end of the line, or to the quote that the name stands in.
  void line_of_credentials(const Name& name, std::size_t i, const NameSense& sense) {
    std::size_t to = line_end(i);
    const auto own = quote_at(i);
    if (own) {
      quoted(name, i, *own, sense);
      return;
    }
    if (i < text_.size() && (text_[i] == '[' || text_[i] == '{' || text_[i] == '(')) return container(i, sense);
    const std::size_t begin = line_begin(name.begin);
    for (std::size_t q = name.begin; q > begin; --q) {  // -H 'Authorization: …'
      if (!is_quote(text_[q - 1])) continue;
      std::size_t escapes = 0;
      while (q - 1 > escapes && text_[q - 2 - escapes] == '\\') ++escapes;
      const std::size_t closes = closing(i, {text_[q - 1], escapes}, false);
      if (closes < to) to = closes;
      break;
    }
    const auto first = text_.substr(i, std::min(text_.find_first_of(" ,;", i), to) - i);
    const std::string scheme = fold_case(first);
    const bool schemed =
        scheme == "basic" || scheme == "bearer" || scheme == "token" || scheme == "negotiate" || scheme == "digest";
    if (schemed ? tells_of_secret(text_.substr(i + first.size(), to - i - first.size()))
                : first.size() > 2 && tells_of_secret(first))
      return;
    mark({i, to}, sense, name_rule(name));
  }

  const char* name_rule(const Name& name) const {
    return fold_case(view_.text(name.at)).find("cookie") != std::string::npos ? "cookie" : "authorization";
  }

  bool complained(const Name& name) const {
    std::size_t to = name.begin;
    while (to > 0 && is_blank(text_[to - 1])) --to;
    std::size_t from = to;
    while (from > 0 && is_name_char(text_[from - 1])) --from;
    return to > from && std::find(complaints.begin(), complaints.end(), fold_case(text_.substr(from, to - from))) !=
                            complaints.end();
  }

  void bare(const Name& name, std::size_t i, NameSense sense) {
    if (sense.loose) sense.holds = Holds::maybe;
    const std::size_t eol = line_end(i);
    if (is_called_or_framed(i, eol)) return;
    std::size_t to = bare_end(i, eol);
    if (is_next_name({i, to}) || is_reference_or_count({i, to}, sense)) return;
    const bool line = begins_line(name) && sense.holds == Holds::secret;
    if (line) {
      const std::size_t whole = line_value_end(i, eol);
      if (whole > to && !other_assignment(to, whole))
        to = with_continuation(name, whole, eol);
      else if (whole == to)
        to = with_continuation(name, to, eol);
    }
    auto rest = text_.substr(i, std::min(eol - i, longest_sentence));
    rest = rest.substr(0, rest.find_first_of(";|"));
    const bool words_follow = is_blank(at(to)) || rest.find(' ') != rest.npos;
    // `password: expired since May` tells; `DB_PASS=swan rejected` and `password: swan7 rejected` do not.
    const auto value = text_.substr(i, to - i);
    const bool apart = is_blank(at(i - 1));
    if (words_follow && apart && value.find_first_of("0123456789") == no_place && !looks_secret(value) &&
        is_sentence(rest))
      return;
    if (!name.quote && at(i - 1) != '=' && complained(name) && !looks_secret(value)) return;
    if (!line && sense.holds == Holds::secret && words_follow && apart && is_plain_word(value)) {
      // A passphrase of several words, in the middle of a line.
      std::size_t end = to;
      while (end < eol && (is_name_char(text_[end]) || text_[end] == ' ')) ++end;
      if (end - i < 80 && !other_assignment(to, std::min(end + 1, eol))) to = end;
    }
    if (mark({i, to}, sense)) became(to, sense);
  }

  std::size_t bare_end(std::size_t i, std::size_t eol) const {
    while (i < eol) {
      if (const auto length = placeholder_at(text_.substr(i))) {
        i += length;
        continue;
      }
      if (is_blank(text_[i]) || std::string_view("\"',;)]}<|`").find(text_[i]) != no_place || joins_parameters(i))
        break;
      ++i;
    }
    return i;
  }

  /// `password= token="…"`: the first is empty, and what follows is the name of the second.
  bool is_next_name(Range word) const {
    const auto text = view_.text(word);
    const char behind = at(word.to);
    return text.size() > 1 && text.find('=') == text.size() - 1 &&
           (is_quote(behind) || is_blank(behind) || is_end(behind)) &&
           found_.names.in_text(text.substr(0, text.size() - 1)).holds != Holds::nothing;
  }

  /// `DB_PASS=$DB_PASS ./run`, `tokens: 48211 of 50000`
  bool is_reference_or_count(Range word, const NameSense& sense) const {
    const auto text = view_.text(word);
    if (text.empty() || !is_blank(at(word.to))) return false;
    return text.front() == '$' ? tells_of_secret(text)
                               : (sense.counts || sense.tally) && text.find_first_not_of("0123456789.,") == text.npos;
  }

  /// `old -> new`
  void became(std::size_t i, const NameSense& sense) {
    i = skip_blanks(i);
    if (text_.compare(i, 2, "->") != 0 && text_.compare(i, 2, "=>") != 0) return;
    i = skip_blanks(i + 2);
    if (i < text_.size() && !is_quote(text_[i])) mark({i, word_end(i)}, sense);
  }

  /// Further lines that are deeper, and are no assignments, or that a backslash joins.
  std::size_t with_continuation(const Name& name, std::size_t to, std::size_t eol) const {
    const std::size_t depth = indent(line_begin(name.begin));
    while (eol < text_.size()) {
      const std::size_t begin = eol + 1, text_begin = skip_blanks(begin), end = line_end(begin);
      const bool joined = eol > 0 && text_[eol - 1] == '\\';
      if (text_begin >= end ||
          (!joined && (text_begin - begin <= depth || text_[text_begin] == '-' || text_[text_begin] == '#')))
        break;
      if (!joined && text_.substr(text_begin, end - text_begin).find_first_of("=: ") != no_place) break;
      to = eol = end;
    }
    return to;
  }

  /// `&name=`, as in a form that was sent.
  bool joins_parameters(std::size_t i) const {
    if (text_[i] != '&') return false;
    std::size_t end = i + 1;
    while (end < text_.size() && (is_name_char(text_[end]) || text_[end] == '[' || text_[end] == ']')) ++end;
    return end > i + 1 && at(end) == '=';
  }

  static bool is_plain_word(std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isalpha(c) || c >= 0x80; });
  }

  /// `{{ include "x" . }}`, `${{ secrets.X }}`, `os.Getenv("X")`: where the value comes from, not the value.
  bool is_called_or_framed(std::size_t i, std::size_t eol) const {
    const auto rest = text_.substr(i, eol - i);
    for (std::string_view frame : {"{{", "${{", "<%", "$("})
      if (rest.starts_with(frame)) return rest.find(frame == "<%" ? "%>" : frame == "$(" ? ")" : "}}") != rest.npos;
    std::size_t end = 0;
    while (end < rest.size() &&
           (std::isalnum(static_cast<unsigned char>(rest[end])) || rest[end] == '_' || rest[end] == '.'))
      ++end;
    return end > 0 && end < rest.size() && rest[end] == '(' &&
           rest.substr(0, end).find_first_of("0123456789") == rest.npos;
  }

  std::size_t line_value_end(std::size_t i, std::size_t eol) const {
    const std::size_t comment = text_.substr(0, eol).find(" #", i);
    std::size_t to = std::min(comment, eol);
    while (to > i && (is_blank(text_[to - 1]) || text_[to - 1] == ',' || text_[to - 1] == ';')) --to;
    return to;
  }

  /// A further `name=` or `name: ` in this stretch: then the value ends before it.
  bool other_assignment(std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i) {
      if (text_[i] != '=' && text_[i] != ':') continue;
      if (text_[i] == ':' && !is_blank(at(i + 1))) continue;
      std::size_t name = i;
      while (name > from && is_name_char(text_[name - 1])) --name;
      if (i - name >= 1 && name > from && std::string_view(" ;,&\t").find(text_[name - 1]) != no_place) return true;
    }
    return text_.substr(from, to - from).find_first_of("\"'") != no_place;
  }

  // Without a separator.

  /// ("password", "x"), ['password', 'x']: two, and no more.
  void pair(std::size_t i) {
    std::size_t before = i;
    while (before > 0 && text_[before - 1] == '\\') --before;
    while (before > 0 && (is_blank(text_[before - 1]) || text_[before - 1] == 'b' || text_[before - 1] == 'u'))
      --before;
    if (before == 0 || std::string_view("[({").find(text_[before - 1]) == no_place) return;
    const std::size_t end = text_.find(text_[i], i + 1);
    if (end == no_place || end - i > longest_name) return;
    std::size_t name_end = end;
    while (name_end > i && text_[name_end - 1] == '\\') --name_end;
    const auto sense = found_.names.in_text(text_.substr(i + 1, name_end - i - 1));
    if (sense.holds == Holds::nothing) return;
    std::size_t next = skip_blanks(end + 1);
    if (at(next) != ',' && at(next) != '.') return;
    next = skip_blanks(next + 1);
    if ((at(next) == 'b' || at(next) == 'u') && is_quote(at(next + 1))) ++next;
    const auto quote = quote_at(next);
    if (!quote) return;
    const std::size_t from = next + quote->escapes + quote->times, to = closing(from, *quote, false);
    const std::size_t after = skip_blanks(std::min(to + quote->escapes + 1, text_.size()));
    if (after < text_.size() && std::string_view("])}").find(text_[after]) == no_place) return;
    if (found_.names.in_text(text_.substr(from, to - from)).holds != Holds::secret) mark({from, to}, sense);
  }

  /// "the password is x", "password 'x'", "using token x", "Password for user bob: x", `password    x` in columns.
  void spoken(std::size_t i) {
    if (i == 0 || !is_name_char(text_[i - 1]) || text_[i - 1] == '-') return;
    std::size_t from = i;
    while (from > 0 && i - from < longest_name && is_name_char(text_[from - 1])) --from;
    Name name{.at = {from, i}, .quote = std::nullopt, .begin = from};
    const auto sense = sense_of(name);
    if (sense.holds != Holds::secret || sense.loose || fold_case(text_.substr(from, i - from)) == "bearer") return;
    if (from > 0 && text_[from - 1] == '/') return;
    std::size_t next = skip_blanks(i);
    if (next >= text_.size() || is_end(text_[next]) || text_[next] == '=' || text_[next] == ':') return;
    if (column(from) && next == i + 1 && word_end(next) == line_end(next) &&
        !is_quote(text_[next])) {  // a configuration of two words a line
      const auto word = text_.substr(next, line_end(next) - next);
      const bool is_key = text_.substr(from, i - from).find_first_of("_-.") != no_place;  // no word of a sentence
      if (is_key || word.find_first_of("0123456789!@#$%^&*=") != word.npos) mark({next, line_end(next)}, sense);
      return;
    }
    if ((next - i >= 2 || text_[i] == '\t') && column(from)) {
      if (text_[next] == '|') next = skip_blanks(next + 1);
      std::size_t to = next;
      const std::size_t eol = line_end(next);
      while (to < eol && !(is_blank(text_[to]) && (is_blank(at(to + 1)) || text_[to] == '\t'))) ++to;
      if (fold_case(text_.substr(next, 5)) != "value" && text_.substr(next, to - next).find("---") == no_place)
        mark({next, to}, sense);
      return;
    }
    if (const auto quote = quote_at(next)) {
      const std::size_t open = next + quote->escapes + quote->times;
      const std::size_t to = closing(open, *quote, false);
      if (complained(name) && !looks_secret(text_.substr(open, to - open))) return;
      const auto value = text_.substr(open, to - open);
      const bool name_only = is_resource_name(value) || std::all_of(value.begin(), value.end(), [](unsigned char c) {
                               return std::islower(c) != 0;
                             });
      if (!sense.named || !name_only) mark({open, to}, sense);
      return;
    }
    said(next, sense);
  }

  /// The name begins its line: a row of a table.
  bool column(std::size_t from) const {
    const std::size_t begin = line_begin(from);
    const auto before = text_.substr(begin, from - begin);
    return std::all_of(before.begin(), before.end(),
                       [](char c) { return is_blank(c) || c == '|' || c == '-' || c == '*'; });
  }

  std::size_t word_end(std::size_t i) const {
    while (i < text_.size() && !is_blank(text_[i]) && !is_end(text_[i]) &&
           std::string_view(",;)\"'`").find(text_[i]) == no_place)
      ++i;
    return i;
  }

  void said(std::size_t i, const NameSense& sense) {
    constexpr std::array<std::string_view, 29> verbs{
        "is",     "was",     "ist",   "lautet", "est", "es",  "è", "to",   "=>",  "->",
        "set",    "changed", "reset", "now",    "of",  "war", "é", "были", "это", "-",
        "equals", "became",  "from",  "jetzt",  "nun", "⇒",   "→", "»",    "—"};
    std::size_t end = word_end(i);
    bool verb = false;
    const std::size_t begin = i;
    for (int words = 0; words < 4; ++words) {
      const std::string word = fold_case(text_.substr(i, end - i));
      if (std::find(verbs.begin(), verbs.end(), word) == verbs.end()) break;
      verb = word != "of" && word != "reset" && word != "set" && word != "changed";
      i = skip_blanks(end);
      if (const auto quote = quote_at(i); quote && verb) {
        const std::size_t open = i + quote->escapes + quote->times;
        mark({open, closing(open, *quote, false)}, sense);
        return;
      }
      end = word_end(i);
    }
    auto word = text_.substr(i, end - i);
    if (word.ends_with('.') || word.ends_with(':') || word.ends_with('!') || word.ends_with('?')) word.remove_suffix(1);
    if (word.empty() || word.find('=') != word.npos) return;
    const bool digits = word.find_first_of("0123456789") != word.npos;
    const bool coded = sense.code && word.size() >= 4 && digits && word.find_first_not_of("0123456789-") == word.npos;
    if (looks_secret(word) || coded ||
        (sense.spoken && digits && word.size() >= 6 && word.find_first_not_of("0123456789.") != word.npos)) {
      if (mark({i, i + word.size()}, sense)) second(i + word.size(), sense);
      return;
    }
    if (!verb) return addressed(begin, sense);
    if (is_verdict(word)) return addressed(begin, sense);
    const std::size_t eol =
        std::min({text_.substr(i, longest_sentence).find_first_of("\n.;,") + i, i + longest_sentence, text_.size()});
    if (!is_sentence(text_.substr(i, eol - i)) && is_plain_word(word)) {
      // Only one word, or nothing that could be read as a sentence.
      if (text_.substr(i, eol - i).find(' ') != no_place) return addressed(begin, sense);
      mark({i, i + word.size()}, sense);
      return;
    }
    if (!is_plain_word(word)) mark({i, i + word.size()}, sense);
  }

  /// "from a to b": both.
  void second(std::size_t i, const NameSense& sense) {
    i = skip_blanks(i);
    if (fold_case(text_.substr(i, 3)) != "to ") return;
    i = skip_blanks(i + 3);
    mark({i, word_end(i)}, sense);
  }

  static bool is_verdict(std::string_view word) {
    constexpr std::array<std::string_view, 26> verdicts{
        "too", "not", "being",  "now",    "still",   "about", "a",      "an",      "the",
        "in",  "of",  "only",   "always", "never",   "older", "longer", "shorter", "part",
        "at",  "no",  "needed", "also",   "ignored", "case",  "sent",   "kept"};
    return tells_of_secret(word) || std::find(verdicts.begin(), verdicts.end(), fold_case(word)) != verdicts.end();
  }

  /// "Password for user bob: x", "a temporary password is generated for root@localhost: x", "PIN for the cabinet is
  /// 1234", "use the following password to proceed:" and then a line with nothing else.
  void addressed(std::size_t i, const NameSense& sense) {
    constexpr std::array<std::string_view, 13> toward{"for", "für", "fuer", "pour", "para", "per", "voor",
                                                      "of",  "von", "de",   "для",  "от",   "к"};
    constexpr std::array<std::string_view, 12> against{"failed",    "failure", "denied",  "invalid",
                                                       "rejected",  "error",   "expired", "missing",
                                                       "incorrect", "wrong",   "cannot",  "not"};
    const std::size_t eol = line_end(i);
    bool meant = false;
    for (std::size_t at_now = i; at_now < eol && at_now - i < 100;) {
      std::size_t end = at_now;
      while (end < eol && !is_blank(text_[end])) ++end;
      auto word = fold_case(text_.substr(at_now, end - at_now));
      const bool dash = word == "—" || word == "–" || word == "-";
      const bool ends = dash || word == ":=" || (!word.empty() && (word.back() == ':' || word == "="));
      if (ends && !dash && word != ":=") word.pop_back();
      if (std::find(against.begin(), against.end(), word) != against.end()) return;
      meant = meant || std::find(toward.begin(), toward.end(), word) != toward.end();
      const std::size_t next = skip_blanks(end);
      if (ends && next >= eol) return alone_below(eol, sense);
      if (meant && (ends || word == "is" || word == "ist" || word == "est")) return answer(next, sense);
      if (next <= at_now) return;
      at_now = next;
    }
  }

  void answer(std::size_t from, const NameSense& sense) {
    std::size_t to = line_end(from);
    if (const auto quote = quote_at(from)) {
      from += quote->escapes + quote->times;
      to = closing(from, *quote, false);
    }
    const auto rest = text_.substr(from, to - from);
    if (is_sentence(rest)) return;
    const auto blank = rest.find(' ');
    const auto first = rest.substr(0, blank);
    if (blank != rest.npos && (looks_secret(first) || first.find_first_of("0123456789") != first.npos))
      to = from + blank;
    mark({from, to}, sense);
  }

  /// The next line that is not empty, when it is one word that looks like a secret.
  void alone_below(std::size_t i, const NameSense& sense) {
    while (i < text_.size() && (is_end(text_[i]) || is_blank(text_[i]))) ++i;
    const std::size_t to = line_end(i);
    const auto word = text_.substr(i, to - i);
    if (word.size() >= 6 && word.find(' ') == word.npos && word.find_first_of("0123456789!@#$%^&*") != word.npos)
      mark({i, to}, sense);
  }

  const View& view_;
  std::string_view text_;
  const std::vector<Range>& done_;
  std::size_t done_at_ = 0;
  const Finding& found_;
  std::optional<NameSense> labelled_;  ///< what the last label says of the field beside it
  std::size_t labelled_at_ = 0;
  std::size_t past_value_ = 0;  ///< behind the last value that was hidden
  mutable Range line_;          ///< without its end
  Range content_;               ///< the last field that a label may stand behind
};

}  // namespace

namespace {

/// `12/12`, `3 of 10`, `95%`, `0.98`
bool is_tally(std::string_view value) {
  bool told = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(value[i]));
    const bool of = value.compare(i, 4, " of ") == 0;
    if (!digit && !of && std::string_view("/%.").find(value[i]) == no_place) return false;
    told = told || !digit;
    if (of) i += 3;
  }
  return told && std::isdigit(static_cast<unsigned char>(value.front()));
}

}  // namespace

bool is_secret_value(const NameSense& sense, std::string_view value) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  if (value.empty() || is_covered(value) || tells_of_secret(value)) return false;
  if (sense.folder && (value.front() == '/' || value.front() == '~' || is_path(value))) return false;
  const bool number = std::all_of(value.begin(), value.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '+' || c == ',';
  });
  constexpr std::size_t longest_tally = 6;
  if (sense.tally && is_tally(value)) return false;
  if (number) {
    if (sense.holds != Holds::secret || sense.counts || (sense.tally && value.size() <= longest_tally)) return false;
    return value.find('.') == value.npos && value.size() >= (sense.code || sense.spoken ? 4 : 5);
  }
  if (value.find("://") != value.npos && value.substr(0, value.find('?')).find_first_of("@=") == value.npos)
    return false;  // an address without a login
  if (sense.counts && std::isdigit(static_cast<unsigned char>(value.front())) &&
      (value.find(' ') != value.npos || value.size() <= 9))
    return false;  // 5 of 10, 200k/min
  if (sense.holds != Holds::maybe) return true;
  const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (sense.digest && value.size() >= 20 && std::all_of(value.begin(), value.end(), is_hex)) return true;
  if (sense.login && value.find(' ') == value.npos && value.find("://") == value.npos) {
    const auto colon = value.find(':');
    if (colon != value.npos && colon > 0 && value.size() - colon > 5 &&
        std::isalpha(static_cast<unsigned char>(value[colon + 1])))
      return true;
  }
  return looks_secret(value);
}

void find_assignments(const View& view, const std::vector<Range>& done, const Finding& found) {
  Assignments(view, done, found).run();
}

}  // namespace readback
