// What has failed, and an operator's word about it: incidents, incident, symptom, ack, verify, resolve.
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "core/text/time.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/show.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr const char* which = "an id, its last 8 characters, or latest";
constexpr const char* acted_on = "an id, its last 8 characters, or latest;\nelse the only one that is open";

std::string incident_path(const std::string& id) { return "/v1/incidents/" + percent_encoded(id); }

/// Which incident is acted upon. Where several are open a word that is not an id would be a lottery.
std::string path_to_act_on(const Client& c, const std::string& id) {
  if (!id.empty() && id != "latest") return incident_path(id);
  const auto open = told_of(c.get("/v1/incidents?state=open").at("incidents").as_array());
  if (open.size() == 1) return incident_path(text_at(open.front().as_object(), "id"));
  if (open.empty() && id == "latest") return incident_path(id);
  if (open.empty()) c.fail("no incident is open; name one, or latest");
  c.fail(std::to_string(open.size()) + " incidents are open; name one of them:\n" + list_incidents(open, now().wall));
}

struct Incidents : Command {
  bool all = false;
  std::string since, target;
  int limit = 500;
  void options(Options& o) override {
    o.flag("--all", all, "resolved ones too");
    o.text("--since", since, "7d, or a time: all that were open since then");
    o.text("--target", target, "only of this one");
    o.number("--limit", limit, "at most so many, the newest");
  }
  int run(const Client& c) override {
    const bool open_only = !all && since.empty();
    // Several may be one row.
    const int most = c.as_json ? limit : std::min(10 * std::min(limit, 1000), 10'000);
    std::string asked = open_only ? "?state=open" : "?state=all&limit=" + std::to_string(most);
    if (!since.empty()) asked += "&since=" + percent_encoded(since);
    if (!target.empty()) asked += "&target=" + percent_encoded(target);
    const auto list = c.get("/v1/incidents" + asked);
    if (c.raw(list)) return 0;
    const auto& found = list.at("incidents").as_array();
    print(found.empty() && open_only ? "no open incident; with --all those that are over\n"
                                     : list_incidents(found, now().wall, static_cast<std::size_t>(limit)));
    return 0;
  }
};

struct OneIncident : Command {
  std::string id = "latest";
  void options(Options& o) override { o.text_or("ID", id, which); }
  int run(const Client& c) override {
    const auto i = c.get(incident_path(id));
    if (!c.raw(i)) print(show_incident(i));
    return 0;
  }
};

struct Symptom : Command {
  std::string text, target, extent, exposed_by;
  void options(Options& o) override {
    o.required("TEXT", text, "what fails, for whom, since when");
    o.text("--target", target, "only this one");
    o.text("--extent", extent, "total, degraded, stale or intermittent");
    o.text("--exposed-by", exposed_by, "user:NAME, agent:NAME or automation:NAME");
  }
  int run(const Client& c) override {
    json::object body{{"text", text}};
    if (!target.empty()) body["target"] = target;
    if (!extent.empty()) body["extent"] = extent;
    if (!exposed_by.empty()) body["exposed_by"] = exposed_by;
    return c.changed(c.send("POST", "/v1/symptoms", body));
  }
};

struct Ack : Command {
  std::string id;
  void options(Options& o) override { o.text("ID", id, acted_on); }
  int run(const Client& c) override { return c.changed(c.send("POST", path_to_act_on(c, id) + "/ack")); }
};

/// What has come back of a target: sweeps, and results of checks.
struct Returned {
  std::int64_t sweeps = 0, checks = 0;
  bool has_checks = false;
};
Returned returned(const Client& c, const std::string& target) {
  const auto t = c.get("/v1/targets/" + percent_encoded(target));
  Returned r{t.at("sweeps_total").to_number<std::int64_t>(), t.at("checks_total").to_number<std::int64_t>(), false};
  for (const auto& read : t.at("reads").as_array())
    r.has_checks = r.has_checks || text_at(read.as_object(), "kind") == "check";
  return r;
}

/// Asks for everything to be read again, waits until it has been, and returns the incident as it stands then.
json::object verified(const Client& c, const std::string& path) {
  auto incident = c.get(path);
  const bool open = incident.at("open").as_bool();
  const std::string target = text_at(incident, "target");
  const auto before = open ? returned(c, target) : Returned{};
  const auto told = c.send("POST", path + "/verify");
  if (!open) {
    complain(text_at(told, "text"));
    return incident;
  }
  constexpr std::chrono::seconds patience(20);
  constexpr std::chrono::milliseconds look_again(100);
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto after = returned(c, target);
    if (after.sweeps > before.sweeps && (!after.has_checks || after.checks > before.checks)) break;
    if (std::chrono::steady_clock::now() > until) {
      complain("not everything has come back after " + std::to_string(patience.count()) +
               " s; this is what is known so far");
      break;
    }
    std::this_thread::sleep_for(look_again);
  }
  return c.get(path);
}

bool holds(const json::object& incident) { return true_at(incident, "conditions_hold"); }

/// Again and again until the conditions hold, or for so long.
json::object verified_within(const Client& c, const std::string& path, Millis limit) {
  constexpr std::chrono::seconds between(5);
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto incident = verified(c, path);
    if (holds(incident) || !true_at(incident, "open")) return incident;
    if (std::chrono::steady_clock::now() + between > until) return incident;
    std::this_thread::sleep_for(between);
  }
}

struct Verify : Command {
  std::string id, wait;
  void options(Options& o) override {
    o.text("ID", id, acted_on);
    o.text("--wait", wait, "5m: reads until they hold, for so long at most");
  }
  int run(const Client& c) override {
    const auto limit = parse_duration(wait.empty() ? "0" : wait);
    if (!limit) c.fail("--wait " + wait + " is no duration like 5m", exit_usage);
    const auto i = verified_within(c, path_to_act_on(c, id), *limit);
    if (!c.raw(i))
      print(show_conditions(i) + "\n" + show_outcome(i) + short_id(text_at(i, "id")) + "  " + text_at(i, "summary") +
            "\n");
    return holds(i) ? 0 : exit_failed;
  }
};

struct Resolve : Command {
  std::string id, runbook, note;
  void options(Options& o) override {
    o.text("ID", id, acted_on);
    o.required("--runbook", runbook, "its title or address");
    o.text("--note", note, "what was found and done");
  }
  int run(const Client& c) override {
    json::object body{{"runbook", runbook}};
    if (!note.empty()) body["note"] = note;
    return c.changed(c.send("POST", path_to_act_on(c, id) + "/resolve", body));
  }
};

}  // namespace

std::unique_ptr<Command> incidents_command() { return std::make_unique<Incidents>(); }
std::unique_ptr<Command> incident_command() { return std::make_unique<OneIncident>(); }
std::unique_ptr<Command> symptom_command() { return std::make_unique<Symptom>(); }
std::unique_ptr<Command> ack_command() { return std::make_unique<Ack>(); }
std::unique_ptr<Command> verify_command() { return std::make_unique<Verify>(); }
std::unique_ptr<Command> resolve_command() { return std::make_unique<Resolve>(); }

}  // namespace readback
