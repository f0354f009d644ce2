// Texts come from operators and from the watched platform: each is made valid and is cut before it is quoted.
#include "core/alert/render/parts.hpp"

#include "core/text/utf8.hpp"

namespace readback {
namespace {

constexpr std::size_t most_in_group = 100;  // are named

std::string list_text(const std::vector<std::string>& hosts) {
  json::array names;
  for (const auto& host : hosts) names.emplace_back(fit(host, 256));
  return json::serialize(names);
}

}  // namespace

std::string fit(std::string_view text, std::size_t most) { return cut_bytes(clean_utf8(text), most); }

std::string array_text(const std::vector<std::string>& entries) {
  std::string out = "[";
  for (const auto& entry : entries) {
    if (out.size() > 1) out += ',';
    out += entry;
  }
  out += ']';
  return out;
}

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

IncidentRecord fitted(const AlertEvent& e, const Caps& caps) {
  IncidentRecord record = e.incident;
  record.target = fit(record.target, 1024);
  record.symptom = fit(record.symptom, caps.text);
  record.summary = fit(record.summary, caps.summary);
  record.why = why_of(e, caps);
  record.next_safe_step = fit(record.next_safe_step, caps.text / 4);
  record.runbook.title = fit(record.runbook.title, 1024);
  record.runbook.url = fit(record.runbook.url, 2048);
  record.runbook.owner = fit(record.runbook.owner, 1024);
  if (auto& first = record.first_failure) {
    first->read = fit(first->read, 512);
    first->reason = fit(first->reason, caps.text / 4);
  }
  return record;
}

std::string evidence_text(const AlertEvent& e, const Caps& caps) {
  ObjectText evidence;
  if (e.incident.evidence.snapshot.empty()) {
    evidence.member("snapshot", nullptr).member("sha256", nullptr);
  } else {
    evidence.text("snapshot", e.incident.evidence.snapshot).text("sha256", e.incident.evidence.sha256);
    evidence.text("pull", "readback snapshot pull " + e.incident.evidence.snapshot);
    if (!e.incident.evidence.signature.empty())
      evidence.text("signature", e.incident.evidence.signature).text("key", e.incident.evidence.key);
  }
  if (!e.evidence_note.empty()) evidence.text("note", fit(e.evidence_note, caps.text / 4));
  return evidence.done();
}

std::string group_text(const Grouped& group) {
  const auto last = group.targets.begin() + static_cast<std::ptrdiff_t>(std::min(group.targets.size(), most_in_group));
  return ObjectText()
      .text("incident", group.leader)
      .raw("count", std::to_string(group.targets.size()))
      .raw("targets", list_text({group.targets.begin(), last}))
      .done();
}

std::string fleet_text(const FleetSaid& said) {
  return ObjectText()
      .raw("seen_from", list_text(said.seen_from))
      .raw("not_from", list_text(said.not_from))
      .raw("silent", list_text(said.silent))
      .raw("alone", said.is_alone ? "true" : "false")
      .done();
}

bool is_good_news(const AlertEvent& e) { return e.kind == EventKind::resolved || e.kind == EventKind::recovered; }

std::string where_of(const AlertEvent& e) {
  return (e.incident.target.empty() ? "every target" : e.incident.target) + " (" + e.environment + ")";
}

std::string headline(const AlertEvent& e) {
  if (is_of_silence(e.kind))
    return std::string(e.kind == EventKind::silence_begins ? "\U0001f515 silence begins: "
                                                           : "\U0001f514 silence ends: ") +
           where_of(e);
  static constexpr const char* icons[] = {"\U0001f535", "\U0001f7e1", "\U0001f7e0", "\U0001f534"};
  const std::string icon = is_good_news(e) ? "\U0001f7e2" : icons[static_cast<std::size_t>(e.incident.severity)];
  return icon + " " + std::string(to_string(e.kind)) + ": " + upper(e.incident.boundary) + " " +
         std::string(to_string(e.incident.extent)) + ", " + where_of(e);
}

std::string_view thing_of(const AlertEvent& e) { return is_of_silence(e.kind) ? "silence" : "incident"; }

bool is_web_address(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }

}  // namespace readback
