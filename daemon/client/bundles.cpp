// A bundle is what a stranger may have made: everything is checked against the manifest first, and only then shown.
#include "daemon/client/bundles.hpp"

#include <boost/json.hpp>
#include <map>
#include <vector>

#include "core/evidence/changes.hpp"
#include "core/text/encoding.hpp"
#include "core/text/words.hpp"
#include "daemon/client/client.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/evidence/archive.hpp"

namespace readback {
namespace json = boost::json;
namespace {

Result<BundleFiles> whole_bundle(const std::string& bytes) {
  auto files = unpack(bytes);
  if (files)
    for (const auto& trouble : manifest_troubles(*files)) return Failure{"the bundle is damaged: " + trouble};
  return files;
}

/// What was read and what the checks said; the rest of a bundle is other each time.
bool is_compared(const std::string& name) {
  return name.starts_with("reads/at-page/") || name.starts_with("reads/latest/") || name.starts_with("checks/");
}

const std::vector<std::string> always_other{
    "/at", "/sweep", "/ms", "/phases_us", "/address", "/running_since", "/http/headers/Date", "/http/headers/date"};

/// From one file of a bundle to the same of the other, as a JSON patch.
json::array patch_of(const std::string& before, const std::string& after) {
  json::error_code ec;
  auto patch = json::parse(read_diff(before, after, always_other), ec);
  return patch.is_array() ? std::move(patch.get_array()) : json::array{};
}

/// The same for people: what is told by names, without what only follows from it.
std::string told_changes(const std::string& before, const std::string& after) {
  constexpr std::string_view body = "http/body/";
  std::string text;
  for (auto& change : joined_changes(changes_of_read(before, after, always_other))) {
    if (lower_case(change.place) == "http/headers/content-length") continue;
    if (change.place.starts_with(body)) change.place.erase(0, body.size());
    text += "  " + to_text(change) + "\n";
  }
  return text.empty() ? "  the same in another order\n" : text;
}

/// What is latest is often as it was at the page, and need not be told twice.
std::string at_page(std::string name) {
  constexpr std::string_view latest = "reads/latest/";
  return name.starts_with(latest) ? name.replace(0, latest.size(), "reads/at-page/") : "";
}

}  // namespace

int diff_bundles(const NamedBundle& before, const NamedBundle& after, bool as_json) {
  const auto a = whole_bundle(before.bytes), b = whole_bundle(after.bytes);
  if (!a) return complain(before.name + ": " + a.error());
  if (!b) return complain(after.name + ": " + b.error());
  json::object all;
  std::string text;
  std::map<std::string, std::string> told;
  for (const auto& [name, contents] : *b) {
    if (!is_compared(name)) continue;
    const auto old = a->find(name);
    const bool is_new = old == a->end();
    json::array patch =
        is_new ? json::array{json::object{{"op", "add"}, {"path", ""}}} : patch_of(old->second, contents);
    if (patch.empty()) continue;
    text += bold(name) + "\n";
    std::string lines = is_new ? "  only in " + after.name + "\n" : told_changes(old->second, contents);
    const auto before_it = told.find(at_page(name));
    text += before_it != told.end() && before_it->second == lines ? "  as at the page\n" : lines;
    told[name] = std::move(lines);
    all[name] = std::move(patch);
  }
  for (const auto& [name, contents] : *a)
    if (is_compared(name) && !b->contains(name)) {
      all[name] = json::array{json::object{{"op", "remove"}, {"path", ""}}};
      text += bold(name) + "\n  only in " + before.name + "\n";
    }
  if (all.empty()) text = "what was read is the same in both\n";
  print(as_json ? json::serialize(all) + "\n" : text);
  return 0;
}

Result<std::string> report_of(const std::string& bytes, const ReportContext& context) {
  const auto files = whole_bundle(bytes);
  if (!files) return files.failure();
  return render_report(*files, context);
}

VantagePoint vantage_of(const std::string& host, const std::string& snapshot, const Result<std::string>& bytes) {
  VantagePoint point{host, snapshot, {}, bytes ? "" : bytes.error()};
  if (!bytes) return point;
  auto files = whole_bundle(*bytes);
  if (files)
    point.files = *std::move(files);
  else
    point.trouble = files.error();
  return point;
}

std::optional<SnapshotView> told_by(const std::string& bytes) {
  const auto files = unpack(bytes);
  return files ? snapshot_of(*files) : std::nullopt;
}

}  // namespace readback
