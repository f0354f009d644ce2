// A consumer is made for each beginning, with a subject of its own, so that what an earlier one still delivers is not
// heard. The server forgets a consumer that nobody listens to.
#include "daemon/fleet/watch.hpp"

#include <algorithm>
#include <charconv>

namespace readback {
namespace {

constexpr Millis silence_limit = 5 * watch_heartbeat / 2;  ///< two heartbeats may be lost
constexpr Millis try_again = Seconds(1);

}  // namespace

Watch::Watch(Wire& wire, WatchOrder order, Listener listener)
    : wire_(wire), order_(std::move(order)), listener_(std::move(listener)), wake_(wire.loop()) {}

net::awaitable<void> Watch::run() {
  while (!is_broken_) {
    const bool begun = co_await begin();
    if (begun) co_await follow();
    listening_.reset();
    if (!begun && !is_broken_) co_await wake_.wait_for(try_again);
  }
}

void Watch::broken(const std::string& why) {
  is_broken_ = true;
  listener_.broken(why);
}

/// Behind the end of a stream that was lost and made anew nothing would ever come.
net::awaitable<bool> Watch::is_the_same_stream() {
  auto about = info_of(order_.stream);
  const auto info = co_await wire_.ask(std::move(about), request_limit);
  if (!info) {
    trouble_ = "the fleet's servers do not answer about " + order_.stream;
    co_return false;
  }
  const auto state = read_answer(*info);
  const bool is_behind = !state.error && state.number_in("state", "last_seq") < last_;
  if (is_behind) broken(order_.stream + " was made anew");
  co_return !is_behind;
}

net::awaitable<bool> Watch::begin() {
  queue_.clear();
  delivered_ = reached_ = 0;
  caught_up_ = false;
  if (last_ > 0) {
    const bool is_same = co_await is_the_same_stream();
    if (!is_same) co_return false;
  }
  const std::uint64_t from = order_.from == 0 ? 0 : std::max(order_.from, last_);
  const std::string inbox = wire_.fresh_inbox();
  listening_ = wire_.listen(inbox, order_.largest, [this](WireMessage m) {
    queue_.push_back(std::move(m));
    wake_.notify();
  });
  auto request = watch_of(order_.stream, order_.filter, inbox, from);
  const auto made = co_await wire_.ask(std::move(request), request_limit);
  if (!made) {
    trouble_ = "the fleet's servers do not answer about " + order_.stream;
    co_return false;
  }
  const auto answer = read_answer(*made);
  if (answer.error) {
    trouble_ = describe(*answer.error, order_.stream, 0);
    if (answer.error->is_not_found()) broken(order_.stream + " is gone");
    co_return false;
  }
  trouble_.clear();
  if (listener_.begins) listener_.begins();
  standing_ = answer.number("num_pending") + answer.number_in("delivered", "consumer_seq");
  if (standing_ == 0) is_caught_up();
  co_return true;
}

/// Until a number is missing, or the server falls silent.
net::awaitable<void> Watch::follow() {
  for (;;) {
    while (queue_.empty())
      if (!co_await wake_.wait_for(silence_limit) && queue_.empty()) co_return;
    WireMessage message = std::move(queue_.front());
    queue_.pop_front();
    if (!take(std::move(message))) co_return;
  }
}

/// False: it does not follow what was heard before.
bool Watch::take(WireMessage message) {
  if (message.status() == 100) {
    const auto text = message.header("Nats-Last-Consumer");
    std::uint64_t newest = 0;
    std::from_chars(text.data(), text.data() + text.size(), newest);
    return newest == delivered_;
  }
  const auto place = read_delivered(message.reply);
  if (!place) return true;  // published by somebody who knows our subject; nobody has numbered it
  if (place->nth != delivered_ + 1) return false;
  delivered_ = place->nth;
  const bool is_log = order_.from > 0, is_again = is_log && place->seq == last_;
  const std::size_t digest = is_log ? std::hash<std::string>()(message.body) : 0;
  if (place->seq <= reached_ || (is_again && digest != last_digest_)) {
    broken(order_.stream + " has lost what was written to it");
    return false;
  }
  reached_ = place->seq;
  if (!is_again) {
    last_ = std::max(last_, place->seq);
    last_digest_ = digest;
    listener_.hear(message, place->seq);
  }
  if (place->left == 0 || delivered_ >= standing_) is_caught_up();
  return !is_broken_;
}

void Watch::is_caught_up() {
  if (!std::exchange(caught_up_, true)) listener_.caught_up();
}

}  // namespace readback
