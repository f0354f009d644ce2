// The healthy bodies, route by route, as the platform's documentation shows them.
#include "tests/support/platform/platform.hpp"

#include <boost/json.hpp>
#include <cstdio>
#include <ctime>

namespace readback::sim {
namespace {

namespace json = boost::json;

struct Service {
  const char* name;
  int port;
  const char* owner_repo;
  const char* detail;
};

// The services that the documentation names, with the ports that it shows.
constexpr Service services[] = {
    {"jhf-fabric-api", 38080, "jhf-fabric", "control plane"},
    {"dapr-sidecar", 3500, "jhf-fabric", "invocation, state store, pub/sub"},
    {"nats-jetstream", 8222, "jhf-fabric", "durable async transport"},
    {"postgres", 5432, "jhf-fabric", "durable state"},
    {"jhf-warp-api", 18086, "jhf-warp", "work ownership"},
    {"jhf-dobby", 18096, "jhf-dobby", "observe_only"},
    {"jhf-pattern-backend", 18070, "jhf-pattern", "mission control v2"},
    {"jhf-spool", 18110, "jhf-spool", "documents"},
    {"jhf-shuttle-mailbox-adapter", 58805, "jhf-shuttle", "mail intake"},
    {"jhf-heddle-keycloak", 18090, "jhf-heddle", "federated identity"},
    {"jhf-reed", 18120, "jhf-reed", "policy"},
    {"openclaw-gateway", 18789, "openclaw", "provider 1"},
    {"jhf-spindle", 18130, "jhf-spindle", "ERPNext bridge"},
    {"jhf-wire-n8n", 5678, "jhf-wire", "automation lane"},
};

json::object item(std::string_view name, std::string_view status, std::string_view detail) {
  json::object o;
  o["name"] = name;
  o["status"] = status;
  o["detail"] = detail;
  return o;
}

Answer answer_json(json::object body) {
  Answer a;
  a.headers.emplace_back("Content-Type", "application/json");
  a.body = json::serialize(body);
  return a;
}

json::object readiness(const Mood& mood, WallTime now, json::array checks) {
  json::object o;
  o["status"] = "ready";
  o["generated_at"] = python_stamp(now - mood.stamp_age);
  o["generated_from"] = "repository_landscape_v1@2026-09-23T21:13:04.694295+00:00";
  o["version"] = mood.version;
  o["checks"] = std::move(checks);
  o["blockers"] = json::array();
  o["warnings"] = json::array();
  return o;
}

}  // namespace

const std::vector<std::string>& routes() {
  static const std::vector<std::string> all{"/health",
                                            "/api/v1/platform/services",
                                            "/api/v1/observability/readiness",
                                            "/api/v1/security/readiness",
                                            "/api/v1/recovery/readiness",
                                            "/api/v1/signoff/readiness",
                                            "/api/v1/docs/readiness",
                                            "/api/v1/platform/version-truth",
                                            "/app/checkout",
                                            "/agent/tasks",
                                            "/automation/lane"};
  return all;
}

std::string python_stamp(WallTime t) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(t.time_since_epoch()).count();
  const std::time_t s = us / 1000000;
  std::tm tm{};
  gmtime_r(&s, &tm);
  char text[64];
  char whole[96];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  std::snprintf(whole, sizeof whole, "%s.%06d+00:00", text, static_cast<int>(us % 1000000));
  return whole;
}

std::string http_date(WallTime t) {
  const std::time_t s = std::chrono::system_clock::to_time_t(t);
  std::tm tm{};
  gmtime_r(&s, &tm);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
  return text;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 410: return "Gone";
    case 422: return "Unprocessable Entity";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
  }
  return "Status";
}

Answer healthy(std::string_view path, const Mood& mood, WallTime now, std::uint64_t count) {
  const std::string version = mood.other_version.empty() || count % 2 == 0 ? mood.version : mood.other_version;
  if (path == "/health") {
    json::object o;
    o["status"] = "ok";
    o["service"] = "jhf-fabric";
    o["version"] = mood.version;
    return answer_json(std::move(o));
  }
  if (path == "/api/v1/platform/services") {
    json::object o;
    o["generated_at"] = python_stamp(now - mood.stamp_age);
    o["version"] = version;
    o["request_id"] = "req-" + std::to_string(100000 + count);
    json::array list;
    for (const Service& s : services) {
      json::object one = item(s.name, s.name == mood.down_service ? "down" : "up", s.detail);
      one["version"] = version;
      one["port"] = s.port;
      one["owner_repo"] = s.owner_repo;
      list.push_back(std::move(one));
    }
    o["services"] = std::move(list);
    return answer_json(std::move(o));
  }
  if (path == "/api/v1/observability/readiness") {
    std::string lag = "lag 0";
    for (const std::string& text : mood.leak) lag += " " + text;
    return answer_json(
        readiness(mood, now,
                  {item("otel-collector", "ready", "exporting"), item("prometheus", "ready", "14 targets"),
                   item("jetstream-consumers", "ready", lag), item("log-pipeline", "ready", "")}));
  }
  if (path == "/api/v1/security/readiness") {
    json::object o = readiness(
        mood, now,
        {item("identity-provider", "ready", "federated"), item("policy-bundle", "in_sync", "policy_v1@2026-11-20"),
         item("secret-rotation", "ok", "next in 12 days")});
    o["posture"] = "green";
    return answer_json(std::move(o));
  }
  if (path == "/api/v1/recovery/readiness")
    return answer_json(readiness(mood, now, {item("backups", "ready", "last 02:00"), item("restore-drill", "ok", "")}));
  if (path == "/api/v1/signoff/readiness")
    return answer_json(readiness(mood, now, {item("release-signoff", "ready", "2026.11.3")}));
  if (path == "/api/v1/docs/readiness") return answer_json(readiness(mood, now, {item("publication", "ready", "")}));
  if (path == "/api/v1/platform/version-truth") {
    json::object o;
    o["version"] = version;
    o["aligned"] = true;
    return answer_json(std::move(o));
  }
  if (path == "/app/checkout") {
    Answer a;
    a.headers.emplace_back("Content-Type", "text/html; charset=utf-8");
    a.body =
        "<!doctype html><html><head><title>Checkout</title></head><body><main id=\"checkout\" "
        "data-state=\"ready\">Checkout ready</main></body></html>\n";
    return a;
  }
  if (path == "/agent/tasks") {
    json::object o;
    o["state"] = "accepting";
    o["last_transition"] = json::object{{"task", "task-7"}, {"from", "queued"}, {"to", "running"}};
    return answer_json(std::move(o));
  }
  if (path == "/automation/lane") {
    json::object o;
    o["lane"] = "n8n";
    o["eric_available"] = true;
    o["status"] = "ok";
    return answer_json(std::move(o));
  }
  Answer a = answer_json(json::object{{"detail", "Not Found"}});
  a.status = 404;
  return a;
}

}  // namespace readback::sim
