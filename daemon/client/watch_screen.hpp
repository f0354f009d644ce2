#pragma once
// What `readback watch` shows on a terminal, as lines that fit it: the count, open incidents and the newest events are
// always there, and what room is left is the targets', the loudest first. Nothing is asked or printed here.
#include <boost/json/object.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace readback {

struct Screen {
  std::size_t width = 80, height = 24;  ///< characters and lines; the last line is kept free for the keys
  std::size_t first = 0;                ///< the line of the targets that stands on top; more than there are is the last
};

struct Drawn {
  std::vector<std::string> lines;  ///< not more than the height leaves
  std::size_t first = 0;           ///< where the targets really begin
  std::size_t page = 1;            ///< how many lines of the targets are shown
  bool is_scrolled = false;        ///< there is more of the targets than is shown
};

/// The last sweeps of a target as `GET /v1/targets/NAME?history=` tells them, at most so many; asked only for those
/// that are shown.
using HistoryOf = std::function<boost::json::array(const std::string& target, std::size_t most)>;

/// `events`: finished lines, the newest last.
Drawn draw_screen(const boost::json::object& status, const HistoryOf& history_of,
                  const std::vector<std::string>& events, const Screen& screen);

}  // namespace readback
