#pragma once
// Thousands of texts of one form in little memory, each to be had by itself: what they have in common is kept once, as
// a text that the others are packed against (a zstd dictionary of raw content). When they come to look different, as
// states do when all that is watched fails at once, a newer one takes its place for those that come then.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace readback {

class AlikeTexts {
 public:
  AlikeTexts();
  ~AlikeTexts();
  AlikeTexts(AlikeTexts&&) noexcept;
  AlikeTexts& operator=(AlikeTexts&&) noexcept;

  struct Model;
  struct Packed {
    std::shared_ptr<const Model> model;  ///< null: the bytes are the text
    std::string bytes;
  };
  Packed pack(std::string_view text);
  /// From any thread, whatever has become of the AlikeTexts that packed it. "" when there is no memory for it.
  static std::string expand(const Packed& packed);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace readback
