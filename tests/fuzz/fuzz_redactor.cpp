// Any text is redacted without harm, and what holds for all of them is checked: a secret that we know of is gone, JSON
// stays JSON, and what was redacted once is not made worse by a second time.
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/redaction/redactor.hpp"

namespace {

constexpr const char* known = "the-daemons-own-secret";

void demand(bool holds) {
  if (!holds) std::abort();
}

bool is_json(std::string_view text) {
  boost::json::error_code ec;
  boost::json::parse_options options;
  options.max_depth = 32;
  boost::json::parse(text, ec, {}, options);
  return !ec;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace readback;
  static Redactor redactor({}, "a key of the test", {known});
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string once = redactor.text(text);
  demand(once.find(known) == once.npos);
  demand(!is_json(text) || is_json(once));
  demand(redactor.text(once).find(known) == std::string::npos);
  return 0;
}
