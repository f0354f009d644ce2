// Times as text, both ways. The calendar is <chrono>'s; the forms are those of RFC 3339 and RFC 9110 section 5.6.7.
#include "core/text/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <utility>

#include "core/text/words.hpp"

namespace readback {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

struct Civil {
  int year, month, day, hour, minute, second, milli;
};

Civil civil_of(WallTime t) {
  const auto midnight = std::chrono::floor<days>(t);
  const year_month_day date{midnight};
  const auto rest = (t - midnight).count();
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(rest / 3'600'000),
          static_cast<int>(rest / 60'000 % 60),
          static_cast<int>(rest / 1000 % 60),
          static_cast<int>(rest % 1000)};
}

/// Nothing for a day that does not exist. A leap second counts as the last one of its minute, so that order is kept.
std::optional<WallTime> instant_of(const Civil& c) {
  const year_month_day date{std::chrono::year{c.year}, std::chrono::month{static_cast<unsigned>(c.month)},
                            std::chrono::day{static_cast<unsigned>(c.day)}};
  if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;
  return WallTime(sys_days{date}) + std::chrono::hours(c.hour) + std::chrono::minutes(c.minute) +
         Seconds(std::min(c.second, 59)) + Millis(c.second == 60 ? 999 : c.milli);
}

/// Reads a text from the left; `ok` falls once and stays.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool ok = true;
  bool done() const { return ok && rest_.empty(); }
  std::string_view rest() const { return rest_; }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  int number(std::size_t digits) {
    int n = 0;
    if (rest_.size() < digits) return ok = false, 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + digits, n);
    if (error != std::errc{} || end != rest_.data() + digits || n < 0 || rest_.front() == '-') return ok = false, 0;
    rest_.remove_prefix(digits);
    return n;
  }
  void expect(std::string_view text) {
    if (!rest_.starts_with(text)) {
      ok = false;
      return;
    }
    rest_.remove_prefix(text.size());
  }
  bool accept(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == any_of.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Up to nine digits behind the point, as milliseconds; what is finer is cut.
  int fraction() {
    int milli = 0, digits = 0;
    for (; peek() >= '0' && peek() <= '9'; ++digits, rest_.remove_prefix(1))
      if (digits < 3) milli = milli * 10 + (peek() - '0');
    if (digits == 0 || digits > 9) ok = false;
    for (; digits < 3; ++digits) milli *= 10;
    return milli;
  }
  std::string_view until(char end) {
    const auto at = rest_.find(end);
    if (at == rest_.npos) return ok = false, std::string_view();
    const auto word = rest_.substr(0, at);
    rest_.remove_prefix(at + 1);
    return word;
  }

 private:
  std::string_view rest_;
};

int month_of(std::string_view word) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(names.begin(), names.end(), word);
  return found == names.end() ? 0 : static_cast<int>(found - names.begin()) + 1;
}

void clock_of(Scanner& s, Civil& c) {
  c.hour = s.number(2), s.expect(":"), c.minute = s.number(2), s.expect(":"), c.second = s.number(2);
}

}  // namespace

std::string to_rfc3339(WallTime t) {
  const WallTime first = sys_days{std::chrono::year{0} / 1 / 1},
                 last = WallTime(sys_days{std::chrono::year{10000} / 1 / 1}) - Millis(1);
  const Civil c = civil_of(std::clamp(t, first, last));
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t at, std::size_t digits, int n) {
    for (; digits > 0; n /= 10) text[at + --digits] = static_cast<char>('0' + n % 10);
  };
  put(0, 4, c.year), put(5, 2, c.month), put(8, 2, c.day);
  put(11, 2, c.hour), put(14, 2, c.minute), put(17, 2, c.second), put(20, 3, c.milli);
  return text;
}

std::string to_clock(WallTime t) { return to_rfc3339(t).substr(11, 8) + "Z"; }

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  Scanner s(text);
  Civil c{};
  c.year = s.number(4), s.expect("-"), c.month = s.number(2), s.expect("-"), c.day = s.number(2);
  if (!s.accept("Tt ")) return std::nullopt;
  clock_of(s, c);
  if (s.ok && s.accept(".,")) c.milli = s.fraction();
  int offset = 0;  // minutes east of UTC
  if (s.ok && !s.accept("Zz") && !s.done()) {
    const bool west = s.peek() == '-';
    if (!s.accept("+-")) return std::nullopt;
    const int hours = s.number(2);
    const bool colon = s.accept(":");
    const int minutes = s.done() && !colon ? 0 : s.number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = (west ? -1 : 1) * (hours * 60 + minutes);
  }
  if (!s.done()) return std::nullopt;
  const auto local = instant_of(c);
  if (!local) return std::nullopt;
  return *local - std::chrono::minutes(offset);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  Scanner s(text);
  Civil c{};
  const auto comma = text.find(',');
  if (comma == text.npos) {  // asctime: Sun Nov  6 08:49:37 1994
    s.until(' ');
    c.month = month_of(s.until(' '));
    c.day = s.accept(" ") ? s.number(1) : s.number(2);
    s.expect(" "), clock_of(s, c), s.expect(" ");
    c.year = s.number(4);
  } else if (s.until(','), s.expect(" "),
             text.size() > comma + 4 && text[comma + 4] == '-') {  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
    c.day = s.number(2), s.expect("-"), c.month = month_of(s.until('-')), c.year = s.number(2);
    c.year += c.year < 70 ? 2000 : 1900;
    s.expect(" "), clock_of(s, c), s.expect(" GMT");
  } else {  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
    c.day = s.number(2), s.expect(" "), c.month = month_of(s.until(' ')), c.year = s.number(4);
    s.expect(" "), clock_of(s, c), s.expect(" GMT");
  }
  return s.done() && c.month ? instant_of(c) : std::nullopt;
}

namespace {

/// `2026-11-23 03:11:58,123 +0000` as RFC 3339 writes it; `zone` tells whether it names one.
std::string as_rfc3339(std::string_view text, bool& zone) {
  constexpr std::size_t date = 10;
  const std::string day(text.substr(0, date));
  text.remove_prefix(date);
  if (text.empty() || (text.front() != 'T' && text.front() != 't' && text.front() != ' ')) return "";
  text = trimmed(text.substr(1));
  const auto clock_end = std::min(text.find_first_not_of("0123456789:.,"), text.size());
  std::string clock(text.substr(0, clock_end));
  const std::string_view behind = trimmed(text.substr(clock_end));
  if (clock.size() == 5) clock += ":00";
  zone = !behind.empty();
  const bool utc = behind == "UTC" || behind == "GMT" || behind == "Z" || behind == "z";
  return day + "T" + clock + (zone && !utc ? std::string(behind) : "Z");
}

/// Minutes east of UTC of `+0100`, `GMT`, `EST`; nothing for a name that is none.
std::optional<int> rfc2822_zone(std::string_view name) {
  constexpr std::pair<std::string_view, int> names[] = {{"GMT", 0},    {"UTC", 0},    {"UT", 0},     {"Z", 0},
                                                        {"EST", -300}, {"EDT", -240}, {"CST", -360}, {"CDT", -300},
                                                        {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420}};
  for (const auto& [zone, minutes] : names)
    if (name == zone) return minutes;
  if (name.size() != 5 || (name[0] != '+' && name[0] != '-')) return std::nullopt;
  Scanner s(name.substr(1));
  const int hours = s.number(2), minutes = s.number(2);
  if (!s.done() || hours > 23 || minutes > 59) return std::nullopt;
  return (name[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

/// `[Mon, ]23 Nov 2026 01:00[:03] +0000`.
std::optional<AnyDate> parse_rfc2822(std::string_view text) {
  if (const auto comma = text.find(','); comma != text.npos) text = trimmed(text.substr(comma + 1));
  Scanner s(text);
  Civil c{};
  c.day = text.size() > 1 && text[1] == ' ' ? s.number(1) : s.number(2);
  s.expect(" "), c.month = month_of(s.until(' ')), c.year = s.number(4), s.expect(" ");
  c.hour = s.number(2), s.expect(":"), c.minute = s.number(2);
  if (s.accept(":")) c.second = s.number(2);
  if (!s.ok || c.month == 0) return std::nullopt;
  const auto local = instant_of(c);
  if (!local) return std::nullopt;
  const auto name = trimmed(s.rest());
  if (name.empty() || name == "-0000") return AnyDate{*local, false};
  const auto east = rfc2822_zone(name);
  if (!east) return std::nullopt;
  return AnyDate{*local - std::chrono::minutes(*east), true};
}

}  // namespace

std::optional<AnyDate> parse_any_date(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 10 && text[4] == '-' && text[7] == '-') {
    bool zone = true;
    const auto at = parse_rfc3339(as_rfc3339(text, zone));
    return at ? std::optional(AnyDate{*at, zone}) : std::nullopt;
  }
  if (const auto date = parse_rfc2822(text)) return date;
  if (const auto at = parse_http_date(text)) return AnyDate{*at, text.ends_with("GMT")};
  return std::nullopt;
}

std::optional<Millis> parse_retry_after(std::string_view value, WallTime now) {
  constexpr std::int64_t most = 1'000'000'000;  // seconds: thirty years
  value = trimmed(value);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == value.npos) {
    std::int64_t seconds = most;  // stays when the number is out of range
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return Seconds(std::min(seconds, most));
  }
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::max(Millis(0), *date - now);
}

std::string humanize(Millis d) {
  const auto ms = std::max<std::int64_t>(0, d.count());
  char text[48];
  if (ms < 1000)
    std::snprintf(text, sizeof text, "%dms", static_cast<int>(ms));
  else if (ms < 60'000)
    std::snprintf(text, sizeof text, "%ds", static_cast<int>(ms / 1000));
  else if (ms < 3'600'000)
    std::snprintf(text, sizeof text, "%dm %02ds", static_cast<int>(ms / 60'000), static_cast<int>(ms / 1000 % 60));
  else if (ms < 86'400'000)
    std::snprintf(text, sizeof text, "%dh %02dm", static_cast<int>(ms / 3'600'000), static_cast<int>(ms / 60'000 % 60));
  else
    std::snprintf(text, sizeof text, "%lldd %02dh", static_cast<long long>(ms / 86'400'000),
                  static_cast<int>(ms / 3'600'000 % 24));
  return text;
}

std::string finely(Millis d) {
  const auto tenths = d.count() / 100;
  if (d < Millis(1000) || d >= Millis(60'000) || tenths % 10 == 0) return humanize(d);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s";
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t n = 0;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, n);
  if (digits == 0 || digits > 15 || error != std::errc{} || end != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return n;
}

std::optional<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis(0);
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr Unit units[] = {{"ms", 1},        {"s", 1000},       {"m", 60'000},
                            {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
  constexpr std::int64_t ten_years = 10LL * 366 * 86'400'000;
  std::int64_t total = 0, last = ten_years;
  while (!text.empty()) {
    const auto n = take_number(text);
    if (!n) return std::nullopt;
    const Unit* unit = nullptr;
    for (const auto& u : units)
      if (text.starts_with(u.name) && (!unit || u.name.size() > unit->name.size())) unit = &u;
    if (!unit || unit->ms >= last) return std::nullopt;  // the larger unit comes first, and each once
    last = unit->ms;
    text.remove_prefix(unit->name.size());
    if (*n > ten_years / unit->ms) return std::nullopt;
    total += *n * unit->ms;
  }
  return last == ten_years || total > ten_years ? std::nullopt : std::optional(Millis(total));
}

std::string write_duration(Millis d) {
  std::int64_t ms = d.count();
  if (ms <= 0) return "0s";
  std::string text;
  const auto part = [&](std::int64_t unit, const char* name) {
    if (ms >= unit) text += std::to_string(ms / unit) + name;
    ms %= unit;
  };
  part(86'400'000, "d"), part(3'600'000, "h"), part(60'000, "m"), part(1000, "s"), part(1, "ms");
  return text;
}

}  // namespace readback
