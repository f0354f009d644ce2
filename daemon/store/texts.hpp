#pragma once
// The texts that sweeps are made of, in the tables `texts` (each different base once, found by its digest) and `uses`.
//
// What stands in a place of a read (its body, its headers) is compared with the base that stood there last. It is the
// same, or it is told by its edits, or they have become so many that a base of its own costs less; or others hold a
// text by now that is nearer, and that is the base from then on. Only a new base is digested: another target, or an
// earlier time, may have it already.
//
// A base is needed while a sweep that uses it is kept. To count that exactly would cost a write for every read, so
// `uses` holds the number of the sweep until which it may be used without another note: at most half as long again as
// it was in use, for small ones at least 64 sweeps.
//
// In memory are the bases that are in use, at most some 24 MiB of them, whoever holds them as well: others are read
// again when they are needed. And the number of the base for each place of each read: 250 bytes a read.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/store/read_codec.hpp"
#include "daemon/store/sqlite.hpp"

namespace readback {

/// Functions throw SqliteError.
class Texts final : public TextKeeper {
 public:
  explicit Texts(Sqlite& db) : db_(db) {}

  /// What is kept from here on belongs to this sweep. Numbers only grow.
  void start(std::int64_t target, std::int64_t sweep);
  void enter(std::string_view read) override;
  KeptText keep(TextField field, std::string_view text, const Shared<std::string>& held) override;

  std::string load(std::int64_t number);  ///< "" when it is gone
  void remove(const std::vector<std::int64_t>& numbers);
  void forget();  ///< what is in memory, after a transaction that did not happen

 private:
  struct Base {
    std::int64_t until = 0;  ///< as `uses` has it
    Shared<std::string> text;
    std::size_t bytes() const;
  };
  /// What a place of a read remembers.
  struct Slot {
    std::int64_t base = 0;
    std::int64_t since = 0;    ///< the sweep that first used it here
    std::uint32_t least = 0;   ///< bytes of the shortest edits of this base so far
    std::uint32_t excess = 0;  ///< bytes by which the others were longer, together
  };
  struct ReadSlots {
    std::string read;
    Slot fields[text_fields];
  };
  using Bases = std::unordered_map<std::int64_t, Base>;

  Base* find(std::int64_t number);
  Bases::iterator remember(std::int64_t number, Base base);
  void make_room(std::int64_t but);
  void drop(Bases::iterator base);
  void touch(std::int64_t number, Base& base, std::int64_t since);
  bool edit(Slot& slot, const Base& base, std::string_view text, const Shared<std::string>& held);
  bool edit_of(std::string_view base, std::string_view text);
  void take_base(Slot& slot, std::string_view text, const Shared<std::string>& held);

  Sqlite& db_;
  std::unordered_map<std::int64_t, std::vector<ReadSlots>> slots_;  ///< by target
  std::vector<ReadSlots>* target_ = nullptr;
  std::size_t next_read_ = 0;
  Slot* fields_ = nullptr;
  std::int64_t sweep_ = 0;
  Bases bases_;
  std::size_t bytes_ = 0;
  std::string edits_;
};

/// The bases that one question needs: neighbouring sweeps share them.
class TextReader final : public TextShelf {
 public:
  explicit TextReader(Texts& texts) : texts_(texts) {}
  std::string_view text_of(std::int64_t number) override;

 private:
  Texts& texts_;
  std::unordered_map<std::int64_t, std::string> read_;
  std::size_t bytes_ = 0;
};

}  // namespace readback
