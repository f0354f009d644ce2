// The page is put together as text, from the top of the screen to its foot. Style and script stand beside it in files
// of their own and are part of the program; the policy names them by the hashes of exactly what is sent.
#include "daemon/page/status_page.hpp"

#include <algorithm>

#include "core/html/parts.hpp"
#include "core/model/loudness.hpp"
#include "core/text/encoding.hpp"
#include "daemon/page/fleet_section.hpp"
#include "daemon/page/incidents_section.hpp"
#include "daemon/page/own_sections.hpp"
#include "daemon/page/targets_section.hpp"
#include "embedded/status_page_css.hpp"
#include "embedded/status_page_js.hpp"

namespace readback {

namespace {

const std::string& script() {
  static const std::string text = std::string(times_script()) + std::string(status_page_js);
  return text;
}

/// "2 error, 8 green; 2 open incidents": the first thing that anybody wants to know.
std::string counted(const View& view) {
  std::string out;
  for (const char* word : {"critical", "error", "unknown", "warning", "green"}) {
    const auto& targets = view.engine.targets;
    const auto count =
        std::count_if(targets.begin(), targets.end(), [&](const auto& t) { return loudness_of(t).word == word; });
    if (count > 0) out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + word;
  }
  if (out.empty()) out = "no target";
  const auto& incidents = view.engine.incidents;
  const auto open = std::count_if(incidents.begin(), incidents.end(), [](const auto& i) {
    return i.is_open() && i.state != IncidentState::inhibited;  // what another explains stands with that one
  });
  return out + "; " + (open == 0 ? "no" : std::to_string(open)) + (open == 1 ? " open incident" : " open incidents");
}

std::string verdict_html(const View& view, const Loudness& loud) {
  const Look look = look_of(loud.word);
  std::string out = std::string("<div id=\"verdict\" role=\"status\" class=\"") + look.css +
                    "\"><p class=\"count\"><span class=\"sign " + look.css + "\" aria-hidden=\"true\">" + look.sign +
                    "</span> " + flat_html(counted(view)) + "</p>" + told_html(view);
  if (const auto troubles = own_troubles(view.daemon); !troubles.empty())
    out += "<p>" + word_html("trouble", bad_look) + " of Readback itself: " + flat_html(troubles.front()) +
           (troubles.size() > 1 ? ", and " + std::to_string(troubles.size() - 1) + " more" : "") + "</p>";
  return out + "</div>";
}

std::string filter_html(const View& view, const PageQuery& query) {
  if (view.engine.targets.size() < 2) return "<span></span>";
  return "<form method=\"get\" action=\"/\" role=\"search\"><label for=\"q\">Filter</label><input id=\"q\" name=\"q\" "
         "type=\"search\" autocomplete=\"off\" value=\"" +
         flat_html(query.text) + "\"><button type=\"submit\">Show</button></form>";
}

/// What is left out, and the way back to it.
std::string shown_html(const View& view, const PageQuery& query) {
  std::string shown;
  if (query.asks())
    shown = std::to_string(targets_taken(view, query)) + " of " + std::to_string(view.engine.targets.size()) +
            " targets shown" + (query.target.empty() ? "" : ": " + flat_html(query.target)) + ", <a href=\"/\">all</a>";
  return "<p id=\"shown\" role=\"status\">" + shown + "</p>";
}

std::string header_html(const View& view, const Loudness& loud, const PageQuery& query) {
  return "<header><h1>Readback " + flat_html(view.daemon.environment) + "</h1>" + filter_html(view, query) +
         "<div class=\"when dim\"><p>As of <span id=\"as-of\">" + time_html(view.at, view.at) +
         "</span>. <span id=\"live\">Reload for newer results.</span></p></div>" + verdict_html(view, loud) +
         shown_html(view, query) + "</header>";
}

}  // namespace

const std::string& status_page_style() {
  static const std::string text = std::string(shared_style()) + std::string(status_page_css);
  return text;
}

std::string status_page_policy() {
  static const std::string policy =
      "default-src 'none'; style-src '" + sha256_source(status_page_style()) + "'; script-src '" +
      sha256_source(script()) + "'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
  return policy;
}

std::string status_page(const View& view, const History& history, const std::vector<TargetHistory>& kept,
                        const PageQuery& query) {
  const Loudness loud = loudness_of(view);
  std::string out =
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>" +
      flat_html(loud.word + ": " + counted(view) + " – " + view.daemon.environment + " – Readback") +
      "</title><style>" + status_page_style() +
      "</style></head><body><a class=\"skip\" href=\"#main\">To the incidents and targets</a>" +
      header_html(view, loud, query) + "<main id=\"main\">";
  out += incidents_section(view, query) + targets_section(view, history, kept, query) + lately_section(view, query);
  if (view.fleet) out += fleet_section(*view.fleet);
  out += sinks_section(view) + silences_section(view) + itself_section(view);
  return out +
         "</main><footer class=\"dim\"><p>Read-only: nothing can be changed here. <span class=\"zone\">Times are "
         "UTC.</span> <a href=\"/metrics\">Metrics</a></p></footer><script>" +
         script() + "</script></body></html>\n";
}

}  // namespace readback
