#pragma once
// A model of the servers between the hosts: buckets whose changes are linearizable, a stream of words, requests that
// are slow or never answered (and may have happened all the same), and watches that lag, repeat, stall, and keep the
// order of a key only. Each host has a connection of its own, which can be cut. Everything comes from one seed.
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/fleet/fleet.hpp"
#include "core/model/ids.hpp"

namespace readback {

class KvModel {
 public:
  /// `at` runs something later, `hear` hands something to a host that is up.
  struct World {
    std::function<MonoTime()> now;
    std::function<void(Millis later, std::function<void()>)> at;
    std::function<void(const std::string& host, const FleetEvent&)> hear;
  };
  KvModel(World world, std::uint64_t seed) : world_(std::move(world)), random_(seed) {}

  // --- the host's side ---
  void start(const std::string& host);  ///< its process begins, and connects when it can
  void stop(const std::string& host);
  /// Publish, ChangeClaim, Fetch, Append and StartOver; everything else is passed by.
  void request(const std::string& host, const FleetAction& action);

  // --- what befalls them ---
  void cut(const std::string& host, bool is_cut);
  void down(bool is_down);
  void stall(const std::string& host, Millis how_long);
  /// What it asks is done, and no answer comes.
  void answer_nothing(const std::string& host, Millis how_long);
  /// All that is stored is gone, and revisions begin anew.
  void lose_everything();
  /// Somebody with access writes what they like.
  void write(Bucket b, const std::string& key, const std::string& text) { put(b, key, text); }

  bool reaches(const std::string& host) const;
  bool is_synced(const std::string& host) const;
  std::map<std::string, FleetClaim> claims() const;
  std::uint64_t epoch_of(const std::string& environment, const ClaimKey& key) const;
  std::uint64_t messages = 0, requests = 0, bytes = 0;  ///< messages: requests, and what the watches hand out

 private:
  struct Stored {
    FleetEntry entry;
    MonoTime at{};
  };
  struct Link {
    bool is_up = false, is_cut = false, is_synced = false;
    std::uint64_t life = 0, connection = 0;
    MonoTime stalled_until{}, silent_until{};
    std::map<std::pair<Bucket, std::string>, MonoTime> order;  ///< nothing of a key is handed over before
    MonoTime last_word{};
  };
  Millis some(int least, int most) { return Millis(least + static_cast<int>(random_.unit() * (most - least))); }
  std::uint64_t put(Bucket b, const std::string& key, const std::string& text);
  void notify(Bucket b, const std::shared_ptr<const FleetEntry>& entry);
  void hand_over(const std::string& host, Link& link, Bucket b, const std::shared_ptr<const FleetEntry>& entry,
                 Millis later);
  void connection_changed(const std::string& host);
  void start_over(const std::string& host);
  void synchronize(const std::string& host);
  FleetAnswered perform(const FleetAction& action);
  std::vector<FleetEntry> all(Bucket b) const;
  bool is_expired(Bucket b, const Stored& s) const;

  World world_;
  IdSource random_;
  std::map<Bucket, std::map<std::string, Stored>> stored_;
  std::map<Bucket, std::uint64_t> revision_;
  std::vector<std::string> words_;
  std::map<std::string, Link> links_;
  bool is_down_ = false;
};

}  // namespace readback
