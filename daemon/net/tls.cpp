// What OpenSSL knows about a certificate that it refuses is worth more than its one sentence: the callback of the
// verification keeps whose certificate it was, and the day.
#include "daemon/net/tls.hpp"

#include <sys/stat.h>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "core/text/time.hpp"

namespace readback {
namespace {

/// Where OpenSSL's callback finds what belongs to its connection.
int findings_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::optional<WallTime> time_of(const ASN1_TIME* t) {
  std::tm tm{};
  if (!t || ASN1_TIME_to_tm(t, &tm) != 1) return std::nullopt;
  return WallTime(Seconds(::timegm(&tm)));
}
std::string day_of(const ASN1_TIME* t) {
  const auto at = time_of(t);
  return at ? to_rfc3339(*at).substr(0, 10) : "an unknown day";
}

std::string subject_of(X509* certificate) {
  char text[200] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
  return text;
}

std::string trouble_of(X509_STORE_CTX* store) {
  X509* at = X509_STORE_CTX_get_current_cert(store);
  const int depth = X509_STORE_CTX_get_error_depth(store);
  const std::string whose =
      depth == 0 ? "the certificate" : "the intermediate certificate " + (at ? subject_of(at) : std::string());
  const int error = X509_STORE_CTX_get_error(store);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose + " expired on " + (at ? day_of(X509_get0_notAfter(at)) : "an unknown day");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + " is not valid before " + (at ? day_of(X509_get0_notBefore(at)) : "an unknown day");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return "the certificate is self-signed and not trusted";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return "the chain ends in a CA that is not trusted";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return "the certificate was issued by an unknown CA";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the certificate is for another name" + (at ? ": " + subject_of(at) : std::string());
    case X509_V_ERR_CERT_REVOKED: return whose + " is revoked";
    default: return std::string("the certificate is not accepted: ") + X509_verify_cert_error_string(error);
  }
}

int on_verify(int good, X509_STORE_CTX* store) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* findings = static_cast<TlsFindings*>(SSL_get_ex_data(ssl, findings_index()));
  if (!findings) return good;
  if (X509_STORE_CTX_get_error_depth(store) == 0)
    if (X509* leaf = X509_STORE_CTX_get_current_cert(store))
      findings->leaf_expires_at = time_of(X509_get0_notAfter(leaf));
  if (!good && findings->trouble.empty()) findings->trouble = trouble_of(store);
  return good;
}

/// Without verification every certificate passes; the day on which it ends is still worth knowing.
int on_verify_nothing(int, X509_STORE_CTX* store) {
  on_verify(1, store);
  return 1;
}

}  // namespace

Result<std::shared_ptr<TlsClient>> TlsClient::make(const TlsConfig& config, bool system_too) {
  std::shared_ptr<TlsClient> made(new TlsClient(config));
  auto& context = made->context_;
  boost::system::error_code ec;
  if (config.ca_file.empty() || system_too) context.set_default_verify_paths(ec);
  if (!config.ca_file.empty())
    if (context.load_verify_file(config.ca_file, ec); ec)
      return Failure{"the CA file " + config.ca_file + " cannot be loaded: " + ec.message()};
  if (!config.cert_file.empty()) {
    context.use_certificate_chain_file(config.cert_file, ec);
    if (ec) return Failure{"the certificate " + config.cert_file + " cannot be loaded: " + ec.message()};
    const auto& key_file = config.key_file.empty() ? config.cert_file : config.key_file;
    context.use_private_key_file(key_file, boost::asio::ssl::context::pem, ec);
    if (ec) return Failure{"the key " + key_file + " cannot be loaded: " + ec.message()};
  }
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  // An expired intermediate with a valid alternative is no fault: look for trusted chains first.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.native_handle()), X509_V_FLAG_TRUSTED_FIRST);
  SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);  // each sweep shakes hands anew
  return made;
}

Result<std::shared_ptr<TlsClient>> TlsClients::get(const TlsConfig& config, bool system_too) {
  const Key key{config.ca_file, config.cert_file, config.key_file, config.server_name, config.verify, system_too};
  if (const auto found = made_.find(key); found != made_.end()) return found->second;
  auto made = TlsClient::make(config, system_too);
  if (made) made_[key] = *made;
  return made;
}

std::string stamp_of_files(const std::vector<std::string>& files) {
  std::string stamp;
  for (const auto& file : files) {
    if (file.empty()) continue;
    struct stat seen {};
    if (::stat(file.c_str(), &seen) != 0) seen = {};
    for (const auto part : {static_cast<std::int64_t>(seen.st_dev), static_cast<std::int64_t>(seen.st_ino),
                            static_cast<std::int64_t>(seen.st_size), static_cast<std::int64_t>(seen.st_mtim.tv_sec),
                            static_cast<std::int64_t>(seen.st_mtim.tv_nsec)})
      stamp += std::to_string(part) + ' ';
  }
  return stamp;
}

void verify_server(SSL* ssl, const std::string& name, bool verify, TlsFindings& findings) {
  SSL_set_ex_data(ssl, findings_index(), &findings);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, verify ? on_verify : on_verify_nothing);
  auto* parameters = SSL_get0_param(ssl);
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
  if (!is_address) {
    X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size());
    SSL_set_tlsext_host_name(ssl, name.c_str());
  }
}

}  // namespace readback
