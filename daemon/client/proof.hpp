#pragma once
// `snapshot verify`: what a bundle proves, and against whom. A bundle that fits its own manifest is undamaged, and no
// more: whoever makes one anew makes it so. It is proven by what the one who changed it does not have: the digest that
// stands in the page, the key of the host, the index of a daemon, or the digest of a bundle that is proven and names
// it.
#include <string>
#include <vector>

#include "core/evidence/signature.hpp"
#include "daemon/client/client.hpp"

namespace readback {

struct ProofAsked {
  std::vector<std::string> files;  ///< one; several are a chain, in any order
  std::string sha256;              ///< of the file, or of the newest of several: 64 lower-case digits; "" is not given
  std::vector<PublicKey> keys;     ///< signed with one of these; none: not asked
};

/// Prints what it finds, and returns the exit status: 0 when nothing speaks against the files. A daemon that can be
/// reached is asked for what it has sealed; none is no failure.
int verify_bundles(const Client& client, const ProofAsked& asked);

}  // namespace readback
