// Looks up what a configuration names (secrets, certificates) before anything starts, and joins what it finds missing
// to the mistakes of the file.
#include "daemon/app/prepare.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/alert/signature.hpp"
#include "core/redaction/redactor.hpp"
#include "daemon/check/sandbox.hpp"
#include "daemon/evidence/libarchive.hpp"
#include "daemon/platform/secrets.hpp"
#include "daemon/runtime/private_folder.hpp"
#include "daemon/sinks/post.hpp"

namespace readback {

std::string host_name(const Config& config) {
  if (!config.host.empty()) return config.host;
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return *name ? name : "localhost";
}

Result<void> confine_daemon(const Config& config) {
  const std::filesystem::path store = config.store.path,
                              sockets = std::filesystem::path(config.control.socket).parent_path();
  const auto below = sockets.lexically_normal().lexically_relative(store.lexically_normal());
  const bool socket_inside = !below.empty() && *below.begin() != "..";
  std::error_code failed;
  // The socket is for its group: the way to it is open to all, as it would be in /run.
  if (std::filesystem::create_directories(sockets, failed)) (void)::chmod(sockets.c_str(), 0755);
  (void)make_private_folder(store, socket_inside ? others_pass : for_us_only);
  // Whoever opens the store or the socket tells it better, and can only if the kernel's own reason still shows.
  for (const auto& folder : {store, sockets})
    if (!std::filesystem::is_directory(folder, failed))
      return Failure{folder.string() + " is not there to be confined to"};
  return confine_self({store.string(), sockets.string()});
}

std::vector<std::string> own_paths(const Config& config, const std::string& config_path) {
  std::vector<std::string> own{config.store.path, config_path, config.control.socket};
  own.insert(own.end(), config.included_files.begin(), config.included_files.end());
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY"); credentials && *credentials)
    own.emplace_back(credentials);
  const auto secret = [&](const SecretRef& ref) {
    if (ref.from == SecretRef::From::file) own.push_back(ref.value);
  };
  const auto secrets = [&](const auto& headers, const TlsConfig& tls) {
    for (const auto& [name, ref] : headers) secret(ref);
    if (!tls.key_file.empty()) own.push_back(tls.key_file);
  };
  for (const TargetConfig& t : config.targets) secrets(t.headers, t.tls);
  for (const auto& s : config.alerts.sinks) {
    secrets(s.headers, s.tls);
    for (const auto& url : s.urls) secret(url);
    for (const auto& each : s.secrets) secret(each);
    secret(s.routing_key);
    if (s.proxy.password) secret(*s.proxy.password);
  }
  if (config.heartbeat.url) secret(*config.heartbeat.url);
  const auto& nats = config.fleet.nats;
  for (const auto* each : {&nats.credentials, &nats.token, &nats.password})
    if (*each) secret(**each);
  secrets(decltype(SinkConfig::headers)(), nats.tls);
  return own;
}

LoadedConfig examine(const std::string& path) {
  auto loaded = load_config(path);
  loaded.add(problems_on_host(loaded.config, path));
  loaded.add(problems_of_access(loaded.config, path));
  // A start does not load it, and the first page is a bad time to learn that it is not there.
  if (const auto& library = libarchive(); !library)
    loaded.add(
        {{path, 0, 0, true, "no snapshot can be sealed: " + library.error(), "install the package of libarchive"}});
  return loaded;
}

namespace {

std::vector<std::string> files_of(const TargetConfig& t) {
  std::vector<std::string> files{t.tls.ca_file, t.tls.cert_file, t.tls.key_file};
  for (const auto& [name, ref] : t.headers)
    if (lies_in_a_file(ref)) files.push_back(path_of(ref));
  std::erase(files, "");
  return files;
}

/// What only shows once the secrets are known; the file itself is judged where it is loaded.
class Preparation {
 public:
  Preparation(Prepared& out, const std::string& path, Doing& doing) : out_(out), path_(path), doing_(doing) {}

  std::vector<ConfigProblem> run() {
    std::size_t place = 0;
    for (const TargetConfig& t : out_.config.targets) target(t, place++);
    for (const auto& s : out_.config.alerts.sinks) sink(s);
    if (out_.config.heartbeat.url) address(*out_.config.heartbeat.url, "the heartbeat", false);
    const auto& nats = out_.config.fleet.nats;
    for (const auto* each : {&nats.credentials, &nats.token, &nats.password})
      if (*each) look_up(**each, "the fleet", true);
    keep_variables(out_.config.evidence.commands);
    return std::move(problems_);
  }

 private:
  void problem(const FilePlace& at, const std::string& text) {
    problems_.push_back({at.file.empty() ? path_ : at.file, at.line, at.column, false, text, ""});
  }
  void keep_secret(const std::string& value) {
    for (auto& part : secrets_in(value)) out_.secrets.push_back(std::move(part));
  }
  /// `secret`: it is one even where the file has it in plain text. Empty when it could not be found, which is told.
  std::string look_up(const SecretRef& ref, const std::string& whose, bool secret) {
    doing_.now(whose);
    auto found = reveal(ref);
    if (!found) {
      problem(ref.at, whose + ": " + found.error());
      return "";
    }
    if (secret || ref.from != SecretRef::From::plain) keep_secret(*found);
    if (lies_in_a_file(ref)) out_.revealed[{ref.from, ref.value}] = *found;
    return *std::move(found);
  }
  void address(const SecretRef& ref, const std::string& whose, bool secret) {
    const auto value = look_up(ref, whose, secret);
    if (value.empty() || ref.from == SecretRef::From::plain) return;
    if (const auto parsed = parse_sink_url(value); !parsed) problem(ref.at, whose + ": " + parsed.error());
  }
  void signing_key(const SecretRef& ref, const std::string& whose) {
    const auto value = look_up(ref, whose, true);
    if (!value.empty() && !parse_webhook_secret(value))
      problem(ref.at, whose + ": the webhook secret is not of the form whsec_<base64>");
  }
  void target(const TargetConfig& t, std::size_t place) {
    auto& made = out_.targets[t.name];
    made.place = place;
    made.files = files_of(t);
    doing_.now("the files of the target " + t.name);
    made.stamp = stamp_of_files(made.files);
    TargetReader::Headers headers;
    for (const auto& [name, ref] : t.headers)
      headers.emplace_back(name,
                           look_up(ref, "the header " + name + " of the target " + t.name, is_secret_header(name)));
    doing_.now("the certificates of the target " + t.name);
    auto reader = TargetReader::make(t, std::move(headers), clients_);
    if (!reader)
      problem(t.tls.at, reader.error());
    else
      made.reader = *reader;
    keep_variables(t.checks);
  }
  void sink(const SinkConfig& s) {
    const std::string whose = "the sink " + s.name;
    for (const auto& url : s.urls) address(url, whose, is_chat(s.type));
    for (const auto& secret : s.secrets) signing_key(secret, whose);
    if (s.type == SinkType::pagerduty) look_up(s.routing_key, whose, true);
    if (s.proxy.password) look_up(*s.proxy.password, whose, true);
    for (const auto& [name, ref] : s.headers) look_up(ref, whose, is_secret_header(name));
  }
  void keep_variables(const std::vector<CheckConfig>& commands) {
    for (const auto& c : commands)
      for (const auto& [name, value] : c.env)
        if (is_secret_header(name)) keep_secret(value);
  }

  Prepared& out_;
  const std::string& path_;
  Doing& doing_;
  TlsClients clients_;
  std::vector<ConfigProblem> problems_;
};

}  // namespace

Prepared prepare(const std::string& path, Doing& doing) {
  Prepared out;
  doing.now("the file " + path);
  auto loaded = load_config(path);
  if (loaded.ok()) {
    out.config = std::move(loaded.config);
    out.digest = config_digest(out.config);
    loaded.add(Preparation(out, path, doing).run());
    doing.now("what the file names");
    loaded.add(problems_of_access(out.config, path));
  }
  for (const auto& p : loaded.problems) (p.warning ? out.warnings : out.troubles).push_back(to_string(p));
  return out;
}

const TargetConfig* Prepared::config_of(const std::string& target) const {
  const auto found = targets.find(target);
  return found == targets.end() ? nullptr : &*config.targets.at(found->second.place);
}

std::optional<RenewedTarget> renew(const TargetConfig& target, const PreparedTarget& known) {
  if (stamp_of_files(known.files) == known.stamp) return std::nullopt;
  Prepared one;
  Doing doing;
  const std::string no_path;  // the file is not read again
  one.config.targets = {target};
  const auto problems = Preparation(one, no_path, doing).run();
  RenewedTarget renewed{std::move(one.targets[target.name]), std::move(one.secrets), ""};
  if (!problems.empty()) {
    renewed.trouble = problems.front().text;
    renewed.target.reader.reset();
  }
  return renewed;
}

}  // namespace readback
