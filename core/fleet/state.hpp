#pragma once
// What is inside a member, shared by the fleet's own files only: what it knows of the others, what it sees itself, the
// incidents of the fleet as they stand, and the rows that wait for a word.
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fleet/fleet.hpp"
#include "core/fleet/json.hpp"
#include "core/model/ids.hpp"
#include "core/text/name_set.hpp"

namespace readback {

/// What a crash must leave.
struct FleetKept {
  /// An incident of the fleet at one sink, as this host has it. There is one for each open claim of its targets.
  struct Story {
    std::uint64_t epoch = 0;
    bool is_resolved = false;  ///< the jury has ended it; its end may still be on the way
    int level = 0;
    /// The receiver was written to while this host was alone, and who knows what it believes: said again if the jury
    /// agrees.
    bool is_unsure = false;
    /// Adopted when nobody was told of it and nobody sees it: here so that somebody closes it. Nothing is said of it,
    /// and it has no row.
    bool is_quiet = false;
  };
  /// What a receiver has accepted (or may have), not yet in the claim.
  struct Note {
    ClaimKey key;
    std::uint64_t epoch = 0;
    int told = 0;
    bool is_end = false, is_unsure = false;
  };
  struct HeldClaim {
    std::uint64_t revision = 0;       ///< 0: nothing stands there
    std::optional<FleetClaim> claim;  ///< unset: nothing that can be read
    std::uint64_t epoch = 0;          ///< the highest that was ever seen there
  };

  std::map<ClaimKey, Story> stories;
  std::vector<FleetRow> rows;  ///< in the order in which they are told
  std::vector<Note> notes;
  std::map<ClaimKey, HeldClaim> claims;            ///< as they were last heard of
  std::map<ClaimKey, std::uint64_t> acknowledged;  ///< the newest epoch of which that was said
  std::map<std::string, FleetMember> known;        ///< members that have not said goodbye, this host among them
  NameSet own_ways;                                ///< targets of which this host's own way is told to be broken
  std::vector<FleetWord> said;                     ///< here, and not yet on the stream
  std::uint64_t words_heard = 0;                   ///< the place in the stream
  std::uint64_t next_row = 1;
};

struct Fleet::State {
  using Story = FleetKept::Story;
  using Note = FleetKept::Note;
  using HeldClaim = FleetKept::HeldClaim;

  static constexpr std::string_view missing_prefix = "readback/";  ///< of the target of a missing member

  // Times of the protocol that are nobody's to configure.
  static constexpr Millis no_claim = Seconds(5);  ///< read or made for so long: the engine is away
  static constexpr Millis look_again = Seconds(8);
  static constexpr Millis give_others = Seconds(30);  ///< who has tried waits for those who have not
  /// Who was told by the receiver to come back later does, and knows more of a page than whoever has adopted it.
  static constexpr Millis give_triers = longest_retry_after + longest_wait;
  static constexpr Millis words_wait = Seconds(3);  ///< after a connect: the epochs must be known first

  static constexpr Millis never_mind = std::chrono::hours(24 * 365);

  // --- what is configured ---
  FleetSetup setup;
  MonoTime now{}, ticked_at{};
  IdSource ids;
  FleetKept kept;
  FleetActions out;
  bool must_save = false;

  // --- the others ---
  struct Heard {
    MonoTime at{};
    std::uint64_t revision = 0;
    std::string text;  ///< as it was last read: a renewal says the same again
  };
  struct KnownView {
    std::uint64_t revision = 0;
    std::optional<FleetView> view;  ///< unset: unreadable
    MonoTime at{};
    bool in_first_picture = false;
    std::map<Boundary, std::pair<std::uint64_t, MonoTime>> asked;  ///< question, and when it was first heard
  };
  std::map<std::string, Heard> members;  ///< since the last connect
  /// Who is asked, for as long as nobody comes, goes or changes what it watches: to draw it costs a look at every
  /// member, and each message of the fleet asks for it.
  struct Juries {
    MonoTime until{};  ///< somebody falls silent then, if not heard before
    std::map<std::string, std::vector<std::string>> of_target, of_member;
  };
  mutable Juries juries;
  MonoTime missing_due{};  ///< nobody can be missed before
  struct Gone {
    std::string version;
    MonoTime at{};
  };
  std::map<std::string, Gone> left;           ///< said goodbye lately: nobody is missed, and people see where it went
  std::map<std::string, SinkConfig> retired;  ///< sinks that a reload has taken and whose incidents are open

  // --- a target ---
  struct Mine {
    FleetFinding finding;
    std::uint64_t question = 0;
    std::optional<std::uint64_t> revision;  ///< of the view that asked
    MonoTime confirmed_at{};
    bool is_confirmed = false;
    std::map<std::string, MonoTime> awaited;  ///< jurors that owe their first word, since when
  };
  struct Verdict {
    std::optional<Agreed> last;
    MonoTime since{};
  };
  struct Target {
    std::map<std::string, KnownView> views;  ///< by host
    std::uint64_t highest = 0;               ///< revision of any view of it
    // What this host sees.
    std::uint64_t sweep = 0, knows = 0;
    std::map<std::uint64_t, std::uint64_t> under_way;  ///< sweeps, and what was known when each began
    MonoTime began_at{}, swept_at{};
    bool has_swept = false, sees = true;
    bool has_asked = false;  ///< the last view that was published names something
    std::map<Boundary, Mine> mine;
    std::map<Boundary, int> anew;             ///< sweeps in which it held since the last closing; until enough
    std::map<Boundary, MonoTime> vote_after;  ///< the last closing
    std::map<Boundary, Verdict> verdicts;
    // Asked by others.
    std::optional<MonoTime> ask_due;
    std::optional<MonoTime> asked_at;
    bool was_passed_over = false;  ///< a question was for others; the jury may come to need this host
    std::optional<MonoTime> looked_at;
    bool is_looking = false;
    // Telling again while alone.
    std::optional<MonoTime> retold_at;
    Millis retell_every{0};
  };
  std::map<std::string, Target> targets;

  // --- an incident, as far as a start forgets it ---
  struct Ending {
    MonoTime since{};
    std::uint64_t revision = 0;  ///< a no counts for the end when its sweep began after this was known
  };
  std::map<std::pair<std::string, Subject>, Ending> ending;
  std::map<std::pair<std::string, Subject>, EventKind> turned;  ///< the last that was said of it
  std::map<ClaimKey, MonoTime> takeover_since;
  std::map<ClaimKey, MonoTime> tried_at;  ///< when the tries in an open claim were heard to be more, or fewer
  /// After attempts that got no 2xx.
  struct Pause {
    MonoTime until{}, asked_until{};  ///< the receiver's own wish is in both
    int failed = 0;                   ///< in a row
    bool is_of_row = false;           ///< the last time this was refused where something else had just been taken
  };
  std::map<ClaimKey, Pause> pauses;
  std::set<std::string> answering;  ///< sinks that took what this host sent them last
  std::map<ClaimKey, FleetRow> inflight;
  std::set<ClaimKey> busy;

  // --- the engine of the fleet ---
  bool is_synced = false, is_forced_away = false, was_away = false;
  bool is_starting_over = false;  ///< a picture that comes before ConnectionLost is an old one
  MonoTime synced_at{}, last_ack{};
  std::optional<MonoTime> stood_still_at;  ///< until then, for the last time
  std::optional<MonoTime> away_since;
  std::optional<MonoTime> failing_since;  ///< no claim was read or made since
  std::optional<MonoTime> probed_at, renewed_at;
  std::uint64_t my_revision = 0;
  std::set<ClaimKey> newer;  ///< claims of a schema that is not known here
  bool is_doubled = false, has_published = false;
  std::string other_start;          ///< that was heard under this host's name
  MonoTime other_heard{};           ///< and when it was heard last
  std::uint64_t disagreements = 0;  ///< turns to `vantage` or to this host's own way
  std::vector<std::string> our_troubles;
  std::map<std::string, std::string> complaints;  ///< by key: told when it begins

  /// What a ticket was for.
  struct Ticket {
    enum class For { member, view, claim, read_claim, holder, look, probe, word } what = For::member;
    MonoTime sent{};
    std::string target;                                         ///< view, look
    std::vector<std::pair<Boundary, std::uint64_t>> questions;  ///< view
    ClaimKey key;                                               ///< claim, read_claim, holder
    FleetClaim claim;                                           ///< claim: what was to be written
    std::optional<Note> note;                                   ///< claim: what is in it then
    std::string holder;                                         ///< holder
    std::string word;                                           ///< word: its id
  };
  std::map<std::uint64_t, Ticket> tickets;
  std::uint64_t next_ticket = 1;

  State(FleetSetup s, MonoTime at) : setup(std::move(s)), now(at), ticked_at(at), ids(setup.seed) {}

  // --- fleet.cpp: what happens ---
  void on(const FleetTick& e);
  void on(const SweepBegan& e);
  void on(const SweepSeen& e);
  void on(const FirstPicture& e);
  void on(const ConnectionLost& e);
  void on(const StoodStill& e);
  void on(const FleetHeard& e);
  void on(const FleetAnswered& e);
  void on(const Attempted& e);
  void on(OurTroubles e);
  void on(const WordSaid& e);
  void on(const WordHeard& e);
  void on(const OthersCalled& e);
  void on(FleetReconfigured e);
  void on(const FleetStopping& e);
  void settle_down();
  FleetActions in_order();
  void probe();
  void leave_targets(const Config& before);
  std::vector<ClaimKey> stories_of_word(const FleetWord& w) const;
  bool is_open(const std::string& target, Subject s) const;
  std::uint64_t ticket(Ticket t);
  void renew(bool goodbye);
  void publish(const std::string& target);
  void save() { must_save = true; }
  void say(Say::Level level, const std::string& kind, const std::string& text, const std::string& target = "");
  void publish_words();

  // --- hearing.cpp: what the others say ---
  bool is_mere_renewal(const FleetHeard& e);
  void hear_member(const FleetEntry& e);
  void hear_view(const FleetEntry& e, bool in_first_picture);
  void hear_claim(const FleetEntry& e, bool in_first_picture);
  void complain(const std::string& key, const std::string& text);
  void return_to_fleet();
  void ask_anew(Target& t);
  void answer(const std::string& target, Target& t);
  void answer_as_new_juror(const std::string& target, Target& t);
  void forget_claim(const ClaimKey& key, std::uint64_t revision);
  bool concerns_us(const ClaimKey& key) const;
  bool is_held_here(const ReadClaim& read) const;
  void answered_view(const Ticket& ticket, const FleetAnswered& e);
  std::uint64_t new_question() { return ids.random() >> 11 | 1; }
  void looked(const Ticket& ticket, const FleetAnswered& e);
  void answered_claim(const Ticket& t, const FleetAnswered& e);
  void answered_holder(const Ticket& t, const FleetAnswered& e);
  void claim_op(bool done, MonoTime sent);

  // --- agreeing.cpp: what follows from it ---
  const TargetConfig* config_of(const std::string& target) const;
  /// Their names, as long as nobody comes or goes.
  std::vector<const std::string*> live() const;
  bool watches(const std::string& host, const std::string& target) const;
  bool has_known_others(const std::string& target) const;  ///< that watch it and have not said goodbye
  bool has_substitute(const std::string& target) const;
  bool is_heard(const std::string& host) const;  ///< lately enough to have a vote
  MonoTime next_silence() const;
  template <class Asked>
  const std::vector<std::string>& drawn(std::map<std::string, std::vector<std::string>>& known,
                                        const std::string& about, const Asked& is_asked) const;
  const std::vector<std::string>& jury(const std::string& target) const;
  bool is_of_others(const std::string& target) const;  ///< they watch it, and this host does not
  bool is_asked_about(const std::string& target, const std::string& host) const;
  const std::vector<std::string>& jury_for_missing(const std::string& host) const;
  /// `at_least`: a no counts only when its sweep began after this revision was known.
  Tally votes(const std::string& target, Boundary b, std::optional<std::uint64_t> at_least = {},
              bool is_to_begin = false) const;
  Witness witness(const std::string& host, const Target& t, Boundary b) const;
  int level_seen(const std::string& host, const Target& t, Boundary b) const;
  std::optional<SeenAs> my_state(const Target& t, Boundary b) const;
  void decide();
  void decide(const std::string& target, Target& t, Boundary b);
  int about_to_answer(Mine& m, const Tally& tally) const;
  void decide_alone(const std::string& target, Target& t, Boundary b, int level);
  void stand(const std::string& target, Target& t, Boundary b, Agreed now_agreed, const Tally& votes);
  void look(const std::string& target, Target& t);
  void own_way(const std::string& target, bool is_blamed, const Tally& votes);
  void start(const std::string& target, Subject s, int level, bool alone, const Tally& votes);
  bool open_at(const ClaimKey& key, int level, bool alone, const Tally& votes);
  void miss_members();

  // --- showing.cpp: for people ---
  MemberView shown_self() const;
  MemberView shown(const std::string& host, const FleetMember& member) const;

  // --- ending.cpp: how an open incident goes on ---
  struct Course {
    Tally votes;
    bool is_over = false, is_bad = false;
  };
  void ends();
  void end_of(const std::string& target, Subject s);
  Course course_of(const std::string& target, Subject s) const;
  bool is_proven(const std::string& target, Subject s, const Ending& end) const;
  bool wake(const std::string& target, Subject s, const Tally& tally, bool alone);
  void believe(const std::string& target, Subject s);
  void say_again(const std::string& target, Subject s, const Course& c);
  void relapse(const std::string& target, Subject s, const Course& c);
  void resolve(const std::string& target, Subject s, const Course& c);
  void escalate(const std::string& target, Subject s, const Course& c);
  void count_anew(const std::string& target, Subject s);
  std::vector<ClaimKey> stories_of(const std::string& target, Subject s) const;
  void turn(const std::string& target, Subject s, EventKind kind, int level, const Tally& votes,
            bool was_vantage = false);
  int told_level(const std::string& target, Subject s) const;

  // --- claims.cpp: one page ---
  static bool takes(const SinkConfig& sink, const std::string& target, Subject s, int level);
  std::set<std::string> sinks_for(const std::string& target, Subject s, int level) const;
  bool is_configured(const std::string& sink) const;
  bool lists_sink(const std::string& host, const std::string& sink) const;
  std::vector<std::string> others_with(const std::string& sink) const;
  Millis step_of(const ClaimKey& key) const;
  const FleetClaim* claim(const ClaimKey& key) const;
  FleetRow* row(std::uint64_t id);
  FleetRow* first_row(const ClaimKey& key);
  bool has_notes(const ClaimKey& key) const;
  bool was_sent(const ClaimKey& key) const;
  FleetRow* add_row(const ClaimKey& key, EventKind kind, int level, const std::string& text, bool alone = false,
                    bool again = false);
  void drop_rows(const std::function<bool(const FleetRow&)>& which);
  void drop_story(const ClaimKey& key);
  void take_in(const ClaimKey& key, std::uint64_t revision, FleetClaim c, bool in_first_picture);
  void closed(const ClaimKey& key, const std::optional<FleetClaim>& before, const FleetClaim& c);
  void opened(const ClaimKey& key, const FleetClaim& c);
  void change(const ClaimKey& key, FleetClaim c, std::optional<Note> note = {});
  void read_again(const ClaimKey& key);
  void flush();
  void flush(const Note& note);
  void noted(const Note& note, std::uint64_t epoch);
  void settle_tried(const std::optional<ClaimKey>& only = {});
  void note_tried(const FleetRow& r);
  bool is_told(const FleetRow& r) const;
  bool is_away(const ClaimKey& key) const { return is_away() || newer.contains(key); }

  // --- speaking.cpp: which row leaves, and who speaks ---
  void pump();
  void pump(const ClaimKey& key);
  bool close_for_nobody(const ClaimKey& key);
  void open_claim(const ClaimKey& key, const FleetRow& r);
  bool may_speak(const FleetRow& r) const;
  bool is_quiet(const ClaimKey& key) const;
  void close_quietly(const ClaimKey& key);
  void close_unsaid(const ClaimKey& key, const FleetClaim& c);
  void take_over(const ClaimKey& key, const FleetClaim& c);
  void leave(FleetRow& r, bool alone);
  void put_off(const ClaimKey& key, Millis not_before);
  void accepts_again(const std::string& sink);
  bool is_way_proven(const ClaimKey& key) const;
  void pass_on(const ClaimKey& key, bool was_written);
  void let_go(const std::function<bool(const ClaimKey&)>& which);
  void let_go(const ClaimKey& key, FleetClaim c);
  void look_after_claims();

  /// The fleet cannot be asked.
  bool is_away() const { return is_forced_away || now - last_ack > no_renewal; }
  /// For so long that this host is alone in everything.
  bool is_alone_in_all() const { return is_away() && away_since && now - *away_since > setup.config.alerts.renotify; }
};

}  // namespace readback
