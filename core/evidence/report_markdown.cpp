// What stands in the evidence is written by strangers: it is escaped, so that it is text in Markdown as well.
#include "core/evidence/report_markdown.hpp"

#include "core/evidence/changes.hpp"
#include "core/evidence/report_json.hpp"
#include "core/evidence/report_times.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback::parts {

namespace {

/// One line of plain text.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : printable(text, 600)) {
    if (std::string_view("\\`*_[]<>|#~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string moment(const std::optional<WallTime>& t) {
  return t ? to_rfc3339(*t).substr(0, 10) + " " + to_clock(*t) : "";
}

std::string section(const std::string& title, const std::string& lines) {
  return lines.empty() ? "" : "\n## " + title + "\n\n" + lines;
}

std::string times(const boost::json::object& manifest, const boost::json::object& now) {
  std::string out;
  if (const auto failed = time_at(object_at(manifest, "first_failure"), "at"))
    out += "- first failure: " + moment(failed) + "\n";
  for (const auto& step : steps_of(manifest, now))
    out +=
        "- " + step.name + ": " +
        (step.at ? moment(step.at) + " (" + humanize(*step.after) + " " + step.since + ")" : std::string("not yet")) +
        "\n";
  return out;
}

std::string changed(const BundleFiles& files) {
  constexpr std::size_t most = 20;
  std::string out;
  for (const auto& [read, value] : object_in(files, "diff.json")) {
    if (!value.is_object()) continue;
    const auto reading = object_at(value.get_object(), "reading");
    out += "- " + plain(std::string(read)) + ": " + plain(text_at(reading, "before")) + " → " +
           plain(text_at(reading, "after")) + "\n";
    const auto bodies = bodies_of(files, std::string(read));
    if (bodies.before.empty() || bodies.after.empty()) continue;
    const auto changes = joined_changes(changes_between(bodies.before, bodies.after));
    for (std::size_t i = 0; i < std::min(changes.size(), most); ++i)
      if (!changes[i].place.empty()) out += "  - " + plain(to_text(changes[i])) + "\n";
    if (changes.size() > most) out += "  - and " + std::to_string(changes.size() - most) + " more\n";
  }
  return out;
}

std::string entries(const boost::json::array& list, const char* what, const char* more) {
  std::string out;
  for (const auto& each : list) {
    if (!each.is_object()) continue;
    const auto& o = each.get_object();
    out += "- " + moment(time_at(o, "at")) + " " + plain(text_at(o, what)) + ": " + plain(text_at(o, more)) + "\n";
  }
  return out;
}

std::string conditions(const boost::json::array& list) {
  std::string out;
  for (const auto& each : list) {
    if (!each.is_object()) continue;
    const auto& c = each.get_object();
    const std::string state = text_at(c, "state");
    out += std::string("- [") + (state == "met" || state == "not_applicable" ? "x" : " ") + "] " +
           plain(text_at(c, "title")) + ": " + plain(state) + "\n";
  }
  return out;
}

}  // namespace

std::string markdown_of(const BundleFiles& files, const ReportContext& context) {
  const auto m = object_in(files, "manifest.json"), now = object_of(context.incident);
  const std::string summary = text_at(m, "summary");
  std::string out = "# " + plain(summary.empty() ? "Snapshot of " + text_at(m, "target") : summary) +
                    "\n\n- target: " + plain(text_at(m, "target")) + ", environment " +
                    plain(text_at(m, "environment")) + "\n";
  if (const auto state = text_at(now, "state"); !state.empty()) out += "- state: " + plain(state) + "\n";
  if (const auto symptom = text_at(now.empty() ? m : now, "symptom"); !symptom.empty())
    out += "- symptom: " + plain(symptom) + "\n";
  out += "- incident " + plain(text_at(m, "incident")) + ", snapshot " + plain(text_at(m, "id")) + "\n";
  std::string why;
  for (const auto& each : array_at(m, "why")) why += "- " + plain(text_of(each)) + "\n";
  return out + section("Times (UTC)", times(m, now)) + section("Why", why) +
         section("What changed since the last good sweep", changed(files)) +
         section("What happened", entries(array_at(now, "timeline"), "kind", "text")) +
         section("Alerts", entries(array_at(now, "alerts"), "event", "sink")) +
         section("Resolved means six conditions", conditions(array_at(now.empty() ? m : now, "conditions")));
}

}  // namespace readback::parts
