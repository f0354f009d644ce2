// One story for each sink and incident says what that sink believes: what is open there, whether it has heard of it at
// all. The queues (sink_queue.hpp) say what is next. Everything else follows from the table of answers in retry.hpp.
#include "core/alert/outbox.hpp"

#include <algorithm>
#include <set>

#include "core/alert/outbox_sink.hpp"
#include "core/alert/route.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

constexpr Millis chat_pace{1000};  // published: one message a second for an incoming webhook of Slack
constexpr Millis closed_kept = Repetition::resolved_for + Seconds(60);
constexpr std::string_view test_resolve_suffix = "/resolve";

Say line(Say::Level level, std::string kind, std::string text) {
  Say said;
  said.level = level;
  said.kind = std::move(kind);
  said.text = std::move(text);
  return said;
}

/// So long ago, as far as the wall clock can tell; one that went back makes nothing younger than now.
MonoTime since(WallTime then, Instant now) { return now.mono - std::max(Millis{0}, now.wall - then); }

/// What was asked before a reload may have been asked at another address, or with another key: what it has refused for
/// good, the sink as it is now has not.
bool is_refusal(const Decision& d) { return d.what == Decision::What::dead || d.what == Decision::What::sink_off; }

bool opens(const OutboxHead& row, const OpenedKey& key) {
  return row.mark == OutboxRow::Mark::open && row.sink == key.sink && row.incident_id == key.incident_id &&
         row.created == key.opened_at;
}

}  // namespace

Outbox::Outbox(OutboxSetup setup)
    : origin_(std::move(setup.origin)),
      ids_(setup.ids ? setup.ids : std::make_shared<IdSource>(setup.seed)),
      held_of_store_(std::move(setup.held)),
      speaks_(std::move(setup.speaks)),
      in_fleet_(setup.in_fleet) {
  for (const auto& sink : setup.sinks) adopt(sink);
}
Outbox::~Outbox() = default;

// ---- sinks and stories

Outbox::Sink* Outbox::find(const std::string& name) const {
  for (const auto& sink : sinks_)
    if (sink->config.name == name) return sink.get();
  return nullptr;
}

Outbox::Story* Outbox::story(const std::string& sink, const std::string& incident) {
  const auto all = stories_.find(sink);
  if (all == stories_.end()) return nullptr;
  const auto found = all->second.find(incident);
  return found == all->second.end() ? nullptr : &found->second;
}

bool Outbox::is_open(const std::string& sink, const std::string& incident) {
  const auto* s = story(sink, incident);
  return s && !s->open.empty();
}

/// Forgets a story that says nothing any more.
void Outbox::tidy(const std::string& sink, const std::string& incident) {
  const auto* s = story(sink, incident);
  if (!s || !s->open.empty() || !s->opened.empty() || s->coming || s->heard || s->never_heard || s->refused) return;
  stories_[sink].erase(incident);
  if (stories_[sink].empty()) stories_.erase(sink);
}

void Outbox::adopt(const SinkConfig& config) {
  auto* sink = find(config.name);
  if (!sink) sink = sinks_.emplace_back(std::make_unique<Sink>()).get();
  sink->config = config;
  sink->retired = sink->off = false;
  sink->asked_before = sink->asked;
  sink->paused_until = MonoTime::min();
  sink->queue.all_due();
  sink->repetition.reset(config.type == SinkType::alertmanager ? std::max<std::size_t>(1, config.urls.size()) : 0);
}

OutboxStep Outbox::reconfigure(Origin origin, std::vector<SinkConfig> sinks, Instant now) {
  origin_ = std::move(origin);
  for (auto& sink : sinks_) sink->retired = true;
  for (const auto& sink : sinks) adopt(sink);
  std::erase_if(told_of_watch_, [this](const std::string& name) {
    const auto* sink = find(name);
    return !sink || sink->retired;
  });
  OutboxStep step;
  clear_orphans(now.wall, step);
  for (const auto& sink : sinks_) {
    if (const auto all = stories_.find(sink->config.name); all != stories_.end())
      for (auto& [incident, s] : all->second) s.told_again = false;
    sink->may_retell = true;
    retell(sink->config.name, now.wall, step);
  }
  return step;
}

// ---- what the store has kept

OutboxStep Outbox::restore(const std::map<std::int64_t, OutboxRow>& pending, const std::vector<OpenedKey>& opened,
                           Instant now, const std::vector<std::pair<std::string, std::string>>& refused) {
  OutboxStep step;
  for (const auto& [seq, row] : pending) {
    ids_->stay_behind(row.event_id);
    born_[seq] = since(row.created, now);
    auto* sink = find(row.sink);
    if (const auto kept = held_of_store_.find(row.event_id); sink && kept != held_of_store_.end()) {
      held_[row.event_id] = {kept->second, row.sink, seq, false, kept->second == 0};
      if (kept->second != 0) sink->queue.hold(seq);
    }
    if (sink) sink->queue.add(row);
  }
  held_of_store_.clear();
  read_ledger(opened, now);
  find_heard();
  for (const auto& [seq, row] : pending)
    if (!find(row.sink)) give_up_lost(row, pending, now.wall, step);
  clear_orphans(now.wall, step);
  for (const auto& [sink, incident] : refused)
    if (auto* known = find(sink); known && !is_open(sink, incident))
      stories_[sink][incident].refused = known->may_retell = true;
  for (const auto& sink : sinks_) retell(sink->config.name, now.wall, step);
  return step;
}

/// Its sink is known no more, so it can never leave; what it says is kept in the store. A later sink of the same name
/// must not hear the end of what it has not heard begin.
void Outbox::give_up_lost(const OutboxRow& row, const std::map<std::int64_t, OutboxRow>& pending, WallTime now,
                          OutboxStep& step) {
  born_.erase(row.seq);
  step.say.push_back(line(Say::Level::warning, "sink.unknown",
                          "an alert for sink " + row.sink + " (" + std::string(to_string(row.kind)) + ", " +
                              row.target + ") cannot be delivered: the sink is no longer configured"));
  auto& mark = step.mark.emplace_back(OutboxStep::Mark{row, false});
  mark.row.state = OutboxState::expired;
  mark.row.done_at = now;
  mark.row.last_detail = "the sink is no longer configured";
  if (row.mark != OutboxRow::Mark::open) return;
  auto* s = story(row.sink, row.incident_id);
  mark.forget = !s || std::all_of(s->opened.begin(), s->opened.end(), [&](const OpenedKey& key) {
    return std::any_of(pending.begin(), pending.end(), [&](const auto& waits) { return opens(waits.second, key); });
  });
  if (s && mark.forget) stories_[row.sink].erase(row.incident_id);
}

void Outbox::read_ledger(const std::vector<OpenedKey>& opened, Instant now) {
  for (const auto& key : opened) {
    const auto* sink = find(key.sink);
    const bool repeats = sink && sink->config.type == SinkType::alertmanager;
    if (key.closed_at && !repeats && !(sink && sink->queue.waits(key.incident_id))) continue;
    auto& s = stories_[key.sink][key.incident_id];
    s.opened.push_back(key);
    if (key.closed_at) s.opened.back().closed_since = since(*key.closed_at, now);
    if (!key.closed_at) s.open.push_back({key.key, key.body});
    if (const auto about = sink_of_own_alarm(key.incident_id); about && !key.closed_at)
      if (auto* broken = find(*about)) broken->broken = true;
  }
}

/// Of a key that is open there the sink has heard, unless the row that opened it still waits.
bool Outbox::has_heard(const std::string& sink, const std::string& incident,
                       const std::vector<OpenedKey>& opened) const {
  const auto rows = find(sink)->queue.rows_of(incident);
  return std::any_of(opened.begin(), opened.end(), [&](const OpenedKey& key) {
    return std::none_of(rows.begin(), rows.end(), [&](const OutboxHead* waits) { return opens(*waits, key); });
  });
}

/// A sink has heard of what it has open, unless the row that opened it still waits. What stands first in a line and
/// follows a page, of which the sink has not heard, follows one that never arrived.
void Outbox::find_heard() {
  for (auto& [name, incidents] : stories_)
    for (auto& [incident, s] : incidents) s.heard = true;
  for (const auto& sink : sinks_) {
    const auto& name = sink->config.name;
    std::set<std::string> waiting;
    for (const auto& [seq, row] : sink->queue.rows())
      if (row.mark == OutboxRow::Mark::open) waiting.insert(row.incident_id);
    for (const auto& incident : waiting)
      if (auto* s = story(name, incident)) s->heard = has_heard(name, incident, s->opened);
    std::set<std::string> seen;
    for (const auto& [seq, row] : sink->queue.rows()) {
      if (!seen.insert(row.incident_id).second) continue;
      if (row.mark == OutboxRow::Mark::open || row.kind == EventKind::test) continue;
      auto& s = stories_[name][row.incident_id];
      s.never_heard = !s.heard;
    }
  }
}

// ---- rows

OutboxRow Outbox::make_row(const SinkConfig& sink, const AlertEvent& event, bool opens, bool closes) {
  auto& s = stories_[sink.name][event.incident.id];
  const bool is_held = event.fleet && event.fleet->row > 0;
  if (is_held) held_[event.id] = {event.fleet->row, sink.name, 0, false, false};
  // Under the key of whoever has told it: that may have been another host.
  const bool ends_for_all = is_held && event.kind == EventKind::resolved;
  auto rendered = readback::render(sink, event, ends_for_all ? std::vector<OpenAlert>{} : s.open);
  OutboxRow row;
  row.event_id = event.id;
  row.sink = sink.name;
  row.incident_id = event.incident.id;
  row.target = event.incident.target;
  row.kind = event.kind;
  row.key = rendered.key;
  row.body = std::move(rendered.body);
  row.minimal_body = std::move(rendered.minimal_body);
  row.content_type = rendered.content_type;
  row.created = event.at;
  row.next_attempt = event.at;
  // An alertmanager is told the newest text every minute: whatever changes it replaces what is repeated.
  opens = opens || (sink.type == SinkType::alertmanager && !closes && event.kind != EventKind::test);
  ++s.coming;
  if (opens) {
    row.mark = OutboxRow::Mark::open;
    row.opened_body = rendered.opened_body;
    s.refused = false;  // it is told now
    s.open = {{row.key, row.opened_body}};
    ++s.opening;
  } else if (closes && !is_held) {  // an end that is held may yet be taken back
    row.mark = OutboxRow::Mark::close;
    s.open.clear();
  }
  return row;
}

OutboxStep Outbox::render(const AlertEvent& event, const std::string& only_sink) {
  OutboxStep step;
  if (event.fleet && event.fleet->row > 0) {  // the fleet has chosen the sink
    if (const auto* sink = find(event.fleet->sink))
      step.commit.push_back(
          make_row(sink->config, event, event.kind != EventKind::resolved, event.kind == EventKind::resolved));
    return step;
  }
  if (event.kind == EventKind::resolved) forget_at_unknown_sinks(event.incident.id, step);
  for (const auto& each : sinks_) {
    if (!only_sink.empty() && each->config.name != only_sink) continue;
    if (event.group)
      for (const auto& heard : heard_in_group(each->config, event)) render(*each, heard, step);
    else
      render(*each, event, step);
  }
  return step;
}

/// What a sink hears of an event of a group: the event; where the sink groups and has heard of the one that leads, what
/// that event is for all of them, under its id; or nothing.
std::vector<AlertEvent> Outbox::heard_in_group(const SinkConfig& sink, const AlertEvent& event) {
  std::vector<AlertEvent> all;
  const auto by_itself = [&] { all.emplace_back(event).group.reset(); };
  const auto& g = *event.group;
  if (sink.group != Grouping::cause) {
    if (!g.is_spread) by_itself();
    return all;
  }
  const bool is_open_here = is_open(sink.name, event.incident.id);
  if (g.leader == event.incident.id) {
    const bool is_end =
        event.kind == EventKind::recovered || event.kind == EventKind::relapsed || event.kind == EventKind::resolved;
    const bool goes_on = is_open_here && is_end && g.others > 0;
    if (!goes_on && (is_open_here || !g.is_spread)) all.push_back(event);
    return all;
  }
  const bool is_group_open = is_open(sink.name, g.leader);
  if (is_open_here || !is_group_open) by_itself();
  const bool is_last_end = event.kind == EventKind::resolved && g.others == 0;
  const bool is_worse = event.kind == EventKind::escalated || event.kind == EventKind::intermittent;
  const bool is_said_again = event.kind == EventKind::reminder && g.stands_in;
  if (!is_group_open || !(is_last_end || ((is_worse || is_said_again) && !is_open_here))) return all;
  auto& of_all = all.emplace_back(event);
  of_all.incident.id = g.leader;
  if (is_last_end) of_all.incident.summary += "; so is all that had the same cause";
  return all;
}

void Outbox::render(const Sink& each, const AlertEvent& event, OutboxStep& step) {
  const SinkConfig& sink = each.config;
  const bool open_there = is_open(sink.name, event.incident.id);
  if (each.retired && !open_there) return;
  auto r = route(sink, event, open_there);
  auto* s = story(sink.name, event.incident.id);
  if (s && s->refused && event.kind == EventKind::relapsed && takes(sink, event.incident)) r = {true, true, false};
  if (s && s->refused && event.kind == EventKind::resolved) {
    s->refused = false;
    tidy(sink.name, event.incident.id);
  }
  if (!r.send) return;
  step.commit.push_back(make_row(sink, event, r.opens, r.closes));
  if (event.kind != EventKind::test || sink.type != SinkType::pagerduty) return;
  AlertEvent end = event;  // a test leaves no open alert behind
  end.kind = EventKind::resolved;
  auto row = make_row(sink, end, false, false);
  row.event_id += test_resolve_suffix;
  row.kind = EventKind::test;
  step.commit.push_back(std::move(row));
}

void Outbox::committed(const OutboxRow& row, Instant now) {
  born_[row.seq] = since(row.created, now);
  auto& s = stories_[row.sink][row.incident_id];
  s.coming = std::max(0, s.coming - 1);
  if (row.mark == OutboxRow::Mark::open) s.opening = std::max(0, s.opening - 1);
  note_opened(s.opened, row);
  for (auto& key : s.opened) {
    if (!key.closed_at) key.closed_since.reset();
    if (key.closed_at && !key.closed_since) key.closed_since = now.mono;
  }
  auto* sink = find(row.sink);
  if (const auto kept = held_.find(row.event_id); kept != held_.end()) {
    kept->second.seq = row.seq;
    if (sink && !kept->second.is_let_go && !kept->second.is_forgotten) sink->queue.hold(row.seq);
  }
  if (sink) sink->queue.add(row);
  tidy(row.sink, row.incident_id);
}

/// What is over and is still open at a sink that nobody knows any more can never be closed there. Kept, it would be
/// repeated for ever by a later sink of the same name.
void Outbox::forget_at_unknown_sinks(const std::string& incident, OutboxStep& step) {
  for (auto all = stories_.begin(); all != stories_.end();) {
    const auto& name = all->first;
    if (!find(name) && is_open(name, incident)) {
      step.forget.emplace_back(name, incident);
      all->second.erase(incident);
    }
    all = all->second.empty() ? stories_.erase(all) : std::next(all);
  }
}

// ---- our own alarm

AlertEvent Outbox::alarm_event(const std::string& about, EventKind kind, const std::string& text, WallTime at) {
  auto event = own_alarm(origin_, about, kind, text, ids_->next(at), at);
  event.is_of_host = in_fleet_;
  return event;
}

void Outbox::alarm(const std::string& about, EventKind kind, const std::string& text, WallTime at, OutboxStep& step) {
  const AlertEvent event = alarm_event(about, kind, text, at);
  const bool ends = kind == EventKind::resolved;
  if (ends) forget_at_unknown_sinks(event.incident.id, step);
  for (const auto& sink : sinks_) {
    const bool open_there = is_open(sink->config.name, event.incident.id);
    if (auto* s = story(sink->config.name, event.incident.id); s && ends && s->refused) {
      s->refused = false;
      tidy(sink->config.name, event.incident.id);
    }
    if (sink->config.name == about || ((sink->retired || ends) && !open_there)) continue;
    step.commit.push_back(make_row(sink->config, event, !ends, ends));
  }
  const char* kind_of_line = about.empty() ? (ends ? "watch.whole" : "watch.impaired")
                             : ends        ? "sink.works"
                                           : "sink.broken";
  step.say.push_back(line(ends ? Say::Level::info : Say::Level::error, kind_of_line, text));
}

OutboxStep Outbox::watch_is(const std::string& trouble, Instant now) {
  OutboxStep step;
  const std::string incident(watch_incident);
  const bool was_told = !impaired_by_.empty() || std::any_of(stories_.begin(), stories_.end(), [&](const auto& all) {
    return is_open(all.first, incident);
  });
  impaired_by_ = trouble.empty() ? "" : "the watch is impaired: " + trouble;
  if (trouble.empty()) {
    told_of_watch_.clear();
    if (was_told) alarm("", EventKind::resolved, "the watch is whole again", now.wall, step);
    return step;
  }
  if (!was_told) alarm("", EventKind::firing, impaired_by_, now.wall, step);
  for (const auto& sink : sinks_) {
    if (sink->retired || !told_of_watch_.insert(sink->config.name).second) continue;
    if (!was_told || story(sink->config.name, incident)) continue;
    // It was configured since.
    step.commit.push_back(
        make_row(sink->config, alarm_event("", EventKind::firing, impaired_by_, now.wall), true, false));
  }
  return step;
}

/// Ends the alarms about sinks that the configuration has dropped: they will never accept anything again.
void Outbox::clear_orphans(WallTime at, OutboxStep& step) {
  std::vector<std::string> gone;
  for (const auto& [name, incidents] : stories_)
    for (auto i = incidents.lower_bound(std::string(own_alarm_prefix)); i != incidents.end(); ++i) {
      const auto about = sink_of_own_alarm(i->first);
      if (!about) break;
      const auto* sink = find(*about);
      if (!i->second.open.empty() && (!sink || sink->retired)) gone.push_back(*about);
    }
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  for (const auto& name : gone) {
    if (auto* sink = find(name)) sink->broken = false;
    alarm(name, EventKind::resolved, "sink " + name + " is no longer configured", at, step);
  }
}

/// Where it was the only sink when it broke, nobody could be told: those that were configured since have not heard.
bool Outbox::has_new_listener(const std::string& about) {
  const auto alarm = own_alarm_incident(about);
  bool any = false;
  for (const auto& sink : sinks_) {
    if (story(sink->config.name, alarm)) return false;
    any = any || (sink->config.name != about && !sink->retired);
  }
  return any;
}

void Outbox::break_sink(Sink& sink, const std::string& text, WallTime at, OutboxStep& step) {
  if (std::exchange(sink.broken, true) && (sink.retired || !has_new_listener(sink.config.name))) return;
  sink.broken_by = text;
  if (sink.retired) {  // nobody could correct it any more, and nothing would end the alarm
    step.say.push_back(line(Say::Level::error, "sink.broken", text));
    return;
  }
  // What concerns the alarm about another sink must not raise one of its own in turn: `broken` is set already, so two
  // broken sinks do not go on for ever.
  alarm(sink.config.name, EventKind::firing, text, at, step);
}

/// As the alarm about it tells it; "" when it is not broken, or nobody could correct it any more.
std::string Outbox::why_broken(const std::string& name) const {
  const auto* sink = find(name);
  if (!sink || !sink->broken || sink->retired) return "";
  return sink->broken_by.empty() ? "sink broken: " + name : sink->broken_by;
}

// ---- a page that was refused

/// All that this sink has refused and may take now. Once: what it refuses again waits for the next reload.
void Outbox::retell(const std::string& name, WallTime now, OutboxStep& step) {
  auto* sink = find(name);
  const auto all = stories_.find(name);
  if (!sink || sink->retired || sink->off || all == stories_.end() || !std::exchange(sink->may_retell, false)) return;
  std::vector<std::string> wanted;
  for (auto& [incident, s] : all->second)
    if (s.refused && !s.told_again) wanted.push_back(incident);
  for (const auto& incident : wanted) {
    auto& s = stories_[name][incident];
    s.told_again = true;
    const auto about = sink_of_own_alarm(incident);
    if (!about && incident != watch_incident) {
      step.retell.emplace_back(name, incident);
    } else if (const auto text = about ? why_broken(*about) : impaired_by_; !text.empty()) {
      const auto alarm = alarm_event(about.value_or(""), EventKind::firing, text, now);
      step.commit.push_back(make_row(sink->config, alarm, true, false));
    } else {
      s.refused = false;
      tidy(name, incident);
    }
  }
}

OutboxStep Outbox::tell_again(const std::string& name, const std::string& incident, const Standing& standing) {
  OutboxStep step;
  auto* sink = find(name);
  auto* s = story(name, incident);
  if (!sink || sink->retired || !s || !s->refused) return step;
  if (!standing.is_open) {
    s->refused = false;
    tidy(name, incident);
  } else if (standing.firing && takes(sink->config, standing.firing->incident)) {
    step.commit.push_back(make_row(sink->config, *standing.firing, true, false));
  } else {
    s->told_again = false;  // it may fire again, and be told then
    sink->may_retell = true;
  }
  return step;
}

// ---- what is next

Millis Outbox::age(const OutboxHead& row, Instant now) const {
  const auto known = born_.find(row.seq);
  return now.mono - (known == born_.end() ? since(row.created, now) : known->second);
}

bool Outbox::is_finished(const Sink& sink) {
  if (!sink.retired || !sink.queue.empty()) return false;
  const auto all = stories_.find(sink.config.name);
  if (all == stories_.end()) return true;
  return std::none_of(all->second.begin(), all->second.end(), [](const auto& entry) {
    const Story& s = entry.second;
    return s.coming > 0 ||
           std::any_of(s.opened.begin(), s.opened.end(), [](const OpenedKey& key) { return !key.closed_at; });
  });
}

Outbox::Next Outbox::next(const std::string& name, Instant now) {
  auto* sink = find(name);
  if (sink && is_finished(*sink)) {
    std::erase_if(sinks_, [&](const auto& each) { return each.get() == sink; });
    stories_.erase(name);
    sink = nullptr;
  }
  if (!sink) return Gone{};
  Wait wait;
  if (sink->off) return wait;
  const auto held_until = std::max(sink->paused_until, sink->paced_until);
  if (held_until <= now.mono)
    if (const auto* row = sink->queue.first_due(now.mono)) {
      if (!why_dropped(*sink, *row, now).empty()) return Drop{row->seq};
      if (is_chat(sink->config.type)) sink->paced_until = now.mono + chat_pace;
      sink->asked = true;
      return Send{row->seq};
    }
  wait.until = std::max(held_until, sink->queue.next_due());
  const auto repeats_at = sink->repetition.next();
  if (repeats_at <= now.mono) {
    const auto alerts = to_repeat(*sink, now.mono);
    if (!alerts.empty())
      return Repeat{sink->repetition.due(now.mono), alertmanager_in_order(alertmanager_body(alerts), now.wall)};
  } else {
    wait.until = std::min(wait.until, repeats_at);
  }
  return wait;
}

/// "" when it is to be sent.
std::string Outbox::why_dropped(const Sink& sink, const OutboxHead& row, Instant now) {
  if (const auto kept = held_.find(row.event_id); kept != held_.end())
    return kept->second.is_forgotten ? "another host has told it" : "";
  if (is_in_the_way(sink, row)) return "its incident has gone on";
  const auto* s = story(sink.config.name, row.incident_id);
  if (s && s->never_heard && row.mark != OutboxRow::Mark::open) return "its page never arrived";
  const auto old = age(row, now);
  const auto life = lifetime(row.kind);
  return life > Millis{0} && old >= life ? "not worth sending any more after " + humanize(old) : "";
}

OutboxStep Outbox::dropped(OutboxRow row, Instant now) {
  OutboxStep step;
  auto* sink = find(row.sink);
  const auto* entry = sink ? sink->queue.find(row.seq) : nullptr;
  if (!entry) return step;
  row.last_detail = why_dropped(*sink, *entry, now);
  if (held_.contains(row.event_id)) return drop_held(*sink, std::move(row), now);
  give_up(*sink, std::move(row), OutboxState::expired, now.wall, step);
  return step;
}

/// What fires, and what has ended not long ago. Where a row of the incident still waits, that comes first: a resolve
/// must not overtake its page.
std::vector<RepeatedAlert> Outbox::to_repeat(Sink& sink, MonoTime now) {
  std::vector<RepeatedAlert> all;
  const auto found = stories_.find(sink.config.name);
  if (found == stories_.end()) return all;
  for (auto i = found->second.begin(); i != found->second.end();) {
    const auto here = i++;
    auto& s = here->second;
    if (s.coming || sink.queue.waits(here->first)) continue;
    if (speaks_ && !speaks_(here->first, sink.config.name)) continue;
    std::erase_if(s.opened, [&](const OpenedKey& k) { return k.closed_at && *k.closed_since + closed_kept < now; });
    for (const auto& key : s.opened)
      if (!key.body.empty() && (!key.closed_at || *key.closed_since + Repetition::resolved_for >= now))
        all.push_back({key.body, key.closed_at});
    if (s.opened.empty() && s.open.empty()) s.heard = false;
    if (s.opened.empty() && s.open.empty() && !s.never_heard && !s.refused) found->second.erase(here);
  }
  return all;
}

OutboxStep Outbox::repeated(const std::string& name, const Repeat& what, const SinkSent& sent, Instant now) {
  OutboxStep step;
  auto* sink = find(name);
  if (!sink) return step;
  if (!sent.problem.empty()) {
    sink->detail = sent.problem;
    for (std::size_t i = 0; i < sink->repetition.addresses(); ++i) sink->repetition.note(i, false, now.mono);
    return step;
  }
  sink->last_attempt = now.wall;
  std::string detail;  // an address that fails is what there is to tell
  for (std::size_t i = 0; i < sent.answers.size() && i < what.to.size(); ++i) {
    const auto& answer = sent.answers[i];
    const bool ok = answer.status >= 200 && answer.status < 300;
    const std::string text = answer.status ? status_text(answer.status) : answer.detail;
    const auto news = sink->repetition.news(what.to[i], ok, text);
    sink->repetition.note(what.to[i], ok, now.mono);
    if (ok) sink->last_success = now.wall;
    const std::string who = "sink " + name + ", address " + std::to_string(what.to[i] + 1);
    if (!news.empty() && ok) step.say.push_back(line(Say::Level::info, "sink.accepts", who + " " + news));
    if (!news.empty() && !ok) step.say.push_back(line(Say::Level::warning, "sink.retries", who + ": " + news));
    if (!ok || detail.empty()) detail = text;
  }
  sink->detail = detail;
  return step;
}

void Outbox::pause(const std::string& name, MonoTime until) {
  if (auto* sink = find(name)) sink->paused_until = until;
}

// ---- answers

/// Any acceptance is one: the members of a cluster tell each other, and the rest hear it with the next repetition.
SinkAnswer Outbox::combined(Sink& sink, const SinkSent& sent, OutboxRow& row, MonoTime now) {
  if (!sent.problem.empty()) return {0, sent.problem, ""};  // a credential may yet be put in place
  if (sent.answers.empty()) return {0, "no answer", ""};
  const auto accepts = [](const SinkAnswer& a) { return a.status >= 200 && a.status < 300; };
  std::size_t good = 0, chosen = 0;
  for (std::size_t i = 0; i < sent.answers.size(); ++i) {
    const bool ok = accepts(sent.answers[i]);
    good += ok;
    if (ok && !accepts(sent.answers[chosen])) chosen = i;
    // Nobody accepts: what may be tried again is the better answer than a refusal.
    if (good == 0 && is_temporary(sent.answers[i].status) && !is_temporary(sent.answers[chosen].status)) chosen = i;
    sink.repetition.note(i, ok, now);
  }
  row.done_by = sent.answers.size() > 1 ? std::to_string(good) + " of " + std::to_string(sent.answers.size()) : "";
  return sent.answers[chosen];
}

/// What the answer means, noted in the row and at the sink.
Decision Outbox::judge(Sink& sink, OutboxRow& row, const SinkSent& sent, Instant now) {
  const auto answer = combined(sink, sent, row, now.mono);
  sink.last_attempt = now.wall;
  Attempt a;
  a.kind = row.kind;
  a.age = age(row, now);
  a.number = ++row.attempts;
  a.status = answer.status;
  a.detail = answer.detail;
  a.retry_after = answer.retry_after;
  a.now = now.wall;
  a.was_minimal = row.minimal && !row.minimal_body.empty();
  a.body_size = sent.body_size;
  a.minimal_size = row.minimal_body.size();
  a.random = ids_->unit();
  Decision decision = decide(a);
  if (std::exchange(sink.asked_before, false) && is_refusal(decision)) decision.what = Decision::What::again;
  sink.asked = false;
  row.last_status = a.status;
  row.last_detail = decision.text;
  if (decision.what != Decision::What::delivered && decision.what != Decision::What::expired) ++sink.failed;
  return decision;
}

OutboxStep Outbox::answered(OutboxRow row, const SinkSent& sent, Instant now) {
  OutboxStep step;
  auto* sink = find(row.sink);
  if (!sink) return step;
  const Decision decision = judge(*sink, row, sent, now);
  if (held_.contains(row.event_id)) {
    answered_held(*sink, std::move(row), sent, decision, now, step);
    return step;
  }
  switch (decision.what) {
    case Decision::What::delivered: accepted(*sink, std::move(row), decision.text, now.wall, step); return step;
    case Decision::What::again:
    case Decision::What::again_minimal:
      if (!std::exchange(sink->failing, true) || sink->detail != decision.text)
        step.say.push_back(line(Say::Level::warning, "sink.retries",
                                "sink " + row.sink + ": " + decision.text + "; the alert is kept and tried again"));
      sink->detail = decision.text;
      row.minimal = row.minimal || decision.what == Decision::What::again_minimal;
      row.next_attempt = now.wall + decision.wait;
      if (decision.whole_sink) pause(*sink, row, decision.wait, now, step);
      sink->queue.put_off(row, now.mono + decision.wait);
      step.mark.push_back({std::move(row), false});
      return step;
    case Decision::What::sink_off:
      sink->off = true;
      sink->detail = decision.text;
      sink->queue.put_off(row, now.mono);
      break_sink(*sink, "sink broken: " + row.sink + " answered " + decision.text + " and is off until the next reload",
                 now.wall, step);
      step.mark.push_back({std::move(row), false});
      return step;
    case Decision::What::dead: {
      sink->detail = decision.text;
      const std::string text = "sink broken: " + row.sink + " refused an alert (" + std::string(to_string(row.kind)) +
                               ", " + row.target + "): " + decision.text + "; it is parked";
      give_up(*sink, std::move(row), OutboxState::dead, now.wall, step);
      break_sink(*sink, text, now.wall, step);
      return step;
    }
    case Decision::What::expired: give_up(*sink, std::move(row), OutboxState::expired, now.wall, step); return step;
  }
  return step;
}

void Outbox::accepted(Sink& sink, OutboxRow row, const std::string& text, WallTime now, OutboxStep& step) {
  if (std::exchange(sink.failing, false))
    step.say.push_back(line(Say::Level::info, "sink.accepts", "sink " + row.sink + " accepts again"));
  sink.detail = text;
  sink.last_success = now;
  if (std::exchange(sink.broken, false))
    alarm(row.sink, EventKind::resolved, "sink " + row.sink + " accepts alerts again", now, step);
  auto& s = stories_[row.sink][row.incident_id];
  const std::string name = row.sink;
  const bool closes = row.mark == OutboxRow::Mark::close;
  if (closes) s.heard = false;
  if (row.mark == OutboxRow::Mark::open) {
    s.heard = true;
    s.never_heard = false;
  }
  finish(sink, std::move(row), OutboxState::delivered, false, now, step);
  retell(name, now, step);
  if (!closes) return;
  // What a waiting row tells of must stay in the ledger: after a restart it says that the sink has heard of the page.
  WallTime before = now - closed_kept;
  for (const auto& each : sinks_) before = std::min(before, each->queue.oldest());
  step.forget_closed = before;
}

/// The receiver does not hear of this row. When it has not heard of the incident at all, nothing is open there, and no
/// resolve goes there.
void Outbox::give_up(Sink& sink, OutboxRow row, OutboxState state, WallTime now, OutboxStep& step) {
  auto& s = stories_[row.sink][row.incident_id];
  const auto* entry = sink.queue.find(row.seq);
  const bool another_opens = s.opening > 0 || (entry && sink.queue.opens_behind(*entry));
  const bool unheard = row.mark == OutboxRow::Mark::open && !s.heard;
  if (unheard) s.never_heard = true;
  if (unheard && !another_opens) {
    s.open.clear();
    s.opened.clear();
    s.refused = state == OutboxState::dead && row.kind != EventKind::test;
    sink.may_retell = sink.may_retell || s.refused;
  }
  finish(sink, std::move(row), state, unheard && s.opening == 0, now, step);
}

void Outbox::finish(Sink& sink, OutboxRow row, OutboxState state, bool forget, WallTime now, OutboxStep& step) {
  row.state = state;
  row.done_at = now;
  sink.queue.remove(row.seq);
  born_.erase(row.seq);
  if (state == OutboxState::delivered) ++sink.delivered;
  if (state == OutboxState::dead) ++sink.dead;
  if (row.kind == EventKind::test && !row.event_id.ends_with(test_resolve_suffix))
    tests_[row.event_id].push_back({sink.config.name, std::string(to_string(sink.config.type)),
                                    state == OutboxState::delivered, row.last_status, row.last_detail});
  auto& s = stories_[row.sink][row.incident_id];
  if (row.mark == OutboxRow::Mark::close && sink.config.type != SinkType::alertmanager)  // others repeat nothing
    std::erase_if(s.opened, [](const OpenedKey& key) { return key.closed_at.has_value(); });
  if (!s.coming && !sink.queue.waits(row.incident_id)) s.never_heard = false;  // nothing follows any more
  tidy(row.sink, row.incident_id);
  step.mark.push_back({std::move(row), forget});
}

// ---- seen from outside

std::vector<std::string> Outbox::sinks() const {
  std::vector<std::string> all;
  for (const auto& sink : sinks_) all.push_back(sink->config.name);
  return all;
}

const SinkConfig* Outbox::config(const std::string& name) const {
  const auto* sink = find(name);
  return sink ? &sink->config : nullptr;
}

SinkView Outbox::view_of(const Sink& sink) const {
  SinkView v;
  v.name = sink.config.name;
  v.type = to_string(sink.config.type);
  v.delivered = sink.delivered;
  v.failed = sink.failed;
  v.dead = sink.dead;
  v.last_attempt_at = sink.last_attempt;
  v.last_success_at = sink.last_success;
  v.depth = sink.queue.rows().size();
  if (!sink.queue.empty()) v.oldest_at = sink.queue.oldest();
  const OutboxHead* waiting = nullptr;  // the one that was tried and is tried again first
  for (const auto& [seq, row] : sink.queue.rows())
    if (row.attempts > 0 && (!waiting || row.next_attempt < waiting->next_attempt)) waiting = &row;
  if (waiting) v.next_attempt_at = waiting->next_attempt;
  if (sink.off)
    v.state = "off";
  else if (sink.broken)
    v.state = "broken";
  else if (waiting)
    v.state = "retrying";
  else if (sink.last_success)
    v.state = "delivered";
  v.detail = sink.detail;
  if (waiting && !sink.off)  // another incident's alert may have been taken meanwhile
    v.detail = waiting->last_detail + ", attempt " + std::to_string(waiting->attempts) + ", next at " +
               to_clock(waiting->next_attempt);
  if (sink.off) v.detail += "; off until the next reload";
  if (sink.retired) v.detail += "; no longer configured, closes what it opened";
  return v;
}

std::vector<SinkView> Outbox::view() const {
  std::vector<SinkView> all;
  for (const auto& sink : sinks_) all.push_back(view_of(*sink));
  return all;
}

bool Outbox::is_test_under_way(const std::string& event_id) const {
  for (const auto& sink : sinks_)
    for (const auto& [seq, row] : sink->queue.rows())
      if (!sink->off && row.event_id == event_id) return true;
  return false;
}

std::vector<TestResult> Outbox::take_test_results(const std::string& event_id) {
  auto results = std::move(tests_[event_id]);
  tests_.erase(event_id);
  for (const auto& sink : sinks_)
    for (const auto& [seq, row] : sink->queue.rows()) {
      if (row.event_id != event_id) continue;
      TestResult r;
      r.sink = sink->config.name;
      r.type = to_string(sink->config.type);
      r.status = row.last_status;
      r.text = row.last_detail.empty() ? (sink->off ? sink->detail : "no answer yet") : row.last_detail;
      if (sink->off)
        r.text += "; the sink is off until the next reload";
      else if (row.attempts > 0)
        r.text += ", tried " + std::to_string(row.attempts) + " times, goes on trying";
      results.push_back(std::move(r));
    }
  return results;
}

}  // namespace readback
