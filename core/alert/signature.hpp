#pragma once
// Standard Webhooks 1.0: `v1,<base64 HMAC-SHA256 of "id.timestamp.body">`, one for each secret, separated by blanks, so
// that a receiver accepts either during a rotation.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace readback {

/// The key bytes of `whsec_<base64>`; text without that prefix is taken as base64 too. Unset when it is not base64.
std::optional<std::string> parse_webhook_secret(std::string_view text);
/// The value of `webhook-signature`. `keys` are key bytes as parse_webhook_secret gives them.
std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id, std::int64_t timestamp,
                              std::string_view body);

}  // namespace readback
