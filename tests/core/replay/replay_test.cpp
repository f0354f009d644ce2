// What a recording may hold beside the plain run of things: late lines, lines twice, clocks that step, numbers that
// begin anew. What the diagnosis makes of the sweeps is told by the stories and by the recorded cases.
#include "core/replay/replay.hpp"
#include "core/codec/reads_json.hpp"
#include "core/text/time.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace readback;

namespace {

constexpr const char* surfaces[] = {"health", "services", "observability", "security"};

struct Tape {
  std::vector<std::string> lines;
  WallTime at{Millis(1795402800000)};  // 2026-11-23T03:00:00Z
  std::uint64_t number = 0;

  static std::string line(std::uint64_t sweep, WallTime at, const std::string& read, bool good,
                          const std::string& target = "fabric") {
    return "{\"at\":\"" + to_rfc3339(at) + "\",\"target\":\"" + target + "\",\"sweep\":" + std::to_string(sweep) +
           ",\"read\":\"" + read + "\",\"ms\":3," +
           (good ? R"("http":{"status":200,"headers":{"content-type":"application/json"},"body":"{\"status\":\"ok\"}"})"
                 : R"("error":"refused")") +
           "}";
  }
  Tape& sweeps(int n, bool good) {
    for (int i = 0; i < n; ++i) {
      ++number;
      for (int s = 0; s < 4; ++s) lines.push_back(line(number, at + Millis(s), surfaces[s], good));
      at += Seconds(30);
    }
    return *this;
  }
  /// What the hosts of a fleet agreed on, recorded with the newest sweep.
  Tape& votes(const std::string& kind, bool before, const std::string& boundary = "outage") {
    RawRead read;
    read.read = "votes:" + boundary;
    read.at = at;
    read.answer =
        HttpAnswer{200,
                   {},
                   R"({"schema":"readback.votes/v1","kind":")" + kind +
                       R"(","severity":"critical","total":true,"votes":"seen from 5 of 7 hosts","green_on":"",)" +
                       R"("was_vantage":false,"before_sweep":)" + (before ? "true" : "false") + "}"};
    lines.push_back(to_recorded_line({"fabric", number, read, ""}));
    return *this;
  }
  /// The last line of each sweep comes after the first of the next one.
  Tape& with_late_lines() {
    for (std::size_t i = 3; i + 1 < lines.size(); i += 4) std::swap(lines[i], lines[i + 1]);
    return *this;
  }
};

struct Played {
  std::vector<std::string> events, complaints;
  std::uint64_t sweeps = 0;
};

/// As a host of a fleet that watches `fabric`.
ReplayOptions in_fleet() {
  ReplayOptions options;
  options.config.emplace();
  options.config->targets.push_back(default_target("fabric"));
  options.config->fleet.name = "prod";
  return options;
}

Played play(const std::vector<std::string>& lines, ReplayOptions options = {}) {
  Played played;
  Replay replay(
      std::move(options),
      [&](const std::string& line) {
        const auto word = [&](const std::string& key) {
          const auto from = line.find("\"" + key + "\":\"") + key.size() + 4;
          return line.substr(from, line.find('"', from) - from);
        };
        played.events.push_back(word("at").substr(11, 8) + " " + word("event") + " " + word("boundary"));
      },
      [&](std::uint64_t number, const std::string& why) {
        played.complaints.push_back(std::to_string(number) + ": " + why);
      });
  for (const auto& line : lines) replay.line(line);
  replay.finish();
  played.sweeps = replay.sweeps();
  return played;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a line that comes after the next sweep has begun still belongs to its own sweep") {
  Tape tape;
  tape.sweeps(5, true).sweeps(3, false).sweeps(3, true).with_late_lines();
  const auto played = play(tape.lines);
  CHECK(played.sweeps == 11);
  CHECK(played.complaints.empty());
  CHECK(played.events == Texts{"03:03:30 firing outage", "03:05:00 recovered outage"});
}

TEST_CASE("a sweep whose first line comes late is still judged before the one that came after it") {
  Tape tape;
  tape.sweeps(5, true).sweeps(3, false).sweeps(1, true);
  std::rotate(tape.lines.begin() + 16, tape.lines.begin() + 20, tape.lines.begin() + 21);  // 6 begins before 5 does
  const auto played = play(tape.lines);
  CHECK(played.sweeps == 9);
  CHECK(played.events == Texts{"03:03:30 firing outage"});
}

TEST_CASE("a line of a sweep that is judged already is reported and left out") {
  Tape tape;
  tape.sweeps(8, true);
  const auto late = Tape::line(2, WallTime(Millis(1795402830900)), "health", false);
  tape.lines.push_back(late);
  const auto played = play(tape.lines);
  CHECK(played.sweeps == 8);
  CHECK(played.complaints == Texts{"33: too late: sweep 2 of fabric is judged already"});
}

TEST_CASE("the same line twice is one read, so that a result that is repeated confirms nothing") {
  Tape tape;
  tape.sweeps(3, true);
  const std::string drift = R"({"at":"2026-11-23T03:01:00.500Z","target":"fabric","sweep":3,)"
                            R"("read":"check:materialization","ms":900,"exit":1,"stdout":"x","stderr":""})";
  tape.lines.push_back(drift);
  tape.lines.push_back(drift);
  tape.sweeps(5, true);
  const auto played = play(tape.lines);
  CHECK(played.events.empty());
  CHECK(played.complaints == Texts{"14: sweep 3 of fabric has this read of check:materialization already"});
}

TEST_CASE("a file whose lines all have one number takes neither the memory nor the time of its length") {
  Tape tape;
  for (int i = 0; i < 20'000; ++i, tape.at += Seconds(30)) tape.lines.push_back(Tape::line(1, tape.at, "health", true));
  const auto played = play(tape.lines);
  CHECK(played.sweeps == 1);
  CHECK(played.complaints.size() == 20'000 - 4096);
  CHECK(played.complaints.front() == "4097: sweep 1 of fabric has 4096 reads already, more than any target");
}

TEST_CASE("in a fleet it fires and ends by what was agreed on, and not by what this host saw") {
  Tape tape;
  tape.sweeps(5, true).sweeps(5, false).votes("firing", false).sweeps(1, false).votes("escalated", true);
  tape.sweeps(4, true).votes("recovered", false).sweeps(2, true).votes("resolved", false).sweeps(1, true);
  const auto together = play(tape.lines, in_fleet());
  CHECK(together.complaints.empty());
  CHECK(together.sweeps == 18);
  CHECK(together.events == Texts{"03:04:30 firing outage", "03:05:00 escalated outage", "03:07:00 recovered outage",
                                 "03:08:00 resolved outage"});
  // The same recording, judged as a host alone would.
  CHECK(play(tape.lines).events.front() == "03:03:30 firing outage");
}

TEST_CASE("votes that cannot be read are told, and decide nothing") {
  Tape tape;
  tape.sweeps(5, true).sweeps(4, false);
  for (const char* text : {"{", "[]", R"({\"kind\":\"sacked\"})", R"({\"severity\":7})"}) {
    auto line = Tape::line(tape.number, tape.at += Millis(1), "votes:outage", true);
    const auto body = line.find(R"({\"status\":\"ok\"})");
    REQUIRE(body != line.npos);
    tape.lines.push_back(line.replace(body, std::string(R"({\"status\":\"ok\"})").size(), text));
  }
  tape.votes("firing", false, "weather").sweeps(1, false);
  const auto played = play(tape.lines, in_fleet());
  CHECK(played.events.empty());
  CHECK(played.complaints.size() == 5);
}

TEST_CASE("a sweep that the daemon has marked as void is not counted in its recording either") {
  Tape tape;
  tape.sweeps(5, true).sweeps(3, false);
  for (std::size_t i = 24; i < 28; ++i) tape.lines[i].back() = ',', tape.lines[i] += R"("void":"our own loop lagged"})";
  CHECK(play(tape.lines).events.empty());
  tape.sweeps(1, false);
  CHECK(play(tape.lines).events == Texts{"03:04:00 firing outage"});
}

TEST_CASE("numbers that begin anew are new sweeps") {
  Tape tape;
  tape.sweeps(2, true);
  for (const bool good : {false, false, false, true, true, true}) {
    if (tape.number == 2) tape.number = 0;
    tape.sweeps(1, good);
  }
  const auto played = play(tape.lines);
  CHECK(played.sweeps == 8);
  CHECK(played.complaints.empty());
  CHECK(played.events == Texts{"03:02:00 firing outage", "03:03:30 recovered outage"});
}

TEST_CASE("a recorded clock that steps back two hours stops neither the count nor what is due") {
  Tape tape;
  tape.sweeps(5, true).sweeps(2, false);
  tape.at -= std::chrono::hours(2);
  tape.sweeps(2, false).sweeps(10, true);
  const auto played = play(tape.lines);
  CHECK(played.complaints.empty());
  CHECK(played.events == Texts{"01:03:30 firing outage", "01:05:30 recovered outage", "01:07:30 resolved outage"});
}

TEST_CASE("targets that take turns are told apart, and told in the order of time") {
  Tape one, two;
  one.sweeps(5, true).sweeps(3, false);
  two.sweeps(6, true).sweeps(3, false);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < two.lines.size(); ++i) {
    if (i < one.lines.size()) lines.push_back(one.lines[i]);
    auto other = two.lines[i];
    other.replace(other.find("fabric"), 6, "canvas");
    lines.push_back(other);
  }
  const auto played = play(lines);
  CHECK(played.sweeps == 17);
  CHECK(played.events == Texts{"03:03:30 firing outage", "03:04:00 firing outage"});
}
