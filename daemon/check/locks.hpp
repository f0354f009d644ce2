#pragma once
// Locks on files: whoever may read a file may lock it, and hold up all who write it, without changing a byte. A check
// locks what is its own (its scratch folder) and what it was pointed at (`cwd`, `read_paths`), and nothing else of the
// host. A database elsewhere is read without a lock (SQLite: `immutable=1`), or by a check whose `cwd` it is in.
//
// The supervisor is asked, and goes by the file behind the descriptor. Another thread may put a different one in its
// place before the call goes on: so what is held is looked at as well, ten times a second, as the kernel tells it.
// System calls only.
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/check/asking.hpp"
#include "daemon/check/family.hpp"

namespace readback {

/// Whether the file of a descriptor may be locked; `file` is its name then and otherwise.
bool may_lock(pid_t pid, int fd, const std::vector<std::string>& lockable, Path& file);

/// A lock that somebody of the family holds all the same.
bool holds_foreign_lock(const Relatives& family, const std::vector<std::string>& lockable, Path& file);

}  // namespace readback
