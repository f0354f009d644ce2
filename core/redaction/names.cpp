// A name is cut into words at `_ - . / :`, at blanks and where the case changes; words that are written together
// (`clientsecret`, `bindpw`) are recognised by how they end. Then the last word that means something decides.
#include "core/redaction/names.hpp"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "core/redaction/letters.hpp"

namespace readback {
namespace {

using Words = std::unordered_set<std::string_view>;

constexpr std::size_t longest_judged_name = 128, most_judged = 4096;

/// Words for the thing itself. Other languages stand here as they are written in configurations and by people.
const Words& secret_words() {
  // A line for each language.
  // clang-format off
  static const Words words{
      "password", "passwd", "passphrase", "passcode", "passwrd", "pass", "pwd", "pw", "psw", "pswd", "psswd", "pword",
      "secret", "secrets", "token", "credential", "credentials", "cred", "creds", "cookie", "cookies", "authorization",
      "bearer", "jwt", "dsn", "otp", "totp", "pin", "psk", "mnemonic", "apikey", "passwords", "tokens", "csrf", "xsrf",
      "jwe",
      "passwort", "kennwort", "kennworte", "geheimnis", "losung", "zugangsdaten", "geheim", "passwörter",
      "motdepasse", "mdp", "contraseña", "contrasena", "contrasenya", "senha", "palavrapasse", "segredo",
      "wachtwoord", "hasło", "haslo", "heslo", "lösenord", "losenord", "adgangskode", "kodeord", "passord", "salasana",
      "jelszó", "jelszo", "şifre", "sifre", "parola", "parolă", "пароль", "пароля", "паролем", "парола", "секрет", "токен",
      "κωδικός", "κωδικος", "パスワード", "暗証番号", "密码", "密碼", "口令", "비밀번호", "암호", "סיסמה", "lozinka", "geslo", "parool",
      "slaptažodis", "parole", "sandi", "पासवर्ड", "รหัสผ่าน", "mậtkhẩu", "zaporka", "salasõna",
  };
  // clang-format on
  return words;
}

/// Words that a written-together name may end with, each with what stands before it and makes it another word.
struct Ending {
  std::string_view stem;
  std::vector<std::string_view> not_after;
};
const std::vector<Ending>& endings() {
  static const std::vector<Ending> all{
      {"password", {}},
      {"passwd", {}},
      {"passphrase", {}},
      {"secret", {}},
      {"token", {"be", "multi"}},
      {"credential", {}},
      {"credentials", {}},
      {"apikey", {}},
      {"passwort", {}},
      {"kennwort", {}},
      {"wachtwoord", {}},
      {"contrasena", {}},
      {"пароль", {}},
      {"cookie", {}},
      {"pass", {"by",   "com",   "sur",    "tres", "under",  "over", "encom", "multi", "all",   "high", "low",
                "band", "first", "second", "two",  "single", "one",  "fly",   "re",    "tests", "test", "checks"}},
      {"pwd", {"old"}},
      {"pw", {"s", "u"}},
      {"jwt", {}},
      {"psk", {}},
      {"authtok", {}},
  };
  return all;
}

/// What makes a `key` a secret one. A bare `key` is a part's name in many answers.
const Words& key_owners() {
  // clang-format off
  static const Words words{
      "api", "access", "private", "auth", "encryption", "signing", "client", "account", "shared", "master",
      "ssh", "secret", "app", "license", "licence", "integration", "subscription", "storage", "webhook", "preshared",
      "pre", "deploy", "hmac", "jwt", "function", "functions", "admin", "write", "ingest", "aes", "rsa", "sas", "cipher", "instrumentation", "application",
      "crypt", "decrypt", "decryption", "consumer", "security", "wg", "rails", "recovery", "unseal", "root", "stripe",
      "sendgrid", "twilio", "openai", "anthropic", "azure", "aws", "gcp", "google", "datadog", "dd", "newrelic",
      "pagerduty", "opsgenie", "mailgun", "algolia", "cohere", "groq", "mistral", "authkey", "fernet", "vapid"};
  // clang-format on
  return words;
}

/// A `key` behind these opens nothing.
const Words& plain_key_owners() {
  // clang-format off
  static const Words words{
      "public", "primary", "foreign", "cache", "partition", "sort", "surrogate", "idempotency", "dedup", "group", "row", "object",
      "hash", "registry", "message", "event", "lookup", "translation", "index", "unique", "shard", "record", "entity", "resource",
      "config", "map", "redis", "kv", "host", "known", "composite", "business", "natural", "i18n", "label", "metric", "tag", "sharding", "range",
      "routingkey", "binding", "document", "verification", "pub", "parent", "child", "item", "topic", "hot", "s3", "consul", "etcd", "setting"};
  // clang-format on
  return words;
}

/// Told about a secret: a name that ends so holds none.
const Words& telling_words() {
  // clang-format off
  static const Words words{
      "id", "ids", "type", "types", "name", "names", "count", "counts", "size", "sizes", "endpoint", "endpoints", "algorithm",
      "algorithms", "alg", "expires", "expiry", "expiration", "expire", "expired", "expiring", "age", "policy", "policies", "rotation", "rotations",
      "rotated", "rotate", "status", "state", "states", "ttl", "length", "len", "limit", "limits", "used", "usage", "version", "versions", "file",
      "files", "path", "paths", "dir", "directory", "location", "provider", "providers", "source", "scope", "scopes", "store", "stores",
      "backend", "backends", "service", "services", "manager", "mode", "format", "method", "methods", "required", "enabled", "disabled",
      "valid", "invalid", "present", "missing", "configured", "prefix", "suffix", "header", "headers", "field", "fields", "error", "errors", "failures", "failure", "failed",
      "reset", "resets", "request", "requests", "rate", "bucket", "buckets", "bytes", "exists", "hint", "hints", "issuer", "audience", "subject",
      "at", "on", "in", "by", "until", "since", "after", "before", "time", "timestamp", "date", "day", "days", "hours", "minutes", "seconds", "ms", "s",
      "total", "sum", "avg", "max", "min", "p50", "p95", "p99", "latency", "duration", "interval", "timeout", "retries", "attempts", "consent", "banner",
      "cache", "pool", "queue", "refresh", "renewal", "lifetime", "strength", "score", "complexity", "history", "check", "checks", "ok", "ready", "healthy", "health",
      "reachable", "available", "mount", "mounts", "class", "kind", "label", "labels", "ref", "refs", "reference", "keys", "url", "uri", "urls", "host", "port",
      "owner", "role", "roles", "user", "users", "username", "account", "accounts", "namespace", "region", "server", "client", "validator", "validation", "parser",
      "generator", "encoder", "handler", "controller", "filter", "interceptor", "factory", "config", "configuration", "settings", "option", "options", "description",
      "message", "reason", "detail", "details", "domain", "samesite", "secure", "httponly", "attribute", "attributes", "plugin", "module", "engine", "engines",
      "operator", "injector", "controllers", "sync", "synced", "lookup", "lookups", "review", "reviews", "exchange", "introspection", "revocation", "issued", "revoked", "verified", "changed",
      "updated", "created", "modified", "loaded", "set", "unset", "auth", "authentication", "grant", "flow", "credentials_enabled", "encryption", "protected", "protection",
      "plan", "tier", "metrics", "per", "budget", "quota", "remaining", "throughput", "speed", "throttle", "window", "step", "steps", "cost", "price",
      "test", "tests", "percent", "ratio", "listener", "driver", "support", "supported", "strategy", "index", "position", "offset", "fraction", "number", "num",
  };
  // clang-format on
  return words;
}

/// Where or which one, behind the word for the secret: it stays one. `PASSWORD_PROD`, `token_value`, `password2`.
const Words& which_words() {
  static const Words words{
      "prod",      "production", "staging",   "stage",  "dev",    "master",  "primary", "replica", "old",
      "new",       "previous",   "current",   "main",   "backup", "admin",   "app",     "db",      "value",
      "text",      "plain",      "plaintext", "base64", "b64",    "hash",    "hashed",  "encoded", "encrypted",
      "raw",       "string",     "default",   "a",      "b",      "c",       "x",       "v1",      "v2",
      "hex",       "code",       "env",       "root",   "write",  "confirm", "again",   "repeat",  "confirmation",
      "salt",      "digest",     "data",      "live",   "prd",    "key",     "val",     "clear",   "cleartext",
      "secondary", "base",       "verify",    "retype"};
  return words;
}

/// A number behind these is counted, not kept secret.
const Words& counting_words() {
  static const Words words{"max",   "min",       "total",      "num",     "n",      "count",  "used",      "remaining",
                           "avg",   "prompt",    "completion", "input",   "output", "cached", "reasoning", "context",
                           "usage", "generated", "per",        "active",  "open",   "issued", "limit",     "budget",
                           "quota", "consumed",  "available",  "expired", "revoked"};
  return words;
}

/// Names of very many things, some of them secret: only what looks like a secret is one here.
const Words& weak_words() {
  // clang-format off
  static const Words words{
      "key", "auth", "signature", "signatures", "sig", "session", "sid", "sessionid", "nonce", "salt", "seed",
      "sas", "mac", "license", "licence", "verifier", "assertion", "community", "authkey", "unlock", "hmac", "mfa", "cred", "pat",
      "clave", "chave", "klucz", "ключ", "schlüssel", "schluessel", "密钥", "秘钥", "鍵", "clé"};
  // clang-format on
  return words;
}

/// Of two words that are one thing only together.
bool pair_is_secret(std::string_view a, std::string_view b, std::string_view before) {
  if (b == "key" || b == "keys") return key_owners().contains(a);
  if ((a == "seed" || a == "recovery" || a == "mnemonic" || a == "backup") && (b == "phrase" || b == "words"))
    return true;
  if (a == "كلمة" && (b == "المرور" || b == "السر")) return true;
  if (a == "mật" && b == "khẩu") return true;
  if (a == "logged" && b == "in") return before == "wordpress";
  if (a == "connection" && (b == "string" || b == "str" || b == "strings")) return true;
  if (a == "session" && b == "id") return true;
  if (a == "secret" && (b == "id" || b == "access" || b == "base")) return true;
  if (a == "de" && (b == "passe" || b == "acceso")) return before == "mot" || b == "acceso";
  if (a == "palavra" && b == "passe") return true;
  if (a == "pass" && (b == "word" || b == "phrase" || b == "code")) return true;
  if (a == "x" && b == "auth") return true;
  if (a == "security" && (b == "code" || b == "answer")) return true;
  if ((a == "verification" || a == "recovery" || a == "backup" || a == "auth") && (b == "code" || b == "codes"))
    return true;
  if (a == "api" && b == "hash") return true;
  if (a == "remember" && b == "me") return true;
  if (a == "erlang" && b == "cookie") return true;
  return false;
}

bool ends_with_secret(std::string_view word) {
  for (const auto& each : endings()) {
    if (!word.ends_with(each.stem)) continue;
    const auto before = word.substr(0, word.size() - each.stem.size());
    if (before.empty() || std::find(each.not_after.begin(), each.not_after.end(), before) == each.not_after.end())
      return true;
  }
  if (word.ends_with("key") && key_owners().contains(word.substr(0, word.size() - 3))) return true;
  if (word.ends_with("auth") && (word == "masterauth" || word == "proxyauth" || word == "basicauth")) return true;
  return word == "connectionstring" || word == "sessid" || word.ends_with("sessid") || word.ends_with("sessionid");
}

/// `passwordhash`, `secretkey`: the word for the secret, with one behind it that changes nothing.
bool begins_with_secret(std::string_view word) {
  for (std::string_view stem : {"password", "passwd", "secret", "token", "passwort", "kennwort"})
    if (word.starts_with(stem) && word.size() > stem.size() && which_words().contains(word.substr(stem.size())))
      return true;
  return false;
}

std::size_t char_length(std::string_view text, std::size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  return std::min<std::size_t>(c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4, text.size() - at);
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// `dbPassword2`, `DB_PASSWORD_2`, `HTTPToken` -> {db, password}, {db, password}, {http, token}. Digits say which one,
/// and are left out, but for the likes of `base64`.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::size_t from = 0;
  const auto end_word = [&](std::size_t to) {
    std::string word = fold_case(name.substr(from, to - from));
    if (word != "base64" && word != "p50" && word != "p95" && word != "p99")
      while (!word.empty() && is_digit(word.back())) word.pop_back();
    while (!word.empty() && is_digit(word.front())) word.erase(0, 1);
    for (std::string_view verb : {"是", "为", "為", "は"})  // "the password is", in one word
      if (word.size() > verb.size() && word.ends_with(verb)) word.erase(word.size() - verb.size());
    if (!word.empty()) words.push_back(std::move(word));
  };
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80);
    if (!letter) {
      end_word(i);
      from = i + 1;
      continue;
    }
    if (i == from || !is_upper(c)) continue;
    const bool after_small =
        is_lower(name[i - 1]) || (is_digit(name[i - 1]) && i + 1 < name.size() && is_lower(name[i + 1]));
    const bool before_small = is_upper(name[i - 1]) && i + 1 < name.size() && is_lower(name[i + 1]) &&
                              !(i + 2 == name.size() && name[i + 1] == 's');  // `URLs`
    if (after_small || before_small) {
      end_word(i);
      from = i;
    }
  }
  end_word(name.size());
  return words;
}

bool names_secret(std::string_view word) {
  return secret_words().contains(word) || ends_with_secret(word) || begins_with_secret(word);
}

struct Found {
  Holds holds = Holds::nothing;
  std::size_t last = 0;  ///< of the words, the one behind that which was found
};

/// The last thing among the words that is, or may be, a secret.
Found find_secret(const std::vector<std::string>& words) {
  for (std::size_t i = words.size(); i-- > 0;) {
    if (i > 0 && pair_is_secret(words[i - 1], words[i], i > 1 ? std::string_view(words[i - 2]) : ""))
      return {Holds::secret, i + 1};
    if (names_secret(words[i])) return {Holds::secret, i + 1};
  }
  for (std::size_t i = words.size(); i-- > 0;) {
    const bool key_of_plain =
        i > 0 && (words[i] == "key" || words[i] == "keys") && plain_key_owners().contains(words[i - 1]);
    if (key_of_plain) return {};
    if (weak_words().contains(words[i]) || words[i].ends_with("schlüssel") || words[i].ends_with("schluessel") ||
        words[i].ends_with("sleutel"))
      return {Holds::maybe, i + 1};
  }
  return {};
}

bool describes(std::string_view low, const std::vector<std::string>& words) {
  static const Words names{
      "status",      "overall_status", "state",      "health",       "verdict",       "readiness",     "posture",
      "service",     "component",      "kind",       "type",         "severity",      "detail",        "message",
      "reason",      "reason_code",    "error",      "summary",      "version",       "description",   "revision",
      "name",        "generated_at",   "checked_at", "as_of",        "time",          "last_checked",  "evaluated_at",
      "observed_at", "captured_at",    "updated_at", "last_updated", "timestamp",     "expires_at",    "rotated_at",
      "created_at",  "duration",       "interval",   "namespace",    "path",          "mount",         "engine",
      "provider",    "backend",        "url",        "host",         "region",        "owner",         "id_type",
      "title",       "code",           "phase",      "mode",         "last_rotation", "next_rotation", "expires",
      "issuer",      "algorithm",      "subject",    "serial",       "level",         "output",        "notes",
      "metadata"};
  return names.contains(low) || (words.size() > 1 && telling_words().contains(words.back()));
}

const Words& label_words() {
  static const Words words{"name", "key",   "k",   "variable", "header",   "field",     "param",   "parameter",
                           "id",   "label", "env", "option",   "property", "attribute", "setting", "path"};
  return words;
}

const Words& content_words() {
  static const Words words{"value",   "v",       "val",      "values", "content",     "text",
                           "default", "current", "raw",      "data",   "stringvalue", "plaintext",
                           "old",     "new",     "previous", "before", "after"};
  return words;
}

/// `tests_pass` tells how many of them have passed.
const Words& passes_what() {
  static const Words words{"test",   "tests", "check", "checks", "first", "second", "third", "last", "one",  "two",
                           "single", "by",    "multi", "all",    "low",   "high",   "band",  "gc",   "smoke"};
  return words;
}

/// `PublicKeyToken`, `public_key`: whatever the words behind it say.
bool is_public(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "public" && words[i + 1] == "key") return true;
  return false;
}

/// What holds without a secret in the name.
NameSense plain_sense(std::string_view name, const std::vector<std::string>& words) {
  NameSense sense;
  const std::string low = fold_case(name);
  sense.tells = describes(low, words);
  sense.label = label_words().contains(low) || (low.size() > 4 && (low.ends_with("key") || low.ends_with("name")));
  sense.content = content_words().contains(low) || (low.size() > 5 && low.ends_with("value"));
  return sense;
}

NameSense judge(std::string_view name) {
  const auto words = words_of(name);
  const NameSense plain = plain_sense(name, words);
  NameSense sense = plain;
  const Found found = find_secret(words);
  if (found.holds == Holds::nothing || words.front() == "existing" || is_public(words)) return sense;
  sense.holds = found.holds;
  const std::string& said = words[found.last - 1];
  sense.counts = said == "tokens" || said == "passwords" || said == "secrets" || said == "credentials" ||
                 said == "cookies" || said == "keys" || said == "session" || said == "sessions" ||
                 std::any_of(words.begin(), words.end(), [](const auto& w) { return counting_words().contains(w); });
  sense.tally =
      said == "pass" && (words.size() == 1 || (found.last > 1 && passes_what().contains(words[found.last - 2])));
  sense.code = said == "pin" || said == "otp" || said == "totp" || said == "code" || said == "passcode" ||
               said == "tan" || said == "暗証番号";
  sense.folder = said == "pwd" && words.size() == 1;
  sense.digest = said == "sig" || said == "signature" || said == "signatures" || said == "session" || said == "sid" ||
                 said == "sessionid" || said == "mac" || said == "hmac" || said == "auth" ||
                 (said == "key" && words.front() == "routing");
  sense.login = said == "auth" && found.last == words.size();
  if (said == "session" && words.size() == 1) sense.holds = Holds::secret, sense.loose = true;
  sense.named = words.size() == 1 && (said == "secret" || said == "secrets");
  sense.spoken = said.starts_with("pass") || said == "pw" || said == "pwd" || said.starts_with("kennwort") ||
                 sense.code || (said.front() & 0x80);
  sense.credential_line = said == "authorization" || said == "cookie" || said == "cookies";
  for (std::size_t i = found.last; i < words.size(); ++i) {
    if (telling_words().contains(words[i])) return plain;
    if (!which_words().contains(words[i])) sense.holds = Holds::maybe;
  }
  return sense;
}

}  // namespace

std::string fold_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i += char_length(text, i)) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (c < 0x80) {
      out += static_cast<char>(std::tolower(c));
    } else if (c == 0xc3 && next >= 0x80 && next <= 0x9e && next != 0x97) {
      out += {text[i], static_cast<char>(next + 0x20)};
    } else if (c == 0xc5 && next == 0x9e) {  // Ş
      out += "ş";
    } else if (c == 0xc5 && next == 0x81) {  // Ł
      out += "ł";
    } else if (c == 0xce && next >= 0x91 && next <= 0x9f) {
      out += {text[i], static_cast<char>(next + 0x20)};
    } else if (c == 0xce && next >= 0xa0 && next <= 0xa9) {
      out += {static_cast<char>(0xcf), static_cast<char>(next - 0x20)};
    } else if (c == 0xd0 && next >= 0x90 && next <= 0x9f) {
      out += {text[i], static_cast<char>(next + 0x20)};
    } else if (c == 0xd0 && next >= 0xa0 && next <= 0xaf) {
      out += {static_cast<char>(0xd1), static_cast<char>(next - 0x20)};
    } else {
      out += text.substr(i, char_length(text, i));
    }
  }
  return out;
}

namespace {

/// How everything begins that find_secret() looks for, of letters only. What begins no such stem is judged no further.
class Stems {
 public:
  Stems() {
    for (const auto* words : {&secret_words(), &weak_words()})
      for (const auto word : *words) add(word);
    for (const auto& each : endings()) add(each.stem);
    for (std::string_view word : {"key", "con", "sch", "sle", "aut", "ses", "rem", "erl", "bac", "rec", "see", "mne",
                                  "pal", "mot", "log", "api", "sec"})
      add(word);
  }
  bool any_in(std::string_view text) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] & 0x80) return true;
      const std::size_t a = letter(text[i]);
      if (a == none) continue;
      const std::size_t b = i + 1 < text.size() ? letter(text[i + 1]) : none;
      if (b == none) continue;
      if (pairs_[a * 26 + b]) return true;
      const std::size_t c = i + 2 < text.size() ? letter(text[i + 2]) : none;
      if (c != none && triples_[(a * 26 + b) * 26 + c]) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t none = 26;
  static std::size_t letter(char c) {
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'z' ? static_cast<std::size_t>(small - 'a') : none;
  }
  void add(std::string_view word) {
    const std::size_t a = letter(word[0]), b = word.size() > 1 ? letter(word[1]) : none,
                      c = word.size() > 2 ? letter(word[2]) : none;
    if (a == none || b == none) return;  // other scripts are always judged
    if (word.size() == 2)
      pairs_[a * 26 + b] = true;
    else if (c != none)
      triples_[(a * 26 + b) * 26 + c] = true;
  }

  std::vector<bool> pairs_ = std::vector<bool>(26 * 26), triples_ = std::vector<bool>(26 * 26 * 26);
};

}  // namespace

bool Names::may_hold(std::string_view name) const {
  static const Stems stems;
  return !parts_.empty() || stems.any_in(name);
}

Names::Names(const std::vector<std::string>& parts) {
  for (const auto& part : parts)
    if (!part.empty()) parts_.push_back(fold_case(part));
}

NameSense Names::of(std::string_view name) const {
  if (name.empty() || name.size() > longest_judged_name) return {};
  if (const auto found = judged_.find(name); found != judged_.end()) return found->second;
  NameSense sense = judge(name);
  if (sense.holds != Holds::secret && !parts_.empty()) {
    const std::string low = fold_case(name);
    for (const auto& part : parts_)
      if (low.find(part) != low.npos) sense.holds = Holds::secret;
  }
  if (judged_.size() >= most_judged) judged_.clear();
  judged_.emplace(name, sense);
  return sense;
}

}  // namespace readback
