#include "daemon/app/prepare.hpp"

#include <unistd.h>

#include <filesystem>

#include "core/alert/signature.hpp"
#include "core/evidence/redact.hpp"
#include "daemon/check/sandbox.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/sinks/post.hpp"

namespace readback {

std::string host_name(const Config& config) {
  if (!config.host.empty()) return config.host;
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return *name ? name : "localhost";
}

std::string confine_daemon(const Config& config) {
  const std::filesystem::path store = config.store.path,
                              sockets = std::filesystem::path(config.control.socket).parent_path();
  for (const auto& folder : {store, sockets}) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    // Whoever opens the store or the socket tells it better, and can only if the kernel's own reason still shows.
    if (!std::filesystem::is_directory(folder, failed)) return folder.string() + " is not there to be confined to";
  }
  const auto confined = confine_self({store.string(), sockets.string()});
  return confined ? "" : confined.error();
}

std::vector<ConfigProblem> pattern_problems(const Config& config, const std::string& file) {
  std::vector<ConfigProblem> out;
  const auto& redact = config.evidence.redact;
  for (const auto& refused : unusable_patterns(redact))
    out.push_back({file, redact.at.line, redact.at.column, false, "evidence.redact.patterns: " + refused,
                   "an expression of RE2, without look-around and back-references"});
  return out;
}

Prepared prepare(const std::string& path) {
  Prepared out;
  auto loaded = load_config(path);
  for (const auto& p : loaded.problems) (p.warning ? out.warnings : out.troubles).push_back(to_string(p));
  if (!out.ok()) return out;
  out.config = std::move(loaded.config);
  out.digest = config_digest(out.config);

  for (const auto& p : pattern_problems(out.config, path)) out.troubles.push_back(to_string(p));
  const auto trouble_at = [&](const FilePlace& at, const std::string& text) {
    out.troubles.push_back(to_string(ConfigProblem{path, at.line, at.column, false, text, ""}));
  };
  const auto keep_secret = [&](const std::string& value) {
    for (auto& part : secrets_in(value)) out.secrets.push_back(std::move(part));
  };
  /// `secret`: it is one even where the file has it in plain text.
  const auto look_up = [&](const SecretRef& ref, const std::string& whose, bool secret) -> std::string {
    auto found = reveal(ref);
    if (auto* trouble = std::get_if<SecretTrouble>(&found)) {
      trouble_at(ref.at, whose + ": " + trouble->text);
      return "";
    }
    auto value = std::get<std::string>(found);
    if (secret || ref.from != SecretRef::From::plain) keep_secret(value);
    return value;
  };
  // What only shows once the secret is known. The file itself is judged where it is loaded.
  const auto address = [&](const SecretRef& ref, const std::string& whose, bool secret) {
    const auto value = look_up(ref, whose, secret);
    if (value.empty() || ref.from == SecretRef::From::plain) return;
    if (const auto parsed = parse_sink_url(value); !parsed) trouble_at(ref.at, whose + ": " + parsed.error());
  };
  const auto signing_key = [&](const SecretRef& ref, const std::string& whose) {
    const auto value = look_up(ref, whose, true);
    if (!value.empty() && !parse_webhook_secret(value))
      trouble_at(ref.at, whose + ": the webhook secret is not of the form whsec_<base64>");
  };
  TlsClients clients;
  for (const auto& t : out.config.targets) {
    TargetReader::Headers headers;
    for (const auto& [name, ref] : t.headers)
      headers.emplace_back(name,
                           look_up(ref, "the header " + name + " of the target " + t.name, is_secret_header(name)));
    auto reader = TargetReader::make(t, std::move(headers), clients);
    if (!reader)
      trouble_at(t.tls.at, reader.error());
    else
      out.readers[t.name] = *reader;
  }
  for (const auto& s : out.config.alerts.sinks) {
    const std::string whose = "the sink " + s.name;
    for (const auto& url : s.urls) address(url, whose, s.type == SinkType::slack);
    for (const auto& secret : s.secrets) signing_key(secret, whose);
    if (s.type == SinkType::pagerduty) look_up(s.routing_key, whose, true);
    for (const auto& [name, ref] : s.headers) look_up(ref, whose, is_secret_header(name));
  }
  if (out.config.heartbeat.url) address(*out.config.heartbeat.url, "the heartbeat", false);
  const auto keep_variables = [&](const std::vector<CheckConfig>& commands) {
    for (const auto& c : commands)
      for (const auto& [name, value] : c.env)
        if (is_secret_header(name)) keep_secret(value);
  };
  for (const auto& t : out.config.targets) keep_variables(t.checks);
  keep_variables(out.config.evidence.commands);
  return out;
}

}  // namespace readback
