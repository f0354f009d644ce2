#pragma once
// The log: readable text on a terminal, fields in the journal under systemd, JSON lines on request. Written by a thread
// of its own from a small queue that drops the oldest line when it is full, and says how many were lost when somebody
// reads again: a stalled journal must not stall a watchdog.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/config/daemon.hpp"
#include "core/engine/action.hpp"

namespace readback {

/// Once, before the first line; throws std::system_error when there is no thread to be had. Called again by a reload it
/// sets level and format, and waits for nobody.
void set_up_log(const LogConfig& config);
/// One line. A repeat of the line before from the same source is counted, and told with its count when it ends.
void log(const Say& line);
/// Writes what waits, for at most 200 ms. At the very end.
void close_log();
/// Lines that were dropped because nobody took them.
std::uint64_t log_overruns();

/// The journal's MESSAGE_ID of a kind ("incident.firing"): fixed for ever, so that people can filter and alert by it.
/// Empty for a kind that has none.
std::string_view message_id(std::string_view kind);

}  // namespace readback
