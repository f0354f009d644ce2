// The shapes are judged by counting kinds of characters. Where it is not clear, a value below a telling name is taken
// for a secret, and a value that stands alone is not.
#include "core/redaction/values.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string>
#include <unordered_set>

#include "core/redaction/letters.hpp"
#include "core/redaction/names.hpp"

namespace readback {
namespace {

using Words = std::unordered_set<std::string_view>;

constexpr std::string_view mark_begin = "<redacted:";

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80); }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)); }

template <class Predicate>
bool all(std::string_view text, Predicate fits) {
  return std::all_of(text.begin(), text.end(), fits);
}
template <class Predicate>
bool any(std::string_view text, Predicate fits) {
  return std::any_of(text.begin(), text.end(), fits);
}

/// A health answer may well call its token "valid", and every word that a surface is judged by must come through.
const Words& harmless_words() {
  // clang-format off
  static const Words words{
      "ok", "okay", "pass", "passed", "passing", "up", "down", "healthy", "unhealthy", "ready", "not_ready", "green",
      "red", "yellow", "degraded", "warn", "warning", "fail", "failed", "failing", "error", "valid", "invalid",
      "expired", "missing", "present", "absent", "set", "unset", "none", "null", "nil", "true", "false", "unknown",
      "disabled", "enabled", "configured", "not_configured", "rotated", "current", "required", "optional", "active",
      "inactive", "available", "unavailable", "verified", "blocked", "stale", "connected", "refreshing", "aligned",
      "alive", "good", "in_sync", "live", "normal", "operational", "running", "succeeded", "success", "amber",
      "concerning", "contradictory", "drift", "drifted", "followthrough_required", "inconsistent", "initializing",
      "intermittent", "maintenance", "partial", "partially_ready", "recovering", "retrying", "review_required",
      "starting", "throttled", "tolerating", "warmup", "warming_up", "bad", "critical", "denied", "fault", "notready",
      "offline", "out_of_service", "sealed", "unreachable", "unready", "na", "not_applicable", "not_available",
      "pending", "ready_pre_live", "skipped", "yes", "no", "on", "off", "empty", "hidden", "masked", "redacted",
      "undefined", "default", "revoked", "expiring", "rotating", "loaded", "not_loaded", "not_set", "unchanged",
      "changed", "oidc", "saml", "ldap", "oauth", "oauth2", "basic", "bearer", "malformed", "corrupt", "corrupted",
      "suspended", "unverified", "orphaned", "compliant", "unauthorized", "forbidden", "rate_limited", "in_use", "plaintext", "jwt", "mtls", "token", "password",
      "kubernetes", "vault", "env", "file", "fresh", "ok_to_rotate", "n_a", "string", "number", "object", "boolean",
      "bool", "int", "integer", "str", "array", "nonetype", "secretref", "opaque", "redis", "database", "cookie",
      "approle", "userpass", "rejected", "accepted", "mismatch", "matched", "match", "locked", "unlocked", "unsealed",
      "not_found", "found", "ignored", "supported", "unsupported", "shared", "service", "user", "session", "stored",
      "secured", "protected", "encrypted", "rsa", "hs256", "rs256", "es256", "sha256", "ed25519", "private", "public",
      "strict", "lax", "deprecated", "outdated", "synced", "syncing", "ro", "rw", "read", "write", "removed", "new",
      "deleted", "created", "updated", "exceeded", "exhausted", "refreshed", "issued", "done", "complete", "wrong",
      "incorrect", "weak", "strong", "necessary", "mandatory", "provided", "not_provided", "omitted", "compromised",
      "leaked", "rotate", "renewed", "renewing", "refused", "abgelaufen", "ungültig", "falsch", "fehlt", "leer", "gesetzt",
      "geändert", "erforderlich", "gültig", "expiré", "expirée", "invalide", "incorrecta", "incorrecto", "caducada",
      "requis", "requise", "vide", "vacía", "always", "never", "via", "plain", "expire", "reset", "change", "login", "cram_md5", "negotiate"};
  // clang-format on
  return words;
}

/// A text that says one of these tells how something is.
const Words& telling_verbs() {
  // clang-format off
  static const Words words{
      "expired", "expires", "expire", "missing", "invalid", "found", "failed", "fails", "failure", "required", "unknown", "must", "cannot",
      "rotated", "overdue", "loaded", "refused", "rejected", "accepted", "verified", "valid", "revoked", "denied",
      "unavailable", "configured", "unreachable", "exceeded", "exhausted", "mismatch", "incorrect", "wrong", "should",
      "minimum", "least", "allowed", "blank", "malformed", "forbidden", "unauthorized", "unsupported", "disabled", "enabled", "ago", "remaining",
      "characters", "error", "errors", "check", "checks", "policy", "provided", "empty", "stale", "due", "loading", "reading",
      "refreshed", "renewed", "rotation", "deprecated", "because", "ready", "healthy", "timeout", "timed", "returned",
      "available", "authentication", "supplied", "given", "matched", "matches", "abgelaufen", "ungültig", "falsch", "fehlt"};
  // clang-format on
  return words;
}

/// A text of at least two plain words, one of which tells how something is.
bool tells(std::string_view text, std::size_t words_wanted) {
  constexpr std::size_t longest = 256;
  if (text.size() > longest) return false;
  std::size_t words = 0;
  bool told = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" ,;:.()\t\"'", at), text.size());
    const auto word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    ++words;
    if (looks_secret(word)) return false;
    if (words > 12) return told;
    told = told || telling_verbs().contains(fold_case(word));
  }
  return words >= words_wanted && told;
}

/// "ok (2 of 3)", "ok, 3 days left", "age 93d"
bool begins_well(std::string_view value) {
  constexpr std::string_view well[] = {"ok", "okay", "valid", "healthy", "active", "age"};
  const auto word = value.substr(0, value.find_first_of(" ,;("));
  if (word.size() == value.size() || value.size() > 48) return false;
  if (std::find(std::begin(well), std::end(well), fold_case(word)) == std::end(well)) return false;
  for (std::size_t at = word.size(); at < value.size();) {
    const std::size_t end = std::min(value.find_first_of(" ,;:()", at), value.size());
    const auto each = value.substr(at, end - at);
    if (looks_secret(each)) return false;
    at = end + 1;
  }
  return any(value, is_digit);
}

/// `[REDACTED]`, `DATA+OMITTED`, `VALUE_SPECIFIED_IN_NO_LOG_PARAMETER`: these words and no others.
bool says_hidden(std::string_view value) {
  constexpr std::size_t longest = 48;
  if (value.size() > longest) return false;
  static const Words hidden{"redacted", "omitted", "masked", "hidden", "filtered", "suppressed"};
  static const Words beside{"data",  "value",  "by",     "for",       "security", "sensitive", "no",
                            "log",   "not",    "shown",  "specified", "in",       "parameter", "password",
                            "token", "secret", "policy", "reasons",   "content"};
  bool said = false;
  const std::string low = fold_case(value);
  for (std::size_t at = 0; at < low.size();) {
    std::size_t end = at;
    while (end < low.size() && std::isalpha(static_cast<unsigned char>(low[end]))) ++end;
    const auto word = std::string_view(low).substr(at, end - at);
    if (!word.empty() && !hidden.contains(word) && !beside.contains(word)) return false;
    said = said || hidden.contains(word) || word == "log";
    if (end < low.size() && std::string_view("+_-[](){}<>* .:").find(low[end]) == std::string_view::npos) return false;
    at = end + 1;
  }
  return said;
}

bool is_mask(std::string_view value) {
  if (value == "~" || value == "\xe2\x80\xa6") return true;
  if (all(value,
          [](char c) { return c == '*' || c == 'x' || c == 'X' || c == '.' || c == '#' || c == '-' || c == '?'; }))
    return true;
  if (value.size() >= 3 && all(value, [](char c) { return (c & 0x80) != 0; }) && value.starts_with("\xe2\x80\xa2"))
    return true;  // dots
  if (says_hidden(value)) return true;
  const char first = value.front(), last = value.back();
  if (first == '<' && last == '>' && value.size() <= 24 && !any(value, is_digit)) return true;  // </s>, <pad>
  const bool framed = (first == '<' && last == '>') || (first == '[' && last == ']') || (first == '(' && last == ')') ||
                      (first == '{' && last == '}');
  if (!framed || value.size() > 48) return false;
  const auto inner = fold_case(value.substr(1, value.size() - 2));
  if (inner.empty() || all(inner, [](char c) { return c == '*' || c == ' '; })) return true;
  constexpr std::string_view said[] = {
      "redacted",  "hidden",    "masked",   "filtered",    "secret", "omitted", "removed",  "set",   "unset",
      "sensitive", "protected", "scrubbed", "none",        "nil",    "null",    "password", "token", "empty",
      "encrypted", "your",      "from",     "known after", "value",  "invalid", "not set",  "api"};
  return all(inner, [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == ' ' || c == '*'; }) &&
         !any(inner, is_digit) &&
         std::any_of(std::begin(said), std::end(said), [&](auto word) { return inner.find(word) != inner.npos; });
}

/// `${DB_PASS}`, `$DB_PASS`, `{{ .Values.password }}`, `%(password)s`, `vault:secret/data/x#y`, `arn:aws:…`, `!Ref x`.
bool is_reference(std::string_view value) {
  const auto plain = [](char c) {
    return is_alnum(c) || c == '_' || c == '.' || c == '-' || c == ' ' || c == ':' || c == '/' || c == '#';
  };
  const auto framed = [&](std::string_view begin, std::string_view end) {
    if (!value.starts_with(begin) || !value.ends_with(end) || value.size() <= begin.size() + end.size()) return false;
    const auto inner = value.substr(begin.size(), value.size() - begin.size() - end.size());
    // `${DB_PASS:-hunter2}` holds a secret after all.
    return inner.find(":-") == inner.npos && all(inner, [&](char c) {
             return plain(c) || c == '$' || c == '|' || c == '(' || c == ')' || c == '"' || c == '{' || c == '}' ||
                    c == '?' || c == ',' || c == '\'';
           });
  };
  if (framed("${", "}") || framed("%{", "}") || framed("{{", "}}") || framed("$(", ")") || framed("%(", ")s") ||
      framed("<%", "%>") || framed("#{", "}") || framed("%", "%"))
    return true;
  if (value.size() > 3 && value.front() == '$' && all(value.substr(1), [](char c) {
        return std::isupper(static_cast<unsigned char>(c)) || is_digit(c) || c == '_';
      }))
    return true;
  for (std::string_view begin : {"vault:",
                                 "arn:aws:secretsmanager:",
                                 "arn:aws:ssm:",
                                 "arn:aws:kms:",
                                 "secretsmanager:",
                                 "ssm:",
                                 "op://",
                                 "env:",
                                 "file:",
                                 "secretKeyRef",
                                 "process.env.",
                                 "os.environ",
                                 "ENV[",
                                 "var.",
                                 "valueFrom",
                                 "#/",
                                 "secrets.",
                                 "@Microsoft.KeyVault(",
                                 "settings.",
                                 "config.",
                                 "self.",
                                 "os.Getenv",
                                 "getenv"})
    if (value.starts_with(begin)) return true;
  const auto colon = value.find(":/");  // `LoadCredential=db:/etc/credstore/db`
  return colon != value.npos && value.find("://") == value.npos && is_path(value.substr(colon + 1)) &&
         all(value.substr(0, colon), [](char c) { return is_alnum(c) || c == '_' || c == '-'; });
}

bool is_stamp(std::string_view value) {
  const auto digits = [&](std::size_t at, std::size_t n) {
    return at + n <= value.size() && all(value.substr(at, n), is_digit);
  };
  if (value.size() >= 10 && value.size() <= 40 && digits(0, 4) && value[4] == '-' && digits(5, 2) && value[7] == '-' &&
      digits(8, 2))
    return all(value,
               [](char c) { return is_digit(c) || std::string_view("-:.TZ+ tz").find(c) != std::string_view::npos; });
  if (value.size() <= 16 && value.ends_with(" bytes") && is_digit(value.front())) return true;  // kubectl describe
  // A duration: 30d, 720h0m0s, 15 min, P30D.
  const auto is_unit = [](char c) { return std::string_view("dhmsw").find(c) != std::string_view::npos; };
  for (std::size_t i = 1; i < value.size(); ++i)
    if (is_unit(value[i - 1]) && is_unit(value[i]) && value.substr(i - 1, 2) != "ms") return false;
  return value.size() <= 12 && is_digit(value.front()) && !is_digit(value.back()) &&
         all(value, [&](char c) { return is_digit(c) || is_unit(c) || c == '.' || c == ' '; });
}

/// How the mix of characters is, counted once.
struct Mix {
  std::size_t upper = 0, small = 0, digits = 0, signs = 0, others = 0, turns = 0;
  bool only_hex = true;
  explicit Mix(std::string_view text) {
    int last = -1;
    for (const char c : text) {
      const auto u = static_cast<unsigned char>(c);
      int kind = 4;
      if (std::isupper(u))
        ++upper, kind = 0;
      else if (std::islower(u))
        ++small, kind = 1;
      else if (is_digit(c))
        ++digits, kind = 2;
      else if (u >= 0x80)
        ++others, kind = 1;
      else
        ++signs, kind = 3;
      // From a small letter to a digit is a turn; a capital that begins a word is none.
      if (last >= 0 && kind != last && !(last == 0 && kind == 1)) ++turns;
      last = kind;
      only_hex = only_hex && (is_hex(c) || c == '-' || c == ':');
    }
  }
};

/// Words, each of letters and then at most a few digits, with `-_./` between: names of files, classes, units, runs.
bool is_wordy(std::string_view text) {
  std::size_t parts = 0, odd = 0, letters = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find_first_of("-_./+=:@", at), text.size());
    const auto part = text.substr(at, end - at);
    at = end + 1;
    if (part.empty()) continue;
    ++parts;
    const Mix mix(part);
    letters += mix.upper + mix.small + mix.others;
    const bool number = mix.digits == part.size() && part.size() <= 14;
    const std::size_t tail = part.size() - std::min(part.size(), part.find_last_not_of("0123456789") + 1);
    const bool word = mix.signs == 0 && (mix.digits == 0 || mix.digits == tail) && mix.digits <= 4;
    const bool hex = mix.only_hex && (part.size() <= 12 || part.size() == 40 || part.size() == 64 || part.size() == 32);
    if (!number && !word && !hex) ++odd;
  }
  return parts > 0 && odd == 0 && letters > 0;
}

/// A word of several in one: `TransactionInterceptorFactoryBean`: after each capital comes a small letter, mostly.
bool is_camel_case(std::string_view part) {
  const Mix mix(part);
  if (mix.signs > 0 || mix.digits > 2) return mix.signs == 0 && mix.digits <= 2;
  std::size_t lonely = 0, humps = 0;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!std::isupper(static_cast<unsigned char>(part[i]))) continue;
    ++humps;
    if (i + 1 < part.size() && !std::islower(static_cast<unsigned char>(part[i + 1]))) ++lonely;
  }
  return humps == 0 || (lonely * 3 <= humps && mix.small >= humps * 2);
}

bool is_camel_words(std::string_view text) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find_first_of("-_./$:", at), text.size());
    if (!is_camel_case(text.substr(at, end - at))) return false;
    at = end + 1;
  }
  return true;
}

double bits_per_character(std::string_view text) {
  std::array<int, 256> seen{};
  for (unsigned char c : text) ++seen[c];
  double bits = 0;
  const double size = static_cast<double>(text.size());
  for (int n : seen)
    if (n > 0) bits -= n * std::log2(n / size);
  return bits / size;
}

bool is_uuid(std::string_view v) {
  return v.size() == 36 && v[8] == '-' && v[13] == '-' && v[18] == '-' && v[23] == '-' &&
         all(v, [](char c) { return is_hex(c) || c == '-'; });
}

}  // namespace

bool is_path(std::string_view value) {
  if (value.size() > 2 && value[1] == ':' && (value[2] == '\\' || value[2] == '/'))
    return std::isalpha(static_cast<unsigned char>(value[0]));
  if (value.starts_with("~/") || value.starts_with("./") || value.starts_with("../")) return true;
  for (std::string_view root :
       {"/run/", "/etc/", "/var/", "/srv/", "/opt/", "/home/", "/usr/", "/mnt/", "/vault/", "/secrets/", "/root/",
        "/tmp/", "/data/", "/app/", "/proc/", "/dev/", "/config/", "/certs/"})
    if (value.starts_with(root)) return true;
  return false;
}

bool is_sentence(std::string_view text) { return tells(text, 2); }

bool tells_of_secret(std::string_view value) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && std::string_view(" \t\r\n.,;!").find(value.back()) != std::string_view::npos)
    value.remove_suffix(1);
  if (value.empty()) return true;
  if (value.size() <= 24) {
    std::string word = fold_case(value);
    std::replace_if(
        word.begin(), word.end(), [](char c) { return c == '-' || c == ' ' || c == '/'; }, '_');
    if (harmless_words().contains(word)) return true;
  }
  return is_mask(value) || is_reference(value) || is_stamp(value) ||
         (is_path(value) && value.find(' ') == value.npos) || tells(value, 2) || begins_well(value);
}

bool looks_secret(std::string_view value) {
  if (value.size() < 6 || value.find(' ') != value.npos) return false;
  if (is_uuid(value) || is_stamp(value) || is_path(value) || is_reference(value) || is_covered(value)) return false;
  if (value.find("://") != value.npos) return false;
  const Mix mix(value);
  if (mix.upper + mix.small + mix.others == 0) return false;  // numbers, dates, addresses
  if (mix.only_hex)
    return value.size() >= 20 && mix.digits > 0 && value.find(':') == value.npos && value.size() != 40 &&
           value.size() != 64;
  if (is_wordy(value) && mix.digits <= 4 && (mix.upper == 0 || mix.small == 0 || is_camel_words(value))) {
    // `hunter2` and `postgres15`: short words with a number are both; only long ones are names for certain.
    return false;
  }
  if (mix.digits > 0) return mix.turns >= 2 || value.size() >= 16;
  if (mix.signs > 0) {
    const bool odd =
        any(value, [](char c) { return std::string_view("!@#$%^&*?~|").find(c) != std::string_view::npos; });
    return odd && mix.turns >= 2;
  }
  return value.size() >= 16 && !is_camel_words(value) && bits_per_character(value) > 3.3;
}

bool looks_generated(std::string_view word) {
  if (word.size() < 32) return false;
  // Names of mangled functions, of public keys and of what is addressed by its content.
  for (std::string_view begin : {"_Z", "sha256-", "sha384-", "sha512-", "12D3KooW", "Qm", "bafy", "16Uiu2HA",
                                 "AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh", "AAAAGnNr", "age1"})
    if (word.starts_with(begin)) return false;
  if (word.size() == 56 && word.front() != 'S' &&
      all(word, [](char c) { return std::isupper(static_cast<unsigned char>(c)) || is_digit(c); }))
    return false;  // NATS
  const Mix mix(word);
  if (mix.only_hex || mix.digits == 0 || mix.upper + mix.small == 0) return false;
  if (is_wordy(word) || is_camel_words(word)) return false;
  if (word.size() == 40 && mix.upper >= 4 && mix.small >= 4 && mix.digits >= 2 && mix.signs <= 6 && mix.turns >= 12)
    return true;  // AWS
  // Folders and files are words of moderate length with slashes between; base64 has a slash in 64 signs.
  std::size_t longest = 0, from = 0;
  for (std::size_t slash; (slash = word.find_first_of("/-_=", from)) != word.npos; from = slash + 1)
    longest = std::max(longest, slash - from);
  longest = std::max(longest, word.size() - from);
  if (longest < 20) return false;
  const double bits = bits_per_character(word);
  const bool mixed = mix.upper > 0 && mix.small > 0;
  return mixed ? bits >= 3.8 && mix.turns >= 6 : bits >= 4.2 && mix.turns >= 6;
}

std::size_t placeholder_at(std::string_view text) {
  if (!text.starts_with(mark_begin)) return 0;
  std::size_t at = mark_begin.size();
  while (at < text.size() && std::islower(static_cast<unsigned char>(text[at]))) ++at;
  if (at == mark_begin.size() || at + 10 > text.size() || text[at] != ':' || text[at + 9] != '>') return 0;
  for (std::size_t i = at + 1; i < at + 9; ++i)
    if (!is_hex(text[i])) return 0;
  return at + 10;
}

bool is_covered(std::string_view value) {
  bool found = false;
  const auto mark = value.find(mark_begin);  // `-p<…>` and `user:<…>` were left by us
  if (mark != value.npos && mark > 0 && mark <= 32 &&
      ((mark == 2 && value.front() == '-') ||
       (value[mark - 1] == ':' && value.substr(0, mark - 1).find(':') == value.npos &&
        value.substr(0, mark).find(' ') == value.npos)))
    value.remove_prefix(mark);
  while (!value.empty()) {
    if (const auto length = placeholder_at(value)) {
      found = true;
      value.remove_prefix(length);
    } else if (is_alnum(value.front())) {
      return false;
    } else {
      value.remove_prefix(1);
    }
  }
  return found;
}

}  // namespace readback
