#pragma once
// Answers that come again with something else in them: values of a JSON text are exchanged, or bytes of it.
#include <random>
#include <string>
#include <vector>

#include "core/text/json_tape.hpp"

namespace readback {

class ChangedJson {
 public:
  /// `strings` are put between quotes as they are; `numbers` are whole values.
  ChangedJson(unsigned seed, std::vector<std::string> strings, std::vector<std::string> numbers)
      : random_(seed), strings_(std::move(strings)), numbers_(std::move(numbers)) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  /// One to four of its values are others now; now and then it is damaged as well.
  std::string change(std::string text) {
    for (std::size_t left = 1 + below(4); left > 0; --left) exchange(text);
    if (below(10) == 0 && !text.empty()) text[below(text.size())] = static_cast<char>(below(128));
    return text;
  }

 private:
  void exchange(std::string& text) {
    const JsonTape tape(text);
    std::vector<JsonTape::Node> leaves;
    for (const auto& node : tape.nodes())
      if (node.kind == JsonTape::Node::Kind::string || node.kind == JsonTape::Node::Kind::number)
        leaves.push_back(node);
    if (leaves.empty()) return;
    const auto& leaf = leaves[below(leaves.size())];
    const bool number = leaf.kind == JsonTape::Node::Kind::number;
    if (below(4) == 0) {  // a sign of it only
      if (leaf.value.empty()) return;
      const auto at = leaf.value.from + below(leaf.value.to - leaf.value.from);
      text[at] = static_cast<char>(number || below(2) ? '0' + below(10) : 'a' + below(26));
      return;
    }
    const auto& others = number ? numbers_ : strings_;
    text.replace(leaf.value.from, leaf.value.to - leaf.value.from, others[below(others.size())]);
  }

  std::mt19937 random_;
  std::vector<std::string> strings_, numbers_;
};

}  // namespace readback
