#pragma once
// What happens to one world, as plain data: how it is set up, and a list of happenings in the order of their times. It
// is drawn from a seed or from bytes, can be shortened, and is printed and read as JSON.
#include <cstdint>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "tests/sim/chance.hpp"

namespace readback::sim {

enum class Happens {
  surfaces,    ///< `text`: one letter a surface (platform.hpp) of target `a`, from now on
  check,       ///< `text`: sync, drift, broken or hangs
  path,        ///< `a`: 1 is that the path works
  references,  ///< `a`: 1 is that they answer
  receiver,    ///< receiver `a` answers as mode `b` (receivers.hpp) for `lasts`
  disk,        ///< the disk is as mode `a` (disk.hpp) for `lasts`
  crash,       ///< at the `a`th action from now the process ends in the way `b`, and starts again after `lasts`
  edit,        ///< the configuration file is changed in its way `a`, and nobody is told
  reload,      ///< likewise, and the daemon is told
  silence,     ///< boundary `b` (-1: all) of target `a` (-1: all) for `lasts`
  unsilence,   ///< the `a`th silence
  ack,         ///< the `a`th open incident; likewise the next two
  attest,
  verify,
  symptom,
  sweep,
  capture,
  test_alert,
  step,     ///< the host's wall clock jumps by `lasts`
  suspend,  ///< the host sleeps for `lasts`
  lag,      ///< the loop of the daemon stands still for `lasts`
  // Of a fleet; each for `lasts`.
  way,           ///< this host's own way to the platform: it sees `text` there, whatever is true
  cut,           ///< this host cannot reach the servers
  stall,         ///< it is connected, and hears nothing of what the others write
  unanswered,    ///< what it asks of the servers is done, and no answer comes
  servers,       ///< all of them are gone
  no_receivers,  ///< this host cannot reach any receiver
};

struct Happening {
  Millis at{0};
  int host = 0;
  Happens what = Happens::surfaces;
  int a = 0, b = 0;
  Millis lasts{0};
  std::string text;
};

enum class End { kill, power_cut, stop };

/// What the configuration says; a reload turns one of the switches of `Variant`. Several hosts are one fleet.
struct Setup {
  int hosts = 1, targets = 1, sinks = 2;
  int interval_s = 30, failures = 3, recoveries = 3, settle_s = 30, blind_limit_s = 300, renotify_s = 14400;
  int first_type = 0;  ///< of the sinks
  bool check = false, path = false, references = false, attest = false, heartbeat = true;
  int maintenance_from = -1, maintenance_for = 0;  ///< minutes after the beginning
  int jury = 7;                                    ///< of a fleet
  int called_after_s = 0;  ///< the last sink waits so long until nobody has acknowledged a page; 0: none waits
  bool proof = true;       ///< at the end one more outage, when nothing else has failed for long
  bool is_fleet() const { return hosts > 1; }
  bool waits(int sink) const { return called_after_s > 0 && sinks > 1 && sink == sinks - 1; }
};

struct Variant {
  int without_sink = -1, loud_sink = -1;
  bool other_failures = false, without_target = false, other_check = false, without_path = false, silent_heart = false;
  bool operator==(const Variant&) const = default;
};
inline constexpr int variants = 8;
void turn(Variant& v, int which, int sinks);

struct Schedule {
  std::uint64_t seed = 0;  ///< of the small luck within: how long an answer takes, jitter, ids
  Setup setup;
  std::vector<Happening> happenings;
  Millis ends{0};  ///< then all is well, and must come to rest
};

struct Wishes {
  int hosts = 1;
  int days = 0;        ///< 0: some minutes
  bool plain = false;  ///< only what the real daemon can be made to go through in a few seconds
};

Schedule draw(Chance& chance, const Wishes& wishes, std::uint64_t seed);
/// Of a fleet (fleet_schedule.cpp): setup, happenings and the end.
void draw_fleet(Chance& chance, const Wishes& wishes, Schedule& schedule);
Config config_of(const Setup& setup, const Variant& variant, const std::string& host);

/// Where the sink's receiver listens; an alertmanager has two. The hosts of a fleet tell the same ones.
std::string address_of(const std::string& host, int sink, int place);

std::string told(const Happening& h);
std::string as_json(const Schedule& schedule);

inline const char* const kinds_of_end[] = {"kill -9", "power cut", "stop"};

}  // namespace readback::sim
