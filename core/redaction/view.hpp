#pragma once
// A text as a reader would see it, with the way back to where each character stood. Colours, NUL bytes, `\u0070`, `%3D`
// and `&quot;` hide a secret from whoever looks for it by its letters; in a view they are gone, and what is found there
// is marked in the received text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/range.hpp"

namespace readback {

/// Views the text that it was made of, or owns the decoded one. A view inside another must not outlive it.
class View {
 public:
  enum class Decode {
    nothing,
    text,         ///< colours, NUL, `\u….`, `\n`, percent signs and entities of HTML
    json_string,  ///< what stands between the quotes of a JSON string
  };
  /// The whole of a text.
  explicit View(std::string_view text) : text_(text) {}
  /// A part of another view, decoded.
  View(const View& outer, Range part, Decode decode);
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  std::string_view text() const { return text_; }
  std::string_view text(Range r) const { return text_.substr(r.from, r.to - r.from); }
  /// Where this stands in the text that the outermost view was made of.
  Range origin(Range r) const;
  std::size_t depth() const { return depth_; }

 private:
  struct Place {
    std::uint32_t from, to;
  };
  void put(char c, std::size_t from, std::size_t to);
  void put_code_point(std::uint32_t code, std::size_t from, std::size_t to);
  void decode_text(std::string_view in);
  // Each tells where it has come to: where it began when nothing is there to decode.
  std::size_t decode_escape(std::string_view in, std::size_t i);
  std::size_t decode_percent(std::string_view in, std::size_t i);
  std::size_t decode_sign(std::string_view in, std::size_t i);
  void decode_json_string(std::string_view in);

  const View* outer_ = nullptr;
  std::size_t base_ = 0;  ///< where the part begins in the outer view
  std::size_t depth_ = 0;
  bool whole_addresses_ = false;  ///< addresses stand encoded in it, and not only their parts
  std::string own_;
  std::string_view text_;
  std::vector<Place> places_;  ///< of each character in the part; empty: as they stand
};

}  // namespace readback
