// Decoding keeps, for each character that comes out, the stretch that it came from.
#include "core/redaction/view.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace readback {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// Four hexadecimal digits, or two, from `at`.
std::optional<std::uint32_t> hex_number(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

/// The length of a control sequence (ECMA-48) whose parameters begin at `at`: `36;1m`. 0 when none is there.
std::size_t sequence_end(std::string_view text, std::size_t at) {
  std::size_t i = at;
  while (i < text.size() && i - at < 24 &&
         (std::isdigit(static_cast<unsigned char>(text[i])) || text[i] == ';' || text[i] == ':' || text[i] == '?'))
    ++i;
  return i < text.size() && i - at < 24 && std::isalpha(static_cast<unsigned char>(text[i])) ? i + 1 : 0;
}

/// The end of a colour that begins at `at`: an escape itself, or as loggers and shells write it.
std::size_t colour_end(std::string_view text, std::size_t at) {
  constexpr std::string_view escapes[] = {"\x1b[", "\\x1b[", "\\x1B[", "\\u001b[", "\\u001B[",   "\\033[",
                                          "\\e[",  "^[[",    "#033[",  "\\\\x1b[", "\\\\u001b[", "\xc2\x9b"};
  for (const auto escape : escapes)
    if (text.compare(at, escape.size(), escape) == 0)
      if (const auto end = sequence_end(text, at + escape.size())) return end;
  return 0;
}

struct Entity {
  std::string_view written;
  char means;
};
const std::vector<Entity> entities = {{"&quot;", '"'},  {"&#34;", '"'},   {"&#x22;", '"'}, {"&#39;", '\''},
                                      {"&#x27;", '\''}, {"&apos;", '\''}, {"&amp;", '&'},  {"&lt;", '<'},
                                      {"&gt;", '>'},    {"&#61;", '='},   {"&#58;", ':'},  {"&nbsp;", ' '}};

/// Quotes and separators of other scripts.
const std::vector<Entity> wide_signs = {{"\xef\xbc\x9a", ':'}, {"\xef\xbc\x9d", '='},  {"\xc2\xab", '"'},
                                        {"\xc2\xbb", '"'},     {"\xe2\x80\x9c", '"'},  {"\xe2\x80\x9d", '"'},
                                        {"\xe2\x80\x9e", '"'}, {"\xe2\x80\x98", '\''}, {"\xe2\x80\x99", '\''}};

/// Encoded because they would end a part of an address if they stood there themselves.
bool delimits_address(std::uint32_t code) { return code == '/' || code == '@' || code == '?' || code == '#'; }

bool worth_decoding(std::string_view in) {
  return std::any_of(in.begin(), in.end(), [](char c) {
    return c == '\\' || c == '%' || c == '&' || c == '\x1b' || c == '\0' || c == '^' || c == '#' || c == '\xc2' ||
           c == '\xe2' || c == '\xef';
  });
}

}  // namespace

View::View(const View& outer, Range part, Decode decode) : outer_(&outer), base_(part.from), depth_(outer.depth_ + 1) {
  const auto in = outer.text(part);
  text_ = in;
  if (decode == Decode::nothing || !worth_decoding(in)) return;
  if (decode == Decode::json_string && in.find('\\') == in.npos) return;
  own_.reserve(in.size());
  places_.reserve(in.size());
  if (decode == Decode::text)
    decode_text(in);
  else
    decode_json_string(in);
  text_ = own_;
}

void View::put(char c, std::size_t from, std::size_t to) {
  own_ += c;
  places_.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)});
}

void View::put_code_point(std::uint32_t code, std::size_t from, std::size_t to) {
  if (code < 0x80) return put(static_cast<char>(code), from, to);
  if (code < 0x800) {
    put(static_cast<char>(0xc0 | (code >> 6)), from, to);
  } else {
    put(static_cast<char>(0xe0 | (code >> 12)), from, to);
    put(static_cast<char>(0x80 | ((code >> 6) & 0x3f)), from, to);
  }
  put(static_cast<char>(0x80 | (code & 0x3f)), from, to);
}

/// `\u0070`, `\x22`, `\n`, with any number of backslashes; the end of it, or `i` when there is none.
std::size_t View::decode_escape(std::string_view in, std::size_t i) {
  std::size_t letter = i;
  while (letter < in.size() && in[letter] == '\\') ++letter;
  if (letter >= in.size()) return i;
  const char kind = in[letter];
  if (kind == 'u') {
    const auto code = hex_number(in, letter + 1, 4);
    if (!code) return i;
    if (*code != 0) put_code_point(*code, i, letter + 5);
    return letter + 5;
  }
  if (kind == 'x') {
    const auto code = hex_number(in, letter + 1, 2);
    if (!code || *code < 0x20 || *code >= 0x7f) return i;
    put(static_cast<char>(*code), i, letter + 3);
    return letter + 3;
  }
  if (kind != 'n' && kind != 'r' && kind != 't') return i;
  put(kind == 't' ? '\t' : '\n', i, letter + 1);
  return letter + 1;
}

/// `%3D`, and `%253D` that was encoded more than once.
std::size_t View::decode_percent(std::string_view in, std::size_t i) {
  std::size_t digits = i + 1;
  while (in.compare(digits, 2, "25") == 0 && hex_number(in, digits + 2, 2)) digits += 2;
  const auto code = hex_number(in, digits, 2);
  if (!code || *code <= 0x20 || *code >= 0x7f || (!whole_addresses_ && delimits_address(*code))) return i;
  put(static_cast<char>(*code), i, digits + 2);
  return digits + 2;
}

std::size_t View::decode_sign(std::string_view in, std::size_t i) {
  const auto& signs = in[i] == '&' ? entities : wide_signs;
  for (const auto& sign : signs)
    if (in.compare(i, sign.written.size(), sign.written) == 0) {
      put(sign.means, i, i + sign.written.size());
      return i + sign.written.size();
    }
  return i;
}

void View::decode_text(std::string_view in) {
  whole_addresses_ = in.find("%3A%2F%2F") != in.npos || in.find("%3a%2f%2f") != in.npos;
  for (std::size_t i = 0; i < in.size();) {
    const char c = in[i];
    std::size_t next = i;
    if (c == '\0') next = i + 1;
    if (c == '\x1b' || c == '\\' || c == '^' || c == '#' || c == '\xc2') next = std::max(next, colour_end(in, i));
    if (next == i && c == '\\') next = decode_escape(in, i);
    while (next == i && in.compare(i, 2, "\\\\") == 0) {  // a run of them is looked at once
      put(c, i, i + 1);
      next = ++i;
    }
    if (next == i && c == '%') next = decode_percent(in, i);
    if (next == i && (c == '&' || (c & 0x80))) next = decode_sign(in, i);
    if (next == i) put(c, i, next = i + 1);
    i = next;
  }
}

void View::decode_json_string(std::string_view in) {
  for (std::size_t i = 0; i < in.size();) {
    if (in[i] != '\\' || i + 1 == in.size()) {
      put(in[i], i, i + 1);
      ++i;
      continue;
    }
    const char escaped = in[i + 1];
    if (const auto code = escaped == 'u' ? hex_number(in, i + 2, 4) : std::nullopt) {
      put_code_point(*code, i, i + 6);
      i += 6;
      continue;
    }
    const char means = escaped == 'n'                     ? '\n'
                       : escaped == 'r'                   ? '\r'
                       : escaped == 't'                   ? '\t'
                       : escaped == 'b' || escaped == 'f' ? ' '
                                                          : escaped;
    put(means, i, i + 2);
    i += 2;
  }
}

Range View::origin(Range r) const {
  const View* view = this;
  while (view->outer_) {
    if (!view->places_.empty() && !r.empty())
      r = {view->places_[r.from].from, view->places_[r.to - 1].to};
    else if (!view->places_.empty())
      r = {0, 0};
    r = {r.from + view->base_, r.to + view->base_};
    view = view->outer_;
  }
  return r;
}

}  // namespace readback
