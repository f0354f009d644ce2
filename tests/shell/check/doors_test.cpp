// Doors that were once open, each with its neighbours: what one call can do besides what its name says. Every attempt
// is looked at from outside as well, on this kernel and as on older ones.
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <csignal>

#include "check_support.hpp"

using namespace readback;

namespace {

const std::string attempts = attempt_in_python + R"py(
import array, ctypes, fcntl, os, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def syscall(*arguments):
    return libc.syscall(*arguments) < 0
)py";

std::string tried(const Checkout& folder, const std::string& program,
                  const std::vector<std::pair<std::string, std::string>>& places, const SandboxKernel& kernel,
                  const SandboxConfig& config = {}) {
  const auto done = python(folder, with(attempts + program, places), Seconds(20), config, kernel).run;
  CHECK_MESSAGE(done.exit == 0, (done.detail + done.err + done.out));
  CHECK(done.out.find("refused") != std::string::npos);
  return done.out;
}

/// A datagram socket like the journal's, that must hear nothing.
struct DatagramServer {
  explicit DatagramServer(const fs::path& at) : path(at.string()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~DatagramServer() { ::close(fd); }
  bool heard_something() const {
    char text[64];
    return ::recv(fd, text, sizeof text, 0) >= 0;
  }
  std::string path;
  int fd = -1;
};

/// A process of this user that has nothing to do with the check.
struct Victim {
  Victim() : pid(::fork()) {
    if (pid == 0)
      for (;;) ::pause();
  }
  ~Victim() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  bool lives() const { return ::waitpid(pid, nullptr, WNOHANG) == 0; }
  pid_t pid;
};

}  // namespace

TEST_CASE("No pair of sockets is turned to a path that is not configured") {
  for (const auto& kernel : kernels())
    for (const Network network : {Network::none, Network::loopback, Network::any}) {
      CAPTURE(to_text(kernel));
      Checkout folder;
      const DatagramServer journal(folder.path / "journal.sock");
      SandboxConfig config;
      config.network = network;
      const auto out = tried(folder, R"py(
def pair(family, type_, protocol=0):
    pair = (ctypes.c_int * 2)()
    if libc.socketpair(family, type_, protocol, pair):
        raise OSError
    return pair[0]
def send(fd):
    with socket.socket(fileno=fd) as s:
        s.sendto(b"hello", JOURNAL)
for type_ in [0, 2, 3, 4, 6, 7, 8, 9, 10, 15, 16 | 3, 0x100 | 2, 0x1000 | 3, 0x40000000 | 2]:
    attempt("kind %#x" % type_, lambda: send(pair(1, type_)))
    attempt("kind %#x, open at exec" % type_, lambda: send(pair(1, type_ | 0x80800)))
attempt("stream turned", lambda: send(pair(1, 1)))
send(pair(1, 5))  # the kernel sends it to the other end, whatever the address says
for type_ in [1, 5]:
    attempt("kind %#x connected" % type_, lambda: socket.socket(fileno=pair(1, type_)).connect(JOURNAL))
attempt("by its high half", lambda: syscall(53, 1, ctypes.c_ulong(1 << 32 | 3), 0, (ctypes.c_int * 2)()))
attempt("a pair of another family", lambda: pair(30, 1) and None)
a, b = socket.socketpair()
a.sendall(b"fine")
assert b.recv(9) == b"fine"
)py",
                             {{"JOURNAL", in_quotes(journal.path)}}, kernel, config);
      CHECK_MESSAGE(out.find("DONE") == std::string::npos, out);
      CHECK_FALSE(journal.heard_something());
    }
}

TEST_CASE("No descriptor sends a signal to a process outside") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Checkout folder;
    const Victim victim;
    const auto out = tried(folder, R"py(
def aimed(aim):
    r, w = os.pipe()
    aim(r)
    fcntl.fcntl(r, fcntl.F_SETFL, fcntl.fcntl(r, fcntl.F_GETFL) | os.O_ASYNC)
    os.write(w, b"x")
def aimed_socket(request):
    a, b = socket.socketpair()
    if libc.ioctl(a.fileno(), request, ctypes.byref(ctypes.c_int(VICTIM))):
        raise OSError
    if libc.ioctl(a.fileno(), 0x5452, ctypes.byref(ctypes.c_int(1))):
        raise OSError
    b.sendall(b"x")
attempt("signal", lambda: aimed(lambda fd: fcntl.fcntl(fd, 10, signal.SIGKILL)))
attempt("owner", lambda: aimed(lambda fd: fcntl.fcntl(fd, 8, VICTIM)))
attempt("owner's group", lambda: aimed(lambda fd: fcntl.fcntl(fd, 8, -os.getpgid(VICTIM))))
attempt("owner of a kind", lambda: aimed(lambda fd: fcntl.fcntl(fd, 15, struct.pack("ii", 1, VICTIM))))
attempt("owner by FIOSETOWN", lambda: aimed_socket(0x8901))
attempt("owner by SIOCSPGRP", lambda: aimed_socket(0x8902))
attempt("owner's high half", lambda: syscall(72, 0, ctypes.c_ulong(1 << 32 | 8), VICTIM))
attempt("change of a folder", lambda: fcntl.fcntl(os.open(".", os.O_RDONLY), 1026, 0x8000001f))
attempt("lease", lambda: fcntl.fcntl(os.open("check.py", os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK))
attempt("queue of messages", lambda: syscall(244, 0, 0))
)py",
                           {{"VICTIM", std::to_string(victim.pid)}}, kernel);
    CHECK_MESSAGE(out.find("DONE") == std::string::npos, out);
    CHECK(victim.lives());
  }
}

TEST_CASE("No attribute of a file changes by a descriptor or by a call of a newer kernel") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Checkout folder;
    const auto victim = (folder.path / "checkout" / "victim").string();
    std::ofstream(victim) << "as it was";
    fs::permissions(victim, fs::perms(0600));
    ::setxattr(victim.c_str(), "user.mine", "x", 1, 0);
    struct stat before {
    }, after{};
    REQUIRE(::stat(victim.c_str(), &before) == 0);
    const auto out = tried(folder, R"py(
fd = os.open("victim", os.O_RDONLY)
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, 6, 0xffffffff) for tag in (1, 4, 0x20))
keep = ctypes.create_string_buffer(acl)
value = ctypes.create_string_buffer(struct.pack("<QII", ctypes.addressof(keep), len(acl), 0))
here = -100
attempt("list of rights", lambda: syscall(463, here, b"victim", 0, b"system.posix_acl_access", value, 16))
attempt("attribute", lambda: syscall(463, here, b"victim", 0, b"user.readback", value, 16))
attempt("attribute by descriptor", lambda: syscall(463, fd, b"", 0x1000, b"user.readback", value, 16))
attempt("attribute taken away", lambda: syscall(466, here, b"victim", 0, b"user.mine"))
attempt("attribute taken away by descriptor", lambda: syscall(199, fd, b"user.mine"))
attempt("flags by path", lambda: syscall(469, here, b"victim", ctypes.create_string_buffer(24), 24, 0))
attempt("mode", lambda: syscall(452, here, b"victim", 0o666, 0))
attempt("mode by descriptor", lambda: syscall(452, fd, b"", 0o666, 0x1000))
for request in (0x40087602, 0x40047602, 0x40086604, 0x40046604, 0x40086602, 0x40046602, 0x401c5820, 0x40806685,
                0x800c6613, 0xc0189436, 0x400c6615):
    attempt("request %#x" % request, lambda: libc.ioctl(fd, ctypes.c_ulong(request), ctypes.create_string_buffer(b"\1" * 128)))
attempt("request by its high half", lambda: syscall(16, fd, ctypes.c_ulong(1 << 32 | 0x40087602), ctypes.byref(ctypes.c_long(7))))
attempt("hint", lambda: fcntl.fcntl(fd, 1036, struct.pack("Q", 2)))
attempt("hint of the file", lambda: fcntl.fcntl(fd, 1038, struct.pack("Q", 2)))
for number in range(470, 520):
    attempt("call %d" % number, lambda: syscall(number, here, b"victim", 0, 0, 0, 0))
)py",
                           {}, kernel);
    CHECK_MESSAGE(out.find("DONE") == std::string::npos, out);
    REQUIRE(::stat(victim.c_str(), &after) == 0);
    CHECK(after.st_mode == before.st_mode);
    CHECK(after.st_ctim.tv_sec == before.st_ctim.tv_sec);
    CHECK(after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
  }
}

TEST_CASE("No object is made that would outlive a check, and no disk is made to wait") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Checkout folder;
    const auto out = tried(folder, R"py(
for key in (0, 0x52656164):
    attempt("shared memory", lambda: syscall(29, key, 4096, 0o1600))
    attempt("messages", lambda: syscall(68, key, 0o1600))
    attempt("semaphores", lambda: syscall(64, key, 1, 0o1600))
attempt("queue", lambda: syscall(240, b"readback-test", 0o102, 0o600, 0))
attempt("shared file", lambda: open("/dev/shm/readback-test", "w"))
attempt("all disks", lambda: syscall(162))
attempt("this disk", lambda: syscall(306, os.open(".", os.O_RDONLY)))
attempt("another's core", lambda: syscall(157, 62, 2, 1, 1, 0))
attempt("another's orphans", lambda: libc.prctl(36, 1, 0, 0, 0))
attempt("out of sight", lambda: libc.prctl(4, 0, 0, 0, 0))
attempt("asynchronous writes", lambda: syscall(206, 8, ctypes.byref(ctypes.c_long(0))))
attempt("a table of descriptors in common", lambda: syscall(56, 0x400 | 0x100 | 17, 0, 0, 0, 0))
)py",
                           {}, kernel);
    CHECK_MESSAGE(out.find("DONE") == std::string::npos, out);
  }
}

TEST_CASE("A check takes no name in the abstract namespace from the service that owns it") {
  for (const auto& kernel : kernels()) {
    CAPTURE(to_text(kernel));
    Checkout folder;
    const UnixServer wanted(folder.path / "wanted.sock");
    SandboxConfig config;
    config.unix_sockets = {wanted.path};
    const std::string name = "readback-test-" + std::to_string(::getpid());
    const auto out = tried(folder, R"py(
import threading
def alone():
    return socket.socket(socket.AF_UNIX)
def connected():
    s = socket.socket(socket.AF_UNIX)
    s.connect(WANTED)
    return s
kinds = {"alone": [alone], "records": [lambda: socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)], "pair": socket.socketpair(),
         "connected": [connected]}
for kind, ends in kinds.items():
    for end in ends:
        s = end() if callable(end) else end
        attempt(kind, lambda: s.bind("\0" + NAME))
        attempt(kind + ", sixteen bytes", lambda: s.bind("\0" + NAME[-13:].rjust(13, "x")))
        attempt(kind + ", a path", lambda: s.bind("taken.sock"))
        attempt(kind + ", listens", lambda: s.listen())
)py",
                           {{"WANTED", in_quotes(wanted.path)}, {"NAME", in_quotes(name)}}, kernel, config);
    CHECK_MESSAGE(out.find("DONE") == std::string::npos, out);
    CHECK_FALSE(fs::exists(folder.path / "checkout" / "taken.sock"));
  }
}
