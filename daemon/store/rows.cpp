// The few judgements about rows that memory and disk must make alike.
#include "daemon/store/rows.hpp"

#include <tuple>

namespace readback {

bool is_newer(const IncidentRow& a, const IncidentRow& b) {
  return std::tie(a.opened_at, a.id) > std::tie(b.opened_at, b.id);
}

bool matches(const IncidentRow& row, const IncidentSearch& search) {
  using Which = IncidentSearch::Which;
  return (search.target.empty() || row.target == search.target) && row.id.starts_with(search.begins) &&
         row.opened_at >= search.since &&
         (search.which == Which::all || (search.which == Which::open) == !row.resolved_at.has_value());
}

}  // namespace readback
