#pragma once
// Each field of what is written down is said here once: its name, and where something is shown in another way than it
// is kept, that. Whoever writes or reads such a thing is a visitor of the list:
//
//   visit(name, member)             the plain field
//   visit(name, member, As::…)      one that is shown or kept in a special way
//   visit.derived(name, function)   shown, never kept: it follows from the others
//
// The state file (core/codec/state_visit.hpp) is written and read by two visitors, so that what is written is what is
// read; the socket, the bundle, the replay and the alert show the same fields under the same names in the same order
// (core/codec/view_json.hpp).
#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>

#include "core/model/incident.hpp"
#include "core/model/loudness.hpp"
#include "core/model/view.hpp"
#include "core/text/url.hpp"

namespace readback {

enum class As {
  plain,
  null_if_empty,     ///< an empty text, list or record is shown as null
  null_if_negative,  ///< a phase that did not happen
  details,           ///< shown only where the whole is asked for
  kept_only,         ///< for the state file; nobody is shown it
};

/// T, or const T: a writer visits what it must not change.
template <class X, class T>
concept Is = std::same_as<std::remove_const_t<X>, T>;

// --- incidents -------------------------------------------------------------------------------------------------------
template <class V, Is<FirstFailure> X>
void fields(V& visit, X& x) {
  visit("read", x.read);
  visit("at", x.at);
  visit("reason", x.reason);
}

template <class V, Is<Runbook> X>
void fields(V& visit, X& x) {
  visit("title", x.title);
  visit("url", x.url);
  visit("owner", x.owner);
}

template <class V, Is<ConditionState> X>
void fields(V& visit, X& x) {
  visit("number", x.number);
  visit.derived("title", [&] { return x.title(); });
  visit("state", x.state);
  visit("by", x.by, As::null_if_empty);
  visit("at", x.at);
  visit("demanded", x.demanded, As::kept_only);
}

template <class V, Is<TimelineEntry> X>
void fields(V& visit, X& x) {
  visit("at", x.at);
  visit("kind", x.kind);
  visit("text", x.text);
}

template <class V, Is<EvidenceRef> X>
void fields(V& visit, X& x) {
  visit("snapshot", x.snapshot);
  visit("sha256", x.sha256, As::null_if_empty);
  visit("signature", x.signature, As::null_if_empty);
  visit("key", x.key, As::null_if_empty);
  visit.derived("pull", [&] { return "readback snapshot pull " + x.snapshot; });
}

template <class V, Is<SweepNumbers> X>
void fields(V& visit, X& x) {
  visit("last_good", x.last_good);
  visit("first_bad", x.first_bad);
  visit("at_page", x.at_page);
}

template <class V, Is<IncidentRecord> X>
void fields(V& visit, X& x) {
  visit("id", x.id);
  visit("episode", x.episode);
  visit("target", x.target);
  visit("boundary", x.boundary);
  visit("extent", x.extent);
  visit("severity", x.severity);
  visit("state", x.state);
  visit.derived("open", [&] { return x.is_open(); });
  visit("declared", x.declared);
  visit("opened_at", x.opened_at);
  visit("confirmed_at", x.confirmed_at);
  visit("paged_at", x.paged_at);
  visit("recovered_at", x.recovered_at);
  visit("resolved_at", x.resolved_at);
  visit("acknowledged_at", x.acknowledged_at);
  visit("acknowledged_by", x.acknowledged_by, As::null_if_empty);
  visit("first_failure", x.first_failure);
  visit("symptom", x.symptom, As::null_if_empty);
  visit("exposed_by", x.exposed_by, As::null_if_empty);
  visit("summary", x.summary);
  visit("why", x.why);
  visit("also", x.also);
  visit("evidence", x.evidence, As::null_if_empty);
  visit("runbook", x.runbook);
  visit("next_safe_step", x.next_safe_step);
  visit("dedup_base", x.dedup_base);
  visit.derived("conditions_hold", [&] { return conditions_hold(x.conditions); });
  visit("conditions", x.conditions);
  visit("sweeps", x.sweeps);
  visit("timeline", x.timeline, As::details);
}

template <class V, Is<Silence> X>
void fields(V& visit, X& x) {
  visit("id", x.id);
  visit("target", x.target, As::null_if_empty);
  visit("boundary", x.boundary);
  visit("reason", x.reason);
  visit("by", x.by);
  visit("created_at", x.created_at);
  visit("starts_at", x.starts_at);
  visit("expires_at", x.expires_at);
  visit("until_resolved", x.until_resolved);
  visit("has_begun", x.has_begun);
  visit("starts", x.starts, As::kept_only);
  visit("ends", x.ends, As::kept_only);
  visit("has_met", x.has_met, As::kept_only);
  visit("from_elsewhere", x.is_from_elsewhere, As::kept_only);
}

// --- what is only shown ----------------------------------------------------------------------------------------------
template <class V, Is<Phases> X>
void fields(V& visit, X& x) {
  visit("dns_us", x.dns_us, As::null_if_negative);
  visit("connect_us", x.connect_us, As::null_if_negative);
  visit("tls_us", x.tls_us, As::null_if_negative);
  visit("first_byte_us", x.first_byte_us, As::null_if_negative);
  visit("total_us", x.total_us, As::null_if_negative);
}

template <class V, Is<ReadView> X>
void fields(V& visit, X& x) {
  visit("name", x.name);
  visit("kind", x.kind);
  visit("role", x.role, As::null_if_empty);
  visit("word", x.word);
  visit("green", x.green);
  visit("stale", x.stale);
  visit("contradictory", x.contradictory);
  visit("at", x.at);
  visit("since", x.since);
  visit("took_ms", x.took);
  visit("phases", x.phases);
  visit("version", x.version, As::null_if_empty);
  visit("address", x.address, As::null_if_empty);
  visit("as_of", x.as_of);
  visit("tls_expires_at", x.tls_expires_at);
  visit("reasons", x.reasons);
}

template <class V, Is<TargetView> X>
void fields(V& visit, X& x) {
  visit("name", x.name);
  visit.derived("base_url", [&] { return shown_address(x.base_url); });
  visit.derived("status", [&] { return loudness_of(x).word; });
  visit.derived("exit", [&] { return loudness_of(x).exit; });
  visit("primary", x.primary);
  visit("extent", x.extent, As::null_if_empty);
  visit("severity", x.severity);
  visit("also", x.also);
  visit("holding", x.holding);
  visit("text", x.text);
  visit("sweep", x.sweep);
  visit("last_sweep_at", x.last_sweep_at);
  visit("next_sweep_at", x.next_sweep_at);
  visit("green_since", x.green_since);
  visit("blind_since", x.blind_since);
  visit("void_reason", x.void_reason, As::null_if_empty);
  visit("suspected", x.suspected);
  visit("in_maintenance", x.in_maintenance);
  visit("open_incidents", x.open_incidents);
  visit("sweeps_total", x.sweeps_total);
  visit("sweeps_void", x.sweeps_void);
  visit("checks_total", x.checks_total);
  visit("reads", x.reads);
}

template <class V, Is<DaemonView> X>
void fields(V& visit, X& x) {
  visit("version", x.version);
  visit("host", x.host);
  visit("environment", x.environment);
  visit("pid", x.pid);
  visit("started_at", x.started_at);
  visit("config_path", x.config_path);
  visit("config_digest", x.config_digest);
  visit("last_reload_at", x.last_reload_at);
  visit("reload_ok", x.reload_ok);
  visit("reload_error", x.reload_error, As::null_if_empty);
  visit("store_ok", x.store_ok);
  visit("store_error", x.store_error, As::null_if_empty);
  visit("store_bytes", x.store_bytes);
  visit("snapshots", x.snapshots);
  visit("unwatched", x.unwatched);
  visit("sweeps_counted", x.sweeps_counted);
  visit("sweeps_total", x.sweeps_total);
  visit("lag_ms", x.lag);
  visit("log_overruns", x.log_overruns);
  visit("sandbox", x.sandbox);
  visit("sandbox_complete", x.sandbox_complete);
  visit("heartbeat_at", x.heartbeat_at);
  visit("evidence_key", x.evidence_key, As::null_if_empty);
}

template <class V, Is<SinkView> X>
void fields(V& visit, X& x) {
  visit("name", x.name);
  visit("type", x.type);
  visit("state", x.state);
  visit("detail", x.detail, As::null_if_empty);
  visit("depth", x.depth);
  visit("delivered", x.delivered);
  visit("failed", x.failed);
  visit("dead", x.dead);
  visit("oldest_at", x.oldest_at);
  visit("last_attempt_at", x.last_attempt_at);
  visit("last_success_at", x.last_success_at);
  visit("next_attempt_at", x.next_attempt_at);
}

template <class V, Is<SnapshotView> X>
void fields(V& visit, X& x) {
  visit("id", x.id);
  visit("incident", x.incident_id, As::null_if_empty);
  visit("target", x.target, As::null_if_empty);
  visit("reason", x.reason);
  visit("boundary", x.boundary, As::null_if_empty);
  visit("extent", x.extent, As::null_if_empty);
  visit("at", x.at);
  visit("size", x.size);
  visit("sha256", x.sha256);
  visit("previous", x.previous, As::null_if_empty);
}

/// Seconds with one decimal.
inline double seconds_shown(Millis span) { return std::round(static_cast<double>(span.count()) / 100.0) / 10.0; }
inline std::optional<double> seconds_shown(const std::optional<Millis>& span) {
  return span ? std::optional(seconds_shown(*span)) : std::nullopt;
}

template <class V, Is<MemberView> X>
void fields(V& visit, X& x) {
  visit("host", x.host);
  visit("state", x.state);
  visit("self", x.is_self);
  visit("doubled", x.is_doubled);
  visit("version", x.version);
  visit.derived("heard_s", [&] { return seconds_shown(x.heard_ago); });
  visit.derived("lag_s", [&] { return seconds_shown(x.lag); });
  visit("targets", x.targets);
  visit("troubles", x.troubles);
}

template <class V, Is<ClaimView> X>
void fields(V& visit, X& x) {
  visit("target", x.target);
  visit("boundary", x.boundary);
  visit("sink", x.sink);
  visit("holder", x.holder, As::null_if_empty);
  visit("told", x.told, As::null_if_empty);
  visit("epoch", x.epoch);
  visit("passed", x.passed);
  visit("tries", x.tries);
}

template <class V, Is<FleetOverview> X>
void fields(V& visit, X& x) {
  visit.derived("status", [&] { return loudness_of(x).word; });
  visit.derived("exit", [&] { return loudness_of(x).exit; });
  visit("connected", x.is_connected);
  visit("fleet", x.name);
  visit("host", x.host);
  visit("server", x.server, As::null_if_empty);
  visit.derived("away_s", [&] { return seconds_shown(x.away_for); });
  visit("members", x.members);
  visit("claims", x.claims);
  visit("unshipped", x.unshipped);
  visit("disagreements", x.disagreements);
  visit("troubles", x.troubles);
}

template <class V, Is<DeliveryView> X>
void fields(V& visit, X& x) {
  visit("at", x.at);
  visit("event", x.event);
  visit("sink", x.sink);
  visit("state", x.state);
  visit("answer", x.answer, As::null_if_empty);
  visit("attempts", x.attempts);
  visit("done_at", x.done_at);
}

}  // namespace readback
