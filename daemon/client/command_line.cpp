// The table of commands, and the only place that knows CLI11, which is slow to compile and whose errors are worded for
// programmers.
#include "daemon/client/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <sstream>

#include "core/text/words.hpp"
#include "daemon/client/command.hpp"
#include "daemon/platform/version.hpp"

namespace readback {

namespace {

struct Entry {
  const char* name;  ///< "snapshot pull" is `pull` of the group `snapshot`
  const char* what;
  const char* example;  ///< and what else belongs below the help text
  std::unique_ptr<Command> (*make)();
};

/// A group has no work of its own: one of its commands must follow.
constexpr std::unique_ptr<Command> (*group)() = nullptr;

constexpr Entry entries[] = {
    {"status", "the verdict of each target, as a monitoring plugin",
     "readback status --target fabric\nExit status: 0 green, 1 warning, 2 critical or error, 3 unknown or no daemon",
     status_command},
    {"fleet", "the hosts that watch together, and who tells whom",
     "readback fleet\nExit status: 0 all is well, 1 warning, 2 critical or error, 3 unknown, no fleet or no daemon",
     fleet_command},
    {"probe", "read a platform once and explain; needs no daemon", "readback probe https://fabric.example:38080",
     probe_command},
    {"incidents", "open incidents, or with --all resolved ones too", "readback incidents --all", incidents_command},
    {"incident", "one incident: reasons, six conditions, timeline", "readback incident latest", incident_command},
    {"history", "uptime, incidents and latency by hour or day", "readback history --target fabric --since 24h",
     history_command},
    {"uptime", "how a month was, a row a target", "readback uptime --month 2026-11", uptime_command},
    {"snapshot", "evidence: list, pull, capture, verify, key, diff", "readback snapshot pull latest -o bundle.tar.zst",
     group},
    {"snapshot list", "sealed snapshots, newest first", "readback snapshot list", snapshot_list_command},
    {"snapshot pull", "fetch a bundle", "readback snapshot pull latest -o bundle.tar.zst", snapshot_pull_command},
    {"snapshot capture", "seal one now", "readback snapshot capture --reason 'before the upgrade'",
     snapshot_capture_command},
    {"snapshot verify", "is a bundle, or a chain of them, to be believed?",
     "readback snapshot verify bundle.tar.zst --key host-7.pub\n"
     "Works offline. Exit status: 0 when nothing speaks against it, else 1",
     snapshot_verify_command},
    {"snapshot key", "the public half of the key that signs them", "readback snapshot key > host-7.pub",
     snapshot_key_command},
    {"snapshot diff", "what changed between two bundles", "readback snapshot diff before.tar.zst after.tar.zst",
     snapshot_diff_command},
    {"report", "one HTML page of a snapshot or an incident", "readback report latest -o report.html", report_command},
    {"symptom", "record what people see, in your words",
     "readback symptom 'users cannot pay' --exposed-by user:checkout", symptom_command},
    {"ack", "say that you are on it: reminders stop", "readback ack latest", ack_command},
    {"verify", "read all again and show the six conditions",
     "readback verify latest\nExit status: 0 only when all hold", verify_command},
    {"resolve", "attest which owner runbook was used", "readback resolve latest --runbook 'Check stack health'",
     resolve_command},
    {"silence", "hold back new pages for a while: add, list, expire",
     "readback silence add --for 2h --reason 'planned upgrade'", group},
    {"silence add", "hold back new pages", "readback silence add --for 2h --boundary drift --reason 'upgrade'",
     silence_add_command},
    {"silence list", "what is silenced", "readback silence list", silence_list_command},
    {"silence expire", "end one now", "readback silence expire ID", silence_expire_command},
    {"sweep", "sweep now, within the request budget", "readback sweep", sweep_command},
    {"watch", "sweeps and events as they come", "readback watch", watch_command},
    {"export", "recorded reads as JSON lines, for replay", "readback export --since 24h > reads.jsonl", export_command},
    {"replay", "the same diagnosis over recorded reads", "readback replay reads.jsonl --verdicts", replay_command},
    {"test-alert", "send a test event through each sink", "readback test-alert hook", test_alert_command},
};

/// Every command of the table, ready to be parsed for; the one that was typed is the work.
class Commands {
 public:
  explicit Commands(CLI::App& root) {
    std::map<std::string_view, CLI::App*> groups;
    for (const Entry& entry : entries) {
      const std::string_view path = entry.name;
      const auto blank = path.find(' ');
      CLI::App& parent = blank == path.npos ? root : *groups.at(path.substr(0, blank));
      auto* sub = parent.add_subcommand(std::string(path.substr(blank == path.npos ? 0 : blank + 1)), entry.what);
      sub->footer(std::string("Example: ") + entry.example);
      sub->fallthrough();
      if (entry.make == group) {
        sub->require_subcommand(1);
        groups[path] = sub;
        continue;
      }
      auto work = entry.make();
      Options options(*sub);
      work->options(options);
      works_[sub] = std::move(work);
    }
  }
  Command* typed() const {
    for (const auto& [app, work] : works_)
      if (app->parsed()) return work.get();
    return nullptr;
  }

 private:
  std::map<const CLI::App*, std::unique_ptr<Command>> works_;
};

void introduce(CLI::App& cli, Client& client) {
  cli.name("readback");
  cli.footer(
      "Without a command: the status and what to do next.\n"
      "The socket is else $READBACK_SOCKET, else /run/readback/control.sock.\n"
      "Example: readback incident latest");
  cli.set_version_flag("--version", "readback " + std::string(version()));
  cli.add_option("--socket", client.socket, "the daemon's control socket");
  cli.add_flag("--json", client.as_json, "print JSON");
  cli.require_subcommand(0, 1);
  cli.fallthrough();
}

/// What is wrong with the words that were typed, and where to read how it is done.
std::string mistake(const CLI::App& cli, const CLI::ParseError& e) {
  const CLI::App* at = &cli;
  std::string command = cli.get_name();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    command += " " + at->get_name();
  }
  std::string text = e.what();
  const auto rest = cli.remaining(true);
  std::vector<std::string> names;
  for (const auto* sub : at->get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
  if (!names.empty() && !rest.empty() && !rest.front().starts_with("-")) {
    const std::string meant = nearest(rest.front(), names);
    text = "there is no command " + rest.front() + (meant.empty() ? "" : "; did you mean " + meant + "?");
  }
  return text + "\nreadback: " + command + " --help shows how it is used";
}

int run(const Client& client, Command* typed) {
  try {
    return typed ? typed->run(client) : status_and_hints(client);
  } catch (const std::exception& e) {  // JSON that an older daemon shapes otherwise
    return complain(not_understood(e.what()));
  }
}

}  // namespace

void Options::text(const char* name, std::string& into, const char* what) { app_.add_option(name, into, what); }
void Options::required(const char* name, std::string& into, const char* what) {
  app_.add_option(name, into, what)->required();
}
void Options::several(const char* name, std::vector<std::string>& into, const char* what) {
  app_.add_option(name, into, what)->required();
}
void Options::text_or(const char* name, std::string& into, const char* what) {
  app_.add_option(name, into, what)->capture_default_str();
}
void Options::flag(const char* name, bool& into, const char* what) { app_.add_flag(name, into, what); }
void Options::list(const char* name, std::vector<std::string>& into, const char* what) {
  app_.add_option(name, into, what)->allow_extra_args(false);
}
void Options::number(const char* name, int& into, const char* what) {
  app_.add_option(name, into, what)->capture_default_str()->check(CLI::PositiveNumber);
}

namespace {

/// `readback help incident` and `readback version`, as other tools have them, in the words that CLI11 knows.
std::vector<std::string> as_options(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return words;
  if (words.size() == 1 && (words[0] == "version" || words[0] == "-V")) return {"--version"};
  if (words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return words;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a pipe that nobody reads any more is told as a full disk is
  Client client;
  CLI::App cli(
      "readback asks the readbackd of this host: what is wrong, since when, why, and\nwhat is the next safe step.");
  introduce(cli, client);
  const Commands commands(cli);
  int status = 0;
  try {
    auto words = as_options(argc, argv);
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    cli.parse(std::move(words));
    status = run(client, commands.typed());
  } catch (const CLI::ParseError& e) {
    const bool is_asked_for = e.get_exit_code() == 0 && cli.remaining(true).empty();  // not `readback help statsu`
    if (!is_asked_for) return complain(mistake(cli, e), exit_usage);
    std::ostringstream asked_for;  // --help, --version
    status = cli.exit(e, asked_for, asked_for);
    put(asked_for.str());
  } catch (const Done& done) {
    status = done.status;
  }
  if (const auto trouble = stdout_trouble(); !trouble.empty())
    complain(trouble), status = status ? status : exit_failed;
  return status;
}

}  // namespace readback
