// The fleet in words: how it stands in the first line, then who is missing or unwell before those who are well, then
// what is told to whom. Nothing is shown that is as it should be, but for the members themselves.
#include <boost/json.hpp>
#include <map>

#include "core/text/time.hpp"
#include "core/text/words.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"

namespace readback {
namespace json = boost::json;
namespace {

/// "2m 14s"
std::string span_at(const json::object& o, std::string_view key) {
  const auto seconds = number_at(o, key);
  if (!seconds) return "";
  return humanize(Seconds(static_cast<std::int64_t>(*seconds)));
}

std::vector<std::string> texts_at(const json::object& o, std::string_view key) {
  std::vector<std::string> texts;
  for (const auto& each : array_at(o, key))
    if (each.is_string()) texts.emplace_back(each.get_string());
  return texts;
}

std::string counted(std::int64_t n, const std::string& one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

/// "3 of 4 hosts are alive", or since when this host decides alone.
std::string standing(const json::object& fleet, std::int64_t alive, std::int64_t all) {
  const std::string server = text_at(fleet, "server");
  if (true_at(fleet, "connected"))
    return std::to_string(alive) + " of " + counted(all, "host") + (alive == 1 ? " is" : " are") + " alive";
  const std::string away = span_at(fleet, "away_s");
  return (away.empty() ? "it does not answer yet" : "it has not answered for " + away + ": this host decides alone") +
         "; " + (server.empty() ? "there is no connection to a server" : "connected to " + server);
}

/// The worse, the further up: a name that two have, who is silent, who is unwell, who is well, who has left.
int place_of(const json::object& member) {
  const std::string state = text_at(member, "state");
  if (true_at(member, "doubled")) return 0;
  if (state == "left") return 4;
  if (state == "silent") return 1;
  return array_at(member, "troubles").empty() ? 3 : 2;
}

/// What it sees, the bad by name and the green as a number: "fabric outage, 3 green".
std::string sight_of(const json::object& member) {
  constexpr std::size_t most = 6;
  const auto* targets = object_at(member, "targets");
  if (!targets || text_at(member, "state") == "left") return "";
  std::vector<std::string> bad, green;
  for (const auto& [name, word] : *targets) {
    const std::string said = text_at(*targets, name);
    if (said == "green")
      green.emplace_back(name);
    else
      bad.push_back(std::string(name) + " " + said);
  }
  std::string text = joined_at_most(most, bad);
  if (green.empty()) return text;
  if (!text.empty()) text += ", ";
  return text + (green.size() == 1 ? green.front() : std::to_string(green.size())) + " green";
}

std::vector<std::string> row_of(const json::object& member) {
  const std::string state = text_at(member, "state");
  const bool is_self = true_at(member, "self"), is_doubled = true_at(member, "doubled");
  const std::string word = is_doubled ? "name used twice" : is_self ? "this host" : state;
  const char* colour = is_doubled ? "error" : state == "silent" ? "warning" : state == "alive" ? "green" : "";
  const auto heard = number_at(member, "heard_s");
  std::string last = "never heard";
  if (heard) last = *heard < 1 ? "heard now" : "heard " + span_at(member, "heard_s") + " ago";
  if (is_self) last.clear();
  if (const auto lag = number_at(member, "lag_s"); lag && *lag >= 1)
    last += (last.empty() ? "" : ", ") + span_at(member, "lag_s") + " behind";
  return {"  " + text_at(member, "host"), coloured(word, colour), text_at(member, "version"), last, sight_of(member)};
}

std::string members_of(std::vector<json::object> members) {
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
  std::vector<std::vector<std::string>> rows;
  std::string troubles;
  for (const auto& member : members) {
    rows.push_back(row_of(member));
    for (const auto& trouble : texts_at(member, "troubles"))
      troubles += coloured("! ", "error") + wrapped(text_at(member, "host") + ": " + trouble, 2) + "\n";
  }
  return rows.empty() ? "" : "\n" + bold("Members") + "\n" + table(rows) + troubles;
}

std::string claims_of(const json::object& fleet) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& each : array_at(fleet, "claims")) {
    if (!each.is_object()) continue;
    const auto& c = each.get_object();
    const std::string told = text_at(c, "told"), holder = text_at(c, "holder");
    const auto tries = static_cast<std::int64_t>(number_at(c, "tries").value_or(0));
    std::string said = told.empty() ? coloured("not told yet", "error") : coloured("told as " + told, told);
    said += holder.empty() ? ", nobody speaks" : ", " + holder + " speaks";
    if (tries > 0) said += ", " + counted(tries, "attempt") + " since the last answer";
    if (const auto passed = texts_at(c, "passed"); !passed.empty()) said += ", passed on by " + joined(passed);
    rows.push_back({"  " + text_at(c, "target") + " " + text_at(c, "boundary"), "to " + text_at(c, "sink"), said});
  }
  return rows.empty() ? "" : "\n" + bold("Open, and told to whom") + "\n" + table(rows);
}

}  // namespace

std::string show_fleet(const json::object& fleet) {
  std::vector<json::object> members;
  std::int64_t alive = 0, all = 0;
  for (const auto& each : array_at(fleet, "members")) {
    if (!each.is_object()) continue;
    members.push_back(each.get_object());
    const std::string state = text_at(members.back(), "state");
    alive += state == "alive" ? 1 : 0;
    all += state == "left" ? 0 : 1;
  }
  const std::string word = text_at(fleet, "status"), head = text_at(fleet, "fleet") + ": " + word;
  std::string stands = standing(fleet, alive, all);
  if (const auto server = text_at(fleet, "server"); !server.empty() && true_at(fleet, "connected"))
    stands += "; connected to " + server;
  std::string out = coloured(bold(head), word) + wrapped(head + "  " + stands, 2).substr(head.size()) + "\n";
  for (const auto& trouble : texts_at(fleet, "troubles")) out += coloured("! ", "error") + wrapped(trouble, 2) + "\n";
  out += members_of(std::move(members)) + claims_of(fleet);
  std::string rest;
  if (const auto waiting = number_at(fleet, "unshipped").value_or(0); waiting > 0)
    rest +=
        wrapped(counted(static_cast<std::int64_t>(waiting), "snapshot") + " not shipped yet: still only on this host",
                0) +
        "\n";
  if (const auto apart = number_at(fleet, "disagreements").value_or(0); apart > 0)
    rest += wrapped("hosts have disagreed " + counted(static_cast<std::int64_t>(apart), "time") +
                        " since readbackd was started",
                    0) +
            "\n";
  return out + (rest.empty() ? "" : "\n" + rest);
}

std::string show_fleet_line(const json::object& fleet) {
  std::int64_t alive = 0, silent = 0;
  if (const auto* states = object_at(fleet, "members")) {
    alive = static_cast<std::int64_t>(number_at(*states, "alive").value_or(0));
    silent = static_cast<std::int64_t>(number_at(*states, "silent").value_or(0));
  }
  const std::string word = text_at(fleet, "status"), head = "Fleet " + text_at(fleet, "fleet") + ": " + word;
  std::string out = coloured(bold(head), word) +
                    wrapped(head + "  " + standing(fleet, alive, alive + silent), 2).substr(head.size()) + "\n";
  for (const auto& trouble : texts_at(fleet, "troubles")) out += coloured("! ", "error") + wrapped(trouble, 2) + "\n";
  return out;
}

}  // namespace readback
