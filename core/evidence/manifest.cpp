// The manifest: what a bundle says of itself, with the digest of every file and of the manifest itself, so that any
// change is seen. Whoever changes all of it anew is found by the signature beside it (signature.hpp), or by its digest.
#include <boost/json.hpp>

#include "core/codec/texts.hpp"
#include "core/evidence/parts.hpp"
#include "core/redaction/redactor.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
using namespace parts;
namespace {

json::object file_entry(const std::string& contents) {
  json::object removed;
  std::uint64_t total = 0;
  for (const auto& [rule, count] : placeholders_in(contents)) {
    removed[rule] = count;
    total += count;
  }
  return {{"sha256", sha256_hex(contents)},
          {"size", contents.size()},
          {"redacted", total},
          {"redacted_by_rule", std::move(removed)}};
}

json::object listed(const BundleFiles& files) {
  json::object all;
  for (const auto& [name, contents] : files)
    if (name != manifest_name && name != signature_name) all[name] = file_entry(contents);
  return all;
}

/// A manifest names its own digest too: that of itself with this field empty.
std::string with_digest(json::object m) {
  m["manifest_sha256"] = "";
  m["manifest_sha256"] = sha256_hex(pretty(m));
  return pretty(m);
}

}  // namespace

std::string parts::pretty(const json::object& o) {
  std::string out = "{\n";
  bool first = true;
  for (const auto& [key, value] : o) {
    if (!first) out += ",\n";
    first = false;
    out += "  " + json::serialize(json::value(key)) + ": " + json::serialize(value);
  }
  return clean_utf8(out + "\n}\n");  // what a platform or a command said may be any bytes
}

void parts::seal_manifest(json::object manifest, BundleFiles& files) {
  manifest["files"] = listed(files);
  files[std::string(manifest_name)] = with_digest(std::move(manifest));
}

std::optional<json::object> parts::parsed_manifest(const BundleFiles& files) {
  const auto found = files.find(std::string(manifest_name));
  json::error_code ec;
  auto parsed = found == files.end() ? json::value() : json::parse(found->second, ec);
  if (!parsed.is_object()) return std::nullopt;
  return std::move(parsed.get_object());
}

std::string manifest_text(const BundleFiles& files, std::string_view key) {
  const auto m = parsed_manifest(files);
  return m ? text_in(*m, key) : "";
}

std::optional<SnapshotView> snapshot_of(const BundleFiles& files) {
  const auto m = parsed_manifest(files);
  const auto sealed = m ? parse_rfc3339(text_in(*m, "sealed_at")) : std::nullopt;
  if (!sealed) return std::nullopt;
  SnapshotView v;
  v.id = text_in(*m, "id");
  v.incident_id = text_in(*m, "incident");
  v.target = text_in(*m, "target");
  v.reason = text_in(*m, "reason");
  v.boundary = text_in(*m, "boundary");
  v.extent = text_in(*m, "extent");
  v.previous = text_in(*m, "previous_sha256");
  v.at = *sealed;
  return v;
}

std::vector<std::string> manifest_troubles(const BundleFiles& files) {
  std::vector<std::string> troubles;
  const auto found = files.find(std::string(manifest_name));
  if (found == files.end()) return {"there is no manifest.json: this is no snapshot of Readback"};
  json::error_code ec;
  const auto parsed = json::parse(found->second, ec);
  if (ec || !parsed.is_object()) return {"manifest.json is no JSON object"};
  const auto* schema = parsed.get_object().if_contains("schema");
  if (!schema || !schema->is_string() || schema->get_string() != "readback.snapshot/v1")
    return {"the manifest has another schema than readback.snapshot/v1"};
  if (with_digest(parsed.get_object()) != found->second) troubles.emplace_back("manifest.json was changed");
  const auto* list = parsed.get_object().if_contains("files");
  if (!list || !list->is_object()) return {"the manifest lists no files"};
  for (const auto& [name, entry] : list->get_object()) {
    const auto file = files.find(std::string(name));
    if (file == files.end()) {
      troubles.push_back(visible(name) + " is missing");
      continue;
    }
    const auto* digest = entry.is_object() ? entry.get_object().if_contains("sha256") : nullptr;
    if (!digest || !digest->is_string() || std::string(digest->get_string()) != sha256_hex(file->second))
      troubles.push_back(visible(name) + " was changed");
  }
  for (const auto& [name, contents] : files)
    if (name != manifest_name && name != signature_name && !list->get_object().contains(name))
      troubles.push_back(visible(name) + " is not in the manifest");
  for (auto& trouble : signature_troubles(files)) troubles.push_back(std::move(trouble));
  return troubles;
}

}  // namespace readback
