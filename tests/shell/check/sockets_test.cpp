// Sockets: none, the loopback device's, or the configured paths, and never one beside them.
#include <sys/stat.h>

#include "check_support.hpp"

using namespace readback;

TEST_CASE("No container engine is reachable, unless its socket is configured") {
  Checkout folder;
  const auto path = (folder.path / "engine.sock").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(server, 4) == 0);
  const std::string program =
      "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('" + path + "')\nprint('in')";
  const auto denied = python(folder, program).run;
  CHECK(denied.exit == 1);
  CHECK(denied.out.empty());
  CHECK(denied.err.find("Permission denied") != std::string::npos);
  SandboxConfig open;
  open.unix_sockets = {path};
  CHECK(python(folder, program, Seconds(20), open).run.out == "in\n");
  ::close(server);
}

TEST_CASE("network: none leaves no socket at all, and no raw one is ever had") {
  Checkout folder;
  SandboxConfig none;
  none.network = Network::none;
  CHECK(python(folder, "import socket; socket.socket()", Seconds(20), none).run.err.find("denied") !=
        std::string::npos);
  CHECK(python(folder, "import socket; socket.socket(); print('tcp')").run.out == "tcp\n");
  const auto raw = python(folder, "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)").run;
  CHECK(raw.exit == 1);
}

TEST_CASE("network: loopback is this host's own device, and nobody gets off it") {
  if (!this_kernel().asks) return;
  Checkout folder;
  const TcpServer server;
  const auto done = python(folder, with(R"py(
import socket, threading, urllib.request
def attempt(what, do):
    try:
        print(what, do() or "fine")
    except OSError as e:
        print(what, "refused")
attempt("name", lambda: socket.create_connection(("localhost", PORT), 5).close())
attempt("address", lambda: socket.create_connection(("127.0.0.9", PORT), 5).close())
attempt("any", lambda: socket.create_connection(("0.0.0.0", PORT), 5).close())
s = socket.socket()
attempt("get off", lambda: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b""))
attempt("get off by number", lambda: s.setsockopt(socket.SOL_SOCKET, 62, 0))
attempt("far", lambda: socket.create_connection(("192.0.2.7", PORT), 5).close())
# Even where the address is put beyond the reach of a look at it: the device has no way there.
s.settimeout(0.5)
attempt("fast open", lambda: s.sendto(b"x", socket.MSG_FASTOPEN, ("192.0.2.7", PORT)) and None)
attempt("datagram", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close())
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    c, _ = listener.accept()
    c.recv(4096)
    c.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")
    c.close()
threading.Thread(target=serve).start()
print(urllib.request.urlopen("http://127.0.0.1:%d/" % listener.getsockname()[1], timeout=5).read().decode())
)py",
                                        {{"PORT", server.port}}))
                        .run;
  CHECK_MESSAGE(done.out ==
                    "name fine\naddress fine\nany fine\nget off refused\nget off by number refused\nfar refused\n"
                    "fast open refused\ndatagram refused\nhello\n",
                (done.out + done.err));
  CHECK(done.denials == Denials{"connect 192.0.2.7:" + server.port});
  SandboxConfig any;
  any.network = Network::any;
  const auto open = python(folder,
                           with(R"py(
import socket
socket.create_connection(("127.0.0.1", PORT), 5).close()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.7", 53))
print("fine")
)py",
                                {{"PORT", server.port}}),
                           Seconds(20), any)
                        .run;
  CHECK_MESSAGE(open.out == "fine\n", open.err);
}

TEST_CASE("A configured Unix socket is reached, and no other one beside it") {
  if (!this_kernel().asks) return;
  for (const Network network : {Network::none, Network::loopback, Network::any}) {
    Checkout folder;
    const UnixServer wanted(folder.path / "wanted.sock"), engine(folder.path / "engine.sock");
    SandboxConfig config;
    config.network = network;
    config.unix_sockets = {wanted.path};
    const auto done = python(folder,
                             with(R"py(
import asyncio, os, socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect("../wanted.sock")
print(os.get_inheritable(s.fileno()), s.getpeername().endswith("/wanted.sock"))
s.sendall(b"x")
async def ask():
    reader, writer = await asyncio.open_unix_connection(WANTED)
    writer.write(b"y")
    await writer.drain()
    print("async")
    try:
        await asyncio.open_unix_connection(ENGINE)
    except OSError:
        print("refused")
asyncio.run(ask())
)py",
                                  {{"WANTED", in_quotes(wanted.path)}, {"ENGINE", in_quotes(engine.path)}}),
                             Seconds(20), config)
                          .run;
    CHECK_MESSAGE(done.out == "False True\nasync\nrefused\n", (done.out + done.err));
    CHECK(done.denials == Denials{"connect " + engine.path});
    CHECK(wanted.was_reached());
    CHECK(wanted.was_reached());
    CHECK_FALSE(engine.was_reached());
  }
}
