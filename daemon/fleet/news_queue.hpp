#pragma once
// Alert events on their way to the stream of events, the oldest first. While they wait for longer than a moment they
// stand in a file as well, so that whoever consumes them hears them after a restart too.
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "core/model/say.hpp"
#include "core/text/instant.hpp"
#include "daemon/runtime/net.hpp"
#include "daemon/runtime/off_loop.hpp"

namespace readback {

/// An alert event for whoever consumes them.
struct FleetNews {
  std::string id;  ///< it is stored once, however often it is published
  std::string target, boundary, text;
};

class NewsQueue {
 public:
  using SayIt = std::function<void(const Say&)>;
  /// Reads the file, which may be missing; "" keeps none. Waits for the disk.
  NewsQueue(std::string file, SayIt say);

  /// Of more than 1,000 the oldest are left out, which is said once.
  void push(FleetNews news);
  bool empty() const { return waiting_.empty(); }
  const FleetNews& next() const { return waiting_.front(); }
  /// The servers have it.
  void sent(const std::string& id);
  std::size_t size() const { return waiting_.size(); }
  std::uint64_t dropped() const { return dropped_; }

  /// What waits is not what stands in the file.
  bool is_to_be_kept() const;
  /// Writes it there, on another thread; goes on after `limit` at the latest. A disk that fails is said once.
  net::awaitable<void> keep(Millis limit);

 private:
  void load();

  const std::string file_;
  const SayIt say_;
  std::deque<FleetNews> waiting_;
  std::uint64_t changes_ = 0, kept_ = 0;  ///< of the queue, and up to which the file has them
  bool has_file_ = false;                 ///< and something stands in it
  bool is_failing_ = false;
  std::uint64_t dropped_ = 0;
  Worker worker_;
};

}  // namespace readback
