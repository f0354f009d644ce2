// A POSIX timer that is made at the start and set in the signal handler: timer_settime(2), poll(2), write(2) and
// _exit(2) are all that handlers may call here, and all that they do.
#include "daemon/platform/forced_end.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace readback {
namespace {

timer_t clock_of_the_end;
itimerspec left{};
int status_of_the_end = 1;
struct sigaction before_term, before_int;
volatile std::sig_atomic_t wound_up = 0;

extern "C" void on_stop(int signal) {
  const int kept = errno;
  if (!wound_up) {
    wound_up = 1;
    ::timer_settime(clock_of_the_end, 0, &left, nullptr);
  }
  errno = kept;
  const auto& before = signal == SIGTERM ? before_term : before_int;
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(signal);
}

extern "C" void on_end(int) {
  constexpr char word[] = "readbackd: something on this host does not answer; ended without waiting for it\n";
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT)
    if (::write(STDERR_FILENO, word, sizeof word - 1) < 0) ::_exit(status_of_the_end);
  ::_exit(status_of_the_end);
}

bool chain(int signal, struct sigaction& before) {
  struct sigaction ours {};
  if (::sigaction(signal, nullptr, &before) != 0 || (before.sa_flags & SA_SIGINFO)) return false;
  ours.sa_handler = on_stop;
  ours.sa_mask = before.sa_mask;
  ours.sa_flags = before.sa_flags;
  return ::sigaction(signal, &ours, nullptr) == 0;
}

}  // namespace

bool force_end_after_stop(Millis limit, int status) {
  status_of_the_end = status;
  left.it_value.tv_sec = limit.count() / 1000;
  left.it_value.tv_nsec = (limit.count() % 1000) * 1'000'000;
  sigevent strikes{};
  strikes.sigev_notify = SIGEV_SIGNAL;
  strikes.sigev_signo = SIGALRM;
  if (::timer_create(CLOCK_MONOTONIC, &strikes, &clock_of_the_end) != 0) return false;
  struct sigaction end {};
  end.sa_handler = on_end;
  ::sigaction(SIGALRM, &end, nullptr);
  sigset_t alarm;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);  // a parent may have blocked it
  return chain(SIGTERM, before_term) && chain(SIGINT, before_int);
}

}  // namespace readback
