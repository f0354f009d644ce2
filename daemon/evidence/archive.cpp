// libarchive in and out. Reading goes through memory only, and each entry is judged before a byte of it is taken. What
// is written is compressed at once: a page waits for it, and libarchive's own filter, which does not know how much will
// come, takes three times as long.
#include "daemon/evidence/archive.hpp"

#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "core/text/time.hpp"
#include "core/text/utf8.hpp"
#include "daemon/evidence/libarchive.hpp"

namespace readback {
namespace {

constexpr std::int64_t largest_entry = 64LL << 20, largest_whole = 256LL << 20;
constexpr std::size_t most_entries = 5000;
constexpr int level = 1;  // of zstd: a page waits for the packing
constexpr std::size_t tar_block = 512, tar_end = 2 * tar_block, tar_written_at_once = 10240;

using Owned = std::unique_ptr<archive, decltype(LibArchive::write_free)>;
using OwnedEntry = std::unique_ptr<archive_entry, decltype(LibArchive::entry_free)>;

la_ssize_t append(archive*, void* to, const void* bytes, std::size_t length) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), length);
  return static_cast<la_ssize_t>(length);
}

/// Ours are letters, digits and a few marks. What a stranger calls his files must neither lead anywhere nor do anything
/// on the terminal on which it is shown.
bool is_plain_name(std::string_view name) {
  if (visible(name) != name) return false;
  if (name.empty() || name.size() > 300 || name.front() == '/' || name.find('\\') != name.npos ||
      name.find('\0') != name.npos)
    return false;
  for (std::size_t from = 0; from <= name.size();) {
    const auto end = std::min(name.find('/', from), name.size());
    const auto part = name.substr(from, end - from);
    if (part.empty() || part == "." || part == "..") return false;
    from = end + 1;
  }
  return true;
}

std::size_t tar_size(const BundleFiles& files) {
  std::size_t size = tar_end + tar_written_at_once;
  for (const auto& [name, contents] : files) size += 2 * tar_block + contents.size();
  return size;
}

Result<std::string> tar_of(const BundleFiles& files, WallTime modified) {
  const auto& library = libarchive();
  if (!library) return library.failure();
  const LibArchive& with = *library;
  std::string bytes;
  bytes.reserve(tar_size(files));
  const Owned a(with.write_new(), with.write_free);
  const auto failed = [&](const char* what) {
    return Failure{std::string(what) + ": " + (with.error_string(a.get()) ? with.error_string(a.get()) : "failed")};
  };
  with.write_set_format_ustar(a.get());
  with.write_set_bytes_in_last_block(a.get(), 1);
  if (with.write_open(a.get(), &bytes, nullptr, append, nullptr) != ARCHIVE_OK) return failed("the archive");
  const auto seconds = std::chrono::floor<Seconds>(modified).time_since_epoch().count();
  for (const auto& [name, contents] : files) {
    const OwnedEntry entry(with.entry_new(), with.entry_free);
    with.entry_set_pathname(entry.get(), name.c_str());
    with.entry_set_size(entry.get(), static_cast<la_int64_t>(contents.size()));
    with.entry_set_filetype(entry.get(), AE_IFREG);
    with.entry_set_perm(entry.get(), 0640);
    with.entry_set_mtime(entry.get(), seconds, 0);
    if (with.write_header(a.get(), entry.get()) != ARCHIVE_OK) return failed(name.c_str());
    if (with.write_data(a.get(), contents.data(), contents.size()) != static_cast<la_ssize_t>(contents.size()))
      return failed(name.c_str());
  }
  if (with.write_close(a.get()) != ARCHIVE_OK) return failed("the archive");
  return bytes;
}

}  // namespace

Result<std::string> pack(const BundleFiles& files, WallTime modified) {
  const auto tar = tar_of(files, modified);
  if (!tar) return tar.failure();
  const std::size_t most = ZSTD_compressBound(tar->size());
  const auto bytes = std::make_unique_for_overwrite<char[]>(most);
  const auto size = ZSTD_compress(bytes.get(), most, tar->data(), tar->size(), level);
  if (ZSTD_isError(size)) return Failure{std::string("zstd: ") + ZSTD_getErrorName(size)};
  return std::string(bytes.get(), size);
}

Result<BundleFiles> unpack(const std::string& bytes) {
  const auto& library = libarchive();
  if (!library) return library.failure();
  const LibArchive& with = *library;
  const Owned a(with.read_new(), with.read_free);
  with.read_support_filter_zstd(a.get());
  with.read_support_format_tar(a.get());
  const auto said = [&] { return std::string(with.error_string(a.get()) ? with.error_string(a.get()) : "damaged"); };
  if (with.read_open_memory(a.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return Failure{"not a snapshot bundle: " + said()};
  BundleFiles files;
  std::int64_t whole = 0;
  archive_entry* entry = nullptr;
  for (;;) {
    const int next = with.read_next_header(a.get(), &entry);
    if (next == ARCHIVE_EOF) break;
    if (next != ARCHIVE_OK) return Failure{"the bundle is damaged or cut off: " + said()};
    const std::string name = with.entry_pathname(entry) ? with.entry_pathname(entry) : "";
    const std::string shown = visible(name);
    if (with.entry_filetype(entry) != AE_IFREG || with.entry_hardlink(entry) || with.entry_symlink(entry))
      return Failure{"refused: `" + shown + "` is a link or no plain file"};
    if (!is_plain_name(name)) return Failure{"refused: `" + shown + "` is no name that a file of a bundle may have"};
    if (files.size() >= most_entries) return Failure{"refused: more than " + std::to_string(most_entries) + " files"};
    if (with.entry_size(entry) > largest_entry || (whole += with.entry_size(entry)) > largest_whole)
      return Failure{"refused: `" + shown + "` is larger than a bundle may be"};
    std::string contents(static_cast<std::size_t>(with.entry_size(entry)), '\0');
    std::size_t got = 0;
    while (got < contents.size()) {
      const auto n = with.read_data(a.get(), contents.data() + got, contents.size() - got);
      if (n <= 0) return Failure{"the bundle is damaged or cut off in " + shown + ": " + said()};
      got += static_cast<std::size_t>(n);
    }
    if (!files.emplace(name, std::move(contents)).second) return Failure{"refused: `" + shown + "` comes twice"};
  }
  if (files.empty()) return Failure{"not a snapshot bundle: it is empty"};
  return files;
}

std::string packer() {
  const auto& library = libarchive();
  return std::string(library ? library->version_details() : "") + " zstd/" + ZSTD_versionString() + " level/" +
         std::to_string(level);
}

BundleCheck check_bundle(const std::string& bytes) {
  const auto opened = unpack(bytes);
  if (!opened) return {{opened.error()}, 0};
  const auto& files = *opened;
  BundleCheck result{manifest_troubles(files), files.size()};
  const auto sealed = parse_rfc3339(manifest_text(files, "sealed_at"));
  if (result.troubles.empty() && sealed && manifest_text(files, "packed_with") == packer()) {
    const auto again = pack(files, *sealed);
    if (again && *again != bytes)
      result.troubles.emplace_back("the files are as the manifest says, but the archive around them was changed");
  }
  return result;
}

Result<std::string> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return Failure{path + " cannot be read: " + std::strerror(errno)};
  const auto size = file.tellg();
  if (size < 0 || size > largest_whole) return Failure{path + " is larger than a bundle may be"};
  std::string bytes(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  file.read(bytes.data(), size);
  if (!file) return Failure{path + " cannot be read"};
  return bytes;
}

Result<std::string> public_safe_form(const std::string& bundle, const SigningKey* key) {
  const auto files = unpack(bundle);
  if (!files) return files.failure();
  for (const auto& trouble : manifest_troubles(*files)) return Failure{"it is damaged: " + trouble};
  const auto told = snapshot_of(*files);
  if (!told) return Failure{"this is no snapshot of Readback"};
  auto shared = public_safe(*files);
  if (key)
    if (const auto done = sign_manifest(shared, *key); !done) return done.failure();
  return pack(shared, told->at);
}

Result<std::string> public_safe_bundle(const std::string& path, const SigningKey* key) {
  const auto bytes = read_bytes(path);
  if (!bytes) return bytes.failure();
  auto shared = public_safe_form(*bytes, key);
  return shared ? shared : Failure{path + ": " + shared.error()};
}

}  // namespace readback
