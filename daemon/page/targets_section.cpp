// Rows are made twice over: the line that is always seen, and what is inside when it is opened. Both are plain HTML;
// opening needs no script.
#include "daemon/page/targets_section.hpp"

#include <algorithm>

#include "core/html/parts.hpp"
#include "core/model/loudness.hpp"
#include "core/model/words.hpp"
#include "core/text/url.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"
#include "daemon/page/history_section.hpp"
#include "daemon/page/lane.hpp"

namespace readback {

bool PageQuery::takes(const std::string& name, const std::string& words) const {
  if (!target.empty() && name != target) return false;
  const std::string searched = lower_case(name + " " + words);
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (searched.find(lower_case(rest.substr(0, end))) == searched.npos) return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

namespace {

/// A target with its place in the configuration, which names its row for as long as that is in force.
struct Row {
  const TargetView* target;
  std::size_t number;
  Loudness loud;
  bool is_green() const { return loud.word == "green"; }
};

int rank(const Row& row) {
  static constexpr const char* order[] = {"critical", "error", "unknown", "warning"};
  const auto* found = std::find(std::begin(order), std::end(order), row.loud.word);
  return static_cast<int>(found - std::begin(order));
}

bool is_taken(const Row& row, const PageQuery& query) {
  const TargetView& t = *row.target;
  return query.takes(t.name, row.loud.word + " " + t.primary + " " + t.extent + " " + joined(t.also) + " " + t.text);
}

std::vector<Row> rows_of(const View& view, const PageQuery& query) {
  std::vector<Row> rows;
  for (const auto& t : view.engine.targets) rows.push_back({&t, rows.size(), loudness_of(t)});
  std::erase_if(rows, [&](const Row& row) { return !is_taken(row, query); });
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return rank(a) < rank(b); });
  return rows;
}

/// Since when it has stood as it stands.
std::optional<WallTime> stands_since(const TargetView& t, const EngineView& engine) {
  if (t.green_since) return t.green_since;
  std::optional<WallTime> first;
  const auto take = [&](WallTime at) {
    if (!first || at < *first) first = at;
  };
  for (const auto& i : engine.incidents)
    if (i.target == t.name && i.is_open()) take(i.opened_at);
  if (!first)
    for (const auto& r : t.reads)
      if (!r.green && r.since != WallTime{}) take(r.since);
  return first;
}

std::string summary_html(const Row& row, const View& view, const LaneScale& scale, const std::string& uptime) {
  const TargetView& t = *row.target;
  const Look look = look_of(row.loud.word);
  std::string out = std::string("<summary><span class=\"sign ") + look.css + "\" aria-hidden=\"true\">" + look.sign +
                    "</span><h3>" + flat_html(t.name) + "</h3>";
  const auto since = stands_since(t, view.engine);
  const std::string age = since ? age_html(*since, view.at) : "";
  if (!row.is_green()) {
    const std::string says = t.text.empty() ? "not swept yet" : t.text;
    out += std::string("<span class=\"word ") + look.css + "\">" + flat_html(row.loud.word) +
           "</span><span class=\"says\">" + flat_html(says) + "</span>";
  }
  out += scale.verdict_html(t.name) + "<span class=\"ago uptime\">" +
         (uptime.empty() ? "" : "<span class=\"unseen\">in 30 days </span>" + uptime) + "</span><span class=\"ago\">" +
         (row.is_green() ? "green "
          : since        ? "<span class=\"unseen\">for </span>"
                         : "") +
         age + "</span><span class=\"ago\"><span class=\"unseen\">last sweep </span>";
  return out + (t.last_sweep_at ? age_html(*t.last_sweep_at, view.at) + " ago" : "never") + "</span></summary>";
}

std::string facts_html(const TargetView& t, const View& view) {
  std::string out = row_html("Verdict", flat_html(t.extent.empty() ? t.primary : t.primary + ", " + t.extent));
  if (!t.also.empty()) out += row_html("Also", flat_html(joined(t.also)));
  if (t.green_since) out += row_html("Green since", time_html(*t.green_since, view.at));
  if (t.blind_since) out += row_html("Blind since", time_html(*t.blind_since, view.at));
  out += row_html("Last sweep", time_html(t.last_sweep_at, view.at) +
                                    (t.sweep ? " (no. " + std::to_string(t.sweep) + ")" : std::string()));
  if (!t.void_reason.empty()) out += row_html("Not counted", flat_html(t.void_reason));
  if (t.suspected) out += row_html("Now", "something looks wrong; sweeping faster to confirm it");
  if (t.in_maintenance) out += row_html("Maintenance", "new pages are held back");
  return "<dl>" + out + row_html("Reads", flat_html(shown_address(t.base_url))) + "</dl>";
}

std::string read_html(const ReadView& r, const View& view, const LaneScale& scale) {
  std::string word = r.word;
  std::replace(word.begin(), word.end(), '_', ' ');
  if (r.stale) word += ", stale";
  if (r.contradictory) word += ", contradictory";
  const std::string why = joined(r.reasons, "; ");
  return "<tr><th scope=\"row\">" + flat_html(r.name) + "</th><td data-l=\"Says\">" +
         word_html(word, look_of(r.word, r.green)) + "</td><td data-l=\"Last sweeps\">" + scale.read_html(r.name) +
         "</td><td data-l=\"For\" class=\"num\">" + (r.since == WallTime{} ? "–" : age_html(r.since, view.at)) +
         "</td><td data-l=\"Took\" class=\"num\">" + std::to_string(r.took.count()) + " ms</td><td data-l=\"Why\"" +
         (why.empty() ? " class=\"none\">–" : " class=\"whole\">" + flat_html(cut_characters(clean_utf8(why), 600))) +
         "</td></tr>";
}

/// Which reads have a row of their own; the others share a line.
enum class RowsFor { all, bad, none };

std::string reads_html(const TargetView& t, const View& view, const LaneScale& scale, RowsFor which) {
  std::string rows, line;
  for (const auto& r : t.reads) {
    if (which == RowsFor::all || (which == RowsFor::bad && !r.green))
      rows += read_html(r, view, scale);
    else
      line += (line.empty() ? "" : ", ") + flat_html(r.name) +
              (r.green ? "" : " " + word_html(r.word, look_of(r.word))) + " " + std::to_string(r.took.count()) + " ms";
  }
  if (!line.empty()) line = "<p class=\"dim\">" + line + "</p>";
  if (rows.empty()) return line;
  return "<section class=\"scroll\" tabindex=\"0\" aria-label=\"Reads of " + flat_html(t.name) +
         "\"><table><thead><tr><th scope=\"col\">Read</th><th scope=\"col\">Says</th><th scope=\"col\">Last "
         "sweeps</th><th scope=\"col\">For</th><th scope=\"col\">Took</th><th "
         "scope=\"col\">Why</th></tr></thead><tbody>" +
         rows + "</tbody></table></section>" + line;
}

struct Shown {
  const TargetHistory* kept;  ///< nullptr: nothing is known
  RowsFor reads;
  bool is_open, is_cut;  ///< the line may be too short for what it says
};

std::string target_html(const Row& row, const View& view, const History& history, Shown shown) {
  const TargetView& t = *row.target;
  const LaneScale scale(history, t.name);
  std::string out = "<li><details class=\"row " + std::string(look_of(row.loud.word).css) + "\" id=\"target-" +
                    std::to_string(row.number) + "\"" + (shown.is_open ? " open>" : ">") +
                    summary_html(row, view, scale, shown.kept ? uptime_text(*shown.kept) : "") +
                    "<div class=\"inside\">";
  if (shown.is_cut && !t.text.empty()) out += "<p>" + flat_html(t.text) + "</p>";
  if (shown.reads != RowsFor::none) out += facts_html(t, view);
  out += reads_html(t, view, scale, shown.reads);
  if (shown.kept && shown.reads == RowsFor::all) out += history_html(*shown.kept);
  if (view.engine.targets.size() > 1)
    out += "<p class=\"screen\"><a href=\"/?target=" + flat_html(percent_encoded(t.name)) + "\">Only " +
           flat_html(t.name) + "</a></p>";
  return out + "</div></details></li>";
}

}  // namespace

std::size_t targets_taken(const View& view, const PageQuery& query) { return rows_of(view, query).size(); }

std::string targets_section(const View& view, const History& history, const std::vector<TargetHistory>& kept,
                            const PageQuery& query) {
  std::string out =
      "<div class=\"heads\"><h2>Targets</h2><span class=\"dim\" aria-hidden=\"true\">30 days</span><span class=\"dim\" "
      "aria-hidden=\"true\">for</span><span class=\"dim\" "
      "aria-hidden=\"true\">swept</span></div>";
  const auto rows = rows_of(view, query);
  if (view.engine.targets.empty()) return out + "<p>No target is configured.</p>";
  if (rows.empty()) return out + "<p>None of them is asked for.</p>";
  const auto bad =
      static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const Row& row) { return !row.is_green(); }));
  const std::size_t green = rows.size() - bad;
  const bool few = rows.size() <= 3;
  const bool is_cut = bad > 5;
  if (bad > 0) out += std::string("<ul class=\"rows") + (is_cut ? " many\">" : "\">");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == bad) out += std::string(bad > 0 ? "</ul>" : "") + "<ul class=\"rows" + (green > 20 ? " two\">" : "\">");
    const RowsFor reads = rows.size() <= most_whole           ? RowsFor::all
                          : i < std::min(bad, most_whole_bad) ? RowsFor::bad
                                                              : RowsFor::none;
    out +=
        target_html(rows[i], view, history,
                    {history_of(kept, rows[i].target->name), reads, few || (i < bad && bad <= 3), is_cut && i < bad});
  }
  return out + "</ul>";
}

}  // namespace readback
