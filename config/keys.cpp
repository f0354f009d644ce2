// The lists themselves. To add a key, add its line here and its member to the struct, and let `config_documents` write
// the schema and the man page anew.
#include "config/keys.hpp"

#include <span>

namespace readback {

using namespace key;

namespace {

template <class E, std::size_t N>
Choice choice(E& out, const Worded<E> (&words)[N]) {
  Choice made;
  for (const auto& each : words) {
    made.words.emplace_back(each.word);
    if (each.value == out) made.chosen = each.word;
  }
  made.choose = [&out, all = std::span<const Worded<E>>(words)](std::size_t i) { out = all[i].value; };
  return made;
}

Choice choice(Severity& out) {
  static constexpr Severity all[] = {Severity::info, Severity::warning, Severity::error, Severity::critical};
  Choice made;
  for (const Severity each : all) made.words.emplace_back(to_string(each));
  made.chosen = to_string(out);
  made.choose = [&out](std::size_t i) { out = all[i]; };
  return made;
}

bool says_nothing(const Words& w) { return w.pass.empty() && w.warn.empty() && w.fail.empty() && w.neutral.empty(); }

}  // namespace

Section section_of(Config& c) {
  auto& h = c.heartbeat;
  return {
      .title = "the configuration",
      .about = "At the top of the file.",
      .keys = {
          {"environment", Text{c.environment}, "A label on every alert."},
          {"host", Text{c.host}, "This host's name on every alert, instead of its own."},
          {"include", Texts{c.include},
           "Further files, each with `targets` and `alerts: {sinks: …}` and nothing else. A path begins in the folder "
           "of this file, and may have `*`, `?` and `[…]` in its names; what these find is taken in its order, and may "
           "be nothing.",
           hidden_if(true)},
          {"targets", Targets{c.targets}, "The platforms to watch."},
          {"alerts", Map{section_of(c.alerts)}, "Who is told."},
          {"heartbeat",
           Map{{.title = "heartbeat",
                .about = "A dead man's switch: sent only while sweeps of every target come back and count, and the "
                         "store can be written.",
                .keys = {{"url", HeartbeatUrl{h.url}, "Where it is sent.", required("https://…")},
                         {"interval", Duration{h.interval, Seconds(1)}, "How often."}}}},
           "A dead man's switch: sent only while sweeps really happen.", hidden_if(!h.url)},
          {"evidence", Map{section_of(c.evidence)}, "What is kept, and what is taken out of it."},
          {"resolution",
           Map{{.title = "resolution",
                .keys = {{"settle", Duration{c.resolution.settle, Millis(0)}, "How long everything must stay green."},
                         {"require_attestation", Boolean{c.resolution.require_attestation},
                          "Resolve nothing before somebody has said which owner runbook was used."}}}},
           "When an incident is over."},
          {"control",
           Map{{.title = "control",
                .keys = {{"socket", SocketPath{c.control.socket}, "Its path. Changed by a restart only."},
                         {"group", Text{c.control.group}, "The group that may use it."}}}},
           "The control socket."},
          {"http",
           Map{{.title = "http",
                .keys = {{"listen", Listen{c.http.listen},
                          "The address to listen on, like 127.0.0.1:9464. Changed by a restart only."},
                         {"public_url", BaseUrl{c.http.public_url, false},
                          "Where people reach these pages, perhaps through a proxy. Every alert then links to its "
                          "incident there.",
                          hidden_if(c.http.public_url.empty())}}}},
           "Read-only pages: /metrics, /healthz, /readyz, the status page, /incidents, /feed.atom and /badge.svg. Off "
           "unless set.",
           hidden_if(c.http.listen.empty() && c.http.public_url.empty())},
          {"store",
           Map{{.title = "store", .keys = {{"path", Path{c.store.path}, "Its folder. Changed by a restart only."}}}},
           "The record."},
          {"log",
           Map{{.title = "log",
                .keys = {{"level", choice(c.log.level, log_levels), "Nothing quieter than this."},
                         {"format", choice(c.log.format, log_formats),
                          "auto is the journal's fields under systemd and text elsewhere."}}}},
           "The log."},
          {"fleet", Fleet{c.fleet}, "Other hosts that watch the same.", hidden_if(!c.fleet.is_on())},
      }};
}

Section section_of(TargetConfig& t) {
  auto& c = t.confirm;
  return {
      .title = "a target",
      .shape = "target",
      .about = "One platform to watch.",
      .keys = {
          {"name", Name{t.name}, "Its name, on every alert and in every command.", required("fabric")},
          {"base_url", BaseUrl{t.base_url}, "Where it answers.", required("https://fabric.example:38080")},
          {"interval", Duration{t.interval, Millis(100)}, "The time between two sweeps."},
          {"timeout", Duration{t.timeout, Millis(10)}, "What one read may take, name lookup to last byte."},
          {"jitter", Jitter{t.jitter_percent},
           "How much each interval is varied at random, so that many watchdogs do not read at once."},
          {"request_budget", Rate{t.request_budget_per_minute}, "No more requests than this, whatever happens."},
          {"headers", Headers{t.headers}, "Sent with every read."},
          {"tls", Tls{t.tls}, "How its certificates are judged."},
          {"confirm",
           Map{{.title = "confirm",
                .keys = {{"failures", WholeNumber{c.failures, 1, 100}, "Bad sweeps in a row that confirm a fault."},
                         {"spacing", Duration{c.spacing, Millis(50)}, "The time between the sweeps of such a burst."},
                         {"recoveries", WholeNumber{c.recoveries, 1, 100},
                          "Good sweeps in a row that confirm a recovery."}}}},
           "How often a fault must be seen before it pages."},
          {"stale_after", Duration{t.stale_after, Millis(0)},
           "An answer whose own time stamp is older is stale; 0 is off."},
          {"episode_window", Duration{t.episode_window, Millis(0)},
           "Faults that come within this time of each other are one episode."},
          {"words", Map{section_of(t.words)}, "Verdict words of its own.", hidden_if(says_nothing(t.words))},
          {"surfaces", Surfaces{t.surfaces},
           "Surfaces to add, to change or (null) to remove; built in are health, services, observability and "
           "security."},
          {"checks", Checks{t.checks, CheckRole::materialization},
           "Commands that compare what runs with what was deployed, by name."},
          {"paths", Paths{t.paths}, "Requests that people or agents really make."},
          {"references", Urls{t.references},
           "Addresses that answer whenever our own network works; they tell our blindness from the platform's "
           "outage."},
          {"blind_limit", Duration{t.blind_limit, Millis(0)},
           "Blindness that lasts this long pages as loudly as an outage."},
          {"runbooks", Runbooks{t.runbooks}, "Owner runbooks by boundary, instead of the built-in ones."},
          {"maintenance", Windows{t.maintenance}, "Times at which new pages wait."},
      }};
}

Section section_of(TlsConfig& t) {
  return {.title = "tls",
          .shape = "tls",
          .about = "How a TLS connection is made and judged.",
          .keys = {
              {"ca_file", Path{t.ca_file}, "The authorities to trust instead of the host's own, in PEM."},
              {"cert_file", Path{t.cert_file}, "A client certificate, in PEM; needs key_file."},
              {"key_file", Path{t.key_file}, "The key of the client certificate, in PEM."},
              {"server_name", Text{t.server_name},
               "The name that the certificate must carry, when it is not the host of the address."},
              {"verify",
               Boolean{t.verify, "certificates are not verified: whoever stands between can answer for the platform",
                       "give its CA with ca_file"},
               "Whether certificates are verified. false is warned about."},
              {"expires_within", Duration{t.expires_within, Millis(0)},
               "A certificate that ends within this time is announced in the log once a day, and in the status beside "
               "what it belongs to; with 0 only one that has ended."},
          }};
}

Section section_of(SurfaceConfig& s) {
  return {
      .title = "the surface " + s.name,
      .shape = "surface",
      .about = "One surface that is read in each sweep. The four built-in ones need nothing here; null removes one.",
      .keys = {
          {"path", UrlPath{s.path}, "Its path, joined to base_url."},
          {"role", choice(s.role, surface_roles), "What it tells about, which decides the boundary of its faults."},
          {"accept", choice(s.accept, what_surfaces_accept),
           "What is judged: the body, or the status code alone, as for a server that answers with a page."},
          {"codes", CodeReadings{s.codes},
           "What status codes mean here, as {473: pass}: pass, warn, fail, unknown, denied or missing. The body can "
           "only "
           "make it worse."},
          {"max_latency", OwnDuration{s.max_latency, Millis(1)},
           "An answer that takes longer is up, but slow: at least a warning."},
          {"verdict", Pointer{s.verdict},
           "A JSON pointer to the verdict, when it is not found where it usually stands."},
          {"critical_items", Texts{s.critical_items}, "Names of items whose failure is the surface's failure.",
           hidden_if(s.critical_items.empty())},
          {"stale_after", OwnDuration{s.stale_after, Millis(0)}, "As the target's, for this surface."},
          {"words", Map{section_of(s.words)}, "As the target's, for this surface.", hidden_if(says_nothing(s.words))},
          {"version_header", Boolean{s.version_header},
           "Read the platform's version from X-Version when the body names none.", hidden_if(!s.version_header)},
          {"volatile", Texts{s.volatile_fields},
           "JSON pointers that differ in every answer and are left out of a snapshot's diff.",
           hidden_if(s.volatile_fields.empty())},
      }};
}

Section section_of(Words& w) {
  return {.title = "words",
          .shape = "words",
          .about = "Verdict words of the platform's own, added to the built-in ones.",
          .keys = {{"pass", WordSet{w.pass}, "Words that mean that all is well."},
                   {"warn", WordSet{w.warn}, "Words that mean degraded."},
                   {"fail", WordSet{w.fail}, "Words that mean broken."},
                   {"neutral", WordSet{w.neutral}, "Words that say nothing about health."}}};
}

Section section_of(CheckConfig& c) {
  const bool is_check = c.role == CheckRole::materialization;
  Section s{.title = "the check " + c.name,
            .shape = is_check ? "check" : "evidence_command",
            .about = is_check ? "A read-only command that compares what runs with what was deployed."
                              : "A read-only command whose output goes into every snapshot, under checks/NAME. It runs "
                                "when something is suspected, and when an operator asks for a snapshot, not for every "
                                "sweep; a page never waits for it. What has not ended when the snapshot is sealed is "
                                "said to be running, and a later capture has it. Its output is redacted and cut at 256 "
                                "KiB.",
            .keys = {}};
  const auto add = [&](Key each) { s.keys.push_back(std::move(each)); };
  add({"command", Command{c},
       "Program and arguments; no shell reads them. A command that appears to mutate is refused.",
       required("[python3, ./scripts/verify_runtime_materialization.py, --check]")});
  add({"cwd", Folder{c}, "The folder in which it runs."});
  add({"timeout", Duration{c.timeout, Millis(100)}, "After this it is ended, with all of its family."});
  if (is_check) {
    add({"role", choice(c.role, check_roles), "What the command tells."});
    add({"interval", Duration{c.interval, Seconds(1)}, "How often it runs."});
    add({"exit_codes", ExitCodes{c},
         "What its exit codes mean, as {3: drift} or {drift: [3]}. Without it 0 is in_sync; 2, 126, 127 and a Python "
         "traceback are broken; every other code is drift."});
  }
  add({"env", Variables{c.env}, "Variables added to its small fixed environment."});
  add({"sandbox", Map{section_of(c.sandbox)}, "What it may do."});
  return s;
}

Section section_of(SandboxConfig& s) {
  return {.title = "sandbox",
          .shape = "sandbox",
          .about =
              "What the command may do. Writing is never among it. Of what is the daemon's own (store, "
              "configuration, files of secrets and keys, credentials) it sees the names only. It locks files in its "
              "scratch folder, in its cwd and in its read_paths; it is ended when it has more than 128 processes and "
              "threads, or more than 256 MiB or 20000 files in its scratch folder.",
          .keys = {
              {"network", choice(s.network, networks),
               "What it may reach: nothing; TCP over this host's loopback device, and no names but those of "
               "/etc/hosts; or every host."},
              {"require", Boolean{s.require},
               "Do not run the command at all where the kernel cannot enforce the whole sandbox."},
              {"unix_sockets", Texts{s.unix_sockets},
               "Unix sockets that it may connect to, by path or as @abstract. No other one can be reached."},
              {"read_paths", Texts{s.read_paths}, "Folders that it may read; empty is everywhere."},
          }};
}

Section section_of(PathConfig& p) {
  return {.title = "a path",
          .shape = "path",
          .about = "One request that people or agents really make.",
          .keys = {
              {"name", Name{p.name}, "Its name.", required("checkout")},
              {"kind", choice(p.kind, path_kinds), "Who uses it."},
              {"url", UrlOrPath{p.url}, "A path joined to base_url, or a whole address.", required("/app/checkout")},
              {"timeout", OwnDuration{p.timeout, Millis(10)}, "As the target's, for this path."},
              {"expect", Map{section_of(p.expect)}, "What makes it work; without anything, a 2xx."},
          }};
}

Section section_of(PathExpect& e) {
  return {.title = "expect",
          .keys = {
              {"status", StatusCodes{e.status}, "The status codes that are fine."},
              {"body_contains", Text{e.body_contains}, "A text that the answer must hold."},
              {"json", JsonValues{e.json}, "JSON pointers and the values that must stand there."},
              {"max_latency", OwnDuration{e.max_latency, Millis(1)}, "An answer that takes longer is a fault."},
          }};
}

Section section_of(RunbookConfig& r) {
  return {.title = "a runbook",
          .shape = "runbook",
          .about = "Whose runbook to use, instead of the built-in one.",
          .keys = {{"title", Text{r.title}, "Its title."},
                   {"url", Url{r.url}, "Its address."},
                   {"owner", Text{r.owner}, "Who owns the boundary."},
                   {"next_safe_step", Text{r.next_safe_step}, "What to do first, in one sentence."}}};
}

Section section_of(MaintenanceWindow& w) {
  return {.title = "a maintenance window",
          .shape = "window",
          .about = "A time at which new pages wait. What is still bad when it ends pages then.",
          .keys = {
              {"days", WeekDays{w.days}, "The days on which it begins; without them every day."},
              {"from", Clock{w.from_minute}, "When it begins, local time, in quotes.", required("\"02:00\"")},
              {"for", Duration{w.length, Seconds(1)}, "How long it lasts, at most a week.", required("1h")},
              {"timezone", Zone{w}, "The time zone of `from`, an IANA name; UTC needs no zone database."},
          }};
}

Section section_of(AlertsConfig& a) {
  return {.title = "alerts",
          .keys = {{"renotify", Duration{a.renotify, Seconds(1)},
                    "An incident that stays unacknowledged is told again after this."},
                   {"sinks", Sinks{a.sinks}, "The receivers."},
                   {"escalate", Escalations{a.escalate}, "Who is called when nobody acknowledges a page in time.",
                    hidden_if(a.escalate.empty())}}};
}

Section section_of(EscalationConfig& e) {
  return {
      .title = "an escalation",
      .shape = "escalation",
      .about =
          "An incident that was paged, that still fires and that nobody has acknowledged after this time is told to "
          "these sinks, once, as an event `firing`. The page itself does not go to them, nor does anything else that "
          "would open an incident; what follows goes there as well, its end too. Silences and maintenance windows "
          "hold it back like a page.",
      .keys = {
          {"after", Duration{e.after, Seconds(1)}, "How long after the page."},
          {"sinks", Texts{e.sinks}, "Names of sinks.", required("[second]")},
          {"min_severity", choice(e.min_severity), "Only incidents that are as severe as this."},
      }};
}

Section section_of(SinkConfig& s) {
  const bool several = s.type == SinkType::alertmanager;
  return {
      .title = "a sink",
      .shape = "sink",
      .about = "One receiver of alerts.",
      .keys = {
          {"name", Name{s.name}, "Its name.", required("pager")},
          {"type", choice(s.type, sink_types), "Which language it speaks.", required()},
          {"routing_key", RoutingKey{s.routing_key}, "pagerduty: the integration key.",
           hidden_if(s.type != SinkType::pagerduty)},
          {"url", SinkUrl{s.urls}, "Where it is. pagerduty has a default.", hidden_if(several || s.urls.empty())},
          {"urls", SinkUrls{s.urls},
           "Several addresses, all of which are sent to: the members of an Alertmanager cluster.", hidden_if(!several)},
          {"secret", SigningSecret{s.secrets},
           "webhook: what signs it (Standard Webhooks), whsec_…; two during a rotation.", hidden_if(true)},
          {"secrets", SigningSecrets{s.secrets}, "The same, as a list.", hidden_if(s.secrets.empty())},
          {"template", Template{s.body},
           "webhook: a file in Mustache that makes the body out of the event, at most 32 KiB; its path may begin in "
           "the folder of this file. Without it the event is sent as it is. See TEMPLATES.",
           hidden_if(s.body.file.empty())},
          {"content_type", ContentType{s.body.content_type},
           "webhook: what the template makes. It decides how the names in it are escaped.",
           hidden_if(s.body.file.empty())},
          {"boundaries", Boundaries{s.boundaries}, "Only these boundaries; without it all of them."},
          {"targets", Texts{s.targets}, "Only these targets; without it all of them.", hidden_if(s.targets.empty())},
          {"min_severity", choice(s.min_severity), "Nothing quieter than this."},
          {"dedup_scope", choice(s.dedup_scope, dedup_scopes),
           "Whether the key of an incident ends in this host's name (host), or several hosts share one incident "
           "(platform)."},
          {"group", choice(s.group, groupings),
           "What many targets suffer from one cause (the same boundary, and the same first failure within five "
           "minutes) is one page and one end (cause), with one more word about how far it has spread; or each target "
           "has its own (none). In a fleet each has its own.",
           hidden_if(s.group == Grouping::none)},
          {"timeout", Duration{s.timeout, Millis(100)}, "What one delivery may take."},
          {"headers", Headers{s.headers}, "Sent with every delivery."},
          {"tls", Tls{s.tls}, "How its certificates are judged."},
          {"proxy", Proxy{s.proxy},
           "An HTTP proxy on the way to it. Proxies that the environment names are never used.",
           hidden_if(s.proxy.url.empty())},
      }};
}

Section section_of(ProxyConfig& p) {
  return {
      .title = "proxy",
      .shape = "proxy",
      .about = "https goes through it by CONNECT, so that it sees no alert; http is asked of it as a whole address.",
      .keys = {
          {"url", BaseUrl{p.url, false}, "Where it is: http://HOST:PORT.", required("http://proxy.example:3128")},
          {"user", Text{p.user}, "Who we are to it; needs password."},
          {"password", Secret{p.password}, "The user's password.", hidden_if(!p.password)},
      }};
}

Section section_of(EvidenceConfig& e) {
  return {.title = "evidence",
          .keys = {
              {"keep",
               Map{{.title = "keep",
                    .keys = {{"days", Days{e.keep_time, 1, 3660}, "How many days."},
                             {"size", Size{e.keep_bytes, std::uint64_t{1} << 20}, "Room on disk."}}}},
               "How long; the older goes first, and what an open incident needs stays."},
              {"redact",
               Map{{.title = "redact",
                    .keys = {{"keys", Texts{e.redact.keys},
                              "Names of fields and headers, or parts of such names, whose values are replaced."},
                             {"patterns", Patterns{e.redact}, "Regular expressions whose matches are replaced."}}}},
               "What is replaced before anything is written or sent, besides what looks like a secret."},
              {"commands", Checks{e.commands, CheckRole::evidence},
               "Read-only commands whose output goes into every snapshot, by name."},
          }};
}

Section section_of(FleetConfig& f) {
  auto& n = f.nats;
  auto& e = f.evidence;
  return {
      .title = "fleet",
      .about =
          "Hosts that watch the same platform and share what they see, over NATS JetStream: one page for all, and "
          "none for what only one of them sees. While its servers cannot be reached, a host decides and pages "
          "alone. In a fleet the key of an incident is the platform's for every sink (dedup_scope).",
      .keys = {
          {"name", Token{f.name}, "Its name: letters, digits, `-` and `_`, at most 32. Hosts of one fleet share it.",
           required("prod")},
          {"host", Name{f.host}, "This host's name in the fleet, instead of its own. No two members have the same."},
          {"nats",
           Map{{.title = "nats",
                .about = "Servers of the watchers' own: with the platform's they would be gone when they are needed. "
                         "Buckets and streams called after the fleet are made there, and nothing else.",
                .keys = {{"urls", NatsUrls{n}, "Where they are, as nats://10.0.0.1:4222 or tls://…; any of a cluster.",
                          required("[nats://10.0.0.1:4222]")},
                         {"credentials", Secret{n.credentials, true}, "A file of NATS credentials.",
                          hidden_if(!n.credentials)},
                         {"token", Secret{n.token}, "A token, instead.", hidden_if(!n.token)},
                         {"user", Text{n.user}, "A user, instead; needs password."},
                         {"password", Secret{n.password}, "The user's password.", hidden_if(!n.password)},
                         {"tls", Tls{n.tls}, "How their certificates are judged."}}}},
           "The servers.", required("{urls: [nats://10.0.0.1:4222]}")},
          {"replicas", WholeNumber{f.replicas, 1, 5},
           "How many servers hold each bucket and stream; 1 for a single server."},
          {"jury", WholeNumber{f.jury, 1, 25}, "How many hosts are asked about one target."},
          {"agree_within", Duration{f.agree_within, Seconds(6)}, "How long a confirmed finding waits for their word."},
          {"evidence",
           Map{{.title = "evidence",
                .keys = {{"ship", Boolean{e.ship}, "Whether sealed snapshots go there, so that they outlive the host."},
                         {"keep",
                          Map{{.title = "keep",
                               .keys = {{"days", Days{e.keep_time, 1, 3660}, "How many days."},
                                        {"size", Size{e.keep_bytes, std::uint64_t{1} << 20}, "Room on the servers."}}}},
                          "How long; the older goes first."}}}},
           "Snapshots of all hosts."},
          {"silent_after", Duration{f.silent_after, Seconds(30)}, "A member not heard for so long is missing."},
      }};
}

}  // namespace readback
