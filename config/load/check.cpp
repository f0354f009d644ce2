// Commands that only read: the checks of a target and the commands of the evidence. And the patterns of the redaction,
// which are expressions of RE2 and are asked of RE2 itself, once and here.
#include "config/load/loader.hpp"
#include "config/mutation.hpp"
#include "config/scalars.hpp"
#include "core/redaction/redactor.hpp"

namespace readback {

void Loader::read(const Node& n, const key::Checks& v) {
  const bool of_target = v.role == CheckRole::materialization;
  named(n, of_target ? "checks" : "commands", [&](const Node& name, const Node& value) {
    CheckConfig c;
    c.name = name.text;
    c.role = v.role;
    map(value, section_of(c));
    v.out.push_back(std::move(c));
    if (!of_target) command_names_.push_back(name);
  });
}

void Loader::read(const Node& n, const key::Command& v) {
  if (n.kind == Node::Kind::scalar)
    return error(n, "a command is a list of arguments; no shell reads it",
                 "[" + n.text.substr(0, n.text.find(' ')) + ", …]");
  v.out.command_at = place(n);
  lines(n, v.out.command);
  if (v.out.command.empty()) error(n, "the command is empty", "[PROGRAM, ARGUMENT, …]");
  // What changes a host has no place here. The sandbox would stop it anyway; told early it costs nobody an incident.
  const auto opinion = judge_command(v.out.command);
  if (!opinion.mutates.empty())
    error(n, "this command appears to mutate: " + opinion.mutates,
          "a check only reads, like verify_runtime_materialization.py --check");
  else if (!opinion.unclear.empty())
    warn(n, opinion.unclear, "name the program and its arguments");
}

void Loader::read(const Node& n, const key::Folder& v) {
  v.out.cwd_at = place(n);
  absolute_path(n, v.out.cwd);
}

void Loader::read(const Node& n, const key::Variables& v) {
  named(n, "env", [&](const Node& name, const Node& value) { line(value, v.out[name.text]); });
}

/// Both ways of writing it: `{3: drift, 4: broken}` and `{drift: [3], broken: [4]}`.
void Loader::read(const Node& n, const key::ExitCodes& v) {
  const auto put = [&](const Node& code_node, const Node& word_node) {
    const auto code = parse_int(code_node.text);
    if (!code || *code > 255) return error(code_node, "`" + code_node.text + "` is no exit code", "0 to 255");
    const std::string& word = word_node.text;
    v.out.in_sync_exits.erase(*code);
    if (word == "in_sync")
      v.out.in_sync_exits.insert(*code);
    else if (word == "drift")
      v.out.drift_exits.insert(*code);
    else if (word == "broken")
      v.out.broken_exits.insert(*code);
    else
      error(word_node, "`" + word + "` is no result of a check", "one of in_sync, drift, broken");
  };
  if (n.kind != Node::Kind::map) return error(n, "exit_codes must be a map", "{3: drift, 4: broken}");
  for (const auto& [key, value] : n.entries) {
    if (value.kind == Node::Kind::list)
      for (const auto& code : value.items) put(code, key);
    else if (parse_int(key.text))
      put(key, value);
    else
      put(value, key);
  }
}

void Loader::read(const Node& n, const key::Patterns& v) {
  lines(n, v.out.patterns);
  for (const auto& item : n.items)
    if (const auto usable = check_pattern(item.text); !usable)
      error(item, "`" + item.text + "` is no regular expression: " + usable.error(),
            "an expression of RE2, without look-around and back-references, in single quotes");
}

}  // namespace readback
