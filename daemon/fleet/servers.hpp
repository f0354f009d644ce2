#pragma once
// The fleet's servers, as core/fleet knows them: what it wants done goes in as actions, what happens there comes out as
// events, in the loop. Nothing is decided here; what is kept is what is under way.
//
//   FleetServers servers(loop, setup, hear, say);
//   servers.start();
//   servers.carry_out(publish);        // answered by one FleetAnswered with its ticket
//
// With each connection: the buckets and streams are made where they are missing, all three buckets are watched, and
// when what stands in them has been heard, that is one FirstPicture; then each change follows. When the connection is
// lost, or a bucket was made anew or has lost what it said, that is ConnectionLost, and all begins again.
//
// A request is answered when the servers have answered it, and otherwise `no_answer` after 2 s and not before, whatever
// went wrong at once: so nobody asks a hundred times a second. It may have been done all the same.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/config/fleet.hpp"
#include "core/fleet/fleet.hpp"
#include "daemon/fleet/bucket_contents.hpp"
#include "daemon/fleet/jetstream.hpp"
#include "daemon/fleet/news_queue.hpp"
#include "daemon/fleet/wire.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {

/// Bytes; of what is longer only the size is told. The longest that any member writes are 64 KiB.
inline constexpr std::size_t largest_value = 66 << 10;

struct FleetServersSetup {
  FleetConfig fleet;
  std::string host;
  std::uint64_t words_heard = 0;  ///< the sequence of the last that is known; the next is heard first
  std::string news_file;          ///< where events wait that the servers do not have yet; "": in memory only
};

struct FleetServersState {
  bool is_connected = false, is_synced = false;  ///< synced: the first picture was heard
  std::string server;
  std::vector<std::string> troubles;  ///< a sentence each
  std::size_t news_waiting = 0;
  std::uint64_t news_dropped = 0;
};

class Watch;

/// stop() comes before its end.
class FleetServers {
 public:
  using Hear = std::function<void(FleetEvent)>;
  using SayIt = std::function<void(const Say&)>;
  FleetServers(net::any_io_executor loop, FleetServersSetup setup, Hear hear, SayIt say);
  ~FleetServers();
  FleetServers(const FleetServers&) = delete;
  FleetServers& operator=(const FleetServers&) = delete;

  void start();
  /// What is under way is waited for, for half a second; then the connection is closed, within a second of the call.
  /// Nothing is heard any more.
  net::awaitable<void> stop();

  void carry_out(Publish action);
  void carry_out(ChangeClaim action);
  void carry_out(Fetch action);
  void carry_out(Append action);
  void carry_out(StartOver action);
  /// Kept until the servers have it, over a start too.
  void publish(FleetNews news);

  FleetServersState state() const;
  /// For what else there is on the servers: the evidence.
  Wire& wire() { return wire_; }
  const WireTraffic& traffic() const { return wire_.traffic(); }

 private:
  using Entries = std::map<std::string, FleetEntry>;

  // --- session.cpp: a connection, from its beginning to its end ---
  void link_changed();
  void end_session();
  void start_over(const std::string& why);
  net::awaitable<void> session();
  net::awaitable<bool> make_buckets(std::vector<StreamWish> wishes);
  void watch(Bucket b);
  net::awaitable<void> run(std::shared_ptr<Watch> watch);
  void heard(Bucket b, const WireMessage& message, std::uint64_t seq);
  void caught_up(Bucket b);
  net::awaitable<void> follow_words(StreamWish wish);
  void heard_word(const WireMessage& message, std::uint64_t seq);
  net::awaitable<void> publish_news(StreamWish wish);
  net::awaitable<bool> publish_next(std::string stream);
  net::awaitable<void> keep_news();

  // --- servers.cpp: what is asked of them ---
  net::awaitable<void> write(WireRequest request, std::uint64_t ticket, std::string where);
  net::awaitable<void> change(ChangeClaim action);
  net::awaitable<void> fetch(Fetch action);
  void failed(const std::string& where, const JetStreamError& error);
  void broken(const std::string& task, const std::exception_ptr& failed);
  net::awaitable<std::optional<FleetEntry>> last(Bucket b, std::string key, Millis limit);
  net::awaitable<void> answer_late(std::uint64_t ticket, MonoTime asked);
  void answer(FleetAnswered answered);
  FleetEntry entry_of(Bucket b, std::string key, std::string body, std::size_t size, std::uint64_t revision);
  void trouble(const std::string& about, const std::string& text);
  void fine(const std::string& about);
  void say(Say::Level level, const std::string& kind, const std::string& text) const;

  static constexpr const char* connection = "the connection";  ///< what troubles_ calls it

  const FleetServersSetup setup_;
  const FleetNames names_;
  const Hear hear_;
  const SayIt say_;
  Wire wire_;
  TaskGroup requests_, session_;
  std::uint64_t session_number_ = 0;
  std::size_t under_way_ = 0;
  Wake idle_;
  bool is_stopping_ = false, is_synced_ = false, was_connected_ = false;
  std::uint64_t words_heard_ = 0;
  std::map<Bucket, Entries> picture_;  ///< until all three have caught up
  std::set<Bucket> caught_up_;
  std::map<Bucket, BucketContents> contents_;    ///< what was heard in this session
  std::map<std::string, std::string> troubles_;  ///< by what they are about
  NewsQueue news_;
  Wake news_wake_, news_changed_;
};

}  // namespace readback
