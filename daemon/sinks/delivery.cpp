#include "daemon/sinks/delivery.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "core/alert/render.hpp"
#include "core/alert/retry.hpp"
#include "core/alert/signature.hpp"
#include "core/model/ids.hpp"
#include "core/text/time.hpp"
#include "daemon/sinks/post.hpp"
#include "daemon/store/fault_point.hpp"

namespace readback {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto repeat_every = std::chrono::seconds(60);  // alertmanager forgets an alert after 5 minutes by default
constexpr auto repeat_resolved_for = std::chrono::minutes(5);
constexpr auto slack_pace = std::chrono::milliseconds(1000);  // published: one message a second for an incoming webhook
constexpr auto farewell = std::chrono::seconds(3);            // what is on its way at a stop may finish
constexpr const char* pagerduty_address = "https://events.pagerduty.com/v2/enqueue";
constexpr std::string_view broken_prefix = "sink-broken/";
constexpr std::string_view test_resolve_suffix = "/resolve";

WallTime wall_now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

/// One URL of an alertmanager sink.
struct Peer {
  Clock::time_point next_repeat{};
  int failures = 0;
  std::string trouble;  ///< as it was last told to the log
};

struct Worker {
  Worker(net::any_io_executor loop, SinkConfig c) : config(std::move(c)), bell(loop) {}
  SinkConfig config;
  net::steady_timer bell;
  net::cancellation_signal cancel;
  bool running = false;
  bool retired = false;  ///< gone from the configuration; closes what it has opened
  bool off = false;      ///< answered 410
  bool broken = false;   ///< parked something since it last accepted anything
  std::string detail;
  std::uint64_t delivered = 0, failed = 0, dead = 0;
  std::optional<WallTime> last_attempt, last_success;
  std::map<std::int64_t, Clock::time_point> due;  ///< of rows that wait for another attempt
  Clock::time_point paused_until{}, last_sent{};
  bool failing = false;
  std::vector<Peer> peers;
  std::set<std::string> heard;        ///< incidents of which something that opens them was accepted
  std::set<std::string> never_heard;  ///< incidents whose page never arrived: what follows it does not go there either
};
using WorkerRef = std::shared_ptr<Worker>;

/// What the worker does next.
struct Next {
  std::optional<OutboxRow> row;
  bool repeat = false;
  Clock::time_point wake = Clock::time_point::max();
};

/// What several receivers of one sink answered, as one answer.
struct Answered {
  PostAnswer answer;
  std::string by;
};

}  // namespace

struct Delivery::Parts {
  Parts(net::any_io_executor l, Store& s, DeliverySetup d)
      : loop(std::move(l)),
        store(s),
        setup(std::move(d)),
        poster(loop),
        ids(setup.seed),
        over(loop),
        heart_bell(loop) {}

  net::any_io_executor loop;
  Store& store;
  DeliverySetup setup;
  Poster poster;
  IdSource ids;
  std::vector<WorkerRef> workers;
  std::map<std::pair<std::string, std::string>, std::vector<OpenAlert>> open;  // sink and incident
  std::map<std::string, std::vector<TestResult>> tests;
  std::vector<net::steady_timer*> test_waiters;
  net::steady_timer over;  // rings when a worker ends
  net::steady_timer heart_bell;
  net::cancellation_signal heart_cancel;
  std::optional<WallTime> heart_at;
  bool started = false, stopping = false;
  bool look_for_orphans = true;  ///< the configuration is another one than when the alarms were raised
  int running = 0;

  void say(Say::Level level, std::string kind, std::string text) {
    if (!setup.say) return;
    Say line;
    line.level = level;
    line.kind = std::move(kind);
    line.text = std::move(text);
    setup.say(line);
  }

  WorkerRef find(const std::string& name) {
    for (auto& w : workers)
      if (w->config.name == name) return w;
    return nullptr;
  }

  // ---- rows

  OutboxRow make_row(const SinkConfig& sink, const AlertEvent& event, const Route& r) {
    auto& was_open = open[{sink.name, event.incident.id}];
    auto rendered = readback::render(sink, event, was_open);
    OutboxRow row;
    row.event_id = event.id;
    row.sink = sink.name;
    row.incident_id = event.incident.id;
    row.target = event.incident.target;
    row.kind = event.kind;
    row.key = rendered.key;
    row.body = std::move(rendered.body);
    row.minimal_body = std::move(rendered.minimal_body);
    row.content_type = rendered.content_type;
    row.created = event.at;
    row.next_attempt = event.at;
    // An alertmanager is told the newest text every minute: whatever changes it replaces what is repeated.
    const bool opens = r.opens || (sink.type == SinkType::alertmanager && !r.closes && event.kind != EventKind::test);
    if (opens) {
      row.mark = OutboxRow::Mark::open;
      row.opened_body = rendered.opened_body;
      was_open = {{row.key, row.opened_body}};
      if (const auto w = find(sink.name)) w->never_heard.erase(event.incident.id);
    } else if (r.closes) {
      row.mark = OutboxRow::Mark::close;
    }
    if (!opens && (r.closes || was_open.empty())) open.erase({sink.name, event.incident.id});
    return row;
  }

  std::vector<OutboxRow> rows_for(const AlertEvent& event, const std::string& only_sink) {
    std::vector<OutboxRow> rows;
    if (event.kind == EventKind::resolved) forget_at_unknown_sinks(event.incident.id);
    for (const auto& w : workers) {
      const SinkConfig& sink = w->config;
      if (!only_sink.empty() && sink.name != only_sink) continue;
      const bool is_open = open.contains({sink.name, event.incident.id});
      if (w->retired && !is_open) continue;
      const auto r = route(sink, event, is_open);
      if (!r.send) continue;
      rows.push_back(make_row(sink, event, r));
      if (event.kind == EventKind::test && sink.type == SinkType::pagerduty) {  // a test leaves no open alert behind
        AlertEvent end = event;
        end.kind = EventKind::resolved;
        auto row = make_row(sink, end, {true, false, false});
        row.event_id += test_resolve_suffix;
        row.kind = EventKind::test;
        rows.push_back(std::move(row));
      }
    }
    return rows;
  }

  /// What is over and is still open at a sink that nobody knows any more can never be closed there. Kept, it would be
  /// repeated for ever by a later sink of the same name.
  void forget_at_unknown_sinks(const std::string& incident) {
    std::vector<std::string> unknown;
    for (const auto& [key, alerts] : open)
      if (key.second == incident && !find(key.first)) unknown.push_back(key.first);
    for (const auto& sink : unknown) {
      open.erase({sink, incident});
      store.forget_opened(sink, incident);
    }
  }

  // ---- our own alarm

  AlertEvent alarm_event(const std::string& sink, EventKind kind, const std::string& text) {
    AlertEvent e;
    e.at = wall_now();
    e.id = ids.next(e.at);
    e.kind = kind;
    e.environment = setup.config.environment;
    e.host = setup.host;
    e.incident.target = "readback";
    e.incident.id = std::string(broken_prefix) + sink;
    e.incident.episode = e.incident.id;
    e.incident.boundary = Boundary::observer;
    e.incident.extent = Extent::degraded;
    e.incident.severity = Severity::error;
    e.incident.opened_at = e.incident.confirmed_at = e.at;
    e.incident.summary = text;
    e.incident.symptom = text;
    e.incident.dedup_base = setup.config.environment + "/readback/sink/" + sink;
    e.evidence_note = "about the alerting itself; there is no snapshot";
    e.incident.runbook.title = "readback status";
    e.incident.runbook.owner = "watchdog operator";
    e.incident.next_safe_step =
        "Run `readback status`, correct the sink in the configuration, reload, and run `readback test-alert " + sink +
        "`.";
    return e;
  }

  net::awaitable<void> alarm(std::string sink, EventKind kind, std::string text) {
    AlertEvent event = alarm_event(sink, kind, text);
    if (kind == EventKind::resolved) forget_at_unknown_sinks(event.incident.id);
    Commit commit;
    for (const auto& w : workers) {
      const bool is_open = open.contains({w->config.name, event.incident.id});
      if (w->config.name == sink || (w->retired && !is_open)) continue;
      if (kind == EventKind::resolved && !is_open) continue;
      const bool closes = kind == EventKind::resolved;
      commit.rows.push_back(make_row(w->config, event, {true, !closes, closes}));
    }
    say(kind == EventKind::resolved ? Say::Level::info : Say::Level::error,
        kind == EventKind::resolved ? "sink.works" : "sink.broken", text);
    if (commit.rows.empty()) co_return;
    co_await store.commit(std::move(commit));
    wake();
  }

  // ---- one worker

  Next pick(Worker& w) {
    Next next;
    const auto now = Clock::now();
    if (!w.off) {
      std::set<std::string> seen;
      for (const auto& [seq, row] : store.pending()) {
        if (row.sink != w.config.name || !seen.insert(row.incident_id).second) continue;
        auto at = w.paused_until;
        if (const auto waits = w.due.find(seq); waits != w.due.end()) at = std::max(at, waits->second);
        if (w.config.type == SinkType::slack) at = std::max(at, w.last_sent + slack_pace);
        if (at <= now) {
          next.row = row;
          return next;
        }
        next.wake = std::min(next.wake, at);
      }
    }
    if (w.config.type == SinkType::alertmanager && !w.off && has_to_repeat(w)) {
      for (const auto& peer : w.peers) {
        if (peer.next_repeat <= now) next.repeat = true;
        next.wake = std::min(next.wake, peer.next_repeat);
      }
    }
    return next;
  }

  bool nothing_left(const Worker& w) const {
    for (const auto& [seq, row] : store.pending())
      if (row.sink == w.config.name) return false;
    return std::none_of(store.opened().begin(), store.opened().end(),
                        [&](const OpenedKey& k) { return k.sink == w.config.name && !k.closed_at; });
  }

  net::awaitable<void> work(WorkerRef w) {
    while (!stopping) {
      if (w->retired && nothing_left(*w)) co_return;
      Next next = pick(*w);
      if (next.row) {
        OutboxRow row = std::move(*next.row);
        co_await attempt(w, std::move(row));
      } else if (next.repeat) {
        co_await repeat(w);
      } else {
        w->bell.expires_at(next.wake);
        co_await w->bell.async_wait(token);
      }
    }
  }

  /// The requests of one attempt, or why it cannot be made.
  std::variant<std::vector<PostRequest>, std::string> requests_for(const Worker& w, const std::string& body,
                                                                   const std::string& content_type,
                                                                   const std::string& event_id, WallTime now) const {
    const SinkConfig& sink = w.config;
    PostRequest base;
    base.content_type = content_type;
    base.body = body;
    base.tls = sink.tls;
    base.timeout = sink.timeout;
    for (const auto& [name, ref] : sink.headers) {
      auto value = setup.secrets(ref);
      if (const auto* problem = std::get_if<SecretProblem>(&value)) return problem->text;
      base.headers.emplace_back(name, std::get<std::string>(value));
    }
    if (sink.type == SinkType::webhook) {
      const auto stamp = std::chrono::floor<Seconds>(now).time_since_epoch().count();
      base.headers.emplace_back("webhook-id", event_id);
      base.headers.emplace_back("webhook-timestamp", std::to_string(stamp));
      std::vector<std::string> keys;
      for (const auto& ref : sink.secrets) {
        auto value = setup.secrets(ref);
        if (const auto* problem = std::get_if<SecretProblem>(&value)) return problem->text;
        auto key = parse_webhook_secret(std::get<std::string>(value));
        if (!key) return "the webhook secret is not of the form whsec_<base64>";
        keys.push_back(std::move(*key));
      }
      if (!keys.empty()) base.headers.emplace_back("webhook-signature", webhook_signature(keys, event_id, stamp, body));
    }
    std::vector<std::string> urls;
    for (const auto& ref : sink.urls) {
      auto value = setup.secrets(ref);
      if (const auto* problem = std::get_if<SecretProblem>(&value)) return problem->text;
      urls.push_back(std::get<std::string>(value));
    }
    if (urls.empty() && sink.type == SinkType::pagerduty) urls.emplace_back(pagerduty_address);
    if (urls.empty()) return "the sink has no address";
    std::vector<PostRequest> all;
    for (const auto& url : urls) {
      auto parsed = parse_sink_url(url);
      if (!parsed) return parsed.error();
      PostRequest request = base;
      request.to = *parsed;
      if (sink.type == SinkType::alertmanager) {
        auto& target = request.to.target;
        while (target.ends_with('/')) target.pop_back();
        target += "/api/v2/alerts";
      }
      all.push_back(std::move(request));
    }
    return all;
  }

  /// Sends all at once; one answer for each, in order.
  net::awaitable<std::vector<PostAnswer>> post_all(std::vector<PostRequest> requests) {
    std::vector<PostAnswer> answers(requests.size());
    if (requests.size() == 1) {
      PostRequest only = std::move(requests.front());
      answers[0] = co_await poster.post(std::move(only));
      co_return answers;
    }
    struct Gather {
      explicit Gather(net::any_io_executor e) : done(e, Clock::time_point::max()) {}
      std::vector<PostAnswer> answers;
      std::size_t left = 0;
      net::steady_timer done;
    };
    auto gather = std::make_shared<Gather>(loop);
    gather->answers.resize(requests.size());
    gather->left = requests.size();
    for (std::size_t i = 0; i < requests.size(); ++i)
      net::co_spawn(loop, poster.post(std::move(requests[i])),
                    [gather, i](std::exception_ptr error, PostAnswer answer) {
                      if (error) answer.detail = "stopped";
                      gather->answers[i] = std::move(answer);
                      if (--gather->left == 0) gather->done.cancel();
                    });
    while (gather->left > 0) co_await gather->done.async_wait(token);
    answers = std::move(gather->answers);
    co_return answers;
  }

  /// Any acceptance is one: the members of a cluster tell each other, and the rest hear it with the next repetition.
  Answered combine(Worker& w, std::vector<PostAnswer> answers) {
    const auto accepted = [](const PostAnswer& a) { return a.status >= 200 && a.status < 300; };
    std::size_t good = 0, chosen = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const bool ok = accepted(answers[i]);
      good += ok;
      if (ok && !accepted(answers[chosen])) chosen = i;
      // Nobody accepts: what may be tried again is the better answer than a refusal.
      if (good == 0 && is_temporary(answers[i].status) && !is_temporary(answers[chosen].status)) chosen = i;
      if (i < w.peers.size()) note_peer(w.peers[i], ok);
    }
    Answered result{answers[chosen], ""};
    if (answers.size() > 1) result.by = std::to_string(good) + " of " + std::to_string(answers.size());
    return result;
  }

  void note_peer(Peer& peer, bool ok) {
    if (ok) {
      peer.failures = 0;
      peer.next_repeat = Clock::now() + repeat_every;
    } else {
      peer.next_repeat = Clock::now() + std::max<Millis>(Millis(500), backoff_limit(++peer.failures));
    }
  }

  net::awaitable<void> attempt(WorkerRef w, OutboxRow row) {
    const auto now = wall_now();
    const auto age = std::max(Millis{0}, now - row.created);
    if (row.mark != OutboxRow::Mark::open && w->never_heard.contains(row.incident_id)) {
      if (row.mark == OutboxRow::Mark::close) w->never_heard.erase(row.incident_id);
      row.last_detail = "its page never arrived";
      co_await finish(w, std::move(row), OutboxState::expired);
      co_return;
    }
    if (const auto life = lifetime(row.kind); life > Millis{0} && age >= life) {
      row.last_detail = "not worth sending any more after " + humanize(age);
      co_await give_up(w, std::move(row), OutboxState::expired);
      co_return;
    }
    Answered answered;
    std::string routing_key, problem;
    if (w->config.type == SinkType::pagerduty) {
      auto secret = setup.secrets(w->config.routing_key);
      if (const auto* p = std::get_if<SecretProblem>(&secret))
        problem = p->text;
      else
        routing_key = std::get<std::string>(secret);
    }
    const bool minimal = row.minimal && !row.minimal_body.empty();
    const std::string body = finish_body(minimal ? row.minimal_body : row.body, row.created, now, routing_key);
    auto prepared = requests_for(*w, body, row.content_type, row.event_id, now);
    if (const auto* p = std::get_if<std::string>(&prepared); p && problem.empty()) problem = *p;
    if (problem.empty()) {
      auto requests = std::move(std::get<std::vector<PostRequest>>(prepared));
      w->peers.resize(w->config.type == SinkType::alertmanager ? requests.size() : 0);
      fault_point("before_send");
      w->last_sent = Clock::now();
      auto answers = co_await post_all(std::move(requests));
      fault_point("after_send");
      answered = combine(*w, std::move(answers));
    } else {
      answered.answer.detail =
          problem;  // a credential may yet be put in place: this is tried again like a lost connection
    }
    w->last_attempt = wall_now();

    Attempt a;
    a.kind = row.kind;
    a.age = age;
    a.number = ++row.attempts;
    a.status = answered.answer.status;
    a.detail = answered.answer.detail;
    a.retry_after = answered.answer.retry_after;
    a.now = wall_now();
    a.was_minimal = minimal;
    a.body_size = body.size();
    a.minimal_size = row.minimal_body.size();
    a.random = ids.unit();
    const Decision decision = decide(a);
    row.last_status = a.status;
    row.last_detail = decision.text;
    row.done_by = answered.by;
    co_await follow(w, std::move(row), decision);
  }

  net::awaitable<void> follow(WorkerRef w, OutboxRow row, Decision decision) {
    switch (decision.what) {
      case Decision::What::delivered: {
        if (row.mark == OutboxRow::Mark::open) {
          w->heard.insert(row.incident_id);
          w->never_heard.erase(row.incident_id);
        }
        if (w->failing) say(Say::Level::info, "sink.accepts", "sink " + w->config.name + " accepts again");
        w->failing = false;
        w->detail = decision.text;
        w->last_success = wall_now();
        const bool was_broken = std::exchange(w->broken, false);
        const bool closed = row.mark == OutboxRow::Mark::close;
        const std::string incident = row.incident_id;
        co_await finish(w, std::move(row), OutboxState::delivered);
        if (closed) w->heard.erase(incident);
        if (closed) store.forget_closed(wall_now() - repeat_resolved_for - Seconds(60));
        if (was_broken) co_await clear_alarm(w->config.name);
        co_return;
      }
      case Decision::What::again:
      case Decision::What::again_minimal: {
        ++w->failed;
        if (!w->failing || w->detail != decision.text)
          say(Say::Level::warning, "sink.retries",
              "sink " + w->config.name + ": " + decision.text + "; the alert is kept and tried again");
        w->failing = true;
        w->detail = decision.text;
        if (decision.what == Decision::What::again_minimal) row.minimal = true;
        w->due[row.seq] = Clock::now() + decision.wait;
        if (decision.whole_sink) w->paused_until = Clock::now() + decision.wait;
        row.next_attempt = wall_now() + decision.wait;
        co_await store.mark(std::move(row));
        co_return;
      }
      case Decision::What::sink_off: {
        ++w->failed;
        w->off = true;
        w->detail = decision.text;
        co_await store.mark(std::move(row));
        wake_testers();
        std::string text =
            "sink broken: " + w->config.name + " answered " + decision.text + " and is off until the next reload";
        co_await break_sink(w, std::move(text));
        co_return;
      }
      case Decision::What::dead: {
        ++w->failed;
        w->detail = decision.text;
        std::string text = "sink broken: " + w->config.name + " refused an alert (" + std::string(to_string(row.kind)) +
                           ", " + std::string(row.target) + "): " + decision.text + "; it is parked";
        co_await give_up(w, std::move(row), OutboxState::dead);
        co_await break_sink(w, std::move(text));
        co_return;
      }
      case Decision::What::expired: {
        co_await give_up(w, std::move(row), OutboxState::expired);
        co_return;
      }
    }
  }

  /// Another row that tells this sink of the incident waits behind this one.
  bool will_open(const Worker& w, const OutboxRow& row) const {
    return std::any_of(store.pending().begin(), store.pending().end(), [&](const auto& entry) {
      const OutboxRow& other = entry.second;
      return other.seq > row.seq && other.sink == w.config.name && other.incident_id == row.incident_id &&
             other.mark == OutboxRow::Mark::open;
    });
  }

  /// The receiver does not hear of this row. When it has not heard of the incident at all, nothing is open there, and
  /// no resolve goes there.
  net::awaitable<void> give_up(WorkerRef w, OutboxRow row, OutboxState state) {
    const std::string incident = row.incident_id;
    const bool never_opened = row.mark == OutboxRow::Mark::open && !w->heard.contains(incident) && !will_open(*w, row);
    if (never_opened) {
      open.erase({w->config.name, incident});
      store.forget_opened(w->config.name, incident);
      w->never_heard.insert(incident);
    }
    co_await finish(w, std::move(row), state);
  }

  net::awaitable<void> break_sink(WorkerRef w, std::string text) {
    const bool already = std::exchange(w->broken, true);
    if (already) co_return;
    if (w->retired) {  // nobody could correct it any more, and nothing would end the alarm
      say(Say::Level::error, "sink.broken", text);
      co_return;
    }
    // What concerns the alarm about another sink must not raise one of its own in turn: two broken sinks would go on
    // for ever.
    std::string name = w->config.name;
    co_await alarm(std::move(name), EventKind::firing, std::move(text));
  }

  net::awaitable<void> clear_alarm(std::string sink) {
    std::string text = "sink " + sink + " accepts alerts again";
    co_await alarm(std::move(sink), EventKind::resolved, std::move(text));
  }

  /// Ends the alarms about sinks that the configuration has dropped: they will never accept anything again.
  net::awaitable<void> clear_orphans() {
    std::set<std::string> gone;
    for (const auto& [key, alerts] : open) {
      if (!key.second.starts_with(broken_prefix)) continue;
      const std::string about = key.second.substr(broken_prefix.size());
      const auto w = find(about);
      if (!w || w->retired) gone.insert(about);
    }
    for (const auto& sink : gone) {
      if (const auto w = find(sink)) w->broken = false;
      std::string name = sink, text = "sink " + sink + " is no longer configured";
      co_await alarm(std::move(name), EventKind::resolved, std::move(text));
    }
  }

  net::awaitable<void> finish(WorkerRef w, OutboxRow row, OutboxState state) {
    row.state = state;
    row.done_at = wall_now();
    w->due.erase(row.seq);
    if (state == OutboxState::delivered) ++w->delivered;
    if (state == OutboxState::dead) ++w->dead;
    if (row.kind == EventKind::test && !row.event_id.ends_with(test_resolve_suffix)) {
      tests[row.event_id].push_back({w->config.name, std::string(to_string(w->config.type)),
                                     state == OutboxState::delivered, row.last_status, row.last_detail});
      wake_testers();
    }
    fault_point("before_mark");
    co_await store.mark(std::move(row));
    fault_point("after_mark");
  }

  void wake_testers() {
    for (auto* timer : test_waiters) timer->cancel();
  }

  // ---- alertmanager: say it again

  std::vector<RepeatedAlert> to_repeat(const Worker& w) const {
    std::set<std::string> waiting;  // their own rows come first, or a resolve would overtake its page
    for (const auto& [seq, row] : store.pending())
      if (row.sink == w.config.name) waiting.insert(row.incident_id);
    std::vector<RepeatedAlert> all;
    const auto now = wall_now();
    for (const auto& k : store.opened()) {
      if (k.sink != w.config.name || k.body.empty() || waiting.contains(k.incident_id)) continue;
      if (k.closed_at && *k.closed_at + repeat_resolved_for < now) continue;
      all.push_back({k.body, k.closed_at});
    }
    return all;
  }
  bool has_to_repeat(const Worker& w) const { return !to_repeat(w).empty(); }

  net::awaitable<void> repeat(WorkerRef w) {
    const auto now = wall_now();
    const auto body = alertmanager_body(to_repeat(*w));
    auto prepared = requests_for(*w, body, "application/json", "", now);
    const auto ready = Clock::now();
    if (const auto* problem = std::get_if<std::string>(&prepared)) {
      w->detail = *problem;
      for (auto& peer : w->peers) note_peer(peer, false);
      co_return;
    }
    auto requests = std::move(std::get<std::vector<PostRequest>>(prepared));
    w->peers.resize(requests.size());
    std::vector<PostRequest> now_due;
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (w->peers[i].next_repeat > ready) continue;
      now_due.push_back(std::move(requests[i]));
      which.push_back(i);
    }
    if (now_due.empty()) co_return;
    w->last_attempt = now;
    auto answers = co_await post_all(std::move(now_due));
    std::string detail;  // a member that fails is what there is to tell
    for (std::size_t i = 0; i < answers.size() && which[i] < w->peers.size(); ++i) {
      const bool ok = answers[i].status >= 200 && answers[i].status < 300;
      auto& peer = w->peers[which[i]];
      const int failures = peer.failures;
      note_peer(peer, ok);
      if (ok) w->last_success = wall_now();
      const std::string text = answers[i].status ? status_text(answers[i].status) : answers[i].detail;
      const std::string who = "sink " + w->config.name + ", address " + std::to_string(which[i] + 1);
      if (!ok && peer.trouble != text) say(Say::Level::warning, "sink.retries", who + ": " + text);
      if (ok && !peer.trouble.empty())
        say(Say::Level::info, "sink.accepts",
            who + " accepts again after " + std::to_string(failures) + " failures: " + peer.trouble);
      peer.trouble = ok ? "" : text;
      if (!ok || detail.empty()) detail = text;
    }
    w->detail = detail;
  }

  // ---- heartbeat

  net::awaitable<void> beat() {
    std::string trouble;  // as it was told
    int failures = 0;
    auto due = Clock::now();
    while (!stopping) {
      heart_bell.expires_at(due);
      co_await heart_bell.async_wait(token);
      if (stopping) co_return;
      const auto& config = setup.config.heartbeat;
      if (!config.url || Clock::now() < due) {
        due = config.url ? due : Clock::now() + std::chrono::hours(1);
        continue;
      }
      if (setup.healthy && !setup.healthy()) {
        due = Clock::now() + std::min<Millis>(config.interval, Seconds(1));
        continue;
      }
      due += config.interval;  // absolute: lateness does not add up
      if (due < Clock::now()) due = Clock::now() + config.interval;
      std::string problem;
      auto secret = setup.secrets(*config.url);
      if (const auto* p = std::get_if<SecretProblem>(&secret)) {
        problem = p->text;
      } else {
        auto parsed = parse_sink_url(std::get<std::string>(secret));
        if (!parsed) {
          problem = parsed.error();
        } else {
          Ping ping;
          ping.to = *parsed;
          const PostAnswer answer = co_await poster.ping(std::move(ping));
          if (answer.status >= 200 && answer.status < 300)
            heart_at = wall_now();
          else
            problem = answer.status ? status_text(answer.status) : answer.detail;
        }
      }
      if (!problem.empty() && problem != trouble) say(Say::Level::warning, "heartbeat.fails", "heartbeat: " + problem);
      if (problem.empty() && failures > 0)
        say(Say::Level::info, "heartbeat.works",
            "heartbeat: taken again after " + std::to_string(failures) + " failures: " + trouble);
      failures = problem.empty() ? 0 : failures + 1;
      trouble = problem;
    }
  }

  // ---- life

  void wake() {
    for (auto& w : workers) w->bell.expires_at(Clock::time_point::min());
  }

  void launch(const WorkerRef& w) {
    if (!started || w->running || stopping) return;
    w->running = true;
    ++running;
    net::co_spawn(loop, work(w), net::bind_cancellation_slot(w->cancel.slot(), [this, w](std::exception_ptr error) {
                    ended(w, error);
                  }));
  }

  void ended(const WorkerRef& w, std::exception_ptr error) {
    w->running = false;
    --running;
    over.cancel();
    if (w->retired && !error) std::erase(workers, w);
    if (!error || stopping) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      say(Say::Level::error, "sink.fault", "sink " + w->config.name + ": " + e.what() + "; starting over");
    }
    w->paused_until = Clock::now() + std::chrono::seconds(5);
    launch(w);
  }

  void adopt(const SinkConfig& sink) {
    auto w = find(sink.name);
    if (!w) {
      w = std::make_shared<Worker>(loop, sink);
      workers.push_back(w);
    }
    w->config = sink;
    w->retired = w->off = false;
    w->paused_until = {};
    w->due.clear();
    w->peers.clear();
    if (sink.type == SinkType::alertmanager) w->peers.resize(std::max<std::size_t>(1, sink.urls.size()));
    launch(w);
  }
};

Delivery::Delivery(net::any_io_executor loop, Store& store, DeliverySetup setup)
    : parts_(std::make_unique<Parts>(std::move(loop), store, std::move(setup))) {
  Parts& p = *parts_;
  for (const auto& k : store.opened())
    if (!k.closed_at) p.open[{k.sink, k.incident_id}].push_back({k.key, k.body});
  for (const auto& sink : p.setup.config.alerts.sinks) p.adopt(sink);
  // What opened the incident there still waits: the sink has not heard of it.
  std::map<std::pair<std::string, std::string>, WallTime> opened_at;
  for (const auto& k : store.opened()) {
    const auto known = opened_at.emplace(std::pair(k.sink, k.incident_id), k.opened_at).first;
    known->second = std::min(known->second, k.opened_at);
  }
  std::set<std::pair<std::string, std::string>> unheard;
  for (const auto& [seq, row] : store.pending()) {
    const auto at = opened_at.find({row.sink, row.incident_id});
    if (row.mark == OutboxRow::Mark::open && at != opened_at.end() && row.created <= at->second)
      unheard.insert(at->first);
  }
  for (const auto& [key, at] : opened_at)
    if (const auto w = p.find(key.first); w && !unheard.contains(key)) w->heard.insert(key.second);
  for (const auto& [key, alerts] : p.open) {
    if (key.second.starts_with(broken_prefix))
      if (const auto w = p.find(key.second.substr(broken_prefix.size()))) w->broken = true;
  }
}

Delivery::~Delivery() = default;

std::vector<OutboxRow> Delivery::render(const AlertEvent& event, const std::string& only_sink) {
  return parts_->rows_for(event, only_sink);
}

void Delivery::wake() { parts_->wake(); }

void Delivery::reconfigure(Config config) {
  Parts& p = *parts_;
  p.setup.config = std::move(config);
  p.poster.forget_certificates();
  for (auto& w : p.workers) w->retired = true;
  for (const auto& sink : p.setup.config.alerts.sinks) p.adopt(sink);
  p.wake();
  p.heart_bell.expires_at(Clock::time_point::min());
  p.look_for_orphans = true;
  p.over.cancel();
}

std::vector<SinkView> Delivery::view() const {
  const Parts& p = *parts_;
  std::vector<SinkView> all;
  for (const auto& w : p.workers) {
    SinkView v;
    v.name = w->config.name;
    v.type = to_string(w->config.type);
    v.delivered = w->delivered;
    v.failed = w->failed;
    v.dead = w->dead;
    v.last_attempt_at = w->last_attempt;
    v.last_success_at = w->last_success;
    const OutboxRow* waiting = nullptr;  // the one that was tried and is tried again first
    for (const auto& [seq, row] : p.store.pending()) {
      if (row.sink != v.name) continue;
      ++v.depth;
      if (!v.oldest_at || row.created < *v.oldest_at) v.oldest_at = row.created;
      if (row.attempts > 0 && (!waiting || row.next_attempt < waiting->next_attempt)) waiting = &row;
    }
    if (waiting) v.next_attempt_at = waiting->next_attempt;
    if (w->off)
      v.state = "off";
    else if (w->broken)
      v.state = "broken";
    else if (waiting)
      v.state = "retrying";
    else if (w->last_success)
      v.state = "delivered";
    v.detail = w->detail;
    if (waiting && !w->off)  // another incident's alert may have been taken meanwhile
      v.detail = waiting->last_detail + ", attempt " + std::to_string(waiting->attempts) + ", next at " +
                 to_clock(waiting->next_attempt);
    if (w->off) v.detail += "; off until the next reload";
    if (w->retired) v.detail += "; no longer configured, closes what it opened";
    all.push_back(std::move(v));
  }
  return all;
}

std::optional<WallTime> Delivery::heartbeat_at() const { return parts_->heart_at; }

net::awaitable<void> Delivery::run() {
  Parts& p = *parts_;
  p.started = true;
  // Rows of sinks that nobody knows any more can never leave; what they say is kept in the store.
  std::vector<OutboxRow> lost;
  for (const auto& [seq, row] : p.store.pending())
    if (!p.find(row.sink)) lost.push_back(row);
  for (auto& found : lost) {
    OutboxRow row = std::move(found);
    p.say(Say::Level::warning, "sink.unknown",
          "an alert for sink " + row.sink + " (" + std::string(to_string(row.kind)) + ", " + row.target +
              ") cannot be delivered: the sink is no longer configured");
    row.state = OutboxState::expired;
    row.done_at = wall_now();
    row.last_detail = "the sink is no longer configured";
    co_await p.store.mark(std::move(row));
  }
  for (const auto& w : std::vector<WorkerRef>(p.workers)) p.launch(w);
  ++p.running;
  net::co_spawn(p.loop, p.beat(), net::bind_cancellation_slot(p.heart_cancel.slot(), [&p](std::exception_ptr) {
                  --p.running;
                  p.over.cancel();
                }));
  while (!p.stopping) {
    if (std::exchange(p.look_for_orphans, false)) {
      co_await p.clear_orphans();
      continue;
    }
    p.over.expires_at(Clock::time_point::max());
    co_await p.over.async_wait(token);
  }
  const auto limit = Clock::now() + farewell;
  while (p.running > 0 && Clock::now() < limit) {
    p.over.expires_at(limit);
    co_await p.over.async_wait(token);
  }
  for (auto& w : p.workers) w->cancel.emit(net::cancellation_type::terminal);
  p.heart_cancel.emit(net::cancellation_type::terminal);
  while (p.running > 0) {
    p.over.expires_at(Clock::now() + farewell);
    co_await p.over.async_wait(token);
  }
}

void Delivery::stop() {
  Parts& p = *parts_;
  p.stopping = true;
  p.wake();
  p.heart_bell.expires_at(Clock::time_point::min());
  p.over.cancel();
}

net::awaitable<std::vector<TestResult>> Delivery::test_results(std::string event_id, Millis limit) {
  Parts& p = *parts_;
  net::steady_timer timer(p.loop);
  p.test_waiters.push_back(&timer);
  struct Leave {
    Parts& p;
    net::steady_timer* timer;
    ~Leave() { std::erase(p.test_waiters, timer); }
  } leave{p, &timer};
  const auto deadline = Clock::now() + limit;
  std::vector<const OutboxRow*> waiting;
  for (;;) {
    waiting.clear();
    bool may_answer = false;  // a sink that is off is not asked
    for (const auto& [seq, row] : p.store.pending()) {
      if (row.event_id != event_id) continue;
      waiting.push_back(&row);
      const auto w = p.find(row.sink);
      may_answer = may_answer || (w && !w->off);
    }
    if (!may_answer || Clock::now() >= deadline) break;
    timer.expires_at(deadline);
    co_await timer.async_wait(token);
  }
  auto results = p.tests[event_id];
  for (const auto* row : waiting) {
    const auto w = p.find(row->sink);
    TestResult r;
    r.sink = row->sink;
    r.type = w ? std::string(to_string(w->config.type)) : "";
    r.status = row->last_status;
    const bool off = w && w->off;
    r.text = row->last_detail.empty() ? (off ? w->detail : "no answer yet") : row->last_detail;
    if (off)
      r.text += "; the sink is off until the next reload";
    else if (row->attempts > 0)
      r.text += ", tried " + std::to_string(row->attempts) + " times, goes on trying";
    results.push_back(std::move(r));
  }
  p.tests.erase(event_id);
  co_return results;
}

}  // namespace readback
