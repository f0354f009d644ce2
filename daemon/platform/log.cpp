// A line is made in the loop and written by spdlog's thread. What repeats is told once, when it changes, and with its
// count when it ends; the queue is short and drops the oldest.
#include "daemon/platform/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <map>
#include <mutex>

#include "core/text/instant.hpp"
#include "core/text/time.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace {

constexpr std::size_t queue_length = 1024;
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

/// Fields separated by \x1f inside one message: spdlog's queue carries one text, the sink takes it apart again.
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

class JournalSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string all(message.payload.data(), message.payload.size());
    std::vector<std::string> fields;
    for (std::size_t from = 0; from <= all.size();) {
      const auto end = std::min(all.find('\x1f', from), all.size());
      fields.push_back(all.substr(from, end - from));
      from = end + 1;
    }
    std::vector<iovec> parts;
    for (auto& f : fields) parts.push_back({f.data(), f.size()});
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
  }
  void flush_() override {}
};

/// systemd names the journal's stream in $JOURNAL_STREAM as device:inode of our stderr.
bool stderr_is_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (!stream || ::fstat(STDERR_FILENO, &info) != 0) return false;
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) == stream;
}

struct Repeats {
  std::string text;
  std::uint64_t count = 0;
};

struct State {
  LogFormat format = LogFormat::text;
  std::map<std::string, Repeats> last;  ///< by source: kind, target and boundary
};
State& state() {
  static State s;
  return s;
}

void write(const Say& line) {
  const auto logger = spdlog::get(logger_name);
  if (!logger) return;
  std::string text;
  switch (state().format) {
    case LogFormat::json: text = json_line(line); break;
    case LogFormat::journal: text = journal_fields(line); break;
    case LogFormat::automatic:
    case LogFormat::text: text = text_line(line); break;
  }
  logger->log(level_of(line.level), spdlog::string_view_t(text.data(), text.size()));
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
  spdlog::drop(logger_name);
  if (!spdlog::thread_pool()) spdlog::init_thread_pool(queue_length, 1);
  spdlog::sink_ptr sink;
  if (s.format == LogFormat::journal)
    sink = std::make_shared<JournalSink>();
  else
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::async_logger>(logger_name, sink, spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::err};
  logger->set_level(levels[static_cast<int>(config.level)]);
  logger->flush_on(spdlog::level::debug);
  spdlog::register_logger(logger);
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

void close_log() { spdlog::shutdown(); }

std::uint64_t log_overruns() {
  const auto pool = spdlog::thread_pool();
  return pool ? pool->overrun_counter() : 0;
}

}  // namespace readback
