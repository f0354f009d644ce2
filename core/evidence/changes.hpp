#pragma once
// What changed between two answers, for people. The items of a list are told apart by their names: a service that went
// is one line, and not a shift of all that stood behind it. The patch of the bundle (diff.json) is for programs.
#include <string>
#include <string_view>
#include <vector>

namespace readback {

struct Change {
  enum class Kind {
    other,  ///< a value is another; "" where there was none before, or is none now
    gone,   ///< `before` names an item that the list does not have any more
    added   ///< `after` names an item that it did not have
  } kind = Kind::other;
  std::string place;  ///< names from the top, as "services/postgres/status"; of a list, for items that came or went
  std::string before, after;
  friend bool operator==(const Change&, const Change&) = default;
};

/// Between two texts of JSON, in their order; stamps and counters are left out, and so are the JSON pointers of
/// `leave_out`. A list of objects is compared by the first of `name`, `id`, `key`, `service`, `component`, `check` and
/// `code` that each item has, and no two have the same; a list of plain values as a set; another by position. Of texts
/// that are no JSON the lines are compared as a set, at the place "". At most 2,000.
std::vector<Change> changes_between(std::string_view before, std::string_view after,
                                    const std::vector<std::string>& leave_out = {});
/// Of two files of a bundle's reads: with the bodies in them taken for JSON, where they are.
std::vector<Change> changes_of_read(std::string_view before, std::string_view after,
                                    const std::vector<std::string>& leave_out);

/// Items that came to one list, or went from it, one after the other, as one: "gone: a, b". Lines of a text stay alone.
std::vector<Change> joined_changes(const std::vector<Change>& changes);
/// "services/postgres/status: running -> down", "services: gone: nats, dobby". Whole, on one line.
std::string to_text(const Change& change);

}  // namespace readback
