// What only the host can say about a configuration: programs, folders and files that it names and that are not there.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/load.hpp"

namespace readback {
namespace {

/// In the folders that a check's PATH names; empty when it is in none.
std::string found(const std::string& name) {
  for (const char* folder : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return "";
}

/// The interpreter that a script's first line asks for and this host does not have.
std::string missing_interpreter(const std::string& script) {
  std::ifstream in(script);
  std::string line;
  if (!std::getline(in, line) || !line.starts_with("#!")) return "";
  std::istringstream words(line.substr(2));
  std::string interpreter, word;
  words >> interpreter;
  if (!interpreter.ends_with("/env")) return ::access(interpreter.c_str(), X_OK) == 0 ? "" : interpreter;
  while (words >> word)
    if (!word.starts_with("-")) return found(word).empty() && word.find('/') == word.npos ? word : "";
  return "";
}

void look_at_command(const CheckConfig& c, const std::string& file, std::vector<ConfigProblem>& out) {
  if (c.command.empty()) return;  // told as what it is, a mistake in the file
  const auto problem = [&](const FilePlace& at, const std::string& text, const std::string& suggestion,
                           bool warning = false) {
    out.push_back({at.file.empty() ? file : at.file, at.line, at.column, warning, "the check " + c.name + ": " + text,
                   suggestion});
  };
  const auto in_cwd = [&](const std::string& path) {
    return path.starts_with("/") || c.cwd.empty() ? path : c.cwd + "/" + path;
  };
  struct stat info {};
  const bool cwd_fine = c.cwd.empty() || (::stat(c.cwd.c_str(), &info) == 0 && S_ISDIR(info.st_mode));
  if (!cwd_fine)
    problem(c.cwd_at, "the folder " + c.cwd + " is not there", "correct its cwd");
  else if (!c.cwd.empty() && ::access(c.cwd.c_str(), X_OK) != 0)
    problem(c.cwd_at, "the folder " + c.cwd + " cannot be entered by this user", "the daemon's user must be able to",
            true);
  const std::string& name = c.command[0];
  const bool is_path = name.find('/') != name.npos;
  if (is_path && !name.starts_with("/") && !cwd_fine) return;  // one mistake is enough
  const std::string program = is_path ? in_cwd(name) : found(name);
  if (program.empty())
    problem(c.command_at, "no program `" + name + "` is found on this host",
            name == "python" && !found("python3").empty() ? "python3 is there" : "give its whole path");
  else if (::access(program.c_str(), F_OK) != 0)
    problem(c.command_at, program + " is not there", "correct the command");
  else if (::access(program.c_str(), X_OK) != 0 || (::stat(program.c_str(), &info) == 0 && S_ISDIR(info.st_mode)))
    problem(c.command_at, program + " is not executable", "chmod +x, or name its interpreter first");
  else if (const auto interpreter = missing_interpreter(program); !interpreter.empty())
    problem(c.command_at, program + " asks for " + interpreter + ", which is not on this host",
            "name its interpreter first");
  for (std::size_t i = 1; i < c.command.size(); ++i) {
    const std::string& arg = c.command[i];
    if (!arg.ends_with(".py") && !arg.ends_with(".sh")) continue;
    const std::string script = in_cwd(arg);
    if ((arg.starts_with("/") || cwd_fine) && ::access(script.c_str(), R_OK) != 0)
      problem(c.command_at, "the script " + script + " cannot be read", "correct the command or its cwd");
    break;
  }
}

}  // namespace

std::vector<ConfigProblem> problems_on_host(const Config& config, const std::string& file) {
  std::vector<ConfigProblem> out;
  const auto readable = [&](const FilePlace& at, const std::string& path, const char* what) {
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
      out.push_back({at.file.empty() ? file : at.file, at.line, at.column, false,
                     std::string(what) + " " + path + " cannot be read: " + std::strerror(errno),
                     "correct the path, or who may read it"});
  };
  const auto readable_tls = [&](const TlsConfig& tls) {
    readable(tls.at, tls.ca_file, "the CA file");
    readable(tls.at, tls.cert_file, "the certificate");
    readable(tls.at, tls.key_file, "the key");
  };
  for (const TargetConfig& t : config.targets) {
    for (const auto& c : t.checks) look_at_command(c, file, out);
    readable_tls(t.tls);
  }
  for (const auto& c : config.evidence.commands) look_at_command(c, file, out);
  for (const auto& s : config.alerts.sinks) readable_tls(s.tls);
  readable_tls(config.fleet.nats.tls);
  return out;
}

}  // namespace readback
