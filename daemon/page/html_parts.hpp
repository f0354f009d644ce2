#pragma once
// What every section of the status page is made of: texts that cannot become a part of the page, and words with a sign,
// so that no colour stands alone.
#include <string>
#include <string_view>

namespace readback {

/// As html_text(), on one line: nothing on this page is preformatted.
std::string flat_html(std::string_view text);

/// The class, sign and word of a state.
struct Look {
  const char* css;
  const char* sign;
  char lane;
};
inline constexpr Look good_look{"good", "✓", 'g'}, warning_look{"warn", "!", 'w'}, unknown_look{"unk", "?", 'u'},
    bad_look{"bad", "✕", 'b'};
Look look_of(std::string_view word, bool green);

std::string word_html(std::string_view word, const Look& look);

}  // namespace readback
