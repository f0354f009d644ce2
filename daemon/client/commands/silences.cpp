// New pages held back for a while: silence add, list, expire.
#include <boost/json.hpp>

#include "daemon/client/command.hpp"
#include "daemon/client/show.hpp"

namespace readback {
namespace {

struct Add : Command {
  std::string duration, from, reason, target, boundary;
  bool until_resolved = false;
  void options(Options& o) override {
    o.text("--for", duration, "like 30m or 2h");
    o.text("--from", from, "begins then: 2h (from now), or a time,\nUTC where it does not say otherwise");
    o.flag("--until-resolved", until_resolved, "ends with what is open there; with --for\nafter that at the latest");
    o.required("--reason", reason, "whoever is on call will ask");
    o.text("--target", target, "only this one");
    o.text("--boundary", boundary, "only this one: observer, outage, security,\ndrift, readiness or product");
  }
  int run(const Client& c) override {
    if (duration.empty() && !until_resolved)
      c.fail("--for or --until-resolved is needed: every silence ends", exit_usage);
    boost::json::object body{{"reason", reason}};
    if (!duration.empty()) body["for"] = duration;
    if (!from.empty()) body["from"] = from;
    if (until_resolved) body["until_resolved"] = true;
    if (!target.empty()) body["target"] = target;
    if (!boundary.empty()) body["boundary"] = boundary;
    return c.changed(c.send("POST", "/v1/silences", body));
  }
};

struct SilenceList : Command {
  int run(const Client& c) override {
    const auto list = c.get("/v1/silences");
    if (!c.raw(list)) print(show_silences(list.at("silences").as_array()));
    return 0;
  }
};

struct Expire : Command {
  std::string id;
  void options(Options& o) override { o.required("ID", id, "as silence list shows it"); }
  int run(const Client& c) override { return c.changed(c.send("DELETE", "/v1/silences/" + percent_encoded(id))); }
};

}  // namespace

std::unique_ptr<Command> silence_add_command() { return std::make_unique<Add>(); }
std::unique_ptr<Command> silence_list_command() { return std::make_unique<SilenceList>(); }
std::unique_ptr<Command> silence_expire_command() { return std::make_unique<Expire>(); }

}  // namespace readback
