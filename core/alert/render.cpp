// Which renderer a sink has, and the keys; a body that is too long is rendered anew with half of each text until it
// fits.
#include "core/alert/render.hpp"

#include <algorithm>

#include "core/alert/render/parts.hpp"
#include "core/alert/render/template.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {

std::string dedup_key(const SinkConfig& sink, const AlertEvent& event) {
  std::string key = clean_utf8(event.incident.dedup_base);
  if ((sink.dedup_scope == DedupScope::host || event.is_of_host) && !event.host.empty())
    key += "/" + clean_utf8(event.host);
  if (key.size() <= key_limit) return key;
  const auto digest = sha256_hex(key);
  return cut_bytes(key, key_limit - 1 - digest.size()) + "-" + digest;
}

std::string event_json(const AlertEvent& event, const std::string& key, WallTime sent_at) {
  return finish_body(webhook_text(event, key, {}), event.at, sent_at, "");
}

namespace {

/// The event as it is, or what the user's template makes of it. One that makes too much of this event gets less of its
/// texts; before a page is lost it is sent as it is.
std::string own_text(const SinkConfig& sink, const AlertEvent& event, const std::string& key, Caps caps,
                     std::string& content_type) {
  content_type = "application/json";
  const auto as_it_is = webhook_text(event, key, caps);
  if (sink.body.file.empty()) return as_it_is;
  for (;; caps = caps.half()) {
    const auto whole = finish_body(webhook_text(event, key, caps), event.at, event.at, "");
    auto made = render_template(sink.body.text, sink.body.content_type, whole);
    if (made) content_type = sink.body.content_type;
    if (made) return *std::move(made);
    if (caps.text == 0) return as_it_is;
  }
}

}  // namespace

Rendered render(const SinkConfig& sink, const AlertEvent& event, const std::vector<OpenAlert>& open) {
  if (sink.type == SinkType::alertmanager) return render_alertmanager(sink, event, open);
  Rendered r;
  r.key = open.empty() ? dedup_key(sink, event) : open.front().key;
  std::string content_type = r.content_type;
  const auto text = [&](const Caps& caps) -> std::string {
    switch (sink.type) {
      case SinkType::webhook: return own_text(sink, event, r.key, caps, content_type);
      case SinkType::pagerduty: return pagerduty_text(event, r.key, caps);
      case SinkType::slack: return slack_text(event, caps);
      case SinkType::teams: return teams_text(event, caps);
      case SinkType::alertmanager: break;
    }
    return {};
  };
  Caps caps;
  r.body = text(caps);
  const auto most = sink.type == SinkType::teams ? teams_limit : body_limit;
  while (r.body.size() > most) {
    caps = caps.half();
    r.body = text(caps);
  }
  r.content_type = content_type;
  r.minimal_body = text(minimal_caps);
  if (content_type != r.content_type) r.minimal_body.clear();  // a row has one type
  return r;
}

std::string finish_body(const std::string& body, WallTime event_at, WallTime sent_at, const std::string& routing_key,
                        std::optional<Millis> age) {
  const Millis delay = age.value_or(sent_at - event_at);
  const auto late = std::chrono::floor<Seconds>(delay).count();
  std::string out;
  out.reserve(body.size() + 96);
  const auto is_mark = [](char c) { return c >= sent_at_mark && c <= late_mark; };
  for (auto at = body.begin(); at != body.end(); ++at) {
    const auto mark = std::find_if(at, body.end(), is_mark);
    out.append(at, mark);
    at = mark;
    if (at == body.end()) break;
    switch (*at) {
      case sent_at_mark: out += to_rfc3339(sent_at); break;
      case delayed_mark:
        if (late >= 1) out += ",\"delayed_s\":" + std::to_string(late);
        break;
      case routing_mark: {
        const auto text = quoted_json(clean_utf8(routing_key));
        out += std::string_view(text).substr(1, text.size() - 2);
        break;
      }
      case late_mark:
        if (late >= 60) out += ", happened at " + to_clock(event_at) + " and delivered " + humanize(delay) + " late";
        break;
    }
  }
  return out;
}

}  // namespace readback
