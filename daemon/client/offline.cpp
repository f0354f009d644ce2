#include "daemon/client/offline.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <variant>

#include "config/load.hpp"
#include "core/engine/replay.hpp"
#include "core/evidence/report.hpp"
#include "core/reading/read.hpp"
#include "core/text/encoding.hpp"
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

int cannot_write(const std::string& out, int error) {
  return complain(out + " cannot be written: " + (error ? std::strerror(error) : "input/output error"));
}

/// A file or standard input by lines. Of a line that is longer than a replay takes no more is kept than shows that.
class LineReader {
 public:
  explicit LineReader(const std::string& file) : file_(file) {
    if (file == "-") return;
    fd_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    if (fd_ < 0 || ::fstat(fd_, &about) != 0)
      fail();
    else if (S_ISDIR(about.st_mode))
      trouble_ = file + " is a folder; name the file that `readback export` wrote";
    else
      size_ = static_cast<std::uint64_t>(about.st_size);
  }
  ~LineReader() {
    if (fd_ > 0) ::close(fd_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  std::uint64_t size() const { return size_; }
  const std::string& trouble() const { return trouble_; }
  /// Nothing is left of what was read so far: the next line may take its time.
  bool must_wait() const { return at_ == have_; }

  bool next(std::string& line) {
    line.clear();
    for (bool begun = false;; begun = true) {
      if (at_ == have_ && !fill()) return begun && trouble_.empty();
      const char* from = block_ + at_;
      const auto* end = static_cast<const char*>(std::memchr(from, '\n', have_ - at_));
      const std::size_t length = end ? static_cast<std::size_t>(end - from) : have_ - at_;
      line.append(from, std::min(length, Replay::longest_line + 1 - std::min(line.size(), Replay::longest_line + 1)));
      at_ += length + (end ? 1 : 0);
      if (end) return true;
    }
  }

 private:
  bool fill() {
    ssize_t got = 0;
    do got = ::read(fd_, block_, sizeof block_);
    while (got < 0 && errno == EINTR);
    if (got < 0) fail();
    at_ = 0;
    have_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    return have_ > 0;
  }
  void fail() { trouble_ = (file_ == "-" ? "standard input" : file_) + " cannot be read: " + std::strerror(errno); }

  std::string file_, trouble_;
  int fd_ = 0;
  std::uint64_t size_ = 0;
  std::size_t at_ = 0, have_ = 0;
  char block_[65536];
};

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
  LineReader in(command.file);
  if (!in.trouble().empty()) return complain(in.trouble());
  std::string out;
  bool written = true;
  const auto flush = [&] {
    written = written && std::fwrite(out.data(), 1, out.size(), stdout) == out.size() && std::fflush(stdout) == 0;
    out.clear();
  };
  constexpr std::size_t bad_lines_told = 20;  // the rest is counted: what is no recording at all has millions
  std::size_t told = 0;
  Replay replay(
      std::move(options), [&](const std::string& line) { (out += line) += '\n'; },
      [&](std::uint64_t line, const std::string& why) {
        if (++told > bad_lines_told) return;
        std::fprintf(stderr, "readback: %s:%llu: %s\n", command.file.c_str(), static_cast<unsigned long long>(line),
                     why.c_str());
      });
  Progress progress(is_terminal());
  std::uint64_t done = 0;
  std::string line;
  while (written && in.next(line)) {
    done += line.size() + 1;
    if (in.size() > 0) progress.at(static_cast<double>(done) / static_cast<double>(in.size()), done);
    replay.line(line);
    if (out.size() > 65536 || in.must_wait()) flush();
    if (command.strict && replay.bad_lines() > 0) break;
  }
  const bool refused = command.strict && replay.bad_lines() > 0;
  if (!refused) replay.finish();
  flush();
  if (!written) return complain(std::string("the output cannot be written: ") + std::strerror(errno));
  if (!in.trouble().empty()) return complain(in.trouble());
  if (replay.bad_lines() > 0 && !command.strict)
    complain(std::to_string(replay.bad_lines()) + " of " + std::to_string(replay.lines()) + " lines could not be used");
  return refused ? exit_failed : 0;
}

namespace {

/// The headers of the command line, in order; a text says what is wrong with them.
std::variant<TargetReader::Headers, std::string> headers_of(const std::vector<std::string>& words) {
  TargetReader::Headers headers;
  std::vector<std::string> lines;
  for (const auto& word : words) {
    if (!word.starts_with("@")) {
      lines.push_back(word);
      continue;
    }
    std::ifstream file(word.substr(1));
    if (!file) return word.substr(1) + " cannot be read: " + std::strerror(errno);
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
      return std::string("a header is written as 'NAME: VALUE', or @FILE with such lines");
    headers.emplace_back(name, line.substr(value));
  }
  return headers;
}

}  // namespace

int probe_command(const ProbeCommand& command) {
  const auto is_address = [&](std::string_view scheme) { return command.url.starts_with(scheme); };
  if (!is_address("http://") && !is_address("https://") && !is_address("unix://"))
    return complain(command.url + " is no address: it begins with http://, https:// or unix:///", exit_usage);
  TargetConfig target = default_target("fabric");
  target.base_url = command.url;
  while (target.base_url.ends_with("/") && !target.base_url.starts_with("unix:")) target.base_url.pop_back();
  target.timeout = Millis(command.timeout_ms);
  TlsClients clients;
  const auto headers = headers_of(command.headers);
  if (const auto* wrong = std::get_if<std::string>(&headers)) return complain(*wrong, exit_usage);
  const auto& given = std::get<TargetReader::Headers>(headers);
  auto made = TargetReader::make(target, given, clients);
  if (!made) return complain(made.error(), exit_usage);
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  std::vector<RawRead> reads;
  const auto reader = *made;
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
  std::string text, settings;
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
      std::string members;
      for (const auto& setting : explained.settings) members += (members.empty() ? "" : ", ") + setting;
      if (!members.empty()) settings += "    #   " + s.name + ": {" + members + "}\n";
    }
  if (!settings.empty()) settings = "    # surfaces:   # only where it means what it seems to mean\n" + settings;
  std::string credentials;
  for (const auto& header : given)
    credentials += (credentials.empty() ? "" : ", ") + header.first + ": {credential: fabric-api-key}";
  if (given.empty()) credentials = "X-API-Key: {credential: fabric-api-key}";
  const bool refused = std::any_of(reads.begin(), reads.end(), [](const RawRead& raw) {
    const auto* answer = std::get_if<HttpAnswer>(&raw.answer);
    return answer && (answer->status == 401 || answer->status == 403);
  });
  const std::string yaml =
      "environment: prod\ntargets:\n  - name: fabric\n    base_url: " + target.base_url + "\n    # headers: {" +
      credentials +
      "}\n"
      "    # checks:\n    #   materialization: {command: [python3, ./scripts/verify_runtime_materialization.py, "
      "--check], cwd: /srv/helpifyr-fabric}\n"
      "    # paths: [{name: checkout, kind: user, url: /app/checkout}]\n" +
      settings +
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
    if (refused)
      std::printf("  %s\n",
                  wrapped(given.empty() ? "What is guarded asks for credentials: give them as --header @FILE, "
                                          "a file with a line such as `X-API-Key: …`."
                                        : "The credentials given are not accepted everywhere.",
                          2)
                      .c_str());
    if (command.config_out.empty())
      std::printf("\n%s\n%s", bold("A configuration to start from").c_str(), yaml.c_str());
  }
  if (!command.config_out.empty()) return write_out(yaml, command.config_out);
  return verdict.primary == "green" ? 0 : exit_failed;
}

namespace {

Result<BundleFiles> whole_bundle(const std::string& bytes) {
  auto files = unpack(bytes);
  if (files)
    for (const auto& trouble : manifest_troubles(*files)) return Failure{"the bundle is not whole: " + trouble};
  return files;
}

}  // namespace

int verify_bundle_command(const std::string& file, bool json) {
  const auto bytes = read_bytes(file);
  std::vector<std::string> troubles;
  std::size_t count = 0;
  std::string digest;
  if (!bytes) {
    troubles.push_back(bytes.error());
  } else {
    auto checked = check_bundle(*bytes);
    troubles = std::move(checked.troubles);
    count = checked.files;
    digest = sha256_hex(*bytes);
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
    for (const auto& t : troubles) complain(bytes ? file + ": " + t : t);  // what cannot be read names the file itself
  }
  return troubles.empty() ? 0 : exit_failed;
}

int diff_bundles_command(const NamedBundle& before, const NamedBundle& after, bool json) {
  const auto a = whole_bundle(before.bytes), b = whole_bundle(after.bytes);
  if (!a) return complain(before.name + ": " + a.error());
  if (!b) return complain(after.name + ": " + b.error());
  const auto& old_files = *a;
  const auto& new_files = *b;
  const auto compared = [](const std::string& name) {
    return name.starts_with("reads/at-page/") || name.starts_with("reads/latest/") || name.starts_with("checks/");
  };
  const std::vector<std::string> always_other{
      "/at", "/sweep", "/ms", "/phases_us", "/address", "/running_since", "/http/headers/Date", "/http/headers/date"};
  boost::json::object all;
  for (const auto& [name, contents] : new_files) {
    if (!compared(name)) continue;
    const auto old = old_files.find(name);
    const std::string patch =
        old == old_files.end() ? "[{\"op\":\"add\",\"path\":\"\"}]" : read_diff(old->second, contents, always_other);
    if (patch == "[]") continue;
    boost::json::error_code ec;
    all[name] = boost::json::parse(patch, ec);
    if (!json) std::printf("%s\n", bold(name).c_str());
    if (!json && old == old_files.end()) std::printf("  only in %s\n", after.name.c_str());
    if (!json && old != old_files.end())
      for (const auto& op : all[name].as_array()) std::printf("  %s\n", boost::json::serialize(op).c_str());
  }
  for (const auto& [name, contents] : old_files)
    if (compared(name) && !new_files.contains(name)) {
      all[name] = boost::json::array{boost::json::object{{"op", "remove"}, {"path", ""}}};
      if (!json) std::printf("%s\n  only in %s\n", bold(name).c_str(), before.name.c_str());
    }
  if (json) std::printf("%s\n", boost::json::serialize(all).c_str());
  if (!json && all.empty()) std::printf("what was read is the same in both\n");
  return 0;
}

int report_command(const std::string& bytes, const std::string& incident, const std::string& out) {
  const auto files = whole_bundle(bytes);
  if (!files) return complain(files.error());
  return write_out(render_report(*files, incident), out);
}

std::string incident_of(const std::string& bytes) {
  const auto files = unpack(bytes);
  return files ? manifest_text(*files, "incident") : "";
}

}  // namespace readback
