// Shown is what a person needs next; an answer of another version may lack any of it, and is shown without.
#include "daemon/client/show.hpp"

#include <boost/json.hpp>

#include "daemon/client/terminal.hpp"

namespace readback {
namespace json = boost::json;
namespace {

/// In a fleet: what each host has sealed of this episode.
std::string vantage_points(const json::object& incident) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : array_at(incident, "snapshots")) {
    const auto& s = each.as_object();
    rows.push_back({"  " + clock_at(s, "at"), text_at(s, "host"), text_at(s, "id")});
  }
  const std::string note = text_at(incident, "snapshots_note");
  if (rows.empty() && note.empty()) return "";
  return "\n" + bold("Snapshots of all hosts") + "\n" + table(rows) +
         (note.empty() ? "" : "  " + wrapped(note, 2) + "\n");
}

}  // namespace

bool never_paged(const json::object& i) {
  return text_at(i, "state") == "resolved" && text_at(i, "paged_at").empty() && !true_at(i, "declared");
}

std::string show_conditions(const json::object& incident) {
  std::string out;
  for (const auto& each : array_at(incident, "conditions")) {
    const auto& c = each.as_object();
    const std::string state = text_at(c, "state");
    const std::string mark = state == "met" ? "✓" : state == "not_applicable" ? "–" : state == "unattested" ? "?" : "✗";
    out += " " + coloured(mark, state) + " " + text_at(c, "number") + ". " + text_at(c, "title") + "\n";
    const std::string at = clock_at(c, "at");
    out += "      " +
           wrapped((state == "met" ? "" : state + ": ") + text_at(c, "by") + (at.empty() ? "" : " (" + at + ")"), 6) +
           "\n";
  }
  return out;
}

std::string show_outcome(const json::object& incident) {
  std::string missing;
  for (const auto& each : array_at(incident, "conditions"))
    if (text_at(each.as_object(), "state") == "unmet")
      missing += (missing.empty() ? "" : ", ") + text_at(each.as_object(), "number");
  const bool holds = true_at(incident, "conditions_hold");
  if (holds)
    return coloured(bold("Nothing is missing"), "met") +
           (text_at(incident, "state") == "resolved" ? ": it is resolved.\n"
                                                     : ": it is resolved when it has stayed green long enough.\n");
  if (missing.empty()) return coloured(bold("Not yet"), "unattested") + ": somebody has to name the runbook (4).\n";
  return coloured(bold("Not yet"), "unmet") + ": " + missing + (missing.find(',') == missing.npos ? " does" : " do") +
         " not hold.\n";
}

std::string show_incident(const json::object& i) {
  const std::string state = never_paged(i) ? "over before anybody was paged" : text_at(i, "state");
  std::string out = bold(wrapped(text_at(i, "summary"), 0)) + "\n\n";
  std::vector<std::vector<std::string>> rows{
      {"incident", short_id(text_at(i, "id")) + " (" + text_at(i, "id") + ")"},
      {"state", coloured(state, state)},
      {"boundary", text_at(i, "extent") + " " + text_at(i, "boundary") + ", " + text_at(i, "severity")},
      {"opened", clock_at(i, "opened_at")}};
  if (const auto* first = object_at(i, "first_failure"))
    rows.push_back(
        {"failed first", text_at(*first, "read") + ": " + text_at(*first, "reason") + " at " + clock_at(*first, "at")});
  if (!text_at(i, "symptom").empty()) rows.push_back({"symptom", text_at(i, "symptom")});
  if (!text_at(i, "exposed_by").empty()) rows.push_back({"exposed by", text_at(i, "exposed_by")});
  if (!text_at(i, "acknowledged_by").empty())
    rows.push_back({"acknowledged", "by " + text_at(i, "acknowledged_by") + " at " + clock_at(i, "acknowledged_at")});
  if (const auto* e = object_at(i, "evidence"); e && !text_at(*e, "pull").empty())
    rows.push_back({"evidence", text_at(*e, "pull")});
  out += table(rows) + "\n" + bold("Why") + "\n";
  for (const auto& why : array_at(i, "why")) out += "  " + wrapped(std::string(why.as_string()), 4) + "\n";
  if (const auto* r = object_at(i, "runbook"); r && !text_at(*r, "title").empty()) {
    out +=
        "\n" + bold("Runbook") + "\n  " + wrapped(text_at(*r, "title") + ", owner " + text_at(*r, "owner"), 2) + "\n";
    if (const std::string url = text_at(*r, "url"); !url.empty()) out += "  " + url + "\n";  // never cut: it is clicked
  }
  out += "\n" + bold("Next safe step") + "\n  " + wrapped(text_at(i, "next_safe_step"), 2) + "\n";
  if (!never_paged(i)) out += "\n" + bold("Resolved means six conditions") + "\n" + show_conditions(i);
  out += vantage_points(i);
  if (const auto alerts = array_at(i, "alerts"); !alerts.empty()) {
    out += "\n" + bold("Alerts") + "\n";
    std::vector<std::vector<std::string>> lines;
    for (const auto& each : alerts) {
      const auto& a = each.as_object();
      const std::string went = text_at(a, "state"), answer = text_at(a, "answer");
      lines.push_back({"  " + clock_at(a, "at"), text_at(a, "event"), text_at(a, "sink"),
                       coloured(went, went) + (answer.empty() ? "" : ": " + answer)});
    }
    out += table(lines);
  }
  const auto timeline = array_at(i, "timeline");
  if (!timeline.empty()) {
    out += "\n" + bold("Timeline") + "\n";
    std::vector<std::vector<std::string>> lines;
    for (const auto& each : timeline)
      lines.push_back({"  " + clock_at(each.as_object(), "at"), text_at(each.as_object(), "kind"),
                       text_at(each.as_object(), "text")});
    out += table(lines);
  }
  return out;
}

namespace {
/// What there is to say behind a time and the id, which is never cut: it is copied.
std::string dated(const std::string& at, const std::string& text, const std::string& id) {
  const std::string head = at + "  " + short_id(id) + "  ";
  return head + wrapped(text, head.size()) + "\n";
}
}  // namespace

std::string show_snapshots(const json::array& snapshots) {
  if (snapshots.empty())
    return wrapped("no snapshot yet: the first page seals one, and `readback snapshot capture` does at once", 0) + "\n";
  std::string out;
  for (const auto& each : snapshots) {
    const auto& s = each.as_object();
    const std::string what =
        text_at(s, "boundary").empty() ? "" : text_at(s, "extent") + " " + text_at(s, "boundary") + ", ";
    const std::string whose = text_at(s, "host").empty() ? "" : text_at(s, "host") + ": ";
    out += dated(clock_at(s, "at"), whose + what + text_at(s, "reason") + ", " + text_at(s, "size") + " bytes",
                 text_at(s, "id"));
  }
  return out;
}

std::string show_silences(const json::array& silences) {
  if (silences.empty()) return "nothing is silenced\n";
  std::string out;
  for (const auto& each : silences) {
    const auto& s = each.as_object();
    const std::string target = text_at(s, "target"), boundary = text_at(s, "boundary");
    const bool is_ahead = s.contains("has_begun") && !true_at(s, "has_begun");
    const bool ends_early = true_at(s, "until_resolved");
    out += dated((!is_ahead ? "" : "from " + clock_at(s, "starts_at") + " ") + "until " +
                     (ends_early ? "resolved, at most " : "") + clock_at(s, "expires_at"),
                 (target.empty() ? "every target" : target) + ", " + (boundary.empty() ? "every boundary" : boundary) +
                     ", by " + text_at(s, "by") + ": " + text_at(s, "reason"),
                 text_at(s, "id"));
  }
  return out;
}

}  // namespace readback
