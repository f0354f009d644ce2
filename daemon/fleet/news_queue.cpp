// One file with all that waits, written anew when that has changed: alert events are rare, and their order counts.
#include "daemon/fleet/news_queue.hpp"

#include <boost/json.hpp>
#include <utility>

#include "core/codec/texts.hpp"
#include "core/text/result.hpp"
#include "daemon/evidence/durable.hpp"
#include "daemon/fleet/kept_list.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::size_t most_news = 1000;
constexpr const char* kind = "fleet.events";

std::string written(const std::deque<FleetNews>& all) {
  json::array list;
  for (const auto& n : all)
    list.push_back(json::object{{"id", n.id}, {"target", n.target}, {"boundary", n.boundary}, {"text", n.text}});
  return json::serialize(json::object{{"waiting", std::move(list)}});
}

}  // namespace

NewsQueue::NewsQueue(std::string file, SayIt say) : file_(std::move(file)), say_(std::move(say)) {
  if (!file_.empty()) load();
}

void NewsQueue::load() {
  const auto kept = read_kept(file_);
  if (!kept) return;
  if (!is_kept_list(*kept))
    return say_({Say::Level::warning, kind, "", "", "", "the events in " + file_ + " cannot be read: they are lost"});
  for (const auto& each : kept->at("waiting").get_array()) {
    if (!each.is_object() || waiting_.size() >= most_news) continue;
    const auto& o = each.get_object();
    FleetNews n{text_in(o, "id"), text_in(o, "target"), text_in(o, "boundary"), text_in(o, "text")};
    if (!n.id.empty() && !n.target.empty() && !n.boundary.empty()) waiting_.push_back(std::move(n));
  }
  has_file_ = !waiting_.empty();
}

void NewsQueue::push(FleetNews news) {
  if (waiting_.size() >= most_news) {
    if (dropped_++ == 0)
      say_({Say::Level::warning, kind, "", "", "", "the fleet's servers take no events: the oldest are left out"});
    waiting_.pop_front();
  }
  waiting_.push_back(std::move(news));
  ++changes_;
}

void NewsQueue::sent(const std::string& id) {
  if (waiting_.empty() || waiting_.front().id != id) return;  // left out meanwhile
  waiting_.pop_front();
  ++changes_;
}

bool NewsQueue::is_to_be_kept() const {
  return !file_.empty() && changes_ != kept_ && (has_file_ || !waiting_.empty());
}

net::awaitable<void> NewsQueue::keep(Millis limit) {
  if (!is_to_be_kept()) co_return;
  const auto upto = changes_;
  const bool is_any = !waiting_.empty();
  std::function<Result<void>()> work = [file = file_, text = written(waiting_)] {
    return write_durably(file, text, 0600);
  };
  TakeJob take = [this](std::function<void()> job) { worker_.post(std::move(job)); };
  const auto done = co_await off_loop_within<Result<void>>(limit, std::move(take), std::move(work));
  const std::string why = !done ? "the disk does not answer" : done->ok() ? "" : done->error();
  if (why.empty()) kept_ = upto, has_file_ = is_any;
  if (!why.empty() && !std::exchange(is_failing_, true))
    say_({Say::Level::warning, kind, "", "", "", "events that wait for the fleet's servers are not kept: " + why});
  if (why.empty()) is_failing_ = false;
}

}  // namespace readback
