// What the fleet has decided is recorded beside the reads of a sweep, with the votes and the views that counted: so it
// is in the evidence and in an export, and a replay decides the same (core/replay). It goes with the sweep of its own
// round, or else with the next one, and says whether that was judged before or after it.
#include <algorithm>

#include "core/codec/state_visit.hpp"
#include "core/fleet/json.hpp"
#include "core/member/state.hpp"

namespace readback {
namespace {

constexpr std::size_t most_decided = 64;  // that wait for a sweep
constexpr int counted = 200;              // it is kept like an answer

std::string text_of(const Turned& turned, const Agreement& agreement, bool before) {
  auto text = write_object({}, [&](StateWriter& w) {
    w("schema", std::string("readback.votes/v1"));
    fields(w, agreement);
    w("before_sweep", before);
    w("yes", turned.votes.who);
    w("no", turned.votes.who_not);
    w("silent", turned.votes.who_else);
  });
  text.pop_back();
  text += ",\"views\":[";
  for (const auto& view : turned.views) text += (text.back() == '[' ? "" : ",") + write(view);
  return text + "]}";
}

JudgedRead read_of(const Turned& turned, const Agreement& agreement, WallTime at, bool before) {
  JudgedRead read;
  read.raw.read = "votes:" + std::string(word_of(turned.subject));
  read.raw.at = at;
  read.raw.answer = HttpAnswer{counted, {}, text_of(turned, agreement, before)};
  read.word = to_string(turned.kind);
  return read;
}

/// Two of one moment would be one read twice.
WallTime free_moment(const SweepRecord& sweep, const std::string& name, WallTime at) {
  const auto is_taken = [&](const JudgedRead& r) { return r.raw.read == name && r.raw.at == at; };
  while (std::any_of(sweep.reads.begin(), sweep.reads.end(), is_taken)) at += Millis(1);
  return at;
}

}  // namespace

void Member::State::record_votes(bool before) {
  for (auto& action : out) {
    auto* record = std::get_if<Record>(&action);
    if (!record) continue;
    auto& sweep = record->sweep;
    for (const auto& d : decided) {
      if (d.turned.target != sweep.target) continue;
      auto read = read_of(d.turned, d.agreement, d.at, before);
      read.raw.at = free_moment(sweep, read.raw.read, d.at);
      sweep.reads.push_back(std::move(read));
    }
    std::erase_if(decided, [&](const Decided& d) { return d.turned.target == sweep.target; });
  }
  if (decided.size() > most_decided)
    decided.erase(decided.begin(), decided.end() - static_cast<std::ptrdiff_t>(most_decided));
}

}  // namespace readback
