// What has failed, and an operator's word about it: incidents, incident, symptom, ack, verify, resolve.
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "daemon/client/command.hpp"
#include "daemon/client/show.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr const char* which = "an id, the beginning of one, or latest";

std::string path_of(const Client& c, const std::string& id) {
  return "/v1/incidents/" + percent_encoded(c.latest_incident(id));
}

struct Incidents : Command {
  bool all = false;
  void options(Options& o) override { o.flag("--all", all, "resolved ones too"); }
  int run(const Client& c) override {
    const auto list = c.get(all ? "/v1/incidents?state=all" : "/v1/incidents?state=open");
    if (c.raw(list)) return 0;
    const auto& found = list.at("incidents").as_array();
    print(found.empty() && !all ? "no open incident; with --all those that are over\n" : show_incidents(found));
    return 0;
  }
};

struct OneIncident : Command {
  std::string id = "latest";
  void options(Options& o) override { o.text_or("ID", id, which); }
  int run(const Client& c) override {
    const auto i = c.get(path_of(c, id));
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
  void options(Options& o) override { o.required("ID", id, which); }
  int run(const Client& c) override { return c.changed(c.send("POST", path_of(c, id) + "/ack")); }
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

struct Verify : Command {
  std::string id;
  void options(Options& o) override { o.required("ID", id, which); }
  int run(const Client& c) override {
    const auto i = verified(c, path_of(c, id));
    if (!c.raw(i)) print(show_conditions(i) + "\n" + show_outcome(i));
    const auto* holds = i.if_contains("conditions_hold");
    return holds && holds->is_bool() && holds->get_bool() ? 0 : exit_failed;
  }
};

struct Resolve : Command {
  std::string id, runbook, note;
  void options(Options& o) override {
    o.required("ID", id, which);
    o.required("--runbook", runbook, "its title or address");
    o.text("--note", note, "what was found and done");
  }
  int run(const Client& c) override {
    json::object body{{"runbook", runbook}};
    if (!note.empty()) body["note"] = note;
    return c.changed(c.send("POST", path_of(c, id) + "/resolve", body));
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
