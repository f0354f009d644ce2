// Both texts are walked through side by side. Where they part, that must be within a gap: both skip what stands in it,
// and go on behind.
#include "core/text/mold.hpp"

#include <algorithm>
#include <utility>

#include "core/text/equal_bytes.hpp"

namespace readback {
namespace {

std::size_t digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return n;
}

/// How long the number is that begins here, by the grammar of JSON; 0 when none does.
std::size_t number_length(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits(text.substr(at));
  if (whole == 0 || (whole > 1 && text[at] == '0')) return 0;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t part = digits(text.substr(at + 1));
    if (part == 0) return 0;
    at += 1 + part;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    std::size_t power = at + 1;
    if (power < text.size() && (text[power] == '+' || text[power] == '-')) ++power;
    const std::size_t written = digits(text.substr(std::min(power, text.size())));
    if (written == 0) return 0;
    at = power + written;
  }
  return at;
}

/// How long the rest of a string is, to its closing quote; npos when it holds what would have to be decoded.
std::size_t string_length(std::string_view text) {
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto c = static_cast<unsigned char>(text[n]);
    if (c == '"') return n;
    if (c < 0x20 || c >= 0x7f || c == '\\') break;
  }
  return std::string_view::npos;
}

}  // namespace

Mold::Mold(Shared<std::string> text, const std::vector<Gap>& gaps) : text_(std::move(text)) {
  gaps_.reserve(gaps.size());
  for (const auto& gap : gaps)
    gaps_.push_back(
        {static_cast<std::uint32_t>(gap.at.from), static_cast<std::uint32_t>(gap.at.to) & 0x7fffffffU, gap.number});
}

bool Mold::fits(std::string_view text, std::vector<Filling>& fillings) const {
  fillings.clear();
  const std::string_view first = *text_;
  std::size_t here = 0, there = 0, gap = 0;  // in the first text, in the other, the next gap
  for (;;) {
    const std::size_t same = equal_bytes(first.substr(here), text.substr(there));
    here += same;
    there += same;
    if (here == first.size() && there == text.size()) return true;
    while (gap < gaps_.size() && gaps_[gap].to < here) ++gap;
    if (gap == gaps_.size() || gaps_[gap].from > here) return false;
    const Kept& found = gaps_[gap];
    const std::size_t from = there - (here - found.from);
    const auto rest = text.substr(from);
    const std::size_t length = found.is_number ? number_length(rest) : string_length(rest);
    if (length == std::string_view::npos || (found.is_number && length == 0)) return false;
    fillings.push_back({gap, rest.substr(0, length)});
    here = found.to;
    there = from + length;
    ++gap;
  }
}

}  // namespace readback
