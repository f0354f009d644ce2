#pragma once
// What must never reach a disk, a page or a socket, taken out at the edge: a read is redacted before anything else sees
// it (model/unredacted.hpp). Where a secret stands is found by structure and by words (finders.hpp); here it is
// replaced, and everything else stays as it was received, byte for byte. The same value becomes the same placeholder,
// so that evidence can still be compared: `<redacted:token:3f2a91c4>`.
//
// What a surface says must survive: status words, blockers, item names, stamps, versions and digests are no secrets,
// and a redacted JSON body is judged as the received one.
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/evidence.hpp"
#include "core/model/raw_read.hpp"
#include "core/model/unredacted.hpp"
#include "core/text/result.hpp"

namespace readback {

class Redactor {
 public:
  /// `key` keeps the placeholders from being guessed by trying values; `known` are secrets that must go wherever they
  /// stand, such as the daemon's own credentials, also reversed and in base64 or hexadecimal. Unusable patterns of the
  /// configuration are left out.
  Redactor(const RedactConfig& config, std::string key, std::vector<std::string> known = {});
  ~Redactor();
  Redactor(Redactor&&) noexcept;
  Redactor& operator=(Redactor&&) noexcept;

  /// The only ways to what was received.
  RawRead open(Unredacted<RawRead> received);
  /// `whose` reads they are: the next ones of the same name look alike, and are then looked through only where they
  /// differ. "": they are of nobody who comes again.
  std::vector<RawRead> open(Unredacted<std::vector<RawRead>> received, std::string_view whose = "");
  /// How much there is to look through, in bytes of bodies and outputs.
  static std::size_t size_of(const Unredacted<std::vector<RawRead>>& received);
  /// Of what has texts in several places: `clean(received, *this)` takes each of them through text().
  template <class T, class Clean>
  requires std::invocable<Clean&, T&, Redactor&> T open(Unredacted<T> received, Clean clean) {
    clean(received.received_, *this);
    return std::move(received.received_);
  }

  /// A body, a log, a message: JSON stays JSON, and a text without a secret comes back byte for byte.
  std::string text(std::string_view text);
  void headers(Headers& headers);

  /// How many values were removed, by rule ("token", "email").
  const std::map<std::string, std::uint64_t>& removed() const;

 private:
  void clean(RawRead& read, std::string_view whose);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// By its name, the value of this header (or variable) is a secret.
bool is_secret_header(std::string_view name);
/// What to look for when this value must not be seen anywhere: itself and, of "Bearer TOKEN", the token.
std::vector<std::string> secrets_in(std::string_view value);

/// Whether this can be one of `evidence.redact.patterns`: an expression of RE2, without look-around and
/// back-references.
Result<void> check_pattern(const std::string& pattern);

/// Counts the placeholders in a text, by rule: what a manifest says of a file.
std::map<std::string, std::uint64_t> placeholders_in(std::string_view text);

}  // namespace readback
