#pragma once
// JSON, read without being understood: where each of its values stands in the text, in one pass. It is lenient where a
// writer may have been (NaN, single words, a comma too many), and the text may be cut at any place. What is no JSON at
// all is refused.
#include <cstddef>
#include <string_view>
#include <vector>

#include "core/text/range.hpp"

namespace readback {

class JsonTape {
 public:
  static constexpr std::size_t no_node = static_cast<std::size_t>(-1);
  struct Node {
    enum class Kind { object, array, string, number, word } kind = Kind::word;
    Range key;    ///< without its quotes; empty when it has none
    Range value;  ///< of a string without its quotes, of an object or a list nothing
    std::size_t first = no_node, next = no_node;
  };

  /// One value of the text, from `at`. Deeper than 64 levels it is refused.
  explicit JsonTape(std::string_view text, std::size_t at = 0);
  /// False when what stands there is not JSON.
  bool is_json() const { return is_json_; }
  /// Where the value ends.
  std::size_t end() const { return at_; }
  /// The first is the value itself. Parents stand before their children.
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  void skip_blanks();
  bool ended() const { return at_ >= text_.size(); }
  Range string();
  std::size_t value(std::size_t depth, Range key);
  bool container(std::size_t index, std::size_t depth);

  std::string_view text_;
  std::size_t at_, members_ = 0;
  bool whole_ = false, is_json_ = false;
  std::vector<Node> nodes_;
};

}  // namespace readback
