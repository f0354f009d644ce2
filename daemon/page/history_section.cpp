// A bar is as bad as the worst that was confirmed in its time: an outage of a minute is not lost in a day. Only bars
// that are not good tell more when they are pointed at; the others are one path.
#include "daemon/page/history_section.hpp"

#include <algorithm>
#include <cstdio>

#include "core/html/parts.hpp"
#include "core/text/time.hpp"

namespace readback {

namespace {

/// Percent and milliseconds as they are read: no more digits than mean something.
std::string short_number(double value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

/// To two digits and never rounded up: 100 is a span without any outage.
std::string percent_text(double value) {
  return value >= 100 ? "100 %"
                      : short_number(static_cast<double>(static_cast<std::int64_t>(value * 100)) / 100, 2) + " %";
}

std::string ms_text(double ms) { return short_number(ms, ms < 10 ? 1 : 0) + " ms"; }

char kind_of(const HistorySummary& s) {
  if (s.times[Availability::outage] > Millis(0)) return 'b';
  if (s.times[Availability::impaired] > Millis(0)) return 'w';
  if (s.times[Availability::up] > Millis(0)) return 'g';
  return s.times.all() > Millis(0) ? 'u' : 0;
}

std::string day_and_hour(WallTime t) { return to_rfc3339(t).substr(0, 10) + " " + to_clock(t).substr(0, 5) + "Z"; }

/// "2026-11-23 00:00Z: 98.21 %, outage 25m 40s".
std::string told(const HistoryBar& bar) {
  const auto& s = bar.summary;
  std::string out = day_and_hour(bar.span.from) + ": " + (s.uptime ? percent_text(*s.uptime) : "not seen");
  const std::pair<Availability, const char*> kinds[] = {{Availability::outage, "outage"},
                                                        {Availability::impaired, "impaired"},
                                                        {Availability::maintenance, "maintenance"},
                                                        {Availability::unknown, "not to be seen"}};
  for (const auto& [kind, name] : kinds)
    if (const Millis time = s.times[kind]; time > Millis(0)) out += std::string(", ") + name + " " + humanize(time);
  return out;
}

constexpr int bar_height = 24;

std::string bars_html(const HistoryBars& span, const std::string& label) {
  std::string good, others;
  const auto& bars = span.bars;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const char kind = kind_of(bars[i].summary);
    if (kind == 0) continue;
    const int tall = kind == 'b' ? bar_height : kind == 'w' ? 20 : kind == 'g' ? 15 : 8;
    char bar[96];
    if (kind == 'g') {
      const std::size_t from = i;
      while (i + 1 < bars.size() && kind_of(bars[i + 1].summary) == kind) ++i;
      std::snprintf(bar, sizeof bar, "M%zu %dh%zuv%dh-%zuz", from, bar_height - tall, i - from + 1, tall, i - from + 1);
      good += bar;
      continue;
    }
    std::snprintf(bar, sizeof bar, "<rect class=\"%c\" x=\"%zu\" y=\"%d\" width=\"1\" height=\"%d\"><title>", kind, i,
                  bar_height - tall, tall);
    others += bar;
    others += flat_html(told(bars[i])) + "</title></rect>";
  }
  const std::string count = std::to_string(span.bars.size());
  return "<svg class=\"bars n" + count + "\" viewBox=\"0 0 " + count +
         " 24\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" + flat_html(label) + "\">" +
         (good.empty() ? "" : "<path class=\"g\" d=\"" + good + "\"/>") + others + "</svg>";
}

/// Median and 99th percentile over the same time, from nothing at the foot to the slowest at the top.
std::string curve_html(const HistoryBars& span, const std::string& label) {
  double most = 0;
  for (const auto& bar : span.bars) most = std::max(most, bar.summary.p99_ms.value_or(0));
  if (most <= 0) return "";
  std::string out;
  for (const auto& [css, value] :
       {std::pair{"p99", &HistorySummary::p99_ms}, std::pair{"median", &HistorySummary::median_ms}}) {
    std::string path;
    bool is_down = false;
    for (std::size_t i = 0; i < span.bars.size(); ++i) {
      const auto& ms = span.bars[i].summary.*value;
      if (ms) {
        char point[80];
        const int y = 290 - static_cast<int>(*ms / most * 280);
        // A bar alone is a short line, not a point that nobody sees.
        std::snprintf(point, sizeof point, "%c%zu.1 %dH%zu.9", is_down ? 'L' : 'M', i, y, i);
        path += point;
      }
      is_down = ms.has_value();
    }
    out += std::string("<path class=\"") + css + "\" d=\"" + path + "\"/>";
  }
  return "<svg class=\"curve\" viewBox=\"0 0 " + std::to_string(span.bars.size()) +
         " 300\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" + flat_html(label) + "\">" + out + "</svg>";
}

std::string span_html(const HistoryBars& span) {
  const auto& whole = span.whole;
  const std::string name(span.name);
  const std::string uptime = whole.uptime ? percent_text(*whole.uptime) : "not seen";
  std::string latency;
  if (whole.median_ms && whole.p99_ms)
    latency = "median " + ms_text(*whole.median_ms) + ", 99 % within " + ms_text(*whole.p99_ms);
  const Millis down = whole.times[Availability::outage];
  std::string note = down > Millis(0) ? "down " + humanize(down) : whole.uptime ? "no outage" : "";
  if (whole.outages > 1) note += " in " + std::to_string(whole.outages) + " outages";
  if (whole.uptime && whole.known < 99) note += ", " + percent_text(whole.known) + " watched";
  return "<div class=\"span\"><p><strong>" + flat_html(name) + "</strong> " + uptime + " <span class=\"dim\">" + note +
         "</span></p>" + bars_html(span, name + ": uptime " + uptime + ", " + note) +
         curve_html(span, name + ": " + latency) + (latency.empty() ? "" : "<p class=\"dim\">" + latency + "</p>") +
         "</div>";
}

}  // namespace

std::string history_html(const TargetHistory& history) {
  const auto is_known = [](const HistoryBars& span) { return span.whole.times.all() > Millis(0); };
  if (std::none_of(history.spans.begin(), history.spans.end(), is_known)) return "";
  std::string out;
  for (const auto& span : history.spans) out += span_html(span);
  return "<div class=\"spans\" role=\"group\" aria-label=\"History of " + flat_html(history.target) + "\">" + out +
         "</div>";
}

std::string uptime_text(const TargetHistory& history) {
  for (const auto& span : history.spans)
    if (span.name == "30d" && span.whole.uptime) return percent_text(*span.whole.uptime);
  return "";
}

const TargetHistory* history_of(const std::vector<TargetHistory>& histories, const std::string& target) {
  const auto found =
      std::find_if(histories.begin(), histories.end(), [&](const auto& h) { return h.target == target; });
  return found == histories.end() ? nullptr : &*found;
}

}  // namespace readback
