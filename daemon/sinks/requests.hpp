#pragma once
// What an attempt adds to a row before it leaves: the time, the signature, and the secrets, which are looked up each
// time, so that a rotated credential needs no restart. A credential that is missing is no lost page: the failure is
// answered like a lost connection, and tried again.
#include <functional>
#include <string>
#include <vector>

#include "core/alert/outbox_row.hpp"
#include "core/config/alerts.hpp"
#include "core/text/result.hpp"
#include "daemon/sinks/post.hpp"

namespace readback {

/// Turns a reference into the secret itself; a failure says "credential pagerduty: no such file", never the secret.
using SecretSource = std::function<Result<std::string>(const SecretRef&)>;

/// One request for each address of the sink, in the order of the configuration; at least one. `age` is how long ago the
/// event was, whatever the wall clock says.
Result<std::vector<PostRequest>> requests_for(const SinkConfig& sink, const OutboxRow& row, Millis age, WallTime now,
                                              const SecretSource& secrets);
/// The same for what is repeated to an Alertmanager.
Result<std::vector<PostRequest>> requests_to_repeat(const SinkConfig& sink, const std::string& body, WallTime now,
                                                    const SecretSource& secrets);

}  // namespace readback
