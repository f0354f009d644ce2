#pragma once
// A body is a tree of parts: each as bad as the worst that it says of itself, and a good word never hides a bad one
// (design: diagnosis sections 1.2 to 1.4). Here a parsed body becomes that tree; what it means for the surface is
// decided in read.cpp.
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/reading.hpp"
#include "core/reading/meaning.hpp"

namespace readback {

struct Part;

/// The parts of a part: all of them counted, the weightiest kept.
struct Parts {
  std::vector<Part> kept;
  std::size_t size = 0, judged = 0, not_well = 0, failed = 0;
  bool any_speaks = false;       ///< at least one says something, if only a neutral word
  bool critical_failed = false;  ///< one that is critical fails
};

struct Part {
  std::string name;  ///< "" for what speaks of the part around it
  Says says = Says::nothing;
  bool contradictory = false;  ///< it also says something better of itself
  bool critical = false;
  /// It said something that can be judged, itself or through a part: no proxy's page.
  bool spoken = false;
  std::vector<std::string> why;  ///< the words that made it what it is: "status degraded", "problems: queue behind"
  std::string blockers;          ///< what stands in its way
  std::string reason;            ///< what it tells people: its own `reason`, `message`, …; "" when nothing
  Parts parts;
};

/// How many parts there are by what they say, also of those that are not kept.
struct PartCount {
  std::size_t judged = 0, failed = 0, warned = 0, unknown = 0;
};

/// One word that the surface said of itself, for who wants to know how it was read.
struct SaidWord {
  std::string member;  ///< "status", "data.status", "/json/pointer"
  std::string word;    ///< as received, printable
  Says says = Says::nothing;
};

struct PartTree {
  Part top;
  PartCount count;
  std::vector<SaidWord> words;      ///< of the top, in the order of the body; at most eight
  std::vector<std::string> places;  ///< where the parts came from: "checks", "services"; at most eight
};

/// What the configuration says of a body.
struct PartRules {
  OwnWords own;
  const std::string& verdict;                      ///< JSON pointer; "" is search
  const std::vector<std::string>& critical_items;  ///< compared as names are
};

/// Eight levels of objects and lists are looked into; every part counts, and of each kind of reading the first
/// `parts_kept` are kept.
inline constexpr std::size_t parts_kept = 256;
PartTree read_parts(const boost::json::value& body, const PartRules& rules);
/// The verdict's own members of a text, and the rest as a strict list called checks.
PartTree read_members(const boost::json::object& members, const boost::json::object& checks, const PartRules& rules);
/// Text of one or more lines (section 1.5): a word, `name: word` lines, Kubernetes' `[+]name ok`. Nothing judged:
/// `says` of the top is `nothing`, and `understood` false when it has no such shape.
struct TextTree {
  PartTree tree;
  bool understood = false;
};
TextTree read_lines(std::string_view text, const PartRules& rules);

/// `name: value`, also with `=`; nothing when the line has no such shape.
std::optional<std::pair<std::string_view, std::string_view>> split_line(std::string_view line);

/// All parts in one list, "part/inner", the weightiest first; at most `parts_kept`.
std::vector<Item> items_of(const PartTree& tree);
Reading reading_of(Says says);
}  // namespace readback
