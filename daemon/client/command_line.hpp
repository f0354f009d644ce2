#pragma once
// The words that were typed, all of them.

namespace readback {

/// Runs the command that they name; the exit status.
int run_command_line(int argc, char** argv);

}  // namespace readback
