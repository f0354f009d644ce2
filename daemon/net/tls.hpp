#pragma once
// TLS as a client: one context for all that shares its settings, loaded once, and what a failed handshake was about,
// in the words of an operator.
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/config/common.hpp"
#include "core/text/result.hpp"

namespace readback {

class TlsClient {
 public:
  /// The failure names the file that could not be loaded. With `system_too` the system's authorities are trusted beside
  /// `ca_file`. Without a `key_file` the key is looked for in `cert_file`.
  static Result<std::shared_ptr<TlsClient>> make(const TlsConfig& config, bool system_too = false);
  boost::asio::ssl::context& context() { return context_; }
  const TlsConfig& config() const { return config_; }

 private:
  explicit TlsClient(TlsConfig config) : config_(std::move(config)), context_(boost::asio::ssl::context::tls_client) {}
  TlsConfig config_;
  boost::asio::ssl::context context_;
};

/// The clients of one loaded configuration: equal settings share one, since the system's authorities alone are half a
/// megabyte. Made anew by each reload, so that renewed files are read.
class TlsClients {
 public:
  Result<std::shared_ptr<TlsClient>> get(const TlsConfig& config, bool system_too = false);

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string, bool, bool>;
  std::map<Key, std::shared_ptr<TlsClient>> made_;
};

/// Which files these are and when they were last changed (device, inode, size, time): another text when one of them was
/// replaced, written, removed or made. Files without a name are left out. Waits for the files: not in the loop.
std::string stamp_of_files(const std::vector<std::string>& files);

/// What verification found, filled while the handshake runs.
struct TlsFindings {
  std::string trouble;  ///< operator language; empty when the chain and the name are good
  std::optional<WallTime> leaf_expires_at;
};

/// Verifies the chain and the name, and remembers why not. `name` is the server's name or address.
void verify_server(SSL* ssl, const std::string& name, bool verify, TlsFindings& findings);

}  // namespace readback
