// dlopen(3), and dlsym(3) for each function; the types are those of the header that this was compiled with.
#include "daemon/evidence/libarchive.hpp"

#include <dlfcn.h>

#include <string>

namespace readback {
namespace {

static_assert(ARCHIVE_VERSION_NUMBER / 1000000 == 3, "another libarchive has another soname");
constexpr const char* soname = "libarchive.so.13";

Result<LibArchive> loaded() {
  void* const library = ::dlopen(soname, RTLD_NOW | RTLD_LOCAL);
  if (!library) return Failure{std::string("bundles need libarchive: ") + ::dlerror()};
  LibArchive all;
  const char* missing = nullptr;
#define READBACK_FUNCTION(name)                                                        \
  all.name = reinterpret_cast<decltype(all.name)>(::dlsym(library, "archive_" #name)); \
  if (!all.name) missing = "archive_" #name;
  READBACK_OF_LIBARCHIVE(READBACK_FUNCTION)
#undef READBACK_FUNCTION
  if (missing) return Failure{std::string("bundles need libarchive: ") + soname + " has no " + missing};
  return all;
}

}  // namespace

const Result<LibArchive>& libarchive() {
  static const Result<LibArchive> once = loaded();
  return once;
}

}  // namespace readback
