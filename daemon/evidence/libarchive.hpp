#pragma once
// libarchive, loaded when a bundle is first packed or read. It brings eight libraries along (XML, ICU, compressors that
// no bundle is made with), which cost a process half a megabyte from its start on; who only watches needs none of it.
#include <archive.h>
#include <archive_entry.h>

#include "core/text/result.hpp"

namespace readback {

/// The functions that a bundle needs, without the `archive_` before each.
#define READBACK_OF_LIBARCHIVE(f)                                                                                      \
  f(version_details) f(error_string) f(write_new) f(write_set_format_ustar) f(write_set_bytes_in_last_block)           \
      f(write_open) f(write_header) f(write_data) f(write_close) f(write_free) f(read_new) f(read_support_filter_zstd) \
          f(read_support_format_tar) f(read_open_memory) f(read_next_header) f(read_data) f(read_free) f(entry_new)    \
              f(entry_free) f(entry_set_pathname) f(entry_set_size) f(entry_set_filetype) f(entry_set_perm)            \
                  f(entry_set_mtime) f(entry_pathname) f(entry_size) f(entry_filetype) f(entry_hardlink)               \
                      f(entry_symlink)

/// Each as libarchive(3) describes it.
struct LibArchive {
#define READBACK_FUNCTION(name) decltype(&::archive_##name) name = nullptr;
  READBACK_OF_LIBARCHIVE(READBACK_FUNCTION)
#undef READBACK_FUNCTION
};

/// Loads it at the first call, which takes some milliseconds, and keeps it until the process ends; from any thread. An
/// error tells what is missing, and stays: what is installed later is found after a restart.
const Result<LibArchive>& libarchive();

}  // namespace readback
