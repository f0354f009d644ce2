#pragma once
// A JSON text that comes again with other stamps, ids and numbers: what it looked like, and where it may differ.
// Holding a text against it costs little more than the comparison, and tells what stands in the places that differ.
// What is true of the first text, and does not depend on these places, is then true of the other as well.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/range.hpp"
#include "core/text/shared.hpp"

namespace readback {

class Mold {
 public:
  struct Gap {
    Range at;  ///< a whole number, or a string between its quotes
    bool number = false;
  };
  struct Filling {
    std::size_t gap;        ///< which one, in the order in which they were given
    std::string_view text;  ///< of the other text; a number of JSON, or printable ASCII without `"` and `\`
  };

  /// The gaps are in order and apart from each other. The text is shorter than 2 GiB, and may be shared with others.
  Mold(Shared<std::string> text, const std::vector<Gap>& gaps);

  /// Whether the text differs from the first one in gaps only, and is JSON where that was. Then `fillings` are those
  /// that differ, in order.
  bool fits(std::string_view text, std::vector<Filling>& fillings) const;

  const std::string& text() const { return *text_; }
  const Shared<std::string>& shared() const { return text_; }

 private:
  /// A gap as it is kept: there are dozens for each surface of each target.
  struct Kept {
    std::uint32_t from = 0, to : 31 = 0, is_number : 1 = 0;
  };
  Shared<std::string> text_;
  std::vector<Kept> gaps_;
};

}  // namespace readback
