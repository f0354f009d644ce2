// Requests and their answers. Everything that is asked is a task of its own with a limit, so that one that is not
// answered holds up no other; they leave in the order in which they were asked.
#include "daemon/fleet/servers.hpp"

#include <algorithm>
#include <utility>

#include "core/text/utf8.hpp"
#include "daemon/fleet/streams.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/join.hpp"

namespace readback {
namespace {

constexpr Millis last_words = Millis(450);   ///< at a stop, for what is under way
constexpr Millis close_limit = Millis(400);  ///< and then for the connection

/// What is left of the limit that began then.
Millis left_of(MonoTime asked) { return std::max(Millis(0), request_limit - (now().mono - asked)); }

}  // namespace

FleetServers::FleetServers(net::any_io_executor loop, FleetServersSetup setup, Hear hear, SayIt say)
    : setup_(std::move(setup)),
      names_{setup_.fleet.name},
      hear_(std::move(hear)),
      say_(std::move(say)),
      wire_(loop, setup_.fleet.nats, setup_.host, [this] { link_changed(); }),
      requests_(loop, [this](const std::string& task, std::exception_ptr failed) { broken(task, failed); }),
      session_(loop,
               [this](const std::string& task, std::exception_ptr failed) {
                 broken(task, failed);
                 start_over(task + " has ended");
               }),
      idle_(loop),
      words_heard_(setup_.words_heard),
      news_(setup_.news_file, say_),
      news_wake_(loop),
      news_changed_(loop) {}

FleetServers::~FleetServers() = default;

void FleetServers::start() {
  troubles_[connection] = wire_.state().trouble;
  wire_.start();
  requests_.spawn("fleet events kept", keep_news());
}

net::awaitable<void> FleetServers::stop() {
  const MonoTime begun = now().mono;
  while (wire_.state().is_connected && under_way_ > 0 && now().mono - begun < last_words)
    co_await idle_.wait_for(last_words);
  is_stopping_ = true;
  requests_.cancel();
  session_.cancel();
  co_await wire_.stop(close_limit);
  co_await requests_.join(Millis(50));
  co_await session_.join(Millis(50));
  co_await news_.keep(last_words);
}

/// A fault of ours, perhaps for want of memory: what it was for is asked again.
void FleetServers::broken(const std::string& task, const std::exception_ptr& failed) {
  say(Say::Level::error, "daemon.bug", "the task " + task + " ended by an error: " + text_of(failed));
}

// --- actions ---------------------------------------------------------------------------------------------------------

void FleetServers::carry_out(Publish action) {
  const std::string where = names_.stream(action.bucket);
  WireRequest request{names_.subject(action.bucket, action.key), std::move(action.text), {}};
  if (request.body.empty()) request.headers.emplace_back("KV-Operation", "DEL");
  requests_.spawn("fleet publish", write(std::move(request), action.ticket, where));
}

void FleetServers::carry_out(ChangeClaim action) { requests_.spawn("fleet claim", change(std::move(action))); }

void FleetServers::carry_out(Fetch action) { requests_.spawn("fleet fetch", fetch(std::move(action))); }

void FleetServers::carry_out(Append action) {
  WireRequest request{names_.subject(FleetStream::words, member_key(setup_.host)), std::move(action.text), {}};
  requests_.spawn("fleet word", write(std::move(request), action.ticket, names_.stream(FleetStream::words)));
}

void FleetServers::publish(FleetNews news) {
  news_.push(std::move(news));
  news_wake_.notify();
  news_changed_.notify();
}

/// No answer is told by the connection's own trouble; a refusal is.
void FleetServers::failed(const std::string& where, const JetStreamError& error) {
  constexpr int nobody_there = 503;  // no stream takes what is written to this subject
  if (error.err_code == nobody_there)
    trouble(where, where + " is not there");
  else if (error.err_code != 0)
    trouble(where, describe(error, where, setup_.fleet.replicas));
}

net::awaitable<void> FleetServers::write(WireRequest request, std::uint64_t ticket, std::string where) {
  const MonoTime asked = now().mono;
  ++under_way_;
  const auto done = co_await ask(wire_, std::move(request), request_limit);
  if (done.error) {
    failed(where, *done.error);
    co_await answer_late(ticket, asked);
    co_return;
  }
  fine(where);
  answer({ticket, FleetAnswered::Outcome::done, done.number("seq"), {}});
}

/// Create or update, by the revision. What a removal has left under a key is no value, but has a revision: who wants to
/// create there updates that.
net::awaitable<void> FleetServers::change(ChangeClaim action) {
  const MonoTime asked = now().mono;
  const std::string where = names_.stream(Bucket::claims);
  ++under_way_;
  std::uint64_t expected = action.expected;
  for (bool again = false;; again = true) {
    WireRequest request{names_.subject(Bucket::claims, action.key), action.text, {}};
    request.headers.emplace_back("Nats-Expected-Last-Subject-Sequence", std::to_string(expected));
    const auto done = co_await ask(wire_, std::move(request), left_of(asked));
    if (!done.error) {
      fine(where);
      answer({action.ticket, FleetAnswered::Outcome::done, done.number("seq"), {}});
      co_return;
    }
    if (!done.error->is_conflict()) {
      failed(where, *done.error);
      break;
    }
    std::optional<FleetEntry> there;
    if (action.expected == 0 && !again) there = co_await last(Bucket::claims, action.key, left_of(asked));
    if (!there || !there->text.empty() || there->revision == 0) {
      answer({action.ticket, FleetAnswered::Outcome::conflict, 0, {}});
      co_return;
    }
    expected = there->revision;
  }
  co_await answer_late(action.ticket, asked);
}

/// Of the server that decides (bucket() in jetstream.cpp), not from what a watch has brought. All of it, or nothing.
net::awaitable<void> FleetServers::fetch(Fetch action) {
  const MonoTime asked = now().mono;
  ++under_way_;
  std::vector<net::awaitable<std::optional<FleetEntry>>> questions;
  for (const auto& [bucket, key] : action.keys) questions.push_back(last(bucket, key, request_limit));
  auto found = co_await all_of(std::move(questions));
  FleetAnswered answered{action.ticket, FleetAnswered::Outcome::done, 0, {}};
  bool is_whole = found.size() == action.keys.size();
  for (std::size_t i = 0; is_whole && i < found.size(); ++i) {
    is_whole = found[i].has_value();
    if (is_whole && !found[i]->text.empty()) answered.found.emplace_back(action.keys[i].first, std::move(*found[i]));
  }
  if (is_whole)
    answer(std::move(answered));
  else
    co_await answer_late(action.ticket, asked);
}

/// Nothing when it cannot be known; an entry without a text when nothing stands there.
net::awaitable<std::optional<FleetEntry>> FleetServers::last(Bucket b, std::string key, Millis limit) {
  auto request = last_of(names_.stream(b), names_.subject(b, key));
  const auto came = co_await ask(wire_, std::move(request), limit);
  std::optional<FleetEntry> entry;
  if (came.error && came.error->is_not_found() && came.error->err_code != 10059) {
    entry.emplace();
    entry->key = std::move(key);
  } else if (came.error) {
    failed(names_.stream(b), *came.error);
  } else if (auto stored = read_stored(came)) {
    const std::size_t size = stored->body.size();
    std::string text = stored->is_removed() ? std::string() : std::move(stored->body);
    entry = entry_of(b, std::move(key), std::move(text), stored->is_removed() ? 0 : size, stored->seq);
  }
  co_return entry;
}

net::awaitable<void> FleetServers::answer_late(std::uint64_t ticket, MonoTime asked) {
  const Millis wait = left_of(asked);
  if (wait > Millis(0)) co_await pause(wire_, wait);
  answer({ticket, FleetAnswered::Outcome::no_answer, 0, {}});
}

void FleetServers::answer(FleetAnswered answered) {
  if (--under_way_ == 0) idle_.notify();
  if (!is_stopping_) hear_(std::move(answered));
}

// --- what they say ---------------------------------------------------------------------------------------------------

/// What is too large stands for itself: core finds that it cannot be used, and may write over it.
FleetEntry FleetServers::entry_of(Bucket b, std::string key, std::string body, std::size_t size,
                                  std::uint64_t revision) {
  FleetEntry entry{std::move(key), std::move(body), revision};
  const std::string about = names_.stream(b) + " " + printable(entry.key, 120);
  if (size <= largest_value) {
    troubles_.erase(about);
    return entry;
  }
  trouble(about, "the value at " + about + " has " + std::to_string(size) + " bytes, and is not read");
  entry.text = "(" + std::to_string(size) + " bytes)";
  return entry;
}

void FleetServers::trouble(const std::string& about, const std::string& text) {
  constexpr std::size_t most_troubles = 64;  // whoever can write keys can make many
  if (troubles_.size() >= most_troubles && !troubles_.contains(about)) return;
  if (std::exchange(troubles_[about], text) != text) say(Say::Level::warning, "fleet.servers", text);
}

void FleetServers::fine(const std::string& about) {
  if (troubles_.erase(about) > 0 && about != connection)
    say(Say::Level::info, "fleet.servers", about + " is as it should be again");
}

void FleetServers::say(Say::Level level, const std::string& kind, const std::string& text) const {
  if (!say_) return;
  Say line;
  line.level = level;
  line.kind = kind;
  line.text = text;
  say_(line);
}

FleetServersState FleetServers::state() const {
  FleetServersState state;
  state.is_connected = wire_.state().is_connected;
  state.is_synced = is_synced_;
  state.server = wire_.state().server;
  for (const auto& [about, text] : troubles_) state.troubles.push_back(text);
  state.news_waiting = news_.size();
  state.news_dropped = news_.dropped();
  return state;
}

}  // namespace readback
