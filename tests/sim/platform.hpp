#pragma once
// The watched platform: one letter a surface, as in tests/stories, and the raw answer that the reader would bring for
// it. What a letter can and cannot mean is said here a second time, independently of the diagnosis, for who judges it.
//
//   P pass  s pass but stale  W degraded  F 503 that says down  M 503 with a gateway's page  K 200 that says nothing
//   R refused  O timeout  L no route  V resolver  D 401  N 404  T 429  A 429 that names a time  B ready with a blocker
//   E says ok while an item is down  1 2 pass with that version
#include <string>
#include <string_view>

#include "core/model/raw_read.hpp"

namespace readback::sim {

inline constexpr std::string_view letters = "PsWFMKROLVDNTABE12";

/// `truly` is what time it is, whatever the clock of the host says.
RawRead answer_of(char letter, const std::string& surface, WallTime at, WallTime truly);
RawRead check_answer(const std::string& word, WallTime at);
RawRead path_answer(bool works, WallTime at);
RawRead reference_answer(bool answers, WallTime at);

/// How long the read takes.
Millis patience_of(char letter);

inline bool is_one_of(char letter, std::string_view set) { return set.find(letter) != std::string_view::npos; }
inline bool passes(char letter) { return is_one_of(letter, "P12"); }
inline bool says_nothing(char letter) { return is_one_of(letter, "TA"); }
inline bool is_cut_off(char letter) { return is_one_of(letter, "LV"); }

}  // namespace readback::sim
