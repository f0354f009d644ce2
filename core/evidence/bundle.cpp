#include "core/evidence/bundle.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "core/codec/reads_json.hpp"
#include "core/codec/view_json.hpp"
#include "core/evidence/redact.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::string_view manifest_name = "manifest.json";
constexpr std::string_view hidden_host = "<internal-runtime-redacted>", hidden_address = "<fabric-base-url>";
constexpr std::string_view reference_prefix = "reference:";

/// Names of fields that are new in every answer and explain nothing.
bool always_changes(std::string_view name) {
  constexpr std::string_view names[] = {
      "generated_at", "checked_at",     "last_checked",  "evaluated_at",     "observed_at",
      "captured_at",  "as_of",          "updated_at",    "last_updated",     "lastUpdate",
      "timestamp",    "time",           "request_id",    "requestId",        "trace_id",
      "traceId",      "correlation_id", "uptime",        "uptime_seconds",   "uptime_s",
      "latency_ms",   "duration_ms",    "totalDuration", "response_time_ms", "now",
      "date"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string escaped(std::string_view name) {
  std::string out;
  for (char c : name) out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
  return out;
}

struct Differ {
  const std::vector<std::string>& leave_out;
  json::array patch;

  void note(const char* op, const std::string& path, const json::value* value) {
    constexpr std::size_t most = 2000;
    if (patch.size() >= most) return;
    json::object o{{"op", op}, {"path", path}};
    if (value) o["value"] = *value;
    patch.push_back(std::move(o));
  }
  bool skipped(const std::string& path, std::string_view name) const {
    return always_changes(name) || std::find(leave_out.begin(), leave_out.end(), path) != leave_out.end();
  }
  void compare(const json::value& before, const json::value& after, const std::string& path) {
    if (before == after) return;
    if (before.is_object() && after.is_object()) {
      for (const auto& [name, value] : before.get_object()) {
        const std::string below = path + "/" + escaped(name);
        if (skipped(below, name)) continue;
        if (const auto* now = after.get_object().if_contains(name))
          compare(value, *now, below);
        else
          note("remove", below, nullptr);
      }
      for (const auto& [name, value] : after.get_object()) {
        const std::string below = path + "/" + escaped(name);
        if (!before.get_object().contains(name) && !skipped(below, name)) note("add", below, &value);
      }
    } else if (before.is_array() && after.is_array()) {
      const auto& a = before.get_array();
      const auto& b = after.get_array();
      const std::size_t both = std::min(a.size(), b.size());
      for (std::size_t i = 0; i < both; ++i)
        if (const std::string below = path + "/" + std::to_string(i); !skipped(below, "")) compare(a[i], b[i], below);
      for (std::size_t i = a.size(); i > both; --i) note("remove", path + "/" + std::to_string(i - 1), nullptr);
      for (std::size_t i = both; i < b.size(); ++i) note("add", path + "/-", &b[i]);
    } else {
      note("replace", path, &after);
    }
  }
};

json::array diff(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out) {
  json::error_code ec_before, ec_after;
  const auto a = json::parse(before, ec_before), b = json::parse(after, ec_after);
  if (ec_before || ec_after) {
    if (before == after) return {};
    return {json::object{{"op", "replace"}, {"path", ""}, {"value", std::string(after)}}};
  }
  Differ differ{leave_out, {}};
  differ.compare(a, b, "");
  return std::move(differ.patch);
}

json::array texts(const std::vector<std::string>& all) {
  json::array list;
  for (const auto& t : all) list.emplace_back(t);
  return list;
}

/// A file of JSON ends with a line end and has its keys on lines of their own at the first level: readable in a pager.
std::string pretty(const json::object& o) {
  std::string out = "{\n";
  bool first = true;
  for (const auto& [key, value] : o) {
    if (!first) out += ",\n";
    first = false;
    out += "  " + json::serialize(json::value(key)) + ": " + json::serialize(value);
  }
  return clean_utf8(out + "\n}\n");  // what a platform or a command said may be any bytes
}

std::string read_file(const SweepRecord& sweep, const JudgedRead& r) {
  json::error_code ec;
  auto o = json::parse(to_recorded_line({sweep.target, sweep.sweep, r.raw, sweep.void_reason}), ec).as_object();
  o["reading"] = r.word;
  o["stale"] = r.stale;
  o["contradictory"] = r.contradictory;
  o["reasons"] = texts(r.reasons);
  return pretty(o);
}

const JudgedRead* find_read(const SweepRecord* sweep, std::string_view name) {
  if (sweep)
    for (const auto& r : sweep->reads)
      if (r.raw.read == name) return &r;
  return nullptr;
}
const SweepRecord* phase(const BundleInput& in, const char* name) {
  const auto found = in.phases.find(name);
  return found == in.phases.end() ? nullptr : &found->second;
}

std::string body_of(const JudgedRead& r) {
  if (const auto* a = std::get_if<HttpAnswer>(&r.raw.answer)) return a->body;
  if (const auto* run = std::get_if<CheckRun>(&r.raw.answer)) return run->out;
  return "";
}

/// What came back before its body is looked at: "200", "refused", "exit 1".
std::string outcome_of(const JudgedRead& r) {
  if (const auto* a = std::get_if<HttpAnswer>(&r.raw.answer)) return std::to_string(a->status);
  if (const auto* e = std::get_if<TransportError>(&r.raw.answer)) return std::string(to_string(e->fault));
  const auto& run = std::get<CheckRun>(r.raw.answer);
  return run.exit ? "exit " + std::to_string(*run.exit) : std::string(to_string(*run.fault));
}

/// Fields that kept changing from one good sweep to the next before the failure: counters and stamps that no list
/// names. One change among many is a finding, and stays.
std::vector<std::string> learned_volatile(const BundleInput& in, const std::string& read) {
  constexpr std::size_t enough = 20;
  const auto* good = phase(in, "last-good");
  std::map<std::string, std::size_t> changes;
  const JudgedRead* newer = nullptr;
  std::size_t compared = 0;
  for (auto it = in.timeline.rbegin(); good && it != in.timeline.rend() && compared < enough; ++it) {
    if (it->sweep > good->sweep) continue;
    const auto* r = find_read(&*it, read);
    if (!r || !r->green) continue;
    if (newer) {
      ++compared;
      for (const auto& op : diff(body_of(*r), body_of(*newer), {}))
        if (const auto& o = op.get_object(); o.at("op") == "replace" && o.at("path").get_string().size() > 1)
          ++changes[std::string(o.at("path").get_string())];
    }
    newer = r;
  }
  std::vector<std::string> found;
  for (const auto& [path, times] : changes)
    if (times * 3 >= compared) found.push_back(path);
  return found;
}

std::string diff_file(const BundleInput& in) {
  const auto* good = phase(in, "last-good");
  const auto* bad = phase(in, "at-page");
  json::object all;
  if (good && bad)
    for (const auto& before : good->reads) {
      const auto* after = find_read(bad, before.raw.read);
      if (!after || kind_of(before.raw.read) == ReadKind::reference) continue;
      json::object o;
      o["reading"] = json::object{{"before", before.word}, {"after", after->word}};
      o["outcome"] = json::object{{"before", outcome_of(before)}, {"after", outcome_of(*after)}};
      o["reasons"] = texts(after->reasons);
      auto leave_out = in.volatile_fields;
      const auto learned = learned_volatile(in, before.raw.read);
      leave_out.insert(leave_out.end(), learned.begin(), learned.end());
      o["patch"] = diff(body_of(before), body_of(*after), leave_out);
      if (!learned.empty()) o["always_changing"] = texts(learned);
      if (before.word != after->word || outcome_of(before) != outcome_of(*after) || !o["patch"].as_array().empty())
        all[before.raw.read] = std::move(o);
    }
  if (!good) all["note"] = "there is no good sweep before this one to compare with";
  return pretty(all);
}

/// What a platform said must not look like a heading of ours.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return text;
}

std::string summary_file(const BundleInput& in) {
  const auto& o = in.order;
  auto i = o.incident;
  for (auto* field :
       {&i.summary, &i.symptom, &i.exposed_by, &i.next_safe_step, &i.runbook.title, &i.runbook.url, &i.runbook.owner})
    *field = one_line(std::move(*field));
  std::string text = "# " + (i.summary.empty() ? "Snapshot of " + o.target : i.summary) + "\n\n";
  text += "- snapshot: " + o.snapshot_id + ", sealed " + to_rfc3339(o.at) + " because of: " + one_line(o.reason) + "\n";
  text += "- target: " + o.target + ", environment " + in.environment + ", host " + in.host + "\n";
  if (o.has_incident())
    text += "- boundary: " + std::string(to_string(i.boundary)) + ", " + std::string(to_string(i.extent)) + ", " +
            std::string(to_string(i.severity)) + "\n- incident: " + i.id + "\n";
  if (i.first_failure)
    text += "- failed first: " + i.first_failure->read + " at " + to_rfc3339(i.first_failure->at) + ": " +
            one_line(i.first_failure->reason) + "\n";
  if (!i.symptom.empty()) text += "- symptom: " + i.symptom + "\n";
  if (!i.exposed_by.empty()) text += "- exposed by: " + i.exposed_by + "\n";
  if (!i.why.empty()) text += "\n## Why\n\n";
  for (const auto& why : i.why) text += "- " + one_line(why) + "\n";
  if (!i.next_safe_step.empty()) text += "\n## Next safe step\n\n" + i.next_safe_step + "\n";
  if (!i.runbook.title.empty())
    text += "\n## Runbook\n\n" + i.runbook.title + " <" + i.runbook.url + ">, owner " + i.runbook.owner + "\n";
  if (!i.conditions.empty()) text += "\n## Resolved means\n\n";
  for (const auto& c : i.conditions)
    text += std::to_string(c.number) + ". " + c.title + ": " + std::string(to_string(c.state)) +
            (c.by.empty() ? "" : " (" + one_line(c.by) + ")") + "\n";
  return clean_utf8(text);
}

std::string timeline_file(const BundleInput& in) {
  std::string lines;
  for (const auto& sweep : in.timeline)
    for (const auto& r : sweep.reads) {
      std::string line = to_recorded_line({sweep.target, sweep.sweep, r.raw, sweep.void_reason});
      line.pop_back();  // the reading is a further member; a replay judges anew and does not look at it
      lines += line + ",\"reading\":" + json::serialize(json::value(r.word)) + "}\n";
    }
  return lines;
}

void add_checks(const BundleInput& in, BundleFiles& files) {
  for (const char* name : {"at-page", "latest", "first-bad", "last-good"}) {
    const auto* sweep = phase(in, name);
    if (!sweep) continue;
    for (const auto& r : sweep->reads) {
      const auto* run = std::get_if<CheckRun>(&r.raw.answer);
      const std::string folder = "checks/" + file_name_of(bare_name(r.raw.read)) + "/";
      if (!run || files.contains(folder + "result.json")) continue;
      files[folder + "stdout"] = run->out;
      files[folder + "stderr"] = run->err;
      files[folder + "result.json"] = read_file(*sweep, r);
    }
  }
  for (auto it = in.timeline.rbegin(); it != in.timeline.rend(); ++it)  // a check runs more rarely than a sweep
    for (const auto& r : it->reads) {
      const auto* run = std::get_if<CheckRun>(&r.raw.answer);
      const std::string folder = "checks/" + file_name_of(bare_name(r.raw.read)) + "/";
      if (!run || files.contains(folder + "result.json")) continue;
      files[folder + "stdout"] = run->out;
      files[folder + "stderr"] = run->err;
      files[folder + "result.json"] = read_file(*it, r);
    }
}

/// The output of an evidence command; where it had not ended, that is said in its place.
void add_commands(const BundleInput& in, BundleFiles& files) {
  for (const auto& c : in.commands) {
    const std::string folder = "checks/" + file_name_of(c.name) + "/";
    if (files.contains(folder + "result.json")) continue;
    json::object o;
    json::array reasons;
    o["command"] = c.name;
    std::string reading = c.running_since ? "running" : "not run";
    if (c.last) {
      const auto& run = std::get<CheckRun>(c.last->answer);
      files[folder + "stdout"] = run.out;
      files[folder + "stderr"] = run.err;
      o["at"] = to_rfc3339(c.last->at);
      o["ms"] = c.last->took.count();
      if (run.exit) o["exit"] = *run.exit;
      if (run.fault) o["error"] = to_string(*run.fault);
      if (run.signal) o["signal"] = run.signal;
      if (run.cut) o["cut"] = true;
      if (!run.denials.empty()) o["denials"] = texts(run.denials);
      if (!run.detail.empty()) reasons.emplace_back(run.detail);
      for (const auto& denial : run.denials) reasons.emplace_back("sandbox denied: " + denial);
      reading = run.fault ? "broken" : "collected";
    } else {
      files[folder + "stdout"] = files[folder + "stderr"] = "";
    }
    if (c.running_since) {
      o["running_since"] = to_rfc3339(*c.running_since);
      reasons.emplace_back(c.last ? "a newer run had not ended when the snapshot was sealed"
                                  : "had not ended when the snapshot was sealed; a later capture has its output");
    } else if (!c.last) {
      reasons.emplace_back("had not been run when the snapshot was sealed");
    }
    o["reading"] = reading;
    o["reasons"] = std::move(reasons);
    files[folder + "result.json"] = pretty(o);
  }
}

json::object file_entry(const std::string& contents) {
  json::object removed;
  std::uint64_t total = 0;
  for (const auto& [rule, count] : placeholders_in(contents)) {
    removed[rule] = count;
    total += count;
  }
  return {{"sha256", sha256_hex(contents)},
          {"size", contents.size()},
          {"redacted", total},
          {"redacted_by_rule", std::move(removed)}};
}

json::object listed(const BundleFiles& files) {
  json::object all;
  for (const auto& [name, contents] : files)
    if (name != manifest_name) all[name] = file_entry(contents);
  return all;
}

std::string text_of(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && v->is_string() ? std::string(v->get_string()) : "";
}

/// Of a read or of a line of the timeline: verdict, code, time and digest; no body, header, host or address.
json::object shareable(const json::object& read) {
  json::object o;
  for (const char* key : {"at", "target", "sweep", "read", "ms", "error", "exit", "signal", "reading", "stale",
                          "contradictory", "phases_us"})
    if (const auto* v = read.if_contains(key)) o[key] = *v;
  if (const auto* http = read.if_contains("http"); http && http->is_object()) {
    const auto* status = http->get_object().if_contains("status");
    o["status"] = status ? *status : json::value(nullptr);
    o["body_sha256"] = sha256_hex(text_of(http->get_object(), "body"));
  }
  if (text_of(o, "read").starts_with(reference_prefix))
    o["read"] = std::string(reference_prefix) + std::string(hidden_host);
  return o;
}

/// A manifest names its own digest too: that of itself with this field empty.
std::string with_digest(json::object m) {
  m["manifest_sha256"] = "";
  m["manifest_sha256"] = sha256_hex(pretty(m));
  return pretty(m);
}

}  // namespace

std::string file_name_of(std::string_view read) {
  constexpr std::size_t longest = 80;
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == ':';
  };
  std::string out;
  for (char c : read.substr(0, longest)) out += is_plain(c) ? c : '_';
  if (out.empty() || out.front() == '.') out.insert(0, "_");
  // What was replaced or cut off is told apart from its neighbours by a digest.
  return out == read ? out : out + "-" + sha256_hex(read).substr(0, 8);
}

std::string json_diff(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out) {
  return json::serialize(diff(before, after, leave_out));
}

std::string read_diff(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out) {
  const auto opened = [](std::string_view file) {
    json::error_code ec;
    auto v = json::parse(file, ec);
    if (ec) return std::string(file);
    if (auto* o = v.if_object())
      if (auto* http = o->if_contains("http"); http && http->is_object())
        if (auto* body = http->get_object().if_contains("body"); body && body->is_string()) {
          auto inner = json::parse(std::string(body->get_string()), ec);
          if (!ec) *body = std::move(inner);
        }
    return json::serialize(v);
  };
  return json_diff(opened(before), opened(after), leave_out);
}

BundleFiles bundle_files(const BundleInput& in) {
  BundleFiles files;
  files["summary.md"] = summary_file(in);
  files["diff.json"] = diff_file(in);
  files["timeline.jsonl"] = timeline_file(in);
  files["host.json"] = in.host_json.empty() ? "{}\n" : in.host_json + "\n";
  for (const auto& [name, sweep] : in.phases)
    for (const auto& r : sweep.reads)
      if (kind_of(r.raw.read) != ReadKind::check)
        files["reads/" + name + "/" + file_name_of(r.raw.read) + ".json"] = read_file(sweep, r);
  add_checks(in, files);
  add_commands(in, files);

  const auto& o = in.order;
  json::object m;
  m["schema"] = "readback.snapshot/v1";
  m["id"] = o.snapshot_id;
  m["incident"] = o.incident.id;
  m["episode"] = o.incident.episode;
  m["target"] = o.target;
  m["reason"] = o.reason;
  auto shown = view_json(o.incident, false, EmptyTexts::stay);
  for (const char* word : {"boundary", "extent", "severity"})
    if (!o.has_incident()) shown[word] = "";
  if (!o.incident.first_failure) shown.erase("first_failure");
  for (auto& [name, value] : pick(shown, {"boundary", "extent", "severity", "summary", "why", "first_failure",
                                          "symptom", "exposed_by", "runbook", "next_safe_step", "conditions"}))
    m[name] = std::move(value);
  m["environment"] = in.environment;
  m["host"] = in.host;
  m["version"] = in.version;
  m["config_digest"] = in.config_digest;
  m["sandbox"] = in.sandbox;
  m["sealed_at"] = to_rfc3339(o.at);
  json::object sweeps;
  for (const auto& [name, sweep] : in.phases)
    sweeps[name] = json::object{{"sweep", sweep.sweep}, {"at", to_rfc3339(sweep.at)}, {"verdict", sweep.primary}};
  m["sweeps"] = std::move(sweeps);
  if (!in.timeline.empty())
    m["timeline"] = json::object{{"from", to_rfc3339(in.timeline.front().at)},
                                 {"to", to_rfc3339(in.timeline.back().at)},
                                 {"sweeps", in.timeline.size()},
                                 {"cut", in.timeline_cut}};
  m["previous_sha256"] = in.previous_sha256;
  m["form"] = "full";
  m["packed_with"] = in.packed_with;
  m["files"] = listed(files);
  files[std::string(manifest_name)] = with_digest(std::move(m));
  return files;
}

BundleFiles public_safe(const BundleFiles& full) {
  json::error_code ec;
  const auto found = full.find(std::string(manifest_name));
  const auto parsed = found == full.end() ? json::value() : json::parse(found->second, ec);
  if (ec || !parsed.is_object()) return {};
  BundleFiles files;
  int references = 0;
  for (const auto& [name, contents] : full) {
    if (!name.starts_with("reads/") || !name.ends_with(".json")) continue;
    const auto read = json::parse(contents, ec);
    if (ec || !read.is_object()) continue;
    auto shown = shareable(read.get_object());
    const bool reference = text_of(shown, "read").starts_with(reference_prefix);
    const auto folder = name.substr(0, name.rfind('/') + 1);
    files[reference ? folder + "reference-" + std::to_string(++references) + ".json" : name] = pretty(shown);
  }
  if (const auto timeline = full.find("timeline.jsonl"); timeline != full.end())
    for (std::string_view rest = timeline->second; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      const auto line = json::parse(rest.substr(0, end), ec);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!ec && line.is_object()) files["timeline.jsonl"] += json::serialize(shareable(line.get_object())) + "\n";
    }

  // Only what is known to be harmless is taken over: a text of a person or of the platform may name anything.
  const auto& all = parsed.get_object();
  json::object m;
  for (const char* key :
       {"schema", "id", "incident", "episode", "target", "boundary", "extent", "severity", "environment", "version",
        "config_digest", "sealed_at", "sweeps", "timeline", "previous_sha256", "packed_with"})
    if (const auto* v = all.if_contains(key)) m[key] = *v;
  const std::string reason = text_of(all, "reason");
  m["reason"] = reason.substr(0, reason.find(':'));
  m["host"] = hidden_host;
  m["base_url"] = hidden_address;
  std::string summary = "# Public-safe snapshot\n\nVerdicts, codes, times and digests only. Addresses are " +
                        std::string(hidden_address) + ", hosts are " + std::string(hidden_host) + ".\n\n";
  for (const char* key : {"id", "target", "boundary", "extent", "severity", "sealed_at"})
    if (const auto text = text_of(all, key); !text.empty()) summary += "- " + std::string(key) + ": " + text + "\n";
  if (const auto* first = all.if_contains("first_failure"); first && first->is_object()) {
    auto o = shareable(first->get_object());
    summary += "- failed first: " + text_of(o, "read") + " at " + text_of(o, "at") + "\n";
    m["first_failure"] = std::move(o);
  }
  json::array conditions;
  if (const auto* list = all.if_contains("conditions"); list && list->is_array() && !list->get_array().empty()) {
    summary += "\n## Resolved means\n\n";
    for (const auto& each : list->get_array()) {
      if (!each.is_object()) continue;
      json::object o;
      for (const char* key : {"number", "title", "state", "at"})
        if (const auto* v = each.get_object().if_contains(key)) o[key] = *v;
      summary += json::serialize(o["number"]) + ". " + text_of(o, "title") + ": " + text_of(o, "state") + "\n";
      conditions.push_back(std::move(o));
    }
  }
  m["conditions"] = std::move(conditions);
  m["form"] = "public-safe";
  m["of_full_manifest_sha256"] = sha256_hex(found->second);
  files["summary.md"] = std::move(summary);
  m["files"] = listed(files);
  files[std::string(manifest_name)] = with_digest(std::move(m));
  return files;
}

namespace {

std::optional<json::object> parsed_manifest(const BundleFiles& files) {
  const auto found = files.find(std::string(manifest_name));
  json::error_code ec;
  auto parsed = found == files.end() ? json::value() : json::parse(found->second, ec);
  if (!parsed.is_object()) return std::nullopt;
  return std::move(parsed.get_object());
}

}  // namespace

std::string manifest_text(const BundleFiles& files, std::string_view key) {
  const auto m = parsed_manifest(files);
  return m ? text_of(*m, key) : "";
}

std::optional<SnapshotView> snapshot_of(const BundleFiles& files) {
  const auto m = parsed_manifest(files);
  const auto sealed = m ? parse_rfc3339(text_of(*m, "sealed_at")) : std::nullopt;
  if (!sealed) return std::nullopt;
  SnapshotView v;
  v.id = text_of(*m, "id");
  v.incident_id = text_of(*m, "incident");
  v.target = text_of(*m, "target");
  v.reason = text_of(*m, "reason");
  v.boundary = text_of(*m, "boundary");
  v.extent = text_of(*m, "extent");
  v.previous = text_of(*m, "previous_sha256");
  v.at = *sealed;
  return v;
}

std::vector<std::string> manifest_troubles(const BundleFiles& files) {
  std::vector<std::string> troubles;
  const auto found = files.find(std::string(manifest_name));
  if (found == files.end()) return {"there is no manifest.json: this is no snapshot of Readback"};
  json::error_code ec;
  const auto parsed = json::parse(found->second, ec);
  if (ec || !parsed.is_object()) return {"manifest.json is no JSON object"};
  const auto* schema = parsed.get_object().if_contains("schema");
  if (!schema || !schema->is_string() || schema->get_string() != "readback.snapshot/v1")
    return {"the manifest has another schema than readback.snapshot/v1"};
  if (with_digest(parsed.get_object()) != found->second) troubles.emplace_back("manifest.json was changed");
  const auto* list = parsed.get_object().if_contains("files");
  if (!list || !list->is_object()) return {"the manifest lists no files"};
  for (const auto& [name, entry] : list->get_object()) {
    const auto file = files.find(std::string(name));
    if (file == files.end()) {
      troubles.push_back(std::string(name) + " is missing");
      continue;
    }
    const auto* digest = entry.is_object() ? entry.get_object().if_contains("sha256") : nullptr;
    if (!digest || !digest->is_string() || std::string(digest->get_string()) != sha256_hex(file->second))
      troubles.push_back(std::string(name) + " was changed");
  }
  for (const auto& [name, contents] : files)
    if (name != manifest_name && !list->get_object().contains(name))
      troubles.push_back(name + " is not in the manifest");
  return troubles;
}

}  // namespace readback
