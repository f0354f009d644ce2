// Silences: new pages held back for a while, from now or from a time that is set ahead, until a time or until what they
// hold back is over. Everything else goes on, each of them ends, and whoever sits in a chat hears of both.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

bool is_over(const Silence& s, Instant now) { return !s.ends || *s.ends <= now.mono; }
bool is_in_force(const Silence& s, Instant now) { return !is_over(s, now) && (!s.starts || *s.starts <= now.mono); }

bool is_about(const Silence& s, const std::string& target, Boundary b) {
  return (s.target.empty() || s.target == target) && (!s.boundary || *s.boundary == b);
}

std::string what_of(const Silence& s) {
  return (s.target.empty() ? "every target" : s.target) + ", " +
         (s.boundary ? std::string(to_string(*s.boundary)) : "every boundary");
}

std::string end_of(const Silence& s) {
  return s.until_resolved ? "what is open there is resolved, at most until " + to_rfc3339(s.expires_at)
                          : to_rfc3339(s.expires_at);
}

}  // namespace

bool Engine::State::is_silenced(const std::string& target, Boundary b) const {
  return std::any_of(silences.begin(), silences.end(), [&](const auto& entry) {
    return is_in_force(entry.second, now) && is_about(entry.second, target, b);
  });
}

bool Engine::State::has_open_match(const Silence& s) const {
  for (const auto& [name, t] : targets)
    for (const Boundary b : all_boundaries)
      if (is_about(s, name, b) && t->book.open_of(b)) return true;
  return false;
}

/// For people in a chat. Of what was said on another host, that one tells.
void Engine::State::tell(Actions& out, const Silence& s, EventKind kind, const std::string& text) const {
  out.push_back(Say{Say::Level::info, kind == EventKind::silence_begins ? "silence.begins" : "silence.ends", s.target,
                    "", s.boundary ? std::string(to_string(*s.boundary)) : "", text});
  if (s.is_from_elsewhere) return;
  AlertEvent e = new_event(kind);
  auto& record = e.incident;
  record.id = record.episode = s.id;
  record.target = s.target;
  record.boundary = s.boundary.value_or(Boundary::observer);
  record.severity = Severity::info;
  record.opened_at = record.confirmed_at = s.starts_at;
  record.summary = text;
  record.why = {"asked for by " + someone(s.by) + ": " + s.reason};
  record.dedup_base = e.environment + "/" + (s.target.empty() ? "all" : s.target) + "/silence/" + s.id;
  out.push_back(Notify{std::move(e), ""});
}

/// What has begun or ended since the last look.
void Engine::State::follow_silences(Actions& out) {
  bool is_changed = false;
  for (auto at = silences.begin(); at != silences.end();) {
    auto& s = at->second;
    if (!s.has_begun && is_in_force(s, now)) {
      s.has_begun = is_changed = true;
      tell(out, s, EventKind::silence_begins, "SILENCED " + what_of(s) + " until " + end_of(s));
    }
    const bool has_open = s.until_resolved && s.has_begun && has_open_match(s);
    if (has_open && !std::exchange(s.has_met, true)) is_changed = true;
    const bool is_done = s.until_resolved && s.has_met && !has_open;
    if (!is_done && !is_over(s, now)) {
      ++at;
      continue;
    }
    is_changed = true;
    if (s.has_begun)
      tell(out, s, EventKind::silence_ends,
           "SILENCE ENDED " + what_of(s) + ": " +
               (is_done ? "what was open there is resolved" : "its time is over; what is still bad pages now"));
    at = silences.erase(at);
  }
  if (is_changed) out.push_back(SaveState{});
}

std::optional<MonoTime> Engine::State::next_silence() const {
  std::optional<MonoTime> next;
  for (const auto& [id, s] : silences) {
    const auto due = s.has_begun ? s.ends : s.starts;
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

void Engine::State::on(SilenceAdded e, Actions& out) {
  Silence s = std::move(e.silence);
  if (!s.target.empty() && !find_target(s.target))
    return out.push_back(refusal(404, "no target is called " + s.target));
  s.starts_at = std::max(s.starts_at, now.wall);
  if (s.expires_at <= s.starts_at) return out.push_back(refusal(422, "the silence would end before it begins"));
  if (s.reason.empty()) return out.push_back(refusal(422, "a silence needs a reason: whoever is on call will ask"));
  if (s.id.empty()) s.id = ids->next(now.wall);
  s.created_at = now.wall;
  s.starts = now.mono + (s.starts_at - now.wall);
  s.ends = now.mono + (s.expires_at - now.wall);
  const std::string id = s.id, from = *s.starts > now.mono ? "from " + to_rfc3339(s.starts_at) + " " : "";
  const std::string span = from + "until " + end_of(s);
  const bool is_early = s.until_resolved && !has_open_match(s);
  out.push_back(Say{Say::Level::info, "silence.added", s.target, "",
                    s.boundary ? std::string(to_string(*s.boundary)) : "",
                    "silence " + span + " by " + someone(s.by) + ": " + s.reason});
  silences[id] = std::move(s);
  follow_silences(out);
  out.push_back(SaveState{});
  out.push_back(done("new pages are held back " + span +
                         (is_early ? "; nothing is open there now: it ends with the next that is" : ""),
                     id));
}

void Engine::State::on(const SilenceExpired& e, Actions& out) {
  const auto found = silences.find(e.id);
  if (found == silences.end()) return out.push_back(refusal(404, "no silence has the id " + e.id));
  const Silence s = std::move(found->second);
  silences.erase(found);
  if (s.has_begun)
    tell(out, s, EventKind::silence_ends,
         "SILENCE ENDED " + what_of(s) + ": ended by " + someone(e.by) + "; what is still bad pages now");
  out.push_back(SaveState{});
  out.push_back(done(s.has_begun ? "the silence has ended; what is still bad pages with the next sweep"
                                 : "the silence is taken back before it began",
                     e.id));
}

std::vector<Silence> Engine::silences(Instant now) const {
  std::vector<Silence> all;
  const auto by_the_clock_of_now = [&](WallTime& said, MonoTime counts) {
    const WallTime at = now.wall + (counts - now.mono);
    if (at - said > Seconds(1) || said - at > Seconds(1)) said = at;  // the wall clock was moved meanwhile
  };
  for (auto [id, s] : state_->silences) {
    if (is_over(s, now)) continue;
    if (s.starts && *s.starts > now.mono) by_the_clock_of_now(s.starts_at, *s.starts);
    by_the_clock_of_now(s.expires_at, *s.ends);
    s.has_begun = s.has_begun || is_in_force(s, now);
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace readback
