// What befalls a fleet: a trouble of the platform, or of some hosts' ways to it, and near its beginning and its end,
// where it hurts, faults of the hosts, of the servers between them, and of the receivers. A third of the schedules has
// none.
#include <algorithm>
#include <array>

#include "tests/sim/disk.hpp"
#include "tests/sim/receivers.hpp"
#include "tests/sim/schedule.hpp"

namespace readback::sim {
namespace {

constexpr std::array weathers = {"FFFF", "FFFF", "RRRR", "OOOO", "MMMM", "FPPP", "PFPP",
                                 "PPFP", "PPBP", "PPPF", "FFFB", "WPPP", "RRRF"};
constexpr std::array broken_ways = {"RRRR", "RRRR", "OOOO", "MMMM", "LLLL"};
/// No receiver refuses for good: then nobody owes an end to it.
constexpr std::array moods = {Mood::refuses_connections,
                              Mood::never_answers,
                              Mood::takes_and_dies,
                              Mood::takes_and_dies,
                              Mood::says_500,
                              Mood::says_503_soon,
                              Mood::says_429_late,
                              Mood::says_429_long_ago,
                              Mood::says_408,
                              Mood::takes_every_other,
                              Mood::slow};

class FleetDrawer {
 public:
  FleetDrawer(Chance& chance, const Wishes& wishes, Schedule& schedule) : chance_(chance), s_(schedule) {
    s_.setup.hosts = wishes.hosts;
    s_.ends = std::chrono::minutes(wishes.days > 0 ? wishes.days * 24 * 60 : chance_.between(3, 6));
    troubles_ = wishes.days > 0 ? 60 * wishes.days : chance_.between(1, 2);
  }

  void draw() {
    set_up();
    for (int h = 0; h < s_.setup.hosts; ++h)
      if (chance_.one_in(2)) add(Happens::step, Millis(0), h).lasts = Seconds(chance_.between(-3600, 3600));
    for (std::int64_t i = 0; i < troubles_; ++i) trouble();
    if (!chance_.one_in(3))
      for (auto left = troubles_ * chance_.between(1, 4); left > 0; --left) fault();
    if (chance_.one_in(2)) s_.setup.called_after_s = std::array{60, 100, 180}[static_cast<std::size_t>(some(3))];
    for (auto& h : s_.happenings) {
      h.at = std::clamp(h.at, Millis(0), s_.ends);
      const bool is_ours_to_end = h.what != Happens::stall && h.what != Happens::unanswered;
      if (!is_ours_to_end) h.lasts = std::min(h.lasts, s_.ends - h.at);  // what is delayed already cannot be mended
    }
    std::stable_sort(s_.happenings.begin(), s_.happenings.end(),
                     [](const Happening& a, const Happening& b) { return a.at < b.at; });
  }

 private:
  int some(int n) { return static_cast<int>(chance_.below(static_cast<std::uint64_t>(n))); }
  int host() { return some(s_.setup.hosts); }

  void set_up() {
    auto& u = s_.setup;
    u.targets = chance_.one_in(4) ? 2 : 1;
    u.sinks = 1 + some(2);
    u.first_type = some(4);
    u.interval_s = std::array{30, 20, 60}[static_cast<std::size_t>(some(3))];
    u.failures = 3 - some(2);
    u.recoveries = 3 - some(2);
    u.settle_s = std::array{30, 60, 120}[static_cast<std::size_t>(some(3))];
    u.blind_limit_s = chance_.one_in(2) ? 120 : 600;
    u.renotify_s = chance_.one_in(4) ? 300 : 14400;
    u.check = chance_.one_in(5);
    u.path = chance_.one_in(3);
    u.heartbeat = !chance_.one_in(6);
    u.proof = chance_.one_in(4);  // it takes as long as all else
    u.jury = std::array{7, 7, 5, 3}[static_cast<std::size_t>(some(4))];
  }

  Happening& add(Happens what, Millis at, int host) {
    Happening h;
    h.at = at;
    h.host = host;
    h.what = what;
    return s_.happenings.emplace_back(std::move(h));
  }

  void trouble() {
    const Millis at(chance_.between(40'000, s_.ends.count()));
    const Millis lasts = Seconds(std::array{60, 3, 20, 150, 300, 420}[static_cast<std::size_t>(some(6))]);
    bases_.push_back(at);
    bases_.push_back(at + lasts);
    switch (some(10)) {
      case 0: ways(1, at, lasts); return;
      case 1: ways(std::max(1, s_.setup.hosts / 2 - some(2)), at, lasts); return;
      case 2: ways(s_.setup.hosts / 2 + 1 + some(2), at, lasts); return;
      case 3:
        if (!s_.setup.path) break;
        add(Happens::path, at, 0).a = 0;
        add(Happens::path, at + lasts, 0).a = 1;
        return;
      default: break;
    }
    const int target = some(s_.setup.targets);
    weather(target, at, weathers[chance_.below(weathers.size())]);
    if (chance_.one_in(4)) weather(target, at + lasts / 2, weathers[chance_.below(weathers.size())]);
    weather(target, at + lasts, "PPPP");
    if (chance_.one_in(3)) add(Happens::ack, at + Seconds(chance_.between(10, 200)), host());
  }

  void weather(int target, Millis at, const char* letters) {
    auto& h = add(Happens::surfaces, at, 0);
    h.a = target;
    h.text = letters;
  }

  /// So many hosts cannot reach the platform, one after the other within some seconds.
  void ways(int how_many, Millis at, Millis lasts) {
    const int first = host();
    const int spread = chance_.one_in(2) ? 15'000 : 1;
    for (int i = 0; i < std::min(how_many, s_.setup.hosts); ++i) {
      auto& h = add(Happens::way, at + Millis(chance_.between(0, spread)), (first + i) % s_.setup.hosts);
      h.text = broken_ways[chance_.below(broken_ways.size())];
      h.lasts = lasts;
    }
  }

  /// Near what matters: where something begins, where it ends, or some time behind it.
  Millis when() {
    const Millis base = bases_[chance_.below(bases_.size())];
    switch (some(4)) {
      case 0: return base + Millis(chance_.between(-10'000, 30'000));
      case 1: return base + Millis(chance_.between(0, 12'000));
      case 2: return base + Millis(chance_.between(-60'000, 200'000));
      default: return Millis(chance_.between(0, s_.ends.count()));
    }
  }
  Millis while_() {
    return Millis(std::array{2'000, 8'000, 20'000, 40'000, 90'000, 200'000}[static_cast<std::size_t>(some(6))] +
                  some(1000));
  }

  void crash(int host, Millis at, End how) {
    auto& h = add(Happens::crash, at, host);
    h.a = some(14);
    h.b = static_cast<int>(how);
    h.lasts = chance_.one_in(2) ? Millis(chance_.between(10, 3000)) : while_();
  }
  End some_end() { return std::array{End::kill, End::kill, End::power_cut, End::stop}[chance_.below(4)]; }

  void lasting(Happens what, Millis at, int host) { add(what, at, host).lasts = while_(); }

  void fault() {
    const Millis at = when();
    const int h = host();
    switch (some(20)) {
      case 0:
      case 1:
      case 2:
      case 3: crash(h, at, some_end()); return;
      case 4: all_end(at); return;
      case 5:
      case 6: lasting(Happens::cut, at, h); return;
      case 7: cut_off(h, at); return;
      case 8: lasting(Happens::servers, at, 0); return;
      case 9: partition(at); return;
      case 10: lasting(Happens::stall, at, h); return;
      case 11: lasting(Happens::unanswered, at, h); return;
      case 12:
      case 13: receiver(at); return;
      case 14: no_receivers(h, at); return;
      case 15: disk(h, at); return;
      case 16: clocks(h, at); return;
      case 17: reload(h, at); return;
      case 18: operators(h, at); return;
      default: ways(1, at, while_()); return;
    }
  }

  void all_end(Millis at) {
    const bool in_turn = chance_.one_in(2);  // a new version is rolled out
    for (int h = 0; h < s_.setup.hosts; ++h)
      crash(h, at + (in_turn ? Millis(Seconds(12 * h)) : Millis(some(1000))), in_turn ? End::stop : End::kill);
  }

  /// From the servers, the platform and the receivers, which come back one after the other.
  void cut_off(int h, Millis at) {
    const auto lasts = while_();
    for (const auto what : {Happens::way, Happens::cut, Happens::no_receivers}) {
      auto& each = add(what, at, h);
      each.lasts = lasts + Millis(some(1000));
      if (what == Happens::way) each.text = "RRRR";
    }
  }

  /// For one, or for all but one: then the word must come to that one.
  void no_receivers(int first, Millis at) {
    const auto lasts = chance_.one_in(2) ? Millis(Seconds(400)) : while_();
    const int of = chance_.one_in(2) ? s_.setup.hosts - 1 : 1;
    for (int i = 0; i < of; ++i) add(Happens::no_receivers, at, (first + i) % s_.setup.hosts).lasts = lasts;
  }

  void partition(Millis at) {
    const auto lasts = while_();
    const auto of = 1 + some(s_.setup.hosts - 1);
    const int first = host();
    for (int i = 0; i < of; ++i) add(Happens::cut, at, (first + i) % s_.setup.hosts).lasts = lasts;
  }

  void receiver(Millis at) {
    auto& h = add(Happens::receiver, at, 0);
    h.a = some(s_.setup.sinks * 2);
    h.b = static_cast<int>(moods[chance_.below(moods.size())]);
    h.lasts = while_();
  }

  void disk(int host, Millis at) {
    auto& h = add(Happens::disk, at, host);
    h.a = 1 + some(3);
    h.lasts = while_();
    if (chance_.one_in(2)) crash(host, at + Millis(chance_.between(0, h.lasts.count() + 5000)), End::kill);
  }

  void clocks(int host, Millis at) {
    auto& h = add(std::array{Happens::step, Happens::suspend, Happens::lag}[chance_.below(3)], at, host);
    h.lasts = h.what == Happens::step  ? Millis(Seconds(chance_.between(-3600, 3600)))
              : h.what == Happens::lag ? Millis(Seconds(chance_.between(1, 20)))
                                       : while_();
  }

  void reload(int host, Millis at) {
    auto& h = add(Happens::reload, at, host);
    h.a = std::array{6, 7, 6, 7, 0, 1}[chance_.below(6)];
    const int which = h.a;
    if (chance_.one_in(2)) add(Happens::reload, at + while_(), host).a = which;
  }

  void operators(int host, Millis at) {
    constexpr std::array what = {Happens::ack,   Happens::ack,    Happens::silence,    Happens::unsilence,
                                 Happens::sweep, Happens::verify, Happens::test_alert, Happens::capture};
    auto& h = add(what[chance_.below(what.size())], at, host);
    h.a = h.what == Happens::silence ? -1 : 0;
    h.b = -1;
    h.lasts = while_();
  }

  Chance& chance_;
  Schedule& s_;
  std::int64_t troubles_ = 1;
  std::vector<Millis> bases_;
};

}  // namespace

void draw_fleet(Chance& chance, const Wishes& wishes, Schedule& schedule) {
  FleetDrawer(chance, wishes, schedule).draw();
}

}  // namespace readback::sim
