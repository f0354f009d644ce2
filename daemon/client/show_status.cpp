// The status of one target is shown whole. Of many it begins with a count; what is bad comes first, loudest first and
// whole, those that fail in the same words together, and what is green takes a line each.
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <vector>

#include "core/text/time.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/client/when.hpp"

namespace readback {
namespace json = boost::json;
namespace {

/// How loud a verdict is, 0 the loudest. A word that is not known here comes before what is well.
std::size_t rank(std::string_view word) {
  constexpr std::string_view words[] = {"critical", "error", "warning", "unknown"};
  const auto* const at = std::find(std::begin(words), std::end(words), word);
  return static_cast<std::size_t>(at - std::begin(words)) + (word == "green" ? 1 : 0);
}

std::string first_reason(const json::object& read) {
  const auto reasons = array_at(read, "reasons");
  return reasons.empty() || !reasons[0].is_string() ? "" : std::string(reasons[0].get_string());
}

std::string reads_of(const json::object& target) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : array_at(target, "reads")) {
    const auto& r = each.as_object();
    const std::string word = text_at(r, "word");
    std::string said =
        word + (true_at(r, "stale") ? ", stale" : "") + (true_at(r, "contradictory") ? ", contradictory" : "");
    rows.push_back({"  " + text_at(r, "name"), coloured(said, word), first_reason(r)});
  }
  return table(rows);
}

/// Two targets with the same words have failed in the same way, as far as can be seen from here.
std::string way_of_failing(const json::object& target) {
  std::string way;
  for (const char* key : {"status", "primary", "extent"}) way += text_at(target, key) + "\n";
  for (const char* key : {"suspected", "in_maintenance"}) way += true_at(target, key) ? "+" : "-";
  for (const auto& each : array_at(target, "reads")) {
    const auto& r = each.as_object();
    way += text_at(r, "name") + "\t" + text_at(r, "word") + "\t" + first_reason(r) + "\n";
  }
  return way;
}

std::string whole(const json::object& t, const json::object& status) {
  const std::string word = text_at(t, "status");
  const std::string head = text_at(t, "name") + ": " + word;
  std::string out = coloured(bold(head), word) + wrapped(head + "  " + text_at(t, "text"), 2).substr(head.size()) +
                    "\n" + reads_of(t);
  std::string when = text_at(t, "last_sweep_at").empty()
                         ? "no sweep yet"
                         : "sweep " + text_at(t, "sweep") + " at " + when_at(t, "last_sweep_at", status);
  if (true_at(t, "suspected")) when += "; suspected, being confirmed";
  if (true_at(t, "in_maintenance")) when += "; in maintenance, pages are held back";
  if (!text_at(t, "void_reason").empty()) when += "; that sweep was void: " + text_at(t, "void_reason");
  return out + "  " + wrapped(when, 2) + "\n";
}

std::string bad_ones(const std::vector<Alike>& bad, const json::object& status) {
  std::string out;
  for (const auto& each : bad) {
    out += whole(*each.first, status);
    if (const auto others = the_others(each); !others.empty()) out += "  " + wrapped(others, 4) + "\n";
  }
  return out;
}

std::string green_ones(const Targets& targets, const json::object& status) {
  std::vector<std::vector<std::string>> rows;
  for (const auto* t : targets) {
    const std::string since = age_at(*t, "green_since", status), swept = age_at(*t, "last_sweep_at", status);
    std::string said = since.empty() ? "" : "since " + when_at(*t, "green_since", status);
    if (!swept.empty()) said += (said.empty() ? "swept " : ", swept ") + swept;
    if (true_at(*t, "suspected")) said += ", suspected";
    if (true_at(*t, "in_maintenance")) said += ", in maintenance";
    rows.push_back({coloured(text_at(*t, "name") + ": green", "green"), said});
  }
  return table(rows);
}

std::string sinks_in_trouble(const json::object& s) {
  std::vector<std::vector<std::string>> sinks;
  for (const auto& each : array_at(s, "sinks")) {
    const auto& k = each.as_object();
    const std::string state = text_at(k, "state");
    if (state == "delivered" || state == "idle") continue;
    sinks.push_back({"  " + text_at(k, "name"), coloured(state, state), text_at(k, "detail")});
  }
  return sinks.empty() ? "" : "\n" + bold("Sinks in trouble") + "\n" + table(sinks);
}

std::string about_the_daemon(const json::object& s) {
  const auto* daemon = object_at(s, "daemon");
  std::string out;
  if (const auto key = daemon ? text_at(*daemon, "evidence_key") : ""; !key.empty())
    out += "\nSnapshot key: " + key + "\n";
  if (const auto* fleet = object_at(s, "fleet")) out += "\n" + show_fleet_line(*fleet);
  for (const auto& trouble : array_at(s, "troubles"))
    out += coloured("! ", "error") + wrapped(std::string(trouble.as_string()), 2) + "\n";
  if (daemon && daemon->contains("sandbox_complete") && !true_at(*daemon, "sandbox_complete"))
    out += bold("Sandbox incomplete: ") + wrapped(text_at(*daemon, "sandbox"), 2) + "\n";
  return out;
}

}  // namespace

json::array told_of(const json::array& incidents) {
  json::array told;
  for (const auto& each : incidents)
    if (each.is_object() && text_at(each.get_object(), "state") != "inhibited") told.push_back(each);
  return told;
}

std::string counted(const json::object& s) {
  std::map<std::size_t, std::pair<std::string, std::size_t>> by_rank;
  for (const auto& each : array_at(s, "targets")) {
    const std::string word = text_at(each.as_object(), "status");
    auto& [name, count] = by_rank[rank(word)];
    name = word;
    ++count;
  }
  std::string out;
  for (const auto& [at, words] : by_rank)
    out += (out.empty() ? "" : ", ") + coloured(std::to_string(words.second) + " " + words.first, words.first);
  const auto open = told_of(array_at(s, "incidents")).size();
  if (open > 0) out += "; " + std::to_string(open) + (open == 1 ? " open incident" : " open incidents");
  return out;
}

Targets loudest_first(const json::array& all) {
  Targets targets;
  for (const auto& each : all)
    if (each.is_object()) targets.push_back(&each.get_object());
  std::stable_sort(targets.begin(), targets.end(), [](const auto* a, const auto* b) {
    return rank(text_at(*a, "status")) < rank(text_at(*b, "status"));
  });
  return targets;
}

std::vector<Alike> alike(const Targets& targets) {
  std::map<std::string, std::size_t> known;  // by the way of failing
  std::vector<Alike> all;
  for (const auto* t : targets) {
    const auto [at, is_first] = known.try_emplace(way_of_failing(*t), all.size());
    if (is_first)
      all.push_back({t, {}});
    else
      all[at->second].others.push_back(text_at(*t, "name"));
  }
  return all;
}

std::string the_others(const Alike& alike) {
  std::string names;
  for (const auto& name : alike.others) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "" : "and " + std::to_string(alike.others.size()) + " in the same way: " + names;
}

std::string show_status(const json::object& s) {
  const auto all = array_at(s, "targets");
  const auto targets = loudest_first(all);
  std::string out;
  if (targets.size() == 1) {
    out += whole(*targets.front(), s);
  } else if (!targets.empty()) {
    const auto green =
        std::find_if(targets.begin(), targets.end(), [](const auto* t) { return text_at(*t, "status") == "green"; });
    out += bold(counted(s)) + "\n";
    out += bad_ones(alike(Targets(targets.begin(), green)), s) + green_ones(Targets(green, targets.end()), s);
  }
  if (const auto incidents = array_at(s, "incidents"); !incidents.empty())
    out += "\n" + bold("Open incidents") + "\n" +
           list_incidents(incidents, parse_rfc3339(text_at(s, "at")).value_or(WallTime{}));
  return out + sinks_in_trouble(s) + about_the_daemon(s);
}

}  // namespace readback
