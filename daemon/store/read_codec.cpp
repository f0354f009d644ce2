// Packer and Unpacker are mirror images, field by field: what one writes the other reads in the same order. Damaged
// bytes give a sweep that is not there, and never a read behind the end.
#include "daemon/store/read_codec.hpp"

#include <cstdio>

#include "core/text/time.hpp"

namespace readback {
namespace {

constexpr std::uint64_t format = 1;
/// Shorter texts cost less in place than as a number with an entry of its own.
constexpr std::size_t kept_from = 12;
constexpr char date_mark = '\x01';

class Packer {
 public:
  explicit Packer(TextShelf& shelf) : shelf_(shelf) {}

  void number(std::uint64_t v) {
    while (v >= 0x80) {
      out += static_cast<char>(v | 0x80);
      v >>= 7;
    }
    out += static_cast<char>(v);
  }
  /// Small distances in both directions stay small (zigzag).
  void distance(std::int64_t v) { number((static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63)); }
  void text(std::string_view s) {
    if (s.size() < kept_from) {
      number(s.size() << 1);
      out += s;
    } else {
      number((static_cast<std::uint64_t>(shelf_.keep_text(s)) << 1) | 1);
    }
  }
  std::string out;

 private:
  TextShelf& shelf_;
};

/// Reads what Packer wrote. Damaged bytes set `bad` and give zeros; nothing is read behind the end.
class Unpacker {
 public:
  Unpacker(std::string_view bytes, TextShelf* shelf, TextUser* user) : left_(bytes), shelf_(shelf), user_(user) {}

  std::uint64_t number() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) break;
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    bad = true;
    return 0;
  }
  std::int64_t distance() {
    const auto v = number();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::string text() {
    const auto head = number();
    if (head & 1) {
      const auto id = static_cast<std::int64_t>(head >> 1);
      if (user_) user_->used(id);
      return shelf_ ? shelf_->text_of(id) : std::string();
    }
    if ((head >> 1) > left_.size()) {
      bad = true;
      return {};
    }
    std::string s(left_.substr(0, head >> 1));
    left_.remove_prefix(head >> 1);
    return s;
  }
  /// How many of something follow; more than bytes are left cannot be.
  std::size_t count() {
    const auto n = number();
    if (n <= left_.size() + 1) return static_cast<std::size_t>(n);
    bad = true;
    return 0;
  }
  bool bad = false;

 private:
  std::string_view left_;
  TextShelf* shelf_;
  TextUser* user_;
};

/// A list as one text: each entry with its length before it, so that any byte may be in it.
std::string join(const std::vector<std::string>& list) {
  std::string all;
  for (const auto& entry : list) all += std::to_string(entry.size()) + ':' + entry;
  return all;
}
std::vector<std::string> split(std::string_view all) {
  std::vector<std::string> list;
  while (!all.empty()) {
    std::size_t size = 0;
    std::size_t at = 0;
    while (at < all.size() && all[at] >= '0' && all[at] <= '9')
      size = size * 10 + static_cast<std::size_t>(all[at++] - '0');
    if (at >= all.size() || all[at] != ':' || size > all.size() - at - 1) break;
    list.emplace_back(all.substr(at + 1, size));
    all.remove_prefix(at + 1 + size);
  }
  return list;
}

bool is_date(std::string_view name) {
  return name.size() == 4 && (name[0] | 32) == 'd' && (name[1] | 32) == 'a' && (name[2] | 32) == 't' &&
         (name[3] | 32) == 'e';
}

void pack_http(Packer& p, const HttpAnswer& answer, WallTime sweep_at) {
  p.number(static_cast<std::uint64_t>(answer.status));
  p.text(answer.http_version == "1.1" ? std::string_view() : std::string_view(answer.http_version));
  std::vector<std::string> lines;
  std::optional<WallTime> date;
  for (const Header& h : answer.headers) {
    lines.push_back(h.name);
    const auto parsed = !date && is_date(h.name) ? parse_http_date(h.value) : std::nullopt;
    if (parsed && to_http_date(*parsed) == h.value) {
      date = parsed;
      lines.emplace_back(1, date_mark);
    } else {
      lines.push_back(h.value);
    }
  }
  p.text(join(lines));
  p.number(date ? 1 : 0);
  if (date)
    p.distance(std::chrono::floor<Seconds>(*date).time_since_epoch().count() -
               std::chrono::floor<Seconds>(sweep_at).time_since_epoch().count());
  p.text(answer.body);
}

HttpAnswer unpack_http(Unpacker& u, WallTime sweep_at) {
  HttpAnswer answer;
  answer.status = static_cast<int>(u.number());
  if (auto version = u.text(); !version.empty()) answer.http_version = std::move(version);
  const auto lines = split(u.text());
  std::string date;
  if (u.number())
    date = to_http_date(WallTime(std::chrono::floor<Seconds>(sweep_at).time_since_epoch() + Seconds(u.distance())));
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    const bool marked = !date.empty() && lines[i + 1].size() == 1 && lines[i + 1][0] == date_mark;
    answer.headers.push_back({lines[i], marked ? date : lines[i + 1]});
  }
  answer.body = u.text();
  return answer;
}

void pack_run(Packer& p, const CheckRun& run) {
  p.number((run.exit ? 1 : 0) | (run.fault ? 2 : 0) | (run.cut ? 4 : 0));
  if (run.exit) p.distance(*run.exit);
  if (run.fault) p.number(static_cast<std::uint64_t>(*run.fault));
  p.distance(run.signal);
  p.text(run.detail);
  p.text(run.out);
  p.text(run.err);
  p.text(join(run.denials));
}

CheckRun unpack_run(Unpacker& u) {
  CheckRun run;
  const auto flags = u.number();
  if (flags & 1) run.exit = static_cast<int>(u.distance());
  if (flags & 2) {
    const auto fault = u.number();
    if (fault > static_cast<std::uint64_t>(CheckFault::spawn))
      u.bad = true;
    else
      run.fault = static_cast<CheckFault>(fault);
  }
  run.cut = flags & 4;
  run.signal = static_cast<int>(u.distance());
  run.detail = u.text();
  run.out = u.text();
  run.err = u.text();
  run.denials = split(u.text());
  return run;
}

void pack_read(Packer& p, const JudgedRead& read, WallTime sweep_at) {
  const RawRead& raw = read.raw;
  p.text(raw.read);
  p.distance((raw.at - sweep_at).count());
  p.distance(raw.took.count());
  for (const auto phase :
       {raw.phases.dns_us, raw.phases.connect_us, raw.phases.tls_us, raw.phases.first_byte_us, raw.phases.total_us})
    p.distance(phase);
  p.text(raw.address);
  p.number((read.stale ? 1 : 0) | (read.contradictory ? 2 : 0) | (read.green ? 4 : 0) | (raw.tls_expires_at ? 8 : 0) |
           (raw.answer.index() << 4));
  if (raw.tls_expires_at) p.distance(raw.tls_expires_at->time_since_epoch().count());
  p.text(read.word);
  p.text(join(read.reasons));
  if (const auto* error = std::get_if<TransportError>(&raw.answer)) {
    p.number(static_cast<std::uint64_t>(error->fault));
    p.text(error->detail);
  } else if (const auto* http = std::get_if<HttpAnswer>(&raw.answer)) {
    pack_http(p, *http, sweep_at);
  } else {
    pack_run(p, std::get<CheckRun>(raw.answer));
  }
}

JudgedRead unpack_read(Unpacker& u, WallTime sweep_at) {
  JudgedRead read;
  RawRead& raw = read.raw;
  raw.read = u.text();
  raw.at = sweep_at + Millis(u.distance());
  raw.took = Millis(u.distance());
  for (auto* phase : {&raw.phases.dns_us, &raw.phases.connect_us, &raw.phases.tls_us, &raw.phases.first_byte_us,
                      &raw.phases.total_us})
    *phase = u.distance();
  raw.address = u.text();
  const auto flags = u.number();
  read.stale = flags & 1;
  read.contradictory = flags & 2;
  read.green = flags & 4;
  if (flags & 8) raw.tls_expires_at = WallTime(Millis(u.distance()));
  read.word = u.text();
  read.reasons = split(u.text());
  const auto kind = flags >> 4;
  if (kind == 0) {
    TransportError error;
    const auto fault = u.number();
    if (fault > static_cast<std::uint64_t>(TransportFault::local))
      u.bad = true;
    else
      error.fault = static_cast<TransportFault>(fault);
    error.detail = u.text();
    raw.answer = std::move(error);
  } else if (kind == 1) {
    raw.answer = unpack_http(u, sweep_at);
  } else if (kind == 2) {
    raw.answer = unpack_run(u);
  } else {
    u.bad = true;
  }
  return read;
}

bool unpack(Unpacker& u, SweepRecord& sweep) {
  if (u.number() != format) return false;
  sweep.primary = u.text();
  sweep.extent = u.text();
  sweep.also = split(u.text());
  sweep.void_reason = u.text();
  const auto reads = u.count();
  for (std::size_t i = 0; i < reads && !u.bad; ++i) {
    auto read = unpack_read(u, sweep.at);
    if (!u.bad) sweep.reads.push_back(std::move(read));
  }
  return !u.bad;
}

}  // namespace

std::string pack_sweep(const SweepRecord& sweep, TextShelf& shelf) {
  Packer p(shelf);
  p.number(format);
  p.text(sweep.primary);
  p.text(sweep.extent);
  p.text(join(sweep.also));
  p.text(sweep.void_reason);
  p.number(sweep.reads.size());
  for (const auto& read : sweep.reads) pack_read(p, read, sweep.at);
  return std::move(p.out);
}

bool unpack_sweep(std::string_view bytes, SweepRecord& sweep, TextShelf& shelf) {
  Unpacker u(bytes, &shelf, nullptr);
  return unpack(u, sweep);
}

void visit_texts(std::string_view bytes, TextUser& user) {
  Unpacker u(bytes, nullptr, &user);
  SweepRecord ignored;
  unpack(u, ignored);
}

std::string to_http_date(WallTime t) {
  using namespace std::chrono;
  const auto day = floor<days>(t);
  const year_month_day date(day);
  const hh_mm_ss<seconds> clock(floor<seconds>(t - day));
  static constexpr const char* weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", weekdays[weekday(day).c_encoding()],
                static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return text;
}

}  // namespace readback
