// How it was: history by hours and days, and uptime by months, as an owner is asked for them.
#include <boost/json.hpp>
#include <charconv>

#include "core/text/time.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/json_at.hpp"
#include "daemon/client/show_history.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace json = boost::json;
namespace {

std::string only(const std::string& target) { return target.empty() ? "" : "&target=" + percent_encoded(target); }

struct OneHistory : Command {
  std::string target, since = "30d", step;
  void options(Options& o) override {
    o.text("--target", target, "only this one");
    o.text_or("--since", since, "24h, 30d, or a time; 400 days at most");
    o.text("--step", step, "hour or day; hours where none is\nsaid and --since is 48h or less");
  }
  int run(const Client& c) override {
    const auto length = parse_duration(since);
    const auto from = length ? std::optional(now().wall - *length) : parse_rfc3339(since);
    if (!from) c.fail("--since " + since + " is neither a duration like 30d nor a time", exit_usage);
    std::string by = step;
    if (by.empty()) by = now().wall - *from <= std::chrono::hours(48) ? "hour" : "day";
    if (by != "hour" && by != "day") c.fail("--step is hour or day, not " + step, exit_usage);
    const auto history =
        c.get("/v1/history?step=" + by + "&since=" + percent_encoded(to_rfc3339(*from)) + only(target));
    if (!c.raw(history)) print(show_history(history));
    return 0;
  }
};

using Month = std::chrono::year_month;

WallTime begin_of_month(Month month) { return std::chrono::sys_days(month / std::chrono::day(1)); }

/// `2026-11`.
std::optional<Month> parse_month(const std::string& text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  int year = 0;
  unsigned month = 0;
  const char* at = text.data();
  const auto [dash, no_year] = std::from_chars(at, at + 4, year);
  const auto [end, no_month] = std::from_chars(at + 5, at + 7, month);
  const Month parsed = std::chrono::year(year) / std::chrono::month(month);
  if (no_year != std::errc() || no_month != std::errc() || dash != at + 4 || end != at + 7 || !parsed.ok())
    return std::nullopt;
  return parsed;
}

struct Uptime : Command {
  std::string month, target;
  void options(Options& o) override {
    o.text("--month", month, "such as 2026-11; else this one. Months of UTC");
    o.text("--target", target, "only this one");
  }
  int run(const Client& c) override {
    const WallTime at = now().wall;
    if (month.empty()) month = to_rfc3339(at).substr(0, 7);
    const auto asked = parse_month(month);
    if (!asked) c.fail("--month " + month + " is no month like 2026-11", exit_usage);
    const WallTime from = begin_of_month(*asked), to = begin_of_month(*asked + std::chrono::months(1));
    if (from > at) c.fail("the month " + month + " is yet to come", exit_usage);
    const std::string span =
        "&since=" + percent_encoded(to_rfc3339(from)) + "&until=" + percent_encoded(to_rfc3339(to));
    const auto history = c.get("/v1/history?step=day" + span + only(target));
    json::array targets;
    for (const auto& each : history.at("targets").as_array()) {
      json::object one = each.as_object().at("total").as_object();
      for (const char* detail : {"reads", "sweeps", "void"}) one.erase(detail);
      one["target"] = each.as_object().at("target");
      targets.push_back(std::move(one));
    }
    const json::object uptime{{"schema", "readback.uptime/v1"}, {"month", month},   {"since", to_rfc3339(from)},
                              {"until", to_rfc3339(to)},        {"over", to <= at}, {"targets", std::move(targets)}};
    if (!c.raw(uptime)) print(show_uptime(uptime));
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> history_command() { return std::make_unique<OneHistory>(); }
std::unique_ptr<Command> uptime_command() { return std::make_unique<Uptime>(); }

}  // namespace readback
