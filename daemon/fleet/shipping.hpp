#pragma once
// Evidence on its way to the other hosts' reach. What is sealed is put into a queue on the disk, by its path,
// and goes to the stream of evidence in chunks, each until the servers have it; then it leaves the queue. The bundle
// itself is copied nowhere: it is read from where it lies, a chunk at a time. No page waits for this.
#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/config/fleet.hpp"
#include "core/model/say.hpp"
#include "core/model/view.hpp"
#include "core/text/result.hpp"
#include "daemon/fleet/jetstream.hpp"
#include "daemon/fleet/wire.hpp"
#include "daemon/runtime/off_loop.hpp"

namespace readback {

/// Bytes of a bundle in one message. A server takes 1 MiB unless told otherwise, and a slow line should not be held by
/// evidence for long.
inline constexpr std::size_t evidence_chunk = 256 << 10;

/// A sealed bundle that is to be shipped. What it shows goes along with it, so that a list of all that the fleet has
/// needs to open none.
struct Shipment {
  SnapshotView snapshot;
  std::string path;
};

/// What stands beside each chunk and in the queue; without an id when it cannot be read.
SnapshotView read_about(const boost::json::object& about);

class Shipping {
 public:
  using SayIt = std::function<void(const Say&)>;
  /// Reads the queue that the last run left in `queue_file`; one that cannot be read is told and begun anew.
  Shipping(Wire& wire, FleetConfig fleet, const std::string& host, std::string queue_file, SayIt say);
  Shipping(const Shipping&) = delete;
  Shipping& operator=(const Shipping&) = delete;

  /// On the disk when it returns. One that waits already is not added again.
  net::awaitable<Result<void>> add(Shipment shipment);
  /// The newest that was ever added here, by its id; "" when none was. Whatever is newer was sealed and then not added,
  /// since the process ended between the two.
  const std::string& newest() const { return newest_; }
  /// Ships what waits and what comes, until it is cancelled.
  net::awaitable<void> run();
  std::size_t unshipped() const { return queue_.size(); }

 private:
  struct Chunk {
    std::string bytes;
    std::uint64_t size = 0;  ///< of the whole file
    std::string trouble;     ///< it cannot be read
  };
  net::awaitable<void> ship(Shipment shipment);
  net::awaitable<Chunk> read(std::string path, std::uint64_t index);
  net::awaitable<bool> send(Shipment shipment, std::uint64_t index, Chunk chunk);
  net::awaitable<Result<void>> keep();
  void load();
  void say(Say::Level level, const std::string& text);

  Wire& wire_;
  const FleetConfig fleet_;
  const FleetNames names_;
  const std::string host_, queue_file_;
  const SayIt say_;
  std::deque<Shipment> queue_;
  std::string newest_;
  std::string told_;  ///< the last trouble that was said
  Wake wake_;
  Worker worker_;  // last: it has ended before what it uses
};

}  // namespace readback
