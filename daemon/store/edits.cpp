// Both texts are walked together. Where they part, the values that stand there are passed on both sides, as long as
// what stands between them is the same: a number that grew, a stamp, an id. What has changed its shape is looked for in
// the whole base, by an index of its blocks that only then is made.
#include "daemon/store/edits.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "core/text/equal_bytes.hpp"
#include "daemon/store/numbers.hpp"

namespace readback {
namespace {

constexpr std::size_t longest_text = std::size_t{64} << 20;  // what columns.hpp takes, too
constexpr std::size_t ends_an_edit = 4;                      // equal bytes: fewer cost less as a part of it
constexpr std::size_t longest_walk = 256;  // over values, from one edit; beyond it the index is quicker
constexpr std::size_t block = 8;

/// How what is put in stands there: the lowest bits of its length. The first two leave out as much of the base as they
/// put in; the others say how much.
enum Form : std::uint64_t { digits, hex_digits, halves, plain };
constexpr int bits_of_form = 2;

// By half bytes: the first row takes one, the next two take two, any other byte three.
constexpr std::string_view by_one = "0123456789.-:";
constexpr std::string_view by_two = "abcdefghijklmnopqrstuvwxyzTZ+,\" ";
constexpr unsigned rows_from = 13, any_byte = 15;

struct Halves {
  std::uint16_t value = 0;  // the first half is the lowest
  std::uint8_t count = 0;
};
constexpr auto halves_of = [] {
  std::array<Halves, 256> all{};
  for (unsigned c = 0; c < 256; ++c) all[c] = {static_cast<std::uint16_t>(any_byte | c << 4), 3};
  for (unsigned i = 0; i < by_two.size(); ++i)
    all[static_cast<unsigned char>(by_two[i])] = {static_cast<std::uint16_t>((rows_from + i / 16) | i % 16 << 4), 2};
  for (unsigned i = 0; i < by_one.size(); ++i)
    all[static_cast<unsigned char>(by_one[i])] = {static_cast<std::uint16_t>(i), 1};
  return all;
}();

/// As a digit of which of the first two forms a byte can be taken: one bit each.
constexpr auto digit_forms = [] {
  std::array<std::uint8_t, 256> all{};
  for (unsigned c = '0'; c <= '9'; ++c) all[c] = 1u << digits | 1u << hex_digits;
  for (unsigned c = 'a'; c <= 'f'; ++c) all[c] = 1u << hex_digits;
  return all;
}();
bool is_digit(char c, Form form) { return digit_forms[static_cast<unsigned char>(c)] >> form & 1; }
unsigned hex_value(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }
/// Three decimal digits are put in together.
constexpr unsigned together = 3, bits_of_digits[] = {0, 4, 7, 10}, power_of_ten[] = {1, 10, 100};

constexpr auto is_of_value = [] {
  std::array<bool, 256> all{};
  for (unsigned c = 0; c < 256; ++c)
    all[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
             c == '+' || c == '_';
  return all;
}();

std::uint64_t word_at(std::string_view text, std::size_t at) {
  std::uint64_t word;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

std::size_t end_of_value(std::string_view text, std::size_t at) {
  const auto most = std::min(text.size(), at + longest_walk);
  while (at < most && is_of_value[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

/// Where each block of a text stands first.
class Blocks {
 public:
  explicit Blocks(std::string_view text) : text_(text), first_(std::bit_ceil(text.size() / block * 2 + 2)) {
    for (auto n = text.size() / block; n-- > 0;) first_[slot(word_at(text, n * block))] = n + 1;
  }
  std::optional<std::size_t> find(std::uint64_t word) const {
    const auto n = first_[slot(word)];
    if (n == 0 || word_at(text_, (n - 1) * block) != word) return std::nullopt;
    return (n - 1) * block;
  }

 private:
  std::size_t slot(std::uint64_t word) const { return (word * 0x9E3779B97F4A7C15) >> 32 & (first_.size() - 1); }
  std::string_view text_;
  std::vector<std::size_t> first_;
};

/// The lowest bits of each number, one behind the other.
class Bits {
 public:
  void put(unsigned value, unsigned bits) {
    waiting_ |= std::uint64_t{value} << count_;
    for (count_ += bits; count_ >= 8; count_ -= 8, waiting_ >>= 8) bytes_ += static_cast<char>(waiting_);
  }
  std::string_view all() {
    if (count_ > 0) bytes_ += static_cast<char>(waiting_);
    count_ = 0;
    return bytes_;
  }
  std::size_t size() const { return bytes_.size(); }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }

 private:
  std::uint64_t waiting_ = 0;
  unsigned count_ = 0;
  std::string bytes_;
};

class EditMaker {
 public:
  EditMaker(std::string_view base, std::string_view text, std::size_t most) : base_(base), text_(text), most_(most) {
    out_.reserve(128), bits_.reserve(128);
  }

  std::optional<std::string> make() {
    for (Place at{0, 0};;) {
      const auto same = equal_bytes(base_.substr(at.base), text_.substr(at.text));
      at = {at.base + same, at.text + same};
      if (at.base == base_.size() && at.text == text_.size()) return whole();
      auto next = behind_values(at);
      if (!next) next = by_blocks(at);
      put_number(out_, same);
      put(at, *next);
      ++count_;
      if (out_.size() + bits_.size() > most_) return std::nullopt;
      at = *next;
    }
  }

 private:
  struct Place {
    std::size_t base, text;
  };

  std::string whole() {
    std::string all;
    put_distance(all, static_cast<std::int64_t>(text_.size()) - static_cast<std::int64_t>(base_.size()));
    put_number(all, count_);
    all += out_;
    const auto bits = bits_.all();
    return all.append(bits.rbegin(), bits.rend());
  }

  std::optional<Place> behind_values(Place from) const {
    for (Place at = from; at.text - from.text < longest_walk && at.base - from.base < longest_walk;) {
      at = {end_of_value(base_, at.base), end_of_value(text_, at.text)};
      const auto same = equal_bytes(base_.substr(at.base, ends_an_edit), text_.substr(at.text, ends_an_edit));
      const bool ended = at.base + same == base_.size() && at.text + same == text_.size();
      if (same == ends_an_edit || ended) return without_equal_end(from, at);
      if (same == 0) break;
      at = {at.base + same, at.text + same};
    }
    return std::nullopt;
  }

  /// The first place from here whose block the base has, too; it may stand anywhere there.
  Place by_blocks(Place from) {
    if (!blocks_) blocks_.emplace(base_);
    for (auto at = from.text; at + block <= text_.size() && at - from.text <= most_; ++at)
      if (const auto found = blocks_->find(word_at(text_, at))) {
        const auto back = equal_before(*found, at, std::min(*found, at - from.text));
        return {*found - back, at - back};
      }
    return {base_.size(), text_.size()};
  }

  Place without_equal_end(Place from, Place to) const {
    const auto back = equal_before(to.base, to.text, std::min(to.base - from.base, to.text - from.text));
    return {to.base - back, to.text - back};
  }
  std::size_t equal_before(std::size_t in_base, std::size_t in_text, std::size_t most) const {
    std::size_t n = 0;
    while (n < most && base_[in_base - n - 1] == text_[in_text - n - 1]) ++n;
    return n;
  }

  void put(Place from, Place to) {
    const auto fresh = text_.substr(from.text, to.text - from.text);
    const auto form = form_of(from.base, to.base, fresh);
    put_number(out_, fresh.size() << bits_of_form | form);
    if (form == digits || form == hex_digits) {
      put_digits(base_.substr(from.base), fresh, form);
      return;
    }
    put_distance(out_, static_cast<std::int64_t>(to.base) - static_cast<std::int64_t>(from.base + fresh.size()));
    for (const char c : fresh) {
      const auto& h = halves_of[static_cast<unsigned char>(c)];
      if (form == halves)
        bits_.put(h.value, 4u * h.count);
      else
        bits_.put(static_cast<unsigned char>(c), 8);
    }
  }
  Form form_of(std::size_t from, std::size_t to, std::string_view fresh) const {
    unsigned forms = to == from + fresh.size() ? 1u << digits | 1u << hex_digits : 0;
    for (std::size_t i = 0; i < fresh.size() && forms; ++i) {
      const unsigned before = digit_forms[static_cast<unsigned char>(base_[from + i])];
      const unsigned now = digit_forms[static_cast<unsigned char>(fresh[i])];
      forms &= (before & now) | (base_[from + i] == fresh[i] ? ~before : 0);
    }
    if (forms) return forms & 1u << digits ? digits : hex_digits;
    std::size_t count = 0;
    for (const char c : fresh) count += halves_of[static_cast<unsigned char>(c)].count;
    return count < 2 * fresh.size() ? halves : plain;
  }
  void put_digits(std::string_view shape, std::string_view fresh, Form form) {
    unsigned waiting = 0, count = 0;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (!is_digit(shape[i], form)) continue;
      const auto value = hex_value(fresh[i]);
      if (form == hex_digits) {
        bits_.put(value, 4);
        continue;
      }
      waiting += value * power_of_ten[count++];
      if (count == together) bits_.put(std::exchange(waiting, 0), bits_of_digits[std::exchange(count, 0)]);
    }
    bits_.put(waiting, bits_of_digits[count]);
  }

  std::string_view base_, text_;
  std::size_t most_;
  std::optional<Blocks> blocks_;
  std::string out_;  // of the edits, but for what is put in
  std::uint64_t count_ = 0;
  Bits bits_;
};

/// Mirrors EditMaker. Damaged bytes set `bad`; nothing is read outside of the base and the edits.
class EditReader {
 public:
  EditReader(std::string_view base, std::string_view edits) : base_(base), from_(edits) {}

  std::optional<std::string> read() {
    const auto longer = from_.distance();
    auto count = from_.number();
    const auto limit = static_cast<std::int64_t>(longest_text);
    if (from_.bad || longer < -limit || longer > limit || base_.size() > longest_text) return std::nullopt;
    const auto size = static_cast<std::int64_t>(base_.size()) + longer;
    if (size < 0 || size > limit) return std::nullopt;
    size_ = static_cast<std::size_t>(size);
    for (; count > 0; --count)
      if (!read_edit()) return std::nullopt;
    if (base_.size() - at_ != size_ - text_.size()) return std::nullopt;
    text_ += base_.substr(at_);
    return std::move(text_);
  }

 private:
  bool read_edit() {
    const auto same = from_.number();
    const auto head = from_.number();
    const auto form = static_cast<Form>(head & ((1u << bits_of_form) - 1));
    const bool by_shape = form == digits || form == hex_digits;
    const auto more = by_shape ? 0 : from_.distance();
    if (from_.bad || same > base_.size() - at_ || same > size_ - text_.size()) return false;
    text_ += base_.substr(at_, same);
    at_ += same;
    const auto fresh = head >> bits_of_form;
    if (fresh > size_ - text_.size() || (by_shape && fresh > base_.size() - at_)) return false;
    if (by_shape)
      take_digits(fresh, form);
    else
      take_text(fresh, form);
    const auto limit = static_cast<std::int64_t>(2 * longest_text);
    if (from_.bad || more < -limit || more > limit) return false;
    const auto next = static_cast<std::int64_t>(at_ + fresh) + more;
    if (next < 0 || next > static_cast<std::int64_t>(base_.size())) return false;
    at_ = static_cast<std::size_t>(next);
    return true;
  }

  void take_digits(std::size_t size, Form form) {
    const auto shape = base_.substr(at_, size);
    std::size_t left = 0;
    for (const char c : shape) left += is_digit(c, form);
    unsigned waiting = 0, count = 0;
    for (const char c : shape) {
      if (from_.bad) return;
      if (!is_digit(c, form)) {
        text_ += c;
      } else if (form == hex_digits) {
        text_ += "0123456789abcdef"[take(4)];
      } else {
        if (count == 0) {
          count = static_cast<unsigned>(std::min<std::size_t>(left, together));
          waiting = take(bits_of_digits[count]);
          left -= count;
        }
        text_ += static_cast<char>('0' + waiting % 10);
        waiting /= 10;
        --count;
      }
    }
  }
  void take_text(std::size_t size, Form form) {
    for (; size > 0 && !from_.bad; --size) {
      if (form == plain) {
        text_ += static_cast<char>(take(8));
        continue;
      }
      const auto first = take(4);
      if (first < rows_from)
        text_ += by_one[first];
      else if (first < any_byte)
        text_ += by_two[(first - rows_from) * 16 + take(4)];
      else
        text_ += static_cast<char>(take(8));
    }
  }
  unsigned take(unsigned bits) {
    while (count_ < bits) {
      waiting_ |= std::uint64_t{from_.last()} << count_;
      count_ += 8;
    }
    const auto value = static_cast<unsigned>(waiting_ & ((1u << bits) - 1));
    waiting_ >>= bits;
    count_ -= bits;
    return value;
  }

  std::string_view base_;
  NumberReader from_;
  std::size_t size_ = 0, at_ = 0;
  std::string text_;
  std::uint64_t waiting_ = 0;
  unsigned count_ = 0;
};

}  // namespace

std::optional<std::string> edits_between(std::string_view base, std::string_view text, std::size_t most) {
  if (base.size() > longest_text || text.size() > longest_text) return std::nullopt;
  return EditMaker(base, text, most).make();
}

std::optional<std::string> apply_edits(std::string_view base, std::string_view edits) {
  return EditReader(base, edits).read();
}

}  // namespace readback
