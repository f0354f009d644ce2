// Stamps stand at the top, in an envelope, and one level inside what is neither context nor a part: the time of a build
// or of a certificate is none of the answer's.
#include "core/reading/stamps.hpp"

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <vector>

#include "core/reading/lists.hpp"
#include "core/reading/member.hpp"
#include "core/reading/part.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_stamp = 64, moving_kept = 64;
constexpr std::uint32_t nine_reads = 0x1ff;
constexpr int moves_that_prove = 3;

std::optional<WallTime> from_number(double n) {
  // Seconds, milli-, micro- and nanoseconds of the years 2001 to 2286; a smaller number is a duration, not a time.
  for (const double unit : {1.0, 1e3, 1e6, 1e9})
    if (n >= 1e9 * unit && n < 1e10 * unit) return WallTime(Millis(static_cast<std::int64_t>(n / unit * 1000)));
  return std::nullopt;
}

bool has_clock(std::string_view text) {
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (std::size_t i = text.find(':'); i != text.npos; i = text.find(':', i + 1))
    if (i > 0 && digit(i - 1) && digit(i + 1) && digit(i + 2)) return true;
  return false;
}

struct StampWalk {
  FoundStamps found;

  void take(const json::object& o, const std::string& prefix, bool top) {
    found.looked_into.push_back(&o);
    for (const auto& [key, value] : o) {
      const Listed name = look_up(Squashed(key));
      const bool moving = name.in(In::stamps_moving);
      if (name.in(In::stamps) || moving || (top && name.in(In::stamps_top)))
        if (auto stamp = read_stamp(value)) {
          stamp->member = prefix + printable(key, 80);
          found.all.push_back({std::move(*stamp), moving, &value});
          continue;
        }
      const auto* inner = value.if_object();
      if (!inner || !top) continue;
      if (name.in(In::envelope))
        take(*inner, printable(key, 80) + "/", prefix.empty());
      else if (name.in_any(In::strong, In::weak) || may_hold_a_stamp(key, name, *inner))
        take(*inner, prefix + printable(key, 80) + "/", false);
    }
  }
  static bool may_hold_a_stamp(std::string_view key, Listed name, const json::object& inner) {
    if (name.in(In::no_stamp)) return false;
    if (!name.in(In::meta_names) && is_context(key, name)) return false;
    return !has_verdict(inner);
  }
};

/// Remembers how often the stamp has moved; true when it is the answer's own.
bool is_trusted(StampMemory& memory, const Stamp& stamp) {
  auto known = memory.moving.find(stamp.member);
  if (known == memory.moving.end()) {
    if (memory.moving.size() >= moving_kept) return false;
    memory.moving.emplace(stamp.member, StampMemory::Moving{stamp.text});
    return false;
  }
  auto& m = known->second;
  m.moves = (m.moves << 1 | (m.last != stamp.text ? 1u : 0u)) & nine_reads;
  m.last = stamp.text;
  m.trusted = m.trusted || std::popcount(m.moves) >= moves_that_prove;
  return m.trusted;
}

}  // namespace

std::optional<Stamp> read_stamp(std::string_view text) {
  if (text.size() > longest_stamp || !has_clock(text)) return std::nullopt;
  const auto parsed = parse_any_date(text);
  return parsed ? std::optional(Stamp{"", parsed->at, parsed->zone, std::string(text)}) : std::nullopt;
}

std::optional<Stamp> read_stamp(const json::value& v) {
  if (const auto* s = v.if_string()) return read_stamp(std::string_view(*s));
  if (!v.is_number()) return std::nullopt;
  json::error_code ec;
  const auto at = from_number(v.to_number<double>(ec));
  return at && !ec ? std::optional(Stamp{"", *at, true, json::serialize(v)}) : std::nullopt;
}

FoundStamps find_stamps(const json::object& body) {
  StampWalk walk;
  walk.take(body, "", true);
  return std::move(walk.found);
}

std::optional<Stamp> newest_stamp(const std::vector<FoundStamp>& found, StampMemory& memory, MonoTime now) {
  const Stamp* newest = nullptr;
  for (const auto& each : found) {
    if (each.moving && !is_trusted(memory, each.stamp)) continue;
    if (!newest || each.stamp.at > newest->at) newest = &each.stamp;
  }
  if (!newest) return std::nullopt;
  if (memory.newest != newest->text) {
    memory.newest = newest->text;
    memory.since = now;
  }
  return *newest;
}

}  // namespace readback
