// Defaults that need code: the four built-in surfaces. And the words of the configuration's enumerations, from the
// tables that stand beside them.
#include "core/config/config.hpp"

#include <span>

namespace readback {
namespace {

template <class E>
std::string_view word_of(std::span<const Worded<E>> words, E value) {
  for (const auto& each : words)
    if (each.value == value) return each.word;
  return "?";
}

}  // namespace

std::string_view to_string(SurfaceRole r) { return word_of<SurfaceRole>(surface_roles, r); }
std::string_view to_string(Network n) { return word_of<Network>(networks, n); }
std::string_view to_string(PathKind k) { return word_of<PathKind>(path_kinds, k); }
std::string_view to_string(SinkType t) { return word_of<SinkType>(sink_types, t); }

bool is_same_question(const CheckConfig& a, const CheckConfig& b) {
  return a.name == b.name && a.role == b.role && a.command == b.command && a.cwd == b.cwd && a.env == b.env &&
         a.in_sync_exits == b.in_sync_exits && a.drift_exits == b.drift_exits && a.broken_exits == b.broken_exits &&
         a.sandbox == b.sandbox;
}

std::vector<Shared<SurfaceConfig>> default_surfaces() {
  static const std::vector<Shared<SurfaceConfig>> all{
      SurfaceConfig{.name = "health", .path = "/health", .role = SurfaceRole::health},
      SurfaceConfig{.name = "services", .path = "/api/v1/platform/services", .role = SurfaceRole::services},
      SurfaceConfig{.name = "observability", .path = "/api/v1/observability/readiness", .role = SurfaceRole::readiness},
      SurfaceConfig{.name = "security", .path = "/api/v1/security/readiness", .role = SurfaceRole::security}};
  return all;
}

TargetConfig default_target(std::string name) {
  TargetConfig target;
  target.name = std::move(name);
  target.surfaces = default_surfaces();
  return target;
}

}  // namespace readback
