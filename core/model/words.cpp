// The words of the model's enumerations as functions, and the few lookups and orders on what the model holds.
#include "core/model/words.hpp"

#include <algorithm>

#include "core/text/words.hpp"

namespace readback {
std::string_view to_string(TransportFault f) { return word_of(f); }
std::optional<TransportFault> parse_transport_fault(std::string_view w) { return parse_word<TransportFault>(w); }
bool is_our_side(TransportFault f) { return f >= TransportFault::no_route; }
std::string_view to_string(CheckFault f) { return word_of(f); }
std::optional<CheckFault> parse_check_fault(std::string_view w) { return parse_word<CheckFault>(w); }
std::string_view to_string(Reading r) { return word_of(r); }
std::string_view to_string(CheckResult r) { return word_of(r); }
std::string_view to_string(Boundary b) { return word_of(b); }
std::optional<Boundary> parse_boundary(std::string_view w) { return parse_word<Boundary>(w); }
std::string_view to_string(Severity s) { return word_of(s); }
std::string_view to_string(Extent e) { return word_of(e); }
std::optional<Extent> parse_extent(std::string_view w) { return parse_word<Extent>(w); }
std::string_view to_string(EventKind k) { return word_of(k); }
std::optional<EventKind> parse_event_kind(std::string_view w) { return parse_word<EventKind>(w); }
std::string_view to_string(ConditionState::State s) { return word_of(s); }
std::string_view to_string(IncidentState s) { return word_of(s); }
std::string_view to_string(Availability s) { return word_of(s); }

std::string_view ConditionState::title() const {
  static constexpr std::string_view titles[] = {"the original symptom was recorded",
                                                "health and readiness were captured before recovery",
                                                "repo/runtime drift was checked when relevant",
                                                "the narrowest owner runbook was used",
                                                "the same verification sequence is green after recovery",
                                                "one representative failing path works again"};
  return number >= 1 && number <= static_cast<int>(std::size(titles)) ? titles[number - 1] : std::string_view();
}

std::string upper(Boundary b) { return upper_case(to_string(b)); }

bool conditions_hold(const std::vector<ConditionState>& conditions) {
  return !conditions.empty() &&
         std::all_of(conditions.begin(), conditions.end(), [](const ConditionState& c) { return c.holds(); });
}

bool is_same_cause(const IncidentRecord& a, const IncidentRecord& b) {
  return a.first_failure && b.first_failure && a.boundary == b.boundary &&
         a.first_failure->read == b.first_failure->read && a.first_failure->reason == b.first_failure->reason;
}

bool shown_before(const IncidentRecord& a, const IncidentRecord& b) {
  const auto rank = [](const IncidentRecord& i) {
    switch (i.state) {
      case IncidentState::firing: return 0;
      case IncidentState::recovered: return 1;
      case IncidentState::muted: return 2;
      case IncidentState::inhibited: return 3;
      case IncidentState::resolved: return 4;
    }
    return 4;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (a.is_open() && a.severity != b.severity) return a.severity > b.severity;
  return a.opened_at > b.opened_at;
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
  if (read.starts_with("votes:")) return ReadKind::votes;
  return ReadKind::surface;
}

std::string_view bare_name(std::string_view read) {
  return kind_of(read) == ReadKind::surface ? read : read.substr(read.find(':') + 1);
}

std::string bare_reason(const std::string& read, const std::string& reason) {
  for (const std::string& name : {read, std::string(bare_name(read))})
    if (reason.size() > name.size() + 2 && reason.starts_with(name) && reason.compare(name.size(), 2, ": ") == 0)
      return reason.substr(name.size() + 2);
  return reason;
}

}  // namespace readback
