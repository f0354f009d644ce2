#include "daemon/app/prepare.hpp"

#include <unistd.h>

#include "daemon/platform/secrets.hpp"

namespace readback {

std::string host_name(const Config& config) {
  if (!config.host.empty()) return config.host;
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return *name ? name : "localhost";
}

Prepared prepare(const std::string& path) {
  Prepared out;
  auto loaded = load_config(path);
  for (const auto& p : loaded.problems) (p.warning ? out.warnings : out.troubles).push_back(to_string(p));
  if (!out.ok()) return out;
  out.config = std::move(loaded.config);
  out.digest = config_digest(out.config);

  const auto look_up = [&](const SecretRef& ref, const std::string& whose) -> std::string {
    auto found = reveal(ref);
    if (auto* trouble = std::get_if<SecretTrouble>(&found)) {
      out.troubles.push_back(path + (ref.line ? ":" + std::to_string(ref.line) : "") + ": " + whose + ": " +
                             trouble->text);
      return "";
    }
    auto value = std::get<std::string>(found);
    if (ref.from != SecretRef::From::plain) out.secrets.push_back(value);
    return value;
  };
  for (const auto& t : out.config.targets) {
    TargetReader::Headers headers;
    for (const auto& [name, ref] : t.headers)
      headers.emplace_back(name, look_up(ref, "the header " + name + " of the target " + t.name));
    auto reader = TargetReader::make(t, std::move(headers));
    if (auto* trouble = std::get_if<std::string>(&reader))
      out.troubles.push_back(path + ": " + *trouble);
    else
      out.readers[t.name] = std::get<std::shared_ptr<const TargetReader>>(reader);
  }
  for (const auto& s : out.config.alerts.sinks) {
    const std::string whose = "the sink " + s.name;
    for (const auto& url : s.urls) look_up(url, whose);
    for (const auto& secret : s.secrets) look_up(secret, whose);
    if (s.type == SinkType::pagerduty) look_up(s.routing_key, whose);
    for (const auto& [name, ref] : s.headers) look_up(ref, whose);
  }
  if (out.config.heartbeat.url) look_up(*out.config.heartbeat.url, "the heartbeat");
  return out;
}

}  // namespace readback
