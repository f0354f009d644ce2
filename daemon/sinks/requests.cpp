// From a row to the requests that carry it: body, headers and addresses of one attempt.
#include "daemon/sinks/requests.hpp"

#include "core/alert/render.hpp"
#include "core/alert/signature.hpp"

namespace readback {
namespace {

constexpr const char* pagerduty_address = "https://events.pagerduty.com/v2/enqueue";

/// Standard Webhooks: who received it can tell that it is ours, and that it is the same event as before.
Result<void> sign(PostRequest& request, const SinkConfig& sink, const std::string& event_id, WallTime now,
                  const SecretSource& secrets) {
  const auto stamp = std::chrono::floor<Seconds>(now).time_since_epoch().count();
  request.headers.emplace_back("webhook-id", event_id);
  request.headers.emplace_back("webhook-timestamp", std::to_string(stamp));
  std::vector<std::string> keys;
  for (const auto& ref : sink.secrets) {
    const auto secret = secrets(ref);
    if (!secret) return secret.failure();
    auto key = parse_webhook_secret(*secret);
    if (!key) return Failure{"the webhook secret is not of the form whsec_<base64>"};
    keys.push_back(std::move(*key));
  }
  if (!keys.empty())
    request.headers.emplace_back("webhook-signature", webhook_signature(keys, event_id, stamp, request.body));
  return {};
}

Result<std::vector<std::string>> addresses_of(const SinkConfig& sink, const SecretSource& secrets) {
  std::vector<std::string> urls;
  for (const auto& ref : sink.urls) {
    auto url = secrets(ref);
    if (!url) return url.failure();
    urls.push_back(*std::move(url));
  }
  if (urls.empty() && sink.type == SinkType::pagerduty) urls.emplace_back(pagerduty_address);
  if (urls.empty()) return Failure{"the sink has no address"};
  return urls;
}

Result<std::optional<Url>> proxy_of(const ProxyConfig& proxy, const SecretSource& secrets) {
  if (proxy.url.empty()) return std::optional<Url>();
  auto url = parse_url(proxy.url);
  if (!url) return url.failure();
  if (proxy.password) {
    const auto password = secrets(*proxy.password);
    if (!password) return password.failure();
    url->login = proxy.user + ":" + *password;
  }
  return std::optional(*std::move(url));
}

Result<std::vector<PostRequest>> requests(const SinkConfig& sink, std::string body, const std::string& content_type,
                                          const std::string& event_id, WallTime now, const SecretSource& secrets) {
  PostRequest base;
  base.content_type = content_type;
  base.body = std::move(body);
  base.tls = sink.tls;
  base.timeout = sink.timeout;
  auto proxy = proxy_of(sink.proxy, secrets);
  if (!proxy) return proxy.failure();
  base.proxy = *std::move(proxy);
  for (const auto& [name, ref] : sink.headers) {
    auto value = secrets(ref);
    if (!value) return value.failure();
    base.headers.emplace_back(name, *std::move(value));
  }
  if (sink.type == SinkType::webhook)
    if (auto is_signed = sign(base, sink, event_id, now, secrets); !is_signed) return is_signed.failure();
  const auto urls = addresses_of(sink, secrets);
  if (!urls) return urls.failure();
  std::vector<PostRequest> all;
  for (const auto& url : *urls) {
    auto parsed = parse_sink_url(url);
    if (!parsed) return parsed.failure();
    PostRequest request = base;
    request.to = *std::move(parsed);
    if (sink.type == SinkType::alertmanager) {
      auto& target = request.to.target;
      while (target.ends_with('/')) target.pop_back();
      target += "/api/v2/alerts";
    }
    all.push_back(std::move(request));
  }
  return all;
}

}  // namespace

Result<std::vector<PostRequest>> requests_for(const SinkConfig& sink, const OutboxRow& row, Millis age, WallTime now,
                                              const SecretSource& secrets) {
  std::string routing_key;
  if (sink.type == SinkType::pagerduty) {
    auto secret = secrets(sink.routing_key);
    if (!secret) return secret.failure();
    routing_key = *std::move(secret);
  }
  const bool minimal = row.minimal && !row.minimal_body.empty();
  std::string body = finish_body(minimal ? row.minimal_body : row.body, row.created, now, routing_key, age);
  if (sink.type == SinkType::alertmanager) body = alertmanager_in_order(body, now);
  return requests(sink, std::move(body), row.content_type, row.event_id, now, secrets);
}

Result<std::vector<PostRequest>> requests_to_repeat(const SinkConfig& sink, const std::string& body, WallTime now,
                                                    const SecretSource& secrets) {
  return requests(sink, body, "application/json", "", now, secrets);
}

}  // namespace readback
