// A socket file outlives its daemon: what stands at the path is looked at before it is replaced, and looked at again
// before it is removed.
#include "daemon/http/bound_socket.hpp"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace readback {
namespace {

std::string reason(int error) { return std::strerror(error); }

Failure refusal(std::string text) { return {std::move(text)}; }

/// Takes a dead daemon's file out of the way, and nothing else.
Result<void> make_room(net::any_io_executor ex, const std::string& path) {
  struct stat seen {};
  if (::lstat(path.c_str(), &seen) == 0) {
    if (!S_ISSOCK(seen.st_mode))
      return refusal(path + " exists and is no socket; move it away or choose another control.socket");
    ErrorCode ec;
    net::local::stream_protocol::socket probe(ex);
    probe.connect(net::local::stream_protocol::endpoint(path), ec);
    if (!ec)
      return refusal("another readbackd answers on " + path + "; stop it first or choose another control.socket");
    if (ec != net::error::connection_refused && ec != boost::system::errc::no_such_file_or_directory)
      return refusal("cannot see who is behind " + path + ": " + ec.message());
    ::unlink(path.c_str());
  }
  return {};
}

/// Gives the socket to the group; why not, when that cannot be.
std::string give_to(const std::string& path, const std::string& group) {
  char buffer[16 * 1024];
  struct stat seen {};
  struct ::group entry {};
  struct ::group* found = nullptr;
  const int failed = ::getgrnam_r(group.c_str(), &entry, buffer, sizeof buffer, &found);
  if (failed != 0 || !found)
    return "control.group: there is no group " + group + " here; the control socket keeps our own group";
  const bool ours_already = ::lstat(path.c_str(), &seen) == 0 && seen.st_gid == found->gr_gid;
  // systemd's filter may refuse chown altogether
  if (!ours_already && ::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
    return "cannot give " + path + " to the group " + group + ": " + reason(errno) + "; it keeps our own group";
  return "";
}

}  // namespace

Result<BoundSocket> BoundSocket::unix_socket(net::any_io_executor ex, const std::string& path,
                                             const std::string& group) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un{}.sun_path))
    return refusal("control.socket: a path of 1 to 107 bytes is needed, not " + std::to_string(path.size()) + ": " +
                   path);
  if (auto ready = make_room(ex, path); !ready) return ready.failure();
  net::local::stream_protocol::acceptor acceptor(ex);
  ErrorCode ec;
  acceptor.open(net::local::stream_protocol(), ec);
  if (ec) return refusal("cannot open a socket: " + ec.message());
  acceptor.bind(net::local::stream_protocol::endpoint(path), ec);  // nobody can connect before it listens
  if (ec)
    return refusal("cannot make the socket " + path + ": " + ec.message() +
                   "; does its folder exist, and may we write there?");
  std::string warning = group.empty() ? "" : give_to(path, group);
  if (::chmod(path.c_str(), 0660) != 0) return refusal("cannot set the mode of " + path + ": " + reason(errno));
  acceptor.listen(net::socket_base::max_listen_connections, ec);
  if (ec) return refusal("cannot listen on " + path + ": " + ec.message());
  BoundSocket out{Acceptor(std::move(acceptor))};
  out.shown_ = out.path_ = path;
  out.warning_ = std::move(warning);
  struct stat seen {};
  if (::lstat(path.c_str(), &seen) == 0) out.inode_ = seen.st_ino;
  return out;
}

Result<BoundSocket> BoundSocket::tcp(net::any_io_executor ex, const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos)
    return refusal("http.listen: ADDRESS:PORT is needed, as in 127.0.0.1:9464, not " + address);
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty()) host = "0.0.0.0";
  unsigned port = 0;
  const char* end = address.data() + address.size();
  const auto [rest, fault] = std::from_chars(address.data() + colon + 1, end, port);
  if (fault != std::errc() || rest != end || port > 65535) return refusal("http.listen: no port in " + address);
  ErrorCode ec;
  const auto ip = net::ip::make_address(host, ec);
  if (ec) return refusal("http.listen: " + host + " is no IP address; names are not looked up here");
  net::ip::tcp::acceptor acceptor(ex);
  const net::ip::tcp::endpoint endpoint(ip, static_cast<net::ip::port_type>(port));
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(net::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(net::socket_base::max_listen_connections, ec);
  if (ec) return refusal("cannot listen on " + address + " (http.listen): " + ec.message());
  const auto bound = acceptor.local_endpoint(ec);
  BoundSocket out{Acceptor(std::move(acceptor))};
  out.loopback_ = ip.is_loopback();
  out.shown_ = (ip.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(bound.port());
  return out;
}

BoundSocket::~BoundSocket() {
  if (!acceptor_ || path_.empty()) return;
  struct stat seen {};
  if (::lstat(path_.c_str(), &seen) == 0 && S_ISSOCK(seen.st_mode) && seen.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace readback
