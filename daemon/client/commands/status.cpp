// `readback status` and `readback` alone. The first is a monitoring plugin: its exit status is the verdict, and what
// cannot be told is unknown, whatever the cause.
#include <algorithm>
#include <boost/json.hpp>

#include "daemon/client/command.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/platform/version.hpp"

namespace readback {
namespace json = boost::json;
namespace {

/// After an upgrade the old daemon may still run.
std::string other_version(const json::object& status) {
  const std::string theirs = text_at(status.at("daemon").as_object(), "version"), ours(version());
  if (theirs == ours) return "";
  return coloured("! ", "warning") +
         wrapped("readbackd is version " + theirs + " and readback " + ours + ": systemctl restart readbackd", 2) +
         "\n";
}

/// The three most useful ones now.
std::string next_commands(const json::array& open) {
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](const char* command, const char* what) { rows.push_back({std::string("  ") + command, what}); };
  const bool recovered = std::any_of(
      open.begin(), open.end(), [](const json::value& i) { return text_at(i.as_object(), "state") == "recovered"; });
  if (open.empty()) {
    row("readback watch", "sweeps and events as they come");
    row("readback test-alert", "does a page arrive?");
    row("readback incidents --all", "what has happened before");
  } else {
    row("readback incident latest", "what failed, why, and the next safe step");
    if (recovered) row("readback verify latest", "which of the six conditions still fails");
    row("readback snapshot pull latest", "the evidence from before the failure");
    if (!recovered) row("readback report latest -o R.html", "all of it as one page");
  }
  return table(rows);
}

/// Leaves only this target in the status.
void narrow(const Client& c, json::object& s, const std::string& target) {
  json::array only;
  std::string names;
  for (const auto& t : s.at("targets").as_array()) {
    const std::string name = text_at(t.as_object(), "name");
    names += (names.empty() ? "" : ", ") + name;
    if (name == target) only.push_back(t);
  }
  if (only.empty()) c.fail("no target is called " + target + "; there are: " + names, exit_unknown);
  s["exit"] = only.front().as_object().at("exit");
  s["status"] = only.front().as_object().at("status");
  s["targets"] = std::move(only);
}

int show(const Client& c, const std::string& target, bool hints) {
  json::object s = c.get("/v1/status", exit_unknown);
  if (!target.empty()) narrow(c, s, target);
  if (!c.raw(s)) print(show_status(s) + other_version(s));
  if (hints && !c.as_json) print("\n" + bold("Next") + "\n" + next_commands(s.at("incidents").as_array()));
  return static_cast<int>(s.at("exit").as_int64());
}

struct Status : Command {
  std::string target;
  void options(Options& o) override { o.text("--target", target, "only this one"); }
  int run(const Client& c) override {
    return verdict_or_unknown([&] { return show(c, target, false); });
  }
};

}  // namespace

int verdict_or_unknown(const std::function<int()>& show) {
  try {
    return show();
  } catch (const Done& done) {
    return done.status == exit_failed ? exit_unknown : done.status;
  } catch (const std::exception& e) {
    return complain(not_understood(e.what()), exit_unknown);
  }
}

int status_and_hints(const Client& client) {
  return verdict_or_unknown([&] { return show(client, "", true); });
}

std::unique_ptr<Command> status_command() { return std::make_unique<Status>(); }

}  // namespace readback
