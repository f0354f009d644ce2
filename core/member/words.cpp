// What an operator says on one host is true on all: what was said here goes out, and what was said elsewhere is said
// here once more, as if it had come through this host's own socket, but without an answer.
#include <algorithm>

#include "core/member/state.hpp"

namespace readback {

/// Nothing for what is this host's own business.
std::optional<FleetWord> Member::State::word_of_event(const Event& event) const {
  FleetWord w;
  const auto about = [&](const std::string& incident) {
    const auto* open = engine.open_record(incident);
    if (!open || !voted(open->boundary)) return false;
    w.target = open->target, w.boundary = open->boundary;
    return true;
  };
  if (const auto* e = std::get_if<Acknowledged>(&event)) {
    w.kind = WordKind::acknowledge, w.by = e->by;
    return about(e->incident_id) ? std::optional(w) : std::nullopt;
  }
  if (const auto* e = std::get_if<ResolveAttested>(&event)) {
    w.kind = WordKind::resolve, w.by = e->by;
    w.text = e->runbook + (e->note.empty() ? "" : ": " + e->note);
    return about(e->incident_id) ? std::optional(w) : std::nullopt;
  }
  if (const auto* e = std::get_if<SilenceAdded>(&event)) {
    const auto& s = e->silence;
    w.kind = WordKind::silence, w.by = s.by, w.text = s.reason, w.target = s.target, w.boundary = s.boundary;
    w.lasts = std::max(Millis(0), Millis(s.expires_at - now.wall));
    w.begins_in = std::clamp(Millis(s.starts_at - now.wall), Millis(0), w.lasts);
    w.until_resolved = s.until_resolved;
    return w;
  }
  if (const auto* e = std::get_if<SymptomSaid>(&event); e && !e->target.empty()) {
    w.kind = WordKind::symptom, w.by = e->by, w.text = e->text, w.target = e->target;
    return w;
  }
  return std::nullopt;
}

/// Nobody waits for its answer.
void Member::State::quietly(Event event) {
  auto actions = engine.handle(std::move(event), now);
  std::erase_if(actions, [](const Action& a) { return std::holds_alternative<Answer>(a); });
  pass_on(std::move(actions));
}

void Member::State::word_true(const FleetWord& word) {
  const auto* open = word.boundary ? engine.open_record(word.target, *word.boundary) : nullptr;
  switch (word.kind) {
    case WordKind::acknowledge:
      if (open) quietly(Acknowledged{open->id, word.by, std::nullopt});
      return;
    case WordKind::resolve:
      if (open) quietly(ResolveAttested{open->id, word.text, "said on " + word.host, word.by, std::nullopt});
      return;
    case WordKind::silence: {
      Silence s;
      s.target = word.target, s.boundary = word.boundary, s.by = word.by;
      s.reason = word.text + " (said on " + word.host + ")";
      s.starts_at = now.wall + word.begins_in, s.expires_at = now.wall + word.lasts;
      s.until_resolved = word.until_resolved, s.is_from_elsewhere = true;
      return quietly(SilenceAdded{std::move(s)});
    }
    case WordKind::symptom: {
      // An incident that an operator declares is that host's; here it belongs to what is open already.
      if (!engine.open_records(word.target).empty())
        quietly(SymptomSaid{word.text, word.target, word.by, std::nullopt, ""});
      return;
    }
  }
}

}  // namespace readback
