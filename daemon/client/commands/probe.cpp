// `readback probe`: reads a platform once, without a daemon and without a configuration, says what each answer is taken
// for and why, and writes a configuration to start from. The same reader and the same engine as the daemon's.
#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/engine/engine.hpp"
#include "core/reading/read.hpp"
#include "core/text/words.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/read/sweep.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {
namespace json = boost::json;
namespace {

using Headers = TargetReader::Headers;

/// The headers of the command line, in order.
Result<Headers> headers_of(const std::vector<std::string>& words) {
  Headers headers;
  std::vector<std::string> lines;
  for (const auto& word : words) {
    if (!word.starts_with("@")) {
      lines.push_back(word);
      continue;
    }
    std::ifstream file(word.substr(1));
    if (!file) return Failure{word.substr(1) + " cannot be read: " + std::strerror(errno)};
    for (std::string line; std::getline(file, line);) {
      while (line.ends_with("\r") || line.ends_with(" ")) line.pop_back();
      if (!line.empty()) lines.push_back(line);
    }
  }
  for (const auto& line : lines) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    const auto value = line.find_first_not_of(' ', colon == line.npos ? colon : colon + 1);
    // The line itself may hold a key: it is not repeated.
    if (colon == line.npos || value == line.npos || name.empty() ||
        name.find_first_of(" \t()<>@,;\\\"/[]?={}") != name.npos || line.find_first_of("\r\n") != line.npos)
      return Failure{"a header is written as 'NAME: VALUE', or @FILE with such lines"};
    headers.emplace_back(name, line.substr(value));
  }
  return headers;
}

net::awaitable<void> sweep_into(std::vector<RawRead>& reads, std::shared_ptr<const TargetReader> reader,
                                Resolver& resolver) {
  std::vector<std::string> skip_nothing;
  reads = co_await TargetReader::sweep(std::move(reader), resolver, std::move(skip_nothing));
}

Result<std::vector<RawRead>> read_once(const TargetConfig& target, const Headers& headers) {
  TlsClients clients;
  const auto reader = TargetReader::make(target, headers, clients);
  if (!reader) return reader.failure();
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  std::vector<RawRead> reads;
  TaskGroup tasks(io.get_executor());
  tasks.spawn("probe", sweep_into(reads, *reader, resolver));
  io.run();
  return reads;
}

/// The verdict of these reads alone, as if they were a recording.
TargetView judged(const TargetConfig& target, const std::vector<RawRead>& reads) {
  EngineOptions options;
  options.recorded = true;
  Config config;
  config.targets = {target};
  Engine engine(config, options, now());
  SweepDone done;
  done.target = target.name;
  done.sweep = 1;
  done.reads = reads;
  engine.handle(done, now());
  return engine.view(now()).targets.front();
}

/// What each answer is taken for.
struct Explained {
  json::array surfaces;
  std::string text;
  std::string settings;  ///< lines of a configuration that would say the same, commented out
};

void explain(Explained& out, const SurfaceConfig& s, const RawRead& raw, const TargetConfig& target) {
  const auto explained = explain_surface(target, s, raw);
  const std::string word(to_string(explained.reading.reading));
  json::array steps, reasons;
  for (const auto& step : explained.steps) steps.emplace_back(step);
  for (const auto& reason : explained.reading.reasons) reasons.emplace_back(reason);
  out.surfaces.push_back({{"name", s.name},
                          {"path", s.path},
                          {"address", raw.address},
                          {"took_ms", raw.took.count()},
                          {"reading", word},
                          {"stale", explained.reading.stale},
                          {"contradictory", explained.reading.contradictory},
                          {"understood", std::move(steps)},
                          {"reasons", std::move(reasons)}});
  std::string& text = out.text;
  text += "\n" + coloured(bold(s.name), word) + "  " + s.path + "  " + std::to_string(raw.took.count()) + " ms" +
          (raw.address.empty() ? "" : " from " + raw.address) + "\n";
  text += "  reads as " + coloured(word, word) + (explained.reading.stale ? ", stale" : "") +
          (explained.reading.contradictory ? ", contradictory" : "") + "\n";
  for (const auto& step : explained.steps) text += "  - " + wrapped(step, 4) + "\n";
  for (const auto& reason : explained.reading.reasons) text += "  ! " + wrapped(reason, 4) + "\n";
  const std::string members = joined(explained.settings);
  if (!members.empty()) out.settings += "    #   " + s.name + ": {" + members + "}\n";
}

std::string configuration(const std::string& base_url, const Headers& given, const std::string& settings) {
  std::vector<std::string> credentials;
  for (const auto& header : given) credentials.push_back(header.first + ": {credential: fabric-api-key}");
  if (given.empty()) credentials.emplace_back("X-API-Key: {credential: fabric-api-key}");
  return "environment: prod\ntargets:\n  - name: fabric\n    base_url: " + base_url + "\n    # headers: {" +
         joined(credentials) +
         "}\n"
         "    # checks:\n    #   materialization: {command: [python3, ./scripts/verify_runtime_materialization.py, "
         "--check], cwd: /srv/helpifyr-fabric}\n"
         "    # paths: [{name: checkout, kind: user, url: /app/checkout}]\n" +
         (settings.empty() ? "" : "    # surfaces:   # only where it means what it seems to mean\n" + settings) +
         "alerts:\n  sinks: []   # - {name: hook, type: webhook, url: https://…, secret: {credential: hook-secret}}\n";
}

bool was_refused(const RawRead& raw) {
  const auto* answer = std::get_if<HttpAnswer>(&raw.answer);
  return answer && (answer->status == 401 || answer->status == 403);
}

struct Probe : Command {
  std::string url, config_out;
  std::vector<std::string> headers;
  int timeout_ms = 5000;

  void options(Options& o) override {
    o.required("URL", url, "http://, https:// or unix:///path.sock");
    o.text("--config-out", config_out, "a configuration to start from goes here");
    o.list("--header", headers, "'NAME: VALUE' to send, or @FILE with such lines");
    o.number("--timeout-ms", timeout_ms, "for each read");
  }

  int run(const Client& c) override {
    const auto is_address = [&](std::string_view scheme) { return url.starts_with(scheme); };
    if (!is_address("http://") && !is_address("https://") && !is_address("unix://"))
      return complain(url + " is no address: it begins with http://, https:// or unix:///", exit_usage);
    TargetConfig target = default_target("fabric");
    target.base_url = url;
    while (target.base_url.ends_with("/") && !target.base_url.starts_with("unix:")) target.base_url.pop_back();
    target.timeout = Millis(timeout_ms);
    const auto given = headers_of(headers);
    if (!given) return complain(given.error(), exit_usage);
    const auto reads = read_once(target, *given);
    if (!reads) return complain(reads.error(), exit_usage);
    const TargetView verdict = judged(target, *reads);
    Explained all;
    for (const auto& s : target.surfaces)
      for (const auto& raw : *reads)
        if (raw.read == s.name) explain(all, s, raw, target);
    const std::string yaml = configuration(target.base_url, *given, all.settings);
    const bool refused = std::any_of(reads->begin(), reads->end(), was_refused);
    if (c.as_json)
      print(json::serialize(json::object{{"url", target.base_url},
                                         {"verdict", verdict.primary},
                                         {"extent", verdict.extent},
                                         {"text", verdict.text},
                                         {"surfaces", std::move(all.surfaces)},
                                         {"config", yaml}}) +
            "\n");
    else
      print(in_words(target.base_url, all.text, verdict) + hint(refused, given->empty()) +
            (config_out.empty() ? "\n" + bold("A configuration to start from") + "\n" + yaml : ""));
    if (!config_out.empty()) {
      const auto written = write_out(yaml, config_out);
      return written ? 0 : complain(written.error());
    }
    return verdict.primary == "green" ? 0 : exit_failed;
  }

 private:
  static std::string in_words(const std::string& base_url, const std::string& surfaces, const TargetView& verdict) {
    const std::string word = verdict.primary == "green" ? "green"
                             : verdict.severity         ? std::string(to_string(*verdict.severity))
                                                        : "unknown";
    std::string text = bold("Readback read " + base_url + " once, with GET only.") + "\n" + surfaces + "\n" +
                       coloured(bold("Together: " + verdict.primary), word) + "\n  " + wrapped(verdict.text, 2) + "\n";
    if (verdict.primary != "green" && verdict.primary != "unknown")
      text += "  " +
              wrapped("Three such sweeps in a row would page somebody as: " +
                          (verdict.extent.empty() ? "" : verdict.extent + " ") + verdict.primary + ".",
                      2) +
              "\n";
    return text;
  }
  static std::string hint(bool refused, bool without_headers) {
    if (!refused) return "";
    return "  " +
           wrapped(without_headers ? "What is guarded asks for credentials: give them as --header @FILE, "
                                     "a file with a line such as `X-API-Key: …`."
                                   : "The credentials given are not accepted everywhere.",
                   2) +
           "\n";
  }
};

}  // namespace

std::unique_ptr<Command> probe_command() { return std::make_unique<Probe>(); }

}  // namespace readback
