// The form of a bundle that may be shown to others. Only what is known to be harmless is taken over: a text of a person
// or of the platform may name anything.
#include <algorithm>
#include <boost/json.hpp>

#include "core/codec/texts.hpp"
#include "core/evidence/parts.hpp"
#include "core/text/encoding.hpp"

namespace readback {
namespace json = boost::json;
using namespace parts;
namespace {

constexpr std::string_view hidden_host = "<internal-runtime-redacted>", hidden_address = "<fabric-base-url>";
constexpr std::string_view reference_prefix = "reference:";

/// Of a read or of a line of the timeline: verdict, code, time and digest; no body, header, host or address.
json::object shareable(const json::object& read) {
  json::object o;
  for (const char* key : {"at", "target", "sweep", "read", "ms", "error", "exit", "signal", "reading", "stale",
                          "contradictory", "phases_us"})
    if (const auto* v = read.if_contains(key)) o[key] = *v;
  if (const auto* http = read.if_contains("http"); http && http->is_object()) {
    const auto* status = http->get_object().if_contains("status");
    o["status"] = status ? *status : json::value(nullptr);
    o["body_sha256"] = sha256_hex(text_in(http->get_object(), "body"));
  }
  if (text_in(o, "read").starts_with(reference_prefix))
    o["read"] = std::string(reference_prefix) + std::string(hidden_host);
  return o;
}

void share_reads(const BundleFiles& full, BundleFiles& files) {
  int references = 0;
  for (const auto& [name, contents] : full) {
    if (!name.starts_with("reads/") || !name.ends_with(".json")) continue;
    json::error_code ec;
    const auto read = json::parse(contents, ec);
    if (ec || !read.is_object()) continue;
    const auto shown = shareable(read.get_object());
    const bool reference = text_in(shown, "read").starts_with(reference_prefix);
    const auto folder = name.substr(0, name.rfind('/') + 1);
    files[reference ? folder + "reference-" + std::to_string(++references) + ".json" : name] = pretty(shown);
  }
}

void share_timeline(const BundleFiles& full, BundleFiles& files) {
  const auto timeline = full.find("timeline.jsonl");
  if (timeline == full.end()) return;
  for (std::string_view rest = timeline->second; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    json::error_code ec;
    const auto line = json::parse(rest.substr(0, end), ec);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!ec && line.is_object()) files["timeline.jsonl"] += json::serialize(shareable(line.get_object())) + "\n";
  }
}

/// Without what met them: that may be anybody's words.
json::array shared_conditions(const json::object& manifest) {
  json::array conditions;
  const auto* list = manifest.if_contains("conditions");
  if (!list || !list->is_array()) return conditions;
  for (const auto& each : list->get_array()) {
    if (!each.is_object()) continue;
    json::object o;
    for (const char* key : {"number", "title", "state", "at"})
      if (const auto* v = each.get_object().if_contains(key)) o[key] = *v;
    conditions.push_back(std::move(o));
  }
  return conditions;
}

json::object shared_manifest(const json::object& full) {
  json::object m;
  for (const char* key :
       {"schema", "id", "incident", "episode", "target", "boundary", "extent", "severity", "environment", "version",
        "config_digest", "sealed_at", "sweeps", "timeline", "previous_sha256", "packed_with"})
    if (const auto* v = full.if_contains(key)) m[key] = *v;
  const std::string reason = text_in(full, "reason");
  m["reason"] = reason.substr(0, reason.find(':'));
  m["host"] = hidden_host;
  m["base_url"] = hidden_address;
  if (const auto* first = full.if_contains("first_failure"); first && first->is_object())
    m["first_failure"] = shareable(first->get_object());
  m["conditions"] = shared_conditions(full);
  m["form"] = "public-safe";
  return m;
}

std::string shared_summary(const json::object& m) {
  std::string summary = "# Public-safe snapshot\n\nVerdicts, codes, times and digests only. Addresses are ";
  summary.append(hidden_address).append(", hosts are ").append(hidden_host).append(".\n\n");
  for (const char* key : {"id", "target", "boundary", "extent", "severity", "sealed_at"})
    if (const auto text = text_in(m, key); !text.empty()) summary += "- " + std::string(key) + ": " + text + "\n";
  if (const auto* first = m.if_contains("first_failure"))
    summary +=
        "- failed first: " + text_in(first->get_object(), "read") + " at " + text_in(first->get_object(), "at") + "\n";
  const auto& conditions = m.at("conditions").get_array();
  if (!conditions.empty()) summary += "\n## Resolved means\n\n";
  for (const auto& each : conditions) {
    const auto& o = each.get_object();
    const auto* number = o.if_contains("number");
    summary += json::serialize(number ? *number : json::value()) + ". " + text_in(o, "title") + ": " +
               text_in(o, "state") + "\n";
  }
  return summary;
}

}  // namespace

BundleFiles public_safe(const BundleFiles& full) {
  BundleFiles files;
  const auto parsed = parsed_manifest(full);
  if (!parsed) return files;
  share_reads(full, files);
  share_timeline(full, files);
  auto manifest = shared_manifest(*parsed);
  files["summary.md"] = shared_summary(manifest);
  manifest["of_full_manifest_sha256"] = sha256_hex(full.at(std::string(manifest_name)));
  seal_manifest(std::move(manifest), files);
  return files;
}

}  // namespace readback
