#pragma once
// Which incidents somebody asks for, in the words of an address: of the control socket and of the pages alike.
#include <optional>

#include "daemon/api/backend.hpp"
#include "daemon/http/exchange.hpp"

namespace readback {

struct IncidentsAsked {
  IncidentQuery query;
  std::optional<Problem> wrong;
};

/// Of `?state=&target=&boundary=&since=&q=&limit=`. A target that is not watched finds nothing.
IncidentsAsked incidents_asked(const Request& q, WallTime at);

}  // namespace readback
