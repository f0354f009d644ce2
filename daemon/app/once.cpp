// One sweep and nothing kept: the engine of the daemon, told that this is a recording, and no store beside it.
#include "daemon/app/once.hpp"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>

#include "core/codec/view_json.hpp"
#include "core/engine/engine.hpp"
#include "core/model/loudness.hpp"
#include "core/redaction/redactor.hpp"
#include "daemon/check/run.hpp"
#include "daemon/check/sandbox.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/platform/version.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/join.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {
namespace {

net::awaitable<void> read_target(const TargetConfig& target, std::shared_ptr<const TargetReader> reader,
                                 Resolver& resolver, Engine& engine, Redactor& redactor, CheckRunner& runner) {
  std::vector<std::string> skip_nothing;
  auto received = co_await TargetReader::sweep(reader, resolver, skip_nothing);
  std::vector<net::awaitable<RawRead>> checks;
  for (const auto& c : target.checks) checks.push_back(runner.run("check:" + c.name, c));
  auto reads = redactor.open(std::move(received));
  auto results = co_await all_of(std::move(checks));
  for (auto& result : results) reads.push_back(std::move(result));
  SweepDone done;
  done.target = target.name;
  done.sweep = 1;
  done.reads = std::move(reads);
  Event event = done;
  engine.handle(event, now());
}

}  // namespace

int run_once(const Prepared& prepared, const std::string& config_path) {
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  EngineOptions options;
  options.host = host_name(prepared.config);
  options.recorded = true;  // nothing is scheduled: this one sweep is all there is
  Engine engine(prepared.config, options, now());
  // Nothing is kept that later placeholders would be compared with, and a key that anybody knows (the host's name)
  // would let a short secret be found from its placeholder by trying.
  Redactor redactor(prepared.config.evidence.redact, random_key(), prepared.secrets);
  std::string scratch = (std::filesystem::temp_directory_path() / "readback-once-XXXXXX").string();
  if (!::mkdtemp(scratch.data())) scratch.clear();
  CheckRunner runner(io.get_executor(), scratch,
                     [&](Unredacted<RawRead> read) { return redactor.open(std::move(read)); });
  runner.hide(own_paths(prepared.config, config_path));
  std::string bug;
  TaskGroup tasks(io.get_executor(), [&](const std::string& task, std::exception_ptr failed) {
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      bug = task + ": " + e.what();
    }
  });
  for (const TargetConfig& t : prepared.config.targets)
    tasks.spawn(t.name, read_target(t, prepared.targets.at(t.name).reader, resolver, engine, redactor, runner));
  io.run();
  std::error_code ec;
  if (!scratch.empty()) std::filesystem::remove_all(scratch, ec);
  if (!bug.empty()) std::fprintf(stderr, "readbackd: %s\n", bug.c_str());

  View v;
  v.at = now().wall;
  v.engine = engine.view(now());
  v.daemon.version = version();
  v.daemon.host = options.host;
  v.daemon.environment = prepared.config.environment;
  v.daemon.config_path = config_path;
  v.daemon.config_digest = prepared.digest;
  v.daemon.pid = ::getpid();
  v.daemon.started_at = v.at;
  const auto support = sandbox_support();
  v.daemon.sandbox = support.text;
  v.daemon.sandbox_complete = support.complete();
  std::printf("%s\n", boost::json::serialize(view_json(v)).c_str());
  return loudness_of(v).exit;
}

}  // namespace readback
