#pragma once
// Requests of JetStream with their answers, over a wire, and the making of a stream that is missing.
#include <string>

#include "daemon/fleet/jetstream.hpp"
#include "daemon/fleet/wire.hpp"

namespace readback {

/// The answer; an error with `err_code` 0 when there was none in time.
net::awaitable<JetStreamAnswer> ask(Wire& wire, WireRequest request, Millis limit);

/// Before something is tried again. Ends early by a cancellation only.
net::awaitable<void> pause(Wire& wire, Millis wait);

/// "" when it is there and can be used; otherwise why not, for the operator. It is asked for first: who may not make
/// streams may use those that are there.
net::awaitable<std::string> make_stream(Wire& wire, StreamWish wish, int replicas);

}  // namespace readback
