// Words that receivers, readings and verdicts use, and how each looks.
#include "daemon/page/html_parts.hpp"

#include <algorithm>

#include "core/text/encoding.hpp"

namespace readback {

std::string flat_html(std::string_view text) {
  std::string html = html_text(text);
  std::replace_if(
      html.begin(), html.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return html;
}

Look look_of(std::string_view word, bool green) {
  if (green) return good_look;
  if (word == "green" || word == "delivered" || word == "met") return good_look;
  if (word == "warn" || word == "warning" || word == "throttled" || word == "drift" || word == "stale" ||
      word == "retrying" || word == "readiness" || word == "observer" || word == "broken check" || word == "unattested")
    return warning_look;
  if (word == "unknown" || word == "blind" || word == "idle" || word == "not_applicable" || word.empty())
    return {"unk", word == "idle" || word == "not_applicable" ? "–" : "?", 'u'};
  return bad_look;
}

std::string word_html(std::string_view word, const Look& look) {
  return std::string("<span class=\"word ") + look.css + "\"><span aria-hidden=\"true\">" + look.sign + "</span> " +
         flat_html(word) + "</span>";
}

}  // namespace readback
