// A mark a read: a lane for each of them, a column for each sweep.
#include "core/evidence/report_timeline.hpp"

#include <algorithm>

#include "core/codec/reads_json.hpp"
#include "core/evidence/report_json.hpp"
#include "core/html/parts.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"

namespace readback::parts {

namespace {

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
std::string timeline_picture(std::vector<Mark> marks, const boost::json::object& manifest) {
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
      const char c = look_of(m.word).lane;
      const int tall = c == 'g' ? 6 : c == 'b' ? full : c == 'w' ? 11 : 3;
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
    boost::json::error_code ec;
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
         "<p class=\"key dim\"><span><b class=\"word good\">▂</b> well</span><span><b class=\"word warn\">▅</b> warning"
         "</span><span><b class=\"word bad\">█</b> bad</span><span><b class=\"word unk\">▁</b> unknown</span><span>┆ "
         "first "
         "failure, page</span> One column is one sweep; the times, in UTC, are of the first and of the last.</p>";
}

}  // namespace

std::string timeline_html(const BundleFiles& files) {
  return timeline_picture(marks_of(files), object_in(files, "manifest.json"));
}

}  // namespace readback::parts
