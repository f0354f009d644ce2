// The order in which a text is looked through: as JSON where it is JSON, and what is left as text in all its kinds.
#include "core/redaction/finders.hpp"

#include <algorithm>
#include <cctype>

#include "core/text/time.hpp"

namespace readback {
namespace {

constexpr std::size_t deepest_view = 16;  ///< two views for a text in a text
constexpr std::size_t http_date = std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size();

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)); }

std::size_t skip_space(std::string_view text, std::size_t i) {
  while (i < text.size() && (is_space(text[i]) || text.compare(i, 3, "\xef\xbb\xbf") == 0))
    i += is_space(text[i]) ? 1 : 3;
  return i;
}

/// Whole lines of JSON, or one document. The end of what was read.
std::size_t json_from(const View& view, std::size_t at, const Finding& found) {
  const auto text = view.text();
  for (;;) {
    at = skip_space(text, at);
    if (at >= text.size() || (text[at] != '{' && text[at] != '[')) return at;
    const auto end = find_in_json(view, at, found);
    if (end == at) return at;
    at = end;
  }
}

/// JSON in the middle of a log line.
std::vector<Range> json_within(const View& view, const Finding& found) {
  const auto text = view.text();
  std::vector<Range> done;
  int failures = 0;  // a text full of brackets must stay cheap
  for (std::size_t i = text.find_first_of("{["); i != text.npos && failures < 16; i = text.find_first_of("{[", i)) {
    const auto next = skip_space(text, i + 1);
    const bool begins = next < text.size() && (text[next] == '"' || (text[i] == '[' && text[next] == '{'));
    const auto marks = found.marks.size();
    const auto end = begins ? find_in_json(view, i, found) : i;
    if (end > i) {
      done.push_back({i, end});
    } else if (begins) {
      found.marks.resize(marks);
      ++failures;
    }
    i = std::max(end, i + 1);
  }
  return done;
}

/// More than one word: only what is secret by its looks can stand in a single one.
bool has_structure(const Alphabet& alphabet) {
  for (const char c : {' ', '=', ':', '\n', '\t', '<', '"', '\'', '(', '{', '[', '|', ',', ';'})
    if (alphabet.has(c)) return true;
  return false;
}

/// A word or a number, with nothing beside it, or a time.
bool is_plain(std::string_view text) {
  if (text.size() == http_date && text[3] == ',' && parse_http_date(text)) return true;
  if (text.size() >= 19 && text.size() <= 32 && text[4] == '-' && (text[10] == 'T' || text[10] == ' ') &&
      text[13] == ':')
    return text.find_first_not_of("0123456789-:.TZ+ ") == text.npos;
  return text.size() < 16 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == ' ';
         });
}

}  // namespace

void find_secrets(const View& received, const Finding& found) {
  const auto text = received.text();
  if (received.depth() > deepest_view || is_plain(text) || found.clean.has(text)) return;
  const auto marks = found.marks.size();
  if (json_from(received, 0, found) < text.size()) {
    found.marks.resize(marks);
    const View view(received, {0, text.size()}, View::Decode::text);
    const Alphabet alphabet(view.text());
    if (has_structure(alphabet)) {
      const auto done = json_within(view, found);
      find_assignments(view, done, found);
      find_in_markup(view, found);
      find_in_tables(view, found);
      find_in_commands(view, found);
    }
    find_shapes(view, alphabet, found);
  }
  if (found.marks.size() == marks) found.clean.add(text);
}

}  // namespace readback
