// Any text is a configuration or has its mistakes told with a place; what is taken and printed is taken again and
// printed the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace readback;
  const auto loaded = parse_config({reinterpret_cast<const char*>(data), size}, "readback.yaml");
  for (const auto& problem : loaded.problems)
    if (problem.text.empty() || to_string(problem).find('\n') != std::string::npos) std::abort();
  if (!loaded.ok()) return 0;
  const auto printed = print_config(loaded.config);
  const auto again = parse_config(printed, "printed.yaml");
  if (!again.ok() || print_config(again.config) != printed) std::abort();
  return 0;
}
