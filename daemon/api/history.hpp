#pragma once
// The words of the newest sweeps of each target, for the lanes of the status page and of `readback watch`. Compact: a
// byte a read and sweep, names and words kept once. The number of sweeps a target keeps shrinks with the number of
// targets, so that the whole stays below about 8 MB at any size of the configuration.
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "core/model/record.hpp"

namespace readback {

class History {
 public:
  static constexpr std::size_t most_sweeps = 720;  ///< six hours at the default interval of 30 s

  struct Sweep {
    WallTime at{};
    std::uint64_t number = 0;
    std::uint8_t primary = 0, extent = 0;  ///< indices of words
    bool is_void = false;
    std::vector<std::uint8_t> reads;  ///< word a read, 0: not read; the word with `green_bit` set when it was green
  };
  static constexpr std::uint8_t green_bit = 0x80;

  struct Lanes {
    std::vector<std::string> names;  ///< of the reads, in the order first seen
    std::deque<Sweep> sweeps;        ///< oldest first
  };

  History();
  void on_sweep(const SweepRecord& sweep);
  /// Forgets the targets that are not named: after a reload.
  void keep_only(const std::vector<std::string>& targets);

  const Lanes* lanes(const std::string& target) const;
  const std::string& word(std::uint8_t index) const { return words_[index & 0x7f]; }
  /// The newest `most` sweeps as the socket shows them, oldest first.
  boost::json::array as_json(const std::string& target, std::size_t most) const;

 private:
  std::uint8_t index_of(const std::string& word);
  std::vector<std::string> words_;
  std::map<std::string, Lanes> targets_;
};

}  // namespace readback
