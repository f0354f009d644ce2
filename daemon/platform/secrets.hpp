#pragma once
// The one place where a reference to a secret becomes its text. Whoever asks keeps it no longer than needed, and no
// message ever holds it.
#include <string>
#include <variant>

#include "config/config.hpp"

namespace readback {

struct SecretTrouble {
  std::string text;  ///< "the credential fabric-api-key is not there: …"; never the secret
};
/// A credential is looked for in $CREDENTIALS_DIRECTORY, as systemd gives it. One trailing line end is no part of a
/// secret.
std::variant<std::string, SecretTrouble> reveal(const SecretRef& ref);

/// A random key in a file of our own, made where there is none. When the file can be neither read nor made, the key is
/// good for this run only.
std::string lasting_key(const std::string& path);

}  // namespace readback
