// One read is judged by rules that each say what they make of it; the worst that any of them says stands, and all
// reasons are kept in the order of their weight. The first is the line that is read on a locked phone: it names the
// part and its own reason.
#include <algorithm>
#include <boost/json.hpp>

#include "core/reading/decode.hpp"
#include "core/reading/member.hpp"
#include "core/reading/part.hpp"
#include "core/reading/read.hpp"
#include "core/reading/stamps.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr Millis tolerable_skew = Seconds(30);
constexpr Millis zoneless_tolerance = std::chrono::hours(15);  // the farthest zone is 14 hours away
constexpr std::size_t reasons_kept = 12;

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

const char* meaning_words(Says s) {
  switch (s) {
    case Says::pass: return "passes";
    case Says::warn: return "warns";
    case Says::fail: return "fails";
    case Says::off:
    case Says::neutral: return "alarms nobody and proves nothing";
    case Says::unknown: return "is not in the lists (add it under `words`)";
    case Says::nothing: return "says nothing";
  }
  return "";
}

std::string as_json(const std::string& text) { return json::serialize(json::string(text)); }

struct Hint {
  std::string pointer, word;
};

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  for (const char c : key) step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return step;
}

/// Words of the lists anywhere in a body that says nothing where it is looked for, the nearest to the top of each
/// branch first.
void find_hints(const json::value& v, const std::string& at, int depth, std::vector<Hint>& out) {
  constexpr int deepest = 6;
  constexpr std::size_t kept = 3, members_looked_at = 100, longest = 60;
  if (out.size() >= kept || depth > deepest) return;
  if (const auto* s = v.if_string()) {
    if (depth > 0 && s->size() <= longest && is_judged(meaning_of(look_up(Squashed(*s)))))
      out.push_back({at, printable(*s, longest)});
  } else if (const auto* o = v.if_object()) {
    std::size_t looked_at = 0;
    for (const auto& [key, value] : *o)
      if (key.size() <= longest && ++looked_at <= members_looked_at)
        find_hints(value, at + pointer_step(key), depth + 1, out);
  } else if (const auto* list = v.if_array(); list && !list->empty()) {
    find_hints(list->front(), at + "/0", depth + 1, out);
  }
}

/// Builds one reading: each rule that applies says what it makes of the surface, why, and how the reader came to it.
class Judge {
 public:
  Judge(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw, SurfaceMemory& memory,
        MonoTime now, bool explains)
      : target_(target),
        surface_(surface),
        raw_(raw),
        memory_(memory),
        now_(now),
        explains_(explains),
        rules_{OwnWords(surface.words, target.words), surface.verdict, surface.critical_items} {}

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
    const std::string whole = surface_.name + ": " + text;
    for (const auto& r : reasons_)
      if (r.text == whole) return;
    reasons_.push_back({rank(weight), whole});
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
    std::vector<std::string> texts;
    const bool all = reasons_.size() <= reasons_kept;
    const std::size_t shown = all ? reasons_.size() : reasons_kept - 1;
    for (std::size_t i = 0; i < shown; ++i) texts.push_back(std::move(reasons_[i].text));
    if (!all) texts.push_back(surface_.name + ": … and " + std::to_string(reasons_.size() - shown) + " more");
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
    out_.reading.http_status = answer.status;
    http_ = "HTTP " + std::to_string(answer.status);
    const auto told = surface_.codes.find(answer.status);
    if (told != surface_.codes.end()) fixed_ = told->second;
    if (!fixed_ && says_all(answer)) return;
    if (fixed_ == Reading::denied || fixed_ == Reading::missing)
      return settle(*fixed_, http_ + " is " + std::string(to_string(*fixed_)) + " by the configuration");
    if (answer.status == 429 && !fixed_) out_.reading.retry_after = retry_after(answer, raw_.at);
    if (surface_.accept == Accepts::status) return by_status_alone(answer.status);
    if (answer.status == 204 && answer.body.empty() && !fixed_) {
      out_.reading.reading = Reading::pass;
      out_.reading.own_word = out_.reading.accepted = true;
      step("204 without a body passes");
      return slow();
    }
    packed_ = packing_of(answer);
    if (is_familiar(answer)) return slow();
    read_body(answer);
    if (answer.status == 429 && !fixed_ && !is_an_answer())
      return settle(Reading::throttled, http_ + ": asked to slow down");
    out_.reading.retry_after.reset();
    judge_body(answer);
    slow();
  }

  /// The classes of status codes that leave the body nothing to say.
  bool says_all(const HttpAnswer& answer) {
    const int code = answer.status;
    if (code == 401 || code == 403) {
      out_.reading.page = page_of(answer.body);
      return settle(Reading::denied, http_ + ": our credentials are not accepted"), true;
    }
    if (code == 404 || code == 405 || code == 410)
      return settle(Reading::missing, http_ + ": the surface is not there"), true;
    if (code >= 300 && code < 400) {
      const auto* location = find_header(answer.headers, "location");
      settle(Reading::unknown,
             http_ + ": redirected to " + (location ? printable(*location) : "nowhere") + ", not followed");
      return true;
    }
    if (code < 200 || (code < 500 && code >= 400 && code != 429)) {
      const std::string said = said_in_short(answer.body);
      settle(Reading::unknown, http_ + " is no answer that a surface gives" + (said.empty() ? "" : ": " + said));
      return true;
    }
    return false;
  }

  void by_status_alone(int code) {
    const Reading r = fixed_ ? *fixed_ : code < 300 ? Reading::pass : code >= 500 ? Reading::fail : Reading::throttled;
    out_.reading.reading = r;
    out_.reading.own_word = true;
    out_.reading.accepted = code < 300 || fixed_;
    step(http_ + ": the status is the answer here, the body is not judged");
    if (r != Reading::pass) reason(r, http_);
    if (r != Reading::throttled) slow();
  }

  /// It reads as the one before.
  bool is_familiar(const HttpAnswer& answer) {
    if (explains_ || fixed_ || !packed_.empty()) return false;
    auto again = memory_.familiar.again(answer, rules_);
    if (!again) return false;
    out_.reading = again->reading;
    if (out_.reading.version.empty()) version_of_header(answer);
    freshness(answer, again->stamps);
    return true;
  }

  void read_body(const HttpAnswer& answer) {
    if (!packed_.empty()) {
      kind_ = DecodedBody::Kind::broken;
      return;
    }
    // A usual body needs no other memory for its tree.
    body_ = decode(answer.body, &arena_);
    kind_ = body_.kind;
    if (kind_ == DecodedBody::Kind::json) {
      tree_ = read_parts(body_.value, rules_);
    } else if (kind_ == DecodedBody::Kind::text) {
      auto text = read_lines(body_.text, rules_);
      tree_ = std::move(text.tree);
      const auto* type = find_header(answer.headers, "content-type");
      called_html_ = text.understood && !is_well_or_bad(tree_.top.says) && type &&
                     lower_case(*type).find("html") != std::string::npos;
    }
  }
  /// What the reader could unpack came unpacked.
  static std::string packing_of(const HttpAnswer& answer) {
    const auto* encoding = find_header(answer.headers, "content-encoding");
    if (!encoding || answer.body.empty()) return "";
    const auto name = lower_case(trimmed(*encoding));
    return name.empty() || name == "identity" ? "" : printable(*encoding, 40);
  }

  /// A 429 is an answer when a part of it, or a strong word that is not about the call, warns or fails.
  bool is_an_answer() const {
    const auto* o = body_.value.if_object();
    const Says top = tree_.top.says;
    if (kind_ != DecodedBody::Kind::json || (top != Says::warn && top != Says::fail)) return false;
    if (tree_.count.failed + tree_.count.warned > 0) return true;
    return o && std::any_of(o->begin(), o->end(), [](const auto& member) {
             const auto* word = member.value().if_string();
             if (!word || !look_up(Squashed(member.key())).in(In::strong)) return false;
             const Listed listed = look_up(Squashed(*word));
             return listed.in_any(In::warn, In::fail) && !listed.in(In::call_words);
           });
  }

  void judge_body(const HttpAnswer& answer) {
    auto& r = out_.reading;
    const int code = answer.status;
    const Says says = tree_.top.says;
    const bool no_body =
        kind_ == DecodedBody::Kind::empty || kind_ == DecodedBody::Kind::html || kind_ == DecodedBody::Kind::broken;
    if (explains_) {
      step(http_ + ", " + describe_body(answer));
      explain_words();
    }
    r.own_word = !no_body && !called_html_ && (code < 500 || tree_.top.spoken);
    r.accepted = code < 300 || fixed_ || (code >= 500 && tree_.top.spoken);
    r.contradictory = !no_body && tree_.top.contradictory;
    r.items = items_of(tree_);
    r.reading = no_body || !is_judged(says) ? Reading::unknown : reading_of(says);
    if (fixed_) {
      r.reading = is_judged(says) && !no_body ? worse(r.reading, *fixed_) : *fixed_;
      step(http_ + " reads " + std::string(to_string(*fixed_)) + " by the configuration");
    }
    if (code >= 500 && !fixed_) r.reading = Reading::fail;
    if (code == 429 && !fixed_ && r.reading == Reading::pass) r.reading = Reading::warn;
    tell(answer, no_body);
    version_of_body();
    const auto* o = kind_ == DecodedBody::Kind::json ? body_.value.if_object() : nullptr;
    const auto stamps = o ? find_stamps(*o) : FoundStamps{};
    if (!reasons_.empty())
      memory_.familiar.forget();  // it only takes room while thousands of targets fail
    else if (o && !explains_ && !fixed_)
      memory_.familiar.learn(answer, body_.value, stamps, r, rules_);
    if (r.version.empty()) version_of_header(answer);
    freshness(answer, stamps.all);
  }

  std::string describe_body(const HttpAnswer& answer) const {
    std::string size = std::to_string(answer.body.size()) + " bytes";
    if (!packed_.empty()) return "a body of " + size + " that is compressed (" + packed_ + ")";
    switch (kind_) {
      case DecodedBody::Kind::empty: return "no body";
      case DecodedBody::Kind::json: return "a JSON body of " + size;
      case DecodedBody::Kind::text: return "a text body of " + size;
      case DecodedBody::Kind::html: return "an HTML page of " + size;
      case DecodedBody::Kind::broken: return "a body of " + size + " that begins like JSON and is " + body_.trouble;
    }
    return size;
  }

  void explain_words() {
    for (const auto& word : tree_.words) {
      step("`" + word.member + "`: \"" + word.word + "\" " + meaning_words(word.says));
      if (word.says == Says::unknown) out_.settings.push_back("words: {pass: [" + as_json(word.word) + "]}");
    }
    const auto& n = tree_.count;
    if (n.judged == 0 && tree_.words.empty() && !is_well_or_bad(tree_.top.says)) hints();
    if (n.judged == 0) return;
    std::string where;
    for (const auto& place : tree_.places) where += (where.empty() ? " from `" : ", `") + place + "`";
    step(std::to_string(n.judged) + (n.judged == 1 ? " part" : " parts") + where + ": " +
         std::to_string(n.judged - n.failed - n.warned - n.unknown) + " pass, " + std::to_string(n.warned) + " warn, " +
         std::to_string(n.failed) + " fail" + (n.unknown > 0 ? ", " + std::to_string(n.unknown) + " unknown" : ""));
    if (tree_.top.contradictory) step("it says well of itself and not of all in it: contradictory");
  }

  /// Where a verdict may be that nobody looked for: for who sets up the surface.
  void hints() {
    std::vector<Hint> found;
    find_hints(body_.value, "", 0, found);
    for (const auto& hint : found) {
      const std::string pointer = printable(hint.pointer);
      step("the word \"" + hint.word + "\" stands at " + pointer + ": `verdict: " + pointer +
           "` would make it the verdict");
    }
    if (!found.empty()) out_.settings.push_back("verdict: " + as_json(found.front().pointer));
  }

  /// The reasons of an answer that is not well, in the order in which they tell most.
  void tell(const HttpAnswer& answer, bool no_body) {
    const auto& top = tree_.top;
    const Reading r = out_.reading.reading;
    const bool server_error = answer.status >= 500 && !fixed_;
    if (no_body) {
      tell_of_no_answer(answer, server_error);
      return;
    }
    if (r == Reading::pass && !out_.reading.contradictory) return;
    if (server_error && kind_ == DecodedBody::Kind::text && !top.spoken) return tell_of_no_answer(answer, server_error);
    if (!top.blockers.empty()) reason(Reading::fail, top.blockers);
    tell_items();
    const Reading own = is_judged(top.says) ? reading_of(top.says) : server_error ? Reading::fail : r;
    std::string words = top.reason;
    if (const auto* o = body_.value.if_object(); o && words.empty()) words = own_words(members_of(*o));
    if (!words.empty()) reason(own, words);
    for (const auto& text : top.why) reason(own, text);
    const bool silent = reasons_.empty();
    if (server_error)
      reason(silent ? Reading::fail : Reading::pass,
             http_ + (silent && kind_ == DecodedBody::Kind::text ? text_of_body() : ": answering, not ready"));
    else if (silent)
      reason(r, fixed_                             ? http_
                : kind_ == DecodedBody::Kind::text ? "the text" + text_of_body() + " is none that could be judged"
                                                   : neutral_word());
    if (answer.status == 429 && !fixed_) reason(Reading::pass, http_ + ": asked to slow down");
  }
  std::string text_of_body() const {
    return body_.text.empty() ? "" : " \"" + printable(trimmed(body_.text), 60) + "\"";
  }
  std::string neutral_word() const {
    for (const auto& word : tree_.words)
      if (word.says == Says::neutral || word.says == Says::off)
        return word.member + " " + word.word + " gives no verdict";
    return "the body holds no verdict, no blocker and no part that could be judged";
  }

  void tell_of_no_answer(const HttpAnswer& answer, bool server_error) {
    const bool gateway = answer.status >= 502 && answer.status <= 504;
    const Reading r = server_error ? Reading::fail : fixed_.value_or(Reading::unknown);
    if (r == Reading::pass) return;
    const std::string title =
        body_.text.empty() || kind_ != DecodedBody::Kind::html ? "" : " \"" + printable(trimmed(body_.text), 60) + "\"";
    if (server_error) {
      const std::string said = kind_ == DecodedBody::Kind::text ? text_of_body() : title;
      reason(r, gateway ? http_ + ": a gateway's answer, not the surface's own" + (said.empty() ? "" : ":" + said)
                        : http_ + (said.empty() ? "" : ":" + said));
      return;
    }
    if (!packed_.empty())
      reason(r, "the body is compressed (" + packed_ + "), and that cannot be unpacked");
    else if (kind_ == DecodedBody::Kind::empty)
      reason(r, http_ + " with an empty body says nothing");
    else if (kind_ == DecodedBody::Kind::html)
      reason(r, "an HTML page" + title);
    else
      reason(r, "the body is not valid JSON: " + body_.trouble);
  }

  /// "3 of 9 services fail: a, b … (OOMKilled)", and then a line for each.
  void tell_items() {
    const auto& n = tree_.count;
    std::vector<const Item*> bad;
    for (const auto& i : *out_.reading.items)
      if (!i.neutral && i.reading != Reading::pass) bad.push_back(&i);
    if (bad.empty()) return;
    const std::size_t bad_in_all = n.failed + n.warned + n.unknown;
    const Reading weight = items_weight();
    if (bad_in_all > 1) reason(weight, items_in_short(bad));
    for (const auto* i : bad)
      reason(std::min(weight, i->reading, [](Reading a, Reading b) { return rank(a) < rank(b); }), line_of(*i));
    if (bad_in_all > bad.size())
      reason(Reading::pass, "… and " + std::to_string(bad_in_all - bad.size()) + " more that are not well");
  }
  /// Under a good word the parts make the surface warn; else they weigh what they say.
  Reading items_weight() const {
    const auto& n = tree_.count;
    const Reading worst = n.failed > 0 ? Reading::fail : n.unknown > 0 ? Reading::unknown : Reading::warn;
    return rank(worst) <= rank(out_.reading.reading) ? worst : out_.reading.reading;
  }
  static std::string line_of(const Item& i) {
    const char* word = i.reading == Reading::fail ? " fails" : i.reading == Reading::warn ? " warns" : " is not well";
    const std::string name = (i.critical ? "critical " : "") + i.name;
    return i.detail.empty() ? name + word : name + ": " + i.detail;
  }
  std::string items_in_short(const std::vector<const Item*>& bad) const {
    const auto& n = tree_.count;
    constexpr std::size_t named = 2;
    std::string noun = "parts";
    if (tree_.places.size() == 1) {
      noun = tree_.places.front();
      noun = noun.substr(noun.rfind('.') == noun.npos ? 0 : noun.rfind('.') + 1);
    }
    std::vector<std::string> says;
    const auto add = [&](std::size_t count, const char* one, const char* many) {
      if (count == 0) return;
      const std::string of =
          says.empty() ? std::to_string(count) + " of " + std::to_string(n.judged) + " " + noun : std::to_string(count);
      says.push_back(of + (count == 1 ? one : many));
    };
    add(n.failed, " fails", " fail"), add(n.unknown, " is not known", " are not known"),
        add(n.warned, " warns", " warn");
    const bool same =
        std::all_of(bad.begin(), bad.end(), [&](const Item* i) { return i->detail == bad.front()->detail; });
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(named, bad.size()); ++i)
      names.push_back(same || bad[i]->detail.empty() ? bad[i]->name : bad[i]->name + " (" + bad[i]->detail + ")");
    return joined(says, ", ") + ": " + joined(names) + (bad.size() > named ? " …" : "") +
           (same && !bad.front()->detail.empty() ? " (" + bad.front()->detail + ")" : "");
  }

  void version_of_body() {
    if (const auto* o = body_.value.if_object())
      for (const std::string_view field : {"version", "build", "revision", "commit", "release", "releaseId"})
        if (const auto* v = o->if_contains(field); v && (v->is_string() || v->is_number())) {
          out_.reading.version =
              printable(v->is_string() ? std::string_view(v->get_string()) : json::serialize(*v), 80);
          if (!out_.reading.version.empty()) {
            step("version " + out_.reading.version + " from `" + std::string(field) + "`");
            return;
          }
        }
  }
  void version_of_header(const HttpAnswer& answer) {
    if (!surface_.version_header) return;
    if (const auto* version = find_header(answer.headers, "x-version")) out_.reading.version = printable(*version, 80);
  }

  void slow() {
    if (surface_.max_latency && raw_.took > *surface_.max_latency)
      at_least(Reading::warn,
               "slow: answered after " + finely(raw_.took) + ", longer than " + finely(*surface_.max_latency));
  }

  void freshness(const HttpAnswer& answer, const std::vector<FoundStamp>& stamps) {
    const Millis limit = surface_.stale_after.value_or(target_.stale_after);
    const auto* date_text = find_header(answer.headers, "date");
    const auto date = date_text ? parse_http_date(*date_text) : std::nullopt;
    const WallTime now = date.value_or(raw_.at);
    if (date) {
      const Millis skew = *date > raw_.at ? *date - raw_.at : raw_.at - *date;
      if (skew > tolerable_skew)
        reason(Reading::pass,
               "clock skew: its clock and ours are " + humanize(skew) + " apart; freshness is measured by its own");
    }
    auto newest = newest_stamp(stamps, memory_.stamps, now_);
    const bool stamped = newest.has_value();
    if (!newest)
      if (const auto age = age_header(answer)) newest = Stamp{"Age header", now - *age, true, ""};
    if (!newest) return step("no stamp: freshness cannot be judged");
    out_.reading.as_of = newest->at;
    const Millis age = now - newest->at;
    if (explains_)
      step("as of " + to_rfc3339(newest->at) + " from `" + newest->member + "`, " +
           (age < Millis(0) ? humanize(-age) + " ahead" : humanize(age) + " old"));
    if (limit.count() <= 0) return;
    const Millis unmoved = stamped ? now_ - memory_.stamps.since : Millis(0);
    if (age > limit + (newest->zone ? Millis(0) : zoneless_tolerance)) {
      out_.reading.stale = true;
      reason(Reading::warn, "stale: " + newest->member + " is " + humanize(age) + " old, more than " + humanize(limit));
    } else if (unmoved > limit) {
      out_.reading.stale = true;
      reason(Reading::warn,
             "stale: " + newest->member + " has not moved for " + humanize(unmoved) + ", more than " + humanize(limit));
    } else if (newest->zone && age < -tolerable_skew) {
      reason(Reading::pass, "clock skew: " + newest->member + " lies " + humanize(-age) + " ahead");
    }
  }
  static std::optional<Millis> age_header(const HttpAnswer& answer) {
    constexpr std::int64_t longest = 1'000'000'000;
    const auto* text = find_header(answer.headers, "age");
    if (!text || text->empty() || text->find_first_not_of("0123456789") != text->npos) return std::nullopt;
    std::string_view digits = *text;
    return Seconds(std::min(take_number(digits).value_or(longest), longest));
  }

  const TargetConfig& target_;
  const SurfaceConfig& surface_;
  const RawRead& raw_;
  SurfaceMemory& memory_;
  MonoTime now_;
  bool explains_;  ///< somebody wants to know how it came about
  PartRules rules_;
  unsigned char first_block_[8192];
  json::monotonic_resource arena_{first_block_};
  DecodedBody body_;
  DecodedBody::Kind kind_ = DecodedBody::Kind::empty;
  PartTree tree_;
  bool called_html_ = false;      ///< a text that says nothing, and whose type is HTML
  std::optional<Reading> fixed_;  ///< what the configuration says of this status code
  std::string http_;              ///< "HTTP 503"
  std::string packed_;            ///< how the body is compressed; its words cannot be read then
  ExplainedReading out_;
  std::vector<Reason> reasons_;
};

}  // namespace

SurfaceReading read_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw,
                            SurfaceMemory& memory, MonoTime now) {
  return Judge(target, surface, raw, memory, now, false).judge().reading;
}

SurfaceReading read_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw) {
  SurfaceMemory first_time;
  return read_surface(target, surface, raw, first_time, MonoTime{});
}

ExplainedReading explain_surface(const TargetConfig& target, const SurfaceConfig& surface, const RawRead& raw) {
  SurfaceMemory first_time;
  return Judge(target, surface, raw, first_time, MonoTime{}, true).judge();
}

std::string said_in_short(std::string_view text) {
  constexpr std::size_t longest = 80;
  const auto body = decode(text);
  switch (body.kind) {
    case DecodedBody::Kind::empty: return "";
    case DecodedBody::Kind::html: return body.text.empty() ? "an HTML page" : "an HTML page \"" + body.text + "\"";
    case DecodedBody::Kind::json: {
      std::string said;
      if (const auto* o = body.value.if_object()) said = own_words(members_of(*o));
      return said.empty() ? "" : "\"" + cut_characters(said, longest) + "\"";
    }
    case DecodedBody::Kind::text: return body.text.empty() ? "" : "\"" + printable(trimmed(body.text), longest) + "\"";
    case DecodedBody::Kind::broken: return "\"" + printable(trimmed(text), longest) + "\"";
  }
  return "";
}

std::uint64_t page_of(std::string_view body) {
  if (decode(body).kind != DecodedBody::Kind::html) return 0;
  return std::max<std::uint64_t>(1, std::hash<std::string_view>()(body));
}

std::optional<Millis> retry_after(const HttpAnswer& answer, WallTime read_at) {
  const auto* text = find_header(answer.headers, "retry-after");
  if (!text) return std::nullopt;
  const auto* date_text = find_header(answer.headers, "date");
  const auto date = date_text ? parse_http_date(*date_text) : std::nullopt;
  return parse_retry_after(*text, date.value_or(read_at));
}

}  // namespace readback
