// Schedules are drawn as episodes: something goes wrong for a while, and most of it is mended again. What no episode
// mends is mended at the end.
#include "tests/sim/schedule.hpp"

#include <algorithm>
#include <array>

#include "core/text/time.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/platform.hpp"
#include "tests/sim/receivers.hpp"

namespace readback::sim {
namespace {

constexpr std::array names = {"surfaces", "check",  "path",    "references", "receiver", "disk",        "crash",
                              "edit",     "reload", "silence", "unsilence",  "ack",      "attest",      "verify",
                              "symptom",  "sweep",  "capture", "test_alert", "step",     "suspend",     "lag",
                              "way",      "cut",    "stall",   "unanswered", "servers",  "no_receivers"};
constexpr std::array whole = {"RRRR", "FFFF", "MMMM", "OOOO", "LLLL", "VVVV", "DDDD", "TTTT", "FPPP", "PFPP", "PPFP",
                              "PPBP", "PPPF", "PPPB", "FFFB", "RRRF", "PPPM", "NPPP", "PDDD", "WPPP", "PWPP", "PPWP",
                              "EPPP", "sPPP", "PssP", "PPPs", "KPPP", "PPKP", "APPP", "PATP", "1112", "2121", "PFFF"};

class Drawer {
 public:
  Drawer(Chance& chance, const Wishes& wishes, Schedule& schedule) : chance_(chance), wishes_(wishes), s_(schedule) {}

  void draw() {
    if (wishes_.plain) return draw_plain();
    set_up();
    const auto minutes = wishes_.days > 0 ? wishes_.days * 24 * 60 : chance_.between(6, 20);
    s_.ends = std::chrono::minutes(minutes);
    const auto episodes = wishes_.days > 0 ? 200 * wishes_.days : chance_.between(3, 14);
    for (std::int64_t i = 0; i < episodes; ++i) episode();
    if (chance_.one_in(3)) s_.setup.called_after_s = std::array{60, 120, 300}[static_cast<std::size_t>(some(3))];
    for (auto& h : s_.happenings) h.at = std::min(h.at, s_.ends);
    std::stable_sort(s_.happenings.begin(), s_.happenings.end(),
                     [](const Happening& a, const Happening& b) { return a.at < b.at; });
  }

 private:
  int some(int n) { return static_cast<int>(chance_.below(static_cast<std::uint64_t>(n))); }

  /// A few kinds of weather, each long enough for all that follows from it; in each a kill at any time, or a full disk.
  void draw_plain() {
    auto& u = s_.setup;
    u.sinks = 1;
    u.interval_s = 20;
    u.failures = 3 - some(2);
    u.recoveries = 3 - some(2);
    u.settle_s = 20;
    constexpr std::array plain = {"PPPP", "FFFF", "PPFP", "PPPF", "FPPP", "RRRR", "PFPP"};
    Millis at(Seconds(120));
    const auto phases = chance_.between(2, 5);
    for (std::int64_t i = 0; i <= phases; ++i) {
      add(Happens::surfaces, at).text = i == phases ? "PPPP" : plain[chance_.below(plain.size())];
      if (chance_.one_in(2)) {
        auto& h = add(Happens::crash, at + Seconds(chance_.between(0, 100)));
        h.a = some(4);
        h.lasts = Seconds(2);
      } else if (chance_.one_in(3)) {
        auto& h = add(Happens::disk, at + Seconds(chance_.between(0, 100)));
        h.a = static_cast<int>(DiskMood::full);
        h.lasts = Seconds(chance_.between(60, 200));
      }
      at += Seconds(400);
    }
    s_.ends = at + Seconds(200);
  }

  void set_up() {
    auto& u = s_.setup;
    u.targets = chance_.one_in(3) ? 2 : 1;
    u.sinks = 1 + some(4);
    u.first_type = some(4);
    u.interval_s = std::array{30, 20, 60}[static_cast<std::size_t>(some(3))];
    u.failures = 3 - some(2);
    u.recoveries = 3 - some(2);
    u.settle_s = chance_.one_in(3) ? 120 : 30;
    u.blind_limit_s = chance_.one_in(2) ? 120 : 600;
    u.renotify_s = chance_.one_in(3) ? 300 : 14400;
    u.check = chance_.one_in(2);
    u.path = chance_.one_in(2);
    u.references = chance_.one_in(3);
    u.attest = chance_.one_in(8);
    u.heartbeat = !chance_.one_in(6);
    if (chance_.one_in(8)) {
      u.maintenance_from = static_cast<int>(chance_.between(0, 15));
      u.maintenance_for = static_cast<int>(chance_.between(2, 15));
    }
  }

  Happening& add(Happens what, Millis at) {
    Happening h;
    h.at = at;
    h.host = some(s_.setup.hosts);
    h.what = what;
    return s_.happenings.emplace_back(std::move(h));
  }
  Millis when() { return Millis(chance_.between(0, s_.ends.count())); }
  /// Short ones are as likely as long ones.
  Millis while_(int least_s, int most_s) {
    const auto most = chance_.between(least_s, most_s);
    return Seconds(chance_.between(least_s, most));
  }

  void episode() {
    switch (some(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4: trouble(); return;
      case 5: flapping(); return;
      case 6: check_or_path(); return;
      case 7:
      case 8:
      case 9: receiver(); return;
      case 10:
      case 11: disk(); return;
      case 12:
      case 13:
      case 14:
      case 15: crash(); return;
      case 16: change(); return;
      case 17:
      case 18: operators(); return;
      default: clocks(); return;
    }
  }

  std::string weather() {
    if (!chance_.one_in(3)) return whole[chance_.below(whole.size())];
    std::string text;
    for (int i = 0; i < 4; ++i) text += letters[chance_.below(letters.size())];
    return text;
  }

  void trouble() {
    const auto at = when();
    const auto lasts = while_(1, 400);
    auto& begins = add(Happens::surfaces, at);
    begins.a = some(s_.setup.targets);
    begins.text = weather();
    const auto target = begins.a;
    if (begins.text == "RRRR" && chance_.one_in(3)) {
      add(Happens::references, at).a = 0;
      add(Happens::references, at + lasts).a = 1;
    }
    if (chance_.one_in(4)) {  // it becomes something else on the way
      auto& between = add(Happens::surfaces, at + lasts / 2);
      between.a = target;
      between.text = weather();
    }
    auto& ends = add(Happens::surfaces, at + lasts);
    ends.a = target;
    ends.text = "PPPP";
    if (chance_.one_in(3)) add(Happens::crash, at + Millis(chance_.between(0, lasts.count()))), finish_crash();
  }

  void flapping() {
    const auto bad = weather();
    const auto target = some(s_.setup.targets);
    auto at = when();
    const auto turns = chance_.between(4, 30);
    for (std::int64_t i = 0; i <= turns; ++i) {
      auto& h = add(Happens::surfaces, at);
      h.a = target;
      h.text = i % 2 == 0 && i < turns ? bad : "PPPP";
      at += while_(2, 45);
    }
  }

  void check_or_path() {
    const auto at = when(), lasts = Millis(while_(30, 600));
    if (s_.setup.path && (!s_.setup.check || chance_.one_in(2))) {
      add(Happens::path, at).a = 0;
      add(Happens::path, at + lasts).a = 1;
    } else if (s_.setup.check) {
      add(Happens::check, at).text = std::array{"drift", "broken", "hangs"}[chance_.below(3)];
      add(Happens::check, at + lasts).text = "sync";
    }
  }

  void receiver() {
    auto& h = add(Happens::receiver, when());
    h.a = some(s_.setup.sinks * 2);
    h.b = 1 + some(static_cast<int>(Mood::last));
    h.lasts = while_(1, 600);
  }

  void disk() {
    auto& h = add(Happens::disk, when());
    h.a = 1 + some(3);
    h.lasts = while_(1, 200);
    const auto from = h.at, to = h.at + h.lasts;
    switch (some(4)) {
      case 0: return;
      case 3: queue_up(to); return;
      case 1: add(Happens::crash, from + Millis(chance_.between(0, (to - from).count()))); break;
      default: add(Happens::crash, std::max(from, to - Seconds(chance_.between(0, 10)))); break;  // as it works again
    }
    finish_crash();
  }

  /// Behind a disk that has failed and then does not answer, commits wait in a line until `to`; killed as they are
  /// written.
  void queue_up(Millis to) {
    const auto from = std::max(Millis(0), to - while_(3, 60));
    auto& hangs = add(Happens::disk, from);
    hangs.a = static_cast<int>(DiskMood::hangs);
    hangs.lasts = to - from;
    const auto target = some(s_.setup.targets);
    for (const bool begins : {true, false}) {
      auto& weather_turns = add(Happens::surfaces, begins ? from : to + while_(1, 200));
      weather_turns.a = target;
      weather_turns.text = begins ? weather() : "PPPP";
    }
    add(Happens::crash, std::max(from, to - Seconds(chance_.between(0, 2))));
    finish_crash();
  }

  void finish_crash() {
    auto& h = s_.happenings.back();
    h.a = some(12);
    h.b = std::array{0, 0, 0, 1, 2}[chance_.below(5)];
    h.lasts = chance_.one_in(8) ? Millis(while_(60, 600)) : Millis(chance_.between(10, 3000));
  }
  void crash() {
    add(Happens::crash, when());
    finish_crash();
    if (!chance_.one_in(3)) return;  // and again, soon
    add(Happens::crash, s_.happenings.back().at + Seconds(some(10)));
    finish_crash();
  }

  void change() {
    auto& h = add(chance_.one_in(4) ? Happens::edit : Happens::reload, when());
    h.a = some(variants);
    if (chance_.one_in(3)) return;  // it stays so
    const auto at = h.at + while_(5, 300);
    const auto which = h.a;
    add(Happens::reload, at).a = which;
  }

  void operators() {
    constexpr std::array what = {Happens::silence, Happens::silence,    Happens::ack,      Happens::ack,
                                 Happens::attest,  Happens::verify,     Happens::symptom,  Happens::sweep,
                                 Happens::capture, Happens::test_alert, Happens::unsilence};
    auto& h = add(what[chance_.below(what.size())], when());
    h.a = h.what == Happens::silence ? some(s_.setup.targets + 1) - 1 : some(3);
    h.b = some(7) - 1;
    h.lasts = while_(10, 600);
  }

  void clocks() {
    auto& h = add(std::array{Happens::step, Happens::suspend, Happens::lag}[chance_.below(3)], when());
    h.lasts = while_(1, h.what == Happens::step ? 7200 : h.what == Happens::suspend ? 3600 : 20);
    if (h.what == Happens::step && chance_.one_in(2)) h.lasts = -h.lasts;
  }

  Chance& chance_;
  const Wishes& wishes_;
  Schedule& s_;
};

SinkConfig sink_of(const Setup& setup, const std::string& host, int i) {
  SinkConfig sink;
  if (setup.is_fleet()) sink.dedup_scope = DedupScope::platform;
  sink.name = std::string("s") + std::to_string(i);
  sink.type = sink_types[static_cast<std::size_t>(setup.first_type + i) % 4].value;
  const int addresses = sink.type == SinkType::alertmanager ? 2 : 1;
  for (int place = 0; place < addresses; ++place)
    sink.urls.push_back({SecretRef::From::plain, address_of(setup.is_fleet() ? "fleet" : host, i, place), {}});
  if (i == 1) sink.min_severity = Severity::error;
  if (i == 2) sink.boundaries = {Boundary::outage, Boundary::security, Boundary::observer};
  return sink;
}

TargetConfig target_of(const Setup& setup, const Variant& v, int i) {
  TargetConfig t = default_target("t" + std::to_string(i));
  t.base_url = "http://fabric.example";
  t.interval = Seconds(setup.interval_s);
  t.confirm.failures = v.other_failures ? 5 - setup.failures : setup.failures;
  t.confirm.recoveries = setup.recoveries;
  t.blind_limit = Seconds(setup.blind_limit_s);
  if (setup.check) {
    t.checks.assign(1, {});
    t.checks.back().name = "materialization";
    t.checks.back().command = {v.other_check ? "other" : "verify"};
    t.checks.back().interval = Seconds(120);
  }
  if (setup.path && !v.without_path) {
    t.paths.assign(1, {});
    t.paths.back().name = "checkout";
    t.paths.back().url = "/checkout";
  }
  if (setup.references) t.references = {"https://reference.example/"};
  if (setup.maintenance_from >= 0) {
    MaintenanceWindow w;
    w.from_minute = 3 * 60 + setup.maintenance_from;  // the world begins at 03:00
    w.length = std::chrono::minutes(setup.maintenance_for);
    t.maintenance.push_back(std::move(w));
  }
  return t;
}

std::string in_quotes(const std::string& text) { return '"' + text + '"'; }

}  // namespace

void turn(Variant& v, int which, int sinks) {
  switch (which) {
    case 0: v.other_failures = !v.other_failures; return;
    case 1: v.without_target = !v.without_target; return;
    case 2: v.other_check = !v.other_check; return;
    case 3: v.without_path = !v.without_path; return;
    case 4: v.silent_heart = !v.silent_heart; return;
    case 5: v.loud_sink = v.loud_sink < 0 ? 0 : -1; return;
    case 6: v.without_sink = v.without_sink < 0 ? sinks - 1 : -1; return;
    default: v.without_sink = v.without_sink < 0 ? 0 : -1; return;
  }
}

Schedule draw(Chance& chance, const Wishes& wishes, std::uint64_t seed) {
  Schedule s;
  s.seed = seed;
  if (wishes.hosts > 1)
    draw_fleet(chance, wishes, s);
  else
    Drawer(chance, wishes, s).draw();
  return s;
}

std::string address_of(const std::string& host, int sink, int place) {
  return "http://receiver/" + host + "/" + std::to_string(sink * 2 + place);
}

Config config_of(const Setup& setup, const Variant& v, const std::string& host) {
  Config c;
  c.environment = "prod";
  c.host = host;
  for (int i = 0; i < setup.targets; ++i)
    if (!(v.without_target && i > 0 && i == setup.targets - 1)) c.targets.push_back(target_of(setup, v, i));
  for (int i = 0; i < setup.sinks; ++i)
    if (i != v.without_sink) c.alerts.sinks.push_back(sink_of(setup, host, i));
  for (auto& sink : c.alerts.sinks)
    if (v.loud_sink >= 0 && sink.name == "s" + std::to_string(v.loud_sink)) sink.min_severity = Severity::critical;
  if (auto& sinks = c.alerts.sinks; setup.waits(setup.sinks - 1) && sinks.size() > 1) {
    sinks.back().waits = true;
    c.alerts.escalate.push_back({Seconds(setup.called_after_s), {sinks.back().name}, Severity::info, {}});
  }
  c.alerts.renotify = Seconds(setup.renotify_s);
  c.resolution.settle = Seconds(setup.settle_s);
  c.resolution.require_attestation = setup.attest;
  if (setup.is_fleet()) c.fleet.name = "fleet", c.fleet.jury = setup.jury;
  if (setup.heartbeat && !v.silent_heart) c.heartbeat.url = SecretRef{SecretRef::From::plain, "http://heart/", {}};
  return c;
}

std::string told(const Happening& h) {
  const auto for_so_long = " for " + humanize(h.lasts);
  switch (h.what) {
    case Happens::surfaces: return "the surfaces of t" + std::to_string(h.a) + " are " + h.text;
    case Happens::check: return "the check would say " + h.text;
    case Happens::path: return h.a ? "the path works" : "the path fails";
    case Happens::references: return h.a ? "the references answer" : "no reference answers";
    case Happens::receiver:
      return "receiver " + std::to_string(h.a) + " " + mood_words[static_cast<std::size_t>(h.b)] + for_so_long;
    case Happens::disk: return std::string("the disk ") + disk_words[static_cast<std::size_t>(h.a)] + for_so_long;
    case Happens::crash:
      return std::string(kinds_of_end[h.b]) + " at action " + std::to_string(h.a) + " from here, back after " +
             humanize(h.lasts);
    case Happens::edit: return "the configuration file is changed in way " + std::to_string(h.a);
    case Happens::reload: return "the configuration is changed in way " + std::to_string(h.a) + " and reloaded";
    case Happens::silence:
      return "an operator silences target " + std::to_string(h.a) + ", boundary " + std::to_string(h.b) + for_so_long;
    case Happens::step:
      return "the wall clock jumps by " + std::string(h.lasts < Millis(0) ? "-" : "") +
             humanize(h.lasts < Millis(0) ? -h.lasts : h.lasts);
    case Happens::suspend: return "the host is suspended" + for_so_long;
    case Happens::lag: return "the loop stands still" + for_so_long;
    case Happens::way: return "the platform looks like " + h.text + " from here" + for_so_long;
    case Happens::cut: return "the servers of the fleet are out of reach" + for_so_long;
    case Happens::stall: return "nothing is heard of what others write" + for_so_long;
    case Happens::unanswered: return "the servers do what is asked and do not answer" + for_so_long;
    case Happens::servers: return "all servers of the fleet are gone" + for_so_long;
    case Happens::no_receivers: return "no receiver can be reached" + for_so_long;
    default:
      return std::string("an operator asks: ") + names[static_cast<std::size_t>(h.what)] + " " + std::to_string(h.a);
  }
}

std::string as_json(const Schedule& s) {
  const auto& u = s.setup;
  std::string text = "{\"seed\":" + std::to_string(s.seed) + ",\"targets\":" + std::to_string(u.targets) +
                     ",\"sinks\":" + std::to_string(u.sinks) + ",\"failures\":" + std::to_string(u.failures) +
                     ",\"recoveries\":" + std::to_string(u.recoveries) +
                     ",\"ends_ms\":" + std::to_string(s.ends.count()) + ",\"happenings\":[";
  for (std::size_t i = 0; i < s.happenings.size(); ++i) {
    const auto& h = s.happenings[i];
    text += std::string(i ? "," : "") + "\n{\"at_ms\":" + std::to_string(h.at.count()) +
            ",\"host\":" + std::to_string(h.host) + ",\"what\":" + in_quotes(names[static_cast<std::size_t>(h.what)]) +
            ",\"a\":" + std::to_string(h.a) + ",\"b\":" + std::to_string(h.b) +
            ",\"lasts_ms\":" + std::to_string(h.lasts.count()) + ",\"text\":" + in_quotes(h.text) + "}";
  }
  return text + "]}";
}

}  // namespace readback::sim
