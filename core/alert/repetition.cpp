// An address that refuses is tried again with the same growing pauses as any sink, each by itself: a dead member of the
// cluster changes nothing for the others.
#include "core/alert/repetition.hpp"

#include <algorithm>

#include "core/alert/retry.hpp"

namespace readback {
namespace {

constexpr Millis repeat_every = Seconds(60);
constexpr Millis shortest_pause{500};

}  // namespace

void Repetition::reset(std::size_t addresses) { peers_.assign(addresses, {}); }

void Repetition::note(std::size_t address, bool accepted, MonoTime now) {
  if (address >= peers_.size()) return;  // a reload took it away meanwhile
  auto& peer = peers_[address];
  peer.failures = accepted ? 0 : peer.failures + 1;
  peer.next = now + (accepted ? repeat_every : std::max(shortest_pause, backoff_limit(peer.failures)));
}

std::vector<std::size_t> Repetition::due(MonoTime now) const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < peers_.size(); ++i)
    if (peers_[i].next <= now) all.push_back(i);
  return all;
}

MonoTime Repetition::next() const {
  MonoTime first = MonoTime::max();
  for (const auto& peer : peers_) first = std::min(first, peer.next);
  return first;
}

std::string Repetition::news(std::size_t address, bool accepted, const std::string& text) {
  if (address >= peers_.size()) return "";
  auto& peer = peers_[address];
  std::string told;
  if (!accepted && peer.trouble != text) told = text;
  if (accepted && !peer.trouble.empty())
    told = "accepts again after " + std::to_string(peer.failures) + " failures: " + peer.trouble;
  peer.trouble = accepted ? "" : text;
  return told;
}

}  // namespace readback
