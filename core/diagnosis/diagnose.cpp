// The table. Each `…_finding` below is one row; `diagnose` asks them in the order of precedence.
#include "core/diagnosis/diagnose.hpp"

#include <algorithm>
#include <optional>

namespace readback {
namespace {

using Surfaces = std::vector<const SurfaceFact*>;

/// What was not seen says nothing, and what was never there is a question of the configuration.
bool is_judged(const SurfaceFact& s) { return s.seen && !s.not_seen && !s.never_there; }
bool passes(const SurfaceFact& s) { return is_judged(s) && s.said.reading == Reading::pass && !s.said.stale; }

/// No read says it: a certificate that ends soon, a surface that never was there.
bool is_beside_the_sequence(const Finding& f) {
  return f.certificate_alone || (f.boundary == Boundary::observer && f.trouble == OwnTrouble::never_there);
}

Surfaces with_role(const SweepFacts& facts, std::initializer_list<SurfaceRole> roles) {
  Surfaces found;
  for (const auto& s : facts.surfaces)
    if (is_judged(s) && std::find(roles.begin(), roles.end(), s.role) != roles.end()) found.push_back(&s);
  return found;
}

/// Does a guarded surface other than this one accept the credentials? /health is often open to everybody, so its
/// answer proves nothing about them; neither does an answer from an earlier sweep.
bool others_accept(const SweepFacts& facts, const SurfaceFact& surface) {
  return std::any_of(facts.surfaces.begin(), facts.surfaces.end(), [&](const SurfaceFact& other) {
    return &other != &surface && other.role != SurfaceRole::health && other.seen && !other.held && other.said.accepted;
  });
}

bool bad(const SweepFacts& facts, const SurfaceFact& s) { return is_bad(s.said, others_accept(facts, s)); }
bool bad_beyond_staleness(const SweepFacts& facts, const SurfaceFact& s) {
  return is_bad_beyond_staleness(s.said, others_accept(facts, s));
}
bool is_down(const SurfaceFact* s) {
  return s->said.reading == Reading::fail || s->said.reading == Reading::unreachable;
}

void blame(Finding& f, const SurfaceFact& s) {
  f.blamed.push_back(s.name);
  if (!s.held) f.fresh = true;
  if (s.said.reasons.empty())
    f.why.push_back(s.name + ": " + std::string(to_string(s.said.reading)));
  else
    f.why.insert(f.why.end(), s.said.reasons.begin(), s.said.reasons.end());
}

/// The first reason that a read gave, without its name in front.
std::string bare(const std::string& read, const std::vector<std::string>& reasons, std::string_view otherwise) {
  return reasons.empty() ? std::string(otherwise) : bare_reason(read, reasons.front());
}

/// "postgres: connection pool exhausted (health 503)": the part and its own reason, and who says so.
std::string headline_of(const SurfaceFact& s, Boundary b) {
  if (s.said.reading == Reading::unreachable && s.said.fault)
    return (s.path.empty() ? s.name : s.path) + " " + std::string(to_string(*s.said.fault));
  std::string text = bare(s.name, s.said.reasons, to_string(s.said.reading));
  if (s.name == to_string(b)) return text;
  const std::string code = std::to_string(s.said.http_status);
  if (text.starts_with("HTTP " + code)) return s.name + ": " + text;
  return text + " (" + s.name + (s.said.http_status >= 300 ? " " + code : "") + ")";
}

/// How many more are at fault than the first one.
std::string and_more(std::string headline, std::size_t blamed) {
  return blamed > 1 ? headline + "; " + std::to_string(blamed - 1) + " more" : headline;
}

std::optional<Finding> blind_finding(const SweepFacts& facts) {
  Surfaces read;
  std::size_t not_seen = 0;
  for (const auto& s : facts.surfaces) {
    if (s.not_seen)
      ++not_seen;
    else if (s.throttled)
      return std::nullopt;  // somebody answered, and what was said before is still held
    else if (s.seen && !s.held)
      read.push_back(&s);
  }
  if (read.empty() && not_seen == 0) return std::nullopt;
  const auto unreachable = [](const SurfaceFact* s) { return s->said.reading == Reading::unreachable; };
  const auto ours = [](const SurfaceFact* s) { return s->said.fault && is_our_side(*s->said.fault); };
  if (!std::all_of(read.begin(), read.end(), unreachable)) return std::nullopt;
  const bool all_ours = std::all_of(read.begin(), read.end(), ours);
  if (!all_ours && !(facts.references_all_failed && not_seen == 0)) return std::nullopt;
  Finding f;
  f.boundary = Boundary::observer;
  f.blind = true;
  f.trouble = read.empty() ? OwnTrouble::throttled : OwnTrouble::blind;
  f.extent = Extent::total;
  f.headline = read.empty()
                   ? "every surface asks us to slow down (HTTP 429), and nothing else has been seen for too long"
               : all_ours ? "no surface could be read, for a cause on our side"
                          : "no surface answers and no reference answers either";
  f.headline += ": the state of the stack is unknown";
  f.why.push_back(f.headline);
  for (const auto* s : read) blame(f, *s);
  for (const auto& s : facts.surfaces)
    if (s.not_seen) f.blamed.push_back(s.name), f.fresh = f.fresh || s.throttled;
  return f;
}

/// Not one surface has ever given an HTTP answer.
bool never_answered(const SweepFacts& facts) {
  return std::none_of(facts.surfaces.begin(), facts.surfaces.end(), [](const SurfaceFact& s) { return s.answered; });
}

std::optional<Finding> outage_finding(const SweepFacts& facts) {
  Surfaces guilty;
  for (const auto* s : with_role(facts, {SurfaceRole::health, SurfaceRole::services}))
    if (bad_beyond_staleness(facts, *s)) guilty.push_back(s);
  if (guilty.empty()) return std::nullopt;
  Finding f;
  f.boundary = Boundary::outage;
  f.headline = headline_of(*guilty.front(), f.boundary);
  for (const auto* s : guilty) blame(f, *s);
  if (never_answered(facts)) {
    const std::string asks = "no surface has ever answered here: is base_url right?";
    f.why.insert(f.why.begin(), asks);
    f.headline = "has never answered here: is base_url right? " + f.headline;
  }
  const bool any_passes = std::any_of(facts.surfaces.begin(), facts.surfaces.end(), [](const SurfaceFact& s) {
    return is_judged(s) && s.said.reading == Reading::pass;
  });
  f.extent = any_passes ? Extent::degraded : Extent::total;
  f.severity = any_passes ? Severity::error : Severity::critical;
  return f;
}

/// During an outage a security surface that says nothing of its own is explained by it: no answer, a redirect, a page,
/// a 5xx without a verdict; one that is missing only when a surface of the outage is missing too. A readable "no" is
/// never explained away.
bool explained_by_outage(const SweepFacts& facts, const SurfaceReading& r) {
  if (r.own_word || r.reading == Reading::denied) return false;
  if (r.reading != Reading::missing) return true;
  const auto core = with_role(facts, {SurfaceRole::health, SurfaceRole::services});
  return std::any_of(core.begin(), core.end(),
                     [](const SurfaceFact* s) { return s->said.reading == Reading::missing; });
}

/// Extent of a boundary that is judged by its own surfaces: `all` of them, of which `guilty` are bad.
Extent extent_of(const SweepFacts& facts, const Surfaces& all, const Surfaces& guilty) {
  const bool staleness_alone =
      std::none_of(guilty.begin(), guilty.end(), [&](const SurfaceFact* s) { return bad_beyond_staleness(facts, *s); });
  if (staleness_alone) return Extent::stale;
  return std::all_of(all.begin(), all.end(), is_down) ? Extent::total : Extent::degraded;
}

bool any_says_fail(const Surfaces& surfaces) {
  return std::any_of(surfaces.begin(), surfaces.end(),
                     [](const SurfaceFact* s) { return s->said.reading == Reading::fail; });
}

std::optional<Finding> security_finding(const SweepFacts& facts, bool outage) {
  const Surfaces all = with_role(facts, {SurfaceRole::security});
  Surfaces guilty;
  for (const auto* s : all)
    if (bad(facts, *s) && !(outage && explained_by_outage(facts, s->said))) guilty.push_back(s);
  if (guilty.empty() && facts.certificate.empty()) return std::nullopt;
  Finding f;
  f.boundary = Boundary::security;
  f.certificate_alone = guilty.empty();
  f.severity = f.certificate_alone ? Severity::warning : any_says_fail(guilty) ? Severity::critical : Severity::error;
  if (!guilty.empty()) {
    f.extent = extent_of(facts, all, guilty);
    f.headline = and_more(headline_of(*guilty.front(), f.boundary), guilty.size());
  } else {
    f.headline = facts.certificate;
  }
  for (const auto* s : guilty) blame(f, *s);
  if (!facts.certificate.empty()) {
    f.why.push_back(facts.certificate_of + ": " + facts.certificate);
    if (guilty.empty()) f.blamed.push_back(facts.certificate_of), f.fresh = true;
  }
  return f;
}

void blame(Finding& f, const CheckFact& c) {
  f.blamed.push_back("check:" + c.name);
  if (!c.held) f.fresh = true;
  f.why.insert(f.why.end(), c.said.reasons.begin(), c.said.reasons.end());
}

std::optional<Finding> drift_finding(const SweepFacts& facts) {
  Finding f;
  f.boundary = Boundary::drift;
  f.check_alone = true;
  for (const auto& c : facts.checks)
    if (c.seen && c.said.result == CheckResult::drift) blame(f, c);
  if (facts.checks.empty())
    for (const auto& versions : facts.alternating) {
      f.check_alone = false;
      const std::string name = versions.substr(0, versions.find(':'));
      f.fresh = f.fresh || std::any_of(facts.surfaces.begin(), facts.surfaces.end(),
                                       [&](const SurfaceFact& s) { return s.name == name && !s.held; });
      f.blamed.push_back(name);
      f.why.push_back(versions + " by turns: a partial rollout, and no check is configured to settle it");
    }
  if (f.blamed.empty()) return std::nullopt;
  f.headline =
      and_more(f.why.empty() ? f.blamed.front() : bare_reason(f.blamed.front(), f.why.front()), f.blamed.size());
  return f;
}

std::optional<Finding> readiness_finding(const SweepFacts& facts, bool outage) {
  const Surfaces all = with_role(facts, {SurfaceRole::readiness});
  Surfaces guilty;
  for (const auto* s : all)
    if (bad(facts, *s)) guilty.push_back(s);
  Surfaces merely_stale;
  if (!outage)
    for (const auto* s : with_role(facts, {SurfaceRole::health, SurfaceRole::services}))
      if (s->said.stale) merely_stale.push_back(s);
  if (guilty.empty() && merely_stale.empty()) return std::nullopt;
  Finding f;
  f.boundary = Boundary::readiness;
  f.extent = guilty.empty() ? Extent::stale : extent_of(facts, all, guilty);
  f.severity = any_says_fail(guilty) ? Severity::error : Severity::warning;
  const SurfaceFact* first = guilty.empty() ? merely_stale.front() : guilty.front();
  f.headline = and_more(headline_of(*first, f.boundary), guilty.size() + merely_stale.size());
  for (const auto* s : guilty) blame(f, *s);
  for (const auto* s : merely_stale) blame(f, *s);
  return f;
}

/// The surfaces that refuse our credentials, when every one but at most /health does.
Surfaces refusing(const SweepFacts& facts) {
  Surfaces denied;
  for (const auto& s : facts.surfaces) {
    if (!is_judged(s) || s.throttled) continue;
    if (s.said.reading == Reading::denied)
      denied.push_back(&s);
    else if (s.role != SurfaceRole::health)
      return {};
  }
  return denied;
}

/// A path that is refused as the surfaces are, or shows the page that they show, fails for our credentials.
bool fails_with_our_credentials(const PathFact& p, const Surfaces& refused) {
  if (refused.empty()) return false;
  return p.said.denied || (p.said.page != 0 && std::any_of(refused.begin(), refused.end(), [&](const SurfaceFact* s) {
                             return s->said.page == p.said.page;
                           }));
}

std::optional<Finding> product_finding(const SweepFacts& facts) {
  const Surfaces refused = refusing(facts);
  Finding f;
  std::size_t seen = 0;
  for (const auto& p : facts.paths) {
    if (!p.seen) continue;
    ++seen;
    if (p.said.pass || fails_with_our_credentials(p, refused)) continue;
    f.blamed.push_back("path:" + p.name);
    if (!p.held) f.fresh = true;
    f.why.insert(f.why.end(), p.said.reasons.begin(), p.said.reasons.end());
  }
  if (f.blamed.empty()) return std::nullopt;
  f.boundary = Boundary::product;
  f.severity = Severity::error;
  f.extent = f.blamed.size() == seen ? Extent::total : Extent::degraded;
  f.headline = and_more(f.why.empty() ? f.blamed.front() : f.why.front(), f.blamed.size());
  return f;
}

/// What keeps us from seeing a part of the stack, the gravest first.
std::optional<Finding> impaired_finding(const SweepFacts& facts) {
  Finding f;
  f.boundary = Boundary::observer;
  const auto first = [&](OwnTrouble trouble, std::string text) {
    if (f.trouble == OwnTrouble::none) f.trouble = trouble, f.headline = text;
    f.why.push_back(std::move(text));
  };
  if (const Surfaces denied = refusing(facts); !denied.empty()) {
    first(OwnTrouble::denied, "every guarded surface refuses our credentials: the watchdog's, not the stack's");
    for (const auto* s : denied) blame(f, *s);
  }
  for (const auto& s : facts.surfaces) {
    if (!s.not_seen) continue;
    first(OwnTrouble::throttled,
          s.name + ": not seen: it asks us to slow down (HTTP 429), and has said nothing else for too long");
    f.blamed.push_back(s.name);
    f.fresh = f.fresh || s.throttled;
  }
  for (const auto& s : facts.surfaces) {
    if (!s.never_there) continue;
    const std::string where = s.path.empty() ? s.name : s.path;
    first(OwnTrouble::never_there, s.name + ": " + where + " has never been there (HTTP " +
                                       std::to_string(s.said.http_status) +
                                       "): is it part of this platform? If not: surfaces: {" + s.name + ": null}");
    f.blamed.push_back(s.name);
    f.fresh = f.fresh || !s.held;
  }
  f.check_alone = f.blamed.empty();
  for (const auto& c : facts.checks)
    if (c.seen && c.said.result == CheckResult::broken) {
      if (f.trouble == OwnTrouble::none) {
        f.trouble = OwnTrouble::check_broken;
        f.headline = c.said.reasons.empty() ? "check:" + c.name + " is broken" : c.said.reasons.front();
      }
      blame(f, c);
    }
  if (f.blamed.empty()) return std::nullopt;
  return f;
}

}  // namespace

bool is_bad_beyond_staleness(const SurfaceReading& r, bool others_accept) {
  switch (r.reading) {
    case Reading::pass: return false;
    case Reading::warn:
    case Reading::fail:
    case Reading::unknown:
    case Reading::unreachable:
    case Reading::missing: return true;
    case Reading::denied: return others_accept;
    case Reading::throttled: return false;  // held back by whoever builds the facts; says nothing by itself
  }
  return true;
}

bool is_bad(const SurfaceReading& r, bool others_accept) {
  return r.stale || is_bad_beyond_staleness(r, others_accept);
}

const Finding* Verdict::find(Boundary b) const {
  for (const auto& f : findings)
    if (f.boundary == b) return &f;
  return nullptr;
}

std::string Verdict::primary() const {
  if (!findings.empty()) return std::string(to_string(findings.front().boundary));
  return all_pass ? "green" : "unknown";
}

std::vector<Boundary> Verdict::also(Boundary except) const {
  std::vector<Boundary> rest;
  for (const auto& f : findings)
    if (f.boundary != except) rest.push_back(f.boundary);
  return rest;
}

Verdict diagnose(const SweepFacts& facts) {
  Verdict v;
  const bool others_pass =
      std::all_of(facts.checks.begin(), facts.checks.end(),
                  [](const CheckFact& c) { return c.seen && c.said.result == CheckResult::in_sync; }) &&
      std::all_of(facts.paths.begin(), facts.paths.end(), [](const PathFact& p) { return p.seen && p.said.pass; });
  const auto& surfaces = facts.surfaces;
  v.all_pass = others_pass && !surfaces.empty() && std::all_of(surfaces.begin(), surfaces.end(), passes);
  if (auto blind = blind_finding(facts)) {
    v.findings.push_back(std::move(*blind));
    return v;  // not to see is not to know: nothing else is said
  }
  const auto add = [&](std::optional<Finding> f) {
    if (f) v.findings.push_back(std::move(*f));
  };
  add(outage_finding(facts));
  const bool outage = !v.findings.empty();
  add(security_finding(facts, outage));
  add(drift_finding(facts));
  add(readiness_finding(facts, outage));
  add(product_finding(facts));
  add(impaired_finding(facts));
  v.sequence_passes =
      others_pass && std::any_of(surfaces.begin(), surfaces.end(), passes) &&
      std::all_of(surfaces.begin(), surfaces.end(), [](const SurfaceFact& s) { return s.never_there || passes(s); }) &&
      std::all_of(v.findings.begin(), v.findings.end(), is_beside_the_sequence);
  return v;
}

std::string disagreement(const SweepFacts& facts) {
  for (const auto& s : facts.surfaces) {
    if (!is_judged(s) || s.held) continue;
    if (s.said.contradictory) return s.name + " contradicts itself";
    if (s.said.stale) return s.name + " is stale";
    if (s.said.reading == Reading::missing) return s.name + " is missing";
  }
  const auto some = [&](SurfaceRole role, Reading reading) {
    return std::any_of(facts.surfaces.begin(), facts.surfaces.end(),
                       [&](const SurfaceFact& s) { return s.seen && s.role == role && s.said.reading == reading; });
  };
  if (some(SurfaceRole::health, Reading::pass) && some(SurfaceRole::services, Reading::fail))
    return "health passes while the services fail";
  if (!facts.alternating.empty()) return facts.alternating.front() + " by turns";
  return "";
}

}  // namespace readback
