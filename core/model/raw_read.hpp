#pragma once
// What came back, before anybody judged it: one RawRead for each surface, path, reference or check of a sweep.
// It is what the recorder keeps, what `readback export` writes and what `readback replay` feeds in again.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/text/instant.hpp"
#include "core/text/shared.hpp"

namespace readback {

/// Why there was no usable HTTP answer. The first seven are their side, the last three are ours: only ours can
/// make the watchdog blind (design: diagnosis section 1).
enum class TransportFault { refused, reset, timeout, dns, tls, protocol, too_large, no_route, resolver, local };
std::string_view to_string(TransportFault f);
std::optional<TransportFault> parse_transport_fault(std::string_view word);
bool is_our_side(TransportFault f);

struct Header {
  std::string name;  ///< as received; compared without case
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};
using Headers = std::vector<Header>;
/// First header of that name, compared without case; nullptr when absent.
const std::string* find_header(const Headers& headers, std::string_view name);

struct HttpAnswer {
  int status = 0;
  Headers headers;
  std::string body;  ///< as received, at most 1 MiB
  std::string http_version = "1.1";
  /// The body that the redactor holds the next ones of this read against: this one, or one of before that differs in
  /// stamps, ids and numbers; "" where there is none. Who keeps one as well shares it: thousands of targets have many.
  Shared<std::string> kept = {};
};

struct TransportError {
  TransportFault fault = TransportFault::protocol;
  std::string detail;  ///< operator language: "connection refused", "certificate expired on 2026-11-20"
};

/// A check that could not say anything: never drift.
enum class CheckFault { timeout, signal, spawn };
std::string_view to_string(CheckFault f);
std::optional<CheckFault> parse_check_fault(std::string_view word);

struct CheckRun {
  std::optional<int> exit;  ///< unset when `fault` is set
  std::optional<CheckFault> fault;
  int signal = 0;        ///< when fault is `signal`
  std::string detail;    ///< "ended by SIGKILL", "no such file: python3", "sandbox denied: write /srv/x"
  std::string out, err;  ///< bounded; `cut` says that more was said
  bool cut = false;
  std::vector<std::string> denials;  ///< what the sandbox refused, each "write /srv/x"
};

/// Where the time went, in microseconds. -1: the phase did not happen (a literal address has no DNS phase).
struct Phases {
  std::int64_t dns_us = -1, connect_us = -1, tls_us = -1, first_byte_us = -1, total_us = -1;
};

struct RawRead {
  /// "health", "check:materialization", "path:checkout", "reference:https://…"; and what is recorded beside the reads
  /// of a sweep, "votes:outage": how the hosts of a fleet agreed
  std::string read;
  WallTime at{};  ///< when the read began
  Millis took{0};
  Phases phases;
  std::string address;                     ///< "127.0.0.1:38080", the peer really used; empty when none was reached
  std::optional<WallTime> tls_expires_at;  ///< notAfter of the leaf, when TLS was spoken
  std::variant<TransportError, HttpAnswer, CheckRun> answer;
};

/// Of what was said: the body, or both outputs.
std::size_t said_bytes(const RawRead& read);

enum class ReadKind { surface, check, path, reference, votes };
ReadKind kind_of(std::string_view read);
/// "materialization" of "check:materialization"; surfaces are their own name.
std::string_view bare_name(std::string_view read);
/// A reason without the name of its read in front, which the text around it already says.
std::string bare_reason(const std::string& read, const std::string& reason);

}  // namespace readback
