#pragma once
// Answers the system calls of a check that the kernel cannot judge by numbers alone. The filter of the sandbox lets
// them wait, the supervisor is asked, and this is what it says:
//
//   files      what would change a file is noted when it lies outside the scratch folder, and goes on: Landlock refuses
//              it. Modes, owners, times and attributes, of which Landlock knows nothing, are refused here, and changed
//              by the supervisor itself where the file is in the scratch folder.
//   signals    reach the check's own family and nobody else.
//   locks      are taken on the check's own files, and on those that it was pointed at (locks.hpp).
//   sockets    `loopback`: a TCP socket comes from the supervisor, bound to the loopback device for good. A Unix socket
//              is one that leads nowhere, until it is connected to a configured path: then the supervisor's own
//              connection takes its place. So no answer here depends on memory that the check can change meanwhile.
//   groups     of processes: a new one may be made while somebody answers. Once the listener is closed each process
//              stays in the group that it is in, and the family can be ended (family.hpp).
//
// What was refused is kept as "write /srv/x", "connect /run/docker.sock", "signal 812". It runs in the child of a
// process with threads: fixed buffers and system calls only.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/check.hpp"

struct seccomp_notif;

namespace readback {

/// What the warden goes by; made before the fork, only read after it. All paths without links in them.
struct WardenRules {
  Network network = Network::none;
  bool writes_refused = true;             ///< Landlock is there: what is noted as refused is refused
  bool knows_truncation = true;           ///< … from ABI 3 on
  std::string scratch;                    ///< the one folder where files may change
  std::vector<std::string> unix_sockets;  ///< as configured; `@name` is an abstract one
  std::vector<std::string> readable;      ///< empty: everything
  std::vector<std::string> lockable;      ///< folders whose files may be locked (locks.hpp)
};

class Warden {
 public:
  explicit Warden(const WardenRules& rules) : rules_(rules) {}

  /// Takes one question from the listener and answers it. Never waits longer than a second.
  void answer(int listener);

  /// Adds to what was refused, or would have been.
  void note(std::string_view what, std::string_view whom);
  /// What was refused, each on a line of its own, without control characters.
  std::string_view denials() const { return {text_.data(), length_}; }

 private:
  struct Reply;
  Reply judge(const seccomp_notif& call, int listener);
  Reply open_file(const seccomp_notif& call, std::int64_t folder, std::uint64_t path, std::uint64_t flags);
  Reply create(const seccomp_notif& call, std::int64_t folder, std::uint64_t path);
  Reply remove(const seccomp_notif& call, std::int64_t folder, std::uint64_t path);
  Reply relabel(const seccomp_notif& call);
  Reply lock(const seccomp_notif& call);
  Reply signal(const seccomp_notif& call, std::int64_t whom, std::uint64_t which);
  Reply make_socket(const seccomp_notif& call, int listener);
  Reply make_pair(const seccomp_notif& call, int listener);
  Reply connect(const seccomp_notif& call, int listener);
  Reply connect_unix(const seccomp_notif& call, int listener, std::string_view name);
  void note_write(std::string_view path);
  bool in_scratch(std::string_view path) const;

  const WardenRules& rules_;
  std::array<char, 4096> text_{};
  std::size_t length_ = 0;
};

}  // namespace readback
