#pragma once
// The one HTTP client that touches a watched environment. It can say GET or HEAD and nothing else: `Method` has no
// other value, and the request is built in one place from it. A fresh connection for each read, redirects not followed,
// one deadline over name lookup, connect, TLS, headers and body.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/model/raw_read.hpp"
#include "core/text/url.hpp"
#include "daemon/net/resolver.hpp"
#include "daemon/net/tls.hpp"
#include "daemon/runtime/net.hpp"

namespace readback {

enum class Method { get, head };

struct ReadRequest {
  std::string read;  ///< the name that the result carries: "health", "path:checkout", "reference:…"
  Url url;
  Method method = Method::get;
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds timeout{5000};
  std::shared_ptr<TlsClient> tls;  ///< needed for https
};

/// The same, with all that needs not be made anew for each read.
struct PreparedRead;
std::shared_ptr<const PreparedRead> prepare(ReadRequest request);
const std::string& name_of(const PreparedRead& read);

inline constexpr std::size_t largest_body = 1 << 20;      ///< contract: at most 1 MiB, packed and unpacked
inline constexpr std::size_t largest_headers = 64 << 10;  ///< and 64 KiB

/// Never throws for what the other side does: every trouble is a TransportError in the result.
net::awaitable<RawRead> read_once(Resolver& resolver, std::shared_ptr<const PreparedRead> request);

}  // namespace readback
