// The effective configuration as YAML that reads back as the same, by the lists of keys.hpp. For people secrets are
// masked, wherever they stand; for the digest they stand as their own digest.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>

#include "config/keys.hpp"
#include "config/load.hpp"
#include "core/text/encoding.hpp"
#include "core/text/url.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

/// A plain address keeps its host, which is no secret; its path and query often are one.
std::string masked(const std::string& value) {
  const auto scheme = value.find("://");
  if (scheme != value.npos && (value.starts_with("http://") || value.starts_with("https://"))) {
    const auto path = value.find_first_of("/?#", scheme + 3);
    return path == value.npos || path + 1 == value.size() ? value : value.substr(0, path + 1) + "masked";
  }
  return value.starts_with("whsec_") ? "whsec_bWFza2Vk" : "masked";
}

/// What is called like a secret is one, wherever it stands: a variable of a check, an argument, a query.
bool is_called_secret(std::string_view name) {
  std::string plain;
  for (const char c : lower_case(name))
    if (std::isalnum(static_cast<unsigned char>(c))) plain += c;
  for (const char* word : {"token", "secret", "passw", "passphrase", "apikey", "accesskey", "privatekey", "routingkey",
                           "credential", "authorization", "signature", "cookie"})
    if (plain.find(word) != plain.npos) return true;
  return plain == "key" || plain == "auth" || plain == "sig" || plain == "pw" || plain == "pass";
}

/// `--token=…` and `--token …`.
std::vector<std::string> masked_arguments(std::vector<std::string> arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& option = arguments[i - 1];
    if (option.starts_with("-") && option.find('=') == option.npos && is_called_secret(option) &&
        !arguments[i].starts_with("-"))
      arguments[i] = "masked";
    const auto equals = arguments[i].find('=');
    if (equals != std::string::npos && is_called_secret(std::string_view(arguments[i]).substr(0, equals)))
      arguments[i].replace(equals + 1, std::string::npos, "masked");
  }
  return arguments;
}

std::string masked_query(const std::string& url) {
  const auto query = url.find('?');
  if (query == url.npos) return url;
  std::string out = url.substr(0, query + 1);
  for (std::size_t at = query + 1; at <= url.size();) {
    const auto end = std::min(url.find('&', at), url.size());
    const std::string pair = url.substr(at, end - at);
    const auto equals = pair.find('=');
    const bool hide = equals != pair.npos && is_called_secret(std::string_view(pair).substr(0, equals));
    out += hide ? pair.substr(0, equals + 1) + "masked" : pair;
    if (end < url.size()) out += '&';
    at = end + 1;
  }
  return out;
}

class Printer {
 public:
  explicit Printer(bool for_digest) : for_digest_(for_digest) { out_.SetIndent(2); }

  std::string print(Config& c) {
    section(section_of(c));
    return std::string(out_.c_str()) + "\n";
  }

 private:
  void begin(std::string_view name) { out_ << YAML::Key << std::string(name) << YAML::Value; }
  void pair(std::string_view name, const std::string& value) {
    begin(name);
    out_ << value;
  }
  void section(const Section& all) {
    out_ << YAML::BeginMap;
    for (const auto& key : all.keys)
      if (!key.presence.hidden) std::visit([&](const auto& value) { write(key.name, value); }, key.value);
    out_ << YAML::EndMap;
  }
  void named_section(const std::string& name, const Section& all) {
    begin(name);
    section(all);
  }
  template <class List>
  void row(std::string_view name, const List& values) {
    begin(name);
    out_ << YAML::Flow << YAML::BeginSeq;
    for (const auto& v : values) out_ << v;
    out_ << YAML::EndSeq;
  }
  template <class List>
  void row_unless_empty(std::string_view name, const List& values) {
    if (!values.empty()) row(name, values);
  }
  template <class List, class Write>
  void list(std::string_view name, List& values, Write one) {
    begin(name);
    out_ << YAML::BeginSeq;
    for (auto& each : values) one(each);
    out_ << YAML::EndSeq;
  }
  template <class List>
  void sections(std::string_view name, List& entries) {
    list(name, entries, [&](auto& entry) { section(section_of(entry)); });
  }
  void secret(const SecretRef& ref) {
    const auto reference = [&](const char* kind) {
      out_ << YAML::Flow << YAML::BeginMap << YAML::Key << kind << YAML::Value << ref.value << YAML::EndMap;
    };
    switch (ref.from) {
      case SecretRef::From::plain: out_ << (for_digest_ ? sha256_hex(ref.value) : masked(ref.value)); break;
      case SecretRef::From::credential: reference("credential"); break;
      case SecretRef::From::file: reference("file"); break;
      case SecretRef::From::env: reference("env"); break;
    }
  }
  std::string url(const std::string& text) const { return for_digest_ ? text : masked_query(text); }

  /// One word or number; an empty one is not there.
  template <class Scalar>
  requires requires(const Scalar& v) { v.text(); }
  void write(std::string_view name, const Scalar& v) {
    if (const std::string text = v.text(); !text.empty()) pair(name, text);
  }
  void write(std::string_view name, const key::BaseUrl& v) {
    pair(name, for_digest_ || !v.of_platform ? v.out : shown_address(v.out));
  }
  void write(std::string_view name, const key::UrlOrPath& v) { pair(name, url(v.out)); }
  void write(std::string_view name, const key::UrlPath& v) { pair(name, url(v.out)); }
  void write(std::string_view name, const key::Clock& v) {  // 02:00 without quotes is a number to older readers
    begin(name);
    out_ << YAML::DoubleQuoted << v.text();
  }

  void write(std::string_view name, const key::Template& v) {  // another text in it is another configuration
    pair(name, for_digest_ && !v.out.text.empty() ? v.out.file + " " + sha256_hex(v.out.text) : v.out.file);
  }

  void write(std::string_view name, const key::Secret& v) {
    begin(name);
    secret(*v.out);
  }
  void write(std::string_view name, const key::RoutingKey& v) {
    begin(name);
    secret(v.out);
  }
  void write(std::string_view name, const key::HeartbeatUrl& v) {
    begin(name);
    secret(*v.out);
  }
  void write(std::string_view name, const key::SinkUrl& v) {
    begin(name);
    secret(v.out.front());
  }
  void write(std::string_view name, const key::SinkUrls& v) {
    list(name, v.out, [&](const SecretRef& each) { secret(each); });
  }
  void write(std::string_view, const key::SigningSecret&) {}  // shown as the list
  void write(std::string_view name, const key::SigningSecrets& v) {
    list(name, v.out, [&](const SecretRef& each) { secret(each); });
  }
  void write(std::string_view name, const key::Headers& v) {
    if (v.out.empty()) return;
    begin(name);
    out_ << YAML::BeginMap;
    for (const auto& [header, ref] : v.out) {
      begin(header);
      secret(ref);
    }
    out_ << YAML::EndMap;
  }

  void write(std::string_view name, const key::Texts& v) { row(name, v.out); }
  void write(std::string_view name, const key::Patterns& v) { row(name, v.out.patterns); }
  void write(std::string_view name, const key::Urls& v) {
    std::vector<std::string> shown;
    for (const auto& each : v.out) shown.push_back(url(each));
    row(name, shown);
  }
  void write(std::string_view name, const key::NatsUrls& v) { row(name, v.out.urls); }
  void write(std::string_view name, const key::WordSet& v) { row(name, v.out); }
  void write(std::string_view name, const key::Boundaries& v) {
    std::vector<std::string> names;
    for (const Boundary b : v.out) names.emplace_back(to_string(b));
    row_unless_empty(name, names);
  }
  void write(std::string_view name, const key::WeekDays& v) {
    std::vector<std::string> names;
    for (const auto& day : week_days)
      if (v.out.contains(day.value)) names.emplace_back(day.word);
    row_unless_empty(name, names);
  }
  void write(std::string_view name, const key::StatusCodes& v) { row_unless_empty(name, v.out); }
  void write(std::string_view name, const key::JsonValues& v) {
    if (v.out.empty()) return;
    begin(name);
    out_ << YAML::BeginMap;
    for (const auto& [pointer, value] : v.out) pair(pointer, value);
    out_ << YAML::EndMap;
  }
  void write(std::string_view name, const key::Variables& v) {
    if (v.out.empty()) return;
    begin(name);
    out_ << YAML::BeginMap;
    for (const auto& [variable, value] : v.out)
      pair(variable, !for_digest_ && is_called_secret(variable) ? "masked" : value);
    out_ << YAML::EndMap;
  }
  void write(std::string_view name, const key::Command& v) {
    row(name, for_digest_ ? v.out.command : masked_arguments(v.out.command));
  }
  void write(std::string_view name, const key::ExitCodes& v) {
    begin(name);
    out_ << YAML::BeginMap;
    row_unless_empty("in_sync", v.out.in_sync_exits);
    row_unless_empty("drift", v.out.drift_exits);
    row_unless_empty("broken", v.out.broken_exits);
    out_ << YAML::EndMap;
  }
  void write(std::string_view name, const key::CodeReadings& v) {
    if (v.out.empty()) return;
    begin(name);
    out_ << YAML::BeginMap;
    for (const auto& [code, reading] : v.out) pair(std::to_string(code), std::string(to_string(reading)));
    out_ << YAML::EndMap;
  }

  void write(std::string_view name, const key::Map& v) { named_section(std::string(name), v.section); }
  void write(std::string_view name, const key::Fleet& v) { named_section(std::string(name), section_of(v.out)); }
  void write(std::string_view name, const key::Tls& v) { named_section(std::string(name), section_of(v.out)); }
  void write(std::string_view name, const key::Proxy& v) { named_section(std::string(name), section_of(v.out)); }
  void write(std::string_view name, const key::Targets& v) { sections(name, v.out); }
  void write(std::string_view name, const key::Sinks& v) { sections(name, v.out); }
  void write(std::string_view name, const key::Escalations& v) { sections(name, v.out); }
  void write(std::string_view name, const key::Paths& v) { sections(name, v.out); }
  void write(std::string_view name, const key::Windows& v) { sections(name, v.out); }
  void write(std::string_view name, const key::Surfaces& v) {
    begin(name);
    out_ << YAML::BeginMap;
    for (auto& each : v.out) named_section(each->name, section_of(each.edit()));
    for (const SurfaceConfig& built_in : default_surfaces())
      if (std::none_of(v.out.begin(), v.out.end(), [&](const SurfaceConfig& s) { return s.name == built_in.name; }))
        out_ << YAML::Key << built_in.name << YAML::Value << YAML::Null;
    out_ << YAML::EndMap;
  }
  void write(std::string_view name, const key::Checks& v) {
    begin(name);
    out_ << YAML::BeginMap;
    for (auto& each : v.out) named_section(each.name, section_of(each));
    out_ << YAML::EndMap;
  }
  void write(std::string_view name, const key::Runbooks& v) {
    begin(name);
    out_ << YAML::BeginMap;
    for (auto& [boundary, runbook] : v.out) named_section(std::string(to_string(boundary)), section_of(runbook));
    out_ << YAML::EndMap;
  }

  bool for_digest_;
  YAML::Emitter out_;
};

}  // namespace

// The lists are bound to what they fill, so what is only shown is copied first.
std::string print_config(const Config& config) {
  Config shown = config;
  return Printer(false).print(shown);
}

std::string config_digest(const Config& config) {
  Config shown = config;
  return sha256_hex(Printer(true).print(shown));
}

}  // namespace readback
