#pragma once
// The way to a receiver through an HTTP proxy: https in a tunnel that CONNECT opens, of which the proxy sees the name
// and the port; http by asking the proxy for the whole address. What the proxy itself refuses is no word of the
// receiver's: it is told as the proxy's, and tried again like a lost connection.
#include <memory>
#include <optional>
#include <string>

#include "core/text/url.hpp"
#include "daemon/net/connect.hpp"

namespace readback {

struct HttpRequest;

/// Connected to the proxy; for https further to `to`, with TLS. All within the deadline. A failure at the proxy names
/// it and is of the kind `protocol`; one behind it is told as dial() tells it.
net::awaitable<Dialled> dial_through(Resolver& resolver, Url proxy, Url to, std::shared_ptr<TlsClient> tls,
                                     Stream::Deadline deadline);

/// The request for an http address as a proxy takes it.
void address_to_proxy(HttpRequest& request, const Url& proxy, const Url& to);

/// What the proxy's refusal (407) is told as; nothing for other answers.
std::optional<std::string> refusal_of_proxy(const Url& proxy, int status);

/// "the proxy proxy.example:3128: " and what happened there.
std::string at_proxy(const Url& proxy, const std::string& what);

}  // namespace readback
