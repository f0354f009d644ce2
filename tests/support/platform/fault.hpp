#pragma once
// How an answer goes wrong on the wire. A fault turns the healthy answer of a route into a script: what to send, how
// long to wait, how the connection ends. The server only plays scripts, so every kind of trouble is one pure function
// and can be read in one place.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/platform/platform.hpp"

namespace readback::sim {

struct Send {
  std::string bytes;
};
struct Wait {
  std::chrono::milliseconds time;
};
struct Drip {  ///< byte by byte, one each `gap`
  std::string bytes;
  std::chrono::milliseconds gap;
};
struct Flood {  ///< the same block again and again
  std::string block;
  std::uint64_t times;
};
struct Close {};  ///< orderly end
struct Reset {};  ///< RST
struct Hang {};   ///< keep the connection and say nothing more

using Step = std::variant<Send, Wait, Drip, Flood, Close, Reset, Hang>;
using Script = std::vector<Step>;

/// A fault as it was commanded. Everything but the name is optional and has a default that makes sense for the name.
struct Fault {
  std::string name = "ok";
  std::optional<int> status;
  std::optional<std::string> body;
  Headers headers;                     ///< sent instead of the default ones of the same name
  std::string text;                    ///< a blocker's, an item's or a word's text
  std::string retry_after;             ///< for `throttled`: seconds or a date, sent as it is
  std::chrono::milliseconds delay{0};  ///< before the first byte
  std::uint64_t bytes = 0;             ///< for `oversize`, `big_headers`, `deep_json`
  int times = 0;                       ///< answer so often this way, then be healthy again; 0 is for ever
};

/// Every fault by name with one line of what it does; `control` prints it on request.
struct FaultName {
  const char* name;
  const char* does;
};
const std::vector<FaultName>& fault_names();
bool is_fault(std::string_view name);

/// The script for this answer under this fault. `head`: the request was HEAD, no body goes out.
Script script(const Fault& fault, Answer answer, WallTime now, bool head, bool keep_alive);

}  // namespace readback::sim
