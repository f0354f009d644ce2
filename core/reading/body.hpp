#pragma once
// What a body says, whatever its shape: a verdict, blockers, warnings, items, a stamp, a version. Only understood here;
// what it amounts to is decided in read.cpp.
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/target.hpp"
#include "core/model/reading.hpp"
#include "core/reading/vocabulary.hpp"

namespace readback {

struct SaidVerdict {
  std::string field;  ///< "status", "readiness.status", "/json/pointer", "the body"
  std::string word;   ///< as received, printable
  Meaning meaning = Meaning::unrecognised;
};

struct Stamp {
  std::string field;
  WallTime at{};
};

/// A word of the lists where nobody looks for a verdict.
struct Hint {
  std::string pointer;
  std::string word;
};

struct BodyWords {
  enum class Kind { empty, json, text, html, garbage } kind = Kind::empty;
  std::string trouble;  ///< why a body that should be JSON is none: "incomplete", "too deep", …
  std::optional<SaidVerdict> verdict;
  std::string missing_pointer;  ///< the configured verdict pointer, when the body has no value there
  std::vector<std::string> blockers, warnings;
  std::size_t blocker_count = 0, warning_count = 0;
  std::vector<Item> items;  ///< all of them, at most `items_looked_at`
  std::size_t items_total = 0;
  bool items_say = false;  ///< at least one of them says pass, warn or fail in a word of the lists
  std::vector<Stamp> stamps;
  std::string version, version_field;
  std::string duplicate;                   ///< a key that one object of the body names twice
  std::string complaint_field, complaint;  ///< what a body without a word says in plain text: `detail`, …
  std::vector<Hint> hints;                 ///< of a JSON body that says nothing where it is looked for
  std::string text;                        ///< the beginning of a text body that says nothing known
  std::vector<std::string> where;          ///< for the explanation: which containers the items came from

  /// Did it say anything of its own? A word that is in no list, or in the neutral one, is no verdict: any proxy can
  /// write `"status":"Service Unavailable"`.
  bool says() const {
    const bool judged = verdict && verdict->meaning != Meaning::neutral && verdict->meaning != Meaning::unrecognised;
    return judged || blocker_count > 0 || items_say;
  }
};

/// More parts than an answer of the largest size (1 MiB) can hold. What lies beyond is only counted, and an answer with
/// more is `unknown`: the one that fails could be among them.
inline constexpr std::size_t items_looked_at = 200'000;

BodyWords understand(std::string_view body, const SurfaceConfig& surface, const Words& target_words);
/// The items of a JSON text only, for a check's stdout.
std::vector<Item> items_of(std::string_view body);

/// `/a/b/0` in a parsed value; nullptr when it is not there or the pointer is malformed.
const boost::json::value* at_pointer(const boost::json::value& root, const std::string& pointer);
/// Parses within the limits that hold for all outside JSON: depth 32, no trailing text. Nothing on any error, with why.
/// What `memory` lends must outlive the value.
std::optional<boost::json::value> parse_outside_json(std::string_view text, std::string& why,
                                                     boost::json::storage_ptr memory = {});

}  // namespace readback
