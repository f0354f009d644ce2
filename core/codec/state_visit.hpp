#pragma once
// What is kept, as JSON, and back: two visitors over the lists of core/codec/fields.hpp and of the rooms that keep
// something of their own.
//
// Enumerations are written by their word and looked up when they come back; a word that nobody knows makes the whole
// part unusable, and it is said. Wall times are milliseconds since the epoch. Monotonic times are written as their
// distance to the moment of saving and come back moved by the wall time that has passed since: the clock of a host that
// restarted begins anew, the age of an incident does not.
#include <array>
#include <boost/json.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "core/codec/fields.hpp"
#include "core/model/words.hpp"

namespace readback {

struct StateWriter {
  Instant clock;  ///< of the saving
  boost::json::object& out;

  template <class T>
  void operator()(const char* key, const T& value, As = As::plain) {
    out[key] = write(value);
  }
  template <class F>
  void derived(const char*, F) {}

  boost::json::value write(const std::string& v) const { return boost::json::value(v); }
  template <class N>
  requires std::is_arithmetic_v<N> boost::json::value write(N v)
  const { return v; }
  boost::json::value write(WallTime v) const { return v.time_since_epoch().count(); }
  boost::json::value write(Millis v) const { return v.count(); }
  boost::json::value write(MonoTime v) const { return (v - clock.mono).count(); }
  template <class E>
  requires std::is_enum_v<E> boost::json::value write(E v)
  const { return boost::json::string(word_of(v)); }
  template <class T>
  boost::json::value write(const std::optional<T>& v) const {
    return v ? write(*v) : boost::json::value(nullptr);
  }
  template <class T>
  boost::json::value write(const std::vector<T>& v) const {
    return write_list(v);
  }
  template <class T>
  boost::json::value write(const std::deque<T>& v) const {
    return write_list(v);
  }
  template <class T, std::size_t N>
  boost::json::value write(const std::array<T, N>& v) const {
    return write_list(v);
  }
  boost::json::value write(const std::set<std::string>& v) const { return write_list(v); }
  template <class T>
  boost::json::value write(const std::map<std::string, T>& v) const {
    boost::json::object o;
    for (const auto& [key, value] : v) o[key] = write(value);
    return o;
  }
  template <class T>
  requires requires(StateWriter& visit, const T& v) { fields(visit, v); }
  boost::json::value write(const T& v) const {
    boost::json::object o;
    StateWriter inner{clock, o};
    fields(inner, v);
    return o;
  }

 private:
  template <class List>
  boost::json::value write_list(const List& list) const {
    boost::json::array a;
    for (const auto& v : list) a.push_back(write(v));
    return a;
  }
};

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
  void read(const boost::json::value& j, std::set<std::string>& v) const {
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
