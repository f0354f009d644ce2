// Whether this is a watch at all. One rule for whoever asks: the dead man's switch, /readyz, the alarm about ourselves
// and the service manager; each sentence is something that keeps us from seeing, from proving or from telling.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

/// The page has left without its evidence, and nothing is green yet: it can still be proven what there was to see.
bool lacks_evidence(const Incident& i) {
  return i.paged && i.record.is_open() && i.record.evidence.empty() && !i.saw_green && !i.attested;
}

}  // namespace

void Engine::State::note_what_cannot_be_read(TargetState& t, const std::vector<JudgedRead>& reads) {
  t.cannot_read.clear();
  for (const auto& read : reads) {
    const auto* failure = std::get_if<TransportError>(&read.raw.answer);
    if (kind_of(read.raw.read) != ReadKind::surface) continue;
    if (!failure || failure->fault != TransportFault::local) return t.cannot_read.clear();
    t.cannot_read = failure->detail;
  }
}

void Engine::State::note_what_cannot_be_started(TargetState& t, const RawRead& check) {
  const auto* run = std::get_if<CheckRun>(&check.answer);
  if (run && run->fault == CheckFault::spawn)
    t.not_started[check.read] = run->detail;
  else
    t.not_started.erase(check.read);
}

/// A page does not wait for evidence that cannot be sealed; what could prove it is sealed as soon as the disk takes it.
void Engine::State::seal_again(Actions& out, TargetState& t) {
  std::erase_if(t.unsealed, [&](const auto& entry) {
    const auto* i = t.book.find(entry.first);
    return !i || !lacks_evidence(*i);
  });
  std::vector<SnapshotOrder> orders;
  for (const auto* i : t.book.open_incidents()) {
    if (!lacks_evidence(*i)) continue;
    auto [known, is_new] = t.unsealed.try_emplace(i->record.id);  // new: of before a restart
    if (!is_new && now.mono - known->second.asked < seal_again_after) continue;
    known->second.asked = now.mono;
    if (is_new) known->second.why = "the one of its page was lost";
    auto order = snapshot_of(t, i->as_sealed(shown(t, *i), now.wall), "page");
    order.again = true;
    orders.push_back(std::move(order));
  }
  for (auto& order : orders) seal(out, std::move(order), {});
}

std::vector<std::string> Engine::impairments(Instant now) const {
  std::vector<std::string> out;
  for (const auto& [name, t] : state_->targets) {
    if (t->timetable.is_overdue(now.mono))
      out.push_back("no sweep of target " + name +
                    " counts: " + (t->void_reason.empty() ? "none has come back in time" : t->void_reason));
    if (!t->cannot_read.empty()) out.push_back("target " + name + " cannot be read by this host: " + t->cannot_read);
    for (const auto& [check, why] : t->not_started)
      out.push_back("the " + check + " of target " + name + " cannot be run by this host: " + why);
    for (const auto& [id, unsealed] : t->unsealed)
      if (const auto* i = t->book.find(id); i && !unsealed.why.empty() && lacks_evidence(*i))
        out.push_back("no evidence of incident " + id + " can be sealed: " + unsealed.why);
  }
  return out;
}

std::vector<std::string> Engine::yet_to_begin(Instant now) const {
  std::vector<std::string> out;
  for (const auto& [name, t] : state_->targets)
    if (!t->timetable.is_watching(now.mono) && !t->timetable.is_overdue(now.mono))
      out.push_back("target " + name + " was not swept yet");
  return out;
}

bool Engine::is_stuck() const {
  const auto& all = state_->targets;
  return !all.empty() && std::all_of(all.begin(), all.end(),
                                     [](const auto& entry) { return entry.second->timetable.has_lost_sweeps(); });
}

std::uint64_t Engine::sweeps_counted() const { return state_->sweeps_counted; }

}  // namespace readback
