#pragma once
// The lists of names and words that the rules of reading are made of: words.json, which belongs to the design
// (diagnosis section 1) and is built in as it stands. A text is looked up once, and the answer says every list that
// holds it.
//
// Names and words are compared without case, blanks and punctuation: `isHealthy` is `is_healthy` is "Is healthy!".
#include <array>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace readback {

/// A list of words.json, or a few names that the text of the design singles out.
enum class In : std::uint8_t {
  // words: what they mean
  pass,
  warn,
  fail,
  off,
  idle,
  silent,
  // words that mean it only in some places
  levels,
  switches,
  call_words,
  envelope_words,
  // tokens
  doubt,
  negation,
  context_first,
  no_sibling_last,
  no_sibling_first,
  sibling_flag_last,
  offers,
  // names of members
  strong,
  weak,
  inside,
  good_flags,
  more_good_flags,
  bad_flags_fail,
  bad_flags_warn,
  codes,
  blockers,
  complaints,
  bad_counts,
  good_counts,
  tally_good,
  tally_bad,
  tally_home,
  envelope,
  strict_lists,
  lists,
  context,
  name,
  reason,
  done,
  stamps,
  stamps_top,
  stamps_moving,
  no_stamp,
  critical,
  last_resort,
  // names that a rule singles out
  warning_names,
  error_names,
  call_flags,
  of_net,
  of_checks,
  switched_on,
  switched_off,
  meta_names,
  condition_type,
  condition_status,
  condition_text,
};

/// What the lists say of one text.
struct Listed {
  std::uint64_t lists = 0;
  std::uint8_t name_place = 255, reason_place = 255;  ///< its place in `name` and `reason`, where the order matters

  bool in(In list) const { return (lists >> static_cast<unsigned>(list) & 1) != 0; }
  template <class... Lists>
  bool in_any(Lists... list) const {
    return (in(list) || ...);
  }
  /// In none but these.
  template <class... Lists>
  bool only_in(Lists... list) const {
    return (lists & ~(... | (std::uint64_t{1} << static_cast<unsigned>(list)))) == 0;
  }
};

/// A text as it is compared: ASCII lower case, without blanks, control characters and ASCII punctuation. No name and no
/// word of the lists is longer than what is kept.
class Squashed {
 public:
  explicit Squashed(std::string_view text);
  std::string_view view() const { return {text_.data(), size_}; }
  bool empty() const { return size_ == 0; }
  operator std::string_view() const { return view(); }

 private:
  std::array<char, 96> text_;
  std::size_t size_ = 0;
};

Listed look_up(std::string_view squashed);
inline Listed look_up(const Squashed& text) { return look_up(text.view()); }

/// A name cut at blanks and punctuation, and before a capital that follows a small letter or a digit; in lower case.
/// At most as many tokens as given are kept, but the last one is always known.
class Tokens {
 public:
  explicit Tokens(std::string_view text);
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// The n-th, of the first sixteen.
  std::string_view operator[](std::size_t n) const { return n < first_.size() ? first_[n] : std::string_view(); }
  std::string_view first() const { return (*this)[0]; }
  std::string_view last() const { return last_; }
  std::string_view last_but_one() const { return last_but_one_; }

 private:
  std::string text_;
  boost::container::small_vector<std::string_view, 16> first_;
  std::string_view last_, last_but_one_;
  std::size_t count_ = 0;
};

/// A match of `says_nothing`: an address, a number with its unit, a version, a stamp, a digest.
bool is_no_word(std::string_view text);

}  // namespace readback
