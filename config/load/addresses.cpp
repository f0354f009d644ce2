// Addresses and secrets. A secret is better named than written; what stands here in plain text is taken and warned
// about.
#include <algorithm>
#include <cctype>

#include "config/load/loader.hpp"
#include "config/scalars.hpp"
#include "core/text/url.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr const char* better_named = "{credential: NAME}, {file: /path} or {env: NAME}";

bool is_odd(unsigned char c) { return c <= ' ' || c == 0x7f; }
bool has_odd(const std::string& text) { return std::any_of(text.begin(), text.end(), is_odd); }

/// A path as it may be quoted: what stands behind a `?` may be a secret.
std::string quotable(const std::string& path) {
  const auto query = path.find('?');
  return query == path.npos ? path : path.substr(0, query + 1) + "\u2026";
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view token_characters = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    return std::isalnum(c) || token_characters.find(static_cast<char>(c)) != token_characters.npos;
  });
}

}  // namespace

bool Loader::http_url(const Node& n, const std::string& url, bool unix_too) {
  const auto refuse = [&](std::string text, std::string suggestion) {
    error(n, std::move(text), std::move(suggestion));
    return false;
  };
  // What a refusal says may go to the log and, after a reload, to the status page: an address is quoted as it may be
  // shown to anybody, and the place in the file tells the rest.
  const std::string shown = "`" + shown_address(url) + "`";
  if (unix_too && url.starts_with("unix:///") && url.size() > 8) return true;
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return refuse(shown + " is no address", unix_too ? "http://HOST[:PORT], https://HOST[:PORT] or unix:///PATH.sock"
                                                     : "http://HOST… or https://HOST…");
  const std::string_view rest = std::string_view(url).substr(url.find("://") + 3);
  if (rest.substr(0, rest.find_first_of("/?#")).find('@') != rest.npos)
    return refuse("the address holds a user name or a password", "put it into `headers` as a credential");
  const auto parsed = parse_url(url);
  if (!parsed || has_odd(url))
    return refuse(shown + ": " + (parsed ? "there are blanks behind the address" : parsed.error()),
                  "like https://fabric.example:38080 or http://[::1]:8080");
  return true;
}

void Loader::secret(const Node& n, SecretRef& out, bool is_url) {
  out.at = place(n);
  if (n.kind == Node::Kind::scalar) {
    out.from = SecretRef::From::plain;
    line(n, out.value);
    if (is_url) http_url(n, n.text, false);
    return;
  }
  if (n.kind != Node::Kind::map || n.entries.size() != 1) return error(n, "a secret is expected here", better_named);
  std::string credential, path, variable;
  map(n, {.title = "a secret",
          .keys = {{"credential", key::Text{credential}, ""},
                   {"file", key::Text{path}, ""},
                   {"env", key::Text{variable}, ""}}});
  for (const auto& [from, value] :
       {std::pair(SecretRef::From::credential, &credential), std::pair(SecretRef::From::file, &path),
        std::pair(SecretRef::From::env, &variable)})
    if (!value->empty()) out.from = from, out.value = *value;
  if (out.from == SecretRef::From::credential && out.value.find('/') != std::string::npos)
    error(n, "`" + out.value + "` is a path, not the name of a credential", "{file: " + out.value + "}");
}

void Loader::signing_secret(const Node& n, std::vector<SecretRef>& out) {
  secret(n, out.emplace_back(), false);
  if (n.kind != Node::Kind::scalar) return;
  warn(n, "the secret stands here in plain text", better_named);
  if (!n.text.starts_with("whsec_"))
    error(n, "a webhook secret begins with `whsec_`", "whsec_ and the base64 of 24 to 64 random bytes");
}

void Loader::read(const Node& n, const key::Url& v) {
  if (scalar(n, "an address") && http_url(n, n.text, false)) v.out = n.text;
}

void Loader::read(const Node& n, const key::BaseUrl& v) {
  if (!scalar(n, "an address") || !http_url(n, n.text, v.of_platform)) return;
  if (const auto end = n.text.find_first_of("?#"); end != n.text.npos)
    return error(n, "`" + shown_address(n.text) + "` is no base address: it ends in a query or a fragment",
                 "leave out what begins with `" + n.text.substr(end, 1) + "`");
  v.out = n.text;
  while (v.out.ends_with("/") && !v.out.starts_with("unix:")) v.out.pop_back();
}

void Loader::read(const Node& n, const key::UrlOrPath& v) {
  if (!scalar(n, "an address")) return;
  if (!n.text.starts_with("/")) {
    if (http_url(n, n.text, false)) v.out = n.text;
  } else if (has_odd(n.text)) {
    error(n, "`" + quotable(n.text) + "` has a blank or a control character in it", "write a blank as %20");
  } else {
    v.out = n.text;
  }
}

void Loader::read(const Node& n, const key::UrlPath& v) {
  if (!scalar(n, "a path")) return;
  if (!n.text.starts_with("/") || n.text.find('#') != n.text.npos || has_odd(n.text))
    return error(n, "`" + quotable(n.text) + "` is no path", "like /api/v1/recovery/readiness");
  v.out = n.text;
}

void Loader::read(const Node& n, const key::Urls& v) {
  each(n, [&](const Node& item) {
    if (scalar(item, "an address") && http_url(item, item.text, false)) v.out.push_back(item.text);
  });
}

void Loader::read(const Node& n, const key::Listen& v) {
  if (!scalar(n, "an address")) return;
  const auto colon = n.text.rfind(':');
  const auto port = colon == n.text.npos ? std::nullopt : parse_int(n.text.substr(colon + 1));
  if (!port || *port > 65535 || colon == 0)
    return error(n, "`" + n.text + "` is no address to listen on", "like 127.0.0.1:9464 or [::1]:9464");
  v.out = n.text;
  if (!is_loopback_host(n.text))
    warn(n, "the status page and the metrics can be read from other hosts, by anybody",
         "127.0.0.1:" + std::to_string(*port) + " behind a proxy that asks who it is");
}

void Loader::read(const Node& n, const key::Secret& v) {
  if (v.only_named && n.kind == Node::Kind::scalar)
    return error(n, "this secret has several lines and cannot stand here", better_named);
  secret(n, v.out.emplace(), false);
  if (n.kind == Node::Kind::scalar) warn(n, "the secret stands here in plain text", better_named);
}

void Loader::read(const Node& n, const key::RoutingKey& v) {
  secret(n, v.out, false);
  if (n.kind == Node::Kind::scalar) warn(n, "the routing key stands here in plain text", better_named);
}

void Loader::read(const Node& n, const key::HeartbeatUrl& v) { secret(n, v.out.emplace(), true); }

void Loader::read(const Node& n, const key::SinkUrl& v) { secret(n, v.out.emplace_back(), true); }

void Loader::read(const Node& n, const key::SinkUrls& v) {
  each(n, [&](const Node& item) { secret(item, v.out.emplace_back(), true); });
}

void Loader::read(const Node& n, const key::SigningSecret& v) {
  one_or_each(n, [&](const Node& item) { signing_secret(item, v.out); });
}

void Loader::read(const Node& n, const key::SigningSecrets& v) {
  each(n, [&](const Node& item) { signing_secret(item, v.out); });
}

void Loader::read(const Node& n, const key::Headers& v) {
  if (n.kind != Node::Kind::map)
    return error(n, "headers must be a map from names to values", "like {X-API-Key: {credential: NAME}}");
  for (const auto& [key, value] : n.entries) {
    if (!is_header_name(key.text)) {
      error(key, "`" + key.text + "` is no header name", "letters, digits and `-`, like X-API-Key");
      continue;
    }
    SecretRef ref;
    secret(value, ref, false);
    const std::string lower = lower_case(key.text);
    for (const char* ours :
         {"host", "connection", "content-length", "transfer-encoding", "user-agent", "accept-encoding"})
      if (lower == ours) error(key, "the header `" + key.text + "` is set by the reader itself", "remove it");
    if (ref.from == SecretRef::From::plain && value.kind == Node::Kind::scalar && lower != "accept" &&
        lower != "accept-language")
      warn(value, "the value of `" + key.text + "` stands here in plain text", better_named);
    v.out.emplace_back(key.text, std::move(ref));
  }
}

void Loader::read(const Node& n, const key::Proxy& v) {
  auto& p = v.out;
  map(n, section_of(p));
  const Node* url = n.find("url");
  if (url && !p.url.empty() && (!p.url.starts_with("http://") || parse_url(p.url)->target != "/")) {
    error(*url, "`" + shown_address(p.url) + "` is no address of a proxy", "http://HOST:PORT");
    p.url.clear();
  }
  if (p.user.empty() != !p.password)
    error(n, "a login at a proxy needs both user and password",
          p.user.empty() ? "user: NAME" : "password: {credential: NAME}");
  if (p.user.find(':') != p.user.npos) error(*n.find("user"), "the name of a user has no `:` in it", "user: NAME");
}

void Loader::read(const Node& n, const key::Tls& v) {
  v.out.at = place(n);
  map(n, section_of(v.out));
  if (v.out.cert_file.empty() != v.out.key_file.empty())
    error(n, "a client certificate needs both cert_file and key_file",
          v.out.key_file.empty() ? "key_file: /path.key" : "cert_file: /path.pem");
}

}  // namespace readback
