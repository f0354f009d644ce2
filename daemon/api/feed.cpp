// A frame is made once, when something happens, and each reader copies what it has not seen yet: a slow reader costs
// nothing but its own place in the ring.
#include "daemon/api/feed.hpp"

#include <boost/json/serialize.hpp>
#include <charconv>

#include "core/codec/view_json.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {

namespace json = boost::json;

class FeedReader : public BodySource {
 public:
  FeedReader(Feed& feed, const FeedSeats& seats, std::string_view last, bool changes)
      : feed_(feed), taken_(seats.taken), next_(feed.next_), changes_(changes) {
    ++*taken_;
    ++feed.readers_;
    if (seats.longest) until_ = now().mono + *seats.longest;
    if (last.empty()) return;
    const auto dash = last.rfind('-');
    std::uint64_t number = 0;
    const char* end = last.data() + last.size();
    const bool ours = dash != std::string_view::npos && last.substr(0, dash) == feed.boot_;
    const auto parsed = ours ? std::from_chars(last.data() + dash + 1, end, number)
                             : std::from_chars_result{last.data(), std::errc::invalid_argument};
    if (parsed.ec != std::errc() || parsed.ptr != end || number >= feed.next_)
      reset_ = true;
    else
      next_ = number + 1;
  }

  ~FeedReader() override {
    --*taken_;
    --feed_.readers_;
    feed_.left_ = now().mono;
  }
  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  net::awaitable<std::string> next() override {
    std::string out;
    if (until_ && now().mono >= *until_) co_return out;  // the end
    out = take();
    if (!out.empty()) co_return out;
    co_await feed_.wake_.wait_for(keep_alive);
    out = take();  // a new event, or the time for a comment has come
    if (out.empty()) out = ": still here\n\n";
    co_return out;
  }

 private:
  std::string take() {
    std::string out;
    if (!greeted_) out = ": readback events\nretry: 2000\n\n";
    greeted_ = true;
    const std::uint64_t oldest = feed_.ring_.empty() ? feed_.next_ : feed_.ring_.front().number;
    if (reset_ || next_ < oldest) {
      out += "event: reset\nid: " + feed_.boot_ + "-" + std::to_string(feed_.next_ - 1) + "\ndata: {}\n\n";
      reset_ = false;
      next_ = feed_.next_;
    }
    for (std::size_t i = next_ - std::min(next_, oldest); i < feed_.ring_.size() && out.size() < 64 * 1024; ++i) {
      const auto& entry = feed_.ring_[i];
      next_ = entry.number + 1;
      if (changes_ || !entry.change) out += entry.frame;
    }
    return out;
  }

  static constexpr Millis keep_alive = Seconds(15);  // proxies close what is silent for a minute or less

  Feed& feed_;
  std::shared_ptr<std::size_t> taken_;
  std::optional<MonoTime> until_;
  std::uint64_t next_;
  bool changes_, reset_ = false, greeted_ = false;
};

void Feed::publish(std::string_view kind, const json::object& data) {
  if (!is_followed()) return pass_over();
  Entry entry{next_++, kind == "change", ""};
  entry.frame = "event: " + std::string(kind) + "\nid: " + boot_ + "-" + std::to_string(entry.number) +
                "\ndata: " + json::serialize(data) + "\n\n";
  bytes_ += entry.frame.size();
  ring_.push_back(std::move(entry));
  while (ring_.size() > most_entries || (bytes_ > most_bytes && ring_.size() > 1)) {
    bytes_ -= ring_.front().frame.size();
    ring_.pop_front();
  }
  wake_.notify();
}

bool Feed::is_followed() const { return readers_ > 0 || (left_ && now().mono - *left_ < kept_for); }

void Feed::pass_over() {
  ++next_;
  ring_.clear();
  bytes_ = 0;
}

void Feed::on_sweep(const SweepRecord& sweep) {
  if (!is_followed()) return pass_over();
  json::object data = view_json(sweep);
  for (auto& read : data["reads"].as_array()) read.as_object().erase("reasons");
  publish("sweep", data);
}

void Feed::on_alert(const AlertEvent& e) {
  json::object data;
  data["at"] = to_rfc3339(e.at);
  data["event"] = to_string(e.kind);
  data["target"] = clean_utf8(e.incident.target);
  data["incident"] = clean_utf8(e.incident.id);
  data["boundary"] = to_string(e.incident.boundary);
  data["extent"] = to_string(e.incident.extent);
  data["severity"] = to_string(e.incident.severity);
  data["summary"] = clean_utf8(e.incident.summary);
  publish("alert", data);
}

Reply Feed::follow(const FeedSeats& seats, const std::string& last_event_id, bool changes) {
  if (*seats.taken >= seats.most) {
    Problem problem;
    problem.status = 503;
    problem.detail = std::to_string(seats.most) + " follow the events already; try again when one of them has gone";
    Reply reply = problem_reply(problem);
    reply.headers.emplace_back("Retry-After", "30");
    return reply;
  }
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.source = std::make_shared<FeedReader>(*this, seats, last_event_id, changes);
  return reply;
}

}  // namespace readback
