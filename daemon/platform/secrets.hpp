#pragma once
// The one place where a reference to a secret becomes its text. Whoever asks keeps it no longer than needed, and no
// message ever holds it.
#include <map>
#include <string>
#include <utility>

#include "core/config/common.hpp"
#include "core/text/result.hpp"

namespace readback {

/// A credential is looked for in $CREDENTIALS_DIRECTORY, as systemd gives it. One trailing line end is no part of a
/// secret. A failure names the reference ("the credential fabric-api-key is not there: …"), never the secret.
/// Waits for the file, however long that takes: not in the loop.
Result<std::string> reveal(const SecretRef& ref);
/// Only what lies in a file can keep its reader waiting.
inline bool lies_in_a_file(const SecretRef& ref) {
  return ref.from == SecretRef::From::file || ref.from == SecretRef::From::credential;
}
/// Where it lies; empty when it is in no file, or in none that we were given.
std::string path_of(const SecretRef& ref);
/// What references have shown, by kind and value.
using RevealedSecrets = std::map<std::pair<SecretRef::From, std::string>, std::string>;

/// 128 random bits as hexadecimal digits: a key that is good for this run only.
std::string random_key();

/// A random key in a file of our own, made where there is none. When the file can be neither read nor made, the key is
/// good for this run only.
std::string lasting_key(const std::string& path);

}  // namespace readback
