// One descriptor, opened once, and a number written to it.
#include "daemon/check/oom.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace readback {
namespace {

int weight_file() {
  static const int file = ::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  return file;
}

void put_on(int weight) {
  const std::string text = std::to_string(weight);
  (void)!::pwrite(weight_file(), text.data(), text.size(), 0);  // where it may not be written all have the same weight
}

}  // namespace

void keep_weight_at_hand() { weight_file(); }

WeightOfACheck::WeightOfACheck() : before_(0) {
  char text[16];
  if (const auto length = ::pread(weight_file(), text, sizeof text, 0); length > 0)
    std::from_chars(text, text + length, before_);
  put_on(std::max(before_, weight_of_a_check));
}
WeightOfACheck::~WeightOfACheck() { put_on(before_); }

}  // namespace readback
