// The text is parsed as it is. Only when that fails is it looked at for what strict JSON has no word for, mended, and
// parsed once more.
#include "core/reading/decode.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "core/text/utf8.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
namespace {

bool continues_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `\ud800` without its other half.
bool is_lone_surrogate(std::string_view text, std::size_t at) {
  const auto half_at = [&](std::size_t i, std::string_view marks) {
    return i + 5 < text.size() && text[i] == '\\' && text[i + 1] == 'u' && (text[i + 2] == 'd' || text[i + 2] == 'D') &&
           marks.find(text[i + 3]) != marks.npos;
  };
  constexpr std::string_view high = "89abAB", low = "cdefCDEF";
  if (half_at(at, high)) return !half_at(at + 6, low);
  return half_at(at, low);
}

/// NaN and infinities as null, lone surrogates as U+FFFD; nothing when there is none of these.
std::optional<std::string> mended(std::string_view text) {
  std::string out;
  bool changed = false, in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\' && is_lone_surrogate(text, i)) {
        out += "\\ufffd";
        i += 6;
        changed = true;
        continue;
      }
      // Both halves of a pair are passed over together, so that the second is not taken for a lone one.
      const std::size_t step = c != '\\'                                                                  ? 1
                               : text.substr(i).starts_with("\\ud") || text.substr(i).starts_with("\\uD") ? 12
                                                                                                          : 2;
      in_string = c != '"';
      out += text.substr(i, step);
      i += step;
      continue;
    }
    bool replaced = false;
    if (i == 0 || !continues_word(text[i - 1]))
      for (const std::string_view word : {"NaN", "Infinity", "-Infinity"})
        if (text.substr(i).starts_with(word) &&
            (i + word.size() == text.size() || !continues_word(text[i + word.size()]))) {
          out += "null";
          i += word.size();
          replaced = changed = true;
          break;
        }
    if (replaced) continue;
    in_string = c == '"';
    out += c;
    ++i;
  }
  return changed ? std::optional(std::move(out)) : std::nullopt;
}

/// One object a line, two lines at least.
std::optional<json::value> parse_lines(std::string_view text, json::storage_ptr memory) {
  json::array list(memory);
  for (const auto line : lines_of(text)) {
    if (line.front() != '{') return std::nullopt;
    std::string why;
    auto value = parse_outside_json(line, why, memory);
    if (!value) return std::nullopt;
    list.push_back(std::move(*value));
  }
  if (list.size() < 2) return std::nullopt;
  return json::value(std::move(list), memory);
}

bool looks_like_html(std::string_view text) {
  const auto at_front = lower_case(trimmed(text).substr(0, 16));
  for (const std::string_view tag : {"<!doctype", "<html", "<?xml", "<head", "<body"})
    if (at_front.starts_with(tag)) return true;
  constexpr std::string_view html = "<html";
  return std::search(text.begin(), text.end(), html.begin(), html.end(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         }) != text.end();
}

std::string title_of(std::string_view page) {
  const std::string head = lower_case(page.substr(0, 16'384));
  const auto open = head.find("<title");
  const auto begin = open == head.npos ? open : head.find('>', open);
  const auto end = begin == head.npos ? begin : head.find("</title", begin);
  if (end == head.npos) return "";
  return printable(trimmed(page.substr(begin + 1, end - begin - 1)), 80);
}

}  // namespace

std::optional<json::value> parse_outside_json(std::string_view text, std::string& why, json::storage_ptr memory) {
  json::error_code ec;
  json::parse_options options;
  options.max_depth = 500;
  try {
    auto value = json::parse(text, ec, std::move(memory), options);
    if (!ec) return value;
    why = ec == json::error::too_deep ? "nested too deep" : ec == json::error::incomplete ? "cut off" : ec.message();
  } catch (const std::exception& e) {  // out of memory for this one value
    why = e.what();
  }
  return std::nullopt;
}

DecodedBody decode(std::string_view body, json::storage_ptr memory) {
  DecodedBody out;
  std::string clean;
  if (!is_utf8(body)) {
    clean = clean_utf8(body);
    body = clean;
  }
  constexpr std::string_view mark = "\xef\xbb\xbf", guard = ")]}'";
  while (body.starts_with(mark)) body.remove_prefix(mark.size());
  if (body.starts_with(guard)) body.remove_prefix(guard.size());
  body = trimmed(body);
  if (body.empty()) return out;

  const bool structured =
      (body.front() == '{' || body.front() == '[') && !body.starts_with("[+]") && !body.starts_with("[-]");
  if (structured || body.front() == '"' || body == "true" || body == "false") {
    auto value = parse_outside_json(body, out.trouble, memory);
    if (!value) {
      const auto better = mended(body);
      std::string why;
      if (better) value = parse_outside_json(*better, why, memory);
      if (!value && body.front() == '{') value = parse_lines(better ? *better : body, memory);
    }
    if (value && value->is_structured()) {
      out.kind = DecodedBody::Kind::json;
      out.value = std::move(*value);
      return out;
    }
    if (value) {  // a text or a boolean is text
      out.kind = DecodedBody::Kind::text;
      out.text = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
      return out;
    }
    if (structured) {
      out.kind = DecodedBody::Kind::broken;
      return out;
    }
  }
  if (looks_like_html(body)) {
    out.kind = DecodedBody::Kind::html;
    out.text = title_of(body);
    return out;
  }
  const bool says_nothing = body == "null" || body == "NaN" || body.find_first_not_of("0123456789.+-eE") == body.npos;
  out.kind = DecodedBody::Kind::text;
  if (!says_nothing) out.text = body;
  return out;
}

}  // namespace readback
