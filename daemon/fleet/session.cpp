// A connection, from its beginning to its end: streams, watches, the first picture, what follows it.
#include <algorithm>
#include <utility>

#include "daemon/fleet/servers.hpp"
#include "daemon/fleet/streams.hpp"
#include "daemon/fleet/watch.hpp"

namespace readback {
namespace {

constexpr Millis first_pause = Seconds(1), longest_pause = Seconds(15);
constexpr Millis taken_at_once = Seconds(2), disk_limit = Seconds(30);  // of events

}  // namespace

void FleetServers::link_changed() {
  if (is_stopping_) return;
  const auto& state = wire_.state();
  if (state.trouble.empty())
    fine(connection);
  else
    trouble(connection, state.trouble);
  if (std::exchange(was_connected_, state.is_connected) == state.is_connected) return;
  if (!state.is_connected) return end_session();
  say(Say::Level::info, "fleet.servers", "connected to the fleet's server " + state.server);
  session_.spawn("fleet session", session());
}

void FleetServers::end_session() {
  session_.cancel();
  ++session_number_;
  picture_.clear();
  caught_up_.clear();
  contents_.clear();
  is_synced_ = false;
  hear_(ConnectionLost{});
}

/// A bucket was lost or made anew: what is known of it is worth nothing.
void FleetServers::start_over(const std::string& why) {
  if (is_stopping_ || !was_connected_) return;
  say(Say::Level::warning, "fleet.servers", why + ": all of the fleet is read anew");
  end_session();
  session_.spawn("fleet session", session());
}

void FleetServers::carry_out(StartOver) {
  if (!was_connected_ && !is_stopping_) hear_(ConnectionLost{});
  start_over("this host has stood still");
}

net::awaitable<void> FleetServers::session() {
  auto wishes = streams_of(setup_.fleet);
  for (Millis wait = first_pause;; wait = std::min(wait * 2, longest_pause)) {
    const bool made = co_await make_buckets(wishes);
    if (made) break;
    co_await pause(wire_, wait);
  }
  for (const auto b : {Bucket::hosts, Bucket::views, Bucket::claims}) watch(b);
  for (auto& wish : wishes) {
    if (wish.name == names_.stream(FleetStream::words)) session_.spawn("fleet words", follow_words(wish));
    if (wish.name == names_.stream(FleetStream::events)) session_.spawn("fleet events", publish_news(wish));
  }
}

/// And the stream of words, which is looked after by follow_words() from then on. False: a bucket is missing, and
/// nothing works without.
net::awaitable<bool> FleetServers::make_buckets(std::vector<StreamWish> wishes) {
  for (auto& wish : wishes) {
    if (!wish.is_bucket && wish.name != names_.stream(FleetStream::words)) continue;
    const std::string why = co_await make_stream(wire_, wish, setup_.fleet.replicas);
    if (!why.empty()) {
      trouble(wish.name, why);
      if (wish.is_bucket) co_return false;  // the others would say the same
      continue;
    }
    fine(wish.name);
  }
  co_return true;
}

void FleetServers::watch(Bucket b) {
  WatchOrder order{names_.stream(b), names_.subject(b, ">"), 0, largest_value};
  const auto mine = session_number_;  // a task that was cancelled may still take what it has in hand
  Watch::Listener listener{[this, b, mine](const WireMessage& m, std::uint64_t seq) {
                             if (mine == session_number_) heard(b, m, seq);
                           },
                           [this, b, mine] {
                             if (mine == session_number_) caught_up(b);
                           },
                           [this, mine](const std::string& why) {
                             if (mine == session_number_) start_over(why);
                           },
                           [this, b, mine] {
                             if (mine == session_number_) contents_[b].begin();
                           }};
  session_.spawn("fleet watch", run(std::make_shared<Watch>(wire_, std::move(order), std::move(listener))));
}

/// A watch lives as long as its task, which a session that has ended may leave behind for a moment.
net::awaitable<void> FleetServers::run(std::shared_ptr<Watch> watch) { co_await watch->run(); }

/// Without the words of operators a fleet still agrees and pages: they have a life of their own.
net::awaitable<void> FleetServers::follow_words(StreamWish wish) {
  for (;; co_await pause(wire_, longest_pause)) {
    const std::string why = co_await make_stream(wire_, wish, setup_.fleet.replicas);
    if (!why.empty()) {
      trouble(wish.name, why);
      continue;
    }
    auto about = info_of(wish.name);
    const auto info = co_await ask(wire_, std::move(about), request_limit);
    if (info.error) continue;
    // A stream that ends before the place that we know is another one.
    if (info.number_in("state", "last_seq") < words_heard_) words_heard_ = 0;
    WatchOrder order{wish.name, wish.subjects, words_heard_ + 1, largest_value};
    const auto mine = session_number_;
    Watch::Listener listener{[this, mine](const WireMessage& m, std::uint64_t seq) {
                               if (mine == session_number_) heard_word(m, seq);
                             },
                             [] {},
                             [this](const std::string& gone) {
                               words_heard_ = 0;  // what is heard twice changes nothing
                               say(Say::Level::warning, "fleet.servers", gone);
                             }};
    const auto watch = std::make_shared<Watch>(wire_, std::move(order), std::move(listener));
    co_await watch->run();
  }
}

void FleetServers::heard_word(const WireMessage& m, std::uint64_t seq) {
  words_heard_ = seq;
  if (!m.is_too_large()) return hear_(WordHeard{seq, m.body});
  const std::string stream = names_.stream(FleetStream::words);
  trouble(stream, "a word on " + stream + " has " + std::to_string(m.size) + " bytes, and is not read");
}

void FleetServers::heard(Bucket b, const WireMessage& m, std::uint64_t seq) {
  std::string key = names_.key_in(b, m.subject);
  if (key.empty()) return;
  const bool is_gone = is_removal(m.header("KV-Operation"));
  switch (contents_[b].hear(key, seq, is_gone ? std::string_view() : std::string_view(m.body))) {
    case BucketContents::Heard::news: break;
    case BucketContents::Heard::again: return;
    case BucketContents::Heard::fallen_back: return start_over(names_.stream(b) + " has lost what was written to it");
  }
  auto entry = entry_of(b, std::move(key), is_gone ? "" : m.body, is_gone ? 0 : m.size, seq);
  if (is_synced_) return hear_(FleetHeard{b, std::move(entry)});
  auto& entries = picture_[b];
  if (is_gone)
    entries.erase(entry.key);
  else
    entries[entry.key] = std::move(entry);
}

/// The picture is whole when all three have caught up; what changed meanwhile is in it.
void FleetServers::caught_up(Bucket b) {
  const bool may_age = b == Bucket::hosts;  // a host that is gone is forgotten within a minute
  if (!contents_[b].caught_up(may_age)) return start_over(names_.stream(b) + " has lost what was written to it");
  caught_up_.insert(b);
  if (is_synced_ || caught_up_.size() < 3) return;
  is_synced_ = true;
  const auto list = [&](Bucket bucket) {
    std::vector<FleetEntry> all;
    for (auto& [key, entry] : picture_[bucket]) all.push_back(std::move(entry));
    return all;
  };
  FirstPicture picture{list(Bucket::hosts), list(Bucket::views), list(Bucket::claims)};
  picture_.clear();
  hear_(std::move(picture));
}

/// One after the other, in their order, each until the servers have it: by its id they keep it once.
net::awaitable<void> FleetServers::publish_news(StreamWish wish) {
  for (Millis wait = first_pause;; wait = std::min(wait * 2, longest_pause)) {
    const std::string why = co_await make_stream(wire_, wish, setup_.fleet.replicas);
    if (why.empty()) {
      fine(wish.name);
      wait = first_pause;
      while (co_await publish_next(wish.name)) continue;
    } else {
      trouble(wish.name, why);
    }
    co_await pause(wire_, wait);
  }
}

net::awaitable<bool> FleetServers::publish_next(std::string stream) {
  while (news_.empty()) co_await news_wake_.wait();
  const FleetNews news = news_.next();
  WireRequest request{names_.subject(FleetStream::events, view_key(news.target, news.boundary)), news.text, {}};
  request.headers.emplace_back("Nats-Msg-Id", news.id);
  const auto done = co_await ask(wire_, std::move(request), request_limit);
  if (done.error) {
    failed(stream, *done.error);
    co_return false;
  }
  news_.sent(news.id);
  news_changed_.notify();
  co_return true;
}

/// What the servers take at once needs no file.
net::awaitable<void> FleetServers::keep_news() {
  for (;;) {
    while (!news_.is_to_be_kept()) co_await news_changed_.wait();
    co_await pause(wire_, taken_at_once);
    co_await news_.keep(disk_limit);
  }
}

}  // namespace readback
