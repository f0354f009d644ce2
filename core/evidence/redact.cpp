// Secrets by three signs: the name of what holds them, the shape of the value, and the configured patterns. Each value
// becomes a placeholder that is the same for the same value, so that what did not change does not look changed.
#include "core/evidence/redact.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "core/text/encoding.hpp"

namespace readback {
namespace json = boost::json;
namespace {

/// Parts of a key's name that make its value a secret. A bare `key` or `name` is a part's name in many health answers.
constexpr std::string_view secret_parts[] = {"password",
                                             "passwd",
                                             "passphrase",
                                             "secret",
                                             "token",
                                             "api_key",
                                             "apikey",
                                             "api-key",
                                             "access_key",
                                             "accesskey",
                                             "private_key",
                                             "privatekey",
                                             "routing_key",
                                             "auth_key",
                                             "encryption_key",
                                             "signing_key",
                                             "credential",
                                             "signature",
                                             "session_id",
                                             "sessionid",
                                             "cookie",
                                             "authorization",
                                             "x-auth",
                                             "dsn",
                                             "bearer",
                                             "connection_string",
                                             "connectionstring",
                                             "subscription-key",
                                             "client_key",
                                             "account_key",
                                             "accountkey",
                                             "shared_key",
                                             "master_key",
                                             "ssh_key",
                                             "otp",
                                             "pwd"};
/// Said of a secret, not a secret: a health answer may well call its token "valid", and every word that a surface is
/// judged by must come through.
constexpr std::string_view harmless_words[] = {"ok",
                                               "okay",
                                               "pass",
                                               "passed",
                                               "passing",
                                               "up",
                                               "down",
                                               "healthy",
                                               "unhealthy",
                                               "ready",
                                               "not_ready",
                                               "green",
                                               "red",
                                               "yellow",
                                               "degraded",
                                               "warn",
                                               "warning",
                                               "fail",
                                               "failed",
                                               "failing",
                                               "error",
                                               "valid",
                                               "invalid",
                                               "expired",
                                               "missing",
                                               "present",
                                               "absent",
                                               "set",
                                               "unset",
                                               "none",
                                               "null",
                                               "true",
                                               "false",
                                               "unknown",
                                               "disabled",
                                               "enabled",
                                               "configured",
                                               "not_configured",
                                               "rotated",
                                               "current",
                                               "required",
                                               "optional",
                                               "active",
                                               "inactive",
                                               "available",
                                               "unavailable",
                                               "verified",
                                               "blocked",
                                               "stale",
                                               "connected",
                                               "refreshing",
                                               "aligned",
                                               "alive",
                                               "good",
                                               "in_sync",
                                               "live",
                                               "normal",
                                               "operational",
                                               "running",
                                               "succeeded",
                                               "success",
                                               "amber",
                                               "concerning",
                                               "contradictory",
                                               "drift",
                                               "drifted",
                                               "followthrough_required",
                                               "inconsistent",
                                               "initializing",
                                               "intermittent",
                                               "maintenance",
                                               "partial",
                                               "partially_ready",
                                               "recovering",
                                               "retrying",
                                               "review_required",
                                               "starting",
                                               "throttled",
                                               "tolerating",
                                               "warmup",
                                               "warming_up",
                                               "bad",
                                               "critical",
                                               "denied",
                                               "fault",
                                               "notready",
                                               "offline",
                                               "out_of_service",
                                               "sealed",
                                               "unreachable",
                                               "unready",
                                               "na",
                                               "not_applicable",
                                               "not_available",
                                               "pending",
                                               "ready_pre_live",
                                               "skipped"};

/// Fields that tell of a part how it is, not what it holds: below `token_service` they are read like anywhere else.
bool describes(std::string_view name) {
  constexpr std::string_view names[] = {
      "status",       "overall_status", "state",        "health",       "verdict",     "readiness",   "posture",
      "name",         "service",        "component",    "kind",         "severity",    "detail",      "message",
      "reason",       "reason_code",    "error",        "description",  "summary",     "version",     "revision",
      "generated_at", "checked_at",     "last_checked", "evaluated_at", "observed_at", "captured_at", "as_of",
      "updated_at",   "last_updated",   "timestamp",    "time",         "expires_at",  "rotated_at"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_harmless(std::string_view value) {
  if (value.size() > 24) return false;
  std::string word = lower(value);
  std::replace(word.begin(), word.end(), '-', '_');
  return std::find(std::begin(harmless_words), std::end(harmless_words), word) != std::end(harmless_words) ||
         word.empty();
}

/// Long, mixed and without order: what a generator made. Digests and UUIDs are made too, and are no secrets.
bool looks_generated(std::string_view word) {
  if (word.starts_with("/")) {  // a path, which is judged by its longest name
    std::string_view longest;
    for (std::size_t from = 1, slash; from <= word.size(); from = slash + 1) {
      slash = std::min(word.find('/', from), word.size());
      if (slash - from > longest.size()) longest = word.substr(from, slash - from);
    }
    word = longest;
  }
  if (word.size() < 32) return false;
  std::array<int, 256> seen{};
  bool upper = false, small = false, digit = false, only_hex = true;
  for (unsigned char c : word) {
    ++seen[c];
    upper = upper || std::isupper(c);
    small = small || std::islower(c);
    digit = digit || std::isdigit(c);
    only_hex = only_hex && (std::isxdigit(c) || c == '-');
  }
  if (only_hex) return false;
  // Folders and files are words of moderate length with slashes between; base64 has a slash in 64 signs.
  std::size_t longest = 0, from = 0;
  for (std::size_t slash; (slash = word.find('/', from)) != word.npos; from = slash + 1)
    longest = std::max(longest, slash - from);
  if (std::max(longest, word.size() - from) < 20) return false;
  double bits = 0;
  for (int n : seen)
    if (n > 0) bits -= n * std::log2(static_cast<double>(n) / static_cast<double>(word.size()));
  return bits / static_cast<double>(word.size()) >= 3.8 && digit && (upper || small) &&
         (upper == small || bits / static_cast<double>(word.size()) >= 4.2);
}

constexpr std::string_view mark_begin = "<redacted:";

/// The length of the placeholder that begins here; 0 when none does. Only what we write ourselves counts: a platform
/// that wraps a secret in something alike hides nothing.
std::size_t placeholder_at(std::string_view text) {
  if (!text.starts_with(mark_begin)) return 0;
  std::size_t at = mark_begin.size();
  while (at < text.size() && std::islower(static_cast<unsigned char>(text[at]))) ++at;
  if (at == mark_begin.size() || at + 10 > text.size() || text[at] != ':' || text[at + 9] != '>') return 0;
  for (std::size_t i = at + 1; i < at + 9; ++i)
    if (!std::isxdigit(static_cast<unsigned char>(text[i]))) return 0;
  return at + 10;
}

/// Nothing is left in it but placeholders and what stands between them.
bool is_covered(std::string_view value) {
  bool any = false;
  while (!value.empty()) {
    if (const auto length = placeholder_at(value)) {
      any = true;
      value.remove_prefix(length);
    } else if (std::isalnum(static_cast<unsigned char>(value.front())) || (value.front() & 0x80)) {
      return false;
    } else {
      value.remove_prefix(1);
    }
  }
  return any;
}

/// Keys of all objects in a JSON text that is known to be valid. Its parsed value has fewer when a key comes twice in
/// one object, because only the last of the two is kept.
std::size_t keys_written(std::string_view text) {
  std::size_t keys = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':') ++keys;
    if (text[i] != '"') continue;
    for (i = text.find('"', i + 1); i < text.size(); i = text.find('"', i + 1)) {  // the end of this string
      std::size_t escapes = 0;
      while (text[i - 1 - escapes] == '\\') ++escapes;
      if (escapes % 2 == 0) break;
    }
    if (i >= text.size()) break;
  }
  return keys;
}

/// One pattern: its first group stays, its second is the secret, a third stays again.
struct Rule {
  std::string name;
  std::unique_ptr<RE2> pattern;
  bool judged = false;  ///< only what looks generated
};

Rule rule(std::string name, const std::string& pattern, bool judged = false) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(RE2::Options::EncodingLatin1);  // bodies are bytes
  options.set_max_mem(8 << 20);
  return {std::move(name), std::make_unique<RE2>(pattern, options), judged};
}

constexpr const char* secret_key =
    R"re([A-Za-z0-9_.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|routing[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|client[_-]?key|account[_-]?key|shared[_-]?key|master[_-]?key|ssh[_-]?key|credentials?|signature|session[_-]?id|dsn|connection[_-]?string|pwd)[A-Za-z0-9_.-]*)re";

std::vector<Rule> built_in_rules() {
  std::vector<Rule> all;
  const std::string key = secret_key;
  all.push_back(rule("pem", R"re((?s)()(-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z))())re"));
  all.push_back(rule("jwt", R"re(()(eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3})())re"));
  all.push_back(rule("cookie", R"re((?i)((?:set-)?cookie["']?\s*[:=]\s*["']?)([^\r\n"']+)())re"));
  all.push_back(rule("authorization", R"re((?i)(authorization["']?\s*[:=]\s*["']?)([^\r\n"']+)())re"));
  all.push_back(rule("bearer", R"re((?i)(\b(?:bearer|basic)\s+)([A-Za-z0-9._~+/=:-]{6,})())re"));
  all.push_back(rule(
      "token",
      R"re(()(whsec_[A-Za-z0-9+/=]{8,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{12,}|xox[abprs]-[A-Za-z0-9-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{32,}|hvs\.[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|glsa_[A-Za-z0-9_]{16,}|pypi-[A-Za-z0-9_-]{16,}|xapp-[A-Za-z0-9-]{8,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}|hooks\.slack\.com/services/[A-Za-z0-9/]+|discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_-]+|outlook\.office\.com/webhook/[A-Za-z0-9/@-]+)())re"));
  all.push_back(rule("userinfo", R"re(([A-Za-z][A-Za-z0-9+.-]*://)([^\s/"'<>@]*:[^\s/"'<>]*|[^\s/"'<>@]+)(@))re"));
  all.push_back(rule("query", R"re((https?://[^\s"'<>?]*\?)((?:[^\s"'<>]|<redacted:[a-z]+:[0-9a-f]{8}>)+)())re"));
  all.push_back(rule(
      "query", R"re(((?:^|[\s"'(=])/[^\s"'<>?]*\?)([^\s"'<>=]+=(?:[^\s"'<>]|<redacted:[a-z]+:[0-9a-f]{8}>)*)())re"));
  all.push_back(rule("userinfo", R"re(((?:^|\s)(?:-u|--user|--proxy-user)[ =]["']?[^\s:"']+:)([^\s"']+)())re"));
  all.push_back(rule("netrc", R"re((?i)(\blogin\s+\S+\s+password\s+)(\S+)())re"));
  all.push_back(rule("argument", R"re((\bsshpass\s+-p\s*["']?)([^\s"']+)())re"));
  all.push_back(rule("key", R"re((?i)(\bauth\s*=\s*[\[(]\s*[bu]?["'][^"']*["']\s*,\s*[bu]?["'])([^"']+)())re"));
  all.push_back(rule("key", "(?i)(<(?:[a-z0-9_.-]+:)?" + key + "(?:\\s[^<>]*)?>)([^<]+)()"));
  all.push_back(
      rule("argument",
           R"re((?i)(--?[a-z0-9-]*(?:password|passwd|token|secret|api-?key)[a-z0-9-]*(?:\s+|=)["']?)([^\s"']+)())re"));
  all.push_back(rule("key", "(?i)([\"']?" + key + "[\"']?\\s*(?::|=>|=)\\s*[bu]?\")((?:[^\"\\\\]|\\\\.)*)(\")"));
  all.push_back(rule("key", "(?i)([\"']?" + key + "[\"']?\\s*(?::|=>|=)\\s*[bu]?')((?:[^'\\\\]|\\\\.)*)(')"));
  all.push_back(rule("key", "(?i)(\\\\\"" + key + "\\\\\"\\s*:\\s*\\\\\")([^\"\\\\]*)(\\\\\")"));
  all.push_back(rule("key", "(?i)([\"']?" + key + "[\"']?\\s*(?::|=>|=)\\s*)([^\\s\"',;&}\\])<]+)()"));
  all.push_back(rule("email", R"re(()([A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,})())re"));
  all.push_back(rule("generated", R"re(()([A-Za-z0-9+/_=-]{32,})())re", true));
  return all;
}

/// Answers and their keys repeat from sweep to sweep: what was found clean need not be looked at again. Holds no
/// secret.
class KnownClean {
 public:
  bool has(const std::string& text) const { return texts_.contains(text); }
  void add(const std::string& text) {
    if (text.size() > longest) return;
    if (texts_.size() >= most) texts_.clear();
    texts_.insert(text);
  }

 private:
  static constexpr std::size_t most = 4096, longest = 256;
  std::unordered_set<std::string> texts_;
};

}  // namespace

struct Redactor::Parts {
  KnownClean clean;
  std::unordered_map<std::string, bool> keys_judged;
  std::string key;
  std::vector<std::string> known, extra_parts;
  std::vector<Rule> rules;
  std::map<std::string, std::uint64_t> removed;
  bool changed = false;
  std::size_t members = 0;  ///< of all objects that were walked through

  std::string placeholder(const std::string& rule_name, std::string_view value) {
    ++removed[rule_name];
    changed = true;
    return "<redacted:" + rule_name + ":" + sha256_hex(key + "\n" + std::string(value)).substr(0, 8) + ">";
  }

  std::string apply(const Rule& r, const std::string& text) {
    std::string out;
    re2::StringPiece rest(text), before, secret, after;
    const char* copied = text.data();
    bool any = false;
    while (RE2::FindAndConsume(&rest, *r.pattern, &before, &secret, &after)) {
      const std::string_view value(secret.data(), secret.size());
      const bool keep = value.empty() || is_covered(value) ||
                        (r.judged ? !looks_generated(value) : r.name != "email" && is_harmless(value));
      if (!keep) {
        out.append(copied, static_cast<std::size_t>(secret.data() - copied));
        out += placeholder(r.name, value);
        copied = secret.data() + secret.size();
        any = true;
      }
      if (rest.empty()) break;
    }
    if (!any) return text;
    return out.append(copied, static_cast<std::size_t>(text.data() + text.size() - copied));
  }

  std::string text(std::string_view from) {
    std::string out(from);
    if (clean.has(out)) return out;
    for (const auto& value : known)
      for (auto at = out.find(value); at != out.npos; at = out.find(value, at)) {
        const auto mark = placeholder("known", value);
        out.replace(at, value.size(), mark);
        at += mark.size();
      }
    for (const auto& r : rules) out = apply(r, out);
    if (out == from) clean.add(out);
    return out;
  }

  bool is_secret_key(std::string_view name) {
    std::string key_name = lower(name);
    if (const auto found = keys_judged.find(key_name); found != keys_judged.end()) return found->second;
    const auto holds = [&](std::string_view part) { return key_name.find(part) != key_name.npos; };
    // Short names that are a part of too many others: only as a whole.
    constexpr std::string_view whole[] = {"pass", "pw", "passwort", "sid", "jwt", "session", "private"};
    const bool secret = std::any_of(std::begin(secret_parts), std::end(secret_parts), holds) ||
                        std::find(std::begin(whole), std::end(whole), key_name) != std::end(whole) ||
                        std::any_of(extra_parts.begin(), extra_parts.end(), holds);
    if (keys_judged.size() >= 4096) keys_judged.clear();
    if (key_name.size() <= 256) keys_judged.emplace(std::move(key_name), secret);
    return secret;
  }

  /// A key of a few plain letters is looked at no further, unless it is a secret that we know.
  bool may_be_secret(std::string_view name) const {
    constexpr std::size_t short_name = 16;
    const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
    return name.size() >= short_name || !std::all_of(name.begin(), name.end(), plain) ||
           std::any_of(known.begin(), known.end(), [&](const auto& k) { return name.find(k) != name.npos; });
  }

  /// `below_secret`: some key above says that what stands here is one.
  void walk(json::value& v, bool below_secret) {
    if (auto* o = v.if_object()) {
      // {"name": "DB_PASSWORD", "value": "…"}: the key stands beside the value.
      bool beside = false;
      for (const char* says : {"name", "key", "variable"})
        if (const auto* label = o->if_contains(says); label && label->is_string())
          beside = beside || is_secret_key(label->get_string());
      members += o->size();
      bool renamed = false;
      for (auto& [name, value] : *o) {
        walk(value, (below_secret && !(value.is_string() && describes(name))) || is_secret_key(name) ||
                        (beside && (name == "value" || name == "content")));
        const std::string_view named(name);
        renamed = renamed || (may_be_secret(named) && text(named) != named);
      }
      if (renamed) {  // a map from addresses or tokens to what is known of them
        json::object anew(o->storage());
        for (auto& [name, value] : *o) anew[text(std::string_view(name))] = std::move(value);
        *o = std::move(anew);
        changed = true;
      }
    } else if (auto* a = v.if_array()) {
      for (auto& each : *a) walk(each, below_secret);
    } else if (auto* s = v.if_string()) {
      const std::string_view value(s->data(), s->size());
      if (below_secret && !is_harmless(value) && !is_covered(value)) {
        v = placeholder("key", value);
      } else {
        const bool before = std::exchange(changed, false);
        const auto kept = text(value);
        if (changed) v = kept;
        changed = changed || before;
      }
    } else if (below_secret && v.is_number()) {
      json::error_code ec;
      const double n = v.to_number<double>(ec);
      if (n > 9999 || n < -9999) v = placeholder("key", json::serialize(v));  // a count or an age is none
    }
  }
};

Redactor::Redactor(const RedactConfig& config, std::string key, std::vector<std::string> known)
    : parts_(std::make_unique<Parts>()) {
  parts_->key = std::move(key);
  for (auto& value : known)
    if (value.size() >= 6) parts_->known.push_back(std::move(value));
  std::sort(parts_->known.begin(), parts_->known.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const auto& part : config.keys) parts_->extra_parts.push_back(lower(part));
  for (const auto& pattern : config.patterns) {
    auto own = rule("configured", "()(" + pattern + ")()");
    if (own.pattern->ok()) parts_->rules.push_back(std::move(own));
  }
  for (auto& r : built_in_rules()) parts_->rules.push_back(std::move(r));
  for (const auto& part : config.keys)
    parts_->rules.push_back(rule("key", "(?i)([\"']?[A-Za-z0-9_.-]*" + RE2::QuoteMeta(part) +
                                            "[A-Za-z0-9_.-]*[\"']?\\s*[:=]\\s*[\"']?)([^\\s\"',;&}\\]]+)()"));
}
Redactor::~Redactor() = default;
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;

std::string Redactor::text(std::string_view text) { return parts_->text(text); }

std::string Redactor::body(std::string_view body) {
  const auto first = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first != body.npos && (body[first] == '{' || body[first] == '[')) {
    json::error_code ec;
    json::parse_options options;
    options.max_depth = 32;
    auto value = json::parse(body.substr(first), ec, {}, options);
    if (!ec) {
      parts_->changed = false;
      parts_->members = 0;
      parts_->walk(value, false);
      const bool whole = !parts_->changed && keys_written(body.substr(first)) == parts_->members;
      return whole ? std::string(body) : json::serialize(value);
    }
  }
  return parts_->text(body);
}

void Redactor::headers(Headers& headers) {
  for (auto& h : headers) {
    const bool secret = parts_->is_secret_key(h.name) || is_secret_header(h.name);
    h.value = secret && !is_harmless(h.value) ? parts_->placeholder("header", h.value) : parts_->text(h.value);
  }
}

void Redactor::read(RawRead& raw) {
  if (auto* a = std::get_if<HttpAnswer>(&raw.answer)) {
    headers(a->headers);
    const auto* coding = find_header(a->headers, "Content-Encoding");
    const bool binary = std::any_of(a->body.begin(), a->body.end(), [](unsigned char c) { return c < 0x09; });
    if (coding && binary)  // nobody asked for it, and what is packed cannot be looked through
      a->body = "(" + std::to_string(a->body.size()) + " bytes in the coding " + *coding + " are not kept)";
    else
      a->body = body(a->body);
  } else if (auto* e = std::get_if<TransportError>(&raw.answer)) {
    e->detail = parts_->text(e->detail);
  } else if (auto* run = std::get_if<CheckRun>(&raw.answer)) {
    run->out = body(run->out);
    run->err = parts_->text(run->err);
    run->detail = parts_->text(run->detail);
    for (auto& denial : run->denials) denial = parts_->text(denial);
  }
}

const std::map<std::string, std::uint64_t>& Redactor::removed() const { return parts_->removed; }
void Redactor::reset_counts() { parts_->removed.clear(); }

bool is_secret_header(std::string_view name) {
  const std::string word = lower(name);
  return word.ends_with("-key") || word == "x-signature" ||
         std::any_of(std::begin(secret_parts), std::end(secret_parts),
                     [&](std::string_view part) { return word.find(part) != word.npos; });
}

std::vector<std::string> secrets_in(std::string_view value) {
  std::vector<std::string> found{std::string(value)};
  if (const auto blank = value.find(' '); blank != value.npos && value.find(' ', blank + 1) == value.npos)
    found.emplace_back(value.substr(blank + 1));
  return found;
}

Result<void> check_pattern(const std::string& pattern) {
  // As it is written first, so that nothing of our own stands in the error, and so that `a)(b` is none.
  for (const auto& tried : {pattern, "()(" + pattern + ")()"})
    if (const auto made = rule("configured", tried); !made.pattern->ok()) return Failure{made.pattern->error()};
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
