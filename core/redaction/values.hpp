#pragma once
// What a value looks like, whatever holds it: a word that tells of a secret, something that a generator made, a
// reference to where the secret lies, or one that is hidden already.
#include <cstddef>
#include <string_view>

namespace readback {

/// Said of a secret, not a secret: a status word, nothing, a mask (`****`, `[REDACTED]`), a reference
/// (`${DB_PASS}`, `/run/secrets/db`), a time, or a sentence about it ("expired 3 hours ago").
bool tells_of_secret(std::string_view value);

/// A sentence that tells how something is: "must be at least 12 characters", "not found in vault".
bool is_sentence(std::string_view text);

/// A mix of letters, digits and signs such as no ordinary word, version, address or path is.
bool looks_secret(std::string_view value);

/// Long, mixed and without order: what a generator made. Digests, UUIDs, names of classes, runs and units are made
/// too, and are no secrets.
bool looks_generated(std::string_view word);

/// A whole file system path.
bool is_path(std::string_view value);

/// The length of the placeholder `<redacted:RULE:8 hexadecimal digits>` that begins here; 0 when none does. Only what
/// we write ourselves counts: a platform that wraps a secret in something alike hides nothing.
std::size_t placeholder_at(std::string_view text);

/// Nothing is left in it but placeholders and what stands between them.
bool is_covered(std::string_view value);

}  // namespace readback
