#include "core/alert/render.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "core/alert/signature.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

namespace json = boost::json;

// Marks for what an attempt adds. Serialised JSON has no byte below 0x20, so they cannot be confused with text.
constexpr char sent_at_mark = '\x01';  // 2026-11-23T03:11:58.000Z
constexpr char delayed_mark = '\x02';  // ,"delayed_s":1230
constexpr char routing_mark = '\x03';  // the routing key, as the inside of a JSON string
constexpr char late_mark = '\x04';     // " · delivered 20m 30s late", as the inside of a JSON string

constexpr std::size_t key_limit = 255;
constexpr std::size_t pagerduty_summary = 1024;
constexpr std::size_t slack_section = 3000, slack_header = 150;

/// How much of each text a body takes. Halved until the body fits.
struct Caps {
  std::size_t summary = 16384, text = 16384, why = 4096, why_count = 100;
  Caps half() const { return {summary / 2, text / 2, why / 2, why_count / 2}; }
};
constexpr Caps minimal_caps{300, 300, 0, 0};

std::string fit(std::string_view text, std::size_t most) { return cut_bytes(clean_utf8(text), most); }

std::string quoted(std::string_view text) { return json::serialize(json::string_view(text.data(), text.size())); }

/// An object whose members stand in the order in which they were added, with raw text where a mark is needed.
class ObjectText {
 public:
  ObjectText& member(std::string_view name, const json::value& v) { return raw(name, json::serialize(v)); }
  ObjectText& text(std::string_view name, std::string_view v) { return raw(name, quoted(v)); }
  ObjectText& raw(std::string_view name, std::string_view v) {
    out_ += out_.empty() ? "{" : ",";
    out_ += quoted(name);
    out_ += ':';
    out_ += v;
    return *this;
  }
  ObjectText& append(char mark) {
    out_ += mark;
    return *this;
  }
  std::string done() const { return out_.empty() ? "{}" : out_ + "}"; }

 private:
  std::string out_;
};

std::string array_text(const std::vector<std::string>& entries) {
  std::string out = "[";
  for (const auto& entry : entries) out += (out.size() > 1 ? "," : "") + entry;
  return out + "]";
}

const std::string sent_at_text = std::string("\"") + sent_at_mark + "\"";

std::vector<std::string> why_of(const AlertEvent& e, const Caps& caps) {
  std::vector<std::string> why;
  for (const auto& reason : e.incident.why) {
    if (why.size() == caps.why_count) {
      if (caps.why_count) why.push_back("\u2026 and " + std::to_string(e.incident.why.size() - why.size()) + " more");
      break;
    }
    why.push_back(fit(reason, caps.why));
  }
  return why;
}

json::array to_array(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

json::array also_of(const AlertEvent& e) {
  json::array also;
  for (const Boundary b : e.incident.also) also.emplace_back(to_string(b));
  return also;
}

std::string first_failure_text(const FirstFailure& first, const Caps& caps) {
  return ObjectText()
      .text("read", fit(first.read, 512))
      .text("at", to_rfc3339(first.at))
      .text("reason", fit(first.reason, caps.text / 4))
      .done();
}

std::string evidence_text(const AlertEvent& e, const Caps& caps) {
  ObjectText evidence;
  if (e.incident.evidence.snapshot.empty()) {
    evidence.member("snapshot", nullptr).member("sha256", nullptr);
  } else {
    evidence.text("snapshot", e.incident.evidence.snapshot).text("sha256", e.incident.evidence.sha256);
    evidence.text("pull", "readback snapshot pull " + e.incident.evidence.snapshot);
  }
  if (!e.evidence_note.empty()) evidence.text("note", fit(e.evidence_note, caps.text / 4));
  return evidence.done();
}

std::string runbook_text(const Runbook& r) {
  return ObjectText()
      .text("title", fit(r.title, 1024))
      .text("url", fit(r.url, 2048))
      .text("owner", fit(r.owner, 1024))
      .done();
}

std::string optional_time(WallTime t) { return t == WallTime{} ? "null" : quoted(to_rfc3339(t)); }

std::string webhook_text(const AlertEvent& e, const std::string& key, const Caps& caps) {
  ObjectText incident;
  incident.text("id", e.incident.id)
      .text("episode", e.incident.episode)
      .text("boundary", to_string(e.incident.boundary));
  incident.text("extent", to_string(e.incident.extent)).text("severity", to_string(e.incident.severity));
  incident.raw("opened_at", optional_time(e.incident.opened_at))
      .raw("confirmed_at", optional_time(e.incident.confirmed_at));
  incident.raw("first_failure",
               e.incident.first_failure ? first_failure_text(*e.incident.first_failure, caps) : "null");
  incident.text("symptom", fit(e.incident.symptom, caps.text));

  ObjectText body;
  body.text("schema", "readback.alert/v1").text("id", e.id).text("event", to_string(e.kind));
  body.raw("sent_at", sent_at_text).append(delayed_mark);
  body.text("dedup_key", key).text("environment", fit(e.environment, 1024)).text("host", fit(e.host, 1024));
  body.text("target", fit(e.incident.target, 1024)).raw("incident", incident.done());
  body.text("summary", fit(e.incident.summary, caps.summary))
      .member("why", to_array(why_of(e, caps)))
      .member("also", also_of(e));
  body.raw("evidence", evidence_text(e, caps)).raw("runbook", runbook_text(e.incident.runbook));
  body.text("next_safe_step", fit(e.incident.next_safe_step, caps.text / 4));
  return body.done();
}

// ---- pagerduty

/// Reminders and escalations trigger again with the same key: PagerDuty then updates the open alert instead of making
/// one.
std::string_view pagerduty_action(EventKind kind) {
  switch (kind) {
    case EventKind::acknowledged: return "acknowledge";
    case EventKind::resolved: return "resolve";
    case EventKind::firing:
    case EventKind::escalated:
    case EventKind::reminder:
    case EventKind::intermittent:
    case EventKind::recovered:
    case EventKind::relapsed:
    case EventKind::test: return "trigger";
  }
  return "trigger";
}

bool is_web_address(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }

std::string pagerduty_text(const AlertEvent& e, const std::string& key, const Caps& caps) {
  ObjectText details;
  details.text("event", to_string(e.kind)).raw("sent_at", sent_at_text).append(delayed_mark);
  details.text("event_id", e.id).text("incident", e.incident.id).text("boundary", to_string(e.incident.boundary));
  details.text("extent", to_string(e.incident.extent))
      .text("target", fit(e.incident.target, 1024))
      .text("host", fit(e.host, 1024));
  details.raw("opened_at", optional_time(e.incident.opened_at)).text("symptom", fit(e.incident.symptom, caps.text));
  if (e.incident.first_failure) details.raw("first_failure", first_failure_text(*e.incident.first_failure, caps));
  details.member("why", to_array(why_of(e, caps))).member("also", also_of(e));
  details.raw("evidence", evidence_text(e, caps)).text("runbook_owner", fit(e.incident.runbook.owner, 1024));
  details.text("next_safe_step", fit(e.incident.next_safe_step, caps.text / 4));

  // PagerDuty refuses an empty summary or source.
  const auto summary =
      cut_characters(fit(e.incident.summary.empty() ? std::string_view("Readback") : e.incident.summary, caps.summary),
                     pagerduty_summary);
  ObjectText payload;
  payload.text("summary", summary).text("source", fit(e.incident.target.empty() ? e.host : e.incident.target, 1024));
  payload.text("severity", to_string(e.incident.severity)).text("timestamp", to_rfc3339(e.at));
  payload.text("component", fit(e.incident.target, 1024))
      .text("group", fit(e.environment, 1024))
      .text("class", to_string(e.incident.boundary));
  payload.raw("custom_details", details.done());

  ObjectText body;
  body.raw("routing_key", std::string("\"") + routing_mark + "\"").text("event_action", pagerduty_action(e.kind));
  body.text("dedup_key", key).raw("payload", payload.done()).text("client", "Readback");
  if (is_web_address(e.incident.runbook.url)) {
    const auto title = e.incident.runbook.title.empty() ? e.incident.runbook.url : e.incident.runbook.title;
    body.raw("links",
             array_text(
                 {ObjectText().text("href", fit(e.incident.runbook.url, 2048)).text("text", fit(title, 1024)).done()}));
  } else {
    body.member("links", json::array());
  }
  return body.done();
}

// ---- slack

/// Slack's three characters with a meaning; cut so that the escaped text stays within `most` characters.
std::string slack_escaped(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t used = 0;
  const auto clean = clean_utf8(text);
  std::size_t i = 0;
  while (i < clean.size()) {
    std::size_t end = i + 1;
    while (end < clean.size() && (static_cast<unsigned char>(clean[end]) & 0xc0) == 0x80) ++end;
    std::string piece = clean.substr(i, end - i);
    if (piece == "&") piece = "&amp;";
    if (piece == "<") piece = "&lt;";
    if (piece == ">") piece = "&gt;";
    const auto size = piece[0] == '&' ? piece.size() : 1;
    if (used + size + 1 > most) return out + "\u2026";
    used += size;
    out += piece;
    i = end;
  }
  return out;
}

std::string slack_text_block(std::string_view text) {
  return ObjectText()
      .text("type", "section")
      .raw("text", ObjectText().text("type", "mrkdwn").text("text", text).done())
      .done();
}

std::string slack_text(const AlertEvent& e, const Caps& caps) {
  static constexpr const char* icons[] = {"\U0001f535", "\U0001f7e1", "\U0001f7e0", "\U0001f534"};
  const bool good = e.kind == EventKind::resolved || e.kind == EventKind::recovered;
  const std::string icon = good ? "\U0001f7e2" : icons[static_cast<std::size_t>(e.incident.severity)];
  const std::string head = icon + " " + std::string(to_string(e.kind)) + ": " + upper(e.incident.boundary) + " " +
                           std::string(to_string(e.incident.extent)) + ", " + e.incident.target + " (" + e.environment +
                           ")";
  std::vector<std::string> blocks;
  blocks.push_back(ObjectText()
                       .text("type", "header")
                       .raw("text", ObjectText()
                                        .text("type", "plain_text")
                                        .text("text", cut_characters(clean_utf8(head), slack_header))
                                        .member("emoji", true)
                                        .done())
                       .done());
  blocks.push_back(slack_text_block(
      slack_escaped(e.incident.summary.empty() ? head : e.incident.summary, std::min(slack_section, caps.summary))));
  std::string why;
  for (const auto& reason : why_of(e, caps)) why += "\u2022 " + reason + "\n";
  if (!why.empty()) blocks.push_back(slack_text_block(slack_escaped(why, slack_section)));
  if (!e.incident.symptom.empty() && caps.why_count)
    blocks.push_back(slack_text_block("*Symptom:* " + slack_escaped(e.incident.symptom, slack_section - 20)));
  std::string next;
  if (is_web_address(e.incident.runbook.url)) {
    // The address stands inside <…|…>: what would end it there is written in its percent form.
    std::string url;
    for (const char c : fit(e.incident.runbook.url, 1000)) {
      if (c == '|')
        url += "%7C";
      else if (c == '<')
        url += "%3C";
      else if (c == '>')
        url += "%3E";
      else
        url += c;
    }
    next += "*Runbook:* <" + url + "|" +
            slack_escaped(e.incident.runbook.title.empty() ? "open" : e.incident.runbook.title, 300) + ">";
  } else if (!e.incident.runbook.title.empty()) {
    next += "*Runbook:* " + slack_escaped(e.incident.runbook.title, 300);
  }
  if (!e.incident.runbook.owner.empty())
    next += (next.empty() ? "*Owner:* " : ", owner ") + slack_escaped(e.incident.runbook.owner, 300);
  if (!e.incident.next_safe_step.empty() && caps.why_count)
    next +=
        (next.empty() ? "" : "\n") + std::string("*Next safe step:* ") + slack_escaped(e.incident.next_safe_step, 1000);
  if (!next.empty()) blocks.push_back(slack_text_block(next));
  std::string foot = "host " + slack_escaped(e.host, 300) + ", incident " + slack_escaped(e.incident.id, 100);
  if (!e.incident.evidence.snapshot.empty())
    foot += ", evidence: `readback snapshot pull " + slack_escaped(e.incident.evidence.snapshot, 100) + "`";
  else if (!e.evidence_note.empty())
    foot += ", no evidence: " + slack_escaped(e.evidence_note, 300);
  std::string foot_text = quoted(foot);
  foot_text.insert(foot_text.size() - 1, 1, late_mark);
  blocks.push_back(ObjectText()
                       .text("type", "context")
                       .raw("elements", array_text({ObjectText().text("type", "mrkdwn").raw("text", foot_text).done()}))
                       .done());
  const auto fallback = slack_escaped(e.incident.summary.empty() ? head : e.incident.summary, slack_section);
  return ObjectText().text("text", fallback).raw("blocks", array_text(blocks)).done();
}

// ---- alertmanager

std::string alert_name(const AlertEvent& e) {
  if (e.kind == EventKind::test) return "ReadbackTest";
  std::string word(to_string(e.incident.boundary));
  word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return "Readback" + word;
}

std::string alert_labels(const SinkConfig& sink, const AlertEvent& e) {
  ObjectText labels;
  labels.text("alertname", alert_name(e))
      .text("environment", fit(e.environment, 1024))
      .text("target", fit(e.incident.target, 1024));
  labels.text("boundary", to_string(e.incident.boundary)).text("severity", to_string(e.incident.severity));
  if (sink.dedup_scope == DedupScope::host) labels.text("host", fit(e.host, 1024));
  return labels.done();
}

std::string alert_object(const std::string& labels, const AlertEvent& e, const Caps& caps) {
  std::string description;
  for (const auto& reason : why_of(e, caps)) description += (description.empty() ? "" : "\n") + reason;
  ObjectText notes;
  notes.text("summary", fit(e.incident.summary, caps.summary)).text("description", description);
  notes.text("runbook_url", fit(e.incident.runbook.url, 2048))
      .text("runbook_owner", fit(e.incident.runbook.owner, 1024));
  notes.text("extent", to_string(e.incident.extent))
      .text("symptom", fit(e.incident.symptom, caps.text))
      .text("event", to_string(e.kind));
  notes.text("incident", e.incident.id).text("next_safe_step", fit(e.incident.next_safe_step, caps.text / 4));
  if (!e.incident.evidence.snapshot.empty())
    notes.text("evidence", "readback snapshot pull " + e.incident.evidence.snapshot)
        .text("sha256", e.incident.evidence.sha256);
  const auto starts = e.incident.confirmed_at != WallTime{} ? e.incident.confirmed_at : e.at;
  return ObjectText()
      .raw("labels", labels)
      .raw("annotations", notes.done())
      .text("startsAt", to_rfc3339(starts))
      .done();
}

/// Alertmanager takes an alert as resolved when its end is not in the future.
std::string ended(std::string alert, WallTime end) {
  alert.insert(alert.size() - 1, ",\"endsAt\":" + quoted(to_rfc3339(end)));
  return alert;
}

Rendered render_alertmanager(const SinkConfig& sink, const AlertEvent& e, const std::vector<OpenAlert>& open) {
  Rendered r;
  const auto labels = alert_labels(sink, e);
  r.key = labels.size() <= key_limit ? labels : "labels-" + sha256_hex(labels);
  if (e.kind == EventKind::resolved) {
    std::vector<RepeatedAlert> all;
    for (const auto& was : open) all.push_back({was.body, e.at});
    r.body = alertmanager_body(all);
    r.minimal_body = r.body;
    if (!open.empty()) r.key = open.front().key;
    return r;
  }
  Caps caps;
  auto alert = alert_object(labels, e, caps);
  while (alert.size() > body_limit / 4) {
    caps = caps.half();
    alert = alert_object(labels, e, caps);
  }
  auto small = alert_object(labels, e, minimal_caps);
  std::vector<std::string> ends;
  for (const auto& was : open)  // the severity is a label: with another one the old alert ends where the new one begins
    if (was.key != r.key) ends.push_back(ended(was.body, e.at));
  if (e.kind == EventKind::test) {
    alert = ended(alert, e.at + std::chrono::minutes(1));
    small = ended(small, e.at + std::chrono::minutes(1));
  }
  r.opened_body = alert;
  ends.push_back(alert);
  r.body = array_text(ends);
  ends.back() = small;
  r.minimal_body = array_text(ends);
  return r;
}

}  // namespace

std::string dedup_key(const SinkConfig& sink, const AlertEvent& event) {
  std::string key = clean_utf8(event.incident.dedup_base);
  if (sink.dedup_scope == DedupScope::host && !event.host.empty()) key += "/" + clean_utf8(event.host);
  if (key.size() <= key_limit) return key;
  const auto digest = sha256_hex(key);
  return cut_bytes(key, key_limit - 1 - digest.size()) + "-" + digest;
}

std::string event_json(const AlertEvent& event, const std::string& key, WallTime sent_at) {
  return finish_body(webhook_text(event, key, {}), event.at, sent_at, "");
}

Rendered render(const SinkConfig& sink, const AlertEvent& event, const std::vector<OpenAlert>& open) {
  if (sink.type == SinkType::alertmanager) return render_alertmanager(sink, event, open);
  Rendered r;
  r.key = open.empty() ? dedup_key(sink, event) : open.front().key;
  const auto text = [&](const Caps& caps) -> std::string {
    switch (sink.type) {
      case SinkType::webhook: return webhook_text(event, r.key, caps);
      case SinkType::pagerduty: return pagerduty_text(event, r.key, caps);
      case SinkType::slack: return slack_text(event, caps);
      case SinkType::alertmanager: break;
    }
    return {};
  };
  Caps caps;
  r.body = text(caps);
  while (r.body.size() > body_limit) {
    caps = caps.half();
    r.body = text(caps);
  }
  r.minimal_body = text(minimal_caps);
  return r;
}

std::string finish_body(const std::string& body, WallTime event_at, WallTime sent_at, const std::string& routing_key) {
  const auto late = std::chrono::floor<Seconds>(sent_at - event_at).count();
  std::string out;
  out.reserve(body.size() + 96);
  for (const char c : body) {
    switch (c) {
      case sent_at_mark: out += to_rfc3339(sent_at); break;
      case delayed_mark:
        if (late >= 1) out += ",\"delayed_s\":" + std::to_string(late);
        break;
      case routing_mark: {
        const auto text = quoted(clean_utf8(routing_key));
        out += std::string_view(text).substr(1, text.size() - 2);
        break;
      }
      case late_mark:
        if (late >= 60)
          out += ", happened at " + to_clock(event_at) + " and delivered " + humanize(sent_at - event_at) + " late";
        break;
      default: out += c;
    }
  }
  return out;
}

std::string alertmanager_body(const std::vector<RepeatedAlert>& alerts) {
  std::vector<std::string> all;
  for (const auto& alert : alerts) all.push_back(alert.ended ? ended(alert.body, *alert.ended) : alert.body);
  return array_text(all);
}

}  // namespace readback
