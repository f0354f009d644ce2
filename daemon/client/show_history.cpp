// A share is never rounded up: 99.9996 % is not 100 %.
#include "daemon/client/show_history.hpp"

#include <boost/json.hpp>
#include <cmath>
#include <cstdio>

#include "core/text/time.hpp"
#include "daemon/client/json_at.hpp"
#include "daemon/client/rows.hpp"
#include "daemon/client/terminal.hpp"

namespace readback {
namespace json = boost::json;
namespace {

std::string with_digits(double value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string percent_at(const json::object& o, const char* key, int digits) {
  const auto value = number_at(o, key);
  if (!value) return "–";
  const double scale = std::pow(10.0, digits);
  return with_digits(std::floor(*value * scale + 1e-6) / scale, digits) + " %";
}

Millis time_at(const json::object& o, const char* key) {
  return Millis(static_cast<std::int64_t>(number_at(o, key).value_or(0) * 1000));
}

/// "–" for none.
std::string span_at(const json::object& o, const char* key) {
  const auto time = time_at(o, key);
  return time > Millis(0) ? humanize(time) : "–";
}

std::string latency_at(const json::object& o, const char* key) {
  const auto value = number_at(o, key);
  if (!value) return "–";
  return *value < 10 ? with_digits(*value, 1) + " ms"
                     : humanize(Millis(static_cast<std::int64_t>(std::llround(*value))));
}

std::string count_at(const json::object& o, const char* key) {
  const auto count = number_at(o, key).value_or(0);
  return count > 0 ? std::to_string(static_cast<std::int64_t>(count)) : "–";
}

/// How a bar of these is seen from afar.
std::string mark(const json::object& row) {
  if (time_at(row, "outage_s") > Millis(0)) return coloured("▁", "outage");
  if (time_at(row, "impaired_s") > Millis(0)) return coloured("▄", "warning");
  return number_at(row, "uptime") ? coloured("█", "green") : "·";
}

std::string marks(const json::array& rows, Millis step) {
  std::string out;
  std::optional<WallTime> before;
  for (const auto& each : rows) {
    const auto at = parse_rfc3339(text_at(each.as_object(), "from"));
    if (!at) continue;
    for (auto hole = before ? *before + step : *at; hole < *at; hole += step) out += "·";
    out += mark(each.as_object());
    before = at;
  }
  return out;
}

std::string about(const json::object& total) {
  if (!number_at(total, "uptime")) return "nothing was seen";
  std::string text = percent_at(total, "uptime", 3) + " up";
  if (const auto down = time_at(total, "outage_s"); down > Millis(0)) text += ", down for " + humanize(down);
  if (const auto impaired = time_at(total, "impaired_s"); impaired > Millis(0))
    text += ", impaired for " + humanize(impaired);
  return text + "; " + percent_at(total, "known", 1) + " of the time is known";
}

}  // namespace

std::string show_history(const json::object& history) {
  const bool hours = text_at(history, "step") == "hour";
  std::string out;
  for (const auto& each : array_at(history, "targets")) {
    const auto& target = each.as_object();
    const auto rows = array_at(target, "rows");
    const auto* total = object_at(target, "total");
    out += (out.empty() ? "" : "\n") + bold(text_at(target, "target")) + ": " + (total ? about(*total) : "") + "\n";
    if (rows.empty()) continue;
    if (is_terminal()) out += marks(rows, hours ? std::chrono::hours(1) : std::chrono::hours(24)) + "\n";
    Rows lines{
        {hours ? "HOUR (UTC)" : "DAY (UTC)", "UPTIME", "DOWN", "IMPAIRED", "INCIDENTS", "MEDIAN", "P99", "KNOWN"}};
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      const auto& r = row->as_object();
      std::string from = text_at(r, "from").substr(0, hours ? 16 : 10);
      if (hours && from.size() > 10) from[10] = ' ';
      lines.push_back({from, percent_at(r, "uptime", 3), span_at(r, "outage_s"), span_at(r, "impaired_s"),
                       count_at(r, "incidents"), latency_at(r, "median_ms"), latency_at(r, "p99_ms"),
                       percent_at(r, "known", 1)});
    }
    out += lines_of(lines);
  }
  return out.empty() ? "no target\n" : out;
}

std::string show_uptime(const json::object& uptime) {
  Rows lines{{"TARGET", "UPTIME", "DOWN", "IMPAIRED", "OUTAGES", "LONGEST", "MTTR", "KNOWN"}};
  bool is_whole = true;
  for (const auto& each : array_at(uptime, "targets")) {
    const auto& t = each.as_object();
    is_whole = is_whole && number_at(t, "known").value_or(0) >= 100;
    lines.push_back({text_at(t, "target"), percent_at(t, "uptime", 3), span_at(t, "outage_s"), span_at(t, "impaired_s"),
                     count_at(t, "outages"), span_at(t, "longest_outage_s"), span_at(t, "mttr_s"),
                     percent_at(t, "known", 1)});
  }
  std::string out =
      bold(text_at(uptime, "month")) + (true_at(uptime, "over") ? "" : " so far") + " (UTC)\n" + lines_of(lines);
  if (!is_whole) out += wrapped("What is not known counts neither as up nor as down.", 0) + "\n";
  return out;
}

}  // namespace readback
