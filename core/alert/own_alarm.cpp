// An alarm of ours goes to every other sink, whatever it filters: who hears nothing any more must be told by somebody.
#include "core/alert/own_alarm.hpp"

namespace readback {
namespace {

constexpr Millis told_after = Seconds(10);  // of a watch that is impaired, or whole again

/// What the two alarms say differently.
struct Told {
  std::string key, subject, next_safe_step;
};

Told about_the_watch(const Origin& origin) {
  return {"watch", "the watch",
          "Run `readback status` on " + origin.host +
              " and mend what it names there: disk, descriptors, processes, memory. The watch goes on by itself."};
}

Told about_a_sink(const std::string& sink) {
  return {"sink/" + sink, "the alerting",
          "Run `readback status`, correct the sink in the configuration, reload, and run `readback test-alert " + sink +
              "`."};
}

}  // namespace

std::string own_alarm_incident(const std::string& sink) {
  return sink.empty() ? std::string(watch_incident) : std::string(own_alarm_prefix) + sink;
}

std::optional<std::string> sink_of_own_alarm(const std::string& incident) {
  if (!incident.starts_with(own_alarm_prefix)) return std::nullopt;
  return incident.substr(own_alarm_prefix.size());
}

bool is_own_alarm(std::string_view incident) {
  return incident == watch_incident || incident.starts_with(own_alarm_prefix);
}

std::optional<std::string> WatchNotice::look(const std::vector<std::string>& impairments, MonoTime now) {
  if (impairments.empty() != is_whole_) {
    is_whole_ = impairments.empty();
    since_ = now;
  }
  if (now - since_ < told_after) return std::nullopt;
  std::string told = is_whole_ ? "" : impairments.front();  // one cause may impair a thousand targets
  if (impairments.size() > 1) told += "; and " + std::to_string(impairments.size() - 1) + " more: readback status";
  return told;
}

AlertEvent own_alarm(const Origin& origin, const std::string& sink, EventKind kind, const std::string& text,
                     std::string id, WallTime at) {
  AlertEvent e;
  e.id = std::move(id);
  e.at = at;
  e.kind = kind;
  e.environment = origin.environment;
  e.host = origin.host;
  e.url = origin.url;
  e.incident.target = "readback";
  e.incident.id = own_alarm_incident(sink);
  e.incident.episode = e.incident.id;
  e.incident.boundary = Boundary::observer;
  e.incident.extent = Extent::degraded;
  e.incident.severity = Severity::error;
  e.incident.opened_at = e.incident.confirmed_at = at;
  e.incident.summary = text;
  e.incident.symptom = text;
  const Told words = sink.empty() ? about_the_watch(origin) : about_a_sink(sink);
  e.incident.dedup_base = origin.environment + "/readback/" + words.key;
  e.evidence_note = "about " + words.subject + " itself; there is no snapshot";
  e.incident.runbook.title = "readback status";
  e.incident.runbook.owner = "watchdog operator";
  e.incident.next_safe_step = words.next_safe_step;
  return e;
}

}  // namespace readback
