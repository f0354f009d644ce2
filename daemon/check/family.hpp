#pragma once
// The processes of a check as the supervisor, their reaper, sees them: how many there are, and the end of them all.
//
// A family that forks as fast as it is killed is not ended one by one: a process is gone before its number is read, and
// its child goes on. So whole groups are killed. A signal to a group is one step of the kernel's: whoever is being made
// meanwhile either gets it too or is not made. And when the listener is closed nobody can leave a group any more
// (filter.cpp), so that each group is ended once. Which groups there are the dead tell as well as the living: whoever
// loses its parent becomes our child, and a child that has ended keeps its group until we have reaped it.
//
// System calls only, where nothing else is said: it runs between fork and exec.
#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <set>

namespace readback {

/// Each of them counts, process or thread. A check that looks around needs a dozen; more than this at once is a fault
/// of it, and costs the daemon the tasks that its own unit allows it. Looked at ten times a second.
inline constexpr int most_tasks = 128;

/// Kills and reaps all that is below this process, until there is nothing or the time is over. False then.
bool end_family(std::chrono::milliseconds limit);

/// Who is below this process. More than there is room for are not named, and are too many anyway.
struct Relatives {
  std::array<pid_t, 512> pids{};
  std::size_t processes = 0;
  int tasks = 0;  ///< threads of all of them
};
void look_around(Relatives& family);

/// What is left below this process, the daemon, when a supervisor has died before its family: they are in a session of
/// their own, and no supervisor. Killed and reaped as far as they are dead already; true when there was anybody.
bool kill_orphans(const std::set<pid_t>& supervisors);

/// Tasks of this user on this host. Not in a fresh child.
int tasks_of_user();

}  // namespace readback
