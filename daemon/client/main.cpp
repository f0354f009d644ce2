// readback: the client. Each command is one question to the daemon (or none), shown in words or, with --json, as it
// came.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <thread>

#include "config/scalars.hpp"
#include "core/text/instant.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"
#include "daemon/client/connection.hpp"
#include "daemon/client/offline.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/client/watch.hpp"
#include "daemon/evidence/archive.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"

namespace {

using namespace readback;
namespace json = boost::json;

constexpr int exit_failed = 1, exit_unknown = 3, exit_usage = 64, exit_no_daemon = 69;

/// Ends the command with this status; the text, if any, has been said.
struct Done {
  int status;
};

struct Client {
  std::string socket;
  bool as_json = false;

  /// With --json a script finds the reason on stdout too: the daemon's problem, or one of the same form.
  [[noreturn]] void fail(const std::string& text, int status = exit_failed, const std::string& problem = "") const {
    if (as_json)
      print(problem.empty() ? json::serialize(json::object{{"title", "Failed"}, {"detail", text}}) + "\n" : problem);
    std::fprintf(stderr, "readback: %s\n", text.c_str());
    throw Done{status};
  }
  Connection connection() const { return Connection(socket_path(socket)); }

  Reply checked(std::variant<Reply, NoDaemon> answer, int without_daemon = exit_no_daemon) const {
    if (auto* none = std::get_if<NoDaemon>(&answer)) fail(none->text, without_daemon);
    auto& reply = std::get<Reply>(answer);
    if (reply.status >= 200 && reply.status < 300) return std::move(reply);
    json::error_code ec;
    const auto problem = json::parse(reply.body, ec);
    if (ec || !problem.is_object()) fail("the daemon answered " + std::to_string(reply.status));
    const auto& o = problem.get_object();
    std::string text = text_at(o, "detail").empty() ? text_at(o, "title") : text_at(o, "detail");
    if (const auto nearest = text_at(o, "nearest"); !nearest.empty() && text.find(nearest) == text.npos)
      text += "; the nearest is " + nearest;
    if (reply.status == 405 || text.starts_with("there is no such route"))
      text = "this daemon does not know how; is it older than readback " + std::string(version()) +
             "? systemctl restart readbackd";
    if (reply.status != 422) fail(text, exit_failed, reply.body);
    if (const auto field = text_at(o, "field"); !field.empty() && field != "text") text = "--" + field + ": " + text;
    fail(text, exit_usage, reply.body);
  }
  json::object get(const std::string& target, int without_daemon = exit_no_daemon) const {
    return object(checked(connection().ask("GET", target), without_daemon).body);
  }
  json::object send(const std::string& method, const std::string& target, const json::object& body = {}) const {
    return object(checked(connection().ask(method, target, method == "POST" ? json::serialize(body) : "")).body);
  }
  json::object object(const std::string& text) const {
    json::error_code ec;
    auto v = json::parse(text, ec);
    if (ec || !v.is_object())
      fail("the daemon's answer is not understood: is it of another version than readback " + std::string(version()) +
           "?");
    return std::move(v.get_object());
  }
  /// True when it has been printed as JSON.
  bool raw(const json::value& v) const {
    if (as_json) std::printf("%s\n", json::serialize(v).c_str());
    return as_json;
  }
  void print(const std::string& text) const { std::fputs(text.c_str(), stdout); }
  void changed(const json::object& change) const {
    if (raw(change)) return;
    std::printf("%s%s\n", text_at(change, "text").c_str(),
                text_at(change, "id").empty() ? "" : ("\n" + text_at(change, "id")).c_str());
  }
  std::string latest_incident(const std::string& id) const {
    if (id != "latest") return id;
    const auto list = get("/v1/incidents").at("incidents").as_array();
    if (list.empty()) fail("there is no incident");
    return text_at(list.front().as_object(), "id");
  }
};

std::string escaped(const std::string& text) {
  std::string out;
  for (unsigned char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", c);
    out += std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~' ? std::string(1, static_cast<char>(c))
                                                                           : std::string(hex);
  }
  return out;
}

/// A file where there is one of this name, else the daemon's snapshot of this id.
NamedBundle bundle(const Client& c, const std::string& name) {
  if (name.find('/') == name.npos && !name.ends_with(".zst") && ::access(name.c_str(), F_OK) != 0)
    return {name, c.checked(c.connection().ask("GET", "/v1/snapshots/" + escaped(name))).body};
  auto read = read_bytes(name);
  if (!read) c.fail(read.error());
  return {name, *std::move(read)};
}

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

int status_command(const Client& c, const std::string& target, bool hints) {
  json::object s = c.get("/v1/status", exit_unknown);
  if (!target.empty()) {
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
  if (!c.raw(s)) c.print(show_status(s) + other_version(s));
  if (hints && !c.as_json) c.print("\n" + bold("Next") + "\n" + next_commands(s.at("incidents").as_array()));
  return static_cast<int>(s.at("exit").as_int64());
}

std::string not_understood(const std::string& why) {
  return "the daemon's answer is not understood (" + why + "): is it of another version than readback " +
         std::string(version()) + "?";
}

/// A monitoring plugin: what cannot be told is unknown, whatever the cause.
int status_or_unknown(const Client& c, const std::string& target, bool hints) {
  try {
    return status_command(c, target, hints);
  } catch (const Done& done) {
    return done.status == exit_failed ? exit_unknown : done.status;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "readback: %s\n", not_understood(e.what()).c_str());
    return exit_unknown;
  }
}

/// What has come back of a target: sweeps, and results of checks.
struct Returned {
  std::int64_t sweeps = 0, checks = 0;
  bool has_checks = false;
};
Returned returned(const Client& c, const std::string& target) {
  const auto t = c.get("/v1/targets/" + escaped(target));
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
    std::fprintf(stderr, "readback: %s\n", text_at(told, "text").c_str());
    return incident;
  }
  constexpr std::chrono::seconds patience(20);
  constexpr std::chrono::milliseconds look_again(100);
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto after = returned(c, target);
    if (after.sweeps > before.sweeps && (!after.has_checks || after.checks > before.checks)) break;
    if (std::chrono::steady_clock::now() > until) {
      std::fprintf(stderr, "readback: not everything has come back after %d s; this is what is known so far\n",
                   static_cast<int>(patience.count()));
      break;
    }
    std::this_thread::sleep_for(look_again);
  }
  return c.get(path);
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

/// When the newest line of a piece of recorded reads was read.
std::optional<WallTime> newest_read(std::string_view piece) {
  constexpr std::string_view begins = "\n{\"at\":\"";
  const auto at = piece.rfind(begins);
  if (at == piece.npos) return std::nullopt;
  const auto rest = piece.substr(at + begins.size());
  return parse_rfc3339(rest.substr(0, rest.find('"')));
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // `readback export | head` ends quietly
  Client c;
  CLI::App cli(
      "readback asks the readbackd of this host: what is wrong, since when, why, and\nwhat is the next safe step.");
  cli.name("readback");
  cli.footer(
      "Without a command: the status and what to do next.\n"
      "The socket is else $READBACK_SOCKET, else /run/readback/control.sock.\n"
      "Example: readback incident latest");
  cli.set_version_flag("--version", "readback " + std::string(version()));
  cli.add_option("--socket", c.socket, "the daemon's control socket");
  cli.add_flag("--json", c.as_json, "print JSON");
  cli.require_subcommand(0, 1);
  cli.fallthrough();
  int status = 0;
  std::string target, id = "latest", out, reason, text, extent, exposed_by, runbook, note, duration, boundary, sink,
                      since = "24h", file, other;
  bool all = false, safe = false;
  ReplayCommand replay;
  ProbeCommand probe;

  const auto command = [&](CLI::App& parent, const char* name, const char* what, const char* example,
                           std::function<void()> run) {
    auto* sub = parent.add_subcommand(name, what);
    sub->footer(std::string("Example: ") + example);
    if (run) sub->callback(std::move(run));
    sub->fallthrough();
    return sub;
  };

  auto* sub = command(
      cli, "status", "the verdict of each target, as a monitoring plugin",
      "readback status --target fabric\nExit status: 0 green, 1 warning, 2 critical or error, 3 unknown or no daemon",
      [&] { status = status_or_unknown(c, target, false); });
  sub->add_option("--target", target, "only this one");

  sub = command(cli, "probe", "read a platform once and explain; needs no daemon",
                "readback probe https://fabric.example:38080", [&] {
                  probe.json = c.as_json;
                  status = probe_command(probe);
                });
  sub->add_option("URL", probe.url, "http://, https:// or unix:///path.sock")->required();
  sub->add_option("--config-out", probe.config_out, "a configuration to start from goes here");
  sub->add_option("--header", probe.headers, "'NAME: VALUE' to send, or @FILE with such lines")
      ->allow_extra_args(false);
  sub->add_option("--timeout-ms", probe.timeout_ms, "for each read")->capture_default_str()->check(CLI::PositiveNumber);

  sub = command(cli, "incidents", "open incidents, or with --all resolved ones too", "readback incidents --all", [&] {
    const auto list = c.get(all ? "/v1/incidents?state=all" : "/v1/incidents?state=open");
    if (c.raw(list)) return;
    const auto& found = list.at("incidents").as_array();
    c.print(found.empty() && !all ? "no open incident; with --all those that are over\n" : show_incidents(found));
  });
  sub->add_flag("--all", all, "resolved ones too");

  sub = command(cli, "incident", "one incident: reasons, six conditions, timeline", "readback incident latest", [&] {
    const auto i = c.get("/v1/incidents/" + escaped(c.latest_incident(id)));
    if (!c.raw(i)) c.print(show_incident(i));
  });
  sub->add_option("ID", id, "an id, the beginning of one, or latest")->capture_default_str();

  auto* snapshot = command(cli, "snapshot", "evidence: list, pull, capture, verify, diff",
                           "readback snapshot pull latest -o bundle.tar.zst", {});
  snapshot->require_subcommand(1);
  command(*snapshot, "list", "sealed snapshots, newest first", "readback snapshot list", [&] {
    const auto list = c.get("/v1/snapshots");
    if (!c.raw(list)) c.print(show_snapshots(list.at("snapshots").as_array()));
  });
  sub = command(*snapshot, "pull", "fetch a bundle", "readback snapshot pull latest -o bundle.tar.zst", [&] {
    if (out == "-" && is_terminal())
      c.fail("a bundle is no text for a terminal: write it to a file with -o, or pipe it on", exit_usage);
    std::string bytes;
    {
      Progress progress(false);
      double whole = 1;
      Taking taking;
      taking.length = [&](std::uint64_t length) { whole = std::max(1.0, static_cast<double>(length)); };
      taking.piece = [&](std::string_view piece) {
        bytes += piece;
        progress.at(static_cast<double>(bytes.size()) / whole, bytes.size());
        return true;
      };
      if (out.empty()) taking.name = [&](std::string name) { out = std::move(name); };
      const std::string form = safe ? "?form=public-safe" : "";
      (void)c.checked(c.connection().stream("/v1/snapshots/" + escaped(id) + form, taking));
    }
    std::string name = out;
    if (name.empty()) name = "readback-" + id + ".tar.zst";
    status = write_out(bytes, name);
    if (status == 0 && name != "-" && !c.as_json) std::printf("%s, %zu bytes\n", name.c_str(), bytes.size());
    if (status == 0 && name != "-" && c.as_json) c.raw(json::object{{"file", name}, {"bytes", bytes.size()}});
  });
  sub->add_option("ID", id, "an id, the beginning of one, or latest")->capture_default_str();
  sub->add_option("-o,--output", out, "the file, - for stdout");
  sub->add_flag("--public-safe", safe, "verdicts, codes, times and digests only");
  sub = command(*snapshot, "capture", "seal one now", "readback snapshot capture --reason 'before the upgrade'", [&] {
    json::object body;
    if (!target.empty()) body["target"] = target;
    if (!reason.empty()) body["reason"] = reason;
    c.changed(c.send("POST", "/v1/snapshots", body));
  });
  sub->add_option("--reason", reason, "why");
  sub->add_option("--target", target, "of this target");
  sub = command(*snapshot, "verify", "is this bundle whole? works offline", "readback snapshot verify bundle.tar.zst",
                [&] { status = verify_bundle_command(file, c.as_json); });
  sub->add_option("FILE", file, "a bundle")->required();
  sub = command(*snapshot, "diff", "what changed between two bundles",
                "readback snapshot diff before.tar.zst after.tar.zst",
                [&] { status = diff_bundles_command(bundle(c, file), bundle(c, other), c.as_json); });
  sub->add_option("BEFORE", file, "a file or an id")->required();
  sub->add_option("AFTER", other, "a file or an id")->required();

  sub = command(
      cli, "report", "one HTML page of a snapshot or an incident", "readback report latest -o report.html", [&] {
        std::string bytes;
        if (id.find('/') != id.npos || id.ends_with(".zst")) {
          auto read = read_bytes(id);
          if (!read) c.fail(read.error());
          bytes = *std::move(read);
        } else {
          auto answer = c.connection().ask("GET", "/v1/snapshots/" + escaped(id));
          const auto* found = std::get_if<Reply>(&answer);
          if (found && found->status == 404 && id != "latest") {  // then it is the id of an incident
            const auto i = c.get("/v1/incidents/" + escaped(id));
            const auto* evidence = i.if_contains("evidence");
            if (!evidence || !evidence->is_object()) c.fail("this incident has no sealed snapshot");
            answer = c.connection().ask("GET", "/v1/snapshots/" + escaped(text_at(evidence->get_object(), "snapshot")));
          }
          bytes = c.checked(std::move(answer)).body;
        }
        std::string incident;  // how the alerts were answered, and what has happened since; none without a daemon
        if (const auto about = incident_of(bytes); !about.empty()) {
          const auto answer = c.connection().ask("GET", "/v1/incidents/" + escaped(about));
          if (const auto* reply = std::get_if<Reply>(&answer); reply && reply->status == 200) incident = reply->body;
        }
        status = report_command(bytes, incident, out.empty() ? "-" : out);
        if (status == 0 && !out.empty() && out != "-" && !c.raw(json::object{{"file", out}}))
          std::printf("%s\n", out.c_str());
      });
  sub->add_option("ID", id, "snapshot, incident, latest, or a bundle's file")->capture_default_str();
  sub->add_option("-o,--output", out, "the file, - for stdout");

  sub = command(cli, "symptom", "record what people see, in your words",
                "readback symptom 'users cannot pay' --exposed-by user:checkout", [&] {
                  json::object body{{"text", text}};
                  if (!target.empty()) body["target"] = target;
                  if (!extent.empty()) body["extent"] = extent;
                  if (!exposed_by.empty()) body["exposed_by"] = exposed_by;
                  c.changed(c.send("POST", "/v1/symptoms", body));
                });
  sub->add_option("TEXT", text, "what fails, for whom, since when")->required();
  sub->add_option("--target", target, "only this one");
  sub->add_option("--extent", extent, "total, degraded, stale or intermittent");
  sub->add_option("--exposed-by", exposed_by, "user:NAME, agent:NAME or automation:NAME");

  sub = command(cli, "ack", "say that you are on it: reminders stop", "readback ack latest",
                [&] { c.changed(c.send("POST", "/v1/incidents/" + escaped(c.latest_incident(id)) + "/ack")); });
  sub->add_option("ID", id, "an id, the beginning of one, or latest")->required();
  sub = command(cli, "verify", "read all again and show the six conditions",
                "readback verify latest\nExit status: 0 only when all hold", [&] {
                  const auto i = verified(c, "/v1/incidents/" + escaped(c.latest_incident(id)));
                  if (!c.raw(i)) c.print(show_conditions(i) + "\n" + show_outcome(i));
                  const auto* holds = i.if_contains("conditions_hold");
                  status = holds && holds->is_bool() && holds->get_bool() ? 0 : exit_failed;
                });
  sub->add_option("ID", id, "an id, the beginning of one, or latest")->required();
  sub = command(cli, "resolve", "attest which owner runbook was used",
                "readback resolve latest --runbook 'Check stack health'", [&] {
                  json::object body{{"runbook", runbook}};
                  if (!note.empty()) body["note"] = note;
                  c.changed(c.send("POST", "/v1/incidents/" + escaped(c.latest_incident(id)) + "/resolve", body));
                });
  sub->add_option("ID", id, "an id, the beginning of one, or latest")->required();
  sub->add_option("--runbook", runbook, "its title or address")->required();
  sub->add_option("--note", note, "what was found and done");

  auto* silence = command(cli, "silence", "hold back new pages for a while: add, list, expire",
                          "readback silence add --for 2h --reason 'planned upgrade'", {});
  silence->require_subcommand(1);
  sub = command(*silence, "add", "hold back new pages",
                "readback silence add --for 2h --boundary drift --reason 'upgrade'", [&] {
                  json::object body{{"for", duration}, {"reason", reason}};
                  if (!target.empty()) body["target"] = target;
                  if (!boundary.empty()) body["boundary"] = boundary;
                  c.changed(c.send("POST", "/v1/silences", body));
                });
  sub->add_option("--for", duration, "like 30m or 2h")->required();
  sub->add_option("--reason", reason, "whoever is on call will ask")->required();
  sub->add_option("--target", target, "only this one");
  sub->add_option("--boundary", boundary, "only this one: observer, outage, security,\ndrift, readiness or product");
  command(*silence, "list", "what is silenced", "readback silence list", [&] {
    const auto list = c.get("/v1/silences");
    if (!c.raw(list)) c.print(show_silences(list.at("silences").as_array()));
  });
  sub = command(*silence, "expire", "end one now", "readback silence expire ID",
                [&] { c.changed(c.send("DELETE", "/v1/silences/" + escaped(id))); });
  sub->add_option("ID", id, "as silence list shows it")->required();

  sub = command(cli, "sweep", "sweep now, within the request budget", "readback sweep", [&] {
    json::object body;
    if (!target.empty()) body["target"] = target;
    c.changed(c.send("POST", "/v1/sweeps", body));
  });
  sub->add_option("--target", target, "only this one");
  command(cli, "watch", "sweeps and events as they come", "readback watch", [&] {
    const auto refused = watch_command(c.connection(), c.as_json);
    if (refused) (void)c.checked(*refused);
  });

  sub = command(cli, "export", "recorded reads as JSON lines, for replay", "readback export --since 24h > reads.jsonl",
                [&] {
                  const auto length = parse_duration(since);
                  const auto from = length ? std::optional(now().wall - *length) : parse_rfc3339(since);
                  if (!from) c.fail("--since " + since + " is neither a duration like 24h nor a time", exit_usage);
                  Progress progress(is_terminal());
                  const double span = std::max(1.0, static_cast<double>((now().wall - *from).count()));
                  std::uint64_t bytes = 0;
                  Taking taking;
                  taking.piece = [&](std::string_view piece) {
                    bytes += piece.size();
                    if (const auto at = newest_read(piece))
                      progress.at(static_cast<double>((*at - *from).count()) / span, bytes);
                    return std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size();
                  };
                  (void)c.checked(c.connection().stream("/v1/reads?since=" + escaped(to_rfc3339(*from)), taking));
                });
  sub->add_option("--since", since, "24h, 7d, or a time")->capture_default_str();
  sub = command(cli, "replay", "the same diagnosis over recorded reads", "readback replay reads.jsonl --verdicts",
                [&] { status = replay_command(replay); });
  sub->add_option("FILE", replay.file, "recorded reads, - for stdin")->required();
  sub->add_option("--config", replay.config, "this configuration instead of the defaults");
  sub->add_flag("--verdicts", replay.verdicts, "a line a sweep as well");
  sub->add_flag("--strict", replay.strict, "stop at the first bad line");

  sub = command(cli, "test-alert", "send a test event through each sink", "readback test-alert hook", [&] {
    json::object body;
    if (!sink.empty()) body["sink"] = sink;
    const auto report = c.send("POST", "/v1/test-alerts", body);
    const bool ok = report.if_contains("ok") && report.at("ok").is_bool() && report.at("ok").as_bool();
    status = ok ? 0 : exit_failed;
    if (c.raw(report)) return;
    std::vector<std::vector<std::string>> rows;
    for (const auto& each : report.at("deliveries").as_array()) {
      const auto& d = each.as_object();
      const bool delivered = text_at(d, "ok") == "true";
      rows.push_back({text_at(d, "sink"), text_at(d, "type"),
                      coloured(delivered ? "delivered" : "not delivered", delivered ? "delivered" : "fail"),
                      text_at(d, "detail")});
    }
    c.print(table(rows));
  });
  sub->add_option("SINK", sink, "only this one");

  try {
    cli.parse(argc, argv);
    if (cli.get_subcommands().empty()) status = status_or_unknown(c, "", true);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return cli.exit(e);  // --help, --version
    std::fprintf(stderr, "readback: %s\n", mistake(cli, e).c_str());
    return exit_usage;
  } catch (const Done& done) {
    return done.status;
  } catch (const std::exception& e) {  // JSON that an older daemon shapes otherwise
    std::fprintf(stderr, "readback: %s\n", not_understood(e.what()).c_str());
    return exit_failed;
  }
  if (std::fflush(stdout) != 0) {
    std::fprintf(stderr, "readback: stdout cannot be written: %s\n", std::strerror(errno));
    return status == 0 ? exit_failed : status;
  }
  return status;
}
