// The recorder's bytes: any text comes back from its edits of any other, any bytes are a packed sweep or none, and what
// was unpacked comes back when it is packed again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/store/edits.hpp"
#include "daemon/store/read_codec.hpp"

namespace {

using namespace readback;

/// The first text has number 1, and is the base of all others.
class Texts final : public TextKeeper, public TextShelf {
 public:
  explicit Texts(std::string_view base) : kept_{std::string(base)} {}
  void enter(std::string_view) override {}
  KeptText keep(TextField, std::string_view text, const Shared<std::string>&) override {
    const auto known = std::find(kept_.begin(), kept_.end(), text);
    if (known != kept_.end()) return {known - kept_.begin() + 1, {}};
    if (auto edits = edits_between(kept_.front(), text, text.size() / 2)) {
      edits_ = *std::move(edits);
      return {1, edits_};
    }
    kept_.emplace_back(text);
    return {static_cast<std::int64_t>(kept_.size()), {}};
  }
  std::string_view text_of(std::int64_t number) override {
    if (number < 1 || static_cast<std::size_t>(number) > kept_.size()) return {};
    return kept_[static_cast<std::size_t>(number) - 1];
  }

 private:
  std::vector<std::string> kept_;
  std::string edits_;
};

void check_texts(std::string_view base, std::string_view text) {
  if (const auto edits = edits_between(base, text, text.size()))
    if (apply_edits(base, *edits) != text) std::abort();
  (void)apply_edits(base, text);
}

void check_sweep(std::string_view base, std::string_view bytes) {
  Texts texts(base);
  SweepRecord first;
  if (!unpack_sweep(bytes, first, texts)) return;
  const auto packed = pack_sweep(first, texts);
  SweepRecord second;
  if (!unpack_sweep(packed, second, texts) || pack_sweep(second, texts) != packed) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto cut = std::min<std::size_t>(data[0] + 256u * data[1], all.size());
  check_texts(all.substr(0, cut), all.substr(cut));
  check_sweep(all.substr(0, cut), all.substr(cut));
  return 0;
}
