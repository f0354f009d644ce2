#pragma once
// The HTTP/1.1 server below both listeners, the control socket and the read-only page. It has three jobs: accept within
// the limits, read a request within its size and time, and write the answer at the reader's pace. What is asked and
// what is answered is the Handler's business.
//
// Bounded by construction: `max_connections` sessions, `max_body` bytes a request, and `idle` for each whole request,
// so that a client that drips one byte a second is gone after ten. When all places are taken, the next client gets that
// of the one that has been silent for the longest; only where everybody is being answered it gets a 503 at once. Where
// this process may hold few descriptors the places are fewer: whoever fills them takes none from the sweeps and the
// pages.
#include <list>
#include <memory>

#include "core/text/instant.hpp"
#include "daemon/http/account_names.hpp"
#include "daemon/http/bound_socket.hpp"
#include "daemon/http/session.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {

/// How many connections a listener may hold, refusals beside them, in a process that may have `descriptors` open.
std::size_t places_within(std::size_t descriptors);

class Listener {
 public:
  /// The handler outlives the listener.
  Listener(BoundSocket socket, Handler& handler, ListenerLimits limits, TaskGroup::OnError on_error);

  /// Accepts until cancelled or closed; ends its sessions with it.
  net::awaitable<void> run();
  /// Stops accepting and ends every session.
  void close();
  /// Waits for the sessions to end after `close`; false when some took longer.
  net::awaitable<bool> join(Millis limit);
  std::size_t connections() const { return sessions_.running(); }
  const BoundSocket& socket() const { return socket_; }

 private:
  /// True when a place has become free.
  bool make_room();

  BoundSocket socket_;
  Handler& handler_;
  ListenerLimits limits_;
  std::shared_ptr<AccountNames> names_;  ///< null where nobody says who he is
  TaskGroup sessions_, refusals_;
  std::list<std::weak_ptr<Place>> places_;  ///< in the order of coming; those who have gone are left out now and again
  bool closed_ = false;
};

}  // namespace readback
