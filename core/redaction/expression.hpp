#pragma once
// One way to make an expression of RE2: over bytes, since bodies are bytes, and silent, since a configuration may hold
// a wrong one.
#include <re2/re2.h>

#include <memory>
#include <string>

namespace readback {

/// Its ok() tells whether it can be used.
inline std::unique_ptr<RE2> expression(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_max_mem(8 << 20);
  return std::make_unique<RE2>(pattern, options);
}

}  // namespace readback
