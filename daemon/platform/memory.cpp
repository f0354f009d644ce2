// Code and constants are mapped from files and never written: such a page can be dropped at any moment, madvise(2).
// That no library has its code relocated in place is Debian's policy (section 10.2).
#include "daemon/platform/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace readback {
namespace {

int give_back_object(dl_phdr_info* object, std::size_t, void*) {
  if (std::string_view(object->dlpi_name).starts_with("linux-vdso")) return 0;  // the kernel's own, of no file
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W)) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const std::uintptr_t from = (begin + page - 1) / page * page, to = (begin + segment.p_filesz) / page * page;
    // An error means that they stay, as before.
    if (to > from)
      ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr)
  }
  return 0;
}

}  // namespace

void give_back_heap() { ::malloc_trim(0); }

void give_back_memory() {
  give_back_heap();
  ::dl_iterate_phdr(give_back_object, nullptr);
}

}  // namespace readback
