// Certificates that are wrong, each in its own way, made here and shown by a real TLS server on the loopback.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include "core/text/time.hpp"
#include "daemon/net/connect.hpp"
#include "daemon/net/http_client.hpp"
#include "daemon/runtime/clock.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/loopback.hpp"
#include "tests/support/run_coro.hpp"

using namespace readback;

namespace {

constexpr long day = 24 * 60 * 60;

struct Key {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  Key() = default;
  Key(const Key&) = delete;
  ~Key() { EVP_PKEY_free(key); }
};

struct Wish {
  std::string name = "127.0.0.1";  ///< the common name; of a server also its only alternative name
  long from = -day, until = 90 * day;
  bool is_ca = false;
};

/// A certificate of `key` after the wish, signed by `signer` in the name of `issuer` (itself when null).
X509* make(const Wish& wish, EVP_PKEY* key, X509* issuer, EVP_PKEY* signer) {
  static long serial = 0;
  X509* x = X509_new();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), wish.from);
  X509_gmtime_adj(X509_getm_notAfter(x), wish.until);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
  const auto extend = [&](int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer : x, x, nullptr, nullptr, 0);
    X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
  };
  extend(NID_basic_constraints, wish.is_ca ? "critical,CA:TRUE" : "CA:FALSE");
  const bool is_address = wish.name.find_first_not_of("0123456789.") == std::string::npos;
  if (!wish.is_ca) extend(NID_subject_alt_name, (is_address ? "IP:" : "DNS:") + wish.name);
  X509_sign(x, signer, EVP_sha256());
  return x;
}

/// One authority, its intermediate, and what is left of them when the test ends.
class Authority {
 public:
  explicit Authority(const std::string& whose = "Test") {
    root = keep(make({whose + " Root", -day, 900 * day, true}, root_key.key, nullptr, root_key.key));
    intermediate = keep(make({whose + " Intermediate", -day, 300 * day, true}, middle_key.key, root, root_key.key));
    expired_intermediate =
        keep(make({whose + " Intermediate", -30 * day, -day, true}, middle_key.key, root, root_key.key));
  }
  ~Authority() {
    for (X509* x : all_) X509_free(x);
  }
  X509* leaf(const Wish& wish) { return keep(make(wish, leaf_key.key, intermediate, middle_key.key)); }
  X509* self_signed(const Wish& wish) { return keep(make(wish, leaf_key.key, nullptr, leaf_key.key)); }
  std::string file(const std::string& name, const std::vector<X509*>& certificates, EVP_PKEY* key = nullptr) const {
    const auto path = (folder_.path / name).string();
    FILE* f = std::fopen(path.c_str(), "w");
    for (X509* x : certificates) PEM_write_X509(f, x);
    if (key) PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(f);
    return path;
  }
  Key root_key, middle_key, leaf_key;
  X509 *root, *intermediate, *expired_intermediate;

 private:
  X509* keep(X509* x) {
    all_.push_back(x);
    return x;
  }
  Folder folder_{"tls"};
  std::vector<X509*> all_;
};

struct Shown {
  std::vector<X509*> chain;  ///< leaf first
  EVP_PKEY* key;
  X509* client_ca = nullptr;  ///< asks for a certificate of this authority
  std::string only_name;      ///< shakes hands only with who asks for this name
};

/// Serves one connection.
class TlsServer {
 public:
  explicit TlsServer(const Shown& shown) {
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, shown.chain.front());
    SSL_CTX_use_PrivateKey(context_, shown.key);
    for (std::size_t i = 1; i < shown.chain.size(); ++i) SSL_CTX_add1_chain_cert(context_, shown.chain[i]);
    SSL_CTX_set_mode(context_, SSL_MODE_NO_AUTO_CHAIN);
    if (shown.client_ca) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), shown.client_ca);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    only_name_ = shown.only_name;
    SSL_CTX_set_tlsext_servername_callback(context_, asked_for);
    SSL_CTX_set_tlsext_servername_arg(context_, this);
    const auto made = listen_on_loopback();
    listener_ = made.fd;
    url = "https://127.0.0.1:" + std::to_string(made.port) + "/health";
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  std::string url;

 private:
  static int asked_for(SSL* ssl, int*, void* self) {
    const std::string& wanted = static_cast<TlsServer*>(self)->only_name_;
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    return wanted.empty() || (name && wanted == name) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  void serve() {
    const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return;
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, peer);
    char request[4096];
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0) {
      SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
      SSL_shutdown(ssl);
    }
    ::shutdown(peer, SHUT_WR);  // a reset would take what was said with it
    while (::recv(peer, request, sizeof request, 0) > 0) {
    }
    SSL_free(ssl);
    ::close(peer);
  }
  SSL_CTX* context_;
  std::string only_name_;
  int listener_;
  std::thread thread_;
};

struct Answered {
  std::string told;  ///< "200 BODY", or the fault and its words
  std::optional<WallTime> tls_expires_at;
};
net::awaitable<Answered> ask(Resolver& resolver, Url url, std::shared_ptr<TlsClient> tls) {
  Answered result;
  const auto deadline = std::chrono::steady_clock::now() + Seconds(20);
  auto call = co_await dial(resolver, url, tls, deadline);
  result.tls_expires_at = call.tls_expires_at;
  auto error = call.to.error;
  if (!error) {
    HttpRequest request{boost::beast::http::verb::get, url.target, {{"Host", url.host_header()}}, {}};
    const HttpLimits limits;
    const auto written = std::make_shared<const WrittenRequest>(std::move(request));
    const auto got = co_await exchange(*call.to.stream, written, limits, deadline);
    error = got.error;
    result.told = std::to_string(got.answer.status) + " " + got.answer.body;
  }
  if (error) result.told = std::string(to_string(error->fault)) + ": " + error->detail;
  co_return result;
}

Answered read_from(const Shown& shown, const TlsConfig& config) {
  auto client = TlsClient::make(config);
  REQUIRE(client.ok());
  const TlsServer server(shown);
  net::io_context io(1);
  Resolver resolver(io.get_executor());
  return run_coro(io, ask(resolver, *parse_url(server.url), *client));
}

std::string day_from_now(long days) { return to_rfc3339(now().wall + Seconds(days * day)).substr(0, 10); }

}  // namespace

TEST_CASE("each trouble with a certificate has its own reason") {
  ::signal(SIGPIPE, SIG_IGN);  // the server writes to who has hung up
  Authority a;
  EVP_PKEY* key = a.leaf_key.key;
  X509* good = a.leaf({});
  const std::string ca = a.file("root.pem", {a.root});
  const std::string ca_and_new_intermediate = a.file("root-and-intermediate.pem", {a.root, a.intermediate});
  const std::string other_ca = [&] {
    Authority other("Another");
    return a.file("other.pem", {other.root});
  }();
  const auto trusting = [](const std::string& file) {
    TlsConfig config;
    config.ca_file = file;
    return config;
  };
  TlsConfig blindly;
  blindly.verify = false;
  TlsConfig by_name = trusting(ca);
  by_name.server_name = "fabric.example";
  TlsConfig by_full_name = trusting(ca);
  by_full_name.server_name = "fabric.example.";
  TlsConfig with_certificate = trusting(ca);
  with_certificate.cert_file = a.file("client.pem", {a.leaf({"watchdog"}), a.intermediate}, key);
  with_certificate.key_file = with_certificate.cert_file;

  X509* expired = a.leaf({"127.0.0.1", -90 * day, -2 * day});
  X509* named = a.leaf({"fabric.example"});
  struct Case {
    const char* name;
    Shown shown;
    TlsConfig config;
    std::string want;
  };
  const Case cases[] = {
      {"all is well", {{good, a.intermediate}, key}, trusting(ca), "200 ok"},
      {"the leaf has expired",
       {{expired, a.intermediate}, key},
       trusting(ca),
       "tls: the certificate expired on " + day_from_now(-2)},
      {"the leaf is of tomorrow",
       {{a.leaf({"127.0.0.1", 2 * day, 9 * day}), a.intermediate}, key},
       trusting(ca),
       "tls: the certificate is not valid before " + day_from_now(2)},
      {"another name",
       {{named, a.intermediate}, key},
       trusting(ca),
       "tls: the certificate is for another name: fabric.example"},
      {"the name that the configuration gives",
       {{named, a.intermediate}, key, nullptr, "fabric.example"},
       by_name,
       "200 ok"},
      {"the same, written as a fully qualified name",
       {{named, a.intermediate}, key, nullptr, "fabric.example"},
       by_full_name,
       "200 ok"},
      {"an authority that nobody knows",
       {{good, a.intermediate}, key},
       trusting(other_ca),
       "tls: the certificate was issued by an unknown CA"},
      {"an intermediate that was not sent",
       {{good}, key},
       trusting(ca),
       "tls: the certificate was issued by an unknown CA"},
      {"its own authority",
       {{a.self_signed({}), a.intermediate}, key},
       trusting(ca),
       "tls: the certificate is self-signed and not trusted"},
      {"the chain brings its own root",
       {{good, a.intermediate, a.root}, key},
       trusting(other_ca),
       "tls: the chain ends in a CA that is not trusted"},
      {"the intermediate has expired",
       {{good, a.expired_intermediate}, key},
       trusting(ca),
       "tls: the intermediate certificate Test Intermediate expired on " + day_from_now(-1)},
      {"it has expired, and a valid one is known",
       {{good, a.expired_intermediate}, key},
       trusting(ca_and_new_intermediate),
       "200 ok"},
      {"nobody looks", {{expired}, key}, blindly, "200 ok"},
      {"a certificate of ours is asked for, and shown",
       {{good, a.intermediate}, key, a.root},
       with_certificate,
       "200 ok"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    CHECK(read_from(c.shown, c.config).told == c.want);
  }
  const auto refused = read_from({{good, a.intermediate}, key, a.root}, trusting(ca)).told;
  CHECK(refused.substr(0, 5) == "tls: ");
}

TEST_CASE("the day on which the leaf ends is told ahead, whether it is accepted or not") {
  Authority a;
  EVP_PKEY* key = a.leaf_key.key;
  TlsConfig config;
  config.ca_file = a.file("root.pem", {a.root});
  const auto ends = [&](long days) {
    const auto r = read_from({{a.leaf({"127.0.0.1", -90 * day, days * day}), a.intermediate}, key}, config);
    REQUIRE(r.tls_expires_at);
    return to_rfc3339(*r.tls_expires_at).substr(0, 10);
  };
  CHECK(ends(9) == day_from_now(9));
  CHECK(ends(-2) == day_from_now(-2));
}

TEST_CASE("TLS files that cannot be used are told when the configuration is read") {
  TlsConfig config;
  config.ca_file = "/nowhere/ca.pem";
  CHECK(TlsClient::make(config).error() == "the CA file /nowhere/ca.pem cannot be loaded: No such file or directory");
}
