// Words that receivers, readings and verdicts use, and how each looks; moments and links.
#include "core/html/parts.hpp"

#include <algorithm>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "embedded/look_css.hpp"
#include "embedded/times_js.hpp"

namespace readback {

namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string day_of(WallTime t) { return to_rfc3339(t).substr(0, 10); }

/// As humanize(), in whole seconds: what is read a moment later anyway.
std::string ago(Millis d) { return d < Seconds(1) ? "0s" : humanize(d); }

std::string moment(WallTime t, const std::string& shown) {
  return "<time datetime=\"" + to_rfc3339(t) + "\">" + shown + "</time>";
}

}  // namespace

std::string flat_html(std::string_view text) {
  std::string html = html_text(text);
  std::replace_if(
      html.begin(), html.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return html;
}

Look look_of(std::string_view word, bool green) {
  static constexpr std::string_view good[] = {"green", "delivered", "met", "pass", "in_sync", "collected", "alive"};
  static constexpr std::string_view warning[] = {"info",     "warn",         "warning",    "throttled", "drift",
                                                 "stale",    "retrying",     "pending",    "expired",   "readiness",
                                                 "observer", "broken check", "unattested", "running"};
  static constexpr std::string_view none[] = {"idle", "not_applicable", "not run"};
  if (green || is_one_of(word, good)) return good_look;
  if (is_one_of(word, warning)) return warning_look;
  if (is_one_of(word, none)) return {"unk", "–", 'u'};
  if (word.empty() || word == "unknown" || word == "blind") return unknown_look;
  return bad_look;
}

std::string word_html(std::string_view word, const Look& look) {
  return std::string("<span class=\"word ") + look.css + "\"><span aria-hidden=\"true\">" + look.sign + "</span> " +
         flat_html(word) + "</span>";
}
std::string word_html(std::string_view word) { return word_html(word, look_of(word)); }

std::string time_html(WallTime t) { return moment(t, day_of(t) + " " + to_clock(t)); }

std::string time_html(WallTime t, WallTime now) {
  if (t == WallTime{}) return "never";
  const std::string day = day_of(t), shown = (day == day_of(now) ? "" : day + " ") + to_clock(t);
  return moment(t, shown + (t > now ? " (in " + ago(t - now) + ")" : " (" + ago(now - t) + " ago)"));
}

std::string time_html(const std::optional<WallTime>& t, WallTime now) { return t ? time_html(*t, now) : "never"; }

std::string age_html(WallTime t, WallTime now) {
  return "<time class=\"age\" datetime=\"" + to_rfc3339(t) + "\">" + ago(now - t) + "</time>";
}

std::string link_html(std::string_view url, std::string_view text) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return flat_html(text);
  return "<a rel=\"noreferrer noopener\" href=\"" + flat_html(url) + "\">" + flat_html(text) + "</a>";
}

std::string row_html(std::string_view name, std::string_view html) {
  return "<div><dt>" + flat_html(name) + "</dt><dd>" + std::string(html) + "</dd></div>";
}

std::string_view shared_style() { return look_css; }
std::string_view times_script() { return times_js; }

}  // namespace readback
