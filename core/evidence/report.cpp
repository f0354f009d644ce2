#include "core/evidence/report.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/model/reads_json.hpp"

namespace readback {
namespace json = boost::json;
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
  return out;
}

json::object object_in(const BundleFiles& files, const std::string& name) {
  const auto found = files.find(name);
  if (found == files.end()) return {};
  json::error_code ec;
  const auto v = json::parse(found->second, ec);
  return !ec && v.is_object() ? v.get_object() : json::object{};
}
std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (!v || v->is_null()) return "";
  return v->is_string() ? std::string(v->get_string()) : json::serialize(*v);
}

constexpr const char* style = R"css(
:root{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;--pass:#0072b2;--warn:#e69f00;--fail:#d55e00;--none:#8c959f;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--line:#3d444d;--card:#161b22;--pass:#56b4e9;--warn:#f0c000;--fail:#ff8c42;--none:#768390}}
*{box-sizing:border-box}body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.35rem;line-height:1.3;margin:.2rem 0 1rem}h2{font-size:1.05rem;margin:1.8rem 0 .5rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1rem 0 .2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0}dt{color:var(--dim)}dd{margin:0}
pre{background:var(--card);border:1px solid var(--line);padding:.6rem;white-space:pre-wrap;font-size:.82rem;max-height:24rem;overflow:auto}
.step{background:var(--card);border-left:4px solid var(--pass);padding:.6rem .8rem}.badge{display:inline-block;border:1px solid currentColor;border-radius:.3rem;padding:0 .4rem;font-size:.85rem}
.critical,.error{color:var(--fail)}.warning{color:var(--warn)}svg{width:100%;height:auto;background:var(--card);border:1px solid var(--line)}svg text{fill:var(--fg);font:11px system-ui,sans-serif}
.key span{margin-right:1rem;white-space:nowrap}.p{fill:var(--pass)}.w{fill:var(--warn)}.f{fill:var(--fail)}.n{fill:var(--none)}.mark{stroke:var(--fg);stroke-dasharray:3 3}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{border-bottom:1px solid var(--line);padding:.3rem .4rem;text-align:left;vertical-align:top}
@media(max-width:34rem){dl{grid-template-columns:1fr}dt{margin-top:.4rem}}@media print{pre{max-height:none}body{max-width:none}}
)css";

/// One read of the timeline, as little as a mark in a lane needs.
struct Mark {
  WallTime at{};
  std::string lane, word, hover;
};

/// Readings in the timeline are raw; what they were understood to say stands only in `reads/`. A coarse word is enough
/// here.
std::string coarse_word(const RawRead& raw) {
  if (const auto* a = std::get_if<HttpAnswer>(&raw.answer))
    return a->status >= 200 && a->status < 300 ? "answered" : "HTTP " + std::to_string(a->status);
  if (const auto* e = std::get_if<TransportError>(&raw.answer)) return std::string(to_string(e->fault));
  const auto& run = std::get<CheckRun>(raw.answer);
  return run.exit ? "exit " + std::to_string(*run.exit) : std::string(to_string(*run.fault));
}
char class_of(const std::string& word) {
  if (word == "answered" || word == "exit 0") return 'p';
  if (word.starts_with("HTTP 5") || word == "refused" || word == "timeout" || word == "reset" || word == "tls" ||
      word == "dns" || word == "protocol" || word.starts_with("exit"))
    return 'f';
  return word.starts_with("HTTP") ? 'w' : 'n';
}

std::vector<Mark> marks_of(const BundleFiles& files) {
  std::vector<Mark> marks;
  const auto found = files.find("timeline.jsonl");
  if (found == files.end()) return marks;
  std::string_view rest = found->second;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto parsed = parse_recorded_read(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto* r = std::get_if<RecordedRead>(&parsed);
    if (!r) continue;
    Mark m{r->raw.at, r->raw.read, coarse_word(r->raw), ""};
    const auto& p = r->raw.phases;
    m.hover = m.lane + ": " + m.word + " at " + to_clock(m.at) + ", " + std::to_string(r->raw.took.count()) + " ms";
    for (const auto& [name, us] :
         {std::pair{"dns", p.dns_us}, {"connect", p.connect_us}, {"tls", p.tls_us}, {"first byte", p.first_byte_us}})
      if (us >= 0)
        m.hover +=
            std::string(", ") + name + " " + std::to_string(us / 1000) + "." + std::to_string(us / 100 % 10) + " ms";
    marks.push_back(std::move(m));
  }
  return marks;
}

/// Lanes of reads over time. The reading is told by colour and by shape: a bar that stands on the line, hangs or
/// crosses it.
std::string timeline_picture(const std::vector<Mark>& marks, std::optional<WallTime> sealed) {
  if (marks.empty()) return "<p>No reads of the time before are kept.</p>";
  std::vector<std::string> lanes;
  WallTime from = marks.front().at, to = marks.front().at;
  for (const auto& m : marks) {
    if (std::find(lanes.begin(), lanes.end(), m.lane) == lanes.end()) lanes.push_back(m.lane);
    from = std::min(from, m.at);
    to = std::max(to, m.at);
  }
  if (sealed) to = std::max(to, *sealed);
  constexpr int left = 170, right = 860, lane_height = 26, top = 8;
  const double span = std::max<double>(1000.0, static_cast<double>((to - from).count()));
  const auto x = [&](WallTime at) { return left + static_cast<double>((at - from).count()) / span * (right - left); };
  const auto number = [](double v) {
    return std::to_string(static_cast<int>(v * 10) / 10) + "." + std::to_string(static_cast<int>(v * 10) % 10);
  };
  const int height = top + lane_height * static_cast<int>(lanes.size()) + 24;
  std::string svg =
      "<svg viewBox=\"0 0 880 " + std::to_string(height) + "\" role=\"img\" aria-label=\"Timeline of all reads\">";
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const int y = top + lane_height * static_cast<int>(i);
    svg += "<text x=\"4\" y=\"" + std::to_string(y + 16) + "\">" + escaped(lanes[i].substr(0, 26)) + "</text>";
    for (const auto& m : marks) {
      if (m.lane != lanes[i]) continue;
      const char c = class_of(m.word);
      const int up = c == 'p' ? 8 : 2, tall = c == 'p' ? 8 : c == 'f' ? 20 : 14;
      svg += "<rect class=\"" + std::string(1, c) + "\" x=\"" + number(x(m.at)) + "\" y=\"" + std::to_string(y + up) +
             "\" width=\"4\" height=\"" + std::to_string(tall) + "\"><title>" + escaped(m.hover) + "</title></rect>";
    }
  }
  if (sealed)
    svg += "<line class=\"mark\" x1=\"" + number(x(*sealed)) + "\" x2=\"" + number(x(*sealed)) + "\" y1=\"2\" y2=\"" +
           std::to_string(height - 18) + "\"/>";
  svg += "<text x=\"" + std::to_string(left) + "\" y=\"" + std::to_string(height - 5) + "\">" + to_clock(from) +
         "</text><text x=\"" + std::to_string(right - 60) + "\" y=\"" + std::to_string(height - 5) + "\">" +
         to_clock(to) + "</text></svg>";
  return svg +
         "<p class=\"key\"><span>low bar: answered</span><span>middle bar: asked for something else</span><span>tall "
         "bar: failed or did not answer</span><span>dashed line: the page</span></p>";
}

std::string row(const std::string& name, const std::string& value) {
  return value.empty() ? "" : "<dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd>";
}

/// The parts of summary.md that belong on the page as they are: sections after `## `.
std::string section_of(const std::string& markdown, const std::string& title) {
  const auto at = markdown.find("## " + title + "\n");
  if (at == markdown.npos) return "";
  const auto from = at + title.size() + 4;
  const auto end = markdown.find("\n## ", from);
  std::string text = markdown.substr(from, end == markdown.npos ? end : end - from);
  while (!text.empty() && text.front() == '\n') text.erase(0, 1);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string list_html(const std::string& text, const std::string& tag) {
  std::string out = "<" + tag + ">";
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, end - from);
    from = end + 1;
    if (line.starts_with("- ")) line.erase(0, 2);
    if (line.size() > 3 && line[1] == '.' && line[2] == ' ') line.erase(0, 3);
    if (!line.empty()) out += "<li>" + escaped(line) + "</li>";
  }
  return out + "</" + tag + ">";
}

std::string body_in(const BundleFiles& files, const std::string& phase, const std::string& read) {
  const auto o = object_in(files, "reads/" + phase + "/" + read + ".json");
  if (const auto* http = o.if_contains("http"); http && http->is_object()) {
    std::string text = "HTTP " + text_at(http->get_object(), "status") + "\n" + text_at(http->get_object(), "body");
    return text.size() > 6000 ? text.substr(0, 6000) + "\n… (the rest is in the bundle)" : text;
  }
  return text_at(o, "error").empty() ? "" : text_at(o, "error") + ": " + text_at(o, "detail");
}

std::string changes(const BundleFiles& files) {
  std::string out;
  for (const auto& [read, value] : object_in(files, "diff.json")) {
    if (!value.is_object()) {
      out += "<p>" + escaped(value.is_string() ? std::string(value.get_string()) : "") + "</p>";
      continue;
    }
    const auto& o = value.get_object();
    std::string before, after;
    if (const auto* r = o.if_contains("reading"); r && r->is_object())
      before = text_at(r->get_object(), "before"), after = text_at(r->get_object(), "after");
    out += "<h3>" + escaped(std::string(read)) + ": " + escaped(before) + " → " + escaped(after) + "</h3>";
    if (const auto* reasons = o.if_contains("reasons"); reasons && reasons->is_array())
      for (const auto& each : reasons->get_array())
        out += "<p>" + escaped(each.is_string() ? std::string(each.get_string()) : "") + "</p>";
    std::string name(read);
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '_';
    out += "<details><summary>before and after</summary><pre>" + escaped(body_in(files, "last-good", name)) +
           "</pre><pre>" + escaped(body_in(files, "at-page", name)) + "</pre></details>";
  }
  return out.empty() ? "<p>Nothing that was read had changed.</p>" : out;
}

std::string checks(const BundleFiles& files) {
  std::string out;
  for (const auto& [name, contents] : files) {
    if (!name.starts_with("checks/") || !name.ends_with("/result.json")) continue;
    const auto o = object_in(files, name);
    const std::string folder = name.substr(0, name.size() - 11);
    out += "<h3>" + escaped(folder.substr(7, folder.size() - 8)) + ": " + escaped(text_at(o, "reading")) + "</h3>";
    for (const char* stream : {"stdout", "stderr"})
      if (const auto found = files.find(folder + stream); found != files.end() && !found->second.empty())
        out += "<p>" + std::string(stream) + "</p><pre>" + escaped(found->second.substr(0, 8000)) + "</pre>";
  }
  return out.empty() ? "<p>No check had run.</p>" : out;
}

}  // namespace

std::string render_report(const BundleFiles& files) {
  const auto m = object_in(files, "manifest.json");
  const auto found = files.find("summary.md");
  const std::string markdown = found == files.end() ? "" : found->second;
  const std::string title =
      text_at(m, "summary").empty() ? "Snapshot of " + text_at(m, "target") : text_at(m, "summary");
  const std::string severity = text_at(m, "severity");
  std::string first;
  if (const auto at = markdown.find("- failed first: "); at != markdown.npos)
    first = markdown.substr(at + 16, markdown.find('\n', at) - at - 16);

  std::string html =
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" "
      "content=\"no-referrer\"><title>" +
      escaped(title) + "</title><style>" + style + "</style></head><body><main>";
  if (!severity.empty()) html += "<span class=\"badge " + escaped(severity) + "\">" + escaped(severity) + "</span>";
  html += "<h1>" + escaped(title) + "</h1><dl>" + row("failed first", first) +
          row("boundary", text_at(m, "boundary").empty() ? "" : text_at(m, "extent") + " " + text_at(m, "boundary")) +
          row("target", text_at(m, "target") + ", environment " + text_at(m, "environment")) +
          row("incident", text_at(m, "incident")) +
          row("snapshot", text_at(m, "id") + ", sealed " + text_at(m, "sealed_at")) +
          row("read by", text_at(m, "host") + ", readback " + text_at(m, "version")) + "</dl>";
  const std::string why = section_of(markdown, "Why"), step = section_of(markdown, "Next safe step"),
                    conditions = section_of(markdown, "Resolved means");
  if (!step.empty()) html += "<h2>Next safe step</h2><p class=\"step\">" + escaped(step) + "</p>";
  if (!why.empty()) html += "<h2>Why</h2>" + list_html(why, "ul");
  html += "<h2>Timeline</h2>" + timeline_picture(marks_of(files), parse_rfc3339(text_at(m, "sealed_at")));
  html += "<h2>What changed since the last good sweep</h2>" + changes(files);
  html += "<h2>Checks</h2>" + checks(files);
  if (!conditions.empty()) html += "<h2>Resolved means six conditions</h2>" + list_html(conditions, "ol");
  html += "<h2>The host that watched</h2><pre>" + escaped(json::serialize(object_in(files, "host.json"))) + "</pre>";
  html += "<h2>Evidence</h2><table><tr><th>file</th><th>bytes</th><th>redacted</th></tr>";
  if (const auto* list = m.if_contains("files"); list && list->is_object())
    for (const auto& [name, entry] : list->get_object())
      if (entry.is_object())
        html += "<tr><td>" + escaped(std::string(name)) + "</td><td>" + escaped(text_at(entry.get_object(), "bytes")) +
                "</td><td>" + escaped(text_at(entry.get_object(), "redacted")) + "</td></tr>";
  return html + "</table></main></body></html>\n";
}

}  // namespace readback
