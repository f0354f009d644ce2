#pragma once
// TLS as a client: one context for a target, made when the configuration is read, and what a failed handshake was
// about.
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "config/config.hpp"

namespace readback {

class TlsClient {
 public:
  /// A text says what could not be loaded.
  static std::variant<std::shared_ptr<TlsClient>, std::string> make(const TlsConfig& config);
  boost::asio::ssl::context& context() { return context_; }
  const TlsConfig& config() const { return config_; }

 private:
  explicit TlsClient(TlsConfig config) : config_(std::move(config)), context_(boost::asio::ssl::context::tls_client) {}
  TlsConfig config_;
  boost::asio::ssl::context context_;
};

/// What verification found, filled while the handshake runs.
struct TlsFindings {
  std::string trouble;  ///< operator language; empty when the chain and the name are good
  std::optional<WallTime> leaf_expires_at;
};

/// Verifies the chain and the name, and remembers why not. `name` is the server's name or address.
void verify_server(SSL* ssl, const std::string& name, bool verify, TlsFindings& findings);

}  // namespace readback
