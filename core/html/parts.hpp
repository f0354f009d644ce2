#pragma once
// What every page for people is made of: texts that cannot become a part of the page, words with a sign, so that no
// colour stands alone, times, and one style sheet. All of it is HTML as text.
#include <optional>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"

namespace readback {

/// As html_text(), on one line: for what is not preformatted.
std::string flat_html(std::string_view text);

/// The class, sign and lane of a state. A lane's letter is a class of the style sheet: g, w, u, b.
struct Look {
  const char* css;
  const char* sign;
  char lane;
};
inline constexpr Look good_look{"good", "✓", 'g'}, warning_look{"warn", "!", 'w'}, unknown_look{"unk", "?", 'u'},
    bad_look{"bad", "✕", 'b'};
/// Of a word of readings, verdicts, severities, sinks or conditions.
Look look_of(std::string_view word, bool green = false);

std::string word_html(std::string_view word, const Look& look);
/// With the look that is the word's own.
std::string word_html(std::string_view word);

/// A moment in UTC, with the date, and exactly in its attribute: times.js makes it local.
std::string time_html(WallTime t);
/// The same beside the moment at which it is shown: how long ago, and the date only where it is another day's.
std::string time_html(WallTime t, WallTime now);
/// "never" for what did not happen.
std::string time_html(const std::optional<WallTime>& t, WallTime now);
/// How long ago alone: `2d 03h`.
std::string age_html(WallTime t, WallTime now);

/// Only web addresses become links: a `javascript:` in a configuration stays text.
std::string link_html(std::string_view url, std::string_view text);

/// A row of a `<dl>`.
std::string row_html(std::string_view name, std::string_view html);

/// The style that all pages share: colours, type, marks, tables. A page's own rules come behind it.
std::string_view shared_style();
/// `localise(root, now, dated)`: of times.js writes each `<time>` below `root` in the reader's own time, with its age
/// at `now` (milliseconds since 1970); `dated`: with the date also where it is today's.
std::string_view times_script();

}  // namespace readback
