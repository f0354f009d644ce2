// The receivers of alerts: each kind has keys of its own, and a boundary is named by its word.
#include <algorithm>

#include "config/load/loader.hpp"
#include "core/text/words.hpp"

namespace readback {

void Loader::read(const Node& n, const key::Sinks& v) {
  each(n, [&](const Node& item) { sink(item, v.out); });
}

void Loader::read(const Node& n, const key::Escalations& v) {
  each(n, [&](const Node& item) {
    EscalationConfig e;
    e.at = place(item);
    map(item, section_of(e));
    if (item.kind == Node::Kind::map && item.find("sinks") && e.sinks.empty())
      error(item, "this escalation calls nobody", "sinks: [second]");
    v.out.push_back(std::move(e));
  });
}

void Loader::sink(const Node& n, std::vector<SinkConfig>& all) {
  SinkConfig s;
  s.at = place(n);
  map(n, section_of(s));
  if (n.kind != Node::Kind::map) return;
  const std::string what = "the sink " + s.name;
  if (!n.find("type"))
    return error(n, "`type` is missing from " + what, "one of webhook, pagerduty, alertmanager, slack, teams");
  for (const auto& other : all)
    if (!s.name.empty() && other.name == s.name)
      error(n, "a sink called `" + s.name + "` " + standing(other.at), "give each its own name");
  if (const Node* scope = n.find("dedup_scope"); scope && s.dedup_scope == DedupScope::host)
    keys_of_one_host_.push_back(place(*scope));
  judge_sink(n, s, what);
  all.push_back(std::move(s));
}

void Loader::read(const Node& n, const key::Template& v) {
  v.out.at = place(n);
  line(n, v.out.file);
}

void Loader::read(const Node& n, const key::ContentType& v) {
  line(n, v.out);
  const auto slash = v.out.find('/');
  if (slash == 0 || slash == v.out.npos || slash + 1 == v.out.size())
    error(n, "`" + n.text + "` is no content type", "like application/json or text/plain");
}

/// Which keys go with which type.
void Loader::judge_sink(const Node& n, const SinkConfig& s, const std::string& what) {
  if (const Node* group = n.find("group"); group && s.group == Grouping::cause && s.type == SinkType::alertmanager)
    error(*group, "an Alertmanager groups by itself", "its own `group_by`");
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
  if (s.type != SinkType::webhook && n.find("template"))
    error(n, "only a webhook has a template", "remove `template` from " + what);
  if (n.find("content_type") && !n.find("template"))
    error(n, "content_type says what a template makes, and " + what + " has none", "template: /path.mustache");
  if (s.type != SinkType::pagerduty && n.find("routing_key"))
    error(n, "only pagerduty has a routing key", "remove `routing_key` from " + what);
}

void Loader::read(const Node& n, const key::Boundaries& v) {
  each(n, [&](const Node& item) {
    if (const auto b = boundary(item)) v.out.push_back(*b);
  });
  if (n.kind == Node::Kind::list && n.items.empty())
    error(n, "this sink takes no boundary at all", "leave `boundaries` out to take every one");
}

std::optional<Boundary> Loader::boundary(const Node& n) {
  const auto found = parse_boundary(n.text);
  if (found) return found;
  std::vector<std::string> names;
  for (const Boundary b : all_boundaries) names.emplace_back(to_string(b));
  error(n, "`" + n.text + "` is no boundary", meant_or(n.text, names, "one of " + joined(names)));
  return std::nullopt;
}

}  // namespace readback
