// The loudest wins; an unknown target is worse than a warning, for nobody knows what it hides.
#include "core/model/loudness.hpp"

#include <algorithm>

namespace readback {
namespace {

int rank(const Loudness& l) {
  if (l.word == "critical") return 4;
  if (l.word == "error") return 3;
  if (l.word == "unknown") return 2;
  return l.word == "warning" ? 1 : 0;
}

Loudness worse(Loudness a, Loudness b) { return rank(b) > rank(a) ? b : a; }

Loudness loudness_of(Severity s) {
  switch (s) {
    case Severity::info:
    case Severity::warning: return {"warning", 1};
    case Severity::error: return {"error", 2};
    case Severity::critical: return {"critical", 2};
  }
  return {"unknown", 3};
}

}  // namespace

Loudness loudness_of(const TargetView& target) {
  if (target.severity) return loudness_of(*target.severity);
  if (target.primary == "green") return {"green", 0};
  return {"unknown", 3};
}

std::vector<std::string> impairments(const DaemonView& daemon) {
  std::vector<std::string> out;
  if (!daemon.store_ok) out.push_back("the store cannot be written: " + daemon.store_error);
  out.insert(out.end(), daemon.unwatched.begin(), daemon.unwatched.end());
  return out;
}

std::string why_nobody_is_told(const std::vector<SinkView>& sinks) {
  if (sinks.empty()) return "no sink is configured: nobody is paged (man 5 readback.yaml, alerts)";
  const bool all_off = std::all_of(sinks.begin(), sinks.end(), [](const SinkView& s) { return s.state == "off"; });
  return all_off ? "every sink is off: nobody is paged until they are corrected and reloaded" : "";
}

std::vector<std::string> own_troubles(const DaemonView& daemon) {
  std::vector<std::string> out = impairments(daemon);
  for (const auto& sink : daemon.sinks) {
    if (sink.state == "broken") out.push_back("sink " + sink.name + " is broken: " + sink.detail);
    if (sink.state == "off") out.push_back("sink " + sink.name + " is off: " + sink.detail);
  }
  if (!daemon.reload_ok)
    out.push_back("the last reload was refused, the old configuration is in force: " + daemon.reload_error);
  return out;
}

Loudness loudness_of(const View& view) {
  Loudness out{"green", 0};
  if (view.engine.targets.empty()) out = {"unknown", 3};
  for (const auto& target : view.engine.targets) out = worse(out, loudness_of(target));
  if (!view.daemon.reload_ok || !view.daemon.unwatched.empty()) out = worse(out, {"warning", 1});
  const auto lost = [](const SinkView& s) { return s.state == "broken" || s.state == "off"; };
  if (!view.daemon.store_ok || std::any_of(view.daemon.sinks.begin(), view.daemon.sinks.end(), lost))
    out = worse(out, {"error", 2});
  return out;
}

namespace {

Loudness loudness_of(const ClaimView& claim) {
  if (claim.told.empty()) return claim.tries > 0 ? Loudness{"error", 2} : Loudness{"warning", 1};
  for (const auto severity : {Severity::info, Severity::warning, Severity::error, Severity::critical})
    if (claim.told == to_string(severity)) return loudness_of(severity);
  return {"unknown", 3};
}

}  // namespace

Loudness loudness_of(const FleetOverview& fleet) {
  Loudness out{"green", 0};
  if (!fleet.is_connected || !fleet.troubles.empty()) out = worse(out, {"warning", 1});
  for (const auto& member : fleet.members) {
    if (member.is_doubled) out = worse(out, {"error", 2});
    if (member.state == "silent" || !member.troubles.empty()) out = worse(out, {"warning", 1});
  }
  for (const auto& claim : fleet.claims) out = worse(out, loudness_of(claim));
  return out;
}

}  // namespace readback
