// Schedules: one trouble, and when it is not calm some faults around it; all is well again long before the end.
#include "tests/core/member/member_schedule.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace readback {
namespace {

const char* const modes[] = {"500", "hang", "cut"};
constexpr double heals = 900, lasts = 2400;

class Draw {
 public:
  Draw(std::uint64_t seed, MemberSchedule& into) : random_(seed), s_(into) {}

  double of(std::initializer_list<double> all) { return all.begin()[random_.random() % all.size()]; }
  double between(double least, double most) { return least + random_.unit() * (most - least); }
  int host() { return static_cast<int>(random_.random() % static_cast<std::uint64_t>(s_.scene.hosts)); }
  void plan(double at, const std::string& what, int host = -1, double value = 0, const std::string& text = "") {
    s_.scene.plan.push_back({at, what, host, value, text});
  }

  void trouble() {
    s_.begins = between(80, 150);
    s_.ends = s_.begins + of({20, 60, 150, 300, 420});
    s_.is_own_trouble = of({0, 0, 0, 1}) > 0;
    if (s_.is_own_trouble) {
      const int h = host();
      plan(s_.begins, "uplink", h, 0);
      plan(s_.ends, "uplink", h, 1);
      return;
    }
    const double level = of({1, 2, 2});
    plan(s_.begins, "platform", -1, level);
    if (level < 2 && of({0, 1}) > 0) plan((s_.begins + s_.ends) / 2, "platform", -1, 2);
    plan(s_.ends, "platform", -1, 0);
    if (of({0, 1}) > 0) plan(between(s_.begins, s_.ends), "acknowledge", host());
  }

  void fault() {
    const double at = std::clamp(s_.begins + of({between(-10, 40), between(-60, 260), between(0, 12)}), 5.0, heals);
    const double until = std::min(at + of({2, 8, 20, 40, 90, 200}), heals + 20);
    const int h = host();
    switch (random_.random() % 7) {
      case 0:
      case 1: plan(at, "crash", h), plan(until, "start", h); break;
      case 2: plan(at, "stop", h), plan(std::max(until, at + 2), "start", h); break;
      case 3: plan(at, "engine", h, 0), plan(until, "engine", h, 1); break;
      case 4: plan(at, "servers", -1, 0), plan(until, "servers", -1, 1); break;
      case 5:
        s_.is_receiver_well = false;
        plan(at, "receiver", -1, 0, modes[random_.random() % 3]);
        plan(until, "receiver", -1, 0, "ok");
        break;
      default:
        for (int g = 0; g < s_.scene.hosts; ++g)
          plan(at + between(0, 1), "crash", g), plan(until + between(2, 4), "start", g);
    }
  }

 private:
  IdSource random_;
  MemberSchedule& s_;
};

/// Of each key at each sink: how often it began and ended, and whether it is over.
struct Heard {
  int pages = 0, ends = 0;
  bool is_open = false;
};

std::map<std::pair<std::string, std::string>, Heard> heard_by_key(const MemberWorld& w) {
  std::map<std::pair<std::string, std::string>, Heard> all;
  for (const auto& r : w.received()) {
    auto& h = all[{r.sink, r.key}];
    if (r.event == "resolved")
      ++h.ends, h.is_open = false;
    else if (r.event == "firing")
      ++h.pages, h.is_open = true;
  }
  return all;
}

std::string left_over(const MemberSchedule& s, const MemberWorld& w) {
  for (int h = 0; h < s.scene.hosts; ++h) {
    const std::string who = "host-" + std::to_string(h);
    if (!w.is_up(h)) return who + " is down";  // of a schedule that does not heal
    if (!w.engine(h).open_incidents().empty()) return who + " keeps an incident";
    if (!w.member(h).notices().empty()) return who + " keeps the notice " + w.member(h).notices().front().summary;
    if (w.rows_waiting(h) > 0) return who + " keeps a row";
  }
  for (const auto& [key, claim] : w.servers().claims())
    if (!claim.closed) return "the claim " + key + " stays open, held by " + claim.holder;
  for (const auto& [key, heard] : heard_by_key(w))
    if (heard.is_open) return key.second + " never ended at " + key.first;
  return "";
}

}  // namespace

MemberSchedule draw_schedule(std::uint64_t seed, bool is_calm) {
  MemberSchedule s;
  s.is_calm = is_calm;
  s.scene.seed = seed;
  s.scene.lasts = lasts;
  Draw draw(seed * 2 + is_calm, s);
  s.scene.hosts = static_cast<int>(draw.of({3, 3, 4, 5, 7}));
  if (draw.of({0, 0, 1}) > 0) s.scene.sinks.emplace_back("b");
  draw.trouble();
  if (is_calm) return s;
  for (double faults = draw.of({1, 2, 3, 4}); faults > 0; --faults) draw.fault();
  return s;
}

std::string broken_promise(const MemberSchedule& s, const MemberWorld& w) {
  if (const auto left = left_over(s, w); !left.empty()) return "ended: " + left;
  const int outages = w.count("firing"), sinks = static_cast<int>(s.scene.sinks.size());
  if (s.is_own_trouble && s.is_calm && outages > 0) return "own: one host's trouble is paged as an outage";
  if (s.is_own_trouble) return "";
  const bool must_be_seen = s.ends - s.begins >= 150;
  if (s.is_calm && (outages > sinks || (must_be_seen && outages != sinks)))
    return "once: " + std::to_string(outages) + " pages";
  if (s.is_calm && w.count("resolved") != outages) return "once: " + std::to_string(w.count("resolved")) + " ends";
  if (s.is_receiver_well && s.ends - s.begins >= 420 && w.count("firing", "outage", s.begins, s.ends) < sinks)
    return "paged: nobody was paged while it lasted";
  return "";
}

}  // namespace readback
