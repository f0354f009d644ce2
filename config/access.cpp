// Whoever may write the configuration, a secret or a folder on the way to one decides what this program does: what
// everybody may write is refused. What everybody may read although it is secret is told, because it may be meant so (a
// container's mount, a host with one user).
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "config/load.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

namespace fs = std::filesystem;

class AccessCheck {
 public:
  explicit AccessCheck(const std::string& file) : file_(file) {}

  /// `what` as in "the key": it stands before the path. `at` is where the configuration names it.
  void nobody_else_writes(const std::string& path, const std::string& what, FilePlace at) {
    std::error_code ec;
    const fs::path real = fs::canonical(path, ec);
    if (ec) return;  // that it is not there, or cannot be reached, is told by whoever reads it
    if (fs::is_regular_file(real, ec) && has(real, S_IWOTH))
      tell(at, false, what + " " + path + " can be changed by everybody on this host", "chmod o-w " + real.string());
    // Also on the way to a link: whoever replaces the link has replaced the file.
    for (const fs::path& way : {real, fs::absolute(path, ec)})
      for (fs::path folder = way.parent_path(); !folder.empty(); folder = folder.parent_path()) {
        if (has(folder, S_IWOTH) && !has(folder, S_ISVTX))
          tell(at, false,
               what + " " + path + " can be replaced by everybody on this host, who may write in " + folder.string(),
               "chmod o-w " + folder.string());
        if (folder == folder.root_path()) break;
      }
  }
  void nobody_else_reads(const std::string& path, const std::string& what, const std::string& why, FilePlace at) {
    std::error_code ec;
    if (fs::is_regular_file(path, ec) && has(path, S_IROTH))
      tell(at, true, what + " " + path + " can be read by everybody on this host" + why,
           "chmod o-r " + fs::canonical(path, ec).string());
  }
  void secret(const SecretRef& ref) {
    if (ref.from == SecretRef::From::file) {
      nobody_else_writes(ref.value, "the secret", ref.at);
      nobody_else_reads(ref.value, "the secret", "", ref.at);
    }
    // Who may read a credential is the service manager's to say.
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (ref.from == SecretRef::From::credential && folder)
      nobody_else_writes(std::string(folder) + "/" + ref.value, "the credential", ref.at);
  }
  void tls(const TlsConfig& tls) {
    nobody_else_writes(tls.ca_file, "the CA file", tls.at);
    nobody_else_writes(tls.cert_file, "the certificate", tls.at);
    nobody_else_writes(tls.key_file, "the key", tls.at);
    nobody_else_reads(tls.key_file, "the key", "", tls.at);
  }
  std::vector<ConfigProblem> done() { return std::move(problems_); }

 private:
  static bool has(const fs::path& path, mode_t bit) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && (info.st_mode & bit);
  }
  void tell(FilePlace at, bool warning, std::string text, std::string suggestion) {
    if (told_.insert(text).second)
      problems_.push_back(
          {at.file.empty() ? file_ : at.file, at.line, at.column, warning, std::move(text), std::move(suggestion)});
  }

  const std::string& file_;
  std::vector<ConfigProblem> problems_;
  std::set<std::string> told_;  ///< a file that several keys name is told of once
};

/// Every reference to a secret, and every plain text that may be one.
template <class Look>
void each_secret(const Config& config, Look look) {
  const auto headers = [&](const auto& list) {
    for (const auto& [name, ref] : list)
      if (const auto lower = lower_case(name); lower != "accept" && lower != "accept-language") look(ref);
  };
  for (const TargetConfig& t : config.targets) headers(t.headers);
  for (const auto& s : config.alerts.sinks) {
    headers(s.headers);
    for (const auto& secret : s.secrets) look(secret);
    if (s.proxy.password) look(*s.proxy.password);
    if (s.type == SinkType::pagerduty) look(s.routing_key);
    // The address of an incoming webhook is its key; where others listen is none.
    for (const auto& url : s.urls)
      if (is_chat(s.type) || url.from != SecretRef::From::plain) look(url);
  }
  const auto& nats = config.fleet.nats;
  for (const auto* each : {&nats.credentials, &nats.token, &nats.password})
    if (*each) look(**each);
  if (const auto& url = config.heartbeat.url; url && url->from != SecretRef::From::plain) look(*url);
}

}  // namespace

std::vector<ConfigProblem> problems_of_access(const Config& config, const std::string& file) {
  AccessCheck check(file);
  std::set<std::string> with_secrets;
  check.nobody_else_writes(file, "the configuration", {});
  for (const auto& part : config.included_files) check.nobody_else_writes(part, "the configuration", {});
  each_secret(config, [&](const SecretRef& ref) {
    check.secret(ref);
    if (ref.from == SecretRef::From::plain && !ref.value.empty())
      with_secrets.insert(ref.at.file.empty() ? file : ref.at.file);
  });
  for (const auto& part : with_secrets)
    check.nobody_else_reads(part, "the configuration", ", and secrets stand in it in plain text", {});
  for (const TargetConfig& t : config.targets) check.tls(t.tls);
  for (const auto& s : config.alerts.sinks) {
    check.tls(s.tls);
    check.nobody_else_writes(s.body.file, "the template", s.body.at);
  }
  check.tls(config.fleet.nats.tls);
  return check.done();
}

}  // namespace readback
