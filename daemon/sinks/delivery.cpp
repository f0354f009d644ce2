// One task a sink asks the outbox what is next, does it, and hands back what came of it; the order in which things are
// written is the outbox's. A task that fails by a bug is started again after a pause: a page must not die of it.
#include "daemon/sinks/delivery.hpp"

#include <set>

#include "core/alert/writing.hpp"
#include "core/member/member.hpp"
#include "daemon/runtime/clock.hpp"
#include "daemon/runtime/join.hpp"
#include "daemon/runtime/task_group.hpp"
#include "daemon/runtime/wake.hpp"
#include "daemon/sinks/heartbeat.hpp"
#include "daemon/sinks/post.hpp"
#include "daemon/sinks/secret_reader.hpp"
#include "daemon/store/fault_point.hpp"

namespace readback {
namespace {

constexpr Millis farewell = Seconds(3);          // what is on its way at a stop may finish
constexpr Millis to_give_up(250);                // what has not finished by then
constexpr Millis after_a_fault = Seconds(5);     // a sink whose task has failed
constexpr std::string_view sink_task = "sink ";  // with the sink's name behind it

}  // namespace

struct Delivery::Parts {
  Parts(net::any_io_executor l, Store& s, DeliverySetup d)
      : loop(std::move(l)),
        store(s),
        setup(std::move(d)),
        outbox({{setup.config.environment, setup.host, setup.config.http.page_of("")},
                setup.config.alerts.sinks,
                setup.seed,
                setup.ids,
                setup.held,
                setup.speaks,
                setup.in_fleet}),
        restored(outbox.restore(store.pending(), store.opened(), now(), store.refused())),
        poster(loop),
        secrets(loop, setup.secrets, setup.say),
        wake(loop),
        stopped(loop),
        answered(loop),
        heartbeat(loop, poster, secrets, heartbeat_setup()),
        tasks(loop, [this](const std::string& task, std::exception_ptr failed) { failed_task(task, failed); }) {
    setup.config.targets = {};  // nothing here asks for them
    secrets.remember(setup.revealed);
  }

  net::any_io_executor loop;
  Store& store;
  DeliverySetup setup;
  Outbox outbox;
  OutboxStep restored;  // what restoring asked for, until run()
  Poster poster;
  SecretReader secrets;
  Wake wake;      // something is new for the sinks
  Wake stopped;   // stop() was called
  Wake answered;  // a row was answered, for who waits for a test
  Heartbeat heartbeat;
  std::set<std::string> working;  // sinks that have a task
  bool started = false, stopping = false;
  TaskGroup tasks;

  HeartbeatSetup heartbeat_setup() {
    HeartbeatSetup h;
    h.config = setup.config.heartbeat;
    h.healthy = setup.healthy;
    h.say = setup.say;
    return h;
  }

  void say(const Say& line) {
    if (setup.say) setup.say(line);
  }

  // ---- tasks

  void launch() {
    if (!started || stopping) return;
    for (auto& sink : outbox.sinks())
      if (working.insert(sink).second) tasks.spawn(std::string(sink_task) + sink, work(sink));
  }

  void failed_task(const std::string& task, const std::exception_ptr& failed) {
    if (stopping) return;
    Say line;
    line.level = Say::Level::error;
    line.kind = "sink.fault";
    line.text = task + ": " + text_of(failed);
    if (task.starts_with(sink_task)) {
      const auto sink = task.substr(sink_task.size());
      working.erase(sink);
      outbox.pause(sink, now().mono + after_a_fault);
      line.text += "; starting over";
    }
    say(line);
    launch();
  }

  net::awaitable<void> work(std::string sink) {
    while (!stopping) {
      auto next = outbox.next(sink, now());
      if (const auto* send = std::get_if<Outbox::Send>(&next)) {
        OutboxRow row = store.pending().at(send->seq);
        co_await attempt(std::move(row));
      } else if (const auto* drop = std::get_if<Outbox::Drop>(&next)) {
        OutboxRow row = store.pending().at(drop->seq);
        auto step = outbox.dropped(std::move(row), now());
        co_await perform(std::move(step));
      } else if (auto* repeat = std::get_if<Outbox::Repeat>(&next)) {
        auto what = std::move(*repeat);
        co_await say_again(sink, std::move(what));
      } else if (const auto* wait = std::get_if<Outbox::Wait>(&next)) {
        co_await rest(wait->until);
      } else {
        working.erase(sink);
        co_return;
      }
    }
  }

  net::awaitable<void> rest(MonoTime until) {
    if (until == MonoTime::max()) {
      co_await wake.wait();
      co_return;
    }
    const Millis left = until - now().mono;
    co_await wake.wait_for(left);
  }

  // ---- one attempt

  net::awaitable<void> attempt(OutboxRow row) {
    SinkSent sent;
    const SinkConfig sink = *outbox.config(row.sink);
    auto refs = refs_of(sink);
    const SecretSource known = co_await secrets.look_up("the sink " + sink.name, std::move(refs));
    const auto age = outbox.age(row, now());
    auto requests = requests_for(sink, row, age, now().wall, known);
    if (requests) {
      sent.body_size = requests->front().body.size();
      fault_point("before_send");
      sent.answers = co_await post_all(std::move(*requests));
      fault_point("after_send");
    } else {
      sent.problem = requests.error();
    }
    auto step = outbox.answered(std::move(row), sent, now());
    co_await perform(std::move(step));
  }

  net::awaitable<void> say_again(std::string sink, Outbox::Repeat what) {
    SinkSent sent;
    const SinkConfig config = *outbox.config(sink);
    auto refs = refs_of(config);
    const SecretSource known = co_await secrets.look_up("the sink " + sink, std::move(refs));
    auto requests = requests_to_repeat(config, what.body, now().wall, known);
    if (requests) {
      std::vector<PostRequest> due;
      for (const auto address : what.to)
        if (address < requests->size()) due.push_back(std::move((*requests)[address]));
      sent.answers = co_await post_all(std::move(due));
    } else {
      sent.problem = requests.error();
    }
    auto step = outbox.repeated(sink, what, sent, now());
    co_await perform(std::move(step));
  }

  /// Sends all at once; one answer for each, in order.
  net::awaitable<std::vector<SinkAnswer>> post_all(std::vector<PostRequest> requests) {
    std::vector<net::awaitable<PostAnswer>> posts;
    for (auto& request : requests) posts.push_back(poster.post(std::move(request)));
    auto answers = co_await all_of(std::move(posts));
    answers.resize(requests.size());
    std::vector<SinkAnswer> all;
    for (auto& answer : answers)
      all.push_back({answer.status, std::move(answer.detail), std::move(answer.retry_after), answer.was_written});
    co_return all;
  }

  /// Writes what was decided, in the order of core/alert/writing.hpp.
  net::awaitable<void> perform(OutboxStep step) {
    auto writes = in_order(std::move(step), outbox, setup.standing);
    for (auto& write : writes) {
      if (const auto* line = std::get_if<Say>(&write)) {
        say(*line);
      } else if (const auto* opened = std::get_if<ForgetOpened>(&write)) {
        store.forget_opened(opened->sink, opened->incident);
      } else if (auto* fresh = std::get_if<CommitRows>(&write)) {
        Commit commit;
        commit.rows = std::move(fresh->rows);
        co_await store.commit(std::move(commit));
        take_in();
      } else if (auto* mark = std::get_if<OutboxStep::Mark>(&write)) {
        fault_point("before_mark");
        if (mark->forget)
          co_await store.mark_unheard(std::move(mark->row));
        else
          co_await store.mark(std::move(mark->row));
        fault_point("after_mark");
      } else if (const auto* closed = std::get_if<ForgetClosed>(&write)) {
        store.forget_closed(closed->before);
      } else if (const auto* tried = std::get_if<RowTried>(&write); tried && setup.tried) {
        setup.tried(*tried);
      }
    }
    answered.notify();
  }

  /// What was committed since the last look may leave.
  void take_in() {
    for (const auto& row : store.take_fresh()) outbox.committed(row, now());
    wake.notify();
  }
};

Delivery::Delivery(net::any_io_executor loop, Store& store, DeliverySetup setup)
    : parts_(std::make_unique<Parts>(std::move(loop), store, std::move(setup))) {}

Delivery::~Delivery() = default;

std::vector<OutboxRow> Delivery::render(const AlertEvent& event, const std::string& only_sink) {
  auto step = parts_->outbox.render(event, only_sink);
  for (const auto& [sink, incident] : step.forget) parts_->store.forget_opened(sink, incident);
  return std::move(step.commit);
}

void Delivery::wake() { parts_->take_in(); }

void Delivery::carry_out(const FleetDuty& duty) {
  Parts& p = *parts_;
  auto step = do_at_outbox(duty, p.outbox, now().mono);
  if (!step.forget.empty() || !step.tried.empty()) p.tasks.spawn("rows of the fleet", p.perform(std::move(step)));
  p.wake.notify();
}

void Delivery::watch_is(const std::string& trouble) {
  Parts& p = *parts_;
  auto step = p.outbox.watch_is(trouble, now());
  if (!step.commit.empty() || !step.say.empty()) p.tasks.spawn("alarm about the watch", p.perform(std::move(step)));
}

void Delivery::reconfigure(Config config, const RevealedSecrets& revealed) {
  Parts& p = *parts_;
  p.secrets.remember(revealed);
  p.setup.config = std::move(config);
  p.setup.config.targets = {};
  p.poster.forget_certificates();
  auto step = p.outbox.reconfigure({p.setup.config.environment, p.setup.host, p.setup.config.http.page_of("")},
                                   p.setup.config.alerts.sinks, now());
  p.heartbeat.reconfigure(p.setup.config.heartbeat);
  p.tasks.spawn("reload", p.perform(std::move(step)));
  p.launch();
  p.wake.notify();
}

std::vector<SinkView> Delivery::view() const { return parts_->outbox.view(); }

std::optional<WallTime> Delivery::heartbeat_at() const { return parts_->heartbeat.last(); }

net::awaitable<void> Delivery::run() {
  co_await net::this_coro::reset_cancellation_state(net::disable_cancellation());  // it ends by stop()
  Parts& p = *parts_;
  auto step = std::move(p.restored);
  co_await p.perform(std::move(step));
  p.started = true;
  p.launch();
  p.tasks.spawn("heartbeat", p.heartbeat.run());
  while (!p.stopping) co_await p.stopped.wait();
  const bool all_ended = co_await p.tasks.join(farewell);
  if (all_ended) co_return;
  p.tasks.cancel();
  co_await p.tasks.join(to_give_up);
}

void Delivery::stop() {
  Parts& p = *parts_;
  p.stopping = true;
  p.heartbeat.stop();
  p.wake.notify();
  p.stopped.notify();
}

net::awaitable<std::vector<TestResult>> Delivery::test_results(std::string event_id, Millis limit) {
  Parts& p = *parts_;
  const auto deadline = now().mono + limit;
  while (p.outbox.is_test_under_way(event_id)) {
    const Millis left = deadline - now().mono;
    if (left <= Millis{0}) break;
    co_await p.answered.wait_for(left);
  }
  co_return p.outbox.take_test_results(event_id);
}

}  // namespace readback
