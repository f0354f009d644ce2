// Every text that somebody else has written is escaped, and shown without the queries of the addresses in it.
#include "daemon/page/incident_html.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/html/parts.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/url.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"
#include "daemon/page/status_page.hpp"

namespace readback {
namespace {

const std::string& incident_script() {
  static const std::string all = std::string(times_script()) + "localise(document, Date.now());\n";
  return all;
}

std::string safe(std::string_view text) { return html_text(clean_utf8(without_queries(text))); }

/// For an address within this listener.
std::string in_query(std::string_view text) {
  std::string out;
  for (const char c : text) {
    char code[4];
    std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    out += plain ? std::string(1, c) : code;
  }
  return out;
}

/// As loud as it is while it is open; an end is good, what waits for one is not yet.
Look state_look(const IncidentRecord& i) {
  if (!i.is_open()) return good_look;
  if (i.state == IncidentState::recovered) return warning_look;
  return look_of(to_string(i.severity));
}

/// Of the fault, not of the record.
std::optional<WallTime> end_of(const IncidentRecord& i) { return i.recovered_at ? i.recovered_at : i.resolved_at; }

std::string begin_page(const std::string& title, const std::string& heading) {
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\"><title>" +
         html_text(title) +
         "</title><link rel=\"alternate\" type=\"application/atom+xml\" href=\"/feed.atom\"><style>" +
         status_page_style() + "</style></head><body><header><h1>" + heading +
         "</h1><p><a href=\"/\">Status</a> · <a href=\"/incidents\">Incidents</a> · <a href=\"/feed.atom\">Feed</a></p>"
         "</header><main id=\"main\">";
}

std::string end_page() {
  return "</main><footer class=\"dim\"><p><span class=\"zone\">Times are UTC.</span> Read-only: nothing can be changed "
         "here.</p></footer><script>" +
         incident_script() + "</script></body></html>\n";
}

std::string field(const char* label, const char* name, const std::string& value, const char* hint) {
  return std::string("<label>") + label + " <input name=\"" + name + "\" value=\"" + html_text(clean_utf8(value)) +
         "\" placeholder=\"" + hint + "\"></label> ";
}

std::string choice(const char* label, const char* name, const std::string& chosen, std::vector<std::string> words) {
  std::string out = std::string("<label>") + label + " <select name=\"" + name + "\"><option value=\"\">any</option>";
  for (const auto& word : words)
    out +=
        std::string("<option") + (word == chosen ? " selected" : "") + ">" + html_text(clean_utf8(word)) + "</option>";
  return out + "</select></label> ";
}

std::string search_html(const IncidentListing& l) {
  std::vector<std::string> boundaries;
  for (const auto b : all_boundaries) boundaries.emplace_back(to_string(b));
  return "<form method=\"get\" action=\"/incidents\" role=\"search\"><p>" + field("Text", "q", l.text, "refused") +
         choice("Target", "target", l.target, l.targets) + choice("Boundary", "boundary", l.boundary, boundaries) +
         choice("State", "state", l.state, {"open", "firing", "recovered", "muted", "inhibited", "resolved"}) +
         field("Since", "since", l.since, "30d") + "<button>Search</button></p></form>";
}

std::string first_failure_html(const IncidentRecord& i) {
  if (!i.first_failure) return safe(i.symptom);
  const auto& [read, at, reason] = *i.first_failure;
  return safe(reason.starts_with(read + ":") ? reason : read + ": " + reason);
}

std::string listed_html(const IncidentRecord& i, WallTime now) {
  return "<tr><td data-l=\"State\">" + word_html(to_string(i.state), state_look(i)) + "</td><td data-l=\"Opened\">" +
         time_html(i.opened_at, now) + "</td><td data-l=\"For\">" +
         humanize(std::max(Millis(0), end_of(i).value_or(now) - i.opened_at)) + "</td><td data-l=\"Boundary\">" +
         std::string(to_string(i.boundary)) + "</td><td data-l=\"Target\">" + html_text(clean_utf8(i.target)) +
         "</td><td data-l=\"Failed first\"><a href=\"/incidents/" + in_query(i.id) + "\">" +
         (first_failure_html(i).empty() ? "not known" : first_failure_html(i)) + "</a></td></tr>";
}

std::string page_link(const IncidentListing& l, std::size_t page, const char* text) {
  std::string query = "page=" + std::to_string(page);
  const std::pair<const char*, const std::string*> given[] = {
      {"q", &l.text}, {"target", &l.target}, {"boundary", &l.boundary}, {"state", &l.state}, {"since", &l.since}};
  for (const auto& [name, value] : given)
    if (!value->empty()) query += std::string("&amp;") + name + "=" + in_query(*value);
  return "<a href=\"/incidents?" + query + "\">" + text + "</a> ";
}

void add(std::string& out, const char* name, const std::string& html) {
  out += std::string("<div><dt>") + name + "</dt><dd>" + html + "</dd></div>";
}

void add_times(std::string& out, const IncidentRecord& i, WallTime now) {
  const WallTime began = spell_of(i).from;
  const auto span = [](WallTime from, std::optional<WallTime> to) {
    return to && *to >= from ? humanize(*to - from) : std::string("–");
  };
  add(out, "Failed first", first_failure_html(i) + ", " + time_html(began, now));
  add(out, "To detect", span(began, i.confirmed_at) + ", confirmed " + time_html(i.confirmed_at, now));
  if (i.paged_at) {
    add(out, "Paged", time_html(i.paged_at, now));
    add(out, "To acknowledge",
        i.acknowledged_at ? span(*i.paged_at, i.acknowledged_at) + ", " + time_html(i.acknowledged_at, now)
                          : std::string("nobody has"));
  }
  const auto end = end_of(i);
  add(out, "To recover",
      end ? span(began, end) + ", " + time_html(end, now)
          : "not yet, since " + humanize(std::max(Millis(0), now - began)));
  if (i.resolved_at) add(out, "Resolved", time_html(i.resolved_at, now));
}

/// An operator's entry is shown by its kind alone: the text begins with who it was.
std::string timeline_html(const IncidentRecord& i, WallTime now) {
  const WallTime began = spell_of(i).from;
  std::string out =
      "<h2>Timeline</h2><table><thead><tr><th scope=\"col\">When</th><th scope=\"col\">After</th><th "
      "scope=\"col\">What</th><th scope=\"col\">How</th></tr></thead><tbody>";
  for (const auto& entry : i.timeline) {
    const bool is_of_operator = entry.kind == "ack" || entry.kind == "attested" || entry.kind == "symptom";
    out += "<tr><td data-l=\"When\">" + time_html(entry.at, now) + "</td><td data-l=\"After\">" +
           humanize(std::max(Millis(0), entry.at - began)) + "</td><td data-l=\"What\">" + safe(entry.kind) +
           "</td><td data-l=\"How\">" + (is_of_operator ? "by an operator" : safe(entry.text)) + "</td></tr>";
  }
  return out + "</tbody></table>";
}

const char* sign_of(const ConditionState& c) {
  switch (c.state) {
    case ConditionState::State::met: return "✓";
    case ConditionState::State::not_applicable: return "–";
    case ConditionState::State::unattested: return "?";
    case ConditionState::State::unmet: break;
  }
  return "✕";
}

std::string conditions_html(const IncidentRecord& i) {
  std::string out = "<h2>Resolved when all six hold</h2><ol class=\"six\">";
  for (const auto& c : i.conditions) {
    std::string word(to_string(c.state));
    std::replace(word.begin(), word.end(), '_', ' ');
    out +=
        "<li value=\"" + std::to_string(c.number) + "\">" + safe(c.title()) + ": " + sign_of(c) + " " + word + "</li>";
  }
  return out + "</ol>";
}

}  // namespace

std::string incident_pages_policy() {
  static const std::string policy = "default-src 'none'; style-src '" + sha256_source(status_page_style()) +
                                    "'; script-src '" + sha256_source(incident_script()) +
                                    "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
  return policy;
}

std::string incidents_page(const IncidentListing& l, WallTime now) {
  std::string out = begin_page("Incidents – Readback", "Incidents") + search_html(l);
  if (l.found.empty()) return out + "<p>None was found.</p>" + end_page();
  out += "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Incidents\"><table><thead><tr>";
  for (const char* head : {"State", "Opened", "For", "Boundary", "Target", "Failed first"})
    out += std::string("<th scope=\"col\">") + head + "</th>";
  out += "</tr></thead><tbody>";
  for (const auto& i : l.found) out += listed_html(i, now);
  out += "</tbody></table></div><p>";
  if (l.page > 1) out += page_link(l, l.page - 1, "Newer");
  if (l.has_more) out += page_link(l, l.page + 1, "Older");
  return out + "</p>" + end_page();
}

std::string incident_page(const IncidentRecord& i, WallTime now) {
  const std::string summary = i.summary.empty() ? upper(i.boundary) + " " + i.target : i.summary;
  std::string out =
      begin_page(clean_utf8(without_queries(summary)) + " – Readback", safe(summary)) + "<dl class=\"list\">";
  add(out, "State",
      word_html(to_string(i.state), state_look(i)) + ", " + std::string(to_string(i.severity)) + ", " +
          std::string(to_string(i.extent)) + " " + std::string(to_string(i.boundary)));
  add(out, "Target", html_text(clean_utf8(i.target)));
  add_times(out, i, now);
  if (!i.runbook.title.empty())
    add(out, "Runbook", safe(i.runbook.title) + (i.runbook.owner.empty() ? "" : ", owner " + safe(i.runbook.owner)));
  if (!i.next_safe_step.empty() && i.is_open()) add(out, "Next safe step", safe(i.next_safe_step));
  add(out, "Id", "<code>" + html_text(i.id) + "</code>");
  out += "</dl>";
  if (!i.evidence.snapshot.empty())
    out += "<p><a href=\"/incidents/" + in_query(i.id) + "/report\">The report of its evidence</a></p>";
  if (!i.why.empty()) {
    out += "<h2>Why</h2><ul>";
    for (const auto& why : i.why) out += "<li>" + safe(why) + "</li>";
    out += "</ul>";
  }
  if (!i.conditions.empty()) out += conditions_html(i);
  return out + timeline_html(i, now) + end_page();
}

namespace {

/// When something was last said of it.
WallTime changed_at(const IncidentRecord& i) {
  WallTime last = i.timeline.empty() ? i.opened_at : i.timeline.back().at;
  for (const auto& at : {i.resolved_at, i.recovered_at, i.acknowledged_at, i.paged_at})
    if (at) last = std::max(last, *at);
  return std::max(last, i.opened_at);
}

std::string entry_xml(const IncidentRecord& i) {
  std::string why;
  for (const auto& each : i.why) why += (why.empty() ? "" : "; ") + each;
  const std::string title = i.summary.empty() ? upper(i.boundary) + " " + i.target : i.summary;
  return "<entry><id>urn:uuid:" + html_text(i.id) + "</id><title>" + safe(title) + "</title><updated>" +
         to_rfc3339(changed_at(i)) + "</updated><published>" + to_rfc3339(i.opened_at) +
         "</published><link rel=\"alternate\" type=\"text/html\" href=\"/incidents/" + in_query(i.id) +
         "\"/><category term=\"" + std::string(to_string(i.boundary)) + "\"/><category term=\"" +
         std::string(to_string(i.state)) + "\"/><summary>" + safe(why.empty() ? title : why) + "</summary></entry>\n";
}

}  // namespace

std::string atom_feed(const std::vector<IncidentRecord>& incidents, const FeedSource& source) {
  WallTime updated = source.started_at;
  std::string entries;
  for (const auto& i : incidents) {
    updated = std::max(updated, changed_at(i));
    entries += entry_xml(i);
  }
  const std::string title = html_text(clean_utf8("Readback " + source.environment + " on " + source.host));
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>tag:" +
         in_query(source.host) + ",2026:readback/" + in_query(source.environment) + "</id><title>" + title +
         "</title><updated>" + to_rfc3339(updated) + "</updated><author><name>" + title +
         "</name></author><link rel=\"self\" type=\"application/atom+xml\" "
         "href=\"/feed.atom\"/><link rel=\"alternate\" type=\"text/html\" href=\"/\"/>\n" +
         entries + "</feed>\n";
}

std::string badge_svg(const std::string& label, const std::string& word, std::optional<double> uptime) {
  constexpr double letter = 6.6, margin = 12;
  std::string told = word;
  if (uptime) {
    char text[16];
    std::snprintf(text, sizeof text, "%.3f", *uptime);
    told += std::string(", ") + text + " % in 30 d";
  }
  const std::string name = cut_characters(clean_utf8(label), 60);
  const auto width_of = [&](const std::string& text) {
    return static_cast<int>(std::ceil(letter * static_cast<double>(characters(text)) + margin));
  };
  const int left = width_of(name), right = width_of(told);
  const char* colour = word == "green"     ? "#1a7f37"
                       : word == "warning" ? "#8a5300"
                       : word == "unknown" ? "#57606a"
                                           : "#b3131f";
  const auto text_at = [](int x, int width, const std::string& text) {
    return "<text x=\"" + std::to_string(x + width / 2) + "\" y=\"14\" textLength=\"" + std::to_string(width - 12) +
           "\">" + html_text(text) + "</text>";
  };
  const std::string whole = std::to_string(left + right), both = html_text(name + ": " + told);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + whole + "\" height=\"20\" role=\"img\" aria-label=\"" +
         both + "\"><title>" + both + "</title><rect width=\"" + whole +
         "\" height=\"20\" rx=\"3\" fill=\"#24292f\"/><rect x=\"" + std::to_string(left) + "\" width=\"" +
         std::to_string(right) + "\" height=\"20\" rx=\"3\" fill=\"" + colour +
         "\"/><g fill=\"#fff\" text-anchor=\"middle\" font-family=\"system-ui,sans-serif\" font-size=\"11\">" +
         text_at(0, left, name) + text_at(left, right, told) + "</g></svg>\n";
}

}  // namespace readback
