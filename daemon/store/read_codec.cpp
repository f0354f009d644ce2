// Packer and Unpacker are mirror images, field by field: what one writes the other reads in the same order. Damaged
// bytes give a sweep that is not there, and never a read behind the end.
#include "daemon/store/read_codec.hpp"

#include <charconv>

#include "core/text/time.hpp"
#include "daemon/store/edits.hpp"
#include "daemon/store/numbers.hpp"

namespace readback {
namespace {

constexpr std::uint64_t first_format = 1, format = 2;
/// Shorter texts cost less in place than as a number.
constexpr std::size_t kept_from = 4;
constexpr char date_mark = '\x01';

/// How a text stands in format 2: the lowest two bits of the number before it. Format 1 has one bit, for the first two.
enum TextForm : std::uint64_t { in_place, is_base, edits_of_base };

/// The text of the last date that was asked for: answers of one sweep mostly share their second.
class HttpDates {
 public:
  std::string_view at(std::chrono::sys_seconds second) {
    if (text_.empty() || second != second_) text_ = to_http_date(WallTime(second.time_since_epoch()));
    second_ = second;
    return text_;
  }
  /// The second of a text that is written as we would write it.
  std::optional<std::chrono::sys_seconds> second_of(std::string_view text) {
    if (!text_.empty() && text == text_) return second_;
    const auto parsed = parse_http_date(text);
    if (!parsed) return std::nullopt;
    const auto second = std::chrono::floor<Seconds>(*parsed);
    if (at(second) != text) return std::nullopt;
    return second;
  }

 private:
  std::chrono::sys_seconds second_{};
  std::string text_;
};

class Packer {
 public:
  explicit Packer(TextKeeper& keeper) : keeper_(keeper) {}

  void number(std::uint64_t v) { put_number(out, v); }
  void distance(std::int64_t v) { put_distance(out, v); }
  void enter(std::string_view read) { keeper_.enter(read); }
  void text(TextField field, std::string_view s, const Shared<std::string>& held = {}) {
    if (s.size() < kept_from) {
      number(s.size() << 2 | in_place);
      out += s;
      return;
    }
    const auto kept = keeper_.keep(field, s, held);
    number(static_cast<std::uint64_t>(kept.base) << 2 | (kept.edits.empty() ? is_base : edits_of_base));
    if (kept.edits.empty()) return;
    number(kept.edits.size());
    out += kept.edits;
  }
  void list(TextField field, const std::vector<std::string>& entries) {
    for (const auto& entry : entries) join(entry);
    joined(field);
  }
  /// Adds to the list that is packed by joined(): each entry with its length before it, so that any byte may be in it.
  void join(std::string_view entry) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), entry.size()).ptr;
    joined_.append(digits, end);
    joined_ += ':';
    joined_ += entry;
  }
  void joined(TextField field) {
    text(field, joined_);
    joined_.clear();
  }
  std::string out;
  HttpDates dates;

 private:
  TextKeeper& keeper_;
  std::string joined_;
};

/// Reads what Packer wrote, now or in format 1.
class Unpacker : public NumberReader {
 public:
  Unpacker(std::string_view bytes, TextShelf* shelf, TextUser* user)
      : NumberReader(bytes), shelf_(shelf), user_(user) {}

  /// False when it is none that we know.
  bool known_format() {
    format_ = number();
    return !bad && (is_first_format() || format_ == format);
  }
  bool is_first_format() const { return format_ == first_format; }
  std::string text() {
    const auto head = number();
    const int form_bits = is_first_format() ? 1 : 2;
    const auto form = head & ((1u << form_bits) - 1);
    const auto rest = head >> form_bits;
    if (form == in_place) return std::string(bytes(rest));
    const auto edits = form == edits_of_base ? bytes(number()) : std::string_view();
    if (form > edits_of_base) bad = true;
    if (bad) return {};
    const auto id = static_cast<std::int64_t>(rest);
    if (user_) user_->used(id);
    const auto base = shelf_ ? shelf_->text_of(id) : std::string_view();
    if (form == is_base || base.empty()) return std::string(base);
    auto edited = apply_edits(base, edits);
    bad = !edited;
    return edited ? *std::move(edited) : std::string();
  }
  /// How far a time is from another. No date that anybody writes is further from 1970 than this.
  template <class Unit>
  Unit span() {
    constexpr std::int64_t most = std::chrono::duration_cast<Unit>(std::chrono::years(9000)).count();
    const auto v = distance();
    if (v >= -most && v <= most) return Unit(v);
    bad = true;
    return Unit(0);
  }
  /// How many of something follow; more than bytes are left cannot be.
  std::size_t count() {
    const auto n = number();
    if (n <= left() + 1) return static_cast<std::size_t>(n);
    bad = true;
    return 0;
  }
  HttpDates dates;

 private:
  std::uint64_t format_ = 0;
  TextShelf* shelf_;
  TextUser* user_;
};

/// A list that was joined to one text.
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
  p.text(TextField::detail, answer.http_version == "1.1" ? std::string_view() : std::string_view(answer.http_version));
  std::optional<std::chrono::sys_seconds> date;
  std::uint64_t dated = 0;  // which of them, counted from one
  for (std::size_t i = 0; i < answer.headers.size(); ++i) {
    const Header& h = answer.headers[i];
    p.join(h.name);
    if (!date && is_date(h.name) && (date = p.dates.second_of(h.value))) {
      dated = i + 1;
      p.join({&date_mark, 1});
    } else {
      p.join(h.value);
    }
  }
  p.joined(TextField::headers);
  p.number(dated);
  if (date) p.distance((*date - std::chrono::floor<Seconds>(sweep_at)).count());
  p.text(TextField::body, answer.body, answer.kept);
}

HttpAnswer unpack_http(Unpacker& u, WallTime sweep_at) {
  HttpAnswer answer;
  answer.status = static_cast<int>(u.number());
  if (auto version = u.text(); !version.empty()) answer.http_version = std::move(version);
  const auto lines = split(u.text());
  std::string_view date;
  const auto dated = u.number();
  if (dated) date = u.dates.at(std::chrono::floor<Seconds>(sweep_at) + u.span<Seconds>());
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    const bool marked = lines[i + 1].size() == 1 && lines[i + 1][0] == date_mark &&
                        (u.is_first_format() ? dated != 0 : i / 2 + 1 == dated);
    answer.headers.push_back({lines[i], marked ? std::string(date) : lines[i + 1]});
  }
  answer.body = u.text();
  return answer;
}

void pack_run(Packer& p, const CheckRun& run) {
  p.number((run.exit ? 1 : 0) | (run.fault ? 2 : 0) | (run.cut ? 4 : 0));
  if (run.exit) p.distance(*run.exit);
  if (run.fault) p.number(static_cast<std::uint64_t>(*run.fault));
  p.distance(run.signal);
  p.text(TextField::detail, run.detail);
  p.text(TextField::body, run.out);
  p.text(TextField::err, run.err);
  p.list(TextField::denials, run.denials);
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
  p.enter(raw.read);
  p.text(TextField::name, raw.read);
  p.distance((raw.at - sweep_at).count());
  p.distance(raw.took.count());
  for (const auto phase :
       {raw.phases.dns_us, raw.phases.connect_us, raw.phases.tls_us, raw.phases.first_byte_us, raw.phases.total_us})
    p.distance(phase);
  p.text(TextField::address, raw.address);
  p.number((read.stale ? 1 : 0) | (read.contradictory ? 2 : 0) | (read.green ? 4 : 0) | (raw.tls_expires_at ? 8 : 0) |
           (raw.answer.index() << 4));
  if (raw.tls_expires_at) p.distance(raw.tls_expires_at->time_since_epoch().count());
  p.text(TextField::word, read.word);
  p.list(TextField::reasons, read.reasons);
  if (const auto* error = std::get_if<TransportError>(&raw.answer)) {
    p.number(static_cast<std::uint64_t>(error->fault));
    p.text(TextField::detail, error->detail);
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
  raw.at = sweep_at + u.span<Millis>();
  raw.took = Millis(u.distance());
  for (auto* phase : {&raw.phases.dns_us, &raw.phases.connect_us, &raw.phases.tls_us, &raw.phases.first_byte_us,
                      &raw.phases.total_us})
    *phase = u.distance();
  raw.address = u.text();
  const auto flags = u.number();
  read.stale = flags & 1;
  read.contradictory = flags & 2;
  read.green = flags & 4;
  if (flags & 8) raw.tls_expires_at = WallTime(u.span<Millis>());
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
  if (!u.known_format()) return false;
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

std::string pack_sweep(const SweepRecord& sweep, TextKeeper& keeper) {
  Packer p(keeper);
  p.number(format);
  p.enter("");
  p.text(TextField::name, sweep.primary);
  p.text(TextField::word, sweep.extent);
  p.list(TextField::reasons, sweep.also);
  p.text(TextField::detail, sweep.void_reason);
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
  std::string text = "Sun, 06 Nov 1994 08:49:37 GMT";
  const auto put = [&](std::size_t at, unsigned v, int digits) {
    for (; digits > 0; v /= 10) text[at + static_cast<std::size_t>(--digits)] = static_cast<char>('0' + v % 10);
  };
  text.replace(0, 3, weekdays[weekday(day).c_encoding()]);
  text.replace(8, 3, months[static_cast<unsigned>(date.month()) - 1]);
  put(5, static_cast<unsigned>(date.day()), 2);
  put(12, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(17, static_cast<unsigned>(clock.hours().count()), 2);
  put(20, static_cast<unsigned>(clock.minutes().count()), 2);
  put(23, static_cast<unsigned>(clock.seconds().count()), 2);
  return text;
}

}  // namespace readback
