#pragma once
// What the state file keeps of the incidents' room, said once for writing and reading (core/codec/fields.hpp has the
// idea).
#include "core/codec/fields.hpp"
#include "core/incident/casebook.hpp"

namespace readback {

template <class V, Is<SharedLife> X>
void fields(V& visit, X& x) {
  visit("clear_here", x.is_clear_here);
  visit("would_page", x.would_page);
  visit("severity", x.severity);
  visit("total", x.total);
  visit("votes", x.votes);
  visit("green_on", x.green_on);
}

template <class V, Is<Incident> X>
void fields(V& visit, X& x) {
  visit("record", x.record);
  visit("paged", x.paged);
  visit("flapping", x.flapping);
  visit("told_flapping", x.told_flapping);
  visit("told_total", x.told_total);
  visit("passes", x.passes);
  visit("worse", x.worse);
  visit("attempts", x.attempts);
  visit("opened", x.opened);
  visit("confirmed", x.confirmed);
  visit("spoken", x.spoken);
  visit("paged_from", x.paged_from);
  visit("called", x.called);
  visit("recovered", x.recovered);
  visit("green_since", x.green_since);
  visit("blamed", x.blamed);
  visit("failed_paths", x.failed_paths);
  visit("gone", x.gone);
  visit("verified", x.verified);
  visit("saw_green", x.saw_green);
  visit("sealed_before_green", x.sealed_before_green);
  visit("sealed_id", x.sealed_id);
  visit("sealed_at", x.sealed_at);
  visit("symptom_by", x.symptom_by);
  visit("symptom_at", x.symptom_at);
  visit("check_ran", x.check_ran);
  visit("check_ran_at", x.check_ran_at);
  visit("attested", x.attested);
  visit("attested_runbook", x.attested_runbook);
  visit("attested_note", x.attested_note);
  visit("attested_by", x.attested_by);
  visit("attested_at", x.attested_at);
  visit("verified_at", x.verified_at);
  if (!std::is_const_v<X> || !x.leader.empty()) visit("leader", x.leader), visit("told_spread", x.told_spread);
  if (!std::is_const_v<X> || x.shared) visit("shared", x.shared);  // a host alone writes what it always did
  if constexpr (!std::is_const_v<X>) x.record.conditions.clear();  // of a version that kept them
}

template <class V, Is<FlapWindow> X>
void fields(V& visit, X& x) {
  std::uint32_t bits = x.bits();
  int count = x.count();
  visit("bits", bits);
  visit("count", count);
  if constexpr (!std::is_const_v<X>) x = FlapWindow::from(bits, count);
}

template <class V, Is<Track> X>
void fields(V& visit, X& x) {
  visit("holding", x.holding);
  visit("holding_since", x.holding_since);
  visit("holding_from", x.holding_from);
  visit("first_sweep", x.first_sweep);
  visit("check_ran", x.check_ran);
  visit("check_ran_at", x.check_ran_at);
  visit("flap", x.flap);
  visit("incident", x.incident);
}

template <class V, Is<Episode> X>
void fields(V& visit, X& x) {
  visit("id", x.id);
  visit("first", x.first);
  visit("of_never_there", x.is_of_never_there);
  visit("bad_at", x.bad_at);
}

template <class V, Is<Casebook> X>
void fields(V& visit, X& x) {
  X::visit_kept(visit, x);
}

}  // namespace readback
