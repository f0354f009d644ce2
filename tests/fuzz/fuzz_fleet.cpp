// The first byte chooses what the rest is read as. Whatever is taken is within its limits, and written as a text that
// is taken again and says the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/fleet/json.hpp"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace readback;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::uint64_t revision = 1000;
  switch (data[0]) {
    case 'v': {
      const auto first = read_view("fabric.host-1", text, "prod", revision);
      if (!first) break;
      demand(first->host == "host-1" && first->target == "fabric" && first->seen < revision);
      const auto second = read_view("fabric.host-1", write(*first), "prod", revision);
      demand(second.ok() && write(*second) == write(*first));
      break;
    }
    case 'm': {
      const auto first = read_member("host-1", text, "prod");
      if (!first) break;
      const auto second = read_member("host-1", write(*first), "prod");
      demand(second.ok() && write(*second) == write(*first));
      break;
    }
    case 'c': {
      const auto first = read_claim("prod.fabric.outage.pager", text);
      if (!first.claim) break;
      const auto second = read_claim("prod.fabric.outage.pager", write(*first.claim));
      demand(second.claim.ok() && write(*second.claim) == write(*first.claim));
      break;
    }
    case 'w': {
      const auto first = read_word(text, "prod");
      if (!first) break;
      const auto second = read_word(write(*first), "prod");
      demand(second.ok() && write(*second) == write(*first));
      break;
    }
    case 'k': {
      const auto key = read_claim_key(text, "prod");
      demand(!key || claim_key("prod", *key) == text);
      break;
    }
    default: break;
  }
  return 0;
}
