// One context of zstd serves all packing; what is expanded, once in a bad day, makes its own.
#include "daemon/store/alike.hpp"

#include <zstd.h>

#include <algorithm>
#include <utility>

namespace readback {
namespace {

constexpr int model_level = 1;          // of zstd
constexpr std::size_t packed_well = 8;  ///< to this part of its length, and less
constexpr int most_poor = 32;           ///< that many more than went well: the model is one of another time

template <auto* release>
struct Release {
  template <class T>
  void operator()(T* held) const {
    release(held);
  }
};
using Packing = std::unique_ptr<ZSTD_CCtx, Release<ZSTD_freeCCtx>>;
using Expanding = std::unique_ptr<ZSTD_DCtx, Release<ZSTD_freeDCtx>>;

}  // namespace

struct AlikeTexts::Model {
  explicit Model(std::string_view text)
      : packing(ZSTD_createCDict(text.data(), text.size(), model_level)),
        expanding(ZSTD_createDDict(text.data(), text.size())) {}
  std::unique_ptr<ZSTD_CDict, Release<ZSTD_freeCDict>> packing;
  std::unique_ptr<ZSTD_DDict, Release<ZSTD_freeDDict>> expanding;
};

struct AlikeTexts::Parts {
  Packing with{ZSTD_createCCtx()};
  std::shared_ptr<const Model> model;
  int poor = 0;
  std::string room;

  /// False when zstd cannot.
  bool pack(std::string_view text) {
    if (!model || poor >= most_poor) model = std::make_shared<const Model>(text), poor = 0;
    if (!with || !model->packing || !model->expanding) return false;
    room.resize(ZSTD_compressBound(text.size()));
    const auto size =
        ZSTD_compress_usingCDict(with.get(), room.data(), room.size(), text.data(), text.size(), model->packing.get());
    if (ZSTD_isError(size) || size >= text.size()) return false;
    room.resize(size);
    poor = size * packed_well > text.size() ? poor + 1 : std::max(0, poor - 1);
    return true;
  }
};

AlikeTexts::AlikeTexts() = default;
AlikeTexts::~AlikeTexts() = default;
AlikeTexts::AlikeTexts(AlikeTexts&&) noexcept = default;
AlikeTexts& AlikeTexts::operator=(AlikeTexts&&) noexcept = default;

AlikeTexts::Packed AlikeTexts::pack(std::string_view text) {
  if (!parts_) parts_ = std::make_unique<Parts>();
  if (!parts_->pack(text)) return {nullptr, std::string(text)};
  return {parts_->model, std::string(parts_->room)};
}

std::string AlikeTexts::expand(const Packed& packed) {
  if (!packed.model) return packed.bytes;
  const Expanding with(ZSTD_createDCtx());
  const auto size = ZSTD_getFrameContentSize(packed.bytes.data(), packed.bytes.size());
  if (!with || size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return {};
  std::string text(size, '\0');
  const auto done = ZSTD_decompress_usingDDict(with.get(), text.data(), text.size(), packed.bytes.data(),
                                               packed.bytes.size(), packed.model->expanding.get());
  return ZSTD_isError(done) ? std::string() : text;
}

}  // namespace readback
