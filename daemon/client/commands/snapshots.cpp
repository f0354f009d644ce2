// The evidence in the daemon's keeping: snapshot list, pull, capture, key, and a report of one. What is done with a
// bundle in hand stands in bundles.cpp and proof.cpp.
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <set>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"
#include "daemon/client/bundles.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/proof.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/evidence/archive.hpp"

namespace readback {
namespace json = boost::json;
namespace {

std::string snapshot_path(const std::string& id) { return "/v1/snapshots/" + percent_encoded(id); }

struct SnapshotList : Command {
  bool fleet = false;
  void options(Options& o) override { o.flag("--fleet", fleet, "of all hosts of the fleet"); }
  int run(const Client& c) override {
    const auto list = c.get(fleet ? "/v1/snapshots?fleet=true" : "/v1/snapshots");
    if (!c.raw(list)) print(show_snapshots(list.at("snapshots").as_array()));
    return 0;
  }
};

struct Pull : Command {
  std::string id = "latest", host, out;
  bool safe = false;
  void options(Options& o) override {
    o.text_or("ID", id, "an id, the beginning of one, or latest;\nfrom the fleet when it is not here");
    o.text("--host", host, "only of this host of the fleet");
    o.text("-o,--output", out, "the file, - for stdout");
    o.flag("--public-safe", safe, "verdicts, codes, times and digests only");
  }
  int run(const Client& c) override {
    if (out == "-" && is_terminal())
      c.fail("a bundle is no text for a terminal: write it to a file with -o, or pipe it on", exit_usage);
    std::string name = out;
    const std::string bytes = fetched(c, name);
    if (name.empty()) name = "readback-" + id + ".tar.zst";
    if (const auto written = write_out(bytes, name); !written) return complain(written.error());
    if (name != "-" && !c.raw(json::object{{"file", name}, {"bytes", bytes.size()}}))
      print(name + ", " + std::to_string(bytes.size()) + " bytes\n");
    return 0;
  }

 private:
  /// The daemon knows what the file is called, unless the user has said it.
  std::string fetched(const Client& c, std::string& name) const {
    std::string bytes;
    Progress progress(false);
    double whole = 1;
    Taking taking;
    taking.length = [&](std::uint64_t length) { whole = std::max(1.0, static_cast<double>(length)); };
    taking.piece = [&](std::string_view piece) {
      bytes += piece;
      progress.at(static_cast<double>(bytes.size()) / whole, bytes.size());
      return true;
    };
    if (name.empty()) taking.name = [&](std::string given) { name = std::move(given); };
    std::string path = snapshot_path(id) + (safe ? "?form=public-safe" : "");
    if (!host.empty()) path += (safe ? "&host=" : "?host=") + percent_encoded(host);
    (void)c.checked(c.connection().stream(path, taking));
    return bytes;
  }
};

struct Capture : Command {
  std::string reason, target;
  void options(Options& o) override {
    o.text("--reason", reason, "why");
    o.text("--target", target, "of this target");
  }
  int run(const Client& c) override {
    json::object body;
    if (!target.empty()) body["target"] = target;
    if (!reason.empty()) body["reason"] = reason;
    return c.changed(c.send("POST", "/v1/snapshots", body));
  }
};

std::string read_file(const Client& c, const std::string& name) {
  auto read = read_bytes(name);
  if (!read) c.fail(read.error());
  return *std::move(read);
}

/// A file where there is one of this name, else the daemon's snapshot of this id.
NamedBundle bundle(const Client& c, const std::string& name) {
  if (name.find('/') == name.npos && !name.ends_with(".zst") && ::access(name.c_str(), F_OK) != 0)
    return {name, c.checked(c.connection().ask("GET", snapshot_path(name))).body};
  return {name, read_file(c, name)};
}

struct Diff : Command {
  std::string before, after;
  void options(Options& o) override {
    o.required("BEFORE", before, "a file or an id");
    o.required("AFTER", after, "a file or an id");
  }
  int run(const Client& c) override {
    const NamedBundle older = bundle(c, before), newer = bundle(c, after);
    return diff_bundles(older, newer, c.as_json);
  }
};

json::object parsed_object(const std::string& text) {
  json::error_code ec;
  auto parsed = json::parse(text, ec);
  return parsed.is_object() ? std::move(parsed.get_object()) : json::object{};
}

/// Snapshots of all hosts about the episode of this one, oldest first. An incident of another host is not known here,
/// and then it is what the hosts have sealed of that boundary at about the same time.
std::vector<json::object> of_the_episode(const Client& c, const SnapshotView& told, const std::string& incident) {
  std::vector<json::object> found;
  const auto take = [&](const json::array& list, auto is_wanted) {
    for (const auto& each : list)
      if (each.is_object() && is_wanted(each.get_object())) found.push_back(each.get_object());
  };
  if (!incident.empty()) {
    take(array_at(parsed_object(incident), "snapshots"), [](const auto&) { return true; });
    return found;
  }
  const auto answer = c.connection().ask("GET", "/v1/snapshots?fleet=true");
  if (!answer || answer->status != 200) return found;
  take(array_at(parsed_object(answer->body), "snapshots"), [&](const json::object& s) {
    const auto at = parse_rfc3339(text_at(s, "at"));
    const auto apart = at ? std::chrono::abs(*at - told.at) : Millis::max();
    return text_at(s, "target") == told.target && text_at(s, "boundary") == told.boundary && apart < Seconds(600);
  });
  std::reverse(found.begin(), found.end());
  return found;
}

/// Of each other host of the fleet the first that it has sealed of the episode, pulled through this host's daemon.
void add_vantage_points(const Client& c, const SnapshotView& told, ReportContext& context) {
  constexpr std::size_t most = 32;  // a page is read by a person
  const auto all = of_the_episode(c, told, context.incident);
  for (const auto& s : all)
    if (text_at(s, "id") == told.id) context.host = text_at(s, "host");
  std::set<std::string> taken{context.host};
  for (const auto& s : all) {
    const std::string host = text_at(s, "host"), id = text_at(s, "id");
    if (context.vantage.size() >= most || !taken.insert(host).second) continue;
    const auto answer = c.connection().ask("GET", snapshot_path(id) + "?host=" + percent_encoded(host));
    Result<std::string> bytes = Failure{answer ? "" : answer.error()};
    if (answer && answer->status == 200) bytes = answer->body;
    if (answer && answer->status != 200) bytes = Failure{text_at(parsed_object(answer->body), "detail")};
    context.vantage.push_back(vantage_of(host, id, bytes));
  }
}

struct Report : Command {
  std::string id = "latest", out;
  void options(Options& o) override {
    o.text_or("ID", id, "snapshot, incident, latest, or a bundle's file");
    o.text("-o,--output", out, "the file, - for stdout;\non a terminal it is a file by itself");
  }
  int run(const Client& c) override {
    if (out == "-" && is_terminal())
      c.fail("a report is a page for a browser: write it to a file with -o, or pipe it on", exit_usage);
    const std::string bytes = id.find('/') != id.npos || id.ends_with(".zst") ? read_file(c, id) : from_daemon(c);
    ReportContext context;
    if (const auto told = told_by(bytes); told && !told->incident_id.empty()) {
      auto answer = c.connection().ask("GET", "/v1/incidents/" + percent_encoded(told->incident_id));
      if (answer && answer->status == 200) context.incident = std::move(answer->body);
      add_vantage_points(c, *told, context);
    }
    const auto page = report_of(bytes, context);
    if (!page) return complain(page.error());
    const std::string file = out.empty() ? usual_name(bytes) : out;
    if (const auto written = write_out(*page, file); !written) return complain(written.error());
    if (file != "-" && !c.raw(json::object{{"file", file}})) print(file + "\n");
    return 0;
  }

 private:
  /// Into a pipe it goes as it is; nobody wants to see it pass on a terminal.
  static std::string usual_name(const std::string& bytes) {
    if (!is_terminal()) return "-";
    const auto told = told_by(bytes);
    return "readback-" + (told && !told->id.empty() ? told->id : "report") + ".html";
  }
  std::string from_daemon(const Client& c) const {
    auto answer = c.connection().ask("GET", snapshot_path(id));
    const bool is_none = answer && (answer->status == 404 || answer->status == 503);
    if (is_none && id != "latest") {  // then it is the id of an incident
      const auto i = c.get("/v1/incidents/" + percent_encoded(id));
      const auto* evidence = i.if_contains("evidence");
      if (!evidence || !evidence->is_object()) c.fail("this incident has no sealed snapshot");
      answer = c.connection().ask("GET", snapshot_path(text_at(evidence->get_object(), "snapshot")));
    }
    return c.checked(std::move(answer)).body;
  }
};

struct VerifyBundle : Command {
  std::vector<std::string> files, keys;
  std::string digest;
  void options(Options& o) override {
    o.several("FILE", files, "a bundle; several are one chain, in any order");
    o.text("--sha256", digest, "as the page names it; of several: the newest's");
    o.list("--key", keys, "a public key, or a file with it; again for more");
  }
  int run(const Client& c) override {
    ProofAsked asked;
    asked.files = files;
    if (!digest.empty()) {
      asked.sha256 = lower_case(trimmed(digest));
      if (asked.sha256.size() != 64 || !from_hex(asked.sha256))
        c.fail("--sha256 takes 64 hexadecimal digits, and " + digest + " is none of these", exit_usage);
    }
    for (const auto& each : keys) {
      const bool is_file = ::access(each.c_str(), F_OK) == 0;
      const auto key = PublicKey::parse(is_file ? read_file(c, each) : each);
      if (!key)
        c.fail("--key " + each + ": " + (is_file ? "" : "there is no such file, and ") + key.error(), exit_usage);
      asked.keys.push_back(*key);
    }
    return verify_bundles(c, asked);
  }
};

struct Key : Command {
  bool pem = false;
  void options(Options& o) override { o.flag("--pem", pem, "as a PEM file, which openssl reads"); }
  int run(const Client& c) override {
    const auto key = c.get("/v1/snapshots/key");
    if (!c.raw(key)) print(pem ? text_at(key, "pem") : text_at(key, "key") + "\n");
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> snapshot_list_command() { return std::make_unique<SnapshotList>(); }
std::unique_ptr<Command> snapshot_pull_command() { return std::make_unique<Pull>(); }
std::unique_ptr<Command> snapshot_capture_command() { return std::make_unique<Capture>(); }
std::unique_ptr<Command> snapshot_verify_command() { return std::make_unique<VerifyBundle>(); }
std::unique_ptr<Command> snapshot_key_command() { return std::make_unique<Key>(); }
std::unique_ptr<Command> snapshot_diff_command() { return std::make_unique<Diff>(); }
std::unique_ptr<Command> report_command() { return std::make_unique<Report>(); }

}  // namespace readback
