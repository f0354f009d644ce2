// The rules of the vote, a row each.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include "core/fleet/agreement.hpp"

using namespace readback;

namespace {

Witness green() {
  Witness w;
  w.interval = Seconds(30), w.view_ago = Seconds(4), w.heard_ago = Seconds(3), w.knows = 100;
  return w;
}
Witness seeing(SeenAs state, Millis suspected_for = Millis(0)) {
  Witness w = green();
  w.state = state, w.suspected_for = suspected_for;
  return w;
}
template <class Change>
Witness with(Witness w, Change change) {
  change(w);
  return w;
}

Tally tally(int yes, int no, int pending, int silent, bool is_juror = true) {
  Tally t;
  t.yes = yes, t.no = no, t.pending = pending, t.silent = silent, t.is_juror = is_juror;
  return t;
}

std::string word(Agreed a) {
  switch (a) {
    case Agreed::wait: return "wait";
    case Agreed::fires: return "fires";
    case Agreed::alone: return "alone";
    case Agreed::vantage: return "vantage";
    case Agreed::own: return "own";
  }
  return "?";
}

}  // namespace

TEST_CASE("what counts as yes, no and silence") {
  const Question asked{true, 100, Seconds(10)};
  struct Case {
    const char* name;
    Witness witness;
    Question question;
    Vote vote;
  };
  const Case cases[] = {
      {"it has confirmed it", seeing(SeenAs::holding), asked, Vote::yes},
      {"it has paged", seeing(SeenAs::firing), asked, Vote::yes},
      {"it has just begun to suspect it", seeing(SeenAs::suspected, Seconds(10)), asked, Vote::pending},
      {"it suspects it for longer than agree_within", seeing(SeenAs::suspected, Millis(10'001)), asked, Vote::yes},
      {"our own suspicion is no yes, however long",
       with(seeing(SeenAs::suspected, Seconds(60)), [](Witness& w) { w.is_self = true; }), asked, Vote::pending},
      {"a sweep from after the question", green(), asked, Vote::no},
      {"a sweep from before the question", with(green(), [](Witness& w) { w.knows = 99; }), asked, Vote::silent},
      {"the question has not been acknowledged yet", green(), {true, std::nullopt, Seconds(10)}, Vote::silent},
      {"confirmed, and gone from its last sweep, for a page",
       with(seeing(SeenAs::holding), [](Witness& w) { w.is_clearing = true; }),
       {true, 100, Seconds(10), true},
       Vote::no},
      {"the same, of a sweep from before the question",
       with(seeing(SeenAs::holding),
            [](Witness& w) {
              w.is_clearing = true;
              w.knows = 99;
            }),
       {true, 100, Seconds(10), true},
       Vote::silent},
      {"the same, for an end", with(seeing(SeenAs::holding), [](Witness& w) { w.is_clearing = true; }), asked,
       Vote::yes},
      {"nothing is asked: we are green too",
       with(green(), [](Witness& w) { w.knows = 0; }),
       {false, std::nullopt, Seconds(10)},
       Vote::no},
      {"we ourselves are green",
       with(green(), [](Witness& w) { w.is_self = true, w.knows = 0; }),
       {false, std::nullopt, Seconds(10)},
       Vote::no},
      {"the member was heard 15 s ago", with(green(), [](Witness& w) { w.heard_ago = Seconds(15); }), asked, Vote::no},
      {"the member is missing", with(seeing(SeenAs::holding), [](Witness& w) { w.heard_ago = Millis(15'001); }), asked,
       Vote::silent},
      {"two and a half of its intervals old", with(green(), [](Witness& w) { w.view_ago = Seconds(75); }), asked,
       Vote::no},
      {"older than that", with(seeing(SeenAs::holding), [](Witness& w) { w.view_ago = Millis(75'001); }), asked,
       Vote::silent},
      {"its interval is longer than ours",
       with(green(),
            [](Witness& w) {
              w.view_ago = Seconds(100);
              w.interval = Seconds(60);
            }),
       asked, Vote::no},
      {"from the first picture after a connect",
       with(seeing(SeenAs::holding), [](Witness& w) { w.in_first_picture = true; }), asked, Vote::silent},
      {"from before the last closing", with(seeing(SeenAs::holding), [](Witness& w) { w.before_closing = true; }),
       asked, Vote::silent},
      {"blind", with(green(), [](Witness& w) { w.blind = true; }), asked, Vote::silent},
      {"we ourselves are blind", with(green(), [](Witness& w) { w.blind = w.is_self = true; }), asked, Vote::silent},
      {"unreadable", with(green(), [](Witness& w) { w.is_readable = false; }), asked, Vote::silent},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    CHECK(static_cast<int>(vote_of(c.witness, c.question)) == static_cast<int>(c.vote));
  }
}

TEST_CASE("what follows from the votes") {
  struct Case {
    const char* name;
    Tally votes;
    Millis waited;
    const char* follows;
  };
  const Case cases[] = {
      {"everybody sees it", tally(7, 0, 0, 0), Millis(0), "fires"},
      {"a majority of the whole jury is enough at once", tally(4, 0, 0, 3), Millis(0), "fires"},
      {"three of seven, the rest may speak", tally(3, 0, 4, 0), Seconds(9), "wait"},
      {"three of seven, the rest is mute", tally(3, 0, 0, 4), Seconds(10), "fires"},
      {"everybody has spoken: nothing is waited for", tally(3, 4, 0, 0), Millis(0), "vantage"},
      {"as many as not", tally(3, 3, 0, 0), Seconds(10), "vantage"},
      {"two of three", tally(2, 1, 0, 0), Millis(0), "fires"},
      {"one of three, the others see green", tally(1, 2, 0, 0), Millis(0), "own"},
      {"one, another, and a silent one", tally(1, 1, 0, 1), Seconds(10), "own"},
      {"one, the others have just been asked", tally(1, 0, 0, 2), Seconds(9), "wait"},
      {"one, the others never answer", tally(1, 0, 0, 2), Seconds(10), "alone"},
      {"one, and another begins to suspect it", tally(1, 0, 1, 1), Seconds(60), "wait"},
      {"a jury of one", tally(1, 0, 0, 0), Millis(0), "fires"},
      {"not of the jury, which sees it", tally(4, 1, 0, 0, false), Millis(0), "fires"},
      {"not of the jury, which does not", tally(0, 3, 0, 0, false), Millis(0), "own"},
      {"not of the jury, where one sees it and is believed", tally(1, 0, 0, 2, false), Seconds(10), "fires"},
      {"not of the jury, which is mute", tally(0, 0, 0, 3, false), Seconds(10), "alone"},
      {"not of the jury, which may still speak", tally(0, 0, 0, 3, false), Seconds(9), "wait"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    CHECK(word(agreed(c.votes, c.waited, Seconds(10))) == c.follows);
  }
}

TEST_CASE("whoever lives and can see is waited for when it has not said a word since it was asked") {
  const auto is_waited_for = [](const Witness& w) { return is_yet_to_answer(w, vote_of(w, {true, 100, Seconds(10)})); };
  const Witness old_sweep = with(green(), [](Witness& w) { w.knows = 99; });
  CHECK(is_waited_for(old_sweep));
  CHECK(is_waited_for(with(green(), [](Witness& w) { w.is_readable = false; })));
  CHECK(is_waited_for(with(green(), [](Witness& w) { w.in_first_picture = true; })));
  CHECK_FALSE(is_waited_for(green()));
  CHECK_FALSE(is_waited_for(seeing(SeenAs::holding)));
  CHECK_FALSE(is_waited_for(with(old_sweep, [](Witness& w) { w.blind = true; })));
  CHECK_FALSE(is_waited_for(with(old_sweep, [](Witness& w) { w.heard_ago = Millis(15'001); })));
  Tally mute = tally(0, 0, 0, 3, false);
  mute.about_to = 1;
  CHECK(word(agreed(mute, Seconds(60), Seconds(10))) == "wait");
  Tally most = tally(2, 0, 0, 1);
  most.about_to = 1;
  CHECK(word(agreed(most, Millis(0), Seconds(10))) == "fires");
}

TEST_CASE("ends and escalations are the jury's") {
  struct Case {
    const char* name;
    Tally votes;
    bool recovered, relapsed;
  };
  const Case cases[] = {
      {"everybody is green", tally(0, 5, 0, 0), true, false},
      {"half of the jury, the rest is dead", tally(0, 2, 0, 2), true, false},
      {"less than half", tally(0, 2, 0, 3), false, false},
      {"as many as still see it", tally(2, 2, 0, 0), true, false},
      {"a suspicion in the way", tally(2, 2, 1, 0), false, false},
      {"more see it", tally(3, 2, 0, 0), false, true},
      {"nobody says a word", tally(0, 0, 0, 3), false, false},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    CHECK(is_recovered(c.votes) == c.recovered);
    CHECK(is_relapsed(c.votes) == c.relapsed);
  }
  Tally seen = tally(4, 0, 0, 1);
  seen.levels = {5, 8, 8, 5};
  CHECK(level_of_most(seen) == 5);
  seen.levels = {5, 8, 8, 8};
  CHECK(level_of_most(seen) == 8);
  CHECK(level_of_most(tally(0, 5, 0, 0)) == 0);
  Tally half = tally(2, 2, 0, 0);
  half.levels = {8, 8};
  CHECK(level_of_most(half) == 0);
  CHECK(is_way_broken(tally(2, 3, 0, 0)));
  CHECK_FALSE(is_way_broken(tally(3, 2, 0, 0)));
  CHECK(is_way_clear(tally(1, 4, 0, 0)));
  CHECK_FALSE(is_way_clear(tally(1, 3, 1, 0)));
  CHECK(is_way_clear(tally(4, 1, 0, 2)));
}

TEST_CASE("no votes at all is never a page, an end or an escalation") {
  for (int yes = 0; yes <= 7; ++yes)
    for (int no = 0; yes + no <= 7; ++no)
      for (int pending = 0; yes + no + pending <= 7; ++pending) {
        const Tally t = tally(yes, no, pending, 7 - yes - no - pending);
        CAPTURE(yes);
        CAPTURE(no);
        CAPTURE(pending);
        CHECK_FALSE((is_recovered(t) && is_relapsed(t)));
        CHECK_FALSE((is_way_clear(t) && is_way_broken(t)));
        const Agreed now = agreed(t, Seconds(60), Seconds(10));
        if (no > yes) CHECK(now != Agreed::fires);
        if (now == Agreed::fires) CHECK_FALSE(is_recovered(t));
        if (now == Agreed::alone) CHECK(no + pending == 0);
      }
}

TEST_CASE("every host draws the same jury, each is drawn about as often, and a newcomer displaces one at most") {
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("host-" + std::to_string(i));
  const std::vector<std::string_view> hosts(names.begin(), names.end());
  std::map<std::string, int> drawn;
  for (int target = 0; target < 1000; ++target) {
    const std::string name = "target-" + std::to_string(target);
    const auto jury = jury_of(name, hosts, 7);
    auto backwards = hosts;
    std::reverse(backwards.begin(), backwards.end());
    CHECK(jury_of(name, backwards, 7) == jury);
    CHECK(std::set<std::string>(jury.begin(), jury.end()).size() == 7);
    for (const auto& host : jury) ++drawn[host];
    auto more = hosts;
    more.push_back("host-new");
    int gone = 0;
    const auto then = jury_of(name, more, 7);
    for (const auto& host : jury) gone += std::find(then.begin(), then.end(), host) == then.end();
    CHECK(gone <= 1);
  }
  CHECK(drawn.size() == 100);  // 70 each on average
  for (const auto& [host, times] : drawn) {
    CAPTURE(host);
    CHECK(times > 35);
    CHECK(times < 110);
  }
  CHECK(jury_of("t", {"b", "a"}, 7).size() == 2);
}

TEST_CASE("a page says from where it is seen and from where not") {
  Tally t;
  for (const char* host : {"a", "b", "c"}) t.add(host, Vote::yes);
  for (const char* host : {"d", "e"}) t.add(host, Vote::no);
  t.add("f", Vote::silent);
  CHECK(seen_from(t) == "seen from 3 of 6 hosts, not from d, e");
  CHECK(seen_from(t, 1) == "seen from 3 of 6 hosts, not from d and 1 more");
}
