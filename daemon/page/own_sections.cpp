// A watchdog that tells nobody, or is blind itself, is no watchdog: that is said as loudly as a fault of a target.
#include "daemon/page/own_sections.hpp"

#include <algorithm>

#include "core/html/parts.hpp"
#include "core/model/loudness.hpp"
#include "core/model/words.hpp"
#include "core/text/url.hpp"
#include "core/text/words.hpp"

namespace readback {

std::string told_html(const View& view) {
  const auto& sinks = view.daemon.sinks;
  const auto is_lost = [](const SinkView& s) { return s.state == "broken" || s.state == "off"; };
  std::string out;
  if (sinks.empty()) {
    out = word_html("nobody is told", bad_look) + ": no sink is configured";
  } else if (std::all_of(sinks.begin(), sinks.end(), is_lost)) {
    out = word_html("nobody is told", bad_look) + ": no sink takes anything";
  } else {
    std::vector<std::string> names;
    for (const auto& s : sinks)
      if (!is_lost(s)) names.push_back(s.name);
    out = "Alerts go to " + flat_html(joined(names));
  }
  const auto& silences = view.engine.silences;
  if (const auto held = std::count_if(silences.begin(), silences.end(), [](const auto& s) { return s.has_begun; });
      held > 0)
    out += std::string("; ") + std::to_string(held) + (held == 1 ? " silence holds" : " silences hold") + " pages back";
  return "<p>" + out + "</p>";
}

std::string sinks_section(const View& view) {
  if (view.daemon.sinks.empty()) return "<h2>Sinks</h2><p>None is configured: nobody is paged.</p>";
  std::string rows;
  for (const auto& s : view.daemon.sinks)
    rows += "<tr><th scope=\"row\">" + flat_html(s.name + " (" + s.type + ")") + "</th><td data-l=\"State\">" +
            word_html(s.state) + "</td><td data-l=\"Waiting\">" + std::to_string(s.depth) +
            "</td><td data-l=\"Last success\">" + time_html(s.last_success_at, view.at) + "</td><td data-l=\"Detail\"" +
            (s.detail.empty() ? " class=\"none\">–" : " class=\"whole\">" + flat_html(s.detail)) + "</td></tr>";
  return "<h2>Sinks</h2><section class=\"scroll\" tabindex=\"0\" "
         "aria-label=\"Sinks\"><table><thead><tr><th "
         "scope=\"col\">Sink</th><th scope=\"col\">State</th><th scope=\"col\">Waiting</th><th scope=\"col\">Last "
         "success</th><th scope=\"col\">Detail</th></tr></thead><tbody>" +
         rows + "</tbody></table></section>";
}

std::string silences_section(const View& view) {
  std::string lines;
  for (const auto& s : view.engine.silences)
    lines += "<li>" +
             flat_html((s.target.empty() ? std::string("all targets") : s.target) + ", " +
                       (s.boundary ? std::string(to_string(*s.boundary)) : std::string("all boundaries"))) +
             (s.has_begun ? std::string() : " from " + time_html(s.starts_at, view.at)) + " until " +
             (s.until_resolved ? "resolved, at most " : "") + time_html(s.expires_at, view.at) + ": " +
             flat_html(without_queries(s.reason)) + "</li>";
  return lines.empty() ? "" : "<h2>Silences</h2><ul>" + lines + "</ul>";
}

std::string itself_section(const View& view) {
  const DaemonView& d = view.daemon;
  const auto troubles = own_troubles(d);
  std::string out = "<details class=\"fold\" id=\"itself\"" + std::string(troubles.empty() ? "" : " open") +
                    "><summary><h2>Readback itself</h2> " +
                    (troubles.empty() ? word_html("well", good_look) : word_html("trouble", bad_look)) + "</summary>";
  for (const auto& trouble : troubles) out += "<p>" + flat_html(trouble) + "</p>";
  out += "<dl class=\"list\">" + row_html("Version", flat_html(d.version)) + row_html("Host", flat_html(d.host)) +
         row_html("Running since", time_html(d.started_at, view.at)) +
         row_html("Sweeps", std::to_string(d.sweeps_total)) +
         row_html("Loop lag", std::to_string(d.lag.count()) + " ms") +
         row_html("Store", d.store_ok ? std::to_string(d.store_bytes / 1024) + " KiB, " + std::to_string(d.snapshots) +
                                            (d.snapshots == 1 ? " snapshot" : " snapshots")
                                      : flat_html("cannot be written: " + d.store_error));
  for (const auto& note : d.store_notes) out += row_html("Set aside", flat_html(note));
  return out +
         row_html("Configuration",
                  flat_html(d.config_digest.substr(0, 19)) + (d.reload_ok ? "" : ", last reload refused")) +
         row_html("Heartbeat", time_html(d.heartbeat_at, view.at)) +
         row_html("Sandbox of checks", flat_html(d.sandbox)) +
         row_html("Evidence signed with", d.evidence_key.empty() ? "no key: snapshots are not signed"
                                                                 : "<code>" + flat_html(d.evidence_key) + "</code>") +
         "</dl></details>";
}

}  // namespace readback
