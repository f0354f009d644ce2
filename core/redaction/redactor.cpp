// The marked values become placeholders. What overlaps is one value; what is hidden already stays as it is.
#include "core/redaction/redactor.hpp"

#include <algorithm>

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

/// One expression for all of them: the text is walked through once, however many there are.
std::unique_ptr<RE2> any_of(std::vector<std::string> values) {
  std::vector<std::string> wanted;
  for (const auto& value : values)
    if (value.size() >= shortest_known)
      for (auto& spelling : spellings(value)) wanted.push_back(std::move(spelling));
  if (wanted.empty()) return nullptr;
  std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::string pattern;
  for (const auto& each : wanted) pattern += (pattern.empty() ? "(" : "|") + RE2::QuoteMeta(each);
  return expression(pattern + ")");
}

}  // namespace

struct Redactor::Parts {
  explicit Parts(const RedactConfig& config) : names(config.keys) {}

  Names names;
  KnownClean clean;
  std::string key;
  std::unique_ptr<RE2> known;
  std::vector<std::unique_ptr<RE2>> configured;
  std::map<std::string, std::uint64_t> removed;

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

  std::string text(std::string_view text) {
    std::vector<Mark> marks;
    const View view(text);
    const Finding found{names, marks, clean};
    if (known) find(*known, "known", view, found);
    for (const auto& each : configured) find(*each, "configured", view, found);
    find_secrets(view, found);
    return marks.empty() ? std::string(text) : replaced(text, std::move(marks));
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
  parts_->known = any_of(std::move(known));
  for (const auto& pattern : config.patterns)
    if (auto own = expression("(" + pattern + ")"); own->ok()) parts_->configured.push_back(std::move(own));
}
Redactor::~Redactor() = default;
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;

std::string Redactor::text(std::string_view text) { return parts_->text(text); }

void Redactor::headers(Headers& headers) {
  for (auto& h : headers) {
    h.name = parts_->text(h.name);
    const auto sense = parts_->names.of(h.name);
    if (is_identifier(h.name)) continue;
    const bool secret = sense.holds != Holds::nothing ? is_secret_value(sense, h.value)
                                                      : is_secret_header(h.name) && !is_covered(h.value);
    h.value = secret ? parts_->placeholder("header", h.value) : parts_->text(h.value);
  }
}

RawRead Redactor::open(Unredacted<RawRead> received) {
  clean(received.received_);
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

std::vector<RawRead> Redactor::open(Unredacted<std::vector<RawRead>> received) {
  for (auto& read : received.received_) clean(read);
  return std::move(received.received_);
}

void Redactor::clean(RawRead& raw) {
  if (auto* a = std::get_if<HttpAnswer>(&raw.answer)) {
    headers(a->headers);
    const auto* coding = find_header(a->headers, "Content-Encoding");
    const bool binary = std::any_of(a->body.begin(), a->body.end(), [](unsigned char c) { return c < 0x09; });
    if (coding && binary)  // nobody asked for it, and what is packed cannot be looked through
      a->body = "(" + std::to_string(a->body.size()) + " bytes in the coding " + *coding + " are not kept)";
    else
      a->body = text(a->body);
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
