#pragma once
// What several parts of the configuration have in common: where something stands in the file, a secret that is named
// and not written, and how a TLS connection is judged.
#include <chrono>
#include <string>
#include <string_view>

#include "core/text/instant.hpp"

namespace readback {

/// An enumerator and its word in the file. Each enumeration has such a table beside it, which loader, printer, schema
/// and man page read.
template <class E>
struct Worded {
  E value;
  std::string_view word;
};

/// Where something stands in the file, from 1 (0: nowhere); for messages.
struct FilePlace {
  int line = 0, column = 0;
  std::string file = {};  ///< "": the configuration itself, else a file that it includes
};

/// A secret or a plain header value: where to get it. Only `daemon/platform/secrets` turns it into text.
struct SecretRef {
  enum class From { plain, credential, file, env };
  From from = From::plain;
  std::string value;  ///< the text itself (plain), the credential's name, the file's path or the variable's name
  FilePlace at;
};

struct TlsConfig {
  std::string ca_file, cert_file, key_file, server_name;
  bool verify = true;
  Millis expires_within =
      std::chrono::hours(24 * 14);  ///< announced this long ahead: a renewal is retried daily for weeks
  FilePlace at;
};

}  // namespace readback
