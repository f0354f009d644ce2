// Each setting that is not libnats' default says why.
#include "daemon/fleet/nats_options.hpp"

#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/text/utf8.hpp"
#include "core/text/words.hpp"
#include "daemon/platform/secrets.hpp"

namespace readback {
namespace {

constexpr int most_waiting_for_servers = 1;  ///< bytes; 0 would be libnats' 8 MiB
constexpr int callback_text_kept = 160;

/// Between a line that begins with `-----BEGIN NATS <what>` and the next one of dashes.
std::string block(std::string_view text, std::string_view what) {
  const auto lines = lines_of(text);
  for (std::size_t i = 0; i + 1 < lines.size(); ++i)
    if (lines[i].find("BEGIN") != std::string_view::npos && lines[i].find(what) != std::string_view::npos)
      return std::string(lines[i + 1]);
  return "";
}

char* copied(const std::string& text) { return ::strdup(text.c_str()); }

natsStatus tell_jwt(char** jwt, char** trouble, void* closure) {
  const auto text = reveal(*static_cast<const SecretRef*>(closure));
  const auto read = text ? read_credentials(*text) : text.failure();
  if (!read) return *trouble = copied(read.error()), NATS_ERR;
  *jwt = copied(read->first);
  return NATS_OK;
}

natsStatus sign(char** trouble, unsigned char** signature, int* length, const char* nonce, void* closure) {
  const auto text = reveal(*static_cast<const SecretRef*>(closure));
  const auto read = text ? read_credentials(*text) : text.failure();
  if (!read) return *trouble = copied(read.error()), NATS_ERR;
  return nats_Sign(read->second.c_str(), nonce, signature, length);
}

/// The first that fails, and what it was.
class Steps {
 public:
  void take(natsStatus status, const std::string& what) {
    if (status == NATS_OK || !trouble_.empty()) return;
    trouble_ = what + ": " + natsStatus_GetText(status);
    natsStatus last = status;
    if (const char* detail = nats_GetLastError(&last); detail && *detail)
      trouble_ += " (" + printable(detail, callback_text_kept) + ")";
  }
  void fail(const std::string& text) {
    if (trouble_.empty()) trouble_ = text;
  }
  const std::string& trouble() const { return trouble_; }

 private:
  std::string trouble_;
};

void log_in(natsOptions* o, const NatsConfig& where, Steps& steps) {
  if (where.credentials) {
    auto* ref = const_cast<SecretRef*>(&*where.credentials);
    steps.take(natsOptions_SetUserCredentialsCallbacks(o, tell_jwt, ref, sign, ref), "credentials of the fleet");
  }
  const auto told = [&](const SecretRef& ref, const char* what) {
    const auto text = reveal(ref);
    if (!text) steps.fail(std::string(what) + " of the fleet: " + text.error());
    return text ? *text : std::string();
  };
  if (where.token) steps.take(natsOptions_SetToken(o, told(*where.token, "token").c_str()), "token of the fleet");
  if (where.password)
    steps.take(natsOptions_SetUserInfo(o, where.user.c_str(), told(*where.password, "password").c_str()),
               "user of the fleet");
}

bool wants_tls(const NatsConfig& where) {
  bool wanted = !where.tls.ca_file.empty() || !where.tls.cert_file.empty();
  for (const auto& url : where.urls) wanted = wanted || url.starts_with("tls://");
  return wanted;
}

void secure(natsOptions* o, const TlsConfig& tls, Steps& steps) {
  steps.take(natsOptions_SetSecure(o, true), "TLS of the fleet");
  if (!tls.ca_file.empty()) steps.take(natsOptions_LoadCATrustedCertificates(o, tls.ca_file.c_str()), tls.ca_file);
  if (!tls.cert_file.empty())
    steps.take(natsOptions_LoadCertificatesChain(o, tls.cert_file.c_str(), tls.key_file.c_str()), tls.cert_file);
  if (!tls.server_name.empty())
    steps.take(natsOptions_SetExpectedHostname(o, tls.server_name.c_str()), tls.server_name);
  if (!tls.verify) steps.take(natsOptions_SkipServerVerification(o, true), "TLS of the fleet");
}

}  // namespace

Result<std::pair<std::string, std::string>> read_credentials(std::string_view text) {
  std::pair<std::string, std::string> read{block(text, "JWT"), block(text, "SEED")};
  if (read.first.empty() || read.second.empty()) return Failure{"the credentials hold no NATS user JWT with its seed"};
  return read;
}

Result<NatsOptions> nats_options(const NatsConfig& where) {
  natsOptions* made = nullptr;
  if (natsOptions_Create(&made) != NATS_OK) return Failure{"the fleet's connection cannot be set up"};
  NatsOptions options(made);
  Steps steps;
  std::vector<const char*> servers;
  for (const auto& url : where.urls) servers.push_back(url.c_str());
  steps.take(natsOptions_SetServers(made, servers.data(), static_cast<int>(servers.size())), "addresses of the fleet");
  natsOptions_SetName(made, "readbackd");
  // A dead server is given up before the fleet's own limits: claims go unanswered for 5 s, renewals for 10 s.
  natsOptions_SetTimeout(made, 2000);
  natsOptions_SetWriteDeadline(made, 2000);
  natsOptions_SetPingInterval(made, 2000);
  natsOptions_SetMaxPingsOut(made, 2);
  natsOptions_SetMaxReconnect(made, -1);
  natsOptions_SetReconnectWait(made, 500);
  natsOptions_SetReconnectJitter(made, 500, 500);
  // What is asked while there is no connection must not be done minutes later: the asker has given up. (libnats lets
  // through one message that was written before it noticed.)
  natsOptions_SetReconnectBufSize(made, most_waiting_for_servers);
  // One thread for all that is heard: the order is kept, and it may wait for us.
  natsOptions_UseGlobalMessageDelivery(made, true);
  log_in(made, where, steps);
  if (wants_tls(where)) secure(made, where.tls, steps);
  if (!steps.trouble().empty()) return Failure{steps.trouble()};
  return options;
}

std::string why_not_connected(natsStatus status, const std::string& detail, const NatsConfig& where) {
  const std::string at = " (" + joined(where.urls) + ")";
  // libnats puts the line of its source in front: "(conn.c:1905): ".
  const auto source = detail.starts_with('(') ? detail.find("): ") : detail.npos;
  const std::string said = source == detail.npos ? detail : detail.substr(source + 3);
  const std::string why = said.empty() ? natsStatus_GetText(status) : said;
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED: return "the fleet's servers refuse this login" + at + ": " + why;
    case NATS_NO_SERVER: return "none of the fleet's servers can be reached" + at;
    case NATS_TIMEOUT: return "none of the fleet's servers answers" + at;
    case NATS_SECURE_CONNECTION_WANTED: return "the fleet's servers offer no TLS" + at;
    case NATS_SECURE_CONNECTION_REQUIRED: return "the fleet's servers want TLS" + at + ": use tls:// or name a ca_file";
    default: return "the fleet's servers cannot be used" + at + ": " + why;
  }
}

}  // namespace readback
