// Elements and their attributes, as XML, HTML, plists and SOAP use them: the tag may name the secret, an attribute may,
// or the element before it.
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "core/redaction/finders.hpp"
#include "core/redaction/values.hpp"

namespace readback {
namespace {

constexpr std::size_t longest_tag = 4096;

bool is_tag_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == ':' || (c & 0x80);
}
bool is_markup_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

struct Attribute {
  std::string_view name;
  Range value;
};

struct Tag {
  std::string_view name;  ///< without its prefix
  std::vector<Attribute> attributes;
  bool closes = false, alone = false;
  std::size_t end = 0;  ///< behind the `>`
};

/// At a `<`. Without a name there is no tag.
Tag tag_at(std::string_view text, std::size_t at) {
  Tag tag;
  std::size_t i = at + 1;
  if (i < text.size() && text[i] == '/') tag.closes = true, ++i;
  const std::size_t from = i;
  while (i < text.size() && is_tag_char(text[i])) ++i;
  tag.name = text.substr(from, i - from);
  if (const auto colon = tag.name.rfind(':'); colon != tag.name.npos) tag.name.remove_prefix(colon + 1);
  if (tag.name.empty()) return tag;
  while (i < text.size() && i - at < longest_tag && text[i] != '>') {
    if (text[i] == '<') return {};
    if (text[i] == '/') tag.alone = true;
    if (!is_tag_char(text[i])) {
      ++i;
      continue;
    }
    tag.alone = false;
    const std::size_t begin = i;
    while (i < text.size() && is_tag_char(text[i])) ++i;
    Attribute attribute{text.substr(begin, i - begin), {}};
    while (i < text.size() && is_markup_space(text[i])) ++i;
    if (i >= text.size() || text[i] != '=') continue;
    ++i;
    while (i < text.size() && is_markup_space(text[i])) ++i;
    const char quote = i < text.size() && (text[i] == '"' || text[i] == '\'') ? text[i] : 0;
    if (quote) ++i;
    const std::size_t value = i;
    while (i < text.size() && i - at < longest_tag &&
           (quote ? text[i] != quote : !is_markup_space(text[i]) && text[i] != '>' && text[i] != '<'))
      ++i;
    attribute.value = {value, i};
    if (quote) ++i;
    tag.attributes.push_back(attribute);
  }
  tag.end = std::min(i + 1, text.size());
  return tag;
}

constexpr std::array<std::string_view, 9> labels{"name",   "key",   "id",           "property", "field",
                                                 "header", "param", "autocomplete", "type"};
constexpr std::array<std::string_view, 4> contents{"value", "content", "text", "default"};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& words) {
  const auto low = fold_case(name);
  return std::find(words.begin(), words.end(), low) != words.end();
}

class Markup {
 public:
  Markup(const View& view, const Finding& found) : view_(view), text_(view.text()), found_(found) {}

  void run() {
    for (std::size_t i = text_.find('<'); i != text_.npos; i = text_.find('<', i + 1)) {
      if (placeholder_at(text_.substr(i))) continue;
      const Tag tag = tag_at(text_, i);
      if (tag.name.empty() || tag.closes) continue;
      element(tag);
    }
  }

 private:
  void element(const Tag& tag) {
    NameSense sense = found_.names.of(tag.name);
    const bool told = sense.holds != Holds::secret && after_key_.has_value();
    if (told) sense = *after_key_;
    NameSense labelled;
    for (const auto& each : tag.attributes)
      if (is_one_of(each.name, labels))
        if (const auto said = found_.names.of(view_.text(each.value)); said.holds > labelled.holds) labelled = said;
    for (const auto& each : tag.attributes) {
      const auto own =
          is_one_of(each.name, contents) ? std::max(labelled, sense, by_holds) : found_.names.of(each.name);
      if (own.holds != Holds::nothing && is_secret_value(own, view_.text(each.value)))
        found_.mark(view_, each.value, "key");
    }
    if (tag.alone) return;
    const Range content = content_at(tag.end);
    const auto owner = std::max(labelled, sense, by_holds);
    if (content.empty()) {  // <setting name="ApiKey"><value>x</value></setting>
      const bool wraps = sense.holds == Holds::secret && !told &&
                         is_one_of(tag_at(text_, std::min(content.from, text_.size() - 1)).name, contents);
      if (labelled.holds == Holds::secret || wraps)
        after_key_ = std::max(labelled, sense, by_holds), named_by_cell_ = false;
      return;
    }
    const bool sure = !told || !named_by_cell_;
    after_key_.reset();
    const auto text = view_.text(content);
    if (owner.holds != Holds::nothing && is_secret_value(owner, text) &&
        (sure || (text.find(' ') == text.npos && text.find_first_of("0123456789!@#$%^&*") != text.npos))) {
      found_.mark(view_, content, "key");
      return;
    }
    // <key>password</key><string>x</string>, <arg>--password</arg><arg>x</arg>
    if (text.size() > 64 || text.find(' ') != text.npos) return;
    if (const auto said = found_.names.of(text); said.holds == Holds::secret && owner.holds != Holds::secret) {
      after_key_ = said;
      named_by_cell_ = tag.name == "td" || tag.name == "th" || tag.name == "li" || tag.name == "a" || tag.name == "b" ||
                       tag.name == "span" || tag.name == "p";
    }
  }

  static bool by_holds(const NameSense& a, const NameSense& b) { return a.holds < b.holds; }

  /// To the next tag, or inside of a CDATA section; without the blanks around it.
  Range content_at(std::size_t from) const {
    while (from < text_.size() && is_markup_space(text_[from])) ++from;
    std::size_t to = from;
    constexpr std::string_view cdata = "<![CDATA[";
    if (text_.compare(from, cdata.size(), cdata) == 0) {
      from += cdata.size();
      to = std::min(text_.find("]]>", from), text_.size());
    } else {
      while (to < text_.size()) {
        const auto hidden = placeholder_at(text_.substr(to));
        if (hidden == 0 && text_[to] == '<') break;
        to += hidden > 0 ? hidden : 1;
      }
    }
    while (to > from && is_markup_space(text_[to - 1])) --to;
    return {from, to};
  }

  const View& view_;
  std::string_view text_;
  const Finding& found_;
  std::optional<NameSense> after_key_;  ///< what the last element says of the next
  bool named_by_cell_ = false;          ///< in the head of a table a name stands beside others
};

}  // namespace

void find_in_markup(const View& view, const Finding& found) {
  if (view.text().find('<') != std::string_view::npos) Markup(view, found).run();
}

}  // namespace readback
