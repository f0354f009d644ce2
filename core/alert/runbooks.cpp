// The default owner routes. Addresses are those under which the platform publishes its operations pages.
#include "core/alert/runbooks.hpp"

namespace readback {
namespace {

const RunbookConfig* configured(const TargetConfig& target, Boundary b) {
  const auto found = target.runbooks.find(b);
  return found == target.runbooks.end() ? nullptr : &found->second;
}

/// Our own eyes: nobody at the platform owns these, except where its credentials were refused.
Runbook own_runbook(OwnTrouble trouble) {
  switch (trouble) {
    case OwnTrouble::denied:
      return {"Debug authentication issue", "https://docs.helpifyr.com/de/operations/debug-authentication-issue/",
              "watchdog operator; credentials: jhf-heddle"};
    case OwnTrouble::never_there:
      return {"This watchdog's configuration: man 5 readback.yaml, surfaces", "", "watchdog operator"};
    case OwnTrouble::check_broken:
      return {"This watchdog's check: man 5 readback.yaml, checks", "", "watchdog operator; the check: jhf-deployment"};
    case OwnTrouble::throttled:
      return {"This watchdog's request budget: man 5 readback.yaml, request_budget", "", "watchdog operator"};
    case OwnTrouble::none:
    case OwnTrouble::blind: break;
  }
  return {"This watchdog's own host: resolver, route, descriptors", "", "watchdog operator"};
}

std::string own_next_step(OwnTrouble trouble) {
  switch (trouble) {
    case OwnTrouble::denied:
      return "See whether the key or token of this watchdog has run out or was replaced (readback probe URL --header "
             "…), "
             "and give it the new one. The stack answers: do not act on it.";
    case OwnTrouble::never_there:
      return "Ask whether this surface belongs to this platform: readback probe URL. If not, write `null` for it under "
             "surfaces; if so, correct its path or base_url.";
    case OwnTrouble::check_broken:
      return "The stack is seen, and only the check is not: run its command by hand as user readback, mend what it "
             "says, "
             "then: readback sweep.";
    case OwnTrouble::throttled:
      return "The platform answers 429: look at who else reads it with this key, and lower request_budget or raise "
             "interval. The stack's state is not known from what was not read; do not act on it.";
    case OwnTrouble::none:
    case OwnTrouble::blind: break;
  }
  return "Look at this host first: resolver, route, descriptors. The platform's state is not known until it can be "
         "read; "
         "compare with one read from another host, and do not act on the platform.";
}

}  // namespace

Runbook default_runbook(Boundary b, OwnTrouble trouble) {
  switch (b) {
    case Boundary::observer: return own_runbook(trouble);
    case Boundary::outage:
      return {"Check stack health", "https://docs.helpifyr.com/operations/check-stack-health", "helpifyr-fabric"};
    case Boundary::security:
      return {"Secure and govern", "https://docs.helpifyr.com/de/get-started/secure-and-govern", "helpifyr-fabric"};
    case Boundary::drift:
      return {"Recover from partial deployment", "https://docs.helpifyr.com/operations/recover-from-partial-deployment",
              "jhf-deployment"};
    case Boundary::readiness:
      return {"Debug Fabric readiness issue", "https://docs.helpifyr.com/operations/debug-fabric-readiness-issue",
              "helpifyr-fabric"};
    case Boundary::product:
      return {"Debug failed agent task", "https://docs.helpifyr.com/operations/debug-failed-agent-task",
              "jhf-pattern (orchestration), jhf-warp (execution), jhf-reed (evidence)"};
  }
  return {};
}

std::string default_next_safe_step(Boundary b, OwnTrouble trouble) {
  switch (b) {
    case Boundary::observer: return own_next_step(trouble);
    case Boundary::outage:
      return "Compare /health with /api/v1/platform/services to find the smallest part that fails, and keep the "
             "snapshot. "
             "Before any restart: bash ./scripts/verify-runtime-guardrails.sh, then the owner confirms.";
    case Boundary::security:
      return "Read the security and sign-off readiness and name the blocker; share redacted evidence only. Hold "
             "rollouts "
             "and approvals until the owner has confirmed the posture.";
    case Boundary::drift:
      return "Run python ./scripts/verify_runtime_materialization.py --check and compare with the platform's services. "
             "Before any change: bash ./scripts/verify-runtime-guardrails.sh, then the owner confirms repair, rerun or "
             "rollback.";
    case Boundary::readiness:
      return "Compare /health with the readiness routes and run python ./scripts/verify_runtime_materialization.py "
             "--check: "
             "separate API truth, materialization and provider. Do not restart for a red readiness alone; before any "
             "change: bash ./scripts/verify-runtime-guardrails.sh, then the owner confirms.";
    case Boundary::product:
      return "Capture the failing path's state before anything is retried (task id, last visible transition, error), "
             "and "
             "check who owns each hand-off. Before any change: bash ./scripts/verify-runtime-guardrails.sh, then the "
             "owner confirms.";
  }
  return {};
}

Runbook resolve_runbook(const TargetConfig& target, Boundary b, OwnTrouble trouble) {
  Runbook book = default_runbook(b, trouble);
  const RunbookConfig* own = configured(target, b);
  if (!own) return book;
  if (!own->title.empty() || !own->url.empty()) book.url = own->url;
  if (!own->title.empty()) book.title = own->title;
  if (!own->owner.empty()) book.owner = own->owner;
  return book;
}

std::string resolve_next_safe_step(const TargetConfig& target, Boundary b, OwnTrouble trouble) {
  const RunbookConfig* own = configured(target, b);
  return own && !own->next_safe_step.empty() ? own->next_safe_step : default_next_safe_step(b, trouble);
}

}  // namespace readback
