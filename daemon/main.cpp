// readbackd: the daemon. Reads its options, prepares everything that can fail, and only then starts.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "daemon/app/app.hpp"
#include "daemon/app/once.hpp"
#include "daemon/app/options.hpp"
#include "daemon/check/oom.hpp"
#include "daemon/platform/log.hpp"
#include "daemon/platform/version.hpp"

namespace {

using namespace readback;

/// A start waits for whoever reads our stderr, but not for ever: behind a full pipe it watches all the same.
void complain(const std::string& text) {
  constexpr int patience = 200;  // ms
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, patience) != 0) std::fprintf(stderr, "readbackd: %s\n", text.c_str());
}

int check_config(const DaemonOptions& options) {
  const auto loaded = examine(options.config_path);
  for (const auto& problem : loaded.problems) complain(to_string(problem));
  if (!loaded.ok()) return exit_config;
  if (options.print)
    std::fputs(print_config(loaded.config).c_str(), stdout);
  else
    std::printf("%s: fine, %zu target(s), %zu sink(s)\n", options.config_path.c_str(), loaded.config.targets.size(),
                loaded.config.alerts.sinks.size());
  if (!options.print)
    for (const auto& file : loaded.config.included_files) std::printf("  includes %s\n", file.c_str());
  return 0;
}

/// The memory of this process holds the credentials: it leaves no core file, whatever limit was inherited, and a
/// process of the same user neither attaches to it nor reads it through /proc. A program that a check runs is a memory
/// of its own, and may be looked at again. What we read of ourselves in /proc stays readable: the kernel asks nobody
/// who looks at himself, but for files that only their owner may open (mem, environ), and those we do not need.
void keep_memory_private() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // whose search for leaks attaches to its own process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

/// Each read is a descriptor, and thousands of targets may be read at once.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// An exception that nobody takes, in whichever thread: the service manager starts us again, and what was decided is on
/// the disk. Nothing is built here that would need memory.
[[noreturn]] void end_by_a_bug() {
  pollfd log{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&log, 1, 0) != 1) ::_exit(exit_bug);  // nobody reads it
  constexpr std::string_view said = "readbackd: ended by an error of its own\n";
  (void)!::write(STDERR_FILENO, said.data(), said.size());
  if (const auto failed = std::current_exception()) {
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      (void)!::write(STDERR_FILENO, e.what(), std::strlen(e.what()));
      (void)!::write(STDERR_FILENO, "\n", 1);
    } catch (...) {
    }
  }
  ::_exit(exit_bug);
}

}  // namespace

int main(int argc, char** argv) {
  DaemonOptions options;
  CLI::App cli(
      "readbackd watches a live Helpifyr environment: it reads, compares, proves the\n"
      "failure boundary and pages once. It never changes anything.");
  cli.name("readbackd");
  cli.footer(
      "Exit status with --once: 0 green, 1 warning, 2 critical or error, 3 unknown.\n"
      "Example: readbackd --config /etc/readback/readback.yaml --check-config");
  cli.set_version_flag("--version", "readbackd " + std::string(version()));
  cli.add_option("--config", options.config_path, "the configuration file")->capture_default_str();
  auto* check = cli.add_flag("--check-config", options.check_config, "validate all, tell every error; exit 0 or 78");
  cli.add_flag("--print", options.print, "show what is in force, secrets masked")->needs(check);
  cli.add_flag("--once", options.once, "one sweep with all checks and paths; prints JSON");
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = cli.exit(e);
    return code == 0 ? 0 : 64;
  }
  if (options.check_config) return check_config(options);

  std::set_terminate(end_by_a_bug);
  ::umask(0077);  // whatever we inherited: what we write is for us, and what others may use says so itself
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // an inherited SIG_IGN would lose how checks ended
  raise_descriptor_limit();
  keep_weight_at_hand();  // of the files of ours that are closed to us from then on
  keep_memory_private();
  Doing doing;
  auto prepared = prepare(options.config_path, doing);
  for (const auto& warning : prepared.warnings) complain(warning);
  for (const auto& trouble : prepared.troubles) complain(trouble);
  if (!prepared.ok()) return exit_config;
  if (options.once) return run_once(prepared, options.config_path);

  set_up_log(prepared.config.log);
  int status = 0;
  {
    const auto confined = confine_daemon(prepared.config);  // while there is one thread only
    net::io_context io(1);
    App app(io, options.config_path, std::move(prepared));
    if (const auto started = app.start(confined); !started) {
      complain(started.error());
      status = exit_failed;
    } else {
      app.run();
    }
  }
  close_log();
  return status;
}
