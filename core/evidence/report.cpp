// One page that needs nothing but itself: the style is in it and named by its hash, there is no script, and whatever
// stands in the evidence is shown as text.
#include "core/evidence/report.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/codec/reads_json.hpp"
#include "core/codec/view_json.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "embedded/report_css.hpp"

namespace readback {
namespace json = boost::json;
namespace {

json::object object_of(std::string_view text) {
  json::error_code ec;
  const auto v = json::parse(text, ec);
  return !ec && v.is_object() ? v.get_object() : json::object{};
}
json::object object_in(const BundleFiles& files, const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? json::object{} : object_of(found->second);
}
json::object object_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_object() ? v->get_object() : json::object{};
}
json::array array_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_array() ? v->get_array() : json::array{};
}
std::string text_of(const json::value& v) {
  if (v.is_null()) return "";
  return v.is_string() ? std::string(v.get_string()) : json::serialize(v);
}
std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v ? text_of(*v) : "";
}
/// "2026-11-24 03:11:58Z": to the second, as the terminal shows it.
std::string moment(const json::object& o, std::string_view key) {
  const auto at = parse_rfc3339(text_at(o, key));
  return at ? to_rfc3339(*at).substr(0, 10) + " " + to_clock(*at) : "";
}

// --- the timeline ---

/// Good, something else, bad, and nothing said: the words that a reading can be.
char class_of(std::string_view word) {
  if (word == "pass" || word == "in_sync" || word == "collected") return 'p';
  if (word == "fail" || word == "unreachable" || word == "drift" || word == "missing" || word == "denied") return 'f';
  if (word == "throttled" || word == "running" || word == "not run" || word.empty()) return 'n';
  return 'w';
}

/// One read of the timeline, as little as a mark in a lane needs.
struct Mark {
  WallTime at{};
  std::uint64_t sweep = 0;
  std::string lane, word, hover;
};

std::string outcome(const RawRead& raw) {
  if (const auto* a = std::get_if<HttpAnswer>(&raw.answer)) return "HTTP " + std::to_string(a->status);
  if (const auto* e = std::get_if<TransportError>(&raw.answer)) return std::string(to_string(e->fault));
  const auto& run = std::get<CheckRun>(raw.answer);
  return run.exit ? "exit " + std::to_string(*run.exit) : std::string(to_string(*run.fault));
}

/// Bundles of other programs may not say what was read out of an answer; how it ended is better than nothing.
std::string coarse_word(const RawRead& raw) {
  if (const auto* a = std::get_if<HttpAnswer>(&raw.answer))
    return a->status < 300 ? "pass" : a->status >= 500 ? "fail" : "unknown";
  if (const auto* run = std::get_if<CheckRun>(&raw.answer)) return run->exit == 0 ? "in_sync" : "broken";
  return "unreachable";
}

std::vector<Mark> marks_of(const BundleFiles& files) {
  std::vector<Mark> marks;
  const auto found = files.find("timeline.jsonl");
  if (found == files.end()) return marks;
  std::string_view rest = found->second;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto parsed = parse_recorded_read(line);
    const auto* r = std::get_if<RecordedRead>(&parsed);
    if (!r || kind_of(r->raw.read) == ReadKind::votes) continue;
    const std::string said = text_at(object_of(line), "reading");
    Mark m{r->raw.at, r->sweep, r->raw.read, said.empty() ? coarse_word(r->raw) : said, ""};
    const auto& p = r->raw.phases;
    m.hover = m.lane + ": " + m.word + " (" + outcome(r->raw) + ") at " + to_clock(m.at) + ", " +
              std::to_string(r->raw.took.count()) + " ms";
    for (const auto& [name, us] :
         {std::pair{"dns", p.dns_us}, {"connect", p.connect_us}, {"tls", p.tls_us}, {"first byte", p.first_byte_us}})
      if (us >= 0)
        m.hover +=
            std::string(", ") + name + " " + std::to_string(us / 1000) + "." + std::to_string(us / 100 % 10) + " ms";
    marks.push_back(std::move(m));
  }
  return marks;
}

std::string number(double v) {
  const auto hundredths = static_cast<std::int64_t>(v * 100 + 0.5);
  std::string text = std::to_string(hundredths / 100) + ".";
  return text + static_cast<char>('0' + hundredths / 10 % 10) + static_cast<char>('0' + hundredths % 10);
}

/// A lane for each read, a column for each sweep: the burst of a confirmation takes as much room as the quiet before.
/// Positions across are per cent and heights are pixels, so that it fits a phone and a desk without scaling its text.
/// A reading is told by its colour and by the height of its bar.
std::string timeline_picture(std::vector<Mark> marks, const json::object& manifest) {
  if (marks.empty()) return "<p>No reads of the time before are kept.</p>";
  std::vector<std::string> lanes;
  std::vector<std::pair<std::uint64_t, WallTime>> columns;
  for (const auto& m : marks) {
    if (std::find(lanes.begin(), lanes.end(), m.lane) == lanes.end()) lanes.push_back(m.lane);
    const auto known =
        std::find_if(columns.rbegin(), columns.rend(), [&](const auto& c) { return c.first == m.sweep; });
    if (known == columns.rend())
      columns.emplace_back(m.sweep, m.at);
    else
      known->second = std::min(known->second, m.at);
  }
  std::stable_sort(lanes.begin(), lanes.end(), [](const auto& a, const auto& b) { return kind_of(a) < kind_of(b); });
  constexpr int lane_height = 38, full = 16, top = 6;
  const double width = 100.0 / static_cast<double>(columns.size());
  const auto place = [&](std::uint64_t sweep) {
    const auto at = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.first == sweep; });
    return static_cast<double>(at - columns.begin()) * width;
  };
  const int height = top + lane_height * static_cast<int>(lanes.size()) + 24;
  std::string svg = "<svg height=\"" + std::to_string(height) + "\" role=\"img\" aria-label=\"Timeline of all reads\">";
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const int y = top + lane_height * static_cast<int>(i);
    svg += "<text x=\"6\" y=\"" + std::to_string(y + 13) + "\">" + html_text(lanes[i]) + "</text>";
    for (const auto& m : marks) {
      if (m.lane != lanes[i]) continue;
      const char c = class_of(m.word);
      const int tall = c == 'p' ? 6 : c == 'f' ? full : c == 'w' ? 11 : 3;
      svg += "<rect class=\"" + std::string(1, c) + "\" x=\"" + number(place(m.sweep)) + "%\" y=\"" +
             std::to_string(y + 18 + full - tall) + "\" width=\"" + number(width * 0.86) + "%\" height=\"" +
             std::to_string(tall) + "\"><title>" + html_text(m.hover) + "</title></rect>";
    }
  }
  // Where it began to fail, and where the page left.
  const auto sweeps = object_at(manifest, "sweeps");
  const auto line = [&](const char* phase) {
    const auto o = object_at(sweeps, phase);
    const auto* sweep = o.if_contains("sweep");
    json::error_code ec;
    const auto n = sweep ? sweep->to_number<std::uint64_t>(ec) : 0;
    if (!sweep || ec || std::none_of(columns.begin(), columns.end(), [&](const auto& c) { return c.first == n; }))
      return;
    const auto x = number(place(n));
    svg += "<line class=\"mark\" x1=\"" + x + "%\" x2=\"" + x + "%\" y1=\"2\" y2=\"" + std::to_string(height - 20) +
           "\"/>";
  };
  line("first-bad");
  line("at-page");
  const std::string foot = std::to_string(height - 7);
  svg += "<text class=\"dim\" x=\"6\" y=\"" + foot + "\">" + to_clock(columns.front().second) +
         "</text><text class=\"dim\" x=\"99%\" text-anchor=\"end\" y=\"" + foot + "\">" +
         to_clock(columns.back().second) + "</text></svg>";
  return svg +
         "<p class=\"key\"><span><b class=\"p\">▂</b> pass</span><span><b class=\"w\">▅</b> warn, unknown, "
         "broken</span><span><b class=\"f\">█</b> fail, unreachable, drift</span><span><b class=\"n\">▁</b> "
         "throttled</span><span>┆ first failure, page</span> One column is one sweep; the times are of the first and "
         "of "
         "the last.</p>";
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

std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  return std::string(whole_characters(text, most)) + "\n… (the rest is in the bundle)";
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

/// What stood at this place before: RFC 6901.
std::string value_before(const BundleFiles& files, const std::string& read, std::string_view pointer) {
  const auto o = object_in(files, "reads/last-good/" + file_name_of(read) + ".json");
  json::error_code ec;
  const auto body = json::parse(text_at(object_at(o, "http"), "body"), ec);
  if (ec || pointer.empty()) return "";
  const auto* found = body.find_pointer(pointer, ec);
  return !found || ec ? "" : json::serialize(*found);
}

std::string patch_table(const BundleFiles& files, const std::string& read, const json::array& patch) {
  constexpr std::size_t most = 40;
  std::string rows;
  std::size_t shown = 0;
  for (const auto& each : patch) {
    if (!each.is_object() || text_at(each.get_object(), "path").empty()) continue;  // the whole body: shown below
    if (++shown > most) {
      rows += "<tr><td colspan=\"3\">… and " + std::to_string(patch.size() - most) +
              " more: diff.json in the bundle</td></tr>";
      break;
    }
    const auto& op = each.get_object();
    const std::string path = text_at(op, "path");
    const auto* value = op.if_contains("value");
    const std::string before = text_at(op, "op") == "add" ? "" : value_before(files, read, path);
    rows += "<tr><td>" + html_text(path) + "</td><td>" +
            (before.empty() ? "" : "<del>" + html_text(shortened(before, 300)) + "</del>") + "</td><td>" +
            (value ? "<ins>" + html_text(shortened(json::serialize(*value), 300)) + "</ins>" : "<i>removed</i>") +
            "</td></tr>";
  }
  return rows.empty() ? ""
                      : "<div class=\"scroll\"><table class=\"diff\"><tr><th>field</th><th>before</th><th>at the "
                        "page</th></tr>" +
                            rows + "</table></div>";
}

std::string word_html(const std::string& word) {
  return "<span class=\"" + std::string(1, class_of(word)) + "\">" + html_text(word) + "</span>";
}

std::string changes(const BundleFiles& files) {
  std::string out;
  for (const auto& [key, value] : object_in(files, "diff.json")) {
    if (!value.is_object()) {
      out += "<p>" + html_text(text_of(value)) + "</p>";
      continue;
    }
    const std::string read(key);
    const auto& o = value.get_object();
    const auto reading = object_at(o, "reading"), came = object_at(o, "outcome");
    out += "<h3>" + html_text(read) + ": " + word_html(text_at(reading, "before")) + " → " +
           word_html(text_at(reading, "after"));
    if (text_at(came, "before") != text_at(came, "after"))
      out += " <span class=\"dim\">(" + html_text(text_at(came, "before")) + " → " + html_text(text_at(came, "after")) +
             ")</span>";
    out += "</h3><ul>";
    for (const auto& each : array_at(o, "reasons")) out += "<li>" + html_text(text_of(each)) + "</li>";
    out += "</ul>" + patch_table(files, read, array_at(o, "patch"));
    const std::string before = answer_in(files, "last-good", read), after = answer_in(files, "at-page", read);
    if (!before.empty() || !after.empty())
      out += "<div class=\"pair\"><div><p class=\"dim\">last good</p><pre>" + html_text(before) +
             "</pre></div><div><p class=\"dim\">at the page</p><pre>" + html_text(after) + "</pre></div></div>";
  }
  return out.empty() ? "<p>Nothing that was read had changed.</p>" : out;
}

std::string checks(const BundleFiles& files) {
  std::string out;
  for (const auto& [name, contents] : files) {
    if (!name.starts_with("checks/") || !name.ends_with("/result.json")) continue;
    const auto o = object_of(contents);
    const std::string folder = name.substr(0, name.size() - std::string_view("result.json").size());
    const std::string exit = text_at(o, "exit");
    out += "<h3>" + html_text(folder.substr(7, folder.size() - 8)) + ": " + word_html(text_at(o, "reading")) +
           "</h3><p class=\"dim\">" + html_text(moment(o, "at")) +
           (text_at(o, "ms").empty() ? "" : ", " + html_text(text_at(o, "ms")) + " ms") +
           (exit.empty() ? "" : ", exit " + html_text(exit)) + "</p>";
    for (const auto& reason : array_at(o, "reasons")) out += "<p>" + html_text(text_of(reason)) + "</p>";
    for (const char* stream : {"stdout", "stderr"})
      if (const auto found = files.find(folder + stream); found != files.end() && !found->second.empty())
        out += "<p class=\"dim\">" + std::string(stream) + "</p><pre class=\"out\">" +
               html_text(shortened(found->second, 8000)) + "</pre>";
  }
  return out.empty() ? "<p>No check had run.</p>" : out;
}

// --- the incident ---

std::string row(const std::string& name, const std::string& value) {
  return value.empty() ? "" : "<dt>" + html_text(name) + "</dt><dd>" + html_text(value) + "</dd>";
}

std::string link(const std::string& url) {
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  return web ? "<a rel=\"noreferrer noopener\" href=\"" + html_text(url) + "\">" + html_text(url) + "</a>"
             : html_text(url);
}

std::string runbook_html(const json::object& runbook) {
  const std::string title = text_at(runbook, "title"), owner = text_at(runbook, "owner"), url = text_at(runbook, "url");
  if (title.empty() && url.empty()) return "";
  return "<h2>Runbook</h2><p>" + html_text(title) + (owner.empty() ? "" : ", owner " + html_text(owner)) +
         (url.empty() ? "" : "<br>" + link(url)) + "</p>";
}

std::string ledger(const json::array& conditions) {
  std::string out;
  for (const auto& each : conditions) {
    if (!each.is_object()) continue;
    const auto& c = each.get_object();
    const std::string state = text_at(c, "state");
    const char* mark = state == "met"              ? "<b class=\"p\">✓</b> "
                       : state == "not_applicable" ? "<b class=\"n\">–</b> "
                       : state == "unattested"     ? "<b class=\"w\">?</b> "
                                                   : "<b class=\"f\">✗</b> ";
    std::string by = text_at(c, "by");
    if (state != "met") by = state + (by.empty() ? "" : ": " + by);
    if (const auto at = moment(c, "at"); !at.empty()) by += (by.empty() ? "" : ", ") + at;
    out += std::string("<li>") + mark + html_text(text_at(c, "number") + ". " + text_at(c, "title")) +
           (by.empty() ? "" : "<br><span class=\"dim\">" + html_text(by) + "</span>") + "</li>";
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
    const std::string state = text_at(a, "state"), answer = text_at(a, "answer");
    const char c = state == "delivered" ? 'p' : state == "dead" ? 'f' : 'w';
    const std::string tries = text_at(a, "attempts");
    rows += "<tr><td class=\"t\">" + html_text(moment(a, "at")) + "</td><td>" + html_text(text_at(a, "event")) +
            "</td><td>" + html_text(text_at(a, "sink")) + "</td><td><span class=\"" + std::string(1, c) + "\">" +
            html_text(state) + "</span>" + (answer.empty() ? "" : ": " + html_text(answer)) +
            (tries.empty() || tries == "1" || tries == "0" ? "" : ", attempt " + html_text(tries)) + "</td></tr>";
  }
  return rows.empty() ? "<p>No alert was sent: no sink takes this boundary, or it was held back.</p>"
                      : "<div class=\"scroll\"><table><tr><th>sent</th><th>event</th><th>to</th><th>answer</th></tr>" +
                            rows + "</table></div>";
}

std::string happened(const json::object& now) {
  std::string rows;
  for (const auto& each : array_at(now, "timeline")) {
    if (!each.is_object()) continue;
    const auto& e = each.get_object();
    rows += "<tr><td class=\"t\">" + html_text(moment(e, "at")) + "</td><td>" + html_text(text_at(e, "kind")) +
            "</td><td>" + html_text(text_at(e, "text")) + "</td></tr>";
  }
  return rows.empty() ? "" : "<h2>What happened</h2><div class=\"scroll\"><table>" + rows + "</table></div>";
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
    items += "<li>" + html_text(std::string(key)) + ": " + word_html(text_at(reading, "before")) + " → " +
             word_html(text_at(reading, "after")) +
             (reasons.empty() ? "" : ", " + html_text(shortened(text_of(reasons.front()), 200))) + "</li>";
  }
  return items.empty() ? "" : "<ul>" + items + "</ul>";
}

std::string sweep_moment(const json::object& manifest, std::string_view phase) {
  return moment(object_at(object_at(manifest, "sweeps"), phase), "at");
}

/// One host's card: how long it was well, what failed first, when it was sure, and where its evidence is.
std::string vantage_card(const std::string& host, const std::string& snapshot, const BundleFiles& files,
                         const std::string& trouble) {
  std::string html = "<section class=\"vantage\"><h3>" + html_text(host) + "</h3>";
  const std::string pull = "<p><code>readback snapshot pull " + html_text(snapshot) + "</code></p>";
  if (files.empty()) return html + "<p class=\"f\">" + html_text(trouble) + "</p>" + pull + "</section>";
  const auto m = object_in(files, "manifest.json");
  const auto first = object_at(m, "first_failure");
  std::string verdict = text_at(m, "boundary");
  if (const auto extent = text_at(m, "extent"); !extent.empty()) verdict += ", " + extent;
  const std::string changed = changes_in_short(files);
  html += "<dl>" + row("well until", sweep_moment(m, "last-good")) +
          row("first bad",
              first.empty() ? sweep_moment(m, "first-bad") : moment(first, "at") + ", " + text_at(first, "read")) +
          row("confirmed", sweep_moment(m, "at-page")) + row("verdict", verdict) +
          row("sealed", moment(m, "sealed_at") + ", " + text_at(m, "reason")) + "</dl>";
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
  return "<dl>" + rows + "</dl>";
}

/// What is in the bundle, and what it was sealed by.
std::string sealed_files(const json::object& m) {
  std::string html = "<h2>Evidence</h2><p class=\"dim\">Sealed by readback " + html_text(text_at(m, "version")) +
                     ", configuration " + html_text(text_at(m, "config_digest").substr(0, 12)) +
                     "; <code>readback snapshot verify</code> finds any changed byte.</p><div "
                     "class=\"scroll\"><table><tr><th>file</th><th>bytes</th><th>redacted</th></tr>";
  for (const auto& [name, entry] : object_at(m, "files"))
    if (entry.is_object())
      html += "<tr><td>" + html_text(std::string(name)) + "</td><td class=\"num\">" +
              html_text(text_at(entry.get_object(), "size")) + "</td><td class=\"num\">" +
              html_text(text_at(entry.get_object(), "redacted")) + "</td></tr>";
  return html + "</table></div>";
}

}  // namespace

std::string render_report(const BundleFiles& files, const ReportContext& context) {
  const auto m = object_in(files, "manifest.json"), now = object_of(context.incident);
  const std::string title =
      text_at(m, "summary").empty() ? "Snapshot of " + text_at(m, "target") : text_at(m, "summary");
  const std::string severity = text_at(m, "severity"), state = text_at(now, "state");
  const auto first = object_at(m, "first_failure");

  std::string html =
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src '" +
      sha256_source(report_css) +
      "'; base-uri 'none'; form-action 'none'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" "
      "content=\"no-referrer\"><title>" +
      html_text(title) + "</title><style>" + std::string(report_css) + "</style></head><body><main>";
  if (!severity.empty()) html += "<span class=\"badge " + html_text(severity) + "\">" + html_text(severity) + "</span>";
  if (!state.empty()) html += "<span class=\"badge\">" + html_text(state) + "</span>";
  html += "<h1>" + html_text(title) + "</h1><dl>";
  if (!first.empty())
    html += row("failed first", text_at(first, "read") + ": " + text_at(first, "reason") + ", " + moment(first, "at"));
  const std::string symptom = text_at(now, "symptom").empty() ? text_at(m, "symptom") : text_at(now, "symptom");
  const std::string exposed =
      text_at(now, "exposed_by").empty() ? text_at(m, "exposed_by") : text_at(now, "exposed_by");
  html += row("symptom", symptom) + row("exposed by", exposed) +
          row("boundary", text_at(m, "boundary").empty() ? "" : text_at(m, "boundary") + ", " + text_at(m, "extent")) +
          row("target", text_at(m, "target") + ", environment " + text_at(m, "environment")) +
          row("acknowledged", text_at(now, "acknowledged_by").empty()
                                  ? ""
                                  : "by " + text_at(now, "acknowledged_by") + ", " + moment(now, "acknowledged_at")) +
          row("incident", text_at(m, "incident")) +
          row("snapshot", text_at(m, "id") + ", sealed " + moment(m, "sealed_at") + ", " + text_at(m, "reason")) +
          "</dl>";
  if (const auto step = text_at(m, "next_safe_step"); !step.empty())
    html += "<h2>Next safe step</h2><p class=\"step\">" + html_text(step) + "</p>";
  html += runbook_html(object_at(m, "runbook"));
  if (const auto why = array_at(m, "why"); !why.empty()) {
    html += "<h2>Why</h2><ul>";
    for (const auto& each : why) html += "<li>" + html_text(text_of(each)) + "</li>";
    html += "</ul>";
  }
  html += vantage_points(files, context);
  html += "<h2>Timeline</h2>" + timeline_picture(marks_of(files), m);
  html += "<h2>What changed since the last good sweep</h2>" + changes(files);
  html += "<h2>Checks</h2>" + checks(files);
  if (!text_at(m, "incident").empty()) html += "<h2>Alerts</h2>" + alerts(now);
  html += happened(now);
  const auto said = ledger(array_at(now.empty() ? m : now, "conditions"));
  if (!said.empty())
    html += "<h2>Resolved means six conditions</h2><p class=\"dim\">" +
            std::string(now.empty() ? "As they stood when this was sealed." : "As they stand now.") + "</p>" + said;
  html += "<h2>The host that watched</h2>" + host(object_in(files, "host.json"), text_at(m, "host"));
  return html + sealed_files(m) + "</main></body></html>\n";
}

}  // namespace readback
