// Block Kit for an incoming webhook: what happened in the header, why, and what may safely be done next.
#include <algorithm>

#include "core/alert/render/parts.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace {

constexpr std::size_t slack_section = 3000, slack_header = 150, slack_address = 3000;  // characters

/// Slack's three characters with a meaning; cut so that the escaped text stays within `most` characters.
std::string slack_escaped(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t used = 0;
  const auto clean = clean_utf8(text);
  std::size_t i = 0;
  while (i < clean.size()) {
    std::size_t end = i + 1;
    while (end < clean.size() && (static_cast<unsigned char>(clean[end]) & 0xc0) == 0x80) ++end;
    auto piece = std::string_view(clean).substr(i, end - i);
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

std::string button_block(std::string_view label, std::string_view url) {
  const auto text = ObjectText().text("type", "plain_text").text("text", label).done();
  const auto button = ObjectText().text("type", "button").raw("text", text).text("url", fit(url, slack_address)).done();
  return ObjectText().text("type", "actions").raw("elements", array_text({button})).done();
}

/// A symptom in somebody's words; what failed first stands among the reasons already.
bool says_more(const IncidentRecord& i) {
  return !i.symptom.empty() && !i.resolved_at && !i.recovered_at &&
         !(i.first_failure && i.symptom == i.first_failure->read + ": " + i.first_failure->reason);
}

/// Runbook, owner and next safe step.
std::string next_text(const AlertEvent& e, const Caps& caps) {
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
  return next;
}

}  // namespace

std::string slack_text(const AlertEvent& e, const Caps& caps) {
  const std::string head = headline(e);
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
  if (says_more(e.incident) && caps.why_count)
    blocks.push_back(slack_text_block("*Symptom:* " + slack_escaped(e.incident.symptom, slack_section - 20)));
  const auto next = next_text(e, caps);
  if (!next.empty()) blocks.push_back(slack_text_block(next));
  if (!e.url.empty()) blocks.push_back(button_block("Open in Readback", e.url));
  std::string foot =
      "host " + slack_escaped(e.host, 300) + ", " + std::string(thing_of(e)) + " " + slack_escaped(e.incident.id, 100);
  if (!e.incident.evidence.snapshot.empty())
    foot += ", evidence: `readback snapshot pull " + slack_escaped(e.incident.evidence.snapshot, 100) + "`";
  else if (!e.evidence_note.empty())
    foot += ", no evidence: " + slack_escaped(e.evidence_note, 300);
  std::string foot_text = quoted_json(foot);
  foot_text.insert(foot_text.size() - 1, 1, late_mark);
  blocks.push_back(ObjectText()
                       .text("type", "context")
                       .raw("elements", array_text({ObjectText().text("type", "mrkdwn").raw("text", foot_text).done()}))
                       .done());
  const auto fallback = slack_escaped(e.incident.summary.empty() ? head : e.incident.summary, slack_section);
  return ObjectText().text("text", fallback).raw("blocks", array_text(blocks)).done();
}

}  // namespace readback
