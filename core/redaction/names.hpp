#pragma once
// What the name of a field, a variable or a header says of its value. A name is judged by its words, never by letters
// that happen to stand in it: `podsNotReady` holds no DSN and `memoryFootprint` no one-time password, while `DB_PASS`,
// `smtpPass` and `requirepass` all hold a password. The last word counts most: a `token_endpoint` or a `password_age`
// is told about a secret and is none.
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace readback {

/// To look up a text in a table of strings without making one of it.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// What a name promises of the value beside it.
enum class Holds {
  nothing,
  maybe,   ///< a secret when the value looks like one: `key`, `auth`, `signature`, `session_key_blue`
  secret,  ///< a secret unless the value is a word that tells of one: `token: expired`
};

struct NameSense {
  Holds holds = Holds::nothing;
  bool counts = false;  ///< `max_tokens`, `sessions`: a number here is a count
  bool tally = false;   ///< `pass`, `tests_pass`: a small number here tells how many have passed
  bool code = false;    ///< `pin`, `otp`: a short number is the secret itself
  bool folder = false;  ///< `pwd`: a path here is the working directory
  bool digest = false;  ///< `signature`, `session`: what looks like a digest is the secret itself
  bool login = false;   ///< `auth`: `user:password`
  bool named = false;   ///< `secret`, `secrets`: where a secret lies is often said by its name, `edge-tls`
  bool loose = false;   ///< `session`: a secret where it is quoted; without quotes when it looks like one
  bool spoken = false;  ///< `password`, `pw`: a word that people put a secret behind
  /// How a part is, not what it holds: below `credentials` it is read like anywhere else. `status`, `secretName`.
  bool tells = false;
  bool label = false;            ///< `name`, `ParameterKey`: its value names what stands beside it
  bool content = false;          ///< `value`, `ParameterValue`: what a label beside it names
  bool credential_line = false;  ///< `authorization`, `cookie`: everything up to the end of the line belongs to it
};

class Names {
 public:
  /// `parts` are the operator's own (`evidence.redact.keys`): a name that contains one of them holds a secret.
  explicit Names(const std::vector<std::string>& parts);

  /// Of a name as it was written, in any case and spelling. At most 128 bytes are names; what is longer is none.
  NameSense of(std::string_view name) const;
  /// The same for a word of running text, of which most are no names: only what it holds is told.
  NameSense in_text(std::string_view name) const { return may_hold(name) ? of(name) : NameSense{}; }

 private:
  bool may_hold(std::string_view name) const;

  std::vector<std::string> parts_;
  mutable std::unordered_map<std::string, NameSense, TextHash, std::equal_to<>>
      judged_;  ///< names repeat from answer to answer
};

/// ASCII, and the capitals of Latin-1, Greek and Cyrillic in UTF-8.
std::string fold_case(std::string_view text);

}  // namespace readback
