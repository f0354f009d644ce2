#pragma once
// The words of the model's enumerations: one table each, in the order of its enumeration, for both directions. What is
// stored or sent is the word, never the number, and what comes back is looked up: a damaged or foreign text is no
// value.
#include <array>
#include <optional>
#include <string_view>

#include "core/model/alert_event.hpp"
#include "core/model/incident.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/reading.hpp"
#include "core/model/record.hpp"
#include "core/model/verdict.hpp"

namespace readback {

template <std::size_t N>
using WordTable = std::array<std::string_view, N>;

constexpr WordTable<10> words_of(TransportFault) {
  return {"refused", "reset", "timeout", "dns", "tls", "protocol", "too_large", "no_route", "resolver", "local"};
}
constexpr WordTable<3> words_of(CheckFault) { return {"timeout", "signal", "spawn"}; }
constexpr WordTable<8> words_of(Reading) {
  return {"pass", "warn", "fail", "unknown", "unreachable", "denied", "missing", "throttled"};
}
constexpr WordTable<3> words_of(CheckResult) { return {"in_sync", "drift", "broken"}; }
constexpr WordTable<6> words_of(Boundary) {
  return {"observer", "outage", "security", "drift", "readiness", "product"};
}
constexpr WordTable<4> words_of(Severity) { return {"info", "warning", "error", "critical"}; }
constexpr WordTable<4> words_of(Extent) { return {"intermittent", "stale", "degraded", "total"}; }
constexpr WordTable<11> words_of(EventKind) {
  return {"firing",   "escalated", "reminder", "acknowledged",   "intermittent", "recovered",
          "relapsed", "resolved",  "test",     "silence_begins", "silence_ends"};
}
constexpr WordTable<4> words_of(ConditionState::State) { return {"unmet", "met", "not_applicable", "unattested"}; }
constexpr WordTable<5> words_of(IncidentState) { return {"inhibited", "muted", "firing", "recovered", "resolved"}; }

constexpr WordTable<availabilities> words_of(Availability) {
  return {"up", "impaired", "outage", "maintenance", "unknown"};
}

/// The enumerator that the word names.
template <class E>
std::optional<E> parse_word(std::string_view word) {
  static constexpr auto words = words_of(E{});
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<E>(i);
  return std::nullopt;
}

/// "invalid" for a value that no enumerator has: nothing behind a table is ever read.
template <class E>
std::string_view word_of(E e) {
  static constexpr auto words = words_of(E{});
  const auto i = static_cast<std::size_t>(e);
  return i < words.size() ? words[i] : "invalid";
}

}  // namespace readback
