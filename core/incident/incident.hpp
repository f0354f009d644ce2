#pragma once
// One incident with what the state machine has to remember about it, and its verbs.
#include <optional>
#include <string>

#include "core/model/record.hpp"
#include "core/text/name_set.hpp"

namespace readback {

struct ProofRules;

/// What an operator says of it, in the words of whoever is hurt.
struct Symptom {
  std::string text, by;          ///< by: "" is an unnamed operator
  std::optional<Extent> extent;  ///< as it was seen
  std::string exposed_by;        ///< "user:NAME"; "" when nobody was named
};

/// An operator's word that a runbook was used.
struct Attestation {
  std::string runbook, note, by;
};

/// What is remembered of an incident that several hosts share: what this one sees of it. What is told of it is what
/// they agree on (Casebook::turn).
struct SharedLife {
  bool is_clear_here = false;           ///< it does not hold here, or does no more
  bool would_page = false;              ///< this host would call somebody: it is confirmed, not inhibited and not muted
  Severity severity = Severity::error;  ///< as it is seen here
  bool total = false;
  std::string votes;     ///< "seen from 5 of 7 hosts, not from a, b"
  std::string green_on;  ///< "a, b, c": the hosts by whose sweeps it is over
};

/// "an operator" for whoever gave no name.
std::string someone(const std::string& by);

/// Only core/incident changes one: who stands outside gets it const, and asks the casebook.
struct Incident {
  IncidentRecord record;  ///< without its conditions: shown()
  bool paged = false;     ///< a `firing` has gone out: what follows is told too, whatever is muted meanwhile
  bool flapping = false, told_flapping = false;
  bool told_total = false;  ///< once it was: total again after it has flapped is no news
  int passes = 0;           ///< consecutive sweeps in which the boundary's own reads were made and pass
  int worse = 0;            ///< consecutive sweeps in which it was worse than what was paged
  int attempts = 0;         ///< sweeps or results that confirmed it
  MonoTime opened{}, confirmed{}, spoken{};  ///< spoken: the last page or reminder
  std::optional<MonoTime> paged_from;        ///< the first page
  std::string leader;        ///< the incident of the same cause that was paged first, or itself; "": nobody groups
  bool told_spread = false;  ///< how many targets have the same cause was said once
  NameSet called;            ///< sinks that were called because nobody had acknowledged it
  std::optional<MonoTime> recovered;
  std::optional<MonoTime> green_since;  ///< the target has been fully green since then; unset while it is not
  NameSet blamed;                       ///< every read that was at fault at some time
  NameSet failed_paths;                 ///< bare names
  NameSet gone;                         ///< reads that it waited for and that are no longer configured
  NameSet verified;                     ///< reads that were made after the recovery and are green
  bool saw_green = false;               ///< a fully green sweep has come since it was told, or since it opened
  bool sealed_before_green = false;
  std::string sealed_id;  ///< the first snapshot that was sealed before it
  std::optional<WallTime> sealed_at;
  std::string symptom_by;  ///< empty: what failed first was taken for it
  std::optional<WallTime> symptom_at;
  std::string check_ran;  ///< "check:materialization said drift"; empty: none ran during the incident
  std::optional<WallTime> check_ran_at;
  bool attested = false;  ///< the operator named the runbook that was used
  std::string attested_runbook, attested_note, attested_by;
  std::optional<WallTime> attested_at, verified_at;
  std::optional<SharedLife> shared;  ///< unset on a host alone, and of what each host decides for itself

  Millis waited_since_page(MonoTime now) const { return now - paged_from.value_or(confirmed); }
  /// Confirmed and not over: it inhibits its consequences.
  bool is_active() const { return record.is_open() && record.state != IncidentState::recovered; }
  /// As it is told and shown: the six conditions are laid out then, and never held.
  IncidentRecord shown(const ProofRules& rules) const;
  /// `shown` is its record as it is told; as a snapshot holds it that is sealed now, what the snapshot itself proves is
  /// written before it is sealed.
  IncidentRecord as_sealed(IncidentRecord shown, WallTime at) const;

  /// One more entry in its timeline.
  void note(WallTime at, std::string kind, std::string text);
  void record_symptom(const Symptom& said, WallTime at);
  /// Nothing is changed when somebody was first.
  void acknowledge(const std::string& by, WallTime at);
  void attest(const Attestation& word, WallTime at);
  /// A snapshot is on the disk. It is the proof of condition 2 when it is the first one and nothing was fully green
  /// before it. The incident goes on naming the snapshot of its page when an operator has asked for another.
  void sealed(const EvidenceRef& evidence, bool on_request, WallTime at);
  void seal_failed(const std::string& why, WallTime at);
  /// Somebody has been called already, or nobody may be: it waits, and says so once.
  void hold_back(IncidentState state, const char* why, WallTime at);
  /// What is no longer configured cannot get well, and cannot be read again: it is waited for no more, and that is
  /// noted.
  void forget_gone(const ProofRules& rules, WallTime at);
};

/// The same word about an incident that has ended: whoever has ended it writes it up in the morning.
void attest(IncidentRecord& ended, const Attestation& word, WallTime at);

}  // namespace readback
