#pragma once
// How a parsed body becomes a tree of parts, inside this room: an object speaks through its members (speaker.cpp), and
// holds lists of parts (tree.cpp); the two call each other.
#include <array>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/reading/member.hpp"
#include "core/reading/part.hpp"
#include "core/text/utf8.hpp"

namespace readback {

/// The surface, or what it wraps; else a part.
enum class Place { top, part };
struct How {
  bool net = false;     ///< numbers are .NET's enumeration
  bool found = false;   ///< a part that no list of parts holds
  bool inside = false;  ///< in the value of a verdict: `level` and the like are verdicts too
};

/// So many words of the top, reasons of a part and places of parts are kept.
inline constexpr std::size_t words_kept = 8;

class TreeReader {
 public:
  TreeReader(PartTree& out, const PartRules& rules, const boost::json::value* root = nullptr);

  /// One object; nothing is said below the deepest level. `pointed`: the configuration points at the verdict.
  Part object(const Members& members, std::string name, int depth, Place place, How how, bool pointed = false);
  /// A list or a map of parts. `strict`: texts and flags in it are verdicts too.
  void listed(Parts& into, std::string_view key, Listed name, const boost::json::value& v, int depth, How how,
              Expected strict);
  void map(Parts& into, std::string_view key, Listed name, const boost::json::object& o, int depth, How how,
           Expected strict);
  Part scalar(std::string_view key, Says says, std::string why);
  /// What an object says as a surface of its own, whose parts are none of this one's.
  Says apart(const boost::json::value& v, How how);

  /// Counts a part and keeps it while there is room for its kind.
  void keep(Parts& into, Part part);
  /// Does the same with what says something, itself or through a part.
  void keep_if_it_speaks(Parts& into, Part part);
  void merge(Parts& into, Parts from);
  bool is_critical_name(std::string_view name) const;

  const PartRules& rules() const { return rules_; }
  const OwnWords& own() const { return rules_.own; }
  /// What the configured pointer leads to; nullptr when there is nothing.
  const boost::json::value* pointed_at() const { return root_ ? at_pointer(*root_, rules_.verdict) : nullptr; }

  // For who asks how the answer was read.
  void told_word(std::string_view member, const boost::json::value& v, Says says);
  void told_place(std::string_view name);
  /// The members that are read meanwhile are those of `member`.
  template <class Read>
  auto within(std::string_view member, const Read& read) {
    const std::size_t before = top_path_.size();
    top_path_ += printable(member, 60) + ".";
    auto part = read();
    top_path_.resize(before);
    return part;
  }

 private:
  void lines(Parts& into, const boost::json::array& list, int depth, How how);
  void map_member(Parts& into, std::string_view key, const boost::json::value& v, int depth, How how, Expected strict,
                  bool company, bool counted);
  void map_text(Parts& into, std::string_view key, std::string_view text, Expected strict, bool company);
  Part entry(const boost::json::object& o, std::string name, int depth, How how);

  PartTree& out_;
  const PartRules& rules_;
  const boost::json::value* root_;
  std::vector<std::string> critical_;
  std::string path_;                   ///< the names of the parts around, kept only where names can be critical
  std::string top_path_;               ///< of what the top wraps: "data."
  std::array<std::size_t, 7> kept_{};  ///< by what they say
};

/// What the configured verdict was found to be, or that it is not there (nullptr).
std::string told_pointed(const std::string& pointer, const boost::json::value* value);
/// Reads all members of one object into `part`.
void speak(TreeReader& tree, Part& part, const Members& members, int depth, Place place, How how, bool pointed);

}  // namespace readback
