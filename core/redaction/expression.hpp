#pragma once
// One way to make an expression of RE2: over bytes, since bodies are bytes, and silent, since a configuration may hold
// a wrong one.
#include <re2/re2.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace readback {

/// Its ok() tells whether it can be used.
inline std::unique_ptr<RE2> expression(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_max_mem(8 << 20);
  return std::make_unique<RE2>(pattern, options);
}

/// The i-th expression of a table, made when it is needed first: most never are, and each takes some ten kilobytes. A
/// table has `size` and `pattern(i)`.
template <class Table, std::size_t i>
const RE2& made() {
  static const auto one = expression(Table::pattern(i));
  return *one;
}
template <class Table>
const RE2& expression_of(std::size_t i) {
  static constexpr auto all = []<std::size_t... each>(std::index_sequence<each...>) {
    return std::array{&made<Table, each>...};
  }
  (std::make_index_sequence<Table::size>{});
  return all[i]();
}

}  // namespace readback
