// An age is counted on the daemon's clock, by the `at` of its answer: the clock of whoever looks may be another.
#include "daemon/client/when.hpp"

#include "core/text/time.hpp"
#include "daemon/client/json_at.hpp"
#include "daemon/client/terminal.hpp"

namespace readback {
namespace {

std::string span(Millis length) {
  const auto seconds = std::chrono::duration_cast<Seconds>(length).count();
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 60 * 60) return std::to_string(seconds / 60) + "m";
  if (seconds < 48 * 60 * 60) return std::to_string(seconds / (60 * 60)) + "h";
  return std::to_string(seconds / (24 * 60 * 60)) + "d";
}

std::time_t seconds_of(WallTime at) { return std::chrono::duration_cast<Seconds>(at.time_since_epoch()).count(); }

/// `04:11 here`, with the date when that is another one; "" where the zone is UTC or nobody looks.
std::string local(WallTime at) {
  if (!is_terminal()) return "";
  const std::time_t seconds = seconds_of(at);
  const auto here = local_time(at);
  std::tm there{};
  if (!here || !::gmtime_r(&seconds, &there) || here->tm_gmtoff == 0) return "";
  const bool same_day = here->tm_yday == there.tm_yday;
  return written(*here, same_day ? "%H:%M" : "%b %e, %H:%M") + " here";
}

}  // namespace

std::optional<std::tm> local_time(WallTime at) {
  const std::time_t seconds = seconds_of(at);
  std::tm here{};
  return ::localtime_r(&seconds, &here) ? std::optional(here) : std::nullopt;
}

std::string written(const std::tm& time, const char* format) {
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, format, &time));
}

std::string age(WallTime at, WallTime now) {
  if (at > now && at - now >= Seconds(1)) return "in " + span(at - now);
  return now - at < Seconds(1) ? "now" : span(now - at) + " ago";
}

std::string age_at(const boost::json::object& o, std::string_view key, const boost::json::object& said_at) {
  const auto at = parse_rfc3339(text_at(o, key)), now = parse_rfc3339(text_at(said_at, "at"));
  return at && now ? age(*at, *now) : "";
}

std::string when_at(const boost::json::object& o, std::string_view key, const boost::json::object& said_at) {
  const auto at = parse_rfc3339(text_at(o, key));
  if (!at) return "";
  std::string beside = age_at(o, key, said_at);
  if (const auto here = local(*at); !here.empty()) beside += (beside.empty() ? "" : ", ") + here;
  return clock_at(o, key) + (beside.empty() ? "" : " (" + beside + ")");
}

}  // namespace readback
