#pragma once
// What is written from the lists of keys.hpp for others to read: the JSON Schema, for editors, and the table of keys of
// the man page. The repository holds both as files; a test holds them to what these functions write.
#include <string>
#include <string_view>

#include "core/text/result.hpp"

namespace readback {

/// config/readback.schema.json, whole.
std::string write_schema();
/// The sections of keys, in mdoc.
std::string write_key_table();
/// The man page with its table of keys, which stands between two comments, written anew. Fails where it has none.
Result<std::string> with_key_table(std::string_view page);

}  // namespace readback
