// The marked values become placeholders. What overlaps is one value; what is hidden already stays as it is.
#include "core/redaction/redactor.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/redaction/expression.hpp"
#include "core/redaction/finders.hpp"
#include "core/redaction/values.hpp"
#include "core/text/encoding.hpp"

namespace readback {
namespace {

constexpr std::size_t shortest_known = 6;

/// How a secret that somebody wants to get out may be written.
std::vector<std::string> spellings(const std::string& value) {
  std::vector<std::string> all{value, std::string(value.rbegin(), value.rend())};
  if (value.size() >= 2 * shortest_known / 2 + 2) {
    all.push_back(to_hex(value));
    std::string upper = to_hex(value);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    all.push_back(std::move(upper));
    // In base64 the same bytes have three forms, by where they begin; the signs at the edges hold neighbours' bits.
    for (std::size_t shift = 0; shift < 3; ++shift) {
      std::string inner = to_base64(std::string(shift, 'x') + value);
      inner.erase(0, shift == 0 ? 0 : shift + 1);
      while (!inner.empty() && inner.back() == '=') inner.pop_back();
      if (inner.size() > 2) inner.pop_back();
      if (inner.size() >= 8) all.push_back(std::move(inner));
    }
    std::string spaced;
    for (const char c : value) spaced += (spaced.empty() ? "" : " ") + std::string(1, c);
    all.push_back(std::move(spaced));
  }
  return all;
}

/// Headers that name a request or a version of an answer, by values that look generated.
bool is_identifier(std::string_view name) {
  const std::string low = fold_case(name);
  constexpr std::string_view known[] = {
      "x-amz-id-2",     "x-amz-cf-id",       "x-amz-request-id",    "cf-ray",     "etag",
      "traceparent",    "x-request-id",      "x-correlation-id",    "x-trace-id", "x-b3-traceid",
      "x-served-by",    "x-vercel-id",       "x-github-request-id", "digest",     "content-md5",
      "content-digest", "x-datadog-trace-id"};
  return std::find(std::begin(known), std::end(known), low) != std::end(known);
}

/// The longest first.
std::vector<std::string> all_spellings(const std::vector<std::string>& values) {
  std::vector<std::string> wanted;
  for (const auto& value : values)
    if (value.size() >= shortest_known)
      for (auto& spelling : spellings(value)) wanted.push_back(std::move(spelling));
  std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return wanted;
}

/// One expression for all of them: the text is walked through once, however many there are.
std::unique_ptr<RE2> any_of(const std::vector<std::string>& texts) {
  if (texts.empty()) return nullptr;
  std::string pattern;
  for (const auto& each : texts) pattern += (pattern.empty() ? "(" : "|") + RE2::QuoteMeta(each);
  return expression(pattern + ")");
}

bool are_apart(const std::vector<Mold::Gap>& gaps) {
  for (std::size_t i = 1; i < gaps.size(); ++i)
    if (gaps[i].at.from <= gaps[i - 1].at.to) return false;
  return true;
}

/// The line that begins here, and where the next one does. "" behind the last.
std::string_view line_at(std::string_view lines, std::size_t& at) {
  const auto end = std::min(lines.find('\n', at), lines.size());
  const auto line = lines.substr(std::min(at, end), end - std::min(at, end));
  at = end + 1;
  return line;
}

bool has_line_end(std::string_view text) { return text.find('\n') != text.npos; }

void put_lines(std::string& lines, const Header& h) {
  lines += h.name;
  lines += '\n';
  lines += h.value;
  lines += '\n';
}

/// What was found without a secret in the last answer of one place, and need not be looked at again.
struct Familiar {
  std::optional<Mold> body;
  std::string headers;  ///< a line for each name and each value; both are empty where something was not clean
};
constexpr std::size_t longest_familiar = 32 * 1024, most_familiar = std::size_t{32} << 20;  // bytes; of all bodies

}  // namespace

struct Redactor::Parts {
  explicit Parts(const RedactConfig& config) : names(config.keys) {}

  Names names;
  KnownClean clean;
  std::string key;
  std::unique_ptr<RE2> known;
  std::size_t longest_known = 0;  ///< in bytes, as it may be written
  std::vector<std::unique_ptr<RE2>> configured;
  std::map<std::string, std::uint64_t> removed;
  std::unordered_map<std::string, Familiar> familiar;  ///< by whose read it is
  std::size_t familiar_bytes = 0;
  std::vector<Mold::Filling> fillings;

  std::string placeholder(const std::string& rule, std::string_view value) {
    ++removed[rule];
    return "<redacted:" + rule + ":" + sha256_hex(key + "\n" + std::string(value)).substr(0, 8) + ">";
  }

  void find(const RE2& pattern, const char* rule, const View& view, const Finding& found) {
    const auto text = view.text();
    re2::StringPiece rest(text.data(), text.size()), hit;
    while (RE2::FindAndConsume(&rest, pattern, &hit)) {
      const auto from = static_cast<std::size_t>(hit.data() - text.data());
      if (!hit.empty()) found.mark(view, {from, from + hit.size()}, rule);
      if (rest.empty()) break;
      if (hit.empty()) rest.remove_prefix(1);
    }
  }

  void find_all(const View& view, const Finding& found) {
    if (known) find(*known, "known", view, found);
    for (const auto& each : configured) find(*each, "configured", view, found);
    find_secrets(view, found);
  }

  std::string text(std::string_view text) {
    std::vector<Mark> marks;
    find_all(View(text), {names, marks, clean});
    return marks.empty() ? std::string(text) : replaced(text, std::move(marks));
  }

  /// The one that it was held against, or is from now on.
  Shared<std::string> body(std::string& body, Familiar* last) {
    if (last && last->body && is_clean_again(*last->body, body)) return last->body->shared();
    std::vector<Mark> marks;
    std::vector<Mold::Gap> alone;
    const bool learn = last && body.size() <= longest_familiar;
    find_all(View(body), {names, marks, clean, learn ? &alone : nullptr});
    if (!marks.empty()) {
      body = replaced(body, std::move(marks));
      return {};
    }
    if (!learn || !are_apart(alone)) return {};
    familiar_bytes += body.size() - (last->body ? last->body->text().size() : 0);
    const Shared kept(std::string{body});
    last->body.emplace(kept, alone);
    if (familiar_bytes > most_familiar) familiar_bytes = 0, familiar.clear();
    return kept;
  }

  /// It was clean but for what stands in the gaps now. What the configuration and our own secrets look like may reach
  /// from a gap into what stands around it.
  bool is_clean_again(const Mold& mold, const std::string& body) {
    if (!mold.fits(body, fillings)) return false;
    if (fillings.empty()) return true;
    std::vector<Mark> marks;
    const Finding found{names, marks, clean};
    const View view(body);
    for (const auto& each : configured) find(*each, "configured", view, found);
    Range window;  // around fillings that stand close to each other
    const auto look_for_known = [&] {
      if (known && !window.empty()) find(*known, "known", View(view.text(window)), found);
    };
    for (const auto& filling : fillings) {
      const auto from = static_cast<std::size_t>(filling.text.data() - body.data()), to = from + filling.text.size();
      find_secrets(View(view, {from, to}, View::Decode::json_string), found);
      const std::size_t begin = from - std::min(from, longest_known);
      if (begin > window.to) look_for_known(), window.from = begin;
      window.to = std::min(to + longest_known, body.size());
    }
    look_for_known();
    return marks.empty();
  }

  /// What lies within a placeholder is none of the text's own.
  static void leave_placeholders(std::string_view text, std::vector<Mark>& marks) {
    std::vector<Range> placed;
    for (auto at = text.find("<redacted:"); at != text.npos; at = text.find("<redacted:", at + 1))
      if (const auto length = placeholder_at(text.substr(at))) placed.push_back({at, at + length});
    if (placed.empty()) return;
    std::erase_if(marks, [&](const Mark& mark) {
      auto after = std::upper_bound(placed.begin(), placed.end(), mark.at.from,
                                    [](std::size_t at, const Range& p) { return at < p.from; });
      if (after == placed.begin()) return false;
      const Range& p = *--after;
      return mark.at.from < p.to && (mark.at.from > p.from || mark.at.to <= p.to);
    });
  }

  void header(Header& header);
  /// `last`: those of the answer before.
  void headers(Headers& headers, std::string& last);

  std::string replaced(std::string_view text, std::vector<Mark> marks) {
    leave_placeholders(text, marks);
    std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
      return a.at.from != b.at.from ? a.at.from < b.at.from : a.at.to > b.at.to;
    });
    std::string out;
    std::size_t copied = 0;
    for (std::size_t i = 0; i < marks.size();) {
      Mark whole = marks[i];
      for (++i; i < marks.size() && marks[i].at.from < whole.at.to; ++i) {
        whole.at.to = std::max(whole.at.to, marks[i].at.to);
        whole.bare = whole.bare && marks[i].bare;
      }
      const auto value = text.substr(whole.at.from, whole.at.to - whole.at.from);
      if (is_covered(value)) continue;
      out.append(text.substr(copied, whole.at.from - copied));
      const auto mark = placeholder(whole.rule, value);
      out += whole.bare ? "\"" + mark + "\"" : mark;
      copied = whole.at.to;
    }
    return out.append(text.substr(copied));
  }
};

Redactor::Redactor(const RedactConfig& config, std::string key, std::vector<std::string> known)
    : parts_(std::make_unique<Parts>(config)) {
  parts_->key = std::move(key);
  const auto secrets = all_spellings(known);
  parts_->known = any_of(secrets);
  if (!secrets.empty()) parts_->longest_known = secrets.front().size();
  for (const auto& pattern : config.patterns)
    if (auto own = expression("(" + pattern + ")"); own->ok()) parts_->configured.push_back(std::move(own));
}
Redactor::~Redactor() = default;
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;

std::string Redactor::text(std::string_view text) { return parts_->text(text); }

void Redactor::Parts::header(Header& h) {
  h.name = text(h.name);
  const auto sense = names.of(h.name);
  if (is_identifier(h.name)) return;
  const bool secret = sense.holds != Holds::nothing ? is_secret_value(sense, h.value)
                                                    : is_secret_header(h.name) && !is_covered(h.value);
  h.value = secret ? placeholder("header", h.value) : text(h.value);
}

void Redactor::headers(Headers& headers) {
  for (auto& h : headers) parts_->header(h);
}

void Redactor::Parts::headers(Headers& headers, std::string& last) {
  std::string now;
  std::size_t at = 0;  // in `last`
  for (auto& h : headers) {
    const auto name = line_at(last, at), value = line_at(last, at);
    if (!h.name.empty() && h.name == name && h.value == value) {
      put_lines(now, h);
      continue;
    }
    const Header received = h;
    header(h);
    const bool is_clean = h == received && !has_line_end(h.name) && !has_line_end(h.value);
    put_lines(now, is_clean ? h : Header());
  }
  if (now != last) last = now;
}

RawRead Redactor::open(Unredacted<RawRead> received) {
  clean(received.received_, "");
  return std::move(received.received_);
}

std::size_t Redactor::size_of(const Unredacted<std::vector<RawRead>>& received) {
  std::size_t size = 0;
  for (const auto& read : received.received_) {
    if (const auto* answer = std::get_if<HttpAnswer>(&read.answer)) size += answer->body.size();
    if (const auto* run = std::get_if<CheckRun>(&read.answer)) size += run->out.size() + run->err.size();
  }
  return size;
}

std::vector<RawRead> Redactor::open(Unredacted<std::vector<RawRead>> received, std::string_view whose) {
  for (auto& read : received.received_) clean(read, whose);
  return std::move(received.received_);
}

void Redactor::clean(RawRead& raw, std::string_view whose) {
  if (auto* a = std::get_if<HttpAnswer>(&raw.answer)) {
    auto* last = whose.empty() ? nullptr : &parts_->familiar[std::string(whose) + "\n" + raw.read];
    if (last)
      parts_->headers(a->headers, last->headers);
    else
      headers(a->headers);
    const auto* coding = find_header(a->headers, "Content-Encoding");
    const auto is_binary = [&] {
      return std::any_of(a->body.begin(), a->body.end(), [](unsigned char c) { return c < 0x09; });
    };
    if (coding && is_binary())  // nobody asked for it, and what is packed cannot be looked through
      a->body = "(" + std::to_string(a->body.size()) + " bytes in the coding " + *coding + " are not kept)";
    else
      a->kept = parts_->body(a->body, last);
  } else if (auto* e = std::get_if<TransportError>(&raw.answer)) {
    e->detail = text(e->detail);
  } else if (auto* run = std::get_if<CheckRun>(&raw.answer)) {
    run->out = text(run->out);
    run->err = text(run->err);
    run->detail = text(run->detail);
    for (auto& denial : run->denials) denial = text(denial);
  }
}

const std::map<std::string, std::uint64_t>& Redactor::removed() const { return parts_->removed; }

bool is_secret_header(std::string_view name) {
  static const Names names({});
  const auto sense = names.of(name);
  const std::string word = fold_case(name);
  return sense.holds == Holds::secret || word == "x-signature" || word.ends_with("-signature");
}

std::vector<std::string> secrets_in(std::string_view value) {
  std::vector<std::string> found{std::string(value)};
  if (const auto blank = value.find(' '); blank != value.npos && value.find(' ', blank + 1) == value.npos)
    found.emplace_back(value.substr(blank + 1));
  return found;
}

Result<void> check_pattern(const std::string& pattern) {
  // As it is written first, so that nothing of our own stands in the error, and so that `a)(b` is none.
  for (const auto& tried : {pattern, "(" + pattern + ")"})
    if (const auto made = expression(tried); !made->ok()) return Failure{made->error()};
  return {};
}

std::map<std::string, std::uint64_t> placeholders_in(std::string_view text) {
  std::map<std::string, std::uint64_t> found;
  constexpr std::string_view mark = "<redacted:";
  for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
    const auto from = at + mark.size(), end = text.find(':', from);
    if (end != text.npos && end - from < 32) ++found[std::string(text.substr(from, end - from))];
  }
  return found;
}

}  // namespace readback
