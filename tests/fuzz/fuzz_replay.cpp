// Any lines are replayed without harm, and twice the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/replay/replay.hpp"

namespace {

std::string replayed(std::string_view text) {
  using namespace readback;
  std::string out;
  ReplayOptions options;
  options.verdicts = true;
  Replay replay(
      options, [&](const std::string& line) { out += line + "\n"; },
      [&](std::uint64_t line, const std::string& why) { out += std::to_string(line) + why + "\n"; });
  while (!text.empty()) {
    const auto end = text.find('\n');
    replay.line(text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
  }
  replay.finish();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (replayed(text) != replayed(text)) std::abort();
  return 0;
}
