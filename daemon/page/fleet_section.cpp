// One row a member and one line a claim, as the rest of the page has its targets and sinks.
#include "daemon/page/fleet_section.hpp"

#include <algorithm>

#include "core/html/parts.hpp"
#include "core/model/loudness.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"

namespace readback {

namespace {

/// The worse, the further up.
int place_of(const MemberView& m) {
  if (m.is_doubled) return 0;
  if (m.state == "left") return 4;
  return m.state == "silent" ? 1 : m.troubles.empty() ? 3 : 2;
}

std::string member_html(const MemberView& m) {
  const Look& look = m.state == "alive" ? good_look : m.state == "left" ? unknown_look : warning_look;
  std::string state = m.is_doubled ? word_html("name used twice", bad_look) : word_html(m.state, look);
  if (m.is_self) state += " (this host)";
  std::string heard = !m.heard_ago                ? "never"
                      : m.is_self                 ? "–"
                      : *m.heard_ago < Seconds(1) ? "now"
                                                  : humanize(*m.heard_ago) + " ago";
  if (m.lag >= Seconds(1)) heard += ", " + humanize(m.lag) + " behind";
  constexpr std::size_t most = 20;
  std::size_t shown = 0;
  std::string sees;
  for (const auto& [target, word] : m.targets) {
    if (word == "green" && m.targets.size() > most) continue;
    if (++shown > most) break;
    sees += (sees.empty() ? "" : "<br>") + flat_html(target) + " " + word_html(word);
  }
  if (m.targets.size() > shown) sees += (sees.empty() ? "" : "<br>") + std::to_string(m.targets.size()) + " in all";
  for (const auto& trouble : m.troubles) sees += (sees.empty() ? "" : "<br>") + flat_html(trouble);
  return "<tr><th scope=\"row\">" + flat_html(m.host) + "</th><td data-l=\"State\">" + state +
         "</td><td data-l=\"Version\">" + flat_html(m.version) + "</td><td data-l=\"Heard\">" + heard +
         "</td><td data-l=\"Sees\"" + (sees.empty() ? " class=\"none\">–" : ">" + sees) + "</td></tr>";
}

std::string claims_html(const std::vector<ClaimView>& claims) {
  if (claims.empty()) return "";
  std::string out = "<h3>Open, and told to whom</h3><ul>";
  for (const auto& c : claims)
    out += "<li>" + flat_html(c.target + " " + c.boundary + " to " + c.sink) + ": " +
           (c.told.empty() ? word_html("not told yet", bad_look) : "told as " + word_html(c.told)) +
           flat_html(c.holder.empty() ? ", nobody speaks" : ", " + c.holder + " speaks") +
           (c.tries > 0 ? ", attempts since the last answer: " + std::to_string(c.tries) : "") +
           (c.passed.empty() ? "" : flat_html(", passed on by " + joined(c.passed))) + "</li>";
  return out + "</ul>";
}

}  // namespace

std::string fleet_section(const FleetOverview& fleet) {
  const Loudness loud = loudness_of(fleet);
  const auto has_state = [&](const char* state) {
    return std::count_if(fleet.members.begin(), fleet.members.end(), [&](const auto& m) { return m.state == state; });
  };
  const auto alive = has_state("alive"), all = alive + has_state("silent");
  std::string stands =
      std::to_string(alive) + " of " + std::to_string(all) + (all == 1 ? " host" : " hosts") + " alive";
  if (!fleet.is_connected)
    stands = fleet.away_for ? "has not answered for " + humanize(*fleet.away_for) + ", this host decides alone"
                            : "does not answer yet";
  if (!fleet.server.empty()) stands += ", connected to " + fleet.server;
  std::string out =
      "<h2>Fleet " + flat_html(fleet.name) + "</h2><p>" + word_html(loud.word) + ": " + flat_html(stands) + "</p>";
  for (const auto& trouble : fleet.troubles)
    out += "<p>" + word_html("trouble", bad_look) + ": " + flat_html(trouble) + "</p>";
  if (fleet.unshipped > 0)
    out += "<p>Snapshots that are still only on this host: " + std::to_string(fleet.unshipped) + "</p>";
  auto members = fleet.members;
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
  out +=
      "<section class=\"scroll\" tabindex=\"0\" aria-label=\"Members of the fleet\"><table><thead><tr><th "
      "scope=\"col\">Host</th><th scope=\"col\">State</th><th scope=\"col\">Version</th><th "
      "scope=\"col\">Heard</th><th scope=\"col\">Sees</th></tr></thead><tbody>";
  for (const auto& m : members) out += member_html(m);
  return out + "</tbody></table></section>" + claims_html(fleet.claims);
}

}  // namespace readback
