// A card tells one fault: why, what to do next, and whom it befell. What is needed later is folded.
#include "daemon/page/incidents_section.hpp"

#include <algorithm>
#include <tuple>

#include "core/html/parts.hpp"
#include "core/model/words.hpp"
#include "core/text/url.hpp"
#include "core/text/words.hpp"

namespace readback {

namespace {

using Incidents = std::vector<const IncidentRecord*>;

bool is_held_back(const IncidentRecord& i) {
  return i.state == IncidentState::inhibited || i.state == IncidentState::muted;
}

bool is_taken(const IncidentRecord& i, const PageQuery& query) {
  return query.takes(i.target, std::string(to_string(i.boundary)) + " " + std::string(to_string(i.severity)) + " " +
                                   std::string(to_string(i.state)) + " " + i.summary + " " + joined(i.why));
}

/// Of one fault, as far as a reader is concerned.
bool is_same_fault(const IncidentRecord& a, const IncidentRecord& b) {
  return is_same_cause(a, b) && a.state == b.state && a.severity == b.severity && a.declared == b.declared;
}

/// What is firing before what recovers, the louder first; of those as loud, what befell more targets.
bool is_shown_before(const Incidents& a, const Incidents& b) {
  const auto key = [](const Incidents& g) {
    return std::tuple(g.front()->state, -static_cast<int>(g.front()->severity), -static_cast<std::ptrdiff_t>(g.size()));
  };
  return key(a) < key(b);
}

/// Each group by the names of its targets.
std::vector<Incidents> groups_of(const Incidents& incidents) {
  std::vector<Incidents> groups;
  for (const auto* i : incidents) {
    const auto home =
        std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return is_same_fault(*g.front(), *i); });
    if (home == groups.end())
      groups.push_back({i});
    else
      home->push_back(i);
  }
  for (auto& group : groups)
    std::stable_sort(group.begin(), group.end(), [](auto* a, auto* b) { return a->target < b->target; });
  std::stable_sort(groups.begin(), groups.end(), is_shown_before);
  return groups;
}

/// The same for as long as its first incident is open, whoever comes to it.
std::string name_of(const Incidents& group) {
  return (*std::min_element(group.begin(), group.end(), [](auto* a, auto* b) { return a->id < b->id; }))->id;
}

std::string command_html(const std::string& command, const std::string& id) {
  return "<code>readback " + command + " " + flat_html(id) + "</code>";
}

/// To the page that the incident has of its own.
std::string to_its_page(const IncidentRecord& i, const std::string& text) {
  return "<a href=\"/incidents/" + flat_html(percent_encoded(i.id)) + "\">" + flat_html(text) + "</a>";
}

std::string heading_of(const Incidents& group) {
  const IncidentRecord& i = *group.front();
  if (group.size() == 1) return i.summary.empty() ? upper(i.boundary) + " " + i.target : i.summary;
  return upper(i.boundary) + ", " + std::to_string(group.size()) + " targets: " + i.first_failure->read + ": " +
         i.first_failure->reason;
}

/// How it stands: "error, firing, opened 03:12:08Z (3m ago), paged".
std::string stands_html(const Incidents& group, WallTime now) {
  const IncidentRecord& i = *group.front();
  const auto count_of = [&](auto what) { return std::count_if(group.begin(), group.end(), what); };
  const auto paged = count_of([](const auto* each) { return each->paged_at.has_value(); });
  const auto acked = count_of([](const auto* each) { return each->acknowledged_at.has_value(); });
  const auto opened = (*std::min_element(group.begin(), group.end(), [](auto* a, auto* b) {
                        return a->opened_at < b->opened_at;
                      }))->opened_at;
  const auto of_all = [&](std::ptrdiff_t n) {
    return group.size() == 1 ? "" : ": " + std::to_string(n) + " of " + std::to_string(group.size());
  };
  std::string out = word_html(to_string(i.severity)) + ", " + flat_html(to_string(i.state)) +
                    (group.size() == 1 ? ", " + flat_html(to_string(i.extent)) : std::string()) + "; opened " +
                    time_html(opened, now);
  out += paged == 0 ? std::string(", nobody was paged")
                    : ", paged" + (group.size() == 1 ? " " + time_html(i.paged_at, now) : of_all(paged));
  if (acked > 0)
    out += ", acknowledged" + (group.size() == 1
                                   ? " " + time_html(i.acknowledged_at, now) +
                                         (i.acknowledged_by.empty() ? "" : " by " + flat_html(i.acknowledged_by))
                                   : of_all(acked));
  return "<p>" + out + "</p>";
}

std::string sides_html(const IncidentRecord& i, WallTime now) {
  std::string left, right;
  for (const auto& why : i.why) left += "<li>" + flat_html(why) + "</li>";
  if (!left.empty()) left = "<h4>Why</h4><ul>" + left + "</ul>";
  const std::string first = i.first_failure ? i.first_failure->read + ": " + i.first_failure->reason : "";
  if (std::find(i.why.begin(), i.why.end(), first) == i.why.end() && !first.empty())
    left += "<p>Failed first: " + flat_html(first) + ", " + time_html(i.first_failure->at, now) + "</p>";
  if (!i.symptom.empty() && i.symptom != first) left += "<p>Symptom: " + flat_html(without_queries(i.symptom)) + "</p>";
  if (!i.next_safe_step.empty())
    right += "<h4>Next safe step</h4><p class=\"step\">" + flat_html(i.next_safe_step) + "</p>";
  if (!i.runbook.title.empty() || !i.runbook.url.empty())
    right += "<p>Runbook: " + link_html(i.runbook.url, i.runbook.title.empty() ? i.runbook.url : i.runbook.title) +
             (i.runbook.owner.empty() ? "" : ", owner " + flat_html(i.runbook.owner)) + "</p>";
  return "<div class=\"sides\"><div>" + left + "</div><div>" + right + "</div></div>";
}

std::string six_html(const IncidentRecord& i) {
  std::string out = "<h4>Resolved when all six hold</h4><ol class=\"six\">";
  for (const auto& c : i.conditions) {
    std::string word(to_string(c.state));
    const Look look = look_of(word);
    std::replace(word.begin(), word.end(), '_', ' ');
    out += "<li value=\"" + std::to_string(c.number) + "\">" + flat_html(c.title()) + ": " + word_html(word, look);
    if (!c.by.empty())
      out +=
          std::string(c.state == ConditionState::State::met ? " <span class=\"dim\">by " : ", <span class=\"dim\">") +
          flat_html(without_queries(c.by)) + "</span>";
    out += "</li>";
  }
  return out + "</ol>";
}

std::string folded_html(const std::string& id, bool is_open, const std::string& head, const std::string& body) {
  return "<details id=\"" + flat_html(id) + "\"" + (is_open ? " open>" : ">") + "<summary>" + head + "</summary>" +
         body + "</details>";
}

std::string one_html(const IncidentRecord& i, bool is_open) {
  std::string facts = row_html("All of it", to_its_page(i, "timeline, conditions and report"));
  facts += row_html("Look closer", command_html("incident", i.id));
  if (!i.evidence.snapshot.empty()) facts += row_html("Evidence", command_html("snapshot pull", i.evidence.snapshot));
  const auto holding = std::count_if(i.conditions.begin(), i.conditions.end(), [](const auto& c) { return c.holds(); });
  std::string head = "Evidence";
  if (!i.conditions.empty())
    head += ", and the conditions: " + std::to_string(holding) + " of " + std::to_string(i.conditions.size()) + " hold";
  return folded_html("more-" + i.id, is_open, head,
                     "<dl>" + facts + "</dl>" + (i.conditions.empty() ? "" : six_html(i)));
}

std::string many_html(const Incidents& group, WallTime now) {
  constexpr std::size_t most = 100;
  std::string rows;
  for (std::size_t n = 0; n < std::min(group.size(), most); ++n) {
    const IncidentRecord& i = *group[n];
    rows += "<tr><th scope=\"row\">" + to_its_page(i, i.target) + "</th><td data-l=\"Opened\">" +
            time_html(i.opened_at, now) + "</td><td data-l=\"Paged\">" + time_html(i.paged_at, now) +
            "</td><td data-l=\"Acknowledged\">" + time_html(i.acknowledged_at, now) + "</td><td class=\"whole\">" +
            command_html("incident", i.id) + "</td></tr>";
  }
  if (group.size() > most)
    rows += "<tr><td>and " + std::to_string(group.size() - most) + " more: readback incidents</td></tr>";
  return folded_html("more-" + group.back()->id, false, "Each of them, with its evidence",
                     "<section class=\"scroll\" tabindex=\"0\" aria-label=\"Incidents of one reason\"><table>"
                     "<thead><tr><th scope=\"col\">Target</th><th scope=\"col\">Opened</th><th scope=\"col\">Paged</th>"
                     "<th scope=\"col\">Acknowledged</th><th scope=\"col\">Look closer</th></tr></thead><tbody>" +
                         rows + "</tbody></table></section>");
}

std::string names_html(const Incidents& group) {
  constexpr std::size_t most = 60;
  std::string names;
  for (std::size_t n = 0; n < std::min(group.size(), most); ++n) names += (n ? ", " : "") + flat_html(group[n]->target);
  if (group.size() > most) names += " and " + std::to_string(group.size() - most) + " more";
  return "<p><strong>" + names + "</strong></p>";
}

std::string card_html(const Incidents& group, bool is_alone, WallTime now) {
  const IncidentRecord& i = *group.front();
  const std::string id = flat_html("incident-" + name_of(group));
  return std::string("<section class=\"card ") + look_of(to_string(i.severity)).css + "\" id=\"" + id +
         "\" aria-labelledby=\"" + id + "-h\"><h3 id=\"" + id + "-h\">" + flat_html(heading_of(group)) + "</h3>" +
         stands_html(group, now) + (group.size() > 1 ? names_html(group) : "") + sides_html(i, now) +
         (group.size() > 1 ? many_html(group, now) : one_html(i, is_alone)) + "</section>";
}

std::string held_back_html(const Incidents& held) {
  std::string lines;
  for (const auto* i : held)
    lines += "<li>" + flat_html(i->summary.empty() ? upper(i->boundary) + " " + i->target : i->summary) + ", " +
             (i->state == IncidentState::muted ? "silenced or in maintenance" : "explained by another") + ": " +
             command_html("incident", i->id) + "</li>";
  return "<div class=\"fold\">" +
         folded_html("held-back", false, std::to_string(held.size()) + " held back, and told to nobody",
                     "<ul>" + lines + "</ul>") +
         "</div>";
}

}  // namespace

std::string incidents_section(const View& view, const PageQuery& query) {
  Incidents loud, held;
  for (const auto& i : view.engine.incidents)
    if (i.is_open() && is_taken(i, query)) (is_held_back(i) ? held : loud).push_back(&i);
  if (loud.empty() && held.empty()) return "";
  std::string out = "<h2>Open incidents</h2>";
  const auto groups = groups_of(loud);
  for (const auto& group : groups) out += card_html(group, groups.size() == 1, view.at);
  return held.empty() ? out : out + held_back_html(held);
}

std::string lately_section(const View& view, const PageQuery& query) {
  constexpr std::size_t most = 5;
  std::size_t shown = 0;
  std::string lines;
  for (const auto& i : view.engine.incidents)
    if (!i.is_open() && i.paged_at && is_taken(i, query) && ++shown <= most)
      lines += "<li>" + time_html(i.resolved_at, view.at) + " " +
               to_its_page(i, i.summary.empty() ? std::string("an incident") : i.summary) + "</li>";
  return lines.empty() ? ""
                       : "<h2>Resolved lately</h2><ul>" + lines +
                             "</ul><p><a href=\"/incidents\">All incidents</a>, also as a <a "
                             "href=\"/feed.atom\">feed</a></p>";
}

}  // namespace readback
