#pragma once
// A line of the corpus of answers, played by a server on the loopback device.
#include "tests/support/http_answers.hpp"
#include "tests/support/loopback.hpp"

/// Says it, and then does with the connection what the line says; one that stays open is held until the other side
/// goes.
inline Behaviour plays(const OddAnswer& odd) {
  return [odd](int peer) {
    if (!send_all(peer, odd.raw)) return;
    if (odd.then == "reset") {
      ::usleep(100'000);  // a reset takes what was not read yet along with it
      hang_up_hard(peer);
    }
    char more[64];
    while (odd.stays_open() && ::recv(peer, more, sizeof more, 0) > 0) {
    }
  };
}

/// Long where an answer must come, short where none does.
inline std::chrono::milliseconds patience(const OddAnswer& odd) {
  return std::chrono::milliseconds(odd.error == "timeout" ? 200 : 20'000);
}
