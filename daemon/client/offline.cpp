#include "daemon/client/offline.hpp"

#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>

#include "config/load.hpp"
#include "core/engine/replay.hpp"
#include "core/evidence/report.hpp"
#include "core/reading/read.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/evidence/archive.hpp"
#include "daemon/read/sweep.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {
namespace {

constexpr int exit_usage = 64, exit_failed = 1;

int complain(const std::string& text, int status = exit_failed) {
  std::fprintf(stderr, "readback: %s\n", text.c_str());
  return status;
}

}  // namespace

namespace {

int cannot_write(const std::string& out, int error) {
  return complain(out + " cannot be written: " + (error ? std::strerror(error) : "input/output error"));
}

}  // namespace

int write_out(const std::string& bytes, const std::string& out) {
  if (out == "-") {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return std::fflush(stdout) == 0 ? 0 : cannot_write("stdout", errno);
  }
  struct stat there {};
  const bool as_it_is = ::stat(out.c_str(), &there) == 0 && !S_ISREG(there.st_mode);  // a device or a pipe
  const std::string beside = as_it_is ? out : out + ".part";
  errno = 0;
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) {
    const int error = errno;
    if (!as_it_is) std::remove(beside.c_str());
    return cannot_write(out, error);
  }
  if (!as_it_is && std::rename(beside.c_str(), out.c_str()) != 0) {
    const int error = errno;
    std::remove(beside.c_str());
    return cannot_write(out, error);
  }
  return 0;
}

int replay_command(const ReplayCommand& command) {
  ReplayOptions options;
  options.verdicts = command.verdicts;
  if (!command.config.empty()) {
    auto loaded = load_config(command.config);
    for (const auto& p : loaded.problems)
      if (!p.warning) complain(to_string(p));
    if (!loaded.ok()) return 78;
    options.config = std::move(loaded.config);
  }
  std::ifstream opened;
  std::istream* in = &std::cin;
  std::uint64_t size = 0;
  if (command.file != "-") {
    opened.open(command.file, std::ios::binary | std::ios::ate);
    if (!opened) return complain(command.file + " cannot be read: " + std::strerror(errno));
    size = static_cast<std::uint64_t>(opened.tellg());
    opened.seekg(0);
    in = &opened;
  }
  std::string out;
  const auto flush = [&] {
    std::fwrite(out.data(), 1, out.size(), stdout);
    out.clear();
  };
  constexpr std::size_t bad_lines_told = 20;  // the rest is counted: what is no recording at all has millions
  std::size_t told = 0;
  Replay replay(
      std::move(options),
      [&](const std::string& line) {
        out += line;
        out += '\n';
        if (out.size() > 65536) flush();
      },
      [&](std::uint64_t line, const std::string& why) {
        if (++told > bad_lines_told) return;
        std::fprintf(stderr, "readback: %s:%llu: %s\n", command.file.c_str(), static_cast<unsigned long long>(line),
                     why.c_str());
      });
  Progress progress(is_terminal());
  std::uint64_t done = 0;
  for (std::string line; std::getline(*in, line);) {
    done += line.size() + 1;
    if (size > 0) progress.at(static_cast<double>(done) / static_cast<double>(size), done);
    replay.line(line);
    if (command.strict && replay.bad_lines() > 0) break;
  }
  if (!(command.strict && replay.bad_lines() > 0)) replay.finish();
  flush();
  if (replay.bad_lines() > 0 && !command.strict)
    complain(std::to_string(replay.bad_lines()) + " of " + std::to_string(replay.lines()) + " lines could not be used");
  const bool nothing = replay.lines() > 0 && replay.bad_lines() == replay.lines();
  return nothing || (command.strict && replay.bad_lines() > 0) ? exit_failed : 0;
}

int probe_command(const ProbeCommand& command) {
  const auto is_address = [&](std::string_view scheme) { return command.url.starts_with(scheme); };
  if (!is_address("http://") && !is_address("https://") && !is_address("unix://"))
    return complain(command.url + " is no address: it begins with http://, https:// or unix:///", exit_usage);
  TargetConfig target = default_target("fabric");
  target.base_url = command.url;
  while (target.base_url.ends_with("/") && !target.base_url.starts_with("unix:")) target.base_url.pop_back();
  target.timeout = Millis(command.timeout_ms);
  TlsClients clients;
  auto made = TargetReader::make(target, {}, clients);
  if (auto* trouble = std::get_if<std::string>(&made)) return complain(*trouble, exit_usage);
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  std::vector<RawRead> reads;
  auto reader = std::get<std::shared_ptr<const TargetReader>>(made);
  std::vector<std::string> skip_nothing;
  net::co_spawn(io, TargetReader::sweep(reader, resolver, skip_nothing),
                [&](std::exception_ptr failed, std::vector<RawRead> got) {
                  if (!failed) reads = std::move(got);
                });
  io.run();

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
  const auto verdict = engine.view(now()).targets.front();

  boost::json::array surfaces;
  std::string text;
  for (const auto& s : target.surfaces)
    for (const auto& raw : reads) {
      if (raw.read != s.name) continue;
      const auto explained = explain_surface(target, s, raw);
      const std::string word(to_string(explained.reading.reading));
      boost::json::array steps, reasons;
      for (const auto& step : explained.steps) steps.emplace_back(step);
      for (const auto& reason : explained.reading.reasons) reasons.emplace_back(reason);
      surfaces.push_back({{"name", s.name},
                          {"path", s.path},
                          {"address", raw.address},
                          {"took_ms", raw.took.count()},
                          {"reading", word},
                          {"stale", explained.reading.stale},
                          {"contradictory", explained.reading.contradictory},
                          {"understood", std::move(steps)},
                          {"reasons", std::move(reasons)}});
      text += "\n" + coloured(bold(s.name), word) + "  " + s.path + "  " + std::to_string(raw.took.count()) + " ms" +
              (raw.address.empty() ? "" : " from " + raw.address) + "\n";
      text += "  reads as " + coloured(word, word) + (explained.reading.stale ? ", stale" : "") +
              (explained.reading.contradictory ? ", contradictory" : "") + "\n";
      for (const auto& step : explained.steps) text += "  - " + wrapped(step, 4) + "\n";
      for (const auto& reason : explained.reading.reasons) text += "  ! " + wrapped(reason, 4) + "\n";
    }
  const std::string yaml =
      "environment: prod\ntargets:\n  - name: fabric\n    base_url: " + target.base_url +
      "\n    # headers: {X-API-Key: {credential: fabric-api-key}}\n"
      "    # checks:\n    #   materialization: {command: [python3, ./scripts/verify_runtime_materialization.py, "
      "--check], cwd: /srv/helpifyr-fabric}\n"
      "    # paths: [{name: checkout, kind: user, url: /app/checkout}]\n"
      "alerts:\n  sinks: []   # - {name: hook, type: webhook, url: https://…, secret: {credential: hook-secret}}\n";
  if (command.json) {
    std::printf("%s\n", boost::json::serialize(boost::json::object{{"url", target.base_url},
                                                                   {"verdict", verdict.primary},
                                                                   {"extent", verdict.extent},
                                                                   {"text", verdict.text},
                                                                   {"surfaces", std::move(surfaces)},
                                                                   {"config", yaml}})
                            .c_str());
  } else {
    const std::string word = verdict.primary == "green" ? "green"
                             : verdict.severity         ? std::string(to_string(*verdict.severity))
                                                        : "unknown";
    std::printf("%s\n%s\n%s\n", bold("Readback read " + target.base_url + " once, with GET only.").c_str(),
                text.c_str(), coloured(bold("Together: " + verdict.primary), word).c_str());
    std::printf("  %s\n", wrapped(verdict.text, 2).c_str());
    if (verdict.primary != "green" && verdict.primary != "unknown")
      std::printf("  %s\n", wrapped("Three such sweeps in a row would page somebody as: " +
                                        (verdict.extent.empty() ? "" : verdict.extent + " ") + verdict.primary + ".",
                                    2)
                                .c_str());
    if (command.config_out.empty())
      std::printf("\n%s\n%s", bold("A configuration to start from").c_str(), yaml.c_str());
  }
  if (!command.config_out.empty()) return write_out(yaml, command.config_out);
  return verdict.primary == "green" ? 0 : exit_failed;
}

namespace {

std::variant<BundleFiles, ArchiveError> load_bundle(const std::string& file) {
  auto bytes = read_bytes(file);
  if (auto* error = std::get_if<ArchiveError>(&bytes)) return *error;
  auto files = unpack(std::get<std::string>(bytes));
  if (auto* error = std::get_if<ArchiveError>(&files)) return ArchiveError{file + ": " + error->text};
  return files;
}

}  // namespace

int verify_bundle_command(const std::string& file, bool json) {
  const auto bytes = read_bytes(file);
  std::vector<std::string> troubles;
  std::size_t count = 0;
  std::string digest;
  if (const auto* error = std::get_if<ArchiveError>(&bytes)) {
    troubles.push_back(error->text);
  } else {
    auto checked = check_bundle(std::get<std::string>(bytes));
    troubles = std::move(checked.troubles);
    count = checked.files;
    digest = sha256_of(std::get<std::string>(bytes));
  }
  if (json) {
    boost::json::array list;
    for (const auto& t : troubles) list.emplace_back(t);
    std::printf("%s\n", boost::json::serialize(boost::json::object{{"file", file},
                                                                   {"ok", troubles.empty()},
                                                                   {"sha256", digest},
                                                                   {"files", count},
                                                                   {"troubles", std::move(list)}})
                            .c_str());
  } else if (troubles.empty()) {
    std::printf("%s: whole, %zu files as the manifest says\nsha256 %s (compare it with the page's)\n", file.c_str(),
                count, digest.c_str());
  } else {
    const bool unreadable = std::holds_alternative<ArchiveError>(bytes);  // which names the file itself
    for (const auto& t : troubles) complain(unreadable ? t : file + ": " + t);
  }
  return troubles.empty() ? 0 : exit_failed;
}

int diff_bundles_command(const std::string& before, const std::string& after, bool json) {
  auto a = load_bundle(before), b = load_bundle(after);
  if (auto* error = std::get_if<ArchiveError>(&a)) return complain(error->text);
  if (auto* error = std::get_if<ArchiveError>(&b)) return complain(error->text);
  const auto& old_files = std::get<BundleFiles>(a);
  const auto& new_files = std::get<BundleFiles>(b);
  boost::json::object all;
  for (const auto& [name, contents] : new_files) {
    if (!name.starts_with("reads/at-page/") && !name.starts_with("reads/latest/")) continue;
    const auto old = old_files.find(name);
    const std::string patch =
        old == old_files.end()
            ? "[{\"op\":\"add\",\"path\":\"\"}]"
            : read_diff(old->second, contents,
                        {"/at", "/sweep", "/ms", "/phases_us", "/http/headers/Date", "/http/headers/date"});
    if (patch == "[]") continue;
    boost::json::error_code ec;
    all[name] = boost::json::parse(patch, ec);
    if (!json) std::printf("%s\n", bold(name).c_str());
    if (!json)
      for (const auto& op : all[name].as_array()) std::printf("  %s\n", boost::json::serialize(op).c_str());
  }
  for (const auto& [name, contents] : old_files)
    if ((name.starts_with("reads/at-page/") || name.starts_with("reads/latest/")) && !new_files.contains(name)) {
      all[name] = boost::json::array{boost::json::object{{"op", "remove"}, {"path", ""}}};
      if (!json) std::printf("%s\n  only in %s\n", bold(name).c_str(), before.c_str());
    }
  if (json) std::printf("%s\n", boost::json::serialize(all).c_str());
  if (!json && all.empty()) std::printf("what was read is the same in both\n");
  return 0;
}

int report_command(const std::string& bytes, const std::string& out) {
  auto files = unpack(bytes);
  if (auto* error = std::get_if<ArchiveError>(&files)) return complain(error->text);
  for (const auto& trouble : manifest_troubles(std::get<BundleFiles>(files)))
    return complain("the bundle is not whole: " + trouble);
  return write_out(render_report(std::get<BundleFiles>(files)), out);
}

}  // namespace readback
