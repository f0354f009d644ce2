// The fleet: who its members are, and the servers between them. What is asked here most of all is whether those servers
// stay when the platform goes.
#include <algorithm>
#include <cctype>

#include "config/load/loader.hpp"
#include "core/text/url.hpp"
#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::size_t most_urls = 16;

/// The address of a server, by the rules of every other address.
Result<Url> parse_nats_url(std::string_view text) {
  for (const std::string_view scheme : {"nats://", "tls://"})
    if (text.starts_with(scheme)) return parse_url("http://" + std::string(text.substr(scheme.size())));
  return Failure{"nats://HOST[:PORT] or tls://HOST[:PORT]"};
}

/// One name for a host that has several: this machine is itself under all of its loopback addresses.
std::string plain_host(const Url& url) {
  if (url.scheme == Url::Scheme::unix_socket || is_loopback_host(url.host_header())) return "localhost";
  return lower_case(known_host(url.host));
}

}  // namespace

void Loader::read(const Node& n, const key::Token& v) {
  if (!scalar(n, "a name")) return;
  const bool fine = !n.text.empty() && n.text.size() <= 32 &&
                    std::all_of(n.text.begin(), n.text.end(),
                                [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
  if (!fine) return error(n, "`" + n.text + "` is no name of a fleet", "use letters, digits, `-` and `_`, at most 32");
  v.out = n.text;
}

void Loader::read(const Node& n, const key::NatsUrls& v) {
  each(n, [&](const Node& item) {
    if (!scalar(item, "an address")) return;
    const std::string shown = "`" + shown_address(item.text) + "`";
    if (item.text.find('@') != item.text.npos)
      return error(item, "the address holds a user name or a password",
                   "put it into `user` and `password`, or `token`");
    const auto url = parse_nats_url(item.text);
    if (!url)
      return error(item, shown + " is no address of a NATS server: " + url.error(), "like nats://10.0.0.1:4222");
    if (url->target != "/") return error(item, shown + ": there is more than host and port", "nats://HOST[:PORT]");
    if (std::find(v.out.urls.begin(), v.out.urls.end(), item.text) != v.out.urls.end())
      return error(item, shown + " stands above already", "name each server once");
    v.out.urls.push_back(item.text);
    v.out.urls_at.push_back(place(item));
  });
  if (n.kind == Node::Kind::list && n.items.empty()) error(n, "no server is named", "[nats://10.0.0.1:4222]");
  if (n.items.size() > most_urls)
    error(n, "there are more than " + std::to_string(most_urls) + " servers", "a few of a cluster name the others");
}

void Loader::read(const Node& n, const key::Fleet& v) {
  v.out.at = place(n);
  map(n, section_of(v.out));
  if (n.kind != Node::Kind::map) return;
  if (const Node* nats = n.find("nats"); nats && nats->kind == Node::Kind::map) judge_nats(*nats, v.out.nats);
  if (const Node* within = n.find("agree_within"); v.out.agree_within >= v.out.silent_after)
    error(within ? *within : n, "agree_within is as long as silent_after: who is waited for is missing by then",
          "a few times less than silent_after");
}

/// One way to say who we are, whole, and at least one.
void Loader::judge_nats(const Node& n, const NatsConfig& nats) {
  std::vector<std::string> ways;
  if (nats.credentials) ways.emplace_back("credentials");
  if (nats.token) ways.emplace_back("token");
  if (!nats.user.empty() || nats.password) ways.emplace_back("user and password");
  if (ways.size() > 1) error(n, "nats has " + joined(ways, " as well as "), "keep one of them");
  if (nats.user.empty() != !nats.password)
    error(n, "nats needs both user and password", nats.password ? "user: readback" : "password: {credential: NAME}");
  if (ways.empty() && nats.tls.cert_file.empty())
    warn(n, "whoever reaches these servers may speak for this fleet", "credentials: {credential: NAME}");
}

/// What the fleet has to do with the rest of the file.
void Loader::whole_fleet() {
  auto& fleet = config_.fleet;
  if (!fleet.is_on()) return;
  for (std::size_t i = 0; i < fleet.nats.urls.size(); ++i) {
    const auto server = parse_nats_url(fleet.nats.urls[i]);
    for (const TargetConfig& t : config_.targets) {
      const auto base = parse_url(t.base_url);
      if (!server || !base || plain_host(*server) != plain_host(*base)) continue;
      Node at;
      at.line = fleet.nats.urls_at[i].line, at.column = fleet.nats.urls_at[i].column;
      warn(at,
           "the fleet's server " + fleet.nats.urls[i] + " is on the host of the target " + t.name +
               ": an outage takes both",
           "a server of the watchers' own, on another host");
    }
  }
  for (const auto& scope : keys_of_one_host_)
    warn(node_at(scope), "in a fleet several hosts share one incident, and its key is the platform's",
         "dedup_scope: platform");
  for (const auto& sink : config_.alerts.sinks)
    if (sink.group == Grouping::cause)
      warn(node_at(sink.at), "in a fleet each target has its own page, also at " + sink.name, "group: none");
  file_ = main_;
  for (auto& sink : config_.alerts.sinks) sink.group = Grouping::none, sink.dedup_scope = DedupScope::platform;
}

}  // namespace readback
