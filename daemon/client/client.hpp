#pragma once
// What every command works with: the daemon's answers as JSON or an end with a reason, and where results go.
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "core/text/result.hpp"
#include "daemon/client/connection.hpp"

namespace readback {

inline constexpr int exit_failed = 1, exit_unknown = 3, exit_usage = 64, exit_no_daemon = 69, exit_bad_config = 78;

/// Ends the command with this status; the text, if any, has been said.
struct Done {
  int status;
};

struct Client {
  std::string socket;    ///< of --socket; "" is the usual one
  bool as_json = false;  ///< of --json

  Connection connection() const { return Connection(socket_path(socket)); }

  /// Says it on stderr and ends the command. With --json a script finds the reason on stdout too: the daemon's
  /// `problem`, or one of the same form.
  [[noreturn]] void fail(const std::string& text, int status = exit_failed, const std::string& problem = "") const;
  /// The answer when it is a good one; else the end, with the daemon's own words.
  Response checked(Result<Response> answer, int without_daemon = exit_no_daemon) const;
  boost::json::object get(const std::string& target, int without_daemon = exit_no_daemon) const;
  boost::json::object send(const std::string& method, const std::string& target,
                           const boost::json::object& body = {}) const;

  /// Prints it with --json, and is true then.
  bool raw(const boost::json::value& value) const;
  /// What a change has brought: its sentence, and which incident it is about, or the id of what was made. The exit
  /// status.
  int changed(const boost::json::object& change) const;
};

/// On stdout, as it is. False when stdout takes no more; stdout_trouble() then says why.
bool put(std::string_view bytes);
/// What was written so far is written out. Why stdout could not take all of it; "" when it did. A full disk and a pipe
/// that nobody reads any more are found here, whatever the command did with them.
std::string stdout_trouble();
/// On stdout. Both show what a stranger may have put into a text, and let none of it do anything (for_terminal).
void print(const std::string& text);
/// On stderr, with our name before it; returns the status.
int complain(const std::string& text, int status = exit_failed);
/// The daemon's answer has another shape than this program expects.
std::string not_understood(const std::string& why);

/// Writes to a file (by way of a temporary one beside it) or, for "-", to stdout.
Result<void> write_out(const std::string& bytes, const std::string& out);

}  // namespace readback
