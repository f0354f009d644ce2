#pragma once
// A sweep in few bytes. Most reads say what the read before them said, but for stamps, ids and numbers. So a text of
// some length is kept once, as a base that is named by a small number, and what the next reads say in its place is told
// by the edits of that base; what is left is packed as variable-length integers. An unchanged read takes about 30
// bytes. Edits are always of a base and never of other edits: reading a text back takes one base.
//
// The `Date` header changes every second and is predictable: it is taken out of the headers, so that they stay the
// same, and kept as its distance from the sweep. It is put back exactly as it was received.
//
// Format 2 is what is written. Format 1, which knew no edits, is read as ever.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/record.hpp"

namespace readback {

/// Where in a read a text stands: what stands there in the next read of that name will mostly be alike.
enum class TextField { name, address, word, reasons, detail, headers, body, err, denials };
inline constexpr std::size_t text_fields = 9;

struct KeptText {
  std::int64_t base = 0;   ///< its number
  std::string_view edits;  ///< of the base; empty: the text is the base. Valid until the next text is kept
};

/// Takes the texts of one sweep after another. Implemented by the tables, and by a map in the tests.
class TextKeeper {
 public:
  virtual ~TextKeeper() = default;
  virtual void enter(std::string_view read) = 0;  ///< whose texts follow; "" is the sweep's own
  /// `held`, when there is one, is this very text or one like it, and others hold it as well.
  virtual KeptText keep(TextField field, std::string_view text, const Shared<std::string>& held) = 0;
};

/// Gives the bases back.
class TextShelf {
 public:
  virtual ~TextShelf() = default;
  virtual std::string_view text_of(std::int64_t number) = 0;  ///< "" when it is gone; valid until the next one is asked
};

/// Everything but target, number and time, which are columns.
std::string pack_sweep(const SweepRecord& sweep, TextKeeper& keeper);
/// False when the bytes are not a packed sweep; what could be read until then stays in `sweep`, whose target, number
/// and time are set by the caller. A text whose base is gone is "".
bool unpack_sweep(std::string_view bytes, SweepRecord& sweep, TextShelf& shelf);

/// Called with the number of every base that the packed sweep uses.
class TextUser {
 public:
  virtual ~TextUser() = default;
  virtual void used(std::int64_t number) = 0;
};
void visit_texts(std::string_view bytes, TextUser& user);

/// IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string to_http_date(WallTime t);

}  // namespace readback
