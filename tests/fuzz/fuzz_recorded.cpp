// Any line is taken or refused, and what is taken is written as a line that says the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/codec/reads_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace readback;
  const auto first = parse_recorded_read({reinterpret_cast<const char*>(data), size});
  const auto* read = std::get_if<RecordedRead>(&first);
  if (!read) return 0;
  const std::string line = to_recorded_line(*read);
  const auto second = parse_recorded_read(line);
  const auto* again = std::get_if<RecordedRead>(&second);
  if (!again || to_recorded_line(*again) != line) std::abort();
  return 0;
}
