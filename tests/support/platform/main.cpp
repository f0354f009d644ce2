// readback-sim: a Helpifyr-like platform on loopback, for the tests and the quickstart. It prints where it listens and
// where it takes commands, one line each, and then serves until it is told to stop.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>

#include "tests/support/platform/control.hpp"

int main(int argc, char** argv) {
  using namespace readback;
  sim::Options options;
  sim::State state;
  unsigned short control_port = 0;
  bool die_with_parent = false;
  long max_life = 0;

  CLI::App app{"A simulated Helpifyr platform that misbehaves on command"};
  app.add_option("--host", options.host, "address to listen on");
  app.add_option("--port", options.port, "port, 0 for any");
  app.add_option("--unix", options.unix_path, "listen on this Unix socket instead");
  app.add_option("--cert", options.cert, "certificate chain (PEM): serve TLS");
  app.add_option("--key", options.key, "private key (PEM)");
  app.add_option("--client-ca", options.client_ca, "ask clients for a certificate of this CA");
  app.add_option("--api-key", state.api_key, "/api/v1/* wants this X-API-Key");
  app.add_option("--version-truth", state.mood.version, "the version that the platform says it runs");
  app.add_option("--control-port", control_port, "port for commands, 0 for any");
  app.add_flag("--die-with-parent", die_with_parent, "end when the parent process ends");
  app.add_option("--max-life", max_life, "end after so many seconds, whatever happens");
  CLI11_PARSE(app, argc, argv);

  if (die_with_parent) {
    const pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) return 0;  // it had ended before we asked
  }
  signal(SIGPIPE, SIG_IGN);
  try {
    net::io_context io(1);
    sim::Server server(io, state, options);
    sim::Control control(io, state, server, control_port);
    net::signal_set stop(io, SIGTERM, SIGINT);
    stop.async_wait([&](ErrorCode, int) { io.stop(); });
    net::steady_timer life(io);
    if (max_life > 0) {
      life.expires_after(std::chrono::seconds(max_life));
      life.async_wait([&](ErrorCode ec) {
        if (!ec) io.stop();
      });
    }
    std::printf("listening %s\ncontrol %s\n", server.url().c_str(), control.url().c_str());
    std::fflush(stdout);
    io.run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "readback-sim: %s\n", e.what());
    return 1;
  }
  if (!options.unix_path.empty()) unlink(options.unix_path.c_str());
  return 0;
}
