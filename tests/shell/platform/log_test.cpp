// What the log writes, and what it leaves out: read back from a file that stands in for stderr.
#include "daemon/platform/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace readback;

namespace {

/// The lines that reach stderr while `tell` runs.
template <class Tell>
std::vector<std::string> logged(const LogConfig& config, Tell tell) {
  const auto path = std::filesystem::temp_directory_path() / ("readback-log-" + std::to_string(::getpid()));
  const int kept = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(file, STDERR_FILENO);
  set_up_log(config);
  tell();
  close_log();
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  ::close(file);
  std::vector<std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::filesystem::remove(path);
  return lines;
}

LogConfig as(LogFormat format) {
  LogConfig config;
  config.format = format;
  return config;
}

Say trouble(const std::string& kind, const std::string& text, const std::string& target = "fabric") {
  return {Say::Level::warning, kind, target, "", "", text};
}

/// Without the time in front.
std::vector<std::string> words(const std::vector<std::string>& lines) {
  std::vector<std::string> out;
  for (const auto& line : lines) out.push_back(line.substr(line.find(' ') + 1));
  return out;
}

}  // namespace

TEST_CASE("a trouble that repeats is logged once, when it changes, and with its count when it ends") {
  const auto lines = logged(as(LogFormat::text), [] {
    for (int i = 0; i < 5; ++i) log(trouble("test.one", "no answer"));
    log(trouble("test.one", "no answer", "other"));  // of another target: another trouble
    log(trouble("test.two", "no answer"));           // of another kind: likewise
    for (int i = 0; i < 2; ++i) log(trouble("test.one", "refused"));
    log({Say::Level::info, "test.one", "fabric", "", "", "works again"});
    log({Say::Level::info, "test.one", "fabric", "", "", "works again"});  // no trouble: each is told
  });
  CHECK(words(lines) == std::vector<std::string>{
                            "warn  fabric: no answer",
                            "warn  other: no answer",
                            "warn  fabric: no answer",
                            "info  fabric: came 4 more times: no answer",
                            "warn  fabric: refused",
                            "info  fabric: came once more: refused",
                            "info  fabric: works again",
                            "info  fabric: works again",
                        });
}

TEST_CASE("every line about an incident is told, also when it says the same") {
  const auto lines = logged(as(LogFormat::text), [] {
    for (int i = 0; i < 3; ++i)
      log({Say::Level::error, "incident.reminder", "fabric", "019abcde", "outage", "still bad"});
  });
  CHECK(words(lines) == std::vector<std::string>(3, "ERROR fabric: still bad"));
}

TEST_CASE("a line is one line, whatever is in it") {
  const auto lines = logged(as(LogFormat::text), [] { log(trouble("test.three", "a\nb\x1b[31mc")); });
  REQUIRE(lines.size() == 1);
  CHECK(words(lines)[0] == "warn  fabric: a b [31mc");
}

TEST_CASE("as JSON each line is an object with its fields") {
  const auto lines = logged(as(LogFormat::json), [] {
    log({Say::Level::error, "incident.firing", "fabric", "019abcde", "outage", "OUTAGE \"total\"\nfabric"});
    log({Say::Level::info, "daemon.started", "", "", "", "started"});
  });
  REQUIRE(lines.size() == 2);
  auto first = boost::json::parse(lines[0]).as_object();
  CHECK(first.at("at").as_string().size() == 24);
  first.erase("at");
  CHECK(first == boost::json::parse(R"({"level":"error","kind":"incident.firing","target":"fabric",
      "incident":"019abcde","boundary":"outage","text":"OUTAGE \"total\"\nfabric"})"));
  auto second = boost::json::parse(lines[1]).as_object();
  second.erase("at");
  CHECK(second == boost::json::parse(R"({"level":"info","kind":"daemon.started","text":"started"})"));
}

TEST_CASE("what is quieter than asked for is left out") {
  LogConfig config = as(LogFormat::text);
  config.level = LogLevel::warning;
  const auto lines = logged(config, [] {
    log({Say::Level::info, "test.four", "", "", "", "quiet"});
    log({Say::Level::error, "test.four", "", "", "", "loud"});
  });
  CHECK(words(lines) == std::vector<std::string>{"ERROR loud"});
}

TEST_CASE("without a format, a stderr that is not the journal's gets text") {
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  const auto lines = logged(as(LogFormat::automatic), [] { log(trouble("test.five", "x")); });
  CHECK(words(lines) == std::vector<std::string>{"warn  fabric: x"});
  ::unsetenv("JOURNAL_STREAM");
}

namespace {

/// A pipe in the place of stderr that nobody reads until asked to.
class StuckPipe {
 public:
  StuckPipe() : kept_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe(ends_) == 0);
    ::dup2(ends_[1], STDERR_FILENO);
  }
  ~StuckPipe() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  /// Until a line holds `last`.
  std::string read_until(const std::string& last) {
    std::string all;
    char piece[4096];
    while (all.find(last) == all.npos)
      if (const auto got = ::read(ends_[0], piece, sizeof piece); got > 0)
        all.append(piece, static_cast<std::size_t>(got));
    return all;
  }

 private:
  int kept_, ends_[2]{};
};

}  // namespace

TEST_CASE("a pipe that nobody reads holds up neither a line, nor a reload, nor a stop") {
  StuckPipe pipe;
  set_up_log(as(LogFormat::text));
  const std::string wide(1000, 'x');
  for (int i = 0; i < 3000; ++i) log({Say::Level::info, "test.five", "", "", "", std::to_string(i) + wide});
  set_up_log(as(LogFormat::json));  // as a reload does
  CHECK(log_overruns() > 1500);     // 64 KiB in the pipe and 1,024 lines in the queue are kept
  close_log();                      // returns, and the writer's thread ends by itself
}

TEST_CASE("what was lost is told as one line, in its place, once somebody reads again") {
  StuckPipe pipe;
  set_up_log(as(LogFormat::text));
  const std::string wide(1000, 'x');
  for (int i = 0; i < 3000; ++i) log({Say::Level::info, "test.six", "", "", "", std::to_string(i) + wide});
  const auto lost = log_overruns();
  const auto all = pipe.read_until(" 2999x");
  const auto notice = all.find("warn  " + std::to_string(lost) + " lines of the log were lost\n");
  CHECK(notice != all.npos);
  CHECK(all.find("were lost") == all.rfind("were lost"));
  CHECK(all.find(" 0x") < notice);                                           // the oldest had left already
  CHECK(all.find(" " + std::to_string(3000 - 1024) + "x") > notice);         // the first of the queue
  CHECK(all.find(" " + std::to_string(3000 - 1024 - 1) + "x") == all.npos);  // the last that was lost
  close_log();
}
