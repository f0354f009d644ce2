// The verdict table walked over its whole domain: every combination of what the surfaces, the check, the paths, the
// references and the versions can say. What must hold of every row is checked on every row; the rows themselves stand
// in tests/golden/verdict_table.txt, so that a changed rule is a changed row in review (READBACK_GOLDEN=write renews
// it).
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "core/diagnosis/diagnose.hpp"

using namespace readback;

namespace {

struct Said {
  char code;
  const char* what;
  Reading reading;
  std::optional<TransportFault> fault;
  bool stale, own_word, accepted, seen, held, throttled;
  bool not_seen = false, never_there = false;
};

// P pass, s pass but stale, W warn, F says fail, M 5xx without a word, K unknown, R refused, L our own side, D denied,
// N missing, U never seen, t throttled while it passed, h left out while it failed, T throttled for too long, n never
// there.
constexpr Said all_said[] = {
    {'P', "passes", Reading::pass, {}, false, true, true, true, false, false},
    {'s', "is stale", Reading::pass, {}, true, true, true, true, false, false},
    {'W', "warns", Reading::warn, {}, false, true, true, true, false, false},
    {'F', "says fail", Reading::fail, {}, false, true, true, true, false, false},
    {'M', "gave a bare 503", Reading::fail, {}, false, false, false, true, false, false},
    {'K', "cannot be judged", Reading::unknown, {}, false, false, true, true, false, false},
    {'R', "refused", Reading::unreachable, TransportFault::refused, false, false, false, true, false, false},
    {'L', "no route", Reading::unreachable, TransportFault::no_route, false, false, false, true, false, false},
    {'D', "denied", Reading::denied, {}, false, false, false, true, false, false},
    {'N', "missing", Reading::missing, {}, false, false, false, true, false, false},
    {'U', "unseen", Reading::unknown, {}, false, false, false, false, true, false},
    {'t', "throttled, passed before", Reading::pass, {}, false, true, true, true, true, true},
    {'T', "not seen for too long", Reading::pass, {}, false, true, true, true, true, true, true, false},
    {'n', "never there", Reading::missing, {}, false, false, false, true, false, false, false, true},
    {'h', "left out, failed before", Reading::fail, {}, false, true, true, true, true, false},
};

constexpr struct {
  const char* name;
  SurfaceRole role;
} four[] = {{"health", SurfaceRole::health},
            {"services", SurfaceRole::services},
            {"observability", SurfaceRole::readiness},
            {"security", SurfaceRole::security}};

struct Context {
  int check = 0;  // 0 none, 1 unseen, 2 in sync, 3 drift, 4 broken
  int paths = 0;  // 0 none, 1 pass, 2 one of two fails, 3 both fail
  bool references_failed = false;
  bool alternating = false;
  bool certificate = false;
};

const Said& said(char code) {
  for (const auto& s : all_said)
    if (s.code == code) return s;
  std::abort();
}

SweepFacts facts_of(const std::string& row, const Context& c) {
  SweepFacts facts;
  for (std::size_t i = 0; i < 4; ++i) {
    const Said& s = said(row[i]);
    SurfaceFact fact;
    fact.name = four[i].name;
    fact.role = four[i].role;
    fact.seen = s.seen;
    fact.held = s.held;
    fact.throttled = s.throttled;
    fact.answered = s.reading != Reading::unreachable;
    fact.not_seen = s.not_seen;
    fact.never_there = s.never_there;
    fact.said.reading = s.reading;
    fact.said.fault = s.fault;
    fact.said.stale = s.stale;
    fact.said.own_word = s.own_word;
    fact.said.accepted = s.accepted;
    if (s.code != 'P') fact.said.reasons = {std::string(four[i].name) + ": " + s.what};
    facts.surfaces.push_back(fact);
  }
  if (c.check) {
    CheckFact check;
    check.name = "materialization";
    check.seen = c.check != 1;
    check.said.result = c.check == 3 ? CheckResult::drift : c.check == 4 ? CheckResult::broken : CheckResult::in_sync;
    if (c.check >= 3) check.said.reasons = {"check: says so"};
    facts.checks.push_back(check);
  }
  for (int i = 0; c.paths && i < 2; ++i) {
    PathFact path;
    path.name = i ? "agent" : "checkout";
    path.seen = true;
    path.said.pass = c.paths == 1 || (c.paths == 2 && i == 1);
    if (!path.said.pass) path.said.reasons = {"path: " + path.name + " fails"};
    facts.paths.push_back(path);
  }
  facts.references_all_failed = c.references_failed;
  if (c.certificate) {
    facts.certificate = "the certificate ends soon";
    facts.certificate_of = "health";
  }
  if (c.alternating) facts.alternating = {"health: versions 1, 2"};
  return facts;
}

std::string shown(const Verdict& v) {
  std::string text = v.primary();
  for (const auto& f : v.findings) {
    text += &f == &v.findings.front() ? "" : "; " + std::string(to_string(f.boundary));
    if (f.blind) text += "(blind)";
    text += " " + std::string(to_string(f.extent)) + " " + std::string(to_string(f.severity));
  }
  return text;
}

int precedence(const Finding& f) {
  return f.boundary == Boundary::observer && !f.blind ? 99 : static_cast<int>(f.boundary);
}
int width(Extent e) { return e == Extent::total ? 2 : e == Extent::degraded ? 1 : 0; }

/// What nobody read, because it could not be read.
bool is_of_the_watch(const std::string& why) {
  return why.find(": not seen: it asks us to slow down") != std::string::npos ||
         why.find(" has never been there (HTTP ") != std::string::npos ||
         why.starts_with("every surface asks us to slow down (HTTP 429)");
}

/// Everything that must be true of any row. Empty when it is.
std::string flaw(const std::string& row, const Context& c, const Verdict& v) {
  const SweepFacts facts = facts_of(row, c);
  std::set<std::string> observed = {
      "no surface could be read, for a cause on our side: the state of the stack is unknown",
      "no surface answers and no reference answers either: the state of the stack is unknown",
      "no surface has ever answered here: is base_url right?",
      "every guarded surface refuses our credentials: the watchdog's, not the stack's",
      "health: versions 1, 2 by turns: a partial rollout, and no check is configured to settle it"};
  for (const auto& s : facts.surfaces) observed.insert(s.said.reasons.begin(), s.said.reasons.end());
  for (const auto& k : facts.checks) observed.insert(k.said.reasons.begin(), k.said.reasons.end());
  for (const auto& p : facts.paths) observed.insert(p.said.reasons.begin(), p.said.reasons.end());
  int last = -1;
  for (const auto& f : v.findings) {
    if (precedence(f) <= last) return "boundaries are not in the order of precedence, or one comes twice";
    last = precedence(f);
    if (f.why.empty()) return "a boundary without a reason";
    for (const auto& why : f.why)
      if (!observed.contains(why) && !is_of_the_watch(why)) return "a reason that nobody observed: " + why;
    if (f.blamed.empty()) return "a boundary that blames no read";
    if (f.blind && v.findings.size() != 1) return "blind, and yet something else is said";
  }
  const bool everything_passes = row == "PPPP" && c.check != 1 && c.check != 3 && c.check != 4 && c.paths < 2;
  if (v.primary() == "green" && !everything_passes && row.find_first_not_of("Pt") != std::string::npos)
    return "green, and not everything passes";
  if (v.primary() == "green" && (c.check == 1 || c.check == 3 || c.check == 4 || c.paths >= 2))
    return "green over a check or a path that is not";
  if (everything_passes && !c.alternating && v.primary() != "green") return "everything passes, and yet " + v.primary();
  return "";
}

/// Making one surface healthier never blames more. Two things are no counter-examples: a boundary that a wider one had
/// explained (security and staleness under an outage; a security surface that is missing beside another), and
/// credentials that turn out to be good (denied then counts).
std::string widening(const std::string& row, const Context& c, const Verdict& before, std::size_t healed) {
  std::string better = row;
  better[healed] = 'P';
  const Verdict after = diagnose(facts_of(better, c));
  if (before.blind() || row.find('D') != std::string::npos) return "";
  for (const auto& f : after.findings) {
    const Finding* was = before.find(f.boundary);
    const bool had_outage = before.find(Boundary::outage) && !after.find(Boundary::outage);
    const bool lone_missing = f.boundary == Boundary::security && row[3] == 'N' && row[healed] == 'N';
    if (!was && lone_missing) continue;
    if (!was && had_outage && (f.boundary == Boundary::security || f.boundary == Boundary::readiness)) continue;
    if (!was) return "healing " + std::string(four[healed].name) + " brings up " + std::string(to_string(f.boundary));
    if (width(f.extent) > width(was->extent)) return "healing widens " + std::string(to_string(f.boundary));
    if (f.severity > was->severity) return "healing makes " + std::string(to_string(f.boundary)) + " louder";
  }
  return "";
}

template <class Do>
void each_row(const std::string& codes, Do&& act) {
  for (char h : codes)
    for (char s : codes)
      for (char r : codes)
        for (char c : codes) act(std::string{h, s, r, c});
}

struct Walk {
  std::size_t rows = 0, flaws = 0;
  std::string first;
  void row(const std::string& row, const Context& c) {
    ++rows;
    const Verdict v = diagnose(facts_of(row, c));
    std::string wrong = flaw(row, c, v);
    for (std::size_t i = 0; wrong.empty() && i < 4; ++i)
      if (row[i] != 'P') wrong = widening(row, c, v, i);
    if (wrong.empty()) return;
    if (flaws++ == 0)
      first = row + " check=" + std::to_string(c.check) + " paths=" + std::to_string(c.paths) + ": " + wrong + " -> " +
              shown(v);
  }
};

}  // namespace

TEST_CASE("every combination of what the four surfaces can say has one sound verdict") {
  Walk walk;
  std::string codes;
  for (const auto& s : all_said) codes += s.code;
  for (bool references_failed : {false, true})
    each_row(codes, [&](const std::string& row) { walk.row(row, Context{0, 0, references_failed, false}); });
  CHECK(walk.rows == 2 * 50625);
  CHECK(walk.first == "");
}

TEST_CASE("so has every combination with checks, paths, references and versions") {
  Walk walk;
  for (int check = 0; check < 5; ++check)
    for (int paths = 0; paths < 4; ++paths)
      for (bool references_failed : {false, true})
        for (bool alternating : {false, true})
          each_row("PsFRLD", [&](const std::string& row) {
            walk.row(row, Context{check, paths, references_failed, alternating});
          });
  CHECK(walk.rows == 80 * 1296);
  CHECK(walk.first == "");
}

TEST_CASE("the table is the one that was reviewed") {
  std::ostringstream table;
  table << "# health services observability security -> verdict (P pass, s stale, W warn, F says fail, M bare 5xx, R "
           "refused, D denied)\n";
  each_row("PsWFMRD",
           [&](const std::string& row) { table << row << " " << shown(diagnose(facts_of(row, {}))) << "\n"; });
  table << "# the same with references that do not answer either\n";
  each_row("PRL", [&](const std::string& row) {
    table << row << " " << shown(diagnose(facts_of(row, {0, 0, true, false}))) << "\n";
  });
  table << "# check (0 none, 1 unseen, 2 in sync, 3 drift, 4 broken), paths (0 none, 1 pass, 2 one fails, 3 all fail), "
           "versions alternate\n";
  for (const char* row : {"PPPP", "PPFP", "FFFF", "RRRR", "LLLL", "PDDD"})
    for (int check = 0; check < 5; ++check)
      for (int paths = 0; paths < 4; ++paths)
        for (bool alternating : {false, true})
          table << row << " " << check << paths << alternating << " "
                << shown(diagnose(facts_of(row, {check, paths, false, alternating}))) << "\n";

  table << "# K answers with a page, N is missing, n was never there, T was not seen for too long\n";
  each_row("PRKNnT",
           [&](const std::string& row) { table << row << " " << shown(diagnose(facts_of(row, {}))) << "\n"; });
  table << "# a certificate that ends soon\n";
  each_row("PF", [&](const std::string& row) {
    table << row << " " << shown(diagnose(facts_of(row, {0, 0, false, false, true}))) << "\n";
  });

  const std::string path = READBACK_SOURCE_DIR "/tests/golden/verdict_table.txt";
  if (const char* mode = std::getenv("READBACK_GOLDEN"); mode && std::string(mode) == "write")
    std::ofstream(path) << table.str();
  std::ifstream file(path);
  std::ostringstream golden;
  golden << file.rdbuf();
  const auto lines = [](const std::string& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  };
  const auto now = lines(table.str()), reviewed = lines(golden.str());
  CHECK(now.size() == reviewed.size());
  for (std::size_t i = 0; i < std::min(now.size(), reviewed.size()); ++i) CHECK(now[i] == reviewed[i]);
}
