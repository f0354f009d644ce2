// The effective configuration as text, and what only the host can say about it.
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/load.hpp"
#include "config/scalars.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace {

class Printer {
 public:
  /// For people, secrets are masked; for the digest they stand as their own digest.
  explicit Printer(bool for_digest) : for_digest_(for_digest) {}

  std::string print(const Config& c) {
    out_.SetIndent(2);
    out_ << YAML::BeginMap;
    key("environment", c.environment);
    if (!c.host.empty()) key("host", c.host);
    out_ << YAML::Key << "targets" << YAML::Value << YAML::BeginSeq;
    for (const auto& t : c.targets) target(t);
    out_ << YAML::EndSeq;
    begin("alerts");
    key("renotify", c.alerts.renotify);
    out_ << YAML::Key << "sinks" << YAML::Value << YAML::BeginSeq;
    for (const auto& s : c.alerts.sinks) sink(s);
    out_ << YAML::EndSeq;
    end();
    if (c.heartbeat.url) {
      begin("heartbeat");
      secret("url", *c.heartbeat.url);
      key("interval", c.heartbeat.interval);
      end();
    }
    begin("evidence");
    begin("keep");
    key("days", std::to_string(c.evidence.keep_time / std::chrono::hours(24)));
    key("size", write_size(c.evidence.keep_bytes));
    end();
    begin("redact");
    list("keys", c.evidence.redact.keys);
    list("patterns", c.evidence.redact.patterns);
    end();
    begin("commands");
    for (const auto& command : c.evidence.commands) check(command);
    end();
    end();
    begin("resolution");
    key("settle", c.resolution.settle);
    key("require_attestation", c.resolution.require_attestation);
    end();
    begin("control");
    key("socket", c.control.socket);
    key("group", c.control.group);
    end();
    if (!c.http.listen.empty()) {
      begin("http");
      key("listen", c.http.listen);
      end();
    }
    begin("store");
    key("path", c.store.path);
    end();
    begin("log");
    constexpr const char* levels[] = {"debug", "info", "warning", "error"};
    constexpr const char* formats[] = {"auto", "text", "json", "journal"};
    key("level", std::string(levels[static_cast<int>(c.log.level)]));
    key("format", std::string(formats[static_cast<int>(c.log.format)]));
    end();
    out_ << YAML::EndMap;
    return std::string(out_.c_str()) + "\n";
  }

 private:
  void begin(const char* name) { out_ << YAML::Key << name << YAML::Value << YAML::BeginMap; }
  void end() { out_ << YAML::EndMap; }
  void key(const char* name, const std::string& value) { out_ << YAML::Key << name << YAML::Value << value; }
  void key(const char* name, bool value) { out_ << YAML::Key << name << YAML::Value << (value ? "true" : "false"); }
  void key(const char* name, Millis value) { key(name, write_duration(value)); }
  void number(const char* name, int value) { key(name, std::to_string(value)); }
  void list(const char* name, const std::vector<std::string>& values) {
    out_ << YAML::Key << name << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const auto& v : values) out_ << v;
    out_ << YAML::EndSeq;
  }
  template <class Set>
  void set(const char* name, const Set& values) {
    list(name, {values.begin(), values.end()});
  }

  void secret(const SecretRef& ref) {
    const auto reference = [&](const char* kind) {
      out_ << YAML::Flow << YAML::BeginMap << YAML::Key << kind << YAML::Value << ref.value << YAML::EndMap;
    };
    switch (ref.from) {
      case SecretRef::From::plain: out_ << (for_digest_ ? sha256_hex(ref.value) : masked(ref.value)); break;
      case SecretRef::From::credential: reference("credential"); break;
      case SecretRef::From::file: reference("file"); break;
      case SecretRef::From::env: reference("env"); break;
    }
  }
  /// A plain address keeps its host, which is no secret; its path and query often are one.
  static std::string masked(const std::string& value) {
    const auto scheme = value.find("://");
    if (scheme != value.npos && (value.starts_with("http://") || value.starts_with("https://"))) {
      const auto path = value.find_first_of("/?#", scheme + 3);
      return path == value.npos || path + 1 == value.size() ? value : value.substr(0, path + 1) + "masked";
    }
    return value.starts_with("whsec_") ? "whsec_bWFza2Vk" : "masked";
  }
  /// What is called like a secret is one, wherever it stands: a variable of a check, an argument, a query.
  static bool is_called_secret(std::string_view name) {
    std::string plain;
    for (char c : name)
      if (std::isalnum(static_cast<unsigned char>(c)))
        plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* word : {"token", "secret", "passw", "passphrase", "apikey", "accesskey", "privatekey",
                             "routingkey", "credential", "authorization", "signature", "cookie"})
      if (plain.find(word) != plain.npos) return true;
    return plain == "key" || plain == "auth" || plain == "sig" || plain == "pw" || plain == "pass";
  }
  std::string shown(std::string_view name, const std::string& value) const {
    return !for_digest_ && is_called_secret(name) ? "masked" : value;
  }
  /// `--token=…` and `--token …`.
  static std::vector<std::string> masked_arguments(std::vector<std::string> arguments) {
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      const std::string& option = arguments[i - 1];
      if (option.starts_with("-") && option.find('=') == option.npos && is_called_secret(option) &&
          !arguments[i].starts_with("-"))
        arguments[i] = "masked";
      const auto equals = arguments[i].find('=');
      if (equals != std::string::npos && is_called_secret(std::string_view(arguments[i]).substr(0, equals)))
        arguments[i].replace(equals + 1, std::string::npos, "masked");
    }
    return arguments;
  }
  std::string masked_query(const std::string& url) const {
    const auto query = url.find('?');
    if (for_digest_ || query == url.npos) return url;
    std::string out = url.substr(0, query + 1);
    for (std::size_t at = query + 1; at <= url.size();) {
      const auto end = std::min(url.find('&', at), url.size());
      const std::string pair = url.substr(at, end - at);
      const auto equals = pair.find('=');
      const bool hide = equals != pair.npos && is_called_secret(std::string_view(pair).substr(0, equals));
      out += hide ? pair.substr(0, equals + 1) + "masked" : pair;
      if (end < url.size()) out += '&';
      at = end + 1;
    }
    return out;
  }
  void secret(const char* name, const SecretRef& ref) {
    out_ << YAML::Key << name << YAML::Value;
    secret(ref);
  }
  void headers(const std::vector<std::pair<std::string, SecretRef>>& all) {
    if (all.empty()) return;
    begin("headers");
    for (const auto& [name, ref] : all) secret(name.c_str(), ref);
    end();
  }
  void tls(const TlsConfig& t) {
    begin("tls");
    if (!t.ca_file.empty()) key("ca_file", t.ca_file);
    if (!t.cert_file.empty()) key("cert_file", t.cert_file);
    if (!t.key_file.empty()) key("key_file", t.key_file);
    if (!t.server_name.empty()) key("server_name", t.server_name);
    key("verify", t.verify);
    key("expires_within", t.expires_within);
    end();
  }
  void words(const Words& w) {
    if (w.pass.empty() && w.warn.empty() && w.fail.empty() && w.neutral.empty()) return;
    begin("words");
    set("pass", w.pass);
    set("warn", w.warn);
    set("fail", w.fail);
    set("neutral", w.neutral);
    end();
  }

  void target(const TargetConfig& t) {
    out_ << YAML::BeginMap;
    key("name", t.name);
    key("base_url", t.base_url);
    key("interval", t.interval);
    key("timeout", t.timeout);
    key("jitter", std::to_string(t.jitter_percent) + "%");
    key("request_budget", std::to_string(t.request_budget_per_minute) + "/min");
    headers(t.headers);
    tls(t.tls);
    begin("confirm");
    number("failures", t.confirm.failures);
    key("spacing", t.confirm.spacing);
    number("recoveries", t.confirm.recoveries);
    end();
    key("stale_after", t.stale_after);
    key("episode_window", t.episode_window);
    words(t.words);
    begin("surfaces");
    for (const auto& s : t.surfaces) surface(s);
    for (const auto& built_in : default_surfaces())
      if (std::none_of(t.surfaces.begin(), t.surfaces.end(),
                       [&](const SurfaceConfig& s) { return s.name == built_in.name; }))
        out_ << YAML::Key << built_in.name << YAML::Value << YAML::Null;
    end();
    begin("checks");
    for (const auto& c : t.checks) check(c);
    end();
    out_ << YAML::Key << "paths" << YAML::Value << YAML::BeginSeq;
    for (const auto& p : t.paths) path(p);
    out_ << YAML::EndSeq;
    std::vector<std::string> references;
    for (const auto& r : t.references) references.push_back(masked_query(r));
    list("references", references);
    key("blind_limit", t.blind_limit);
    begin("runbooks");
    for (const auto& [b, r] : t.runbooks) {
      begin(std::string(to_string(b)).c_str());
      if (!r.title.empty()) key("title", r.title);
      if (!r.url.empty()) key("url", r.url);
      if (!r.owner.empty()) key("owner", r.owner);
      if (!r.next_safe_step.empty()) key("next_safe_step", r.next_safe_step);
      end();
    }
    end();
    out_ << YAML::Key << "maintenance" << YAML::Value << YAML::BeginSeq;
    for (const auto& w : t.maintenance) window(w);
    out_ << YAML::EndSeq << YAML::EndMap;
  }
  void surface(const SurfaceConfig& s) {
    begin(s.name.c_str());
    key("path", masked_query(s.path));
    key("role", std::string(to_string(s.role)));
    if (!s.verdict.empty()) key("verdict", s.verdict);
    if (!s.critical_items.empty()) list("critical_items", s.critical_items);
    if (s.stale_after) key("stale_after", *s.stale_after);
    words(s.words);
    if (s.version_header) key("version_header", true);
    if (!s.volatile_fields.empty()) list("volatile", s.volatile_fields);
    end();
  }
  void check(const CheckConfig& c) {
    begin(c.name.c_str());
    list("command", for_digest_ ? c.command : masked_arguments(c.command));
    if (!c.cwd.empty()) key("cwd", c.cwd);
    key("timeout", c.timeout);
    if (c.role == CheckRole::materialization) {
      key("role", std::string("materialization"));
      key("interval", c.interval);
      begin("exit_codes");
      codes("in_sync", c.in_sync_exits);
      codes("drift", c.drift_exits);
      codes("broken", c.broken_exits);
      end();
    }
    if (!c.env.empty()) {
      begin("env");
      for (const auto& [name, value] : c.env) key(name.c_str(), shown(name, value));
      end();
    }
    begin("sandbox");
    key("network", std::string(to_string(c.sandbox.network)));
    key("require", c.sandbox.require);
    list("unix_sockets", c.sandbox.unix_sockets);
    list("read_paths", c.sandbox.read_paths);
    end();
    end();
  }
  void codes(const char* word, const std::set<int>& all) {
    if (all.empty()) return;
    out_ << YAML::Key << word << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (int code : all) out_ << code;
    out_ << YAML::EndSeq;
  }
  void path(const PathConfig& p) {
    out_ << YAML::BeginMap;
    key("name", p.name);
    key("kind", std::string(to_string(p.kind)));
    key("url", masked_query(p.url));
    if (p.timeout) key("timeout", *p.timeout);
    begin("expect");
    if (!p.expect.status.empty()) {
      out_ << YAML::Key << "status" << YAML::Value << YAML::Flow << YAML::BeginSeq;
      for (int status : p.expect.status) out_ << status;
      out_ << YAML::EndSeq;
    }
    if (!p.expect.body_contains.empty()) key("body_contains", p.expect.body_contains);
    if (!p.expect.json.empty()) {
      begin("json");
      for (const auto& [pointer, value] : p.expect.json) key(pointer.c_str(), value);
      end();
    }
    if (p.expect.max_latency) key("max_latency", *p.expect.max_latency);
    end();
    out_ << YAML::EndMap;
  }
  void window(const MaintenanceWindow& w) {
    constexpr const char* names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    out_ << YAML::BeginMap;
    if (!w.days.empty()) {
      std::vector<std::string> days;
      for (int d : w.days) days.emplace_back(names[d]);
      list("days", days);
    }
    char clock[8];
    std::snprintf(clock, sizeof clock, "%02d:%02d", w.from_minute / 60 % 24, w.from_minute % 60);
    out_ << YAML::Key << "from" << YAML::Value << YAML::DoubleQuoted << clock;
    key("for", w.length);
    key("timezone", w.timezone);
    out_ << YAML::EndMap;
  }
  void sink(const SinkConfig& s) {
    out_ << YAML::BeginMap;
    key("name", s.name);
    key("type", std::string(to_string(s.type)));
    if (s.type == SinkType::pagerduty) secret("routing_key", s.routing_key);
    if (s.type == SinkType::alertmanager) {
      out_ << YAML::Key << "urls" << YAML::Value << YAML::BeginSeq;
      for (const auto& url : s.urls) secret(url);
      out_ << YAML::EndSeq;
    } else if (!s.urls.empty()) {
      secret("url", s.urls.front());
    }
    if (!s.secrets.empty()) {
      out_ << YAML::Key << "secrets" << YAML::Value << YAML::BeginSeq;
      for (const auto& each : s.secrets) secret(each);
      out_ << YAML::EndSeq;
    }
    if (!s.boundaries.empty()) {
      std::vector<std::string> names;
      for (Boundary b : s.boundaries) names.emplace_back(to_string(b));
      list("boundaries", names);
    }
    if (!s.targets.empty()) list("targets", s.targets);
    key("min_severity", std::string(to_string(s.min_severity)));
    key("dedup_scope", std::string(s.dedup_scope == DedupScope::host ? "host" : "platform"));
    key("timeout", s.timeout);
    headers(s.headers);
    tls(s.tls);
    out_ << YAML::EndMap;
  }

  bool for_digest_;
  YAML::Emitter out_;
};

/// In the folders that a check's PATH names; empty when it is in none.
std::string found(const std::string& name) {
  for (const char* folder : {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return "";
}

/// The interpreter that a script's first line asks for and this host does not have.
std::string missing_interpreter(const std::string& script) {
  std::ifstream in(script);
  std::string line;
  if (!std::getline(in, line) || !line.starts_with("#!")) return "";
  std::istringstream words(line.substr(2));
  std::string interpreter, word;
  words >> interpreter;
  if (!interpreter.ends_with("/env")) return ::access(interpreter.c_str(), X_OK) == 0 ? "" : interpreter;
  while (words >> word)
    if (!word.starts_with("-")) return found(word).empty() && word.find('/') == word.npos ? word : "";
  return "";
}

void look_at_command(const CheckConfig& c, const std::string& file, std::vector<ConfigProblem>& out) {
  if (c.command.empty()) return;  // told as what it is, a mistake in the file
  const auto problem = [&](const FilePlace& at, const std::string& text, const std::string& suggestion,
                           bool warning = false) {
    out.push_back({file, at.line, at.column, warning, "the check " + c.name + ": " + text, suggestion});
  };
  const auto in_cwd = [&](const std::string& path) {
    return path.starts_with("/") || c.cwd.empty() ? path : c.cwd + "/" + path;
  };
  struct stat info {};
  const bool cwd_fine = c.cwd.empty() || (::stat(c.cwd.c_str(), &info) == 0 && S_ISDIR(info.st_mode));
  if (!cwd_fine)
    problem(c.cwd_at, "the folder " + c.cwd + " is not there", "correct its cwd");
  else if (!c.cwd.empty() && ::access(c.cwd.c_str(), X_OK) != 0)
    problem(c.cwd_at, "the folder " + c.cwd + " cannot be entered by this user", "the daemon's user must be able to",
            true);
  const std::string& name = c.command[0];
  const bool is_path = name.find('/') != name.npos;
  if (is_path && !name.starts_with("/") && !cwd_fine) return;  // one mistake is enough
  const std::string program = is_path ? in_cwd(name) : found(name);
  if (program.empty())
    problem(c.command_at, "no program `" + name + "` is found on this host",
            name == "python" && !found("python3").empty() ? "python3 is there" : "give its whole path");
  else if (::access(program.c_str(), F_OK) != 0)
    problem(c.command_at, program + " is not there", "correct the command");
  else if (::access(program.c_str(), X_OK) != 0 || (::stat(program.c_str(), &info) == 0 && S_ISDIR(info.st_mode)))
    problem(c.command_at, program + " is not executable", "chmod +x, or name its interpreter first");
  else if (const auto interpreter = missing_interpreter(program); !interpreter.empty())
    problem(c.command_at, program + " asks for " + interpreter + ", which is not on this host",
            "name its interpreter first");
  for (std::size_t i = 1; i < c.command.size(); ++i) {
    const std::string& arg = c.command[i];
    if (!arg.ends_with(".py") && !arg.ends_with(".sh")) continue;
    const std::string script = in_cwd(arg);
    if ((arg.starts_with("/") || cwd_fine) && ::access(script.c_str(), R_OK) != 0)
      problem(c.command_at, "the script " + script + " cannot be read", "correct the command or its cwd");
    break;
  }
}

}  // namespace

std::string print_config(const Config& config) { return Printer(false).print(config); }
std::string config_digest(const Config& config) { return sha256_hex(Printer(true).print(config)); }

std::vector<ConfigProblem> problems_on_host(const Config& config, const std::string& file) {
  std::vector<ConfigProblem> out;
  const auto readable = [&](const FilePlace& at, const std::string& path, const char* what) {
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
      out.push_back({file, at.line, at.column, false,
                     std::string(what) + " " + path + " cannot be read: " + std::strerror(errno),
                     "correct the path, or who may read it"});
  };
  for (const auto& t : config.targets) {
    for (const auto& c : t.checks) look_at_command(c, file, out);
    readable(t.tls.at, t.tls.ca_file, "the CA file");
    readable(t.tls.at, t.tls.cert_file, "the certificate");
    readable(t.tls.at, t.tls.key_file, "the key");
  }
  for (const auto& c : config.evidence.commands) look_at_command(c, file, out);
  for (const auto& s : config.alerts.sinks) {
    readable(s.tls.at, s.tls.ca_file, "the CA file");
    readable(s.tls.at, s.tls.cert_file, "the certificate");
    readable(s.tls.at, s.tls.key_file, "the key");
  }
  return out;
}

}  // namespace readback
