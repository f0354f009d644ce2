// One walk from left to right: a value is put on the tape before what stands in it, and links to the next beside it.
#include "core/text/json_tape.hpp"

#include <algorithm>
#include <cctype>

namespace readback {
namespace {

constexpr std::size_t deepest = 64;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

JsonTape::JsonTape(std::string_view text, std::size_t at) : text_(text), at_(at) {
  is_json_ = value(0, {}) != no_node && (members_ > 0 || ended() || whole_);
}

void JsonTape::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

/// Behind an opening quote, to behind the closing one or the end of the text.
Range JsonTape::string() {
  const std::size_t from = at_;
  while (!ended() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
  const Range content{from, std::min(at_, text_.size())};
  at_ = std::min(at_ + 1, text_.size());
  return content;
}

std::size_t JsonTape::value(std::size_t depth, Range key) {
  skip_blanks();
  if (ended() || depth > deepest) return no_node;
  const std::size_t index = nodes_.size();
  nodes_.push_back({});
  nodes_[index].key = key;
  const char c = text_[at_];
  if (c == '{' || c == '[') {
    nodes_[index].kind = c == '{' ? Node::Kind::object : Node::Kind::array;
    ++at_;
    return container(index, depth) ? index : no_node;
  }
  if (c == '"') {
    ++at_;
    nodes_[index].kind = Node::Kind::string;
    nodes_[index].value = string();
    return index;
  }
  const std::size_t from = at_;
  while (!ended() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                      std::string_view("+-.").find(text_[at_]) != std::string_view::npos))
    ++at_;
  if (at_ == from) return no_node;
  const bool number = c == '-' || c == '+' || std::isdigit(static_cast<unsigned char>(c));
  nodes_[index].kind = number ? Node::Kind::number : Node::Kind::word;
  nodes_[index].value = {from, at_};
  return index;
}

bool JsonTape::container(std::size_t index, std::size_t depth) {
  const bool object = nodes_[index].kind == Node::Kind::object;
  const char closing = object ? '}' : ']';
  std::size_t last = no_node;
  for (;;) {
    skip_blanks();
    if (ended()) return true;
    if (text_[at_] == closing) {
      ++at_;
      whole_ = true;
      return true;
    }
    if (last != no_node) {
      if (text_[at_] != ',') return false;
      ++at_;
      skip_blanks();
      if (ended()) return true;
      if (text_[at_] == closing) continue;
    }
    Range key;
    if (object) {
      if (text_[at_] != '"') return false;
      ++at_;
      key = string();
      skip_blanks();
      if (ended()) return true;
      if (text_[at_] != ':') return false;
      ++at_;
      ++members_;
      skip_blanks();
      if (ended()) return true;
    }
    const std::size_t child = value(depth + 1, key);
    if (child == no_node) return ended();
    (last == no_node ? nodes_[index].first : nodes_[last].next) = child;
    last = child;
  }
}

}  // namespace readback
