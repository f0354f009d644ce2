// Lists of tools and of the words that make them change something, and a reader that takes a command apart as a shell
// would: wrappers, quotes, substitutions, one command after the other.
#include "config/mutation.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace readback {
namespace {

using Words = std::vector<std::string>;
using Names = std::vector<std::string_view>;

bool is_in(std::string_view word, const Names& names) {
  return std::find(names.begin(), names.end(), word) != names.end();
}
std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }
/// The name of a tool of the host: bare, or in a folder for programs. `/etc/passwd` is none.
std::string tool_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return path;
  return path.substr(0, slash).ends_with("bin") ? path.substr(slash + 1) : "";
}
bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

bool has(const Words& argv, const Names& names) {
  return std::any_of(argv.begin() + 1, argv.end(), [&](const std::string& word) { return is_in(word, names); });
}

/// A tool whose first known word says what is done: `docker compose -f x.yml up` changes, `docker ps` does not.
struct Tool {
  Names programs;
  Names changes, reads;
  const char* what;
};
// The formatter would give many of these words a line of their own.
// clang-format off
const Tool tools[] = {
    {{"docker", "podman", "nerdctl", "docker-compose", "podman-compose"},
     {"restart", "rm", "rmi", "stop", "start", "up", "down", "kill", "run", "exec", "pull", "push", "build", "prune",
      "create", "update", "rename", "pause", "unpause", "commit", "cp", "load", "import", "tag", "deploy", "scale",
      "init", "join", "leave", "attach", "login", "remove", "rollback"},
     {"ps", "ls", "list", "inspect", "logs", "images", "info", "version", "stats", "top", "port", "diff", "events",
      "history", "search", "df"},
     "changes containers"},
    {{"systemctl"},
     {"restart", "start", "stop", "reload", "try-restart", "reload-or-restart", "try-reload-or-restart", "enable",
      "disable", "reenable", "mask", "unmask", "kill", "isolate", "daemon-reload", "daemon-reexec", "edit",
      "set-property", "set-default", "preset", "revert", "link", "reset-failed", "reboot", "poweroff", "halt",
      "suspend", "hibernate", "kexec", "set-environment", "unset-environment", "freeze", "thaw", "clean"},
     {"status", "show", "cat", "is-active", "is-enabled", "is-failed", "is-system-running", "list-units",
      "list-jobs", "list-timers", "list-sockets", "list-unit-files", "list-dependencies", "get-default",
      "show-environment"},
     "changes services"},
    {{"service", "invoke-rc.d", "rc-service"},
     {"restart", "start", "stop", "reload", "force-reload", "condrestart", "try-restart"},
     {"status"},
     "changes services"},
    {{"supervisorctl", "pm2", "monit"},
     {"restart", "start", "stop", "reload", "update", "add", "remove", "delete", "shutdown", "signal", "kill",
      "clear"},
     {"status", "list", "ls", "pid", "avail", "tail", "logs", "describe", "show", "summary", "report"},
     "changes services"},
    {{"kubectl", "oc", "helm", "helmfile", "argocd", "flux"},
     {"apply", "delete", "scale", "patch", "edit", "create", "replace", "install", "upgrade", "rollback", "exec",
      "label", "annotate", "cordon", "uncordon", "drain", "taint", "expose", "run", "set", "autoscale", "cp",
      "attach", "debug", "uninstall", "restart", "undo", "pause", "resume", "sync", "destroy", "reconcile",
      "suspend", "approve", "deny"},
     {"get", "describe", "logs", "top", "explain", "diff", "version", "api-resources", "api-versions",
      "cluster-info", "auth", "status", "history", "list", "ls", "template", "lint", "show", "wait", "view"},
     "changes the cluster"},
    {{"terraform", "tofu", "terragrunt", "pulumi"},
     {"apply", "destroy", "import", "taint", "untaint", "rm", "mv", "push", "up", "refresh", "force-unlock"},
     {"plan", "show", "validate", "output", "version", "providers", "preview", "list", "graph", "fmt"},
     "applies changes"},
    {{"git"},
     {"push", "pull", "fetch", "checkout", "switch", "restore", "reset", "commit", "merge", "rebase", "clean", "add",
      "rm", "mv", "stash", "cherry-pick", "revert", "am", "apply", "init", "clone", "gc", "prune", "repack",
      "update-ref", "update-index", "bisect", "filter-branch"},
     {"status", "diff", "log", "show", "rev-parse", "ls-files", "ls-remote", "ls-tree", "cat-file", "describe",
      "blame", "grep", "shortlog", "rev-list", "for-each-ref", "merge-base", "diff-index", "diff-tree", "diff-files",
      "fsck", "verify-commit", "verify-tag", "name-rev", "show-ref", "version", "tag", "branch", "config", "remote",
      "submodule", "worktree"},
     "changes the repository"},
    {{"apt", "apt-get", "aptitude", "yum", "dnf", "zypper", "apk", "snap", "pip", "pip3", "npm", "yarn", "pnpm"},
     {"install", "remove", "purge", "upgrade", "dist-upgrade", "full-upgrade", "update", "autoremove", "uninstall",
      "erase", "add", "del", "refresh", "ci", "publish", "link"},
     {"list", "show", "search", "info", "check", "policy", "audit", "outdated", "ls", "freeze", "view", "download"},
     "changes what is installed"},
    {{"ip", "nft", "ufw", "firewall-cmd", "nmcli"},
     {"add", "del", "delete", "set", "change", "replace", "flush", "enable", "disable", "reset", "reload", "up",
      "down"},
     {"show", "list", "ls", "get", "status", "monitor"},
     "changes the network"},
};

const Names changes_the_host = {
    "rm", "rmdir", "unlink", "shred", "mv", "dd", "truncate", "chmod", "chown", "chgrp", "chattr", "setfacl", "kill",
    "pkill", "killall", "reboot", "shutdown", "poweroff", "halt", "init", "telinit", "mount", "umount", "swapoff",
    "swapon", "useradd", "userdel", "usermod", "groupadd", "groupdel", "passwd", "chpasswd", "visudo", "wipefs",
    "mkswap", "fdisk", "parted", "logrotate", "iptables-restore", "modprobe", "rmmod", "insmod"};

/// Make files, which in the scratch folder is fine; elsewhere the sandbox refuses it.
const Names makes_files = {"touch", "tee", "mkdir", "mknod", "mkfifo", "cp", "ln", "install", "rsync", "patch"};

/// Words that ask a script or a tool of this house to change something.
const Names verbs = {
    "restart", "redeploy", "deploy", "apply", "destroy", "rollback", "uninstall", "reboot", "shutdown", "poweroff",
    "migrate", "provision", "teardown", "undeploy", "recreate"};
const Names flags = {
    "--apply", "--fix", "--write", "--restart", "--redeploy", "--deploy", "--in-place", "--repair", "--remediate",
    "--rollback", "--delete", "--purge", "--recreate"};
const Names dry = {
    "--check", "--dry-run", "--dry-run=client", "--dry-run=server", "--noop", "--diff", "--plan", "--list",
    "--status", "--help", "--version"};

/// Only show what they are given, whatever its words are.
const Names viewers = {
    "cat", "grep", "egrep", "fgrep", "rg", "zgrep", "head", "tail", "less", "jq", "yq", "awk", "cut", "sort",
    "uniq", "wc", "diff", "cmp", "comm", "stat", "ls", "test", "[", "echo", "printf", "true", "false",
    "journalctl", "sha256sum", "md5sum", "readlink", "realpath", "basename", "dirname", "df", "du", "ps", "pgrep",
    "ss", "netstat", "lsof", "id", "hostname", "uname", "date", "file"};
// clang-format on

bool is_interpreter(std::string_view program) {
  for (std::string_view name : {"python", "perl", "ruby", "node", "php", "lua"})
    if (program.starts_with(name) &&
        std::all_of(program.begin() + static_cast<std::ptrdiff_t>(name.size()), program.end(),
                    [](char c) { return std::isdigit(static_cast<unsigned char>(c)) || c == '.'; }))
      return true;
  return false;
}
bool is_shell(std::string_view program) { return is_in(program, {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish"}); }
bool is_viewer(std::string_view program) { return is_in(program, viewers); }

/// The words of a shell line, command by command. Quotes are taken off; what is substituted is read as a command too.
std::vector<Words> commands_of(std::string_view line) {
  std::vector<Words> all(1);
  std::string word;
  bool inside = false;
  char quote = 0;
  const auto end_word = [&] {
    if (inside || !word.empty()) all.back().push_back(word);
    word.clear();
    inside = false;
  };
  const auto end_command = [&] {
    end_word();
    if (!all.back().empty()) all.emplace_back();
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool substitutes = c == '`' || (c == '$' && i + 1 < line.size() && line[i + 1] == '(');
    if (quote != '\'' && substitutes) {
      end_command();
      i += c == '$';
    } else if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      inside = true;
    } else if (c == '\\' && i + 1 < line.size()) {
      word += line[++i];
    } else if (c == '>' && i + 1 < line.size() && line[i + 1] == '&') {
      ++i;  // 2>&1
    } else if (c == ';' || c == '|' || c == '&' || c == '\n' || c == '(' || c == ')' || c == '{' || c == '}') {
      end_command();
    } else if (c == ' ' || c == '\t') {
      end_word();
    } else {
      word += c;
    }
  }
  end_command();
  all.pop_back();
  return all;
}

CommandOpinion judge(const Words& argv, int depth);

CommandOpinion judge_line(const std::string& line, int depth) {
  CommandOpinion all;
  for (auto& command : commands_of(line)) {
    const bool in_scratch = std::any_of(command.begin(), command.end(), [](const std::string& word) {
      return word.starts_with("$TMPDIR") || word.starts_with("${TMPDIR}") || word.starts_with("$HOME");
    });
    if (in_scratch && !command.empty() &&
        is_in(base_of(command[0]), {"rm", "rmdir", "unlink", "mv", "dd", "truncate", "chmod"}))
      continue;
    while (!command.empty() && is_in(command[0], {"if", "then", "else", "elif", "while", "until", "do", "done", "fi",
                                                  "!", "exec", "time", "command", "eval"}))
      command.erase(command.begin());
    if (auto one = judge(command, depth + 1); !one.mutates.empty()) return one;
  }
  all.unclear = "a shell reads this line, and what it does cannot be seen from here";
  return all;
}

/// `env A=b nice -n 5 git status` is `git status`.
std::size_t wrapped_from(const Words& argv) {
  const std::string program = tool_of(argv[0]);
  std::size_t at = 1;
  const auto skip_options = [&](const Names& with_value) {
    while (at < argv.size() && is_option(argv[at])) at += is_in(argv[at], with_value) ? 2 : 1;
  };
  if (program == "env") {
    skip_options({"-u", "-C", "-S"});
    while (at < argv.size() && argv[at].find('=') != std::string::npos) ++at;
  } else if (program == "timeout") {
    skip_options({"-s", "-k", "--signal", "--kill-after"});
    ++at;
  } else if (is_in(program, {"sudo", "doas", "pkexec"})) {
    skip_options({"-u", "-g", "-h", "-p", "-C", "-R", "-D", "-T", "--user", "--group"});
  } else if (is_in(program, {"nice", "ionice", "chrt", "nohup", "setsid", "stdbuf", "xargs", "busybox", "time", "flock",
                             "unshare", "nsenter", "chroot", "ssh", "watch", "strace"})) {
    skip_options({"-n", "-c", "-u", "-g", "-p", "-o", "-i", "-e", "-I", "-L", "-P", "-t"});
    if (is_in(program, {"flock", "chroot", "ssh"})) ++at;
  } else {
    return 0;
  }
  return at;
}

std::string sends(const Words& argv) {
  const std::string program = tool_of(argv[0]);
  const auto upper_is = [](std::string_view word, const Names& names) {
    std::string upper(word);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return is_in(upper, names);
  };
  const Names methods = {"POST", "PUT", "PATCH", "DELETE"};
  if (program == "curl") {
    const bool get = has(argv, {"-G", "--get", "-I", "--head"});
    for (std::size_t i = 1; i < argv.size(); ++i) {
      const std::string& word = argv[i];
      const std::string next = i + 1 < argv.size() ? argv[i + 1] : "";
      if ((is_in(word, {"-X", "--request"}) && upper_is(next, methods)) ||
          (word.starts_with("-X") && upper_is(word.substr(2), methods)) ||
          (word.starts_with("--request=") && upper_is(word.substr(10), methods)))
        return "it sends another method than GET";
      if (!get && (word.starts_with("--data") || is_in(word, {"-d", "-F", "--form", "--json", "-T", "--upload-file"})))
        return "it sends another method than GET";
      if (is_in(word, {"-o", "--output"}) && !is_in(next, {"/dev/null", "-"})) return "it writes to " + next;
    }
  }
  if (program == "wget")
    for (const auto& word : argv)
      if (word.starts_with("--post-") || word.starts_with("--body-") ||
          (word.starts_with("--method=") && upper_is(word.substr(9), methods)))
        return "it sends another method than GET";
  if (is_in(program, {"http", "https", "xh"}) && argv.size() > 1)
    for (std::size_t i = 1; i < argv.size(); ++i)
      if (is_in(argv[i], methods)) return "it sends another method than GET";
  return "";
}

/// `restart-fabric.sh`, `apply_config.py`: the first word of the name is what it does.
std::string verb_of_name(const std::string& path) {
  const std::string name = base_of(path);
  const std::string first = name.substr(0, name.find_first_of("-_."));
  return is_in(first, verbs) ? first : "";
}

CommandOpinion judge(const Words& argv, int depth) {
  if (argv.empty() || depth > 8) return {};
  const std::string program = tool_of(argv[0]);
  for (const auto& word : argv)
    if (base_of(word) == "redeploy-host-stack.sh" && !is_viewer(program))
      return {"it is the guarded redeploy itself", ""};
  if (const auto from = wrapped_from(argv)) {
    auto inner =
        judge(Words(argv.begin() + static_cast<std::ptrdiff_t>(std::min(from, argv.size())), argv.end()), depth + 1);
    if (inner.mutates.empty() && is_in(program, {"sudo", "doas", "pkexec"}))
      inner.unclear = "`" + program + "` cannot work: no right can be gained in the sandbox";
    return inner;
  }
  if (is_shell(program)) {
    std::size_t at = 1;
    for (; at < argv.size() && is_option(argv[at]); ++at)
      if (argv[at].find('c') != std::string::npos && !argv[at].starts_with("--"))
        return at + 1 < argv.size() ? judge_line(argv[at + 1], depth) : CommandOpinion{};
    return judge(Words(argv.begin() + static_cast<std::ptrdiff_t>(at), argv.end()), depth + 1);
  }
  if (is_viewer(program)) return {};
  for (const auto& tool : tools) {
    if (!is_in(program, tool.programs)) continue;
    if (has(argv, dry) && !(program == "docker" || program == "podman")) return {};
    for (std::size_t i = 1; i < argv.size(); ++i) {
      if (is_in(argv[i], tool.reads)) return {};
      if (!is_in(argv[i], tool.changes)) continue;
      if (program == "git" && argv[i] == "stash" && i + 1 < argv.size() && is_in(argv[i + 1], {"list", "show"}))
        return {};
      return {std::string("it ") + tool.what, ""};
    }
  }
  if (is_in(program, changes_the_host)) return {"`" + program + "` changes the host", ""};
  if (is_in(program, makes_files))
    return {"", "`" + program + "` writes, and outside the scratch folder the sandbox refuses that"};
  if (program.starts_with("mkfs")) return {"`" + program + "` changes the host", ""};
  if (is_in(program, {"ansible", "ansible-playbook"}) && !has(argv, dry) &&
      !has(argv, {"-C", "--syntax-check", "--list-hosts", "--list-tasks"}))
    return {"it applies changes", ""};
  if (program == "crontab" && !has(argv, {"-l"})) return {"`crontab` changes the host", ""};
  if (program == "sysctl" && has(argv, {"-w", "-p", "--write", "--load", "--system"}))
    return {"`sysctl` changes the host", ""};
  if (is_in(program, {"iptables", "ip6tables"}) && !has(argv, {"-L", "-S", "--list", "--list-rules"}))
    return {"it changes the network", ""};
  if (is_in(program, {"sed", "perl"}))
    for (const auto& word : argv)
      if (word == "-i" || word.starts_with("-i.") || word.starts_with("--in-place") || word == "-pi" ||
          word.starts_with("-pi."))
        return {"`" + program + " " + word + "` edits in place", ""};
  if (program == "find") {
    if (has(argv, {"-delete", "-fprint", "-fls"})) return {"`find -delete` changes the host", ""};
    for (std::size_t i = 1; i < argv.size(); ++i)
      if (is_in(argv[i], {"-exec", "-execdir", "-ok"}))
        return judge(Words(argv.begin() + static_cast<std::ptrdiff_t>(i + 1), argv.end()), depth + 1);
    return {};
  }
  if (const auto why = sends(argv); !why.empty()) return {why, ""};

  // A script, or a tool nobody knows here: its own name, its first word, and what its options ask for.
  std::size_t first = 1;
  std::string named = argv[0];
  if (is_interpreter(program)) {
    while (first < argv.size() && is_option(argv[first])) {
      if (is_in(argv[first], {"-c", "-e"})) return {};
      ++first;
    }
    if (first < argv.size()) named = argv[first++];
  }
  for (const auto& word : argv)
    for (const std::string_view flag : flags)
      if (word == flag ||
          (word.starts_with(std::string(flag) + "=") && !word.ends_with("=false") && !word.ends_with("=no")))
        return {"`" + word + "` asks it to change something", ""};
  if (has(argv, dry)) return {};
  if (const auto verb = verb_of_name(named); !verb.empty()) return {"by its name it is there to " + verb, ""};
  if (is_in(program, {"make", "just", "task", "npm", "yarn", "pnpm", "invoke", "fab", "cap"})) {
    for (std::size_t i = first; i < argv.size(); ++i)
      if (const auto verb = verb_of_name(argv[i]); !verb.empty() || is_in(argv[i], {"install", "clean", "up", "down"}))
        return {"`" + argv[i] + "` asks it to change something", ""};
    return {};
  }
  while (first < argv.size() && is_option(argv[first])) ++first;
  if (first < argv.size() && is_in(argv[first], verbs))
    return {"`" + argv[first] + "` asks it to change something", ""};
  return {};
}

}  // namespace

CommandOpinion judge_command(const std::vector<std::string>& argv) { return judge(argv, 0); }

}  // namespace readback
