// readback: the client. Each command is one question to the daemon (or none), shown in words or, with --json, as it
// came.
#include "daemon/client/command_line.hpp"

int main(int argc, char** argv) { return readback::run_command_line(argc, argv); }
