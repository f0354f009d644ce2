#pragma once
// The key with which this host signs its evidence, as it lies in the store's folder.
#include <memory>
#include <string>

#include "core/evidence/signature.hpp"

namespace readback {

struct HostKey {
  std::shared_ptr<const SigningKey> key;  ///< null: there is none, and why stands in `trouble`
  bool made = false;                      ///< by this start, because there was none that could be used
  std::string trouble;                    ///< what an operator should hear of; operator language, else ""
};

inline constexpr const char* host_key_name = "evidence.key";

/// Read from `path`, or made there: PEM, mode 0600, on the disk before it is used. One that is damaged is set aside
/// beside it and another made, because evidence that nobody can check is worse than a new key. One that cannot be read
/// or kept is not replaced by one that nobody will ever see again: then nothing is signed.
HostKey load_or_make_host_key(const std::string& path);

}  // namespace readback
