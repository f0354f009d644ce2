#pragma once
// What passes between the book of one host and the others that watch the same target: what it sees, and what they all
// agree on.
#include <string>
#include <vector>

#include "core/codec/fields.hpp"
#include "core/model/alert_event.hpp"
#include "core/model/verdict.hpp"

namespace readback {

/// What the hosts of a fleet agree on about one boundary.
struct Agreement {
  EventKind kind = EventKind::firing;  ///< firing, escalated, recovered, relapsed, resolved
  Severity severity = Severity::error;
  bool total = false;
  std::string votes;         ///< "seen from 5 of 7 hosts, not from a, b"; "" when nobody was counted
  std::string green_on;      ///< hosts that see it no more
  bool was_vantage = false;  ///< the way to the target was blamed before: the same episode
};

template <class V, Is<Agreement> X>
void fields(V& visit, X& x) {
  visit("kind", x.kind);
  visit("severity", x.severity);
  visit("total", x.total);
  visit("votes", x.votes);
  visit("green_on", x.green_on);
  visit("was_vantage", x.was_vantage);
}

/// What one host sees of one boundary, for the others.
struct SeenHere {
  Boundary boundary = Boundary::outage;
  bool is_confirmed = false;  ///< and this host would page it: what is held back here is a suspicion
  bool holds_now = true;      ///< false: the last sweep was well, and it takes more of them until it is over
  Severity severity = Severity::error;
  bool total = false;
  std::vector<std::string> reasons;
};

}  // namespace readback
