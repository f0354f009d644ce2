// A list of incidents, a row a thing. Into a pipe nothing is wrapped or cut, so that a line that grep finds is whole;
// on a terminal the rows fit it, and times are those of the wall.
#include <algorithm>
#include <boost/json.hpp>

#include "core/text/time.hpp"
#include "daemon/client/rows.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/client/when.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr int what = 5;  // the column of what failed first

/// Nobody was paged: another one may explain it.
bool is_quiet(const json::object& i) { return text_at(i, "state") == "inhibited" || never_paged(i); }

std::optional<WallTime> opened(const json::object& i) { return parse_rfc3339(text_at(i, "opened_at")); }

/// Of the fault; nothing while it lasts.
std::optional<WallTime> over(const json::object& i) {
  const auto recovered = parse_rfc3339(text_at(i, "recovered_at"));
  return recovered ? recovered : parse_rfc3339(text_at(i, "resolved_at"));
}

/// They begin within minutes of each other: confirmation takes its time.
bool explains(const json::object& loud, const json::object& quiet) {
  const auto begin = opened(loud), at = opened(quiet);
  if (!begin || !at || is_quiet(loud) || text_at(loud, "target") != text_at(quiet, "target")) return false;
  return *at >= *begin - std::chrono::minutes(2) && *at <= over(loud).value_or(WallTime::max());
}

std::string on_the_wall(WallTime at, WallTime now) {
  const auto here = local_time(at);
  return here ? written(*here, "%b %e %H:%M") + " (" + age(at, now) + ")" : "";
}

std::string failed_first(const json::object& i) {
  const auto* first = object_at(i, "first_failure");
  if (!first) return text_at(i, "symptom").empty() ? text_at(i, "summary") : text_at(i, "symptom");
  const std::string read = text_at(*first, "read"), reason = text_at(*first, "reason");
  return reason.starts_with(read + ":") ? reason : read + ": " + reason;
}

struct Row {
  const json::object* incident = nullptr;
  std::string also;
};

/// Newest first, and what another explains with that one.
std::vector<Row> folded(const json::array& incidents) {
  std::vector<const json::object*> all;
  for (const auto& each : incidents)
    if (each.is_object()) all.push_back(&each.get_object());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto* a, const auto* b) { return text_at(*a, "opened_at") > text_at(*b, "opened_at"); });
  std::vector<Row> rows;
  for (const auto* i : all) rows.push_back({i, ""});
  std::vector<const json::object*> taken;
  for (const auto* i : all) {
    if (!is_quiet(*i)) continue;
    const auto host = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return explains(*r.incident, *i); });
    if (host == rows.end()) continue;
    const std::string boundary = text_at(*i, "boundary");
    if (host->also.find(boundary) == std::string::npos) host->also += (host->also.empty() ? "" : ", ") + boundary;
    taken.push_back(i);
  }
  std::erase_if(rows, [&](const Row& r) { return std::find(taken.begin(), taken.end(), r.incident) != taken.end(); });
  return rows;
}

/// On a terminal that is too narrow what failed stands below its row.
std::string fitted(Rows rows) {
  std::vector<std::string> below(rows.size());
  if (is_terminal() && width_of(rows) > static_cast<std::size_t>(columns())) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0) below[i] = "  " + wrapped(rows[i][what], 2) + "\n";
      rows[i].erase(rows[i].begin() + what);
    }
  }
  const auto lines = aligned(rows);
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) out += lines[i] + "\n" + below[i];
  return out;
}

std::string length_of(const json::object& i, WallTime begin, WallTime now) {
  return humanize(std::max(Millis(0), Millis(std::chrono::duration_cast<Seconds>(over(i).value_or(now) - begin))));
}

}  // namespace

std::string short_id(const std::string& id) {
  constexpr std::size_t whole = 36, shown = 8;
  return id.size() == whole ? id.substr(whole - shown) : id;
}

std::string list_incidents(const json::array& incidents, WallTime now, std::size_t most) {
  auto rows = folded(incidents);
  if (rows.size() > most) rows.resize(most);
  if (rows.empty()) return "no incident\n";
  Rows lines{{"STATE", "OPENED", "FOR", "BOUNDARY", "TARGET", "WHAT FAILED FIRST", "ID"}};
  for (const auto& [incident, also] : rows) {
    const auto& i = *incident;
    const auto begin = opened(i);
    const std::string state = never_paged(i) ? "unpaged" : text_at(i, "state");
    lines.push_back({coloured(state, state),
                     !begin          ? ""
                     : is_terminal() ? on_the_wall(*begin, now)
                                     : clock_at(i, "opened_at"),
                     begin ? length_of(i, *begin, now) : "", text_at(i, "boundary"), text_at(i, "target"),
                     failed_first(i) + (also.empty() ? "" : " (also: " + also + ")"), short_id(text_at(i, "id"))});
  }
  return fitted(std::move(lines));
}

}  // namespace readback
