// One read is judged by rules that each say what they make of it; the worst that any of them says stands, and all
// reasons are kept in the order of their weight.
#include "core/reading/read.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "core/reading/body.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

constexpr Millis tolerable_skew = Seconds(30);
constexpr std::size_t items_kept = 200, reasons_kept = 12;

/// How bad, for taking the worst: something that cannot be judged is worse than a warning and better than a plain no.
int rank(Reading r) {
  switch (r) {
    case Reading::pass: return 0;
    case Reading::warn: return 1;
    case Reading::unknown: return 2;
    case Reading::fail: return 3;
    case Reading::unreachable:
    case Reading::denied:
    case Reading::missing:
    case Reading::throttled: return 4;
  }
  return 4;
}
Reading worse(Reading a, Reading b) { return rank(a) >= rank(b) ? a : b; }

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::int32_t>::max();
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

/// Builds one reading: each rule that applies says what it makes of the surface, why, and how the reader came to it.
class Judge {
 public:
  Judge(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw)
      : target_(target), surface_(surface), raw_(raw) {}

  ExplainedReading judge() {
    if (const auto* error = std::get_if<TransportError>(&raw_.answer))
      unreachable(*error);
    else if (const auto* answer = std::get_if<HttpAnswer>(&raw_.answer))
      answered(*answer);
    else
      settle(Reading::unknown, "a surface cannot be judged by the exit of a command");
    out_.reading.reasons = ordered_reasons();
    return std::move(out_);
  }

 private:
  struct Reason {
    int rank;
    std::string text;
  };
  void step(std::string text) { out_.steps.push_back(std::move(text)); }
  void reason(Reading weight, const std::string& text) {
    reasons_.push_back({rank(weight), surface_.name + ": " + text});
  }
  /// The surface is at least this bad, for this reason.
  void at_least(Reading r, const std::string& text) {
    out_.reading.reading = worse(r, out_.reading.reading);
    reason(r, text);
  }
  /// A kind of answer that says all by itself.
  void settle(Reading r, const std::string& text) {
    out_.reading.reading = r;
    reason(r, text);
    step(text);
  }
  std::vector<std::string> ordered_reasons() {
    std::stable_sort(reasons_.begin(), reasons_.end(),
                     [](const Reason& a, const Reason& b) { return a.rank > b.rank; });
    if (reasons_.size() > reasons_kept) reasons_.resize(reasons_kept);
    std::vector<std::string> texts;
    for (auto& r : reasons_) texts.push_back(std::move(r.text));
    return texts;
  }

  void unreachable(const TransportError& error) {
    out_.reading.fault = error.fault;
    std::string why = error.detail.empty() ? transport_words(error.fault) : printable(error.detail);
    settle(Reading::unreachable, why);
    step(is_our_side(error.fault) ? "the cause lies on our side: it says nothing about the stack"
                                  : "no usable HTTP answer came from their side");
  }
  static std::string transport_words(TransportFault f) {
    switch (f) {
      case TransportFault::refused: return "connection refused";
      case TransportFault::reset: return "connection reset";
      case TransportFault::timeout: return "no answer in time";
      case TransportFault::dns: return "the name does not exist";
      case TransportFault::tls: return "TLS failed";
      case TransportFault::protocol: return "the answer is not HTTP";
      case TransportFault::too_large: return "the answer is larger than the limit";
      case TransportFault::no_route: return "no route from this host";
      case TransportFault::resolver: return "the resolver did not answer";
      case TransportFault::local: return "this host is out of descriptors or memory";
    }
    return "unreachable";
  }

  void answered(const HttpAnswer& answer) {
    const int code = answer.status;
    const std::string http = "HTTP " + std::to_string(code);
    switch (code) {
      case 401:
      case 403: return settle(Reading::denied, http + ": our credentials are not accepted");
      case 404:
      case 405:
      case 410: return settle(Reading::missing, http + ": the surface is not there");
      case 429:
        out_.reading.retry_after = retry_after(answer, raw_.at);
        return settle(Reading::throttled, http + ": asked to slow down");
      default: break;
    }
    if (code >= 300 && code < 400) {
      const auto* location = find_header(answer.headers, "location");
      return settle(Reading::unknown,
                    http + ": redirected to " + (location ? printable(*location) : "nowhere") + ", not followed");
    }
    out_.reading.reading = Reading::pass;
    packed_ = packing_of(answer);
    if (packed_.empty()) body_ = understand(answer.body, surface_, target_.words);
    step(http + ", " + describe_body(answer));
    if (code >= 200 && code < 300)
      success(answer);
    else if (code >= 500)
      server_error(answer);
    else
      at_least(Reading::unknown, http + " is no answer that a surface gives");
    words();
    if (code >= 200 && code < 300) out_.reading.accepted = true;
    // A proxy's page is as old as the proxy says; an error status under which the surface itself answers has a stamp.
    if (out_.reading.accepted) freshness(answer);
  }

  /// The reader asks for nothing compressed and unpacks nothing, so that no bomb can go off.
  static std::string packing_of(const HttpAnswer& answer) {
    const auto* encoding = find_header(answer.headers, "content-encoding");
    if (!encoding || encoding->empty() || answer.body.empty() || normalised(*encoding) == "identity") return "";
    return printable(*encoding);
  }

  void success(const HttpAnswer& answer) {
    if (!packed_.empty())
      return at_least(Reading::unknown, "the body is compressed (" + packed_ + "), and nobody asked for that");
    switch (body_.kind) {
      case BodyWords::Kind::empty:
        if (answer.status == 204)
          step("204 without a body passes");
        else
          at_least(Reading::unknown, "HTTP " + std::to_string(answer.status) + " with an empty body says nothing");
        break;
      case BodyWords::Kind::html: at_least(Reading::unknown, "an HTML page, not a health answer"); break;
      case BodyWords::Kind::garbage: at_least(Reading::unknown, "the body is not valid JSON: " + body_.trouble); break;
      case BodyWords::Kind::json:
      case BodyWords::Kind::text: break;
    }
  }

  void server_error(const HttpAnswer& answer) {
    const bool gateway = answer.status >= 502 && answer.status <= 504;
    const std::string http = "HTTP " + std::to_string(answer.status);
    const bool speaks = body_.kind == BodyWords::Kind::json || body_.verdict || body_.items_total > 0;
    if (speaks)
      at_least(Reading::fail, http + ": answering, not ready");
    else
      at_least(Reading::fail, gateway ? http + ": a gateway's answer, not the surface's own" : http);
  }

  std::string describe_body(const HttpAnswer& answer) const {
    std::string size = std::to_string(answer.body.size()) + " bytes";
    if (!packed_.empty()) return "a body of " + size + " that is compressed (" + packed_ + ")";
    switch (body_.kind) {
      case BodyWords::Kind::empty: return "no body";
      case BodyWords::Kind::json: return "a JSON body of " + size;
      case BodyWords::Kind::text: return "a text body of " + size;
      case BodyWords::Kind::html: return "an HTML page of " + size;
      case BodyWords::Kind::garbage: return "a body of " + size + " that begins like JSON and is " + body_.trouble;
    }
    return size;
  }

  /// What the body itself says: a verdict, blockers, warnings, items.
  void words() {
    version_header();
    const bool judgeable = body_.kind == BodyWords::Kind::json || body_.kind == BodyWords::Kind::text;
    if (!judgeable) return;
    auto& r = out_.reading;
    r.own_word = body_.says();
    if (r.own_word && is_server_error()) r.accepted = true;
    if (!body_.duplicate.empty())
      at_least(Reading::unknown, "the body names `" + body_.duplicate + "` twice: neither can be believed");
    verdict_word();
    blockers();
    hints();
    if (std::get<HttpAnswer>(raw_.answer).status >= 400 && !r.own_word) {
      // What an error says is no list of parts, and it says it best in its own words.
      if (!body_.complaint.empty()) reason(r.reading, body_.complaint_field + " \"" + body_.complaint + "\"");
      return;
    }
    items();
    r.items = kept_items();
  }
  /// Where a verdict may be that nobody looked for, or what a word of its own may mean: for who sets up the surface.
  void hints() {
    const auto quoted = [](const std::string& text) { return boost::json::serialize(boost::json::string(text)); };
    for (const auto& hint : body_.hints) {
      const std::string pointer = printable(hint.pointer);
      step("the word \"" + hint.word + "\" stands at " + pointer + ": `verdict: " + pointer +
           "` would make it the verdict");
    }
    if (!body_.hints.empty()) out_.settings.push_back("verdict: " + quoted(body_.hints.front().pointer));
    if (body_.verdict && body_.verdict->meaning == Meaning::unrecognised && !body_.verdict->word.empty())
      out_.settings.push_back("words: {pass: [" + quoted(body_.verdict->word) + "]}");
  }
  bool is_server_error() const { return std::get<HttpAnswer>(raw_.answer).status >= 500; }

  void version_header() {
    out_.reading.version = body_.version;
    if (!body_.version.empty()) step("version " + body_.version + " from `" + body_.version_field + "`");
    if (!body_.version.empty() || !surface_.version_header) return;
    if (const auto* version = find_header(std::get<HttpAnswer>(raw_.answer).headers, "x-version"))
      out_.reading.version = printable(*version, 80);
  }

  std::string under_verdict() const {
    return body_.verdict ? " under " + body_.verdict->field + " " + body_.verdict->word : "";
  }

  void verdict_word() {
    if (!body_.missing_pointer.empty())
      return at_least(Reading::unknown, "the configured verdict " + body_.missing_pointer + " is not in the body");
    if (!body_.verdict) return;
    const auto& v = *body_.verdict;
    step("verdict from `" + v.field + "`: \"" + v.word + "\" " + meaning_words(v.meaning));
    const bool items_say = std::any_of(body_.items.begin(), body_.items.end(), is_judged);
    switch (v.meaning) {
      case Meaning::pass: break;
      case Meaning::warn: at_least(Reading::warn, v.field + " " + v.word); break;
      case Meaning::fail: at_least(Reading::fail, v.field + " " + v.word); break;
      case Meaning::neutral:
        // Spring's UNKNOWN is ignored beside components that know better; alone it proves nothing.
        if (items_say)
          reason(Reading::pass, v.field + " " + v.word + " gives no verdict, its items do");
        else
          at_least(Reading::unknown, v.field + " " + v.word + " is the only word, and it gives no verdict");
        break;
      case Meaning::unrecognised:
        at_least(Reading::unknown, v.field + " \"" + v.word + "\" is a word that cannot be judged");
        break;
    }
  }
  static const char* meaning_words(Meaning m) {
    switch (m) {
      case Meaning::pass: return "passes";
      case Meaning::warn: return "warns";
      case Meaning::fail: return "fails";
      case Meaning::neutral: return "alarms nobody and proves nothing";
      case Meaning::unrecognised: return "is not in the lists (add it under `words`)";
    }
    return "";
  }
  static bool is_judged(const Item& item) { return item.reading != Reading::unknown; }

  void blockers() {
    if (body_.blocker_count > 0) {
      step(std::to_string(body_.blocker_count) + " blockers: any blocker fails");
      if (body_.blockers.empty())
        at_least(Reading::fail, std::to_string(body_.blocker_count) + " blockers" + under_verdict());
      for (const auto& text : body_.blockers) at_least(Reading::fail, "blocker \"" + text + "\"" + under_verdict());
    }
    if (body_.warning_count > 0) {
      step(std::to_string(body_.warning_count) + " warnings: any warning warns");
      if (body_.warnings.empty())
        at_least(Reading::warn, std::to_string(body_.warning_count) + " warnings" + under_verdict());
      for (const auto& text : body_.warnings) at_least(Reading::warn, "warning \"" + text + "\"" + under_verdict());
    }
  }

  static std::string said_of(const Item& item) {
    const char* word = item.reading == Reading::fail ? " fails" : item.reading == Reading::warn ? " warns" : " passes";
    return (item.critical ? "critical item " : "item ") + item.name + word +
           (item.detail.empty() ? "" : " (" + item.detail + ")");
  }

  void items() {
    if (body_.items_total == 0) {
      if (!body_.verdict && body_.missing_pointer.empty() && body_.blocker_count == 0 && body_.warning_count == 0)
        at_least(Reading::unknown, body_.text.empty()
                                       ? "the body holds no verdict, no blocker and no item that could be judged"
                                       : "the text \"" + body_.text + "\" is none that could be judged");
      return;
    }
    const auto count = [&](Reading r) {
      return std::count_if(body_.items.begin(), body_.items.end(), [&](const Item& i) { return i.reading == r; });
    };
    const auto failed = count(Reading::fail), warned = count(Reading::warn), passed = count(Reading::pass);
    std::string where;
    for (const auto& name : body_.where) where += (where.empty() ? "`" : ", `") + name + "`";
    step(std::to_string(body_.items_total) + " items from " + where + ": " + std::to_string(passed) + " pass, " +
         std::to_string(warned) + " warn, " + std::to_string(failed) + " fail");

    if (body_.items_total > items_looked_at)
      at_least(Reading::unknown, std::to_string(body_.items_total) + " items are more than can be looked at");

    const bool own_verdict = body_.verdict && body_.verdict->meaning != Meaning::neutral;
    bool critical_failed = false;
    for (const auto& item : body_.items) {
      if (item.reading == Reading::pass || item.reading == Reading::unknown) continue;
      const bool fails = item.reading == Reading::fail;
      critical_failed = critical_failed || (fails && item.critical);
      // Under a verdict of its own an item that is not critical does not change it, unless the two contradict each
      // other.
      const bool speaks = item.critical || !own_verdict || fails;
      if (speaks)
        reason(fails && (item.critical || !own_verdict) ? Reading::fail : Reading::warn,
               said_of(item) + under_verdict());
      if (item.critical) raise(item.reading);
    }
    if (own_verdict) {
      if (body_.verdict->meaning == Meaning::pass && failed > 0) {
        out_.reading.contradictory = true;
        raise(Reading::warn);
        step("it says " + body_.verdict->word + " while " + std::to_string(failed) +
             " of its items fail: contradictory");
      }
      return;
    }
    if (failed == 0 && warned == 0 && passed == 0) {
      if (!body_.verdict) at_least(Reading::unknown, "none of its items says anything that could be judged");
      return;
    }
    const bool all_fail = failed > 0 && warned == 0 && passed == 0;
    if (all_fail || critical_failed)
      raise(Reading::fail);
    else if (failed > 0 || warned > 0)
      raise(Reading::warn);
    step(std::string("no verdict of its own: the worst of its items, ") + (all_fail || critical_failed ? "fail"
                                                                           : failed || warned          ? "warn"
                                                                                                       : "pass"));
  }
  void raise(Reading r) { out_.reading.reading = worse(r, out_.reading.reading); }

  /// The worst first, so that what is cut is what nobody needs.
  std::vector<Item> kept_items() {
    auto kept = std::move(body_.items);
    std::stable_sort(kept.begin(), kept.end(), [](const Item& a, const Item& b) {
      const auto weight = [](const Item& i) {
        return (i.reading == Reading::fail ? 4 : i.reading == Reading::warn ? 2 : 0) + (i.critical ? 1 : 0);
      };
      return weight(a) > weight(b);
    });
    if (body_.items_total > items_kept) {
      reason(Reading::pass,
             std::to_string(body_.items_total) + " items, the " + std::to_string(items_kept) + " weightiest are kept");
      kept.resize(std::min(kept.size(), items_kept));
    }
    return kept;
  }

  void freshness(const HttpAnswer& answer) {
    const auto* date_text = find_header(answer.headers, "date");
    const auto date = date_text ? parse_http_date(*date_text) : std::nullopt;
    const WallTime now = date.value_or(raw_.at);
    if (date) {
      const Millis skew = *date > raw_.at ? *date - raw_.at : raw_.at - *date;
      if (skew > tolerable_skew)
        reason(Reading::pass,
               "clock skew: its clock and ours are " + humanize(skew) + " apart; freshness is measured by its own");
    }
    const Millis limit = surface_.stale_after.value_or(target_.stale_after);
    std::optional<Stamp> newest;
    bool from_the_future = false;
    for (const auto& stamp : body_.stamps) {
      if (stamp.at > now + tolerable_skew)
        from_the_future = true;  // it proves nothing about freshness, and must not hide an old one
      else if (!newest || stamp.at > newest->at)
        newest = stamp;
    }
    if (!newest)
      if (const auto* age = find_header(answer.headers, "age"))
        if (const auto seconds = whole_number(*age); seconds && *seconds >= 0)
          newest = Stamp{"Age header", now - Seconds(std::min<std::int64_t>(*seconds, 1'000'000'000))};
    if (from_the_future) reason(Reading::pass, "clock skew: a stamp lies in the future and is not believed");
    if (!newest) {
      step(from_the_future ? "its only stamp lies in the future: freshness cannot be judged"
                           : "no stamp: freshness cannot be judged");
      return;
    }
    out_.reading.as_of = newest->at;
    const Millis age = now - newest->at;
    step("as of " + to_rfc3339(newest->at) + " from `" + newest->field + "`, " + humanize(std::max(Millis(0), age)) +
         " old");
    if (limit.count() > 0 && age > limit) {
      out_.reading.stale = true;
      reason(Reading::warn, "stale: " + newest->field + " is " + humanize(age) + " old, more than " + humanize(limit));
    }
  }

  const TargetConfig& target_;
  const SurfaceConfig& surface_;
  const RawRead& raw_;
  BodyWords body_;
  std::string packed_;  ///< how the body is compressed; its words cannot be read then
  ExplainedReading out_;
  std::vector<Reason> reasons_;
};

std::string last_line(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  const auto at = text.find_last_of('\n');
  return printable(at == text.npos ? text : text.substr(at + 1));
}

/// Python's own words for a script that did not get to look: an exception, a script that does not parse (which has no
/// "Traceback" line), a module that is not there, an interpreter that does not start.
bool has_traceback(std::string_view err) {
  if (err.find("Traceback (most recent call last)") != err.npos) return true;
  bool in_a_file = false;
  while (!err.empty()) {
    const auto end = err.find('\n');
    const std::string_view line = err.substr(0, end);
    err = end == err.npos ? std::string_view() : err.substr(end + 1);
    const std::string_view interpreter = line.substr(0, line.find(": No module named "));
    if (line.starts_with("Fatal Python error: ")) return true;
    if (interpreter.size() < line.size() && interpreter.find(' ') == line.npos &&
        interpreter.find("python") != line.npos)
      return true;
    in_a_file = in_a_file || line.starts_with("  File \"");
    if (in_a_file &&
        (line.starts_with("SyntaxError: ") || line.starts_with("IndentationError: ") || line.starts_with("TabError: ")))
      return true;
  }
  return false;
}

CheckResult result_of_exit(const CheckConfig& check, int exit, const CheckRun& run) {
  if (check.in_sync_exits.contains(exit)) return CheckResult::in_sync;
  if (check.drift_exits.contains(exit)) return CheckResult::drift;
  if (check.broken_exits.contains(exit)) return CheckResult::broken;
  constexpr int usage = 2, not_executable = 126, not_found = 127;
  if (exit == usage || exit == not_executable || exit == not_found) return CheckResult::broken;
  if (exit == 1 && has_traceback(run.err)) return CheckResult::broken;
  return CheckResult::drift;
}

bool scalar_equals(const boost::json::value& value, const std::string& expected) {
  if (const auto* s = value.if_string(); s && *s == expected) return true;
  if (value.is_number()) {  // 1.0 is 1, however it is written
    double wanted = 0;
    const auto [end, error] = std::from_chars(expected.data(), expected.data() + expected.size(), wanted);
    if (error == std::errc{} && end == expected.data() + expected.size() && value.is_double())
      return value.get_double() == wanted;
  }
  return !value.is_structured() && boost::json::serialize(value) == expected;
}

}  // namespace

SurfaceReading read_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw) {
  return explain_surface(target, surface, raw).reading;
}

ExplainedReading explain_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw) {
  return Judge(target, surface, raw).judge();
}

std::optional<Millis> retry_after(const HttpAnswer& answer, WallTime read_at) {
  const auto* text = find_header(answer.headers, "retry-after");
  if (!text) return std::nullopt;
  if (const auto seconds = whole_number(*text))
    return Millis(Seconds(std::clamp<std::int64_t>(*seconds, 0, 1'000'000'000)));
  const auto until = parse_http_date(*text);
  if (!until) return std::nullopt;
  const auto* date_text = find_header(answer.headers, "date");
  const auto date = date_text ? parse_http_date(*date_text) : std::nullopt;
  return std::max(Millis(0), *until - date.value_or(read_at));
}

CheckReading read_check(const CheckConfig& check, const RawRead& raw) {
  CheckReading out;
  const auto* run = std::get_if<CheckRun>(&raw.answer);
  const auto say = [&](const std::string& text) { out.reasons.push_back(raw.read + ": " + text); };
  if (!run) {
    say("it did not run");
    return out;
  }
  for (const auto& denial : run->denials) say("sandbox denied: " + printable(denial));
  if (run->fault) {
    switch (*run->fault) {
      case CheckFault::timeout: say("did not end in time"); break;
      case CheckFault::signal:
        say(run->signal ? "ended by signal " + std::to_string(run->signal) : "ended by a signal");
        break;
      case CheckFault::spawn: say("could not be started"); break;
    }
    if (!run->detail.empty()) out.reasons.back() += ": " + printable(run->detail);
    return out;
  }
  const int exit = run->exit.value_or(-1);
  out.result = result_of_exit(check, exit, *run);
  if (!run->denials.empty() && out.result == CheckResult::drift) out.result = CheckResult::broken;  // it could not look
  out.items = items_of(run->out);
  std::stable_partition(out.items.begin(), out.items.end(), [](const Item& i) { return i.reading == Reading::fail; });
  if (out.items.size() > items_kept) out.items.resize(items_kept);
  switch (out.result) {
    case CheckResult::in_sync: break;
    case CheckResult::drift: {
      say("exit " + std::to_string(exit) + ": repo truth and runtime truth differ");
      bool named = false;
      for (const auto& item : out.items)
        if (item.reading == Reading::fail || item.reading == Reading::warn) {
          if (out.reasons.size() >= reasons_kept) break;
          say(item.name + (item.detail.empty() ? " differs" : ": " + item.detail));
          named = true;
        }
      const std::string line = last_line(run->out.empty() ? run->err : run->out);
      const bool is_text = !line.empty() && line.front() != '{' && line.front() != '}' && line.front() != ']';
      if (!named && is_text) say(line);
      if (!named && !is_text) say("it gives no reason: a weaker finding than drift that names what differs");
      break;
    }
    case CheckResult::broken: {
      const std::string line = last_line(run->err.empty() ? run->out : run->err);
      say("exit " + std::to_string(exit) + (has_traceback(run->err) ? ": it crashed" : ": it could not do its work") +
          (line.empty() ? "" : ": " + line));
      break;
    }
  }
  return out;
}

PathReading read_path(const PathConfig& path, const RawRead& raw) {
  PathReading out;
  const auto say = [&](const std::string& text) { out.reasons.push_back(raw.read + ": " + text); };
  if (const auto* error = std::get_if<TransportError>(&raw.answer)) {
    out.fault = error->fault;
    say(error->detail.empty() ? std::string(to_string(error->fault)) : printable(error->detail));
    return out;
  }
  const auto* answer = std::get_if<HttpAnswer>(&raw.answer);
  if (!answer) {
    say("it was not read");
    return out;
  }
  const auto& expect = path.expect;
  const int code = answer->status;
  const bool wanted = expect.status.empty()
                          ? code >= 200 && code < 300
                          : std::find(expect.status.begin(), expect.status.end(), code) != expect.status.end();
  if (code == 429 && !wanted) {
    out.throttled = true;
    say("HTTP 429: asked to slow down");
    return out;
  }
  if (!wanted)
    say("HTTP " + std::to_string(code) + (expect.status.empty() ? ", expected success" : ", expected another status"));
  if (!expect.body_contains.empty() && answer->body.find(expect.body_contains) == std::string::npos)
    say("the body does not contain \"" + printable(expect.body_contains, 60) + "\"");
  if (!expect.json.empty()) {
    std::string why;
    const auto body = parse_outside_json(answer->body, why);
    if (!body) say("the body is not valid JSON: " + why);
    for (const auto& [pointer, expected] : expect.json) {
      if (!body) break;
      const auto* value = at_pointer(*body, pointer);
      if (!value)
        say(pointer + " is not in the body, expected " + printable(expected, 60));
      else if (!scalar_equals(*value, expected))
        say(pointer + " is " + printable(boost::json::serialize(*value), 60) + ", expected " + printable(expected, 60));
    }
  }
  if (expect.max_latency && raw.took > *expect.max_latency)
    say("took " + humanize(raw.took) + ", longer than " + humanize(*expect.max_latency));
  out.pass = out.reasons.empty();
  return out;
}

}  // namespace readback
