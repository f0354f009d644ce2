// Bundles from strangers: damaged ones, hostile ones, and ones in which a single byte was changed.
#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <functional>

#include "core/text/instant.hpp"
#include "core/text/time.hpp"
#include "daemon/evidence/archive.hpp"

using namespace readback;

// libarchive 3.6 loses some hundred bytes for each of certain damaged archives; the client that reads one ends at once.
extern "C" const char* __lsan_default_suppressions() { return "leak:libarchive"; }

namespace {

BundleInput small_input() {
  BundleInput in;
  in.order.snapshot_id = "01a20d8a-fff5-7003-88c5-c0e815bbf176";
  in.order.target = "fabric";
  in.order.reason = "page";
  in.order.incident.summary = "OUTAGE total fabric";
  in.order.at = *parse_rfc3339("2026-11-24T03:11:58.250Z");
  in.context.host = "host-7";
  in.packed_with = packer();
  in.host_json = "{}";
  return in;
}

std::string packed(const BundleFiles& files, WallTime at) { return pack(files, at).value(); }

/// A tar inside zstd with one entry, as `shape` makes it.
std::string hostile(const std::function<void(archive_entry*)>& shape, const std::string& contents = "x") {
  std::string bytes(1 << 20, '\0');
  std::size_t used = 0;
  archive* a = archive_write_new();
  archive_write_set_format_pax_restricted(a);
  archive_write_add_filter_zstd(a);
  archive_write_open_memory(a, bytes.data(), bytes.size(), &used);
  archive_entry* e = archive_entry_new();
  archive_entry_set_pathname(e, "manifest.json");
  archive_entry_set_filetype(e, AE_IFREG);
  archive_entry_set_perm(e, 0644);
  archive_entry_set_size(e, static_cast<la_int64_t>(contents.size()));
  shape(e);
  archive_write_header(a, e);
  if (archive_entry_filetype(e) == AE_IFREG) archive_write_data(a, contents.data(), contents.size());
  archive_entry_free(e);
  archive_write_close(a);
  archive_write_free(a);
  bytes.resize(used);
  return bytes;
}

std::string refusal(const std::string& bytes) {
  const auto files = unpack(bytes);
  return files ? "" : files.error();
}

}  // namespace

TEST_CASE("The same evidence gives the same bytes, and a whole bundle is found whole") {
  const auto in = small_input();
  const auto bytes = packed(bundle_files(in), in.order.at);
  CHECK(bytes == packed(bundle_files(in), in.order.at));
  const auto checked = check_bundle(bytes);
  CHECK(checked.troubles.empty());
  CHECK(checked.files == bundle_files(in).size());
  const auto shown = public_safe(bundle_files(in));
  CHECK(check_bundle(packed(shown, in.order.at)).troubles.empty());
}

// A few bits of a zstd frame mean nothing: whoever turns one of them has changed no file.
TEST_CASE("Any changed, missing or added byte is found, of the signature as well and without the key") {
  const auto in = small_input();
  auto files = bundle_files(in);
  REQUIRE(sign_manifest(files, SigningKey::from_seed(std::string(SigningKey::seed_bytes, 'k')).value()));
  const auto bytes = packed(files, in.order.at);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (const int flip : {0x01, 0x80}) {
      auto changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const auto means_the_same = [&] {
        const auto again = unpack(changed);
        return again.ok() && again.value() == files;
      };
      CHECK_MESSAGE((!check_bundle(changed).troubles.empty() || means_the_same()), i);
    }
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_MESSAGE(!check_bundle(bytes.substr(0, length)).troubles.empty(), length);
  CHECK_FALSE(check_bundle(bytes + "x").troubles.empty());
  CHECK_FALSE(check_bundle(bytes + bytes).troubles.empty());
}

TEST_CASE("A changed file is named, and so is a changed manifest, however it was packed") {
  auto in = small_input();
  in.packed_with = "another program";
  auto files = bundle_files(in);
  files["summary.md"] += "!";
  CHECK(manifest_troubles(files) == std::vector<std::string>{"summary.md was changed"});
  files = bundle_files(in);
  files["extra"] = "";
  CHECK(manifest_troubles(files) == std::vector<std::string>{"extra is not in the manifest"});
  files = bundle_files(in);
  files.erase("host.json");
  CHECK(manifest_troubles(files) == std::vector<std::string>{"host.json is missing"});
  files = bundle_files(in);
  auto& manifest = files["manifest.json"];
  manifest.replace(manifest.find("host-7"), 6, "host-8");
  CHECK(manifest_troubles(files) == std::vector<std::string>{"manifest.json was changed"});
}

TEST_CASE("What leads out of the bundle, does something on a terminal, or is no plain file, is refused by name") {
  for (const char* name : {"/etc/passwd", "../x", "a/../../x", "./x", "a//b", "..", "a\\b", "\x1b]0;owned\x07x", "a\nb",
                           "a\u009b1m", "a\u202eb", "a\xff"})
    CHECK_MESSAGE(refusal(hostile([&](auto* e) { archive_entry_set_pathname(e, name); })).find("refused") == 0, name);
  const auto shown = refusal(hostile([&](auto* e) { archive_entry_set_pathname(e, "\x1b]0;owned\x07x"); }));
  CHECK(shown == "refused: `\\u001b]0;owned\\u0007x` is no name that a file of a bundle may have");
  CHECK(refusal(hostile([](auto* e) {
          archive_entry_set_filetype(e, AE_IFLNK);
          archive_entry_set_symlink(e, "/etc/shadow");
          archive_entry_set_size(e, 0);
        })).find("is a link") != std::string::npos);
  CHECK(refusal(hostile([](auto* e) {
          archive_entry_set_hardlink(e, "/etc/shadow");
          archive_entry_set_size(e, 0);
        })).find("is a link") != std::string::npos);
  for (const auto type : {AE_IFIFO, AE_IFCHR, AE_IFDIR})
    CHECK(refusal(hostile([&](auto* e) {
            archive_entry_set_filetype(e, type);
            archive_entry_set_size(e, 0);
          })).find("refused") == 0);
}

TEST_CASE("A bomb is refused before it is unpacked") {
  const std::string zeros(100 << 20, '\0');  // some kilobytes packed
  const auto bytes = packed({{"manifest.json", zeros}}, WallTime{});
  CHECK(bytes.size() < 1 << 20);
  CHECK(refusal(bytes).find("larger than a bundle may be") != std::string::npos);
  BundleFiles many;
  for (int i = 0; i < 6000; ++i) many["f" + std::to_string(i)] = "";
  CHECK(refusal(packed(many, WallTime{})).find("more than 5000 files") != std::string::npos);
}

TEST_CASE("What is no bundle at all is said to be none") {
  for (const std::string text : {"", "hello", "\x28\xb5\x2f\xfd", "<html></html>"}) {
    const auto checked = check_bundle(text);
    CHECK_FALSE(checked.troubles.empty());
    for (const auto& trouble : checked.troubles) CHECK(trouble.find('\n') == std::string::npos);
  }
}
