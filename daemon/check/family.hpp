#pragma once
// The processes of a check as the supervisor, their reaper, sees them: how many there are, and the end of them all.
//
// A family that forks as fast as it is killed is not ended one by one: a process is gone before its number is read, and
// its child goes on. So whole groups are killed. A signal to a group is one step of the kernel's: whoever is being made
// meanwhile either gets it too or is not made. And when the listener is closed nobody can leave a group any more
// (filter.cpp), so that each group is ended once. Which groups there are the dead tell as well as the living: whoever
// loses its parent becomes our child, and a child that has ended keeps its group until we have reaped it.
//
// System calls only: all of it runs between fork and exec.
#include <sys/types.h>

#include <chrono>

namespace readback {

/// Each of them counts, process or thread. A check that looks around needs a dozen; more than this at once is a fault
/// of it, and costs the daemon the tasks that its own unit allows it. Looked at ten times a second.
inline constexpr int most_tasks = 128;

/// Kills and reaps all that is below this process, until there is nothing or the time is over. False then.
bool end_family(std::chrono::milliseconds limit);

/// Tasks below this process, as far as it matters: not more than `enough` are counted.
int tasks_of_family(int enough);

}  // namespace readback
