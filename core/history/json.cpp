// One object for a bar, a day and a month: what people ask of each is the same.
#include "core/history/json.hpp"

#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {

namespace json = boost::json;

namespace {

json::value number_or_null(std::optional<double> number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::value seconds(Millis time) { return static_cast<double>(time.count()) / 1000; }
json::value seconds_or_null(std::optional<Millis> time) { return time ? seconds(*time) : json::value(nullptr); }

json::object reads_json(const boost::container::flat_map<std::string, ReadTally>& reads) {
  json::object all;
  for (const auto& [name, tally] : reads) {
    json::object readings;
    for (const auto& [word, count] : tally.words) readings[clean_utf8(word)] = count;
    json::object one;
    one["readings"] = std::move(readings);
    one["median_ms"] = number_or_null(in_ms(tally.latency.quantile(0.5)));
    one["p99_ms"] = number_or_null(in_ms(tally.latency.quantile(0.99)));
    all[clean_utf8(name)] = std::move(one);
  }
  return all;
}

}  // namespace

json::object history_json(const HistorySummary& s, bool with_reads) {
  json::object out;
  out["uptime"] = number_or_null(s.uptime);
  out["known"] = s.known;
  out["up_s"] = seconds(s.times[Availability::up]);
  out["outage_s"] = seconds(s.times[Availability::outage]);
  out["impaired_s"] = seconds(s.times[Availability::impaired]);
  out["maintenance_s"] = seconds(s.times[Availability::maintenance]);
  out["unknown_s"] = seconds(s.times[Availability::unknown]);
  out["incidents"] = s.incidents;
  out["outages"] = s.outages;
  out["longest_outage_s"] = seconds_or_null(s.longest_outage);
  out["mttr_s"] = seconds_or_null(s.mean_time_to_recover);
  out["median_ms"] = number_or_null(s.median_ms);
  out["p99_ms"] = number_or_null(s.p99_ms);
  out["sweeps"] = s.sweeps;
  out["void"] = s.voids;
  if (with_reads) out["reads"] = reads_json(s.reads);
  return out;
}

json::object history_json(const TargetHistory& history) {
  json::object out;
  out["target"] = clean_utf8(history.target);
  for (const auto& span : history.spans) {
    json::array bars;
    for (const auto& bar : span.bars) {
      auto one = history_json(bar.summary, false);
      one["from"] = to_rfc3339(bar.span.from);
      one["to"] = to_rfc3339(bar.span.to);
      bars.push_back(std::move(one));
    }
    auto whole = history_json(span.whole, false);
    whole["bars"] = std::move(bars);
    out[span.name] = std::move(whole);
  }
  return out;
}

}  // namespace readback
