#pragma once
// The words of the fleet as JSON texts, and back. What is read comes from whoever can write to the servers: a member of
// another fleet, a newer version, somebody with a shell. Each text is bounded before it is parsed and checked before it
// is used, and what cannot be used says why, naming where it stood; it is then one host's silence and nothing else.
//
// A text belongs to its key: a view that claims to be another host's, or to answer what was asked after it was written,
// is not read. So whatever somebody writes under one key counts once at most.
#include <string>
#include <string_view>

#include "core/fleet/words.hpp"
#include "core/text/result.hpp"

namespace readback {

inline constexpr std::size_t largest_member = 64 << 10;  ///< bytes: a thousand targets
inline constexpr std::size_t largest_view = 2 << 10;
inline constexpr std::size_t largest_claim = 4 << 10;
inline constexpr std::size_t largest_word = 8 << 10;

/// What they say is valid UTF-8 and within the limits: reasons are cut and left out until it is, and so are targets.
std::string write(const FleetMember& member);
std::string write(const FleetView& view);
std::string write(const FleetClaim& claim);
std::string write(const FleetWord& word);

/// `key` is the one that it stood under, `fleet` the name of ours.
Result<FleetMember> read_member(std::string_view key, std::string_view text, std::string_view fleet);
/// `revision` is its own: no view knows one that is not lower.
Result<FleetView> read_view(std::string_view key, std::string_view text, std::string_view fleet,
                            std::uint64_t revision);
/// Where a claim of a newer schema stands, this version can decide nothing together: `newer` tells that apart from
/// what is no claim.
struct ReadClaim {
  Result<FleetClaim> claim;
  bool newer = false;
};
ReadClaim read_claim(std::string_view key, std::string_view text);
Result<FleetWord> read_word(std::string_view text, std::string_view fleet);
/// The key without its environment. Nothing when it is no key of a claim, or one of another environment.
std::optional<ClaimKey> read_claim_key(std::string_view key, std::string_view environment);

}  // namespace readback
