// A check is judged by how it ended. What it printed says what differs, and that is told before the exit code is.
#include <algorithm>
#include <boost/json.hpp>

#include "core/reading/decode.hpp"
#include "core/reading/member.hpp"
#include "core/reading/part.hpp"
#include "core/reading/read.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::size_t reasons_of_check = 12;
constexpr std::string_view count_nouns[] = {"difference", "mismatch", "drift",   "change",
                                            "problem",    "error",    "failure", "issue"};

std::string last_line(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  const auto at = text.find_last_of('\n');
  return printable(at == text.npos ? text : text.substr(at + 1));
}

/// Python's own words for a script that did not get to look: an exception, a script that does not parse (which has no
/// "Traceback" line), a module that is not there, an interpreter that does not start.
bool has_traceback(std::string_view err) {
  if (err.find("Traceback (most recent call last)") != err.npos) return true;
  bool in_a_file = false;
  while (!err.empty()) {
    const auto end = err.find('\n');
    const std::string_view line = err.substr(0, end);
    err = end == err.npos ? std::string_view() : err.substr(end + 1);
    const std::string_view interpreter = line.substr(0, line.find(": No module named "));
    if (line.starts_with("Fatal Python error: ")) return true;
    if (interpreter.size() < line.size() && interpreter.find(' ') == line.npos &&
        interpreter.find("python") != line.npos)
      return true;
    in_a_file = in_a_file || line.starts_with("  File \"");
    if (in_a_file &&
        (line.starts_with("SyntaxError: ") || line.starts_with("IndentationError: ") || line.starts_with("TabError: ")))
      return true;
  }
  return false;
}

CheckResult result_of_exit(const CheckConfig& check, int exit, const CheckRun& run) {
  if (check.in_sync_exits.contains(exit)) return CheckResult::in_sync;
  if (check.drift_exits.contains(exit)) return CheckResult::drift;
  if (check.broken_exits.contains(exit)) return CheckResult::broken;
  constexpr int usage = 2, not_executable = 126, not_found = 127;
  if (exit == usage || exit == not_executable || exit == not_found) return CheckResult::broken;
  if (exit == 1 && has_traceback(run.err)) return CheckResult::broken;
  return CheckResult::drift;
}

/// "MISMATCH compose.yml image: …" -> "compose.yml image: …": the page says already that something differs.
std::string_view without_mark(std::string_view line) {
  for (const std::string_view mark :
       {"MISMATCH", "DRIFT", "DIFF", "DIFFERS", "FAIL", "FAILED", "ERROR", "mismatch", "drift", "differs"})
    if (line.starts_with(mark) && line.size() > mark.size() + 1 &&
        (line[mark.size()] == ' ' || line[mark.size()] == ':'))
      return trimmed(line.substr(mark.size() + 1));
  return line;
}

/// "2 differences", "found 3 mismatches": how many, not what.
bool is_a_count(std::string_view line) {
  const std::string lower = lower_case(line);
  const Tokens words(line);
  const bool counts =
      words.size() <= 4 && lower.find_first_of("0123456789") != lower.npos && lower.find_first_of("/.:=") == lower.npos;
  return counts && std::any_of(std::begin(count_nouns), std::end(count_nouns),
                               [&](std::string_view noun) { return lower.find(noun) != lower.npos; });
}

bool tells_a_difference(std::string_view line) {
  const std::string lower = lower_case(line);
  for (const std::string_view word : {"mismatch", "drift", "differ", "missing", "unexpected", "changed",
                                      "!=", "expected", "not in sync", "out of sync", "fail"})
    if (lower.find(word) != lower.npos) return true;
  return false;
}

/// The lines of a text that say what differs: those with a word for it, else all but a count.
std::vector<std::string> differences(std::string_view text) {
  std::vector<std::string> telling, all;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = trimmed(text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || is_a_count(line)) continue;
    const std::string shown = printable(without_mark(line));
    all.push_back(shown);
    if (tells_a_difference(line)) telling.push_back(shown);
  }
  return telling.empty() ? all : telling;
}

bool begins_like_json(std::string_view text) {
  text = trimmed(text);
  return !text.empty() && (text.front() == '{' || text.front() == '[');
}

std::vector<Item> items_of(std::string_view out) {
  static const Words no_words;
  static const std::string no_pointer;
  static const std::vector<std::string> no_names;
  const auto body = decode(out);
  if (body.kind != DecodedBody::Kind::json) return {};
  const auto tree = read_parts(body.value, {OwnWords(no_words, no_words), no_pointer, no_names});
  return items_of(tree);
}

}  // namespace

CheckReading read_check(const CheckConfig& check, const RawRead& raw) {
  CheckReading out;
  const auto* run = std::get_if<CheckRun>(&raw.answer);
  const auto say = [&](const std::string& text) { out.reasons.push_back(raw.read + ": " + text); };
  if (!run) {
    say("it did not run");
    return out;
  }
  for (const auto& denial : run->denials) say("sandbox denied: " + printable(denial));
  if (run->fault) {
    switch (*run->fault) {
      case CheckFault::timeout: say("did not end in time"); break;
      case CheckFault::signal:
        say(run->signal ? "ended by signal " + std::to_string(run->signal) : "ended by a signal");
        break;
      case CheckFault::spawn: say("could not be started"); break;
    }
    if (!run->detail.empty()) out.reasons.back() += ": " + printable(run->detail);
    return out;
  }
  const int exit = run->exit.value_or(-1);
  out.result = result_of_exit(check, exit, *run);
  if (!run->denials.empty() && out.result == CheckResult::drift) out.result = CheckResult::broken;  // it could not look
  const auto items = items_of(run->out);
  switch (out.result) {
    case CheckResult::in_sync: break;
    case CheckResult::drift: {
      std::vector<std::string> named;
      for (const auto& item : items)
        if (!item.neutral && item.reading != Reading::pass)
          named.push_back(item.name + (item.detail.empty() ? " differs" : ": " + item.detail));
      if (named.empty() && items.empty() && !begins_like_json(run->out))
        named = differences(run->out.empty() ? run->err : run->out);
      const std::string exited = "exit " + std::to_string(exit) + ": repo truth and runtime truth differ";
      if (named.empty()) {
        say(exited);
        say("it gives no reason: a weaker finding than drift that names what differs");
        break;
      }
      say(named.front() + (named.size() > 1 ? "; " + std::to_string(named.size() - 1) + " more" : ""));
      say(exited);
      for (std::size_t i = 1; i < named.size(); ++i) {
        if (out.reasons.size() == reasons_of_check) {
          say("… and " + std::to_string(named.size() - i) + " more");
          break;
        }
        say(named[i]);
      }
      break;
    }
    case CheckResult::broken: {
      const std::string line = last_line(run->err.empty() ? run->out : run->err);
      say("exit " + std::to_string(exit) + (has_traceback(run->err) ? ": it crashed" : ": it could not do its work") +
          (line.empty() ? "" : ": " + line));
      break;
    }
  }
  return out;
}

}  // namespace readback
