// A line is made in the loop, passes spdlog's level, and is written by the line writer's thread. What repeats is told
// once, when it changes, and with its count when it ends. A reload changes the level and the form of the next line, and
// nothing that the writer holds.
#include "daemon/platform/log.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "core/text/instant.hpp"
#include "core/text/time.hpp"
#include "daemon/platform/line_writer.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr std::size_t queue_length = 1024;  // lines
constexpr Millis farewell(200);             // a stop waits no longer for whoever reads the log
constexpr const char* logger_name = "readbackd";

// One base of our own, numbered. Never to be changed: people filter and alert by them.
constexpr std::pair<std::string_view, std::string_view> message_ids[] = {
    {"incident.firing", "5d1f7c0e2a944c0f9b6d3e8a71c45f01"},
    {"incident.escalated", "5d1f7c0e2a944c0f9b6d3e8a71c45f02"},
    {"incident.reminder", "5d1f7c0e2a944c0f9b6d3e8a71c45f03"},
    {"incident.acknowledged", "5d1f7c0e2a944c0f9b6d3e8a71c45f04"},
    {"incident.intermittent", "5d1f7c0e2a944c0f9b6d3e8a71c45f05"},
    {"incident.recovered", "5d1f7c0e2a944c0f9b6d3e8a71c45f06"},
    {"incident.relapsed", "5d1f7c0e2a944c0f9b6d3e8a71c45f07"},
    {"incident.resolved", "5d1f7c0e2a944c0f9b6d3e8a71c45f08"},
    {"incident.symptom", "5d1f7c0e2a944c0f9b6d3e8a71c45f09"},
    {"sweep.void", "5d1f7c0e2a944c0f9b6d3e8a71c45f0a"},
    {"snapshot.failed", "5d1f7c0e2a944c0f9b6d3e8a71c45f0b"},
    {"silence.added", "5d1f7c0e2a944c0f9b6d3e8a71c45f0c"},
    {"silence.begins", "5d1f7c0e2a944c0f9b6d3e8a71c45f58"},
    {"silence.ends", "5d1f7c0e2a944c0f9b6d3e8a71c45f59"},
    {"config.reloaded", "5d1f7c0e2a944c0f9b6d3e8a71c45f0d"},
    {"config.refused", "5d1f7c0e2a944c0f9b6d3e8a71c45f0e"},
    {"store.failed", "5d1f7c0e2a944c0f9b6d3e8a71c45f0f"},
    {"store.works", "5d1f7c0e2a944c0f9b6d3e8a71c45f10"},
    {"daemon.started", "5d1f7c0e2a944c0f9b6d3e8a71c45f11"},
    {"daemon.stopped", "5d1f7c0e2a944c0f9b6d3e8a71c45f12"},
    {"tls.expires", "5d1f7c0e2a944c0f9b6d3e8a71c45f13"},
    {"control.change", "5d1f7c0e2a944c0f9b6d3e8a71c45f14"},
    {"sandbox.incomplete", "5d1f7c0e2a944c0f9b6d3e8a71c45f15"},
    {"sink.broken", "5d1f7c0e2a944c0f9b6d3e8a71c45f16"},
    {"sink.works", "5d1f7c0e2a944c0f9b6d3e8a71c45f17"},
    {"sink.retries", "5d1f7c0e2a944c0f9b6d3e8a71c45f18"},
    {"sink.accepts", "5d1f7c0e2a944c0f9b6d3e8a71c45f19"},
    {"sink.fault", "5d1f7c0e2a944c0f9b6d3e8a71c45f1a"},
    {"sink.unknown", "5d1f7c0e2a944c0f9b6d3e8a71c45f1b"},
    {"heartbeat.fails", "5d1f7c0e2a944c0f9b6d3e8a71c45f1c"},
    {"heartbeat.works", "5d1f7c0e2a944c0f9b6d3e8a71c45f1d"},
    {"sweep.counts", "5d1f7c0e2a944c0f9b6d3e8a71c45f1e"},
    {"control.refused", "5d1f7c0e2a944c0f9b6d3e8a71c45f1f"},
    {"control.warning", "5d1f7c0e2a944c0f9b6d3e8a71c45f20"},
    {"daemon.bug", "5d1f7c0e2a944c0f9b6d3e8a71c45f21"},
    {"store.adopted", "5d1f7c0e2a944c0f9b6d3e8a71c45f22"},
    {"evidence.key", "5d1f7c0e2a944c0f9b6d3e8a71c45f30"},
    {"log.lost", "5d1f7c0e2a944c0f9b6d3e8a71c45f40"},
    {"snapshot.late", "5d1f7c0e2a944c0f9b6d3e8a71c45f42"},
    {"sink.secret", "5d1f7c0e2a944c0f9b6d3e8a71c45f43"},
    {"loop.held", "5d1f7c0e2a944c0f9b6d3e8a71c45f41"},
    {"watch.impaired", "5d1f7c0e2a944c0f9b6d3e8a71c45f44"},
    {"watch.whole", "5d1f7c0e2a944c0f9b6d3e8a71c45f45"},
    {"fleet.away", "5d1f7c0e2a944c0f9b6d3e8a71c45f50"},
    {"fleet.back", "5d1f7c0e2a944c0f9b6d3e8a71c45f51"},
    {"fleet.servers", "5d1f7c0e2a944c0f9b6d3e8a71c45f52"},
    {"fleet.doubled", "5d1f7c0e2a944c0f9b6d3e8a71c45f53"},
    {"fleet.unreadable", "5d1f7c0e2a944c0f9b6d3e8a71c45f54"},
    {"fleet.restart", "5d1f7c0e2a944c0f9b6d3e8a71c45f55"},
    {"fleet.evidence", "5d1f7c0e2a944c0f9b6d3e8a71c45f56"},
    {"fleet.events", "5d1f7c0e2a944c0f9b6d3e8a71c45f57"},
};

spdlog::level::level_enum level_of(Say::Level l) {
  switch (l) {
    case Say::Level::debug: return spdlog::level::debug;
    case Say::Level::info: return spdlog::level::info;
    case Say::Level::warning: return spdlog::level::warn;
    case Say::Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

std::string json_line(const Say& s) {
  boost::json::object o;
  o["at"] = to_rfc3339(now().wall);
  constexpr const char* levels[] = {"debug", "info", "warning", "error"};
  o["level"] = levels[static_cast<int>(s.level)];
  o["kind"] = s.kind;
  if (!s.target.empty()) o["target"] = s.target;
  if (!s.incident_id.empty()) o["incident"] = s.incident_id;
  if (!s.boundary.empty()) o["boundary"] = s.boundary;
  o["text"] = s.text;
  return boost::json::serialize(o);
}

std::string text_line(const Say& s) {
  constexpr const char* levels[] = {"debug", "info ", "warn ", "ERROR"};
  return to_rfc3339(now().wall) + " " + levels[static_cast<int>(s.level)] + " " +
         (s.target.empty() ? "" : s.target + ": ") + one_line(s.text);
}

/// Fields separated by \x1f inside one message: the queue carries one text, its writer takes it apart again.
std::string journal_fields(const Say& s) {
  constexpr int priorities[] = {7, 6, 4, 3};  // syslog's numbers
  std::string all = "MESSAGE=" + one_line((s.target.empty() ? "" : s.target + ": ") + s.text) +
                    "\x1fPRIORITY=" + std::to_string(priorities[static_cast<int>(s.level)]) +
                    "\x1fREADBACK_KIND=" + s.kind;
  if (!s.target.empty()) all += "\x1fREADBACK_TARGET=" + one_line(s.target);
  if (!s.incident_id.empty()) all += "\x1fREADBACK_INCIDENT=" + s.incident_id;
  if (!s.boundary.empty()) all += "\x1fREADBACK_BOUNDARY=" + s.boundary;
  if (const auto id = message_id(s.kind); !id.empty()) all += "\x1fMESSAGE_ID=" + std::string(id);
  return all + "\x1fSYSLOG_IDENTIFIER=readbackd";
}

/// systemd names the journal's stream in $JOURNAL_STREAM as device:inode of our stderr.
bool stderr_is_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (!stream || ::fstat(STDERR_FILENO, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

std::string text_of(const Say& line, LogFormat format) {
  switch (format) {
    case LogFormat::json: return json_line(line);
    case LogFormat::journal: return journal_fields(line);
    case LogFormat::automatic:
    case LogFormat::text: return text_line(line);
  }
  return text_line(line);
}

LineWriter::To place_of(LogFormat format) {
  return format == LogFormat::journal ? LineWriter::To::journal : LineWriter::To::standard_error;
}

/// Hands what passes the level to the writer, in the form that is set at this moment.
class QueueSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit QueueSink(LineWriter& writer) : writer_(writer) {}
  void set_place(LineWriter::To to) { to_ = to; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_.put({to_, std::string(message.payload.data(), message.payload.size())});
  }
  void flush_() override {}

 private:
  LineWriter& writer_;
  LineWriter::To to_ = LineWriter::To::standard_error;
};

/// On the writer's thread, and also when all else of the log is gone already.
LineWriter::Line tell_lost(std::uint64_t lost, const LineWriter::Line& next) {
  Say line;
  line.level = Say::Level::warning;
  line.kind = "log.lost";
  line.text = lost == 1 ? "one line of the log was lost" : std::to_string(lost) + " lines of the log were lost";
  LogFormat form = next.text.starts_with('{') ? LogFormat::json : LogFormat::text;
  if (next.to == LineWriter::To::journal) form = LogFormat::journal;
  return {next.to, text_of(line, form)};
}

struct Log {
  Log() : writer(queue_length, tell_lost), sink(std::make_shared<QueueSink>(writer)), logger(logger_name, sink) {}
  LineWriter writer;
  std::shared_ptr<QueueSink> sink;
  spdlog::logger logger;
};

struct Repeats {
  std::string text;
  std::uint64_t count = 0;
};

struct State {
  LogFormat format = LogFormat::text;
  std::unique_ptr<Log> log;             ///< null before the first line and after the last
  std::map<std::string, Repeats> last;  ///< by source: kind, target and boundary
};
State& state() {
  static State s;
  return s;
}

void write(const Say& line) {
  const auto& s = state();
  if (!s.log) return;
  const std::string text = text_of(line, s.format);
  s.log->logger.log(level_of(line.level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace

std::string_view message_id(std::string_view kind) {
  for (const auto& [name, id] : message_ids)
    if (name == kind) return id;
  return "";
}

void set_up_log(const LogConfig& config) {
  auto& s = state();
  s.format = config.format;
  if (config.format == LogFormat::automatic) s.format = stderr_is_the_journal() ? LogFormat::journal : LogFormat::text;
  if (!s.log) s.log = std::make_unique<Log>();
  s.log->sink->set_place(place_of(s.format));
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::err};
  s.log->logger.set_level(levels[static_cast<int>(config.level)]);
}

void log(const Say& line) {
  auto& repeats = state().last[line.kind + '\x1f' + line.target + '\x1f' + line.boundary];
  // An incident's lines are each worth reading; only troubles of our own repeat.
  const bool may_repeat = line.level >= Say::Level::warning && !line.kind.starts_with("incident.");
  if (may_repeat && repeats.text == line.text) {
    ++repeats.count;
    return;
  }
  if (repeats.count > 0) {
    Say ended = line;
    ended.level = Say::Level::info;
    ended.text = (repeats.count == 1 ? "came once more: " : "came " + std::to_string(repeats.count) + " more times: ") +
                 repeats.text;
    write(ended);
  }
  repeats = {may_repeat ? line.text : "", 0};
  write(line);
}

void close_log() {
  auto& s = state();
  if (!s.log) return;
  s.log->writer.close(farewell);
  s.log.reset();
}

std::uint64_t log_overruns() {
  const auto& s = state();
  return s.log ? s.log->writer.lost() : 0;
}

}  // namespace readback
