#pragma once
// A fleet in which something of everything is wrong, as its host tells it.
#include "core/model/view.hpp"

namespace readback {

/// Of four hosts one is silent, one has left, and one is not well; the outage is told to one sink of two.
inline FleetOverview example_fleet() {
  FleetOverview f;
  f.name = "prod";
  f.host = "host-7";
  f.is_connected = true;
  f.server = "nats://10.0.0.1:4222";
  MemberView self, unwell, silent, left;
  self.host = "host-7", self.version = "0.1.0", self.is_self = true, self.heard_ago = Millis(0);
  self.targets = {{"fabric", "outage"}, {"second", "green"}};
  unwell.host = "host-2", unwell.version = "0.1.0", unwell.heard_ago = Millis(1240), unwell.lag = Seconds(6);
  unwell.targets = {{"fabric", "outage"}, {"second", "unknown"}};
  unwell.troubles = {"the store cannot be written: disk full"};
  silent.host = "host-4", silent.version = "0.0.9", silent.state = "silent", silent.heard_ago = Seconds(134);
  silent.targets = {{"fabric", "green"}};
  left.host = "host-9", left.version = "0.1.0", left.state = "left", left.heard_ago = Seconds(300);
  f.members = {unwell, silent, self, left};
  f.claims = {{"fabric", "outage", "hook", "", "", 3, {"host-2", "host-7"}, 4},
              {"fabric", "outage", "pager", "host-7", "critical", 3, {}, 0}};
  f.unshipped = 2;
  f.disagreements = 5;
  return f;
}

}  // namespace readback
