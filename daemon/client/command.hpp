#pragma once
// A command of `readback`: what it is called, what may be typed behind it, and what it does. Each is a small class with
// its options as members; the table of all (command_line.cpp) has them in the order of the help text. What stands here
// knows nothing of the library that reads the command line.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/client/client.hpp"

namespace CLI {
class App;
}

namespace readback {

/// How a command says what may be typed. The names are as in the help text: "--target", "-o,--output", "ID". Every
/// variable outlives the parsing and holds the default.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(app) {}
  void text(const char* name, std::string& into, const char* what);
  void required(const char* name, std::string& into, const char* what);
  /// One or more, each standing alone.
  void several(const char* name, std::vector<std::string>& into, const char* what);
  /// The help text shows the default.
  void text_or(const char* name, std::string& into, const char* what);
  void flag(const char* name, bool& into, const char* what);
  /// Given once for each value.
  void list(const char* name, std::vector<std::string>& into, const char* what);
  /// Above 0; the help text shows the default.
  void number(const char* name, int& into, const char* what);

 private:
  CLI::App& app_;
};

struct Command {
  virtual ~Command() = default;
  virtual void options(Options&) {}
  /// The exit status. Ends early by throwing Done (Client::fail).
  virtual int run(const Client& client) = 0;
};

// commands/*.cpp, a file a group.
std::unique_ptr<Command> status_command();
std::unique_ptr<Command> fleet_command();
std::unique_ptr<Command> probe_command();
std::unique_ptr<Command> incidents_command();
std::unique_ptr<Command> incident_command();
std::unique_ptr<Command> history_command();
std::unique_ptr<Command> uptime_command();
std::unique_ptr<Command> snapshot_list_command();
std::unique_ptr<Command> snapshot_pull_command();
std::unique_ptr<Command> snapshot_capture_command();
std::unique_ptr<Command> snapshot_verify_command();
std::unique_ptr<Command> snapshot_key_command();
std::unique_ptr<Command> snapshot_diff_command();
std::unique_ptr<Command> report_command();
std::unique_ptr<Command> symptom_command();
std::unique_ptr<Command> ack_command();
std::unique_ptr<Command> verify_command();
std::unique_ptr<Command> resolve_command();
std::unique_ptr<Command> silence_add_command();
std::unique_ptr<Command> silence_list_command();
std::unique_ptr<Command> silence_expire_command();
std::unique_ptr<Command> sweep_command();
std::unique_ptr<Command> watch_command();
std::unique_ptr<Command> export_command();
std::unique_ptr<Command> replay_command();
std::unique_ptr<Command> test_alert_command();

/// Runs what shows a verdict and returns its exit status, as a monitoring plugin: what cannot be told is unknown,
/// whatever the cause.
int verdict_or_unknown(const std::function<int()>& show);
/// What `readback` alone shows: the status, and the commands that are most useful now.
int status_and_hints(const Client& client);

}  // namespace readback
