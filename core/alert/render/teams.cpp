// An Adaptive Card for a workflow of Microsoft Teams. What the platform said stands in runs of text, which no Markdown
// is read from: it cannot make a link of its own. A card is read on a phone, so it is short; all of it is behind the
// button.
#include <algorithm>

#include "core/alert/render/parts.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

constexpr std::size_t most_reasons = 5;

/// `look` are further members of the run: `,"weight":"Bolder"`.
std::string text_block(const std::string& quoted_text, const std::string& look, const char* spacing = "Default") {
  const std::string run = R"({"type":"TextRun","text":)" + quoted_text + look + "}";
  return ObjectText().text("type", "RichTextBlock").text("spacing", spacing).raw("inlines", "[" + run + "]").done();
}

/// A fact is read as Markdown: what would begin a link or an emphasis is written as itself.
std::string fact(std::string_view title, std::string_view value) {
  std::string plain;
  for (const char c : fit(value, 1000)) {
    if (std::string_view("\\[]*`").find(c) != std::string_view::npos) plain += '\\';
    plain += c;
  }
  return ObjectText().text("title", title).text("value", plain).done();
}

std::vector<std::string> facts_of(const AlertEvent& e, const Caps& caps) {
  const auto& i = e.incident;
  std::vector<std::string> facts;
  facts.push_back(fact("Since", to_rfc3339(std::chrono::floor<Seconds>(i.opened_at))));
  facts.push_back(fact("Target", where_of(e)));
  if (is_good_news(e) || is_of_silence(e.kind)) return facts;
  if (!i.runbook.title.empty()) facts.push_back(fact("Runbook", i.runbook.title));
  if (!i.runbook.owner.empty()) facts.push_back(fact("Owner", i.runbook.owner));
  if (!i.next_safe_step.empty() && caps.why_count) facts.push_back(fact("Next safe step", i.next_safe_step));
  return facts;
}

std::string open_url(std::string_view title, std::string_view url) {
  return ObjectText().text("type", "Action.OpenUrl").text("title", title).text("url", fit(url, 2048)).done();
}

std::string foot_of(const AlertEvent& e) {
  std::string foot = "host " + fit(e.host, 300) + ", " + std::string(thing_of(e)) + " " + fit(e.incident.id, 100);
  if (!e.incident.evidence.snapshot.empty())
    foot += ", evidence: readback snapshot pull " + fit(e.incident.evidence.snapshot, 100);
  else if (!e.evidence_note.empty())
    foot += ", no evidence: " + fit(e.evidence_note, 300);
  std::string text = quoted_json(foot);
  text.insert(text.size() - 1, 1, late_mark);
  return text;
}

std::string colour_of(const AlertEvent& e) {
  if (is_good_news(e)) return "Good";
  switch (e.incident.severity) {
    case Severity::info: return "Accent";
    case Severity::warning: return "Warning";
    case Severity::error:
    case Severity::critical: return "Attention";
  }
  return "Default";
}

}  // namespace

std::string teams_text(const AlertEvent& e, const Caps& caps) {
  const auto& i = e.incident;
  const std::string head = fit(headline(e), 300);
  std::vector<std::string> body;
  body.push_back(
      text_block(quoted_json(head), R"(,"size":"Medium","weight":"Bolder","color":")" + colour_of(e) + "\""));
  if (!i.summary.empty()) body.push_back(text_block(quoted_json(fit(i.summary, caps.summary)), ""));
  Caps few = caps;
  few.why_count = std::min(caps.why_count, most_reasons);
  for (const auto& reason : why_of(e, few)) body.push_back(text_block(quoted_json("\u2022 " + reason), "", "Small"));
  body.push_back(ObjectText().text("type", "FactSet").raw("facts", array_text(facts_of(e, caps))).done());
  body.push_back(text_block(foot_of(e), R"(,"isSubtle":true,"size":"Small")"));

  std::vector<std::string> actions;
  if (!e.url.empty()) actions.push_back(open_url("Open in Readback", e.url));
  if (is_web_address(i.runbook.url) && !is_good_news(e)) actions.push_back(open_url("Runbook", i.runbook.url));

  ObjectText card;
  card.text("$schema", "http://adaptivecards.io/schemas/adaptive-card.json").text("type", "AdaptiveCard");
  card.text("version", "1.4").text("fallbackText", i.summary.empty() ? head : fit(i.summary, caps.summary));
  card.raw("msteams", R"({"width":"Full"})").raw("body", array_text(body));
  if (!actions.empty()) card.raw("actions", array_text(actions));
  ObjectText attachment;
  attachment.text("contentType", "application/vnd.microsoft.card.adaptive").raw("content", card.done());
  return ObjectText().text("type", "message").raw("attachments", array_text({attachment.done()})).done();
}

}  // namespace readback
