// Each section of the file has one function below, and each key one line in it: the list of known keys, the schema's
// test and the suggestion for a typing error all come from there.
#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <regex>

#include "config/document.hpp"
#include "config/mutation.hpp"
#include "config/scalars.hpp"
#include "config/zone.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

using Handler = std::function<void(const Node&)>;
using Keys = std::vector<std::pair<std::string, Handler>>;

class Loader {
 public:
  Loader(const std::string& file, LoadedConfig& out) : file_(file), out_(out), config_(out.config) {}

  void load(const Node& root) {
    if (root.kind == Node::Kind::null)
      return error(root, "the configuration is empty", "name at least one target: `targets: [{name: …, base_url: …}]`");
    map(root, "the configuration",
        {{"environment", [&](const Node& n) { text(n, config_.environment); }},
         {"host", [&](const Node& n) { text(n, config_.host); }},
         {"targets", [&](const Node& n) { each(n, [&](const Node& t) { target(t); }); }},
         {"alerts", [&](const Node& n) { alerts(n); }},
         {"heartbeat",
          [&](const Node& n) {
            map(n, "heartbeat",
                {{"url", [&](const Node& v) { secret(v, config_.heartbeat.url.emplace(), true); }},
                 {"interval", [&](const Node& v) { duration(v, config_.heartbeat.interval, Seconds(1)); }}});
            if (n.kind == Node::Kind::map && !n.find("url"))
              error(n, "`url` is missing from heartbeat", "url: https://…");
          }},
         {"evidence", [&](const Node& n) { evidence(n); }},
         {"resolution",
          [&](const Node& n) {
            map(n, "resolution",
                {{"settle", [&](const Node& v) { duration(v, config_.resolution.settle, Millis(0)); }},
                 {"require_attestation", [&](const Node& v) { boolean(v, config_.resolution.require_attestation); }}});
          }},
         {"control",
          [&](const Node& n) {
            map(n, "control",
                {{"socket",
                  [&](const Node& v) {
                    absolute_path(v, config_.control.socket);
                    if (v.text.size() > 107)  // what sockaddr_un holds
                      error(v,
                            "the path of a socket has at most 107 bytes, and this one " + std::to_string(v.text.size()),
                            "/run/readback/control.sock");
                  }},
                 {"group", [&](const Node& v) { text(v, config_.control.group); }}});
          }},
         {"http",
          [&](const Node& n) {
            map(n, "http", {{"listen", [&](const Node& v) { listen(v, config_.http.listen); }}});
          }},
         {"store",
          [&](const Node& n) {
            map(n, "store", {{"path", [&](const Node& v) { absolute_path(v, config_.store.path); }}});
          }},
         {"log", [&](const Node& n) {
            map(n, "log",
                {{"level",
                  [&](const Node& v) {
                    choice(v, config_.log.level, {"debug", "info", "warning", "error"});
                  }},
                 {"format", [&](const Node& v) {
                    choice(v, config_.log.format, {"auto", "text", "json", "journal"});
                  }}});
          }}});
    if (config_.targets.empty() && root.kind == Node::Kind::map && !root.find("targets"))
      error(root, "no target is configured", "targets: [{name: fabric, base_url: https://fabric.example:38080}]");
    whole();
  }

 private:
  // --- telling -------------------------------------------------------------------------------------------------------
  void tell(const Node& at, bool warning, std::string text, std::string suggestion) {
    if (at.unread) return;  // what is really wrong with it has been told
    // What is wrong with a value names its key: the reader may not have the file at hand.
    const bool about_a_value = at.kind == Node::Kind::scalar && !key_.empty() && at.text != key_;
    if (about_a_value && text.find(key_) == text.npos) text = key_ + ": " + text;
    out_.problems.push_back({file_, at.line, at.column, warning, std::move(text), std::move(suggestion)});
  }
  void error(const Node& at, std::string text, std::string suggestion = "") {
    tell(at, false, std::move(text), std::move(suggestion));
  }
  void warn(const Node& at, std::string text, std::string suggestion = "") {
    tell(at, true, std::move(text), std::move(suggestion));
  }

  // --- shapes --------------------------------------------------------------------------------------------------------
  void map(const Node& n, const std::string& where, const Keys& keys) {
    if (n.kind == Node::Kind::null) return error(n, where + " is empty", "remove it or give it a value");
    if (n.kind != Node::Kind::map)
      return error(n, where + " must be a map of keys and values", "like {" + keys.front().first + ": …}");
    std::vector<std::string> names;
    for (const auto& [name, handler] : keys) names.push_back(name);
    for (const auto& [key, value] : n.entries) {
      if (key.unread) continue;
      // Named in the capture because clang 14 captures no structured binding by itself.
      const auto known =
          std::find_if(keys.begin(), keys.end(), [&key = key](const auto& k) { return k.first == key.text; });
      if (known != keys.end()) {
        const std::string above = std::exchange(key_, key.text);
        known->second(value);
        key_ = above;
        continue;
      }
      const std::string above = std::exchange(key_, "");
      const std::string meant = nearest(key.text, names);
      std::string all;
      for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
      error(key, "unknown key `" + key.text + "` in " + where,
            meant.empty() ? "known are: " + all : "did you mean `" + meant + "`?");
      key_ = above;
    }
  }
  void each(const Node& n, const std::function<void(const Node&)>& handler) {
    if (n.kind != Node::Kind::list)
      return error(n, "a list is expected here", "write it as `[…]` or with a `- ` before each entry");
    for (const auto& item : n.items) handler(item);
  }
  /// A map whose keys are names of the user's own.
  void named(const Node& n, const std::string& where,
             const std::function<void(const Node& key, const Node& value)>& handler) {
    if (n.kind != Node::Kind::map) return error(n, where + " must be a map from names to values", "like {NAME: …}");
    for (const auto& [key, value] : n.entries)
      if (name_is_fine(key)) handler(key, value);
  }
  bool name_is_fine(const Node& n) {
    const bool fine = !n.text.empty() && n.text.size() <= 64 && n.text.front() != '.' &&
                      std::all_of(n.text.begin(), n.text.end(),
                                  [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
    if (!fine) error(n, "`" + n.text + "` is no name", "use letters, digits, `-`, `_` and `.` (not first), at most 64");
    return fine;
  }

  // --- scalars -------------------------------------------------------------------------------------------------------
  bool scalar(const Node& n, const std::string& what) {
    if (n.kind == Node::Kind::scalar) return true;
    error(n, n.kind == Node::Kind::null ? "the value is missing: " + what + " is expected" : what + " is expected here",
          n.kind == Node::Kind::null ? "write one, or remove the key" : "write one single value");
    return false;
  }
  void text(const Node& n, std::string& out) {
    if (!scalar(n, "a text")) return;
    if (n.text.find_first_of("\r\n") != n.text.npos || n.text.find('\0') != n.text.npos)
      return error(n, "a text of one line is expected here", "leave the line breaks out");
    if (n.text.empty()) return error(n, "the text is empty", "write one, or remove the key");
    out = n.text;
  }
  void absolute_path(const Node& n, std::string& out) {
    if (!scalar(n, "a path")) return;
    if (!n.text.starts_with("/")) return error(n, "`" + n.text + "` is not an absolute path", "begin it with `/`");
    out = n.text;
  }
  void duration(const Node& n, Millis& out, Millis least) {
    if (!scalar(n, "a duration")) return;
    const auto d = parse_duration(n.text);
    if (!d) return error(n, "`" + n.text + "` is no duration", "write it like 30s, 2m, 1h30m or 500ms");
    if (*d < least) return error(n, "`" + n.text + "` is too short", "at least " + write_duration(least));
    out = *d;
  }
  void whole_number(const Node& n, int& out, int least, int most) {
    if (!scalar(n, "a whole number")) return;
    const auto v = parse_int(n.text);
    if (!v || n.quoted)
      return error(n, "`" + n.text + "` is no whole number",
                   "between " + std::to_string(least) + " and " + std::to_string(most));
    if (*v < least || *v > most)
      return error(n, n.text + " is out of range", "between " + std::to_string(least) + " and " + std::to_string(most));
    out = *v;
  }
  void boolean(const Node& n, bool& out) {
    if (!scalar(n, "true or false")) return;
    const auto v = n.quoted ? std::nullopt : parse_bool(n.text);
    if (!v) return error(n, "`" + n.text + "` is neither true nor false", "write true or false");
    out = *v;
  }
  template <class E>
  void choice(const Node& n, E& out, const std::vector<std::string>& words) {
    std::string all;
    for (const auto& w : words) all += (all.empty() ? "" : ", ") + w;
    if (!scalar(n, "one of " + all)) return;
    const auto found = std::find(words.begin(), words.end(), n.text);
    if (found == words.end()) {
      const auto meant = nearest(n.text, words);
      return error(n, "`" + n.text + "` is not known here",
                   meant.empty() ? "one of " + all : "did you mean `" + meant + "`?");
    }
    out = static_cast<E>(found - words.begin());
  }
  void texts(const Node& n, std::vector<std::string>& out) {
    out.clear();
    each(n, [&](const Node& item) {
      std::string value;
      text(item, value);
      if (!value.empty()) out.push_back(value);
    });
  }
  void words(const Node& n, Words& out) {
    const auto list = [&](std::set<std::string>& into) {
      return [&](const Node& v) {
        each(v, [&](const Node& item) {
          if (!scalar(item, "a word")) return;
          std::string word;
          for (char c : item.text)
            word += c == '-' || c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
          into.insert(word);
        });
      };
    };
    map(n, "words",
        {{"pass", list(out.pass)}, {"warn", list(out.warn)}, {"fail", list(out.fail)}, {"neutral", list(out.neutral)}});
  }

  // --- addresses and secrets
  // -------------------------------------------------------------------------------------------
  bool http_url(const Node& n, const std::string& url, bool unix_too) {
    const bool http = url.starts_with("http://") || url.starts_with("https://");
    if (unix_too && url.starts_with("unix:///") && url.size() > 8) return true;
    if (!http) {
      error(
          n, "`" + url + "` is no address",
          unix_too ? "http://HOST[:PORT], https://HOST[:PORT] or unix:///PATH.sock" : "http://HOST… or https://HOST…");
      return false;
    }
    const std::string rest = url.substr(url.find("://") + 3), authority = rest.substr(0, rest.find_first_of("/?#"));
    if (authority.find('@') != authority.npos) {
      error(n, "the address holds a user name or a password", "put it into `headers` as a credential");
      return false;
    }
    const bool odd = std::any_of(url.begin(), url.end(), is_odd);
    std::string host = authority, port;
    if (authority.starts_with("[")) {
      const auto end = authority.find(']');
      host = end == authority.npos ? "" : authority.substr(1, end - 1);
      port = end == authority.npos ? "" : authority.substr(end + 1);
      if (port.starts_with(":")) port.erase(0, 1);
    } else if (const auto colon = authority.rfind(':'); colon != authority.npos) {
      host = authority.substr(0, colon);
      port = authority.substr(colon + 1);
      if (port.empty()) port = "?";
    }
    if (host.find(':') != host.npos && !authority.starts_with("[")) {
      error(n, "`" + url + "` has more than one colon in its host",
            "an IPv6 address stands in brackets: http://[::1]:80");
      return false;
    }
    const auto number = port.empty() ? std::optional(80) : parse_int(port);
    if (host.empty() || odd || !number || *number < 1 || *number > 65535) {
      error(n, "`" + url + "` has no usable host or port", "like https://fabric.example:38080");
      return false;
    }
    return true;
  }
  static bool is_odd(unsigned char c) { return c <= ' ' || c == 0x7f; }
  void secret(const Node& n, SecretRef& out, bool is_url) {
    out.at = {n.line, n.column};
    if (n.kind == Node::Kind::scalar) {
      out.from = SecretRef::From::plain;
      text(n, out.value);
      if (is_url) http_url(n, n.text, false);
      return;
    }
    if (n.kind != Node::Kind::map || n.entries.size() != 1)
      return error(n, "a secret is expected here", "{credential: NAME}, {file: /path} or {env: NAME}");
    const auto from = [&](SecretRef::From kind) {
      return [&, kind](const Node& v) {
        out.from = kind;
        text(v, out.value);
      };
    };
    map(n, "a secret",
        {{"credential", from(SecretRef::From::credential)},
         {"file", from(SecretRef::From::file)},
         {"env", from(SecretRef::From::env)}});
    if (out.from == SecretRef::From::credential && out.value.find('/') != std::string::npos)
      error(n, "`" + out.value + "` is a path, not the name of a credential", "{file: " + out.value + "}");
  }
  void headers(const Node& n, std::vector<std::pair<std::string, SecretRef>>& out) {
    if (n.kind != Node::Kind::map)
      return error(n, "headers must be a map from names to values", "like {X-API-Key: {credential: NAME}}");
    for (const auto& [key, value] : n.entries) {
      static const std::string token_characters = "!#$%&'*+-.^_`|~";
      const bool token = !key.text.empty() && std::all_of(key.text.begin(), key.text.end(), [&](unsigned char c) {
        return std::isalnum(c) || token_characters.find(static_cast<char>(c)) != token_characters.npos;
      });
      if (!token) {
        error(key, "`" + key.text + "` is no header name", "letters, digits and `-`, like X-API-Key");
        continue;
      }
      SecretRef ref;
      secret(value, ref, false);
      std::string lower = key.text;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      for (const char* ours :
           {"host", "connection", "content-length", "transfer-encoding", "user-agent", "accept-encoding"})
        if (lower == ours) error(key, "the header `" + key.text + "` is set by the reader itself", "remove it");
      if (ref.from == SecretRef::From::plain && value.kind == Node::Kind::scalar && lower != "accept" &&
          lower != "accept-language")
        warn(value, "the value of `" + key.text + "` stands here in plain text",
             "{credential: NAME}, {file: /path} or {env: NAME}");
      out.emplace_back(key.text, std::move(ref));
    }
  }
  void tls(const Node& n, TlsConfig& out) {
    out.at = {n.line, n.column};
    map(n, "tls",
        {{"ca_file", [&](const Node& v) { absolute_path(v, out.ca_file); }},
         {"cert_file", [&](const Node& v) { absolute_path(v, out.cert_file); }},
         {"key_file", [&](const Node& v) { absolute_path(v, out.key_file); }},
         {"server_name", [&](const Node& v) { text(v, out.server_name); }},
         {"verify",
          [&](const Node& v) {
            boolean(v, out.verify);
            if (!out.verify)
              warn(v, "certificates are not verified: whoever stands between can answer for the platform",
                   "give its CA with ca_file");
          }},
         {"expires_within", [&](const Node& v) { duration(v, out.expires_within, Millis(0)); }}});
    if (out.cert_file.empty() != out.key_file.empty())
      error(n, "a client certificate needs both cert_file and key_file",
            out.key_file.empty() ? "key_file: /path.key" : "cert_file: /path.pem");
  }

  // --- targets
  // ---------------------------------------------------------------------------------------------------------
  void target(const Node& n) {
    TargetConfig t = default_target("");
    map(n, "a target",
        {{"name",
          [&](const Node& v) {
            if (scalar(v, "a name") && name_is_fine(v)) t.name = v.text;
          }},
         {"base_url",
          [&](const Node& v) {
            if (!scalar(v, "an address") || !http_url(v, v.text, true)) return;
            if (v.text.find_first_of("?#") != v.text.npos)
              return error(v, "`" + v.text + "` is no base address: it ends in a query or a fragment",
                           v.text.substr(0, v.text.find_first_of("?#")));
            t.base_url = v.text;
            while (t.base_url.ends_with("/") && !t.base_url.starts_with("unix:")) t.base_url.pop_back();
          }},
         {"interval", [&](const Node& v) { duration(v, t.interval, Millis(100)); }},
         {"timeout", [&](const Node& v) { duration(v, t.timeout, Millis(10)); }},
         {"jitter",
          [&](const Node& v) {
            if (!scalar(v, "a percentage")) return;
            const auto p = parse_percent(v.text);
            if (!p || *p > 50) return error(v, "`" + v.text + "` is no jitter", "a percentage between 0% and 50%");
            t.jitter_percent = *p;
          }},
         {"request_budget",
          [&](const Node& v) {
            if (!scalar(v, "a rate")) return;
            const auto rate = parse_rate_per_minute(v.text);
            if (!rate || *rate < 1) return error(v, "`" + v.text + "` is no rate", "write it like 90/min");
            t.request_budget_per_minute = *rate;
          }},
         {"headers", [&](const Node& v) { headers(v, t.headers); }},
         {"tls", [&](const Node& v) { tls(v, t.tls); }},
         {"confirm",
          [&](const Node& v) {
            map(v, "confirm",
                {{"failures", [&](const Node& w) { whole_number(w, t.confirm.failures, 1, 100); }},
                 {"spacing", [&](const Node& w) { duration(w, t.confirm.spacing, Millis(50)); }},
                 {"recoveries", [&](const Node& w) { whole_number(w, t.confirm.recoveries, 1, 100); }}});
          }},
         {"stale_after", [&](const Node& v) { duration(v, t.stale_after, Millis(0)); }},
         {"episode_window", [&](const Node& v) { duration(v, t.episode_window, Millis(0)); }},
         {"words", [&](const Node& v) { words(v, t.words); }},
         {"surfaces", [&](const Node& v) { surfaces(v, t); }},
         {"checks",
          [&](const Node& v) {
            named(v, "checks", [&](const Node& key, const Node& value) {
              t.checks.push_back(check(key, value, CheckRole::materialization));
            });
          }},
         {"paths", [&](const Node& v) { each(v, [&](const Node& item) { path(item, t); }); }},
         {"references",
          [&](const Node& v) {
            each(v, [&](const Node& item) {
              if (scalar(item, "an address") && http_url(item, item.text, false)) t.references.push_back(item.text);
            });
          }},
         {"blind_limit", [&](const Node& v) { duration(v, t.blind_limit, Millis(0)); }},
         {"runbooks", [&](const Node& v) { runbooks(v, t); }},
         {"maintenance", [&](const Node& v) { each(v, [&](const Node& item) { window(item, t); }); }}});
    if (n.kind != Node::Kind::map) return;
    if (!n.find("name")) error(n, "`name` is missing from a target", "name: fabric");
    if (!n.find("base_url")) error(n, "`base_url` is missing from a target", "base_url: https://fabric.example:38080");
    for (const auto& other : config_.targets)
      if (!t.name.empty() && other.name == t.name)
        error(*n.find("name"), "a target called `" + t.name + "` stands above already", "give each its own name");
    if (t.surfaces.empty()) error(n, "no surface is left to read", "keep at least one of the four");
    if (t.timeout > t.interval)
      warn(n.find("timeout") ? *n.find("timeout") : n,
           "the timeout is longer than the interval: a slow target is read less often");
    const auto requests = static_cast<std::int64_t>(t.surfaces.size() + t.paths.size());
    const auto per_minute = requests * 60'000 / std::max<std::int64_t>(1, t.interval.count());
    if (per_minute > t.request_budget_per_minute)
      warn(n.find("request_budget") ? *n.find("request_budget") : n,
           std::to_string(requests) + " reads each " + write_duration(t.interval) + " are " +
               std::to_string(per_minute) + " a minute, more than the budget of " +
               std::to_string(t.request_budget_per_minute) + "/min: sweeps will be late",
           "a longer interval, or request_budget: " + std::to_string(per_minute) + "/min");
    const bool secret_header = std::any_of(t.headers.begin(), t.headers.end(),
                                           [](const auto& h) { return h.second.from != SecretRef::From::plain; });
    if (secret_header && t.base_url.starts_with("http://") && !is_loopback(t.base_url))
      warn(n.find("base_url") ? *n.find("base_url") : n, "a secret header is sent over plain http", "use https");
    config_.targets.push_back(std::move(t));
  }
  static bool is_loopback(const std::string& url) {
    const std::string host = url.substr(url.find("://") + 3);
    return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
  }

  void surfaces(const Node& n, TargetConfig& t) {
    named(n, "surfaces", [&](const Node& key, const Node& value) {
      const auto known = std::find_if(t.surfaces.begin(), t.surfaces.end(),
                                      [&](const SurfaceConfig& s) { return s.name == key.text; });
      if (value.kind == Node::Kind::null) {
        if (known == t.surfaces.end())
          return error(key, "there is no surface `" + key.text + "` to remove",
                       "built in are health, services, observability, security");
        t.surfaces.erase(known);
        return;
      }
      if (key.text.find(':') != std::string::npos) return error(key, "a surface's name must not hold `:`", "use `-`");
      SurfaceConfig fresh;
      fresh.name = key.text;
      SurfaceConfig& s = known == t.surfaces.end() ? fresh : *known;
      map(value, "the surface " + key.text,
          {{"path",
            [&](const Node& v) {
              if (!scalar(v, "a path")) return;
              if (!v.text.starts_with("/") || v.text.find('#') != v.text.npos ||
                  std::any_of(v.text.begin(), v.text.end(), is_odd))
                return error(v, "`" + v.text + "` is no path", "like /api/v1/recovery/readiness");
              s.path = v.text;
            }},
           {"role",
            [&](const Node& v) {
              choice(v, s.role, {"health", "services", "readiness", "security"});
            }},
           {"verdict",
            [&](const Node& v) {
              if (!scalar(v, "a JSON pointer")) return;
              if (!v.text.starts_with("/")) return error(v, "`" + v.text + "` is no JSON pointer", "like /data/status");
              s.verdict = v.text;
            }},
           {"critical_items", [&](const Node& v) { texts(v, s.critical_items); }},
           {"stale_after", [&](const Node& v) { duration(v, s.stale_after.emplace(), Millis(0)); }},
           {"words", [&](const Node& v) { words(v, s.words); }},
           {"version_header", [&](const Node& v) { boolean(v, s.version_header); }},
           {"volatile", [&](const Node& v) { texts(v, s.volatile_fields); }}});
      if (known == t.surfaces.end()) {
        if (s.path.empty() && value.kind == Node::Kind::map && !value.find("path"))
          error(value, "`path` is missing from the surface " + key.text, "path: /api/v1/…");
        t.surfaces.push_back(std::move(fresh));
      }
    });
  }

  CheckConfig check(const Node& key, const Node& value, CheckRole role) {
    CheckConfig c;
    c.name = key.text;
    c.role = role;
    std::string role_word;
    Keys keys = {
        {"command",
         [&](const Node& v) {
           if (v.kind == Node::Kind::scalar)
             return error(v, "a command is a list of arguments; no shell reads it",
                          "[" + v.text.substr(0, v.text.find(' ')) + ", …]");
           c.command_at = {v.line, v.column};
           texts(v, c.command);
           if (c.command.empty()) error(v, "the command is empty", "[PROGRAM, ARGUMENT, …]");
           refuse_mutation(v, c.command);
         }},
        {"cwd",
         [&](const Node& v) {
           c.cwd_at = {v.line, v.column};
           absolute_path(v, c.cwd);
         }},
        {"timeout", [&](const Node& v) { duration(v, c.timeout, Millis(100)); }},
        {"env", [&](const Node& v) { named(v, "env", [&](const Node& k, const Node& w) { text(w, c.env[k.text]); }); }},
        {"sandbox", [&](const Node& v) { sandbox(v, c.sandbox); }}};
    if (role == CheckRole::materialization) {
      keys.push_back({"interval", [&](const Node& v) { duration(v, c.interval, Seconds(1)); }});
      keys.push_back({"role", [&](const Node& v) {
                        int only = 0;
                        choice(v, only, {"materialization"});
                      }});
      keys.push_back({"exit_codes", [&](const Node& v) { exit_codes(v, c); }});
    }
    map(value, "the check " + key.text, keys);
    if (value.kind == Node::Kind::map && !value.find("command"))
      error(value, "`command` is missing from the check " + key.text,
            "command: [python3, ./scripts/verify_runtime_materialization.py, --check]");
    return c;
  }

  void sandbox(const Node& n, SandboxConfig& s) {
    map(n, "sandbox",
        {{"network",
          [&](const Node& v) {
            choice(v, s.network, {"none", "loopback", "any"});
          }},
         {"require", [&](const Node& v) { boolean(v, s.require); }},
         {"unix_sockets", [&](const Node& v) { texts(v, s.unix_sockets); }},
         {"read_paths", [&](const Node& v) { texts(v, s.read_paths); }}});
  }

  /// Both ways of writing it: `{3: drift, 4: broken}` and `{drift: [3], broken: [4]}`.
  void exit_codes(const Node& n, CheckConfig& c) {
    const auto put = [&](const Node& code_node, const Node& word_node, const std::string& word) {
      const auto code = parse_int(code_node.text);
      if (!code || *code > 255) return error(code_node, "`" + code_node.text + "` is no exit code", "0 to 255");
      c.in_sync_exits.erase(*code);
      if (word == "in_sync")
        c.in_sync_exits.insert(*code);
      else if (word == "drift")
        c.drift_exits.insert(*code);
      else if (word == "broken")
        c.broken_exits.insert(*code);
      else
        error(word_node, "`" + word + "` is no result of a check", "one of in_sync, drift, broken");
    };
    if (n.kind != Node::Kind::map) return error(n, "exit_codes must be a map", "{3: drift, 4: broken}");
    for (const auto& [key, value] : n.entries) {
      if (value.kind == Node::Kind::list)
        for (const auto& code : value.items) put(code, key, key.text);
      else if (parse_int(key.text))
        put(key, value, value.text);
      else
        put(value, key, key.text);
    }
  }

  /// What changes a host has no place here. The sandbox would stop it anyway; told early it costs nobody an incident.
  void refuse_mutation(const Node& n, const std::vector<std::string>& command) {
    const auto opinion = judge_command(command);
    if (!opinion.mutates.empty())
      error(n, "this command appears to mutate: " + opinion.mutates,
            "a check only reads, like verify_runtime_materialization.py --check");
    else if (!opinion.unclear.empty())
      warn(n, opinion.unclear, "name the program and its arguments");
  }

  void path(const Node& n, TargetConfig& t) {
    PathConfig p;
    map(n, "a path",
        {{"name",
          [&](const Node& v) {
            if (scalar(v, "a name") && name_is_fine(v)) p.name = v.text;
          }},
         {"kind",
          [&](const Node& v) {
            choice(v, p.kind, {"user", "agent", "automation"});
          }},
         {"url",
          [&](const Node& v) {
            if (!scalar(v, "an address")) return;
            if (!v.text.starts_with("/")) {
              if (http_url(v, v.text, false)) p.url = v.text;
            } else if (std::any_of(v.text.begin(), v.text.end(), is_odd)) {
              error(v, "`" + v.text + "` has a blank or a control character in it", "write a blank as %20");
            } else {
              p.url = v.text;
            }
          }},
         {"timeout", [&](const Node& v) { duration(v, p.timeout.emplace(), Millis(10)); }},
         {"expect", [&](const Node& v) {
            map(v, "expect",
                {{"status",
                  [&](const Node& w) {
                    const auto one = [&](const Node& code) {
                      int status = 0;
                      whole_number(code, status, 100, 599);
                      if (status) p.expect.status.push_back(status);
                    };
                    if (w.kind == Node::Kind::list)
                      for (const auto& code : w.items) one(code);
                    else
                      one(w);
                  }},
                 {"body_contains", [&](const Node& w) { text(w, p.expect.body_contains); }},
                 {"json",
                  [&](const Node& w) {
                    if (w.kind != Node::Kind::map)
                      return error(w, "json must be a map from pointers to values", "{/status: ready}");
                    for (const auto& [pointer, value] : w.entries) {
                      if (!pointer.text.starts_with("/")) {
                        error(pointer, "`" + pointer.text + "` is no JSON pointer", "like /status");
                        continue;
                      }
                      if (value.kind == Node::Kind::null)
                        p.expect.json[pointer.text] = "null";
                      else if (scalar(value, "a value"))
                        p.expect.json[pointer.text] = value.text;
                    }
                  }},
                 {"max_latency", [&](const Node& w) { duration(w, p.expect.max_latency.emplace(), Millis(1)); }}});
          }}});
    if (n.kind != Node::Kind::map) return;
    if (!n.find("name")) error(n, "`name` is missing from a path", "name: checkout");
    if (!n.find("url")) error(n, "`url` is missing from a path", "url: /app/checkout");
    for (const auto& other : t.paths)
      if (!p.name.empty() && other.name == p.name)
        error(n, "a path called `" + p.name + "` stands above already", "give each its own name");
    t.paths.push_back(std::move(p));
  }

  void runbooks(const Node& n, TargetConfig& t) {
    if (n.kind != Node::Kind::map)
      return error(n, "runbooks must be a map from boundaries to runbooks", "{outage: {title: …, url: …}}");
    for (const auto& [key, value] : n.entries) {
      const auto b = boundary(key);
      if (!b) continue;
      auto& r = t.runbooks[*b];
      map(value, "a runbook",
          {{"title", [&](const Node& v) { text(v, r.title); }},
           {"url",
            [&](const Node& v) {
              if (scalar(v, "an address") && http_url(v, v.text, false)) r.url = v.text;
            }},
           {"owner", [&](const Node& v) { text(v, r.owner); }},
           {"next_safe_step", [&](const Node& v) { text(v, r.next_safe_step); }}});
    }
  }
  std::optional<Boundary> boundary(const Node& n) {
    std::vector<std::string> names;
    for (Boundary b : all_boundaries) names.emplace_back(to_string(b));
    const auto found = parse_boundary(n.text);
    if (!found) {
      const auto meant = nearest(n.text, names);
      error(n, "`" + n.text + "` is no boundary",
            meant.empty() ? "one of observer, outage, security, drift, readiness, product"
                          : "did you mean `" + meant + "`?");
    }
    return found;
  }

  void window(const Node& n, TargetConfig& t) {
    MaintenanceWindow w;
    static const std::vector<std::string> names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    const auto day = [&](const Node& v) {
      int index = 0;
      const auto before = out_.problems.size();
      choice(v, index, names);
      if (out_.problems.size() == before) w.days.insert(index);
    };
    map(n, "a maintenance window",
        {{"days", [&](const Node& v) { v.kind == Node::Kind::list ? each(v, day) : day(v); }},
         {"from",
          [&](const Node& v) {
            if (!scalar(v, "a time of day")) return;
            const auto minute = parse_clock(v.text);
            if (!minute) return error(v, "`" + v.text + "` is no time of day", "\"02:00\", in quotes");
            w.from_minute = *minute;
          }},
         {"for", [&](const Node& v) { duration(v, w.length, Seconds(1)); }},
         {"timezone", [&](const Node& v) {
            if (!scalar(v, "a time zone")) return;
            const auto offsets = zone_offsets(v.text);
            if (!offsets)
              return error(v, "this host knows no time zone `" + v.text + "`", "an IANA name like Europe/Berlin");
            w.timezone = v.text;
            w.zone = *offsets;
          }}});
    if (n.kind == Node::Kind::map && !n.find("from"))
      error(n, "`from` is missing from a maintenance window", "from: \"02:00\"");
    if (n.kind == Node::Kind::map && !n.find("for")) error(n, "`for` is missing from a maintenance window", "for: 1h");
    if (w.length > std::chrono::hours(24 * 7)) error(n, "a maintenance window is longer than a week", "use a silence");
    t.maintenance.push_back(std::move(w));
  }

  // --- alerts, evidence
  // --------------------------------------------------------------------------------------------------
  void alerts(const Node& n) {
    map(n, "alerts",
        {{"renotify", [&](const Node& v) { duration(v, config_.alerts.renotify, Seconds(1)); }},
         {"sinks", [&](const Node& v) { each(v, [&](const Node& item) { sink(item); }); }}});
  }
  void sink(const Node& n) {
    SinkConfig s;
    s.at = {n.line, n.column};
    const auto one_url = [&](const Node& v) {
      s.urls.emplace_back();
      secret(v, s.urls.back(), true);
    };
    const auto one_secret = [&](const Node& v) {
      s.secrets.emplace_back();
      secret(v, s.secrets.back(), false);
      if (v.kind == Node::Kind::scalar) {
        warn(v, "the secret stands here in plain text", "{credential: NAME}, {file: /path} or {env: NAME}");
        if (!v.text.starts_with("whsec_"))
          error(v, "a webhook secret begins with `whsec_`", "whsec_ and the base64 of 24 to 64 random bytes");
      }
    };
    map(n, "a sink",
        {{"name",
          [&](const Node& v) {
            if (scalar(v, "a name") && name_is_fine(v)) s.name = v.text;
          }},
         {"type",
          [&](const Node& v) {
            choice(v, s.type, {"webhook", "pagerduty", "alertmanager", "slack"});
          }},
         {"url", one_url},
         {"urls", [&](const Node& v) { each(v, one_url); }},
         {"routing_key",
          [&](const Node& v) {
            secret(v, s.routing_key, false);
            if (v.kind == Node::Kind::scalar)
              warn(v, "the routing key stands here in plain text", "{credential: NAME}, {file: /path} or {env: NAME}");
          }},
         {"secret", [&](const Node& v) { v.kind == Node::Kind::list ? each(v, one_secret) : one_secret(v); }},
         {"secrets", [&](const Node& v) { each(v, one_secret); }},
         {"boundaries",
          [&](const Node& v) {
            each(v, [&](const Node& item) {
              if (auto b = boundary(item)) s.boundaries.push_back(*b);
            });
            if (v.kind == Node::Kind::list && v.items.empty())
              error(v, "this sink takes no boundary at all", "leave `boundaries` out to take every one");
          }},
         {"targets", [&](const Node& v) { texts(v, s.targets); }},
         {"min_severity",
          [&](const Node& v) {
            choice(v, s.min_severity, {"info", "warning", "error", "critical"});
          }},
         {"dedup_scope",
          [&](const Node& v) {
            choice(v, s.dedup_scope, {"host", "platform"});
          }},
         {"timeout", [&](const Node& v) { duration(v, s.timeout, Millis(100)); }},
         {"tls", [&](const Node& v) { tls(v, s.tls); }},
         {"headers", [&](const Node& v) { headers(v, s.headers); }}});
    if (n.kind != Node::Kind::map) return;
    const std::string what = "the sink " + s.name;
    if (!n.find("name")) error(n, "`name` is missing from a sink", "name: pager");
    if (!n.find("type"))
      return error(n, "`type` is missing from " + what, "one of webhook, pagerduty, alertmanager, slack");
    for (const auto& other : config_.alerts.sinks)
      if (!s.name.empty() && other.name == s.name)
        error(n, "a sink called `" + s.name + "` stands above already", "give each its own name");
    if (s.type == SinkType::pagerduty) {
      if (!n.find("routing_key"))
        error(n, "`routing_key` is missing from " + what, "routing_key: {credential: pagerduty}");
    } else if (s.urls.empty()) {
      error(n, "`url` is missing from " + what,
            s.type == SinkType::alertmanager ? "urls: [http://127.0.0.1:9093]" : "url: https://…");
    }
    if (s.type != SinkType::alertmanager && s.urls.size() > 1)
      error(n, what + " has several addresses", "only an alertmanager takes them; name each sink by itself");
    if (s.secrets.size() > 2) error(n, what + " has more than two secrets", "two, during a rotation");
    if (s.type != SinkType::webhook && !s.secrets.empty())
      error(n, "only a webhook is signed", "remove `secret` from " + what);
    if (s.type != SinkType::pagerduty && n.find("routing_key"))
      error(n, "only pagerduty has a routing key", "remove `routing_key` from " + what);
    config_.alerts.sinks.push_back(std::move(s));
  }

  void evidence(const Node& n) {
    map(n, "evidence",
        {{"keep",
          [&](const Node& v) {
            map(v, "keep",
                {{"days",
                  [&](const Node& w) {
                    int days = 30;
                    whole_number(w, days, 1, 3660);
                    config_.evidence.keep_time = std::chrono::hours(24) * days;
                  }},
                 {"size", [&](const Node& w) {
                    if (!scalar(w, "a size")) return;
                    const auto bytes = parse_size(w.text);
                    if (!bytes) return error(w, "`" + w.text + "` is no size", "write it like 500MB or 1GiB");
                    if (*bytes < (1 << 20)) return error(w, "`" + w.text + "` is too small", "at least 1MiB");
                    config_.evidence.keep_bytes = *bytes;
                  }}});
          }},
         {"redact",
          [&](const Node& v) {
            map(v, "redact",
                {{"keys", [&](const Node& w) { texts(w, config_.evidence.redact.keys); }},
                 {"patterns", [&](const Node& w) {
                    texts(w, config_.evidence.redact.patterns);
                    config_.evidence.redact.at = {w.line, w.column};
                    if (w.kind != Node::Kind::list) return;
                    for (const auto& item : w.items) try {
                        std::regex compiled(item.text, std::regex::ECMAScript);
                      } catch (const std::regex_error& e) {
                        error(item, "`" + item.text + "` is no regular expression: " + e.what(),
                              "an expression of RE2, in single quotes");
                      }
                  }}});
          }},
         {"commands", [&](const Node& v) {
            if (v.kind == Node::Kind::map && v.entries.empty()) return;
            named(v, "commands", [&](const Node& key, const Node& value) {
              config_.evidence.commands.push_back(check(key, value, CheckRole::evidence));
              command_names_.push_back(key);
            });
          }}});
  }

  void listen(const Node& n, std::string& out) {
    if (!scalar(n, "an address")) return;
    const auto colon = n.text.rfind(':');
    const auto port = colon == n.text.npos ? std::nullopt : parse_int(n.text.substr(colon + 1));
    if (!port || *port > 65535 || colon == 0)
      return error(n, "`" + n.text + "` is no address to listen on", "like 127.0.0.1:9464 or [::1]:9464");
    out = n.text;
    if (!n.text.starts_with("127.") && !n.text.starts_with("[::1]") && !n.text.starts_with("localhost"))
      warn(n, "the status page and the metrics can be read from other hosts, by anybody",
           "127.0.0.1:" + std::to_string(*port) + " behind a proxy that asks who it is");
  }

  // --- the whole
  // -----------------------------------------------------------------------------------------------------------
  void whole() {
    Node nowhere;
    for (const auto& name : command_names_)
      for (const auto& t : config_.targets)
        if (std::any_of(t.checks.begin(), t.checks.end(), [&](const CheckConfig& c) { return c.name == name.text; }))
          error(name,
                "`" + name.text + "` is a check of the target " + t.name + " already: both would be checks/" +
                    name.text + " in a snapshot",
                "give the command a name of its own");
    const auto& sinks = config_.alerts.sinks;
    for (const auto& s : sinks) {
      Node at;
      at.line = s.at.line;
      at.column = s.at.column;
      for (const auto& name : s.targets)
        if (std::none_of(config_.targets.begin(), config_.targets.end(),
                         [&](const TargetConfig& t) { return t.name == name; })) {
          std::vector<std::string> names;
          for (const auto& t : config_.targets) names.push_back(t.name);
          const auto meant = nearest(name, names);
          error(at, "the sink " + s.name + " waits for a target `" + name + "` that does not exist",
                meant.empty() ? "name one of `targets`" : "did you mean `" + meant + "`?");
        }
      const bool only_quiet = !s.boundaries.empty() && s.min_severity == Severity::critical &&
                              std::all_of(s.boundaries.begin(), s.boundaries.end(), [](Boundary b) {
                                return b == Boundary::drift || b == Boundary::product || b == Boundary::readiness;
                              });
      if (only_quiet)
        warn(at, "nothing ever reaches the sink " + s.name + ": its boundaries are never critical",
             "lower min_severity");
    }
    if (sinks.empty())
      return tell(nowhere, true, "no sink is configured: nobody will be paged",
                  "alerts: {sinks: [{name: hook, type: webhook, url: https://…}]}");
    for (Boundary b : all_boundaries) {
      const bool taken = std::any_of(sinks.begin(), sinks.end(), [&](const SinkConfig& s) {
        return s.boundaries.empty() || std::find(s.boundaries.begin(), s.boundaries.end(), b) != s.boundaries.end();
      });
      if (!taken)
        tell(nowhere, true, "no sink takes the boundary " + std::string(to_string(b)),
             "add it to the `boundaries` of a sink");
    }
  }

  const std::string& file_;
  LoadedConfig& out_;
  Config& config_;
  std::vector<Node> command_names_;
  std::string key_;  ///< whose value is being read
};

}  // namespace

std::string to_string(const ConfigProblem& p) {
  std::string text = p.file;
  if (p.line > 0) text += ":" + std::to_string(p.line) + ":" + std::to_string(p.column);
  text += p.warning ? ": warning: " : ": ";
  // The file's own words stand in it: a control character must neither break the line nor reach the terminal.
  constexpr const char* hex = "0123456789abcdef";
  for (const char c : p.text + (p.suggestion.empty() ? "" : "; " + p.suggestion)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      text += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    else
      text += c;
  }
  return text;
}

bool LoadedConfig::ok() const {
  return std::none_of(problems.begin(), problems.end(), [](const ConfigProblem& p) { return !p.warning; });
}

LoadedConfig parse_config(std::string_view yaml, const std::string& file) {
  LoadedConfig out;
  const Node root = parse_document(yaml, file, out.problems);
  if (out.ok() || root.kind == Node::Kind::map) Loader(file, out).load(root);
  std::stable_sort(out.problems.begin(), out.problems.end(), [](const ConfigProblem& a, const ConfigProblem& b) {
    const auto line = [](const ConfigProblem& p) { return p.line == 0 ? 1 << 30 : p.line; };
    return line(a) != line(b) ? line(a) < line(b) : a.column < b.column;
  });
  return out;
}

LoadedConfig load_config(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(largest_config + 1, '\0');  // one more than is allowed says that it is too much
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file.good()) {
    LoadedConfig out;
    out.problems.push_back(
        {path, 0, 0, false, "cannot be read: " + std::string(std::strerror(errno)), "name the file with --config"});
    return out;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_config(text, path);
}

}  // namespace readback
