// Plays tests/stories/*.story through the real engine on simulated time: raw HTTP answers in, events out. The format is
// told in tests/stories/README.md.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/engine/engine.hpp"
#include "core/text/time.hpp"

using namespace readback;

namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    const auto first = part.find_first_not_of(' '), last = part.find_last_not_of(' ');
    if (first != std::string::npos) parts.push_back(part.substr(first, last - first + 1));
  }
  return parts;
}

Millis duration(const std::string& text) {
  const int n = std::stoi(text);
  switch (text.back()) {
    case 's': return Seconds(n);
    case 'm': return std::chrono::minutes(n);
    default: return std::chrono::hours(n);
  }
}

class Story {
 public:
  /// With `restless` the daemon is stopped and started again before every sweep, on a host whose monotonic clock begins
  /// anew each time.
  explicit Story(bool restless = false) : restless_(restless) { rebuild(); }

  /// What is wrong with this line; empty when all happened as it says.
  std::string play(const std::string& line) {
    const auto arrow = line.find("->");
    const auto words = split(line.substr(0, arrow), ' ');
    const auto expected = arrow == std::string::npos ? std::vector<std::string>{} : split(line.substr(arrow + 2), ';');
    events_.clear();
    if (auto wrong = act(words); !wrong.empty()) return wrong;
    bool same = events_.size() == expected.size();
    for (std::size_t i = 0; same && i < expected.size(); ++i) same = tells(events_[i], expected[i]);
    std::string got;
    for (const auto& e : events_) got += (got.empty() ? "" : "; ") + e;
    return same ? ""
                : "expected [" + (arrow == std::string::npos ? "" : line.substr(arrow + 3)) + "] got [" + got + "]";
  }

 private:
  /// Each word of the expectation stands at its place, `first=` may come anywhere.
  static bool tells(const std::string& event, const std::string& expected) {
    const auto got = split(event, ' '), want = split(expected, ' ');
    for (std::size_t i = 0; i < want.size(); ++i)
      if (want[i].starts_with("first=") ? std::find(got.begin(), got.end(), want[i]) == got.end()
                                        : i >= got.size() || got[i] != want[i])
        return false;
    return true;
  }

  std::string act(std::vector<std::string> words) {
    const std::string& verb = words.front();
    if (verb == "set" || verb == "reload") {
      for (std::size_t i = 1; i < words.size(); ++i) configure(words[i]);
      if (verb == "set" && !begun_)
        rebuild();
      else
        tell(Reconfigured{config_});
    } else if (verb == "wait") {
      now_.wall += duration(words.at(1)), now_.mono += duration(words.at(1));
    } else if (verb == "silence") {
      Silence s;
      if (words.size() == 3) s.boundary = parse_boundary(words[1]);
      s.reason = "story";
      s.expires_at = now_.wall + duration(words.back());
      tell(SilenceAdded{s});
    } else if (verb == "ack" || verb == "attest") {
      const auto id = open_id(words.at(1));
      if (id.empty()) return "no open incident " + words.at(1);
      if (verb == "ack")
        tell(Acknowledged{id, "story"});
      else
        tell(ResolveAttested{id, "the owner's runbook", "", "story"});
    } else if (verb == "symptom") {
      tell(SymptomSaid{"users cannot pay", "", "story", std::nullopt, "user:checkout"});
    } else if (verb == "restart") {
      return restart();
    } else if (verb == "drop") {
      config_.targets.clear();
      tell(Reconfigured{config_});
    } else if (verb == "expect") {
      return expect_open(words);
    } else if (verb == "alternate") {
      const int n = std::stoi(words.back().substr(1));
      const int kinds = static_cast<int>(words.size()) - 2;
      for (int i = 0; i < n; ++i) sweep({words[static_cast<std::size_t>(1 + i % kinds)]});
    } else {
      int n = 1;
      if (words.back().size() > 1 && words.back()[0] == 'x' &&
          std::isdigit(static_cast<unsigned char>(words.back()[1]))) {
        n = std::stoi(words.back().substr(1));
        words.pop_back();
      }
      for (int i = 0; i < n; ++i) sweep(words);
    }
    return "";
  }

  std::string restart() {
    const SavedState state = engine_->save();
    if (restless_) now_.mono = MonoTime(Seconds(10));
    engine_ = std::make_unique<Engine>(config_, options(), now_);
    const auto refused = engine_->restore(state, now_);
    return refused.empty() ? "" : refused.front();
  }

  void configure(const std::string& word) {
    TargetConfig& t = config_.targets.at(0).edit();
    const auto eq = word.find('=');
    const std::string key = word.substr(0, eq), value = eq == std::string::npos ? "" : word.substr(eq + 1);
    if (key == "failures") t.confirm.failures = std::stoi(value);
    if (key == "recoveries") t.confirm.recoveries = std::stoi(value);
    if (key == "settle") config_.resolution.settle = duration(value);
    if (key == "interval") t.interval = duration(value);
    if (key == "attest") config_.resolution.require_attestation = true;
    if (key == "references") t.references = {"https://reference.example/"};
    if (key == "check") {
      t.checks.assign(1, {});
      t.checks.back().name = "materialization";
    }
    if (key == "paths") {
      t.paths.clear();
      for (const auto& name : split(value, ',')) {
        t.paths.push_back({});
        t.paths.back().name = name;
      }
    }
  }

  EngineOptions options() const {
    EngineOptions o;
    o.recorded = true;
    o.host = "host-7";
    return o;
  }
  void rebuild() {
    if (config_.targets.empty()) config_.targets = {default_target("fabric")};
    config_.environment = "prod";
    engine_ = std::make_unique<Engine>(config_, options(), now_);
  }

  void tell(const Event& e) {
    for (const auto& action : engine_->handle(e, now_)) {
      if (const auto* notify = std::get_if<Notify>(&action)) {
        const auto& a = notify->event;
        if (is_of_silence(a.kind)) continue;
        const auto& i = a.incident;
        events_.push_back(std::string(to_string(a.kind)) + " " + std::string(to_string(i.boundary)) + " " +
                          std::string(to_string(i.extent)) + " " + std::string(to_string(i.severity)) +
                          (i.first_failure ? " first=" + i.first_failure->read : ""));
      }
    }
  }

  std::string open_id(const std::string& boundary) {
    for (const auto& i : engine_->view(now_).incidents)
      if (i.state != IncidentState::resolved && to_string(i.boundary) == boundary) return i.id;
    return "";
  }
  std::string expect_open(const std::vector<std::string>& words) {
    std::string got;
    for (const auto& i : engine_->view(now_).incidents)
      if (i.state != IncidentState::resolved) {
        const std::string one = std::string(to_string(i.boundary)) + " " + std::string(to_string(i.state));
        if (words[1] != "none" && one == words.at(2) + " " + words.at(3)) return "";
        got += one + ";";
      }
    return words[1] == "none" && got.empty() ? "" : "open are: " + got;
  }

  static RawRead raw(std::string name, WallTime at) {
    RawRead r;
    r.read = std::move(name);
    r.at = at;
    return r;
  }
  static HttpAnswer http(int status, std::string body) {
    HttpAnswer a;
    a.status = status;
    a.body = std::move(body);
    a.headers = {{"content-type", a.body.starts_with("{") ? "application/json" : "text/html"}};
    return a;
  }
  std::optional<decltype(RawRead::answer)> answer(char code) const {
    switch (code) {
      case 'P': return http(200, R"({"status":"ok"})");
      case 's':
        return http(200, R"({"status":"ok","generated_at":")" + to_rfc3339(now_.wall - std::chrono::hours(2)) + "\"}");
      case 'W': return http(200, R"({"status":"degraded"})");
      case 'F': return http(503, R"({"status":"down"})");
      case 'M': return http(503, "<html><h1>503 Service Unavailable</h1></html>");
      case 'K': return http(200, R"({"hello":1})");
      case 'R': return TransportError{TransportFault::refused, "connection refused"};
      case 'L': return TransportError{TransportFault::no_route, "no route to host"};
      case 'D': return http(401, R"({"detail":"Unauthorized"})");
      case 'N': return http(404, R"({"detail":"Not Found"})");
      case 'T': return http(429, R"({"detail":"Too Many Requests"})");
      case 'B': return http(200, R"({"status":"ready","blockers":["otel exporter down"]})");
      case 'E': return http(200, R"({"status":"ok","services":{"database":"down"}})");
      case '1': return http(200, R"({"status":"ok","version":"1.4.1"})");
      case '2': return http(200, R"({"status":"ok","version":"1.4.2"})");
      default: return std::nullopt;
    }
  }

  void sweep(const std::vector<std::string>& words) {
    begun_ = true;
    if (restless_) {
      tell(Tick{});  // the state is saved with the time that has passed
      if (auto refused = restart(); !refused.empty()) events_.push_back(refused);
    }
    SweepDone done;
    done.target = "fabric";
    done.sweep = ++number_;
    const TargetConfig& t = config_.targets.at(0);
    for (std::size_t i = 0; i < 4; ++i)
      if (auto a = answer(words[0].at(i))) {
        auto r = raw(t.surfaces[i]->name, now_.wall + Millis(i));
        r.answer = *a;
        done.reads.push_back(r);
      }
    std::map<std::string, std::string> paths;
    for (const auto& p : t.paths) paths[p.name] = "ok";
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string& w = words[i];
      if (w == "drift" || w == "sync" || w == "broken") {
        auto r = raw("check:materialization", now_.wall + Millis(9));
        CheckRun run;
        run.exit = w == "sync" ? 0 : w == "drift" ? 1 : 127;
        r.answer = run;
        done.reads.push_back(r);
      } else if (w.starts_with("refs=")) {
        auto r = raw("reference:https://reference.example/", now_.wall);
        if (w == "refs=up")
          r.answer = http(200, "");
        else
          r.answer = TransportError{TransportFault::timeout, "no answer"};
        done.reads.push_back(r);
      } else if (w == "void") {
        done.void_reason = "our own loop lagged by 9 s";
      } else if (const auto eq = w.find('='); eq != std::string::npos) {
        paths[w.substr(0, eq)] = w.substr(eq + 1);
      }
    }
    for (const auto& [name, state] : paths) {
      if (state == "none") continue;
      auto r = raw("path:" + name, now_.wall + Millis(20));
      r.answer = http(state == "ok" ? 200 : 500, "");
      done.reads.push_back(r);
    }
    tell(done);
    now_.wall += t.interval, now_.mono += t.interval;
  }

  Config config_;
  Instant now_{MonoTime(std::chrono::hours(1)), WallTime(Millis(1795402800000))};  // 2026-11-23T03:00:00Z
  std::unique_ptr<Engine> engine_;
  std::vector<std::string> events_;
  std::uint64_t number_ = 0;
  bool begun_ = false, restless_ = false;
};

std::vector<std::filesystem::path> story_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(READBACK_SOURCE_DIR "/tests/stories"))
    if (entry.path().extension() == ".story") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void play_all(bool restless) {
  for (const auto& path : story_files()) {
    Story story(restless);
    std::ifstream file(path);
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      if (line.empty() || line[0] == '#') continue;
      const std::string where = path.filename().string() + ":" + std::to_string(number) + ": " + line;
      INFO(where);
      CHECK(story.play(line) == "");
    }
  }
}

}  // namespace

TEST_CASE("every story ends as it is told") {
  CHECK(story_files().size() >= 16);
  play_all(false);
}

TEST_CASE("every story ends as it is told, though the daemon is restarted before every sweep") { play_all(true); }
