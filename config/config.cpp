// Defaults that need code: the four built-in surfaces, and the words of the configuration's enumerations.
#include "config/config.hpp"

namespace readback {

std::string_view to_string(SurfaceRole r) {
  switch (r) {
    case SurfaceRole::health: return "health";
    case SurfaceRole::services: return "services";
    case SurfaceRole::readiness: return "readiness";
    case SurfaceRole::security: return "security";
  }
  return "?";
}

std::string_view to_string(Network n) {
  switch (n) {
    case Network::none: return "none";
    case Network::loopback: return "loopback";
    case Network::any: return "any";
  }
  return "?";
}

bool is_same_question(const CheckConfig& a, const CheckConfig& b) {
  return a.name == b.name && a.role == b.role && a.command == b.command && a.cwd == b.cwd && a.env == b.env &&
         a.in_sync_exits == b.in_sync_exits && a.drift_exits == b.drift_exits && a.broken_exits == b.broken_exits &&
         a.sandbox == b.sandbox;
}

std::string_view to_string(PathKind k) {
  switch (k) {
    case PathKind::user: return "user";
    case PathKind::agent: return "agent";
    case PathKind::automation: return "automation";
  }
  return "?";
}

std::string_view to_string(SinkType t) {
  switch (t) {
    case SinkType::webhook: return "webhook";
    case SinkType::pagerduty: return "pagerduty";
    case SinkType::alertmanager: return "alertmanager";
    case SinkType::slack: return "slack";
  }
  return "?";
}

std::vector<SurfaceConfig> default_surfaces() {
  std::vector<SurfaceConfig> all(4);
  all[0].name = "health", all[0].path = "/health", all[0].role = SurfaceRole::health;
  all[1].name = "services", all[1].path = "/api/v1/platform/services", all[1].role = SurfaceRole::services;
  all[2].name = "observability", all[2].path = "/api/v1/observability/readiness", all[2].role = SurfaceRole::readiness;
  all[3].name = "security", all[3].path = "/api/v1/security/readiness", all[3].role = SurfaceRole::security;
  return all;
}

TargetConfig default_target(std::string name) {
  TargetConfig target;
  target.name = std::move(name);
  target.surfaces = default_surfaces();
  return target;
}

}  // namespace readback
