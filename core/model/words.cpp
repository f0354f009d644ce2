// The words of the model's enumerations, in both directions, and the few lookups on raw reads.
#include <array>
#include <cctype>

#include "core/model/alert_event.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/reading.hpp"
#include "core/model/record.hpp"
#include "core/model/verdict.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

/// The enumerator at the word's place; every table below stands in the order of its enumeration.
template <class E, std::size_t N>
std::optional<E> find_word(const std::array<std::string_view, N>& words, std::string_view word) {
  for (std::size_t i = 0; i < N; ++i)
    if (words[i] == word) return static_cast<E>(i);
  return std::nullopt;
}

template <class E, std::size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, E e) {
  return words[static_cast<std::size_t>(e)];
}

constexpr std::array<std::string_view, 10> transport_faults{"refused",  "reset",     "timeout",  "dns",      "tls",
                                                            "protocol", "too_large", "no_route", "resolver", "local"};
constexpr std::array<std::string_view, 3> check_faults{"timeout", "signal", "spawn"};
constexpr std::array<std::string_view, 8> readings{"pass",        "warn",   "fail",    "unknown",
                                                   "unreachable", "denied", "missing", "throttled"};
constexpr std::array<std::string_view, 3> check_results{"in_sync", "drift", "broken"};
constexpr std::array<std::string_view, 6> boundaries{"observer", "outage", "security", "drift", "readiness", "product"};
constexpr std::array<std::string_view, 4> severities{"info", "warning", "error", "critical"};
constexpr std::array<std::string_view, 4> extents{"intermittent", "stale", "degraded", "total"};
constexpr std::array<std::string_view, 9> event_kinds{
    "firing", "escalated", "reminder", "acknowledged", "intermittent", "recovered", "relapsed", "resolved", "test"};
constexpr std::array<std::string_view, 4> condition_states{"unmet", "met", "not_applicable", "unattested"};
constexpr std::array<std::string_view, 5> incident_states{"inhibited", "muted", "firing", "recovered", "resolved"};

}  // namespace

std::string_view to_string(TransportFault f) { return word_of(transport_faults, f); }
std::optional<TransportFault> parse_transport_fault(std::string_view w) {
  return find_word<TransportFault>(transport_faults, w);
}
bool is_our_side(TransportFault f) { return f >= TransportFault::no_route; }
std::string_view to_string(CheckFault f) { return word_of(check_faults, f); }
std::optional<CheckFault> parse_check_fault(std::string_view w) { return find_word<CheckFault>(check_faults, w); }
std::string_view to_string(Reading r) { return word_of(readings, r); }
std::string_view to_string(CheckResult r) { return word_of(check_results, r); }
std::string_view to_string(Boundary b) { return word_of(boundaries, b); }
std::optional<Boundary> parse_boundary(std::string_view w) { return find_word<Boundary>(boundaries, w); }
std::string_view to_string(Severity s) { return word_of(severities, s); }
std::optional<Severity> parse_severity(std::string_view w) { return find_word<Severity>(severities, w); }
std::string_view to_string(Extent e) { return word_of(extents, e); }
std::optional<Extent> parse_extent(std::string_view w) { return find_word<Extent>(extents, w); }
std::string_view to_string(EventKind k) { return word_of(event_kinds, k); }
std::optional<EventKind> parse_event_kind(std::string_view w) { return find_word<EventKind>(event_kinds, w); }
std::string_view to_string(ConditionState::State s) { return word_of(condition_states, s); }
std::string_view to_string(IncidentState s) { return word_of(incident_states, s); }

std::string upper(Boundary b) {
  std::string word(to_string(b));
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const Header& h : headers)
    if (same_without_case(h.name, name)) return &h.value;
  return nullptr;
}

std::size_t said_bytes(const RawRead& read) {
  if (const auto* http = std::get_if<HttpAnswer>(&read.answer)) return http->body.size();
  if (const auto* run = std::get_if<CheckRun>(&read.answer)) return run->out.size() + run->err.size();
  return 0;
}

ReadKind kind_of(std::string_view read) {
  if (read.starts_with("check:")) return ReadKind::check;
  if (read.starts_with("path:")) return ReadKind::path;
  if (read.starts_with("reference:")) return ReadKind::reference;
  return ReadKind::surface;
}

std::string_view bare_name(std::string_view read) {
  return kind_of(read) == ReadKind::surface ? read : read.substr(read.find(':') + 1);
}

}  // namespace readback
