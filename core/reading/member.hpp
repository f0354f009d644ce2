#pragma once
// The members of one object as the rules of reading look at them, and the small questions that are asked of a value:
// is it a number, does it say something, has it content, what is it called (design: diagnosis sections 1.2 and 1.3).
#include <boost/container/small_vector.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/reading/lists.hpp"
#include "core/reading/meaning.hpp"

namespace readback {

/// So many bytes of what an answer says are quoted.
inline constexpr std::size_t longest_text = 200;

/// A member with what the lists say of its name. Key and value belong to the object.
struct Member {
  std::string_view key;
  const boost::json::value* value;
  Listed listed;
};
using Members = boost::container::small_vector<Member, 16>;

Member member_of(std::string_view key, const boost::json::value& value);
Members members_of(const boost::json::object& object);

std::optional<double> number_in(const boost::json::value& v);
/// A boolean, also written as a text.
std::optional<bool> truth_in(const boost::json::value& v);
/// How many entries a list or an object has.
std::optional<std::size_t> size_in(const boost::json::value& v);
/// null, or a text that says nothing.
bool is_silent_value(const boost::json::value& v);
/// Not null, false, 0, a text that says nothing or passes, nor an object without content. A list with an entry has
/// content, whatever the entry.
bool has_content(const boost::json::value& v);
bool has_content(std::string_view text);
/// What a verdict's value says. `strong`: a number is one of HTTP's classes, 1 or 0; `net`: of .NET's enumeration.
Says value_says(const boost::json::value& v, const OwnWords& own, bool net, bool strong);

/// Does the object say something by the rules, whatever it is?
bool has_verdict(const boost::json::object& object);
/// A member that is no part of what is judged, with all in it: settings, metrics, what happened once.
bool is_context(std::string_view key, Listed name);
bool is_critical(const boost::json::object& object);
/// A part that is off: `enabled: false`, `disabled: true`.
bool is_switched_off(const Members& members);

/// The first text of `name`, behind `name` itself that of `metadata`; only names before `place` in that list.
std::string name_of(const boost::json::object& object, std::string fallback, std::uint8_t place = 255);
/// "service:till (till http)": a key, and the name that its object gives itself.
std::string key_and_name(std::string_view key, const boost::json::object& object);

/// The text of a value as people read it: a text itself, a list or a map in one line, what was left out counted.
std::string told(const boost::json::value& value);
/// An error that is an object, in the words that it has for people.
std::string told_error(const boost::json::value& value);
/// What an object tells people in its own words: a code that is a text, and the first text of `reason`; "" when
/// nothing.
std::string own_words(const Members& members);

/// `/a/b/0` in a parsed value; nullptr when it is not there or the pointer is malformed.
const boost::json::value* at_pointer(const boost::json::value& root, const std::string& pointer);

}  // namespace readback
