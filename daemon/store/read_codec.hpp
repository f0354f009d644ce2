#pragma once
// A sweep in few bytes. Most reads say what the read before them said, so what repeats (bodies, headers, reasons, long
// texts) is kept once by its digest and named by a small number, and what is left is packed as variable-length
// integers: an unchanged read of four phases takes about 30 bytes.
//
// The `Date` header changes every second and is predictable: it is taken out of the headers, so that they stay the
// same, and kept as its distance from the sweep. It is put back exactly as it was received.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/record.hpp"

namespace readback {

/// Where repeated texts live. Implemented by the tables, and by a map in the tests.
class TextShelf {
 public:
  virtual ~TextShelf() = default;
  virtual std::int64_t keep_text(std::string_view text) = 0;  ///< the same text gives the same number
  virtual std::string text_of(std::int64_t number) = 0;       ///< "" when it is gone
};

/// Everything but target, number and time, which are columns.
std::string pack_sweep(const SweepRecord& sweep, TextShelf& shelf);
/// False when the bytes are not a packed sweep; what could be read until then stays in `sweep`, whose target, number
/// and time are set by the caller.
bool unpack_sweep(std::string_view bytes, SweepRecord& sweep, TextShelf& shelf);

/// Called with the number of every kept text that the packed sweep uses.
class TextUser {
 public:
  virtual ~TextUser() = default;
  virtual void used(std::int64_t number) = 0;
};
void visit_texts(std::string_view bytes, TextUser& user);

/// IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string to_http_date(WallTime t);

}  // namespace readback
