#pragma once
// What several hosts make of what each of them sees: who is asked, what counts as yes, no and silence, and what follows
// (design: the fleet, "Agreement"). Functions of their arguments, without state; fleet.hpp remembers.
//
// A yes is another host that has confirmed it too, or has suspected it for longer than `agree_within`. A no is a host
// where it does not hold, by a sweep that began after that host had seen our question: before, it looked at another
// world. All else is silence, and silence decides nothing.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fleet/words.hpp"

namespace readback {

inline constexpr Millis renew_every = Seconds(5);     ///< a member's record
inline constexpr Millis missing_after = Seconds(15);  ///< three renewals: no vote of it counts, and no claim is safe
inline constexpr Millis answer_within = Seconds(5);   ///< of a juror: its sweep begins within this, one for several
/// A host takes the servers for away when its renewals were not acknowledged for so long. Who has stood still for as
/// long cannot tell whether they are.
inline constexpr Millis no_renewal = Seconds(10);
inline constexpr Millis longest_wait = Seconds(60);  ///< between two attempts of the fleet at one receiver
inline constexpr int most_steps = 8;                 ///< of a takeover, a second each

/// The place of a host in what is decided about `about`, the same on every host: the lowest comes first.
std::uint64_t rendezvous(std::string_view about, std::string_view host);
/// Of these hosts those with the lowest places, in their order; all when there are fewer.
std::vector<std::string> jury_of(std::string_view about, const std::vector<std::string_view>& hosts, std::size_t size);

enum class Vote { yes, no, pending, silent };

/// One juror at one moment, as the host knows it that counts.
struct Witness {
  bool is_self = false;
  bool is_readable = true;        ///< there is a view of this target, and it could be read
  bool in_first_picture = false;  ///< known from the picture after a connect only: who knows how old it is
  bool before_closing = false;    ///< heard before the last incident of this was closed: about that one
  bool blind = false;             ///< it could see nothing, or its last sweep was void
  Millis heard_ago{0};            ///< the member itself, by its renewals or when it was asked for
  Millis view_ago{0};             ///< since its view was received, on our own clock
  Millis interval{0};             ///< its own for this target
  std::optional<SeenAs> state;    ///< unset: it does not hold there
  bool is_clearing = false;       ///< its last sweep did not show it
  Millis suspected_for{0};        ///< since this question of it was first heard
  std::uint64_t knows = 0;        ///< highest revision of views that it had seen when its sweep began
};

/// What is asked.
struct Question {
  bool holds_here = false;  ///< it is suspected or confirmed on the host that counts
  /// Of the view that asked; unset until the engine has acknowledged it. Nothing is a no before.
  std::optional<std::uint64_t> revision;
  Millis agree_within = Seconds(10);
  /// Whether to begin: what is over in all but the count of green sweeps is no yes. For an end it is.
  bool is_to_begin = false;
};

Vote vote_of(const Witness& witness, const Question& question);
/// It says nothing, but lives and can see: it was drawn, or came back, after it was asked.
bool is_yet_to_answer(const Witness& witness, Vote vote);

/// The votes of one jury.
struct Tally {
  int yes = 0, no = 0, pending = 0, silent = 0;
  int about_to = 0;                       ///< of the silent: those who live and were asked less than agree_within ago
  std::vector<int> levels;                ///< of the yes: how bad each sees it (level_of())
  bool is_juror = false;                  ///< the host that counts is of the jury
  std::vector<std::string> who, who_not;  ///< hosts that said yes and no
  std::vector<std::string> who_else;      ///< hosts that have not said either
  std::vector<std::string> who_yet;       ///< of those: whoever may still answer

  int asked() const { return yes + no + pending + silent; }
  /// `level` counts with a yes.
  void add(const std::string& host, Vote vote, int level = 0);
};

/// What follows for a host that has confirmed it.
enum class Agreed {
  wait,     ///< somebody who could change the outcome may still say a word
  fires,    ///< yes > no
  alone,    ///< nobody else could say, or is about to: to be asked for at the engine itself, then it fires
  vantage,  ///< some see it, more do not: the way there
  own,      ///< this host alone sees it, somebody does not
};
/// `waited`: since it was confirmed here, or since the fleet could be heard again.
Agreed agreed(Tally tally, Millis waited, Millis agree_within);

// --- an incident that is open ---
/// At least half of the whole jury says no, and not fewer than still see it.
bool is_recovered(const Tally& t);
/// More see it than do not: an end that was not told is taken back.
bool is_relapsed(const Tally& t);
/// As bad as more than half of the whole jury sees it, or worse; 0 when that is none. What the receivers were told less
/// of is an escalation.
int level_of_most(const Tally& t);
/// Of `vantage`: there are no two sides any more, or it has become the boundary itself.
bool is_way_clear(const Tally& t);
bool is_way_broken(const Tally& t);

/// "seen from 5 of 7 hosts", and "not from a, b" when there are such; at most `most` names. "" where one was asked.
std::string seen_from(const Tally& t, std::size_t most = 8);

/// What is told in its place of what was decided while nobody could be asked.
inline constexpr const char* nobody_asked = "the other hosts cannot be asked";
std::string told_from(const Tally& tally, bool alone);

}  // namespace readback
