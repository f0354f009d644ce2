// One page that needs nothing but itself: its style and its one small script, which writes times as the reader's own,
// are in it and named by their hashes. Whatever stands in the evidence is shown as text.
#include "core/evidence/report.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/evidence/changes.hpp"
#include "core/evidence/report_json.hpp"
#include "core/evidence/report_markdown.hpp"
#include "core/evidence/report_timeline.hpp"
#include "core/evidence/report_times.hpp"
#include "core/html/parts.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "embedded/report_css.hpp"
#include "embedded/report_js.hpp"

namespace readback {
namespace json = boost::json;
using namespace parts;
namespace {

const std::string& style() {
  static const std::string text = std::string(shared_style()) + std::string(report_css);
  return text;
}

const std::string& script() {
  static const std::string text = std::string(times_script()) + std::string(report_js);
  return text;
}

std::string moment_html(const std::optional<WallTime>& t) { return t ? time_html(*t) : ""; }
std::string moment_html(const json::object& o, std::string_view key) { return moment_html(time_at(o, key)); }

/// A row of text; none where there is nothing to say.
std::string row(const std::string& name, const std::string& value) {
  return value.empty() ? "" : row_html(name, flat_html(value));
}

std::string reading_html(const std::string& word) { return word_html(word.empty() ? "not read" : word, look_of(word)); }

std::string table_html(const std::string& label, std::initializer_list<const char*> heads, const std::string& rows) {
  std::string head;
  for (const char* each : heads) head += std::string("<th scope=\"col\">") + each + "</th>";
  return "<section class=\"scroll\" tabindex=\"0\" aria-label=\"" + label + "\"><table><thead><tr>" + head +
         "</tr></thead><tbody>" + rows + "</tbody></table></section>";
}

// --- what changed ---

/// JSON over several lines; deep and long values stay on one.
void lay_out(const json::value& v, const std::string& indent, std::string& out) {
  const std::string below = indent + "  ";
  const std::string flat = json::serialize(v);
  if (flat.size() <= 72 || !(v.is_object() || v.is_array()) || indent.size() > 40) {
    out += flat;
    return;
  }
  bool first = true;
  out += v.is_object() ? "{" : "[";
  if (const auto* o = v.if_object())
    for (const auto& [key, value] : *o) {
      out += (first ? "\n" : ",\n") + below + json::serialize(json::value(key)) + ": ";
      lay_out(value, below, out);
      first = false;
    }
  if (const auto* a = v.if_array())
    for (const auto& each : *a) {
      out += (first ? "\n" : ",\n") + below;
      lay_out(each, below, out);
      first = false;
    }
  out += "\n" + indent + (v.is_object() ? "}" : "]");
}

std::string answer_in(const BundleFiles& files, const std::string& phase, const std::string& read) {
  const auto o = object_in(files, "reads/" + phase + "/" + file_name_of(read) + ".json");
  if (o.empty()) return "";
  const auto http = object_at(o, "http");
  if (http.empty()) return text_at(o, "error").empty() ? "" : text_at(o, "error") + ": " + text_at(o, "detail");
  std::string body = text_at(http, "body");
  if (!http.contains("body"))
    body = "(not text: " + std::to_string(text_at(http, "body_base64").size()) + " characters of base64)";
  json::error_code ec;
  if (const auto parsed = json::parse(body, ec); !ec && (parsed.is_object() || parsed.is_array())) {
    body.clear();
    lay_out(parsed, "", body);
  }
  return shortened("HTTP " + text_at(http, "status") + "\n" + body, 6000);
}

std::string changes_html(const Answers& bodies) {
  constexpr std::size_t most = 60;
  if (bodies.before.empty() || bodies.after.empty()) return "";
  const auto changes = joined_changes(changes_between(bodies.before, bodies.after));
  std::string rows;
  for (std::size_t i = 0; i < std::min(changes.size(), most); ++i) {
    const auto& c = changes[i];
    if (c.place.empty()) continue;  // the whole body: shown below
    const std::string before = flat_html(shortened(c.before, 300)), after = flat_html(shortened(c.after, 300));
    rows += "<tr><th scope=\"row\">" + flat_html(c.place) + "</th>";
    if (c.kind == Change::Kind::gone)
      rows += "<td class=\"whole\" colspan=\"2\">gone: <del>" + before + "</del></td>";
    else if (c.kind == Change::Kind::added)
      rows += "<td class=\"whole\" colspan=\"2\">new: <ins>" + after + "</ins></td>";
    else
      rows += "<td data-l=\"before\">" + (before.empty() ? "–" : "<del>" + before + "</del>") +
              "</td><td data-l=\"at the page\">" + (after.empty() ? "<i>removed</i>" : "<ins>" + after + "</ins>") +
              "</td>";
    rows += "</tr>";
  }
  if (changes.size() > most)
    rows += "<tr><td class=\"whole\" colspan=\"3\">… and " + std::to_string(changes.size() - most) +
            " more: diff.json in the bundle</td></tr>";
  return rows.empty() ? "" : table_html("Fields that changed", {"Field", "Before", "At the page"}, rows);
}

std::string read_changes(const BundleFiles& files, const std::string& read, const json::object& o) {
  const auto reading = object_at(o, "reading"), came = object_at(o, "outcome");
  std::string out = "<h3>" + flat_html(read) + ": " + reading_html(text_at(reading, "before")) + " → " +
                    reading_html(text_at(reading, "after"));
  if (text_at(came, "before") != text_at(came, "after"))
    out += " <span class=\"dim\">(" + flat_html(text_at(came, "before")) + " → " + flat_html(text_at(came, "after")) +
           ")</span>";
  out += "</h3>";
  std::string reasons;
  for (const auto& each : array_at(o, "reasons")) reasons += "<li>" + flat_html(text_of(each)) + "</li>";
  if (!reasons.empty()) out += "<ul>" + reasons + "</ul>";
  out += changes_html(bodies_of(files, read));
  const std::string before = answer_in(files, "last-good", read), after = answer_in(files, "at-page", read);
  if (!before.empty() || !after.empty())
    out +=
        "<details class=\"bodies\" open><summary>Both answers</summary><div class=\"pair\"><div><p class=\"dim\">last "
        "good</p><pre tabindex=\"0\">" +
        html_text(before) + "</pre></div><div><p class=\"dim\">at the page</p><pre tabindex=\"0\">" + html_text(after) +
        "</pre></div></div></details>";
  return out;
}

std::string changes(const BundleFiles& files) {
  std::string out;
  for (const auto& [key, value] : object_in(files, "diff.json"))
    out += value.is_object() ? read_changes(files, std::string(key), value.get_object())
                             : "<p>" + flat_html(text_of(value)) + "</p>";
  return out.empty() ? "<p>Nothing that was read had changed.</p>" : out;
}

std::string checks(const BundleFiles& files) {
  std::string out;
  for (const auto& [name, contents] : files) {
    if (!name.starts_with("checks/") || !name.ends_with("/result.json")) continue;
    const auto o = object_of(contents);
    const std::string folder = name.substr(0, name.size() - std::string_view("result.json").size());
    const std::string exit = text_at(o, "exit");
    out += "<h3>" + html_text(folder.substr(7, folder.size() - 8)) + ": " + reading_html(text_at(o, "reading")) +
           "</h3><p class=\"dim\">" + moment_html(o, "at") +
           (text_at(o, "ms").empty() ? "" : ", " + html_text(text_at(o, "ms")) + " ms") +
           (exit.empty() ? "" : ", exit " + html_text(exit)) + "</p>";
    for (const auto& reason : array_at(o, "reasons")) out += "<p>" + html_text(text_of(reason)) + "</p>";
    for (const char* stream : {"stdout", "stderr"})
      if (const auto found = files.find(folder + stream); found != files.end() && !found->second.empty())
        out += "<p class=\"dim\">" + std::string(stream) + "</p><pre class=\"out\" tabindex=\"0\">" +
               html_text(shortened(found->second, 8000)) + "</pre>";
  }
  return out.empty() ? "<p>No check had run.</p>" : out;
}

// --- the incident ---

std::string runbook_html(const json::object& runbook) {
  const std::string title = text_at(runbook, "title"), owner = text_at(runbook, "owner"), url = text_at(runbook, "url");
  if (title.empty() && url.empty()) return "";
  return "<p>Runbook: " + link_html(url, title.empty() ? url : title) +
         (owner.empty() ? "" : ", owner " + flat_html(owner)) +
         (url.empty() || title.empty() ? "" : "<br><span class=\"dim\">" + flat_html(url) + "</span>") + "</p>";
}

/// What somebody does next, beside why.
std::string sides(const json::object& m) {
  std::string why, next;
  for (const auto& each : array_at(m, "why")) why += "<li>" + flat_html(text_of(each)) + "</li>";
  if (!why.empty()) why = "<h2>Why</h2><ul>" + why + "</ul>";
  if (const auto step = text_at(m, "next_safe_step"); !step.empty())
    next = "<h2>Next safe step</h2><p class=\"step\">" + flat_html(step) + "</p>";
  next += runbook_html(object_at(m, "runbook"));
  return "<div class=\"pair\"><div>" + why + "</div><div>" + next + "</div></div>";
}

/// How long each step took, as tiles.
std::string times(const json::object& m, const json::object& now) {
  std::string out;
  for (const auto& step : steps_of(m, now))
    out += "<div><span class=\"dim\">" + step.name + "</span><strong>" +
           (step.after ? humanize(*step.after) : std::string("not yet")) + "</strong><span class=\"dim\">" +
           (step.at ? step.since + "<br>" + time_html(*step.at) : std::string("–")) + "</span></div>";
  return out.empty() ? "" : "<div class=\"tiles\" role=\"group\" aria-label=\"How long it took\">" + out + "</div>";
}

std::string ledger(const json::array& conditions) {
  std::string out;
  for (const auto& each : conditions) {
    if (!each.is_object()) continue;
    const auto& c = each.get_object();
    const std::string state = text_at(c, "state");
    const Look look = look_of(state);
    const std::string mark =
        std::string("<b class=\"word ") + look.css + "\" aria-hidden=\"true\">" + look.sign + "</b> ";
    std::string by = text_at(c, "by");
    if (state != "met") by = state + (by.empty() ? "" : ": " + by);
    by = html_text(by);
    if (const auto at = moment_html(c, "at"); !at.empty()) by += (by.empty() ? "" : ", ") + at;
    out += "<li>" + mark + html_text(text_at(c, "number") + ". " + text_at(c, "title")) +
           (by.empty() ? "" : "<br><span class=\"dim\">" + by + "</span>") + "</li>";
  }
  return out.empty() ? "" : "<ol class=\"ledger\">" + out + "</ol>";
}

std::string alerts(const json::object& now) {
  if (now.empty())
    return "<p>The page left right after this was sealed; how it was answered is known to the daemon: <code>readback "
           "report ID</code> on its host.</p>";
  std::string rows;
  for (const auto& each : array_at(now, "alerts")) {
    if (!each.is_object()) continue;
    const auto& a = each.get_object();
    const std::string answer = text_at(a, "answer"), tries = text_at(a, "attempts");
    rows += "<tr><td>" + moment_html(a, "at") + "</td><td>" + flat_html(text_at(a, "event")) +
            "</td><td data-l=\"to\">" + flat_html(text_at(a, "sink")) + "</td><td>" + word_html(text_at(a, "state")) +
            (answer.empty() ? "" : ": " + flat_html(answer)) +
            (tries.empty() || tries == "1" || tries == "0" ? "" : ", attempt " + flat_html(tries)) + "</td></tr>";
  }
  return rows.empty() ? "<p>No alert was sent: no sink takes this boundary, or it was held back.</p>"
                      : table_html("Alerts", {"Sent", "Event", "To", "Answer"}, rows);
}

std::string happened(const json::object& now) {
  std::string rows;
  for (const auto& each : array_at(now, "timeline")) {
    if (!each.is_object()) continue;
    const auto& e = each.get_object();
    rows += "<tr><td>" + moment_html(e, "at") + "</td><td>" + flat_html(text_at(e, "kind")) +
            "</td><td class=\"whole\">" + flat_html(text_at(e, "text")) + "</td></tr>";
  }
  return rows.empty() ? "" : "<h2>What happened</h2>" + table_html("What happened", {"When", "What", "Told"}, rows);
}

// --- vantage points ---

/// What each read was and became, as one host saw it: "health: pass → unreachable, connection refused".
std::string changes_in_short(const BundleFiles& files) {
  constexpr std::size_t most = 8;
  std::string items;
  std::size_t shown = 0;
  for (const auto& [key, value] : object_in(files, "diff.json")) {
    if (!value.is_object()) continue;
    if (++shown > most) {
      items += "<li>… the rest is in its bundle</li>";
      break;
    }
    const auto& o = value.get_object();
    const auto reading = object_at(o, "reading");
    const auto reasons = array_at(o, "reasons");
    items += "<li>" + html_text(std::string(key)) + ": " + reading_html(text_at(reading, "before")) + " → " +
             reading_html(text_at(reading, "after")) +
             (reasons.empty() ? "" : ", " + html_text(shortened(text_of(reasons.front()), 200))) + "</li>";
  }
  return items.empty() ? "" : "<ul>" + items + "</ul>";
}

std::string sweep_moment(const json::object& manifest, std::string_view phase) {
  return moment_html(object_at(object_at(manifest, "sweeps"), phase), "at");
}

/// One host's card: how long it was well, what failed first, when it was sure, and where its evidence is.
std::string vantage_card(const std::string& host, const std::string& snapshot, const BundleFiles& files,
                         const std::string& trouble) {
  std::string html = "<section class=\"vantage\"><h3>" + html_text(host) + "</h3>";
  const std::string pull = "<p><code>readback snapshot pull " + html_text(snapshot) + "</code></p>";
  if (files.empty())
    return html + "<p>" + word_html("missing", bad_look) + ": " + html_text(trouble) + "</p>" + pull + "</section>";
  const auto m = object_in(files, "manifest.json");
  const auto first = object_at(m, "first_failure");
  std::string verdict = text_at(m, "boundary");
  if (const auto extent = text_at(m, "extent"); !extent.empty()) verdict += ", " + extent;
  const std::string changed = changes_in_short(files);
  const auto known = [](const char* name, const std::string& value) {
    return value.empty() ? "" : row_html(name, value);
  };
  html += "<dl class=\"list\">" + known("well until", sweep_moment(m, "last-good")) +
          known("first bad", first.empty() ? sweep_moment(m, "first-bad")
                                           : moment_html(first, "at") + ", " + flat_html(text_at(first, "read"))) +
          known("confirmed", sweep_moment(m, "at-page")) + row("verdict", verdict) +
          known("sealed", moment_html(m, "sealed_at") + ", " + flat_html(text_at(m, "reason"))) + "</dl>";
  if (changed.empty() && !first.empty()) html += "<p>" + html_text(text_at(first, "reason")) + "</p>";
  return html + changed + pull + "</section>";
}

std::string vantage_points(const BundleFiles& files, const ReportContext& context) {
  if (context.vantage.empty()) return "";
  const auto m = object_in(files, "manifest.json");
  std::string html =
      "<h2>From where it was seen</h2><p class=\"dim\">What each host of the fleet has sealed of it; each time is that "
      "host's own clock.</p><div class=\"vantages\">" +
      vantage_card(context.host.empty() ? text_at(m, "host") : context.host, text_at(m, "id"), files, "");
  for (const auto& each : context.vantage) html += vantage_card(each.host, each.snapshot, each.files, each.trouble);
  return html + "</div>";
}

// --- the host ---

std::string gib(const json::object& o, std::string_view key, double unit) {
  const auto* v = o.if_contains(key);
  json::error_code ec;
  const double n = v ? v->to_number<double>(ec) : 0;
  if (!v || ec) return "?";
  const auto tenths = static_cast<std::int64_t>(n * unit / (1 << 30) * 10 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

std::string host(const json::object& h, const std::string& name) {
  std::string rows = row("host", name), load;
  for (const auto& each : array_at(h, "load")) load += (load.empty() ? "" : ", ") + text_of(each);
  rows += row("load (1, 5, 15 min)", load);
  if (const auto m = object_at(h, "memory"); !m.empty())
    rows += row("memory", gib(m, "MemAvailable_kib", 1024) + " available of " + gib(m, "MemTotal_kib", 1024));
  for (const auto& [path, disk] : object_at(h, "disk"))
    if (disk.is_object())
      rows += row("disk of " + std::string(path), gib(disk.get_object(), "available_bytes", 1) + " free of " +
                                                      gib(disk.get_object(), "total_bytes", 1));
  for (const auto& [what, text] : object_at(h, "pressure"))
    if (text.is_string()) rows += row("pressure: " + std::string(what), text_of(text));
  if (const auto up = text_at(h, "uptime_s"); !up.empty()) rows += row("up", up + " s");
  if (const auto c = object_at(h, "clock"); !c.empty())
    rows += row("clock", text_at(c, "synchronised") == "true" ? "synchronised" : "NOT synchronised");
  if (const auto d = object_at(h, "descriptors"); !d.empty())
    rows += row("descriptors of readbackd", text_at(d, "used") + " of " + text_at(d, "limit"));
  if (const auto* units = h.if_contains("failed_units"); units && units->is_array()) {
    std::string names;
    for (const auto& each : units->get_array()) names += (names.empty() ? "" : ", ") + text_of(each);
    rows += row("failed units", names.empty() ? "none" : names);
  }
  return "<dl class=\"list\">" + rows + "</dl>";
}

/// What is in the bundle, and what it was sealed by.
std::string sealed_files(const json::object& m) {
  std::string rows;
  for (const auto& [name, entry] : object_at(m, "files"))
    if (entry.is_object())
      rows += "<tr><th scope=\"row\">" + flat_html(std::string(name)) + "</th><td data-l=\"bytes\" class=\"num\">" +
              flat_html(text_at(entry.get_object(), "size")) + "</td><td data-l=\"redacted\" class=\"num\">" +
              flat_html(text_at(entry.get_object(), "redacted")) + "</td></tr>";
  return "<h2>Evidence</h2><p class=\"dim\">Sealed by readback " + flat_html(text_at(m, "version")) +
         ", configuration " + flat_html(text_at(m, "config_digest").substr(0, 12)) +
         "; <code>readback snapshot verify</code> finds any changed byte.</p><details id=\"files\"><summary>What is in "
         "the bundle</summary>" +
         table_html("Files of the bundle", {"File", "Bytes", "Redacted"}, rows) + "</details>";
}

std::string head_html(const std::string& title) {
  return "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" "
         "content=\"default-src 'none'; style-src '" +
         sha256_source(style()) + "'; script-src '" + sha256_source(script()) +
         "'; base-uri 'none'; form-action 'none'\"><meta name=\"viewport\" content=\"width=device-width, "
         "initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\"><title>" +
         flat_html(title) + "</title><style>" + style() + "</style></head><body>";
}

/// What it is about, in a frame as loud as it is.
std::string banner(const std::string& title, const json::object& m, const json::object& now) {
  const std::string severity = text_at(m, "severity"), state = text_at(now, "state");
  const bool over = state == "resolved" || state == "recovered";
  const Look look = over ? good_look : severity.empty() ? unknown_look : look_of(severity);
  std::string stands = severity.empty() ? "" : word_html(severity);
  if (!state.empty()) stands += (stands.empty() ? "" : ", ") + word_html(state, over ? good_look : look);
  const std::string target = text_at(m, "target") + ", environment " + text_at(m, "environment");
  return std::string("<header><div class=\"card banner ") + look.css + "\"><h1>" + flat_html(title) + "</h1><p>" +
         stands + (stands.empty() ? "" : "; ") + flat_html(target) + "</p></div></header>";
}

std::string facts(const json::object& m, const json::object& now) {
  const auto first = object_at(m, "first_failure");
  std::string html;
  if (!first.empty())
    html += row_html("failed first", flat_html(text_at(first, "read") + ": " + text_at(first, "reason")) + ", " +
                                         moment_html(first, "at"));
  const auto newest = [&](const char* key) { return text_at(now, key).empty() ? text_at(m, key) : text_at(now, key); };
  html += row("symptom", newest("symptom")) + row("exposed by", newest("exposed_by")) +
          row("boundary", text_at(m, "boundary").empty() ? "" : text_at(m, "boundary") + ", " + text_at(m, "extent"));
  if (const auto by = text_at(now, "acknowledged_by"); !by.empty())
    html += row_html("acknowledged", "by " + flat_html(by) + ", " + moment_html(now, "acknowledged_at"));
  return "<dl class=\"list\">" + html + row("incident", text_at(m, "incident")) +
         row_html("snapshot", flat_html(text_at(m, "id")) + ", sealed " + moment_html(m, "sealed_at") + ", " +
                                  flat_html(text_at(m, "reason"))) +
         "</dl>";
}

}  // namespace

std::string render_report(const BundleFiles& files, const ReportContext& context) {
  const auto m = object_in(files, "manifest.json"), now = object_of(context.incident);
  const std::string title =
      text_at(m, "summary").empty() ? "Snapshot of " + text_at(m, "target") : text_at(m, "summary");
  std::string html = head_html(title) + banner(title, m, now) + "<main>" + times(m, now) + facts(m, now) + sides(m);
  html +=
      "<details class=\"screen\" id=\"text\"><summary>Text to copy (Markdown)</summary><pre class=\"copy\" "
      "tabindex=\"0\">" +
      html_text(markdown_of(files, context)) + "</pre></details>";
  html += vantage_points(files, context);
  html += "<h2>Timeline</h2>" + timeline_html(files);
  html += "<h2>What changed since the last good sweep</h2>" + changes(files);
  html += "<h2>Checks</h2>" + checks(files);
  if (!text_at(m, "incident").empty()) html += "<h2>Alerts</h2>" + alerts(now);
  html += happened(now);
  const auto said = ledger(array_at(now.empty() ? m : now, "conditions"));
  if (!said.empty())
    html += "<h2>Resolved means six conditions</h2><p class=\"dim\">" +
            std::string(now.empty() ? "As they stood when this was sealed." : "As they stand now.") + "</p>" + said;
  html += "<h2>The host that watched</h2>" + host(object_in(files, "host.json"), text_at(m, "host"));
  return html + sealed_files(m) + "</main><footer class=\"dim\"><p class=\"zone\">Times are UTC.</p></footer><script>" +
         script() + "</script></body></html>\n";
}

}  // namespace readback
