// Incidents that no target's book counts: the way to a target, by which some hosts cannot reach it; this host's own
// way; a member that is not heard. They are opened and closed by the fleet's word and by nothing else.
#include <algorithm>

#include "core/alert/runbooks.hpp"
#include "core/member/state.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::string_view missing_prefix = "readback/";
const char* const own = "own way";

/// "3 of 7 hosts cannot reach fabric: the way to it, not the stack"
std::string way_text(const std::string& target, const Tally& votes) {
  return std::to_string(votes.yes) + " of " + std::to_string(votes.asked()) + " hosts cannot reach " + target +
         ": the way to it, not the stack";
}

std::vector<std::string> sides(const Tally& votes) {
  std::vector<std::string> why;
  if (!votes.who.empty()) why.push_back("it is bad from " + joined(votes.who));
  if (!votes.who_not.empty()) why.push_back("it is well from " + joined(votes.who_not));
  if (!votes.who_else.empty()) why.push_back("nothing is known from " + joined(votes.who_else));
  return why;
}

}  // namespace

std::string kind_of_notice(Subject subject) { return subject == Subject::missing ? "missing" : "way"; }

IncidentRecord& Member::State::open_notice(const std::string& kind, const std::string& target, Severity severity,
                                           const std::string& summary) {
  auto& record = kept.notices[notice_name(kind, target)];
  record.id = ids->next(now.wall);
  record.episode = record.id;
  record.target = target;
  record.boundary = Boundary::observer;
  record.severity = severity;
  record.opened_at = record.confirmed_at = now.wall;
  record.paged_at = now.wall;
  record.summary = record.symptom = summary;
  record.first_failure = FirstFailure{"fleet", now.wall, summary};
  record.dedup_base = engine.config().environment + "/" + target + "/" + (kind == "missing" ? "missing" : "vantage");
  record.runbook.title = "readback fleet";
  record.runbook.owner = "watchdog operator";
  record.timeline.push_back({now.wall, "firing", summary});
  return record;
}

void Member::State::turned_notice(const Turned& t) {
  const auto kind = kind_of_notice(t.subject);
  const auto name = notice_name(kind, t.target);
  const auto known = kept.notices.find(name);
  if (t.kind == EventKind::firing && known == kept.notices.end()) {
    if (t.subject == Subject::vantage) {
      auto& record = open_notice(kind, t.target, Severity::error, way_text(t.target, t.votes));
      record.why = sides(t.votes);
      record.next_safe_step = "Compare routes, names and credentials of the hosts on both sides: readback fleet.";
    } else {
      const auto silent = now.wall - engine.config().fleet.silent_after;
      const auto gone = t.target.substr(missing_prefix.size());
      auto& record =
          open_notice(kind, t.target, Severity::error, gone + " has not been heard since " + to_clock(silent));
      record.next_safe_step = "Look at readbackd on " + gone + ", and at its way to the fleet's servers.";
    }
    out.push_back(Say{Say::Level::error, "incident.firing", t.target, kept.notices[name].id, "observer",
                      kept.notices[name].summary});
  }
  if (t.kind != EventKind::resolved || known == kept.notices.end()) return;
  duty.over.push_back(known->second.id);
  close_notice(name, "RESOLVED " + known->second.summary);
}

void Member::State::close_notice(const std::string& name, const std::string& summary) {
  auto closed = kept.notices.extract(name);
  auto& record = closed.mapped();
  record.state = IncidentState::resolved;
  record.resolved_at = now.wall;
  record.summary = summary;
  record.timeline.push_back({now.wall, "resolved", summary});
  out.push_back(Say{Say::Level::info, "incident.resolved", record.target, record.id, "observer", summary});
  out.push_back(Keep{std::move(record)});
}

AlertEvent Member::State::event_of_notice(const IncidentRecord& record, EventKind kind) {
  AlertEvent e;
  e.id = ids->next(now.wall);
  e.kind = kind;
  e.at = now.wall;
  e.environment = engine.config().environment;
  e.host = host;
  e.url = engine.config().http.page_of(record.id);
  e.incident = record;
  e.evidence_note = "about what lies between the hosts; there is no snapshot";
  if (kind != EventKind::resolved) return e;
  e.incident.state = IncidentState::resolved;
  e.incident.resolved_at = now.wall;
  e.incident.summary = "RESOLVED " + record.summary;
  e.incident.why = {"was: " + record.summary};
  e.incident.next_safe_step.clear();
  return e;
}

/// This host's matter, and its own page: no other host can know of it.
void Member::State::own_way(const OwnWay& way) {
  const auto name = notice_name(own, way.target);
  const auto known = kept.notices.find(name);
  must_save = true;
  if (way.is_blamed == (known != kept.notices.end())) return;
  if (way.is_blamed) {
    auto& record = open_notice(own, way.target, Severity::warning,
                               host + " alone cannot reach " + way.target + ": its network or its credentials");
    record.why = sides(way.votes);
    record.next_safe_step = "Read " + way.target + " by hand from " + host + ": readback probe.";
    auto event = event_of_notice(record, EventKind::firing);
    event.is_of_host = true;
    out.push_back(Say{Say::Level::warning, "incident.firing", way.target, record.id, "observer", record.summary});
    return out.push_back(Notify{std::move(event), ""});
  }
  auto event = event_of_notice(known->second, EventKind::resolved);
  event.is_of_host = true;
  out.push_back(Notify{std::move(event), ""});
  close_notice(name, "RESOLVED " + known->second.summary);
}

std::vector<std::string> Member::own_ways() const {
  std::vector<std::string> targets;
  for (const auto& [name, record] : state_->kept.notices)
    if (name.starts_with(own)) targets.push_back(record.target);
  return targets;
}

std::vector<IncidentRecord> Member::notices() const {
  std::vector<IncidentRecord> all;
  for (const auto& [name, record] : state_->kept.notices) all.push_back(record);
  return all;
}

}  // namespace readback
