#pragma once
// What is kept, as JSON, and back: two visitors over the lists of core/codec/fields.hpp and of the rooms that keep
// something of their own.
//
// Enumerations are written by their word and looked up when they come back; a word that nobody knows makes the whole
// part unusable, and it is said. Wall times are milliseconds since the epoch. Monotonic times are written as their
// distance to the moment of saving and come back moved by the wall time that has passed since: the clock of a host that
// restarted begins anew, the age of an incident does not.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/codec/fields.hpp"
#include "core/codec/texts.hpp"
#include "core/model/words.hpp"
#include "core/text/name_set.hpp"

namespace readback {

/// A text that is only added to. The room for a piece is found once and for all of the piece: a state consists of some
/// hundred short ones, and is written with every sweep.
class GrowingText {
 public:
  void put(std::string_view piece) { std::memcpy(room(piece.size()), piece.data(), piece.size()); }
  void put(char c) { *room(1) = c; }
  template <std::size_t N>
  void put(const char (&piece)[N]) {
    std::memcpy(room(N - 1), piece, N - 1);
  }
  /// Where the next so many bytes go.
  [[gnu::always_inline]] char* room(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - next_) < bytes) grow(bytes);
    return std::exchange(next_, next_ + bytes);
  }
  void give_back(std::size_t bytes) { next_ -= bytes; }
  char back() const { return next_[-1]; }
  std::string_view view() const { return {begin_.get(), size()}; }

 private:
  std::size_t size() const { return static_cast<std::size_t>(next_ - begin_.get()); }
  [[gnu::noinline]] void grow(std::size_t bytes) {
    const std::size_t used = size(), room = std::max<std::size_t>(4096, 2 * (used + bytes));
    auto larger = std::make_unique_for_overwrite<char[]>(room);
    if (used) std::memcpy(larger.get(), begin_.get(), used);
    begin_ = std::move(larger);
    next_ = begin_.get() + used;
    end_ = begin_.get() + room;
  }

  std::unique_ptr<char[]> begin_;
  char *next_ = nullptr, *end_ = nullptr;
};

/// Writes the text itself, in the order of the fields: states are saved often, and a tree of values costs far more to
/// make and to forget than its text does.
struct StateWriter {
  Instant clock;     ///< of the saving
  GrowingText& out;  ///< an object that is open, see write_object

  template <std::size_t N, class T>
  void operator()(const char (&key)[N], const T& value, As = As::plain) {  // our own names: nothing to escape
    if (out.back() != '{') out.put(',');
    char* at = out.room(N + 2);
    *at = '"';
    std::memcpy(at + 1, key, N - 1);
    std::memcpy(at + N, "\":", 2);
    write(value);
  }
  template <class F>
  void derived(const char*, F) {}

 private:
  void write_plain(std::string_view text) {
    char* at = out.room(text.size() + 2);
    *at = '"';
    std::memcpy(at + 1, text.data(), text.size());
    at[text.size() + 1] = '"';
  }
  void write_text(std::string_view text) {
    if (is_plain_json(text))
      write_plain(text);
    else
      out.put(quoted_json(text));
  }
  void write(const std::string& v) { write_text(v); }
  template <class N>
  requires std::is_integral_v<N>
  void write(N v) {
    if constexpr (std::is_same_v<N, bool>) {
      v ? out.put("true") : out.put("false");
    } else {
      constexpr std::size_t longest = 24;
      char* digits = out.room(longest);
      out.give_back(longest - static_cast<std::size_t>(std::to_chars(digits, digits + longest, v).ptr - digits));
    }
  }
  void write(WallTime v) { write(v.time_since_epoch().count()); }
  void write(Millis v) { write(v.count()); }
  void write(MonoTime v) { write((v - clock.mono).count()); }
  template <class E>
  requires std::is_enum_v<E>
  void write(E v) { write_plain(word_of(v)); }
  template <class Held>
  void write_if_any(const Held& v) {
    if (v)
      write(*v);
    else
      out.put("null");
  }
  template <class T>
  void write(const std::optional<T>& v) {
    write_if_any(v);
  }
  template <class T>
  void write(const std::unique_ptr<T>& v) {
    write_if_any(v);
  }
  template <class T>
  void write(const std::vector<T>& v) {
    write_list(v);
  }
  template <class T>
  void write(const std::deque<T>& v) {
    write_list(v);
  }
  template <class T, std::size_t N>
  void write(const std::array<T, N>& v) {
    write_list(v);
  }
  void write(const NameSet& v) { write_list(v); }
  template <class T>
  void write(const std::map<std::string, T>& v) {
    out.put('{');
    for (const auto& [key, value] : v) {
      if (out.back() != '{') out.put(',');
      write_text(key);
      out.put(':');
      write(value);
    }
    out.put('}');
  }
  template <class T>
  requires requires(StateWriter& visit, const T& v) { fields(visit, v); }
  void write(const T& v) {
    out.put('{');
    fields(*this, v);
    out.put('}');
  }
  template <class List>
  void write_list(const List& list) {
    out.put('[');
    bool first = true;
    for (const auto& v : list) {
      if (!std::exchange(first, false)) out.put(',');
      write(v);
    }
    out.put(']');
  }
};

/// The object that `fill` puts into the writer it is given, as its text.
template <class F>
std::string write_object(Instant clock, F fill) {
  GrowingText text;
  text.put('{');
  StateWriter visit{clock, text};
  fill(visit);
  text.put('}');
  return std::string(text.view());
}

/// Throws std::exception with a reason when a value is of another kind or out of range. A key that is absent leaves its
/// member as it is: an older version did not know it.
struct StateReader {
  Instant clock;  ///< of the saving, as it would stand on the clocks of now
  const boost::json::object& in;

  template <class T>
  void operator()(const char* key, T& value, As = As::plain) {
    if (const auto* found = in.if_contains(key)) read(*found, value);
  }
  template <class F>
  void derived(const char*, F) {}

  void read(const boost::json::value& j, std::string& v) const { v = std::string(j.as_string()); }
  void read(const boost::json::value& j, bool& v) const { v = j.as_bool(); }
  template <class N>
  requires std::is_arithmetic_v<N>
  void read(const boost::json::value& j, N& v) const { v = j.to_number<N>(); }
  void read(const boost::json::value& j, WallTime& v) const { v = WallTime(Millis(j.to_number<std::int64_t>())); }
  void read(const boost::json::value& j, Millis& v) const { v = Millis(j.to_number<std::int64_t>()); }
  void read(const boost::json::value& j, MonoTime& v) const { v = clock.mono + Millis(j.to_number<std::int64_t>()); }
  template <class E>
  requires std::is_enum_v<E>
  void read(const boost::json::value& j, E& v) const {
    const std::string word(j.as_string());
    const auto found = parse_word<E>(word);
    if (!found) throw std::out_of_range("\"" + word.substr(0, 40) + "\" is no word that is known here");
    v = *found;
  }
  template <class T>
  void read(const boost::json::value& j, std::optional<T>& v) const {
    v.reset();
    if (!j.is_null()) read(j, v.emplace());
  }
  template <class T>
  void read(const boost::json::value& j, std::unique_ptr<T>& v) const {
    v = j.is_null() ? nullptr : std::make_unique<T>();
    if (v) read(j, *v);
  }
  template <class T>
  void read(const boost::json::value& j, std::vector<T>& v) const {
    read_list(j, v);
  }
  template <class T>
  void read(const boost::json::value& j, std::deque<T>& v) const {
    read_list(j, v);
  }
  template <class T, std::size_t N>
  void read(const boost::json::value& j, std::array<T, N>& v) const {
    const auto& a = j.as_array();
    for (std::size_t i = 0; i < std::min(N, a.size()); ++i) read(a[i], v[i]);
  }
  void read(const boost::json::value& j, NameSet& v) const {
    v.clear();
    for (const auto& each : j.as_array()) v.emplace(each.as_string());
  }
  template <class T>
  void read(const boost::json::value& j, std::map<std::string, T>& v) const {
    v.clear();
    for (const auto& [key, each] : j.as_object()) read(each, v[std::string(key)]);
  }
  template <class T>
  requires requires(StateReader& visit, T& v) { fields(visit, v); }
  void read(const boost::json::value& j, T& v) const {
    StateReader inner{clock, j.as_object()};
    fields(inner, v);
  }

 private:
  template <class List>
  void read_list(const boost::json::value& j, List& list) const {
    list.clear();
    for (const auto& each : j.as_array()) read(each, list.emplace_back());
  }
};

}  // namespace readback
