// Three parties meet here: the loop, the thread that makes the calls, and libnats' threads. What they share is
// `Shared`, which outlives all of them; the loop's side of it is `open`, under the mutex: behind ~Wire() nothing is
// posted any more.
//
// Two traps of libnats 3.4, found by trying (nats-server 2.9):
// - natsOptions_SetRetryOnFailedConnect closes the connection for good when the first server refuses the login or does
//   not answer at all. So the first connection, and one that was closed, are made by our own trying; libnats restores
//   one that has been lost.
// - It closes a connection for good after two refused logins as well, and on most errors that a server sends. So that
//   it was closed is always a reason to begin anew, with secrets that are looked up anew.
#include "daemon/fleet/wire.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "core/fleet/words.hpp"
#include "core/text/utf8.hpp"
#include "daemon/fleet/nats_options.hpp"
#include "daemon/platform/secrets.hpp"

namespace readback {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_jobs = 8192;           ///< that wait for the thread; what comes then is not answered
constexpr std::size_t most_heard = 8u << 20;      ///< bytes that wait for the loop; then libnats waits
constexpr std::size_t most_in_one_turn = 128;     ///< messages, so that the loop's other work goes on between them
constexpr std::size_t largest_answer = 2u << 20;  ///< a value of 1 MiB that stands somewhere comes as base64
constexpr int most_headers = 16;
constexpr std::size_t longest_header = 512;
constexpr int pending_messages = 16384, pending_bytes = 16 << 20;  ///< of a subscription, within libnats
constexpr auto next_attempt_after = Seconds(1);

}  // namespace

std::string_view WireMessage::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return "";
}

int WireMessage::status() const {
  const auto text = header("Status");
  int code = 0;
  std::from_chars(text.data(), text.data() + text.size(), code);
  return code;
}

struct Wire::Shared : std::enable_shared_from_this<Wire::Shared> {
  struct Heard {
    std::uint64_t listener = 0;
    WireMessage message;
  };
  /// Of a subscription: libnats frees it with its word that nothing more comes.
  struct Subscribed {
    std::shared_ptr<Shared> shared;
    std::uint64_t listener = 0;
    std::size_t largest = 0;
  };
  using Job = std::function<void(Shared&)>;

  Shared(net::any_io_executor l, NatsConfig w, Wire* o) : loop(std::move(l)), where(std::move(w)), wire(o) {}

  const net::any_io_executor loop;
  const NatsConfig where;

  std::mutex mutex;  // of what follows
  std::condition_variable wake, room;
  bool open = true;     ///< the wire is there
  bool ending = false;  ///< the thread is to close the connection and go
  bool was_closed = false;
  std::deque<Job> jobs;
  std::deque<Heard> heard;
  std::size_t heard_bytes = 0;
  bool is_draining = false;

  std::atomic<bool> is_connected{false};
  Wire* wire;  ///< the loop's own, while it is open

  // The thread's own.
  natsConnection* connection = nullptr;
  std::map<std::uint64_t, std::pair<std::string, std::size_t>> wanted;  ///< listeners: subject, and the largest body
  std::map<std::uint64_t, natsSubscription*> subscriptions;
  std::thread thread;

  // --- from libnats' threads, or ours, to the loop ---

  void to_loop(std::function<void(Wire&)> what) {
    const std::lock_guard lock(mutex);
    if (!open) return;
    net::post(loop, [self = shared_from_this(), what = std::move(what)] {
      if (self->wire) what(*self->wire);
    });
  }

  void tell(bool connected, std::string server, std::string trouble) {
    is_connected = connected;
    WireState state{connected, std::move(server), std::move(trouble)};
    to_loop([state](Wire& w) { w.became(state); });
  }

  /// Waits while the loop is behind: libnats then keeps what comes, and drops it when that is too much, which whoever
  /// watches notices by the numbers that are missing.
  void hear(std::uint64_t listener, WireMessage message) {
    const std::size_t bytes = message.body.size() + 256;
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return !open || ending || heard_bytes < most_heard; });
    if (!open || ending) return;
    heard_bytes += bytes;
    heard.push_back({listener, std::move(message)});
    if (!std::exchange(is_draining, true)) net::post(loop, [self = shared_from_this()] { self->drain(); });
  }

  void drain() {
    std::deque<Heard> now;
    {
      const std::lock_guard lock(mutex);
      while (!heard.empty() && now.size() < most_in_one_turn) {
        heard_bytes -= heard.front().message.body.size() + 256;
        now.push_back(std::move(heard.front()));
        heard.pop_front();
      }
      is_draining = open && !heard.empty();
      if (is_draining) net::post(loop, [self = shared_from_this()] { self->drain(); });
    }
    room.notify_all();
    for (auto& each : now)
      if (wire) wire->arrived(each.listener, std::move(each.message));
  }

  // --- from the loop to the thread ---

  void post(Job job) {
    const std::lock_guard lock(mutex);
    if (jobs.size() < most_jobs) jobs.push_back(std::move(job));
    wake.notify_one();
  }

  // --- the thread ---

  void run() {
    auto next_try = Clock::now();
    std::unique_lock lock(mutex);
    while (!ending) {
      if (std::exchange(was_closed, false)) {
        lock.unlock();
        close();
        lock.lock();
        next_try = Clock::now() + next_attempt_after;
        continue;
      }
      if (!jobs.empty()) {
        const Job job = std::move(jobs.front());
        jobs.pop_front();
        lock.unlock();
        job(*this);
        lock.lock();
        continue;
      }
      if (!connection && Clock::now() >= next_try) {
        lock.unlock();
        connect();
        lock.lock();
        next_try = Clock::now() + next_attempt_after;
        continue;
      }
      const auto until = connection ? Clock::time_point::max() : next_try;
      const auto called = [this] { return ending || was_closed || !jobs.empty(); };
      if (connection)
        wake.wait(lock, called);
      else
        wake.wait_until(lock, until, called);
    }
    lock.unlock();
    close();
    to_loop([](Wire& w) {
      w.has_ended_ = true;
      w.ended_.notify();
    });
  }

  void close() {
    for (auto& [id, each] : subscriptions) natsSubscription_Destroy(each);
    subscriptions.clear();
    if (connection) natsConnection_Destroy(std::exchange(connection, nullptr));
    is_connected = false;
  }

  void connect();
  void subscribe(std::uint64_t id);
  void publish(const WireRequest& request, const std::string& reply);

  // --- libnats' threads: the closure is a shared_ptr of us, freed with the word that the connection is closed ---

  static Shared& of(void* closure) { return **static_cast<std::shared_ptr<Shared>*>(closure); }

  static void was_lost(natsConnection*, void* closure) {
    of(closure).tell(false, "", "the connection to the fleet's servers was lost");
  }
  static void is_back(natsConnection* nc, void* closure) { of(closure).is_there(nc); }
  static void has_closed(natsConnection* nc, void* closure) {
    const std::unique_ptr<std::shared_ptr<Shared>> mine(static_cast<std::shared_ptr<Shared>*>(closure));
    Shared& self = **mine;
    self.is_connected = false;
    const char* why = nullptr;
    const natsStatus status = natsConnection_GetLastError(nc, &why);
    const std::lock_guard lock(self.mutex);
    if (!self.open || self.ending) return;
    self.was_closed = true;
    self.wake.notify_one();
    std::string text = why_not_connected(status, why ? printable(why) : "", self.where);
    net::post(self.loop, [s = self.shared_from_this(), text = std::move(text)] {
      if (s->wire) s->wire->became({false, "", text});
    });
  }
  static void has_failed(natsConnection* nc, natsSubscription*, natsStatus status, void* closure) {
    if (status == NATS_SLOW_CONSUMER) return;
    const char* why = nullptr;
    natsConnection_GetLastError(nc, &why);
    const std::string text = "the fleet's servers refuse: " + printable(why && *why ? why : natsStatus_GetText(status));
    of(closure).to_loop([text](Wire& w) {
      WireState state = w.state_;
      state.trouble = text;
      w.became(std::move(state));
    });
  }
  void is_there(natsConnection* nc) {
    char url[256] = "";
    natsConnection_GetConnectedUrl(nc, url, sizeof url);
    if (natsConnection_HasHeaderSupport(nc) == NATS_OK) return tell(true, url, "");
    tell(false, "", std::string("the NATS server at ") + url + " is too old: it has no headers (2.2 has)");
  }

  static void has_come(natsConnection*, natsSubscription*, natsMsg* msg, void* closure);
  static void is_over(void* closure) { delete static_cast<Subscribed*>(closure); }
};

namespace {

struct MessageEnd {
  void operator()(natsMsg* msg) const { natsMsg_Destroy(msg); }
};
using Message = std::unique_ptr<natsMsg, MessageEnd>;

WireHeaders headers_of(natsMsg* msg) {
  WireHeaders all;
  const char** keys = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(msg, &keys, &count) != NATS_OK) return all;
  for (int i = 0; i < std::min(count, most_headers); ++i) {
    const char* value = nullptr;
    if (natsMsgHeader_Get(msg, keys[i], &value) != NATS_OK || !value) continue;
    all.emplace_back(std::string(keys[i]).substr(0, longest_header), std::string(value).substr(0, longest_header));
  }
  std::free(keys);
  return all;
}

}  // namespace

void Wire::Shared::has_come(natsConnection*, natsSubscription*, natsMsg* msg, void* closure) {
  const Message owned(msg);
  const auto& mine = *static_cast<Subscribed*>(closure);
  WireMessage m;
  if (const char* subject = natsMsg_GetSubject(msg)) m.subject = subject;
  if (const char* reply = natsMsg_GetReply(msg)) m.reply = reply;
  m.size = static_cast<std::size_t>(std::max(0, natsMsg_GetDataLength(msg)));
  if (m.size <= mine.largest && m.size > 0) m.body.assign(natsMsg_GetData(msg), m.size);
  m.headers = headers_of(msg);
  mine.shared->hear(mine.listener, std::move(m));
}

void Wire::Shared::connect() {
  auto options = nats_options(where);
  if (!options) return tell(false, "", options.error());
  natsOptions* o = options->get();
  auto closure = std::make_unique<std::shared_ptr<Shared>>(shared_from_this());
  natsOptions_SetDisconnectedCB(o, was_lost, closure.get());
  natsOptions_SetReconnectedCB(o, is_back, closure.get());
  natsOptions_SetErrorHandler(o, has_failed, closure.get());
  natsOptions_SetClosedCB(o, has_closed, closure.get());
  natsConnection* made = nullptr;
  const natsStatus status = natsConnection_Connect(&made, o);
  if (status != NATS_OK) {
    natsStatus last = status;
    const char* detail = nats_GetLastError(&last);
    return tell(false, "", why_not_connected(status, detail ? printable(detail) : "", where));
  }
  closure.release();
  connection = made;
  for (const auto& [id, each] : wanted) subscribe(id);
  is_there(made);
}

void Wire::Shared::subscribe(std::uint64_t id) {
  const auto found = wanted.find(id);
  if (!connection || found == wanted.end() || subscriptions.contains(id)) return;
  auto closure = std::make_unique<Subscribed>();
  closure->shared = shared_from_this();
  closure->listener = id;
  closure->largest = found->second.second;
  natsSubscription* made = nullptr;
  if (natsConnection_Subscribe(&made, connection, found->second.first.c_str(), has_come, closure.get()) != NATS_OK)
    return;
  natsSubscription_SetPendingLimits(made, pending_messages, pending_bytes);
  if (natsSubscription_SetOnCompleteCB(made, is_over, closure.get()) == NATS_OK) closure.release();
  subscriptions[id] = made;
}

void Wire::Shared::publish(const WireRequest& request, const std::string& reply) {
  if (!connection || !is_connected) return;
  natsMsg* made = nullptr;
  if (natsMsg_Create(&made, request.subject.c_str(), reply.c_str(), request.body.data(),
                     static_cast<int>(request.body.size())) != NATS_OK)
    return;
  const Message message(made);
  for (const auto& [name, value] : request.headers)
    if (natsMsgHeader_Set(made, name.c_str(), value.c_str()) != NATS_OK) return;
  natsConnection_PublishMsg(connection, made);
}

// --- the loop's side -------------------------------------------------------------------------------------------------

struct Wire::Call {
  explicit Call(const net::any_io_executor& loop) : wake(loop) {}
  Wake wake;
  std::optional<WireMessage> answer;
};

class Wire::Ear : public Listening {
 public:
  Ear(Wire& wire, std::uint64_t id) : shared_(wire.shared_), id_(id) {}
  ~Ear() override {
    if (shared_->wire) shared_->wire->listeners_.erase(id_);
    shared_->post([id = id_](Shared& s) {
      s.wanted.erase(id);
      const auto found = s.subscriptions.find(id);
      if (found == s.subscriptions.end()) return;
      natsSubscription_Destroy(found->second);
      s.subscriptions.erase(found);
    });
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::uint64_t id_;
};

Wire::Wire(net::any_io_executor loop, NatsConfig where, const std::string& host, std::function<void()> changed)
    : loop_(loop),
      changed_(std::move(changed)),
      shared_(std::make_shared<Shared>(loop, std::move(where), this)),
      inbox_("_INBOX.readback." + member_key(host) + "." + random_key()),
      ended_(loop) {
  state_.trouble = "not connected yet";
  shared_->wanted[0] = {inbox_ + ".r.*", largest_answer};
}

Wire::~Wire() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->open = false;
    shared_->ending = true;
    shared_->wire = nullptr;
  }
  shared_->wake.notify_all();
  shared_->room.notify_all();
  if (!shared_->thread.joinable()) return;
  // A name service that hangs, or a server that does not answer, may hold it for longer than anybody would wait.
  if (has_ended_)
    shared_->thread.join();
  else
    shared_->thread.detach();
}

void Wire::start() {
  shared_->thread = std::thread([shared = shared_] { shared->run(); });
}

net::awaitable<void> Wire::stop(Millis limit) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->ending = true;
  }
  shared_->wake.notify_all();
  shared_->room.notify_all();
  if (shared_->thread.joinable() && !has_ended_) co_await ended_.wait_for(limit);
  if (std::exchange(state_.is_connected, false)) state_.server.clear();
  state_.trouble = "closed";
}

net::awaitable<std::optional<WireMessage>> Wire::ask(WireRequest request, Millis limit) {
  struct Place {
    std::shared_ptr<Shared> shared;
    std::uint64_t id;
    ~Place() {  // a task may be the last to go
      if (shared->wire) shared->wire->calls_.erase(id);
    }
  };
  const auto call = std::make_shared<Call>(loop_);
  const Place place{shared_, next_++};
  calls_[place.id] = call;
  const std::string reply = inbox_ + ".r." + std::to_string(place.id);
  const auto until = Clock::now() + limit;
  traffic_.sent += 1, traffic_.sent_bytes += request.body.size();
  shared_->post([request = std::move(request), reply, until](Shared& s) {
    if (Clock::now() < until) s.publish(request, reply);
  });
  co_await call->wake.wait_for(limit);
  co_return std::move(call->answer);
}

std::unique_ptr<Listening> Wire::listen(const std::string& subject, std::size_t largest, Hear hear) {
  const std::uint64_t id = next_++;
  listeners_[id] = std::move(hear);
  shared_->post([id, subject, largest](Shared& s) {
    s.wanted[id] = {subject, largest};
    s.subscribe(id);
  });
  return std::make_unique<Ear>(*this, id);
}

std::string Wire::fresh_inbox() { return inbox_ + ".w." + std::to_string(next_++); }

void Wire::arrived(std::uint64_t listener, WireMessage message) {
  traffic_.heard += 1, traffic_.heard_bytes += message.size;
  if (listener != 0) {
    const auto found = listeners_.find(listener);
    if (found == listeners_.end()) return;
    const Hear hear = found->second;  // it may end its listening
    return hear(std::move(message));
  }
  std::uint64_t id = 0;
  const auto at = message.subject.rfind('.') + 1;
  std::from_chars(message.subject.data() + at, message.subject.data() + message.subject.size(), id);
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second->answer) return;
  found->second->answer = std::move(message);
  found->second->wake.notify();
}

void Wire::became(WireState state) {
  if (shared_->ending) return;
  state_ = std::move(state);
  changed_();
}

}  // namespace readback
