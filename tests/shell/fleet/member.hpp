#pragma once
// One host's side of the servers, with everything that it hears kept in the order in which it came.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/fleet/servers.hpp"
#include "daemon/fleet/streams.hpp"
#include "tests/support/run_coro.hpp"

namespace readback {

inline FleetConfig fleet_at(std::vector<std::string> urls, int replicas = 1) {
  FleetConfig fleet;
  fleet.name = "prod";
  fleet.nats.urls = std::move(urls);
  fleet.nats.user = "readback";
  fleet.nats.password = SecretRef{SecretRef::From::plain, "secret", {}};
  fleet.replicas = replicas;
  fleet.evidence.keep_bytes = 16 << 20;
  return fleet;
}

class Member {
 public:
  Member(net::io_context& io, FleetConfig fleet, std::string host = "host-1", std::uint64_t words_heard = 0,
         std::string news_file = "")
      : io_(io),
        servers(
            io.get_executor(), {std::move(fleet), std::move(host), words_heard, std::move(news_file)},
            [this](FleetEvent e) { take(std::move(e)); }, [this](const Say& line) { said.push_back(line.text); }) {
    servers.start();
  }
  ~Member() {
    if (!stopped_) stop();
  }
  void stop() {
    stopped_ = true;
    run_coro(io_, servers.stop());
  }

  /// Servers of which one was killed may need a minute on a busy machine before they have a leader for everything
  /// again.
  bool until(const std::function<bool()>& condition) { return run_until(io_, condition, std::chrono::minutes(3)); }
  /// The first picture of all after the last connection.
  bool synced() {
    const bool is_synced = until([this] { return servers.state().is_synced; });
    if (!is_synced) tell();
    return is_synced;
  }
  template <class Action>
  std::uint64_t ask(Action action) {
    action.ticket = next_++;
    const auto ticket = action.ticket;
    servers.carry_out(std::move(action));
    return ticket;
  }
  const FleetAnswered* answer_to(std::uint64_t ticket) const {
    const auto found = std::find_if(answers.begin(), answers.end(), [&](const auto& a) { return a.ticket == ticket; });
    return found == answers.end() ? nullptr : &*found;
  }
  template <class Action>
  FleetAnswered asked(Action action) {
    const auto ticket = ask(std::move(action));
    if (!until([&] { return answer_to(ticket) != nullptr; })) return {};
    return *answer_to(ticket);
  }
  bool troubled(const std::string& sentence) {
    const bool is_said = until([&] {
      const auto all = servers.state().troubles;
      return std::find(all.begin(), all.end(), sentence) != all.end();
    });
    if (!is_said) tell();
    return is_said;
  }
  /// Synced, and this is what it last heard of the key. What it says and what its servers know is told when it is not.
  bool hears(Bucket b, const std::string& key, const std::string& text) {
    const bool is_heard = until([&] { return servers.state().is_synced && heard(b, key) == text; });
    if (is_heard) return true;
    MESSAGE(key, " is ", heard(b, key), " after ", pictures, " pictures and ", losses, " losses, at ",
            servers.state().server, servers.state().is_synced ? ", synced" : ", not synced");
    for (const auto& line : said) MESSAGE("said: ", line);
    tell();
    const std::string stream = FleetNames{"prod"}.stream(b);
    for (const std::string& about : {"$JS.API.STREAM.INFO." + stream, "$JS.API.CONSUMER.LIST." + stream}) {
      WireRequest request{about, "", {}};
      MESSAGE(
          boost::json::serialize(run_coro(io_, readback::ask(servers.wire(), std::move(request), Seconds(5))).body));
    }
    return false;
  }
  /// What stands under a key, as it was last heard; "-" when it was not.
  std::string heard(Bucket b, const std::string& key) const {
    const auto at = known.find({b, key});
    return at == known.end() ? "-" : at->second.text;
  }

 private:
  void tell() const {
    for (const auto& trouble : servers.state().troubles) MESSAGE("said instead: ", trouble);
  }
  void take(FleetEvent event) {
    if (auto* picture = std::get_if<FirstPicture>(&event)) {
      ++pictures;
      known.clear();
      for (auto& e : picture->hosts) known[{Bucket::hosts, e.key}] = e;
      for (auto& e : picture->views) known[{Bucket::views, e.key}] = e;
      for (auto& e : picture->claims) known[{Bucket::claims, e.key}] = e;
    } else if (auto* change = std::get_if<FleetHeard>(&event)) {
      auto& entry = known[{change->bucket, change->entry.key}];
      falls_back = falls_back || entry.revision >= change->entry.revision;
      entry = change->entry;
    } else if (auto* answered = std::get_if<FleetAnswered>(&event)) {
      answers.push_back(std::move(*answered));
    } else if (auto* word = std::get_if<WordHeard>(&event)) {
      words.push_back(*word);
    } else if (std::holds_alternative<ConnectionLost>(event)) {
      ++losses;
    }
  }
  net::io_context& io_;
  std::uint64_t next_ = 1;
  bool stopped_ = false;

 public:
  int pictures = 0, losses = 0;
  bool falls_back = false;  ///< a key was heard in an earlier revision than before
  std::map<std::pair<Bucket, std::string>, FleetEntry> known;
  std::vector<FleetAnswered> answers;
  std::vector<WordHeard> words;
  std::vector<std::string> said;
  FleetServers servers;
};

}  // namespace readback
