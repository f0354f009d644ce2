// The files of a bundle, one function each. What a platform or a person said is quoted in them and never becomes a
// heading, a path or JSON of ours.
#include "core/evidence/bundle.hpp"
#include "core/evidence/parts.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "core/codec/reads_json.hpp"
#include "core/codec/texts.hpp"
#include "core/codec/view_json.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
using namespace parts;
namespace {

std::string read_file(const SweepRecord& sweep, const JudgedRead& r) {
  json::error_code ec;
  auto o = json::parse(to_recorded_line({sweep.target, sweep.sweep, r.raw, sweep.void_reason}), ec).as_object();
  o["reading"] = r.word;
  o["stale"] = r.stale;
  o["contradictory"] = r.contradictory;
  o["reasons"] = json_texts(r.reasons);
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
/// names. One change among many is a finding, and stays. `oldest` becomes earlier where older sweeps are looked at.
std::vector<std::string> learned_volatile(const std::vector<SweepRecord>& timeline, std::uint64_t good,
                                          const std::string& read, WallTime& oldest) {
  constexpr std::size_t enough = 20;
  std::map<std::string, std::size_t> changes;
  std::optional<Compared> newer;
  std::size_t compared = 0;
  for (auto it = timeline.rbegin(); it != timeline.rend() && compared < enough; ++it) {
    if (it->sweep > good) continue;
    oldest = std::min(oldest, it->at);
    const auto* r = find_read(&*it, read);
    if (!r || !r->green) continue;
    Compared older(body_of(*r));
    if (newer) {
      ++compared;
      for (const auto& op : patch(older, *newer, {}))
        if (const auto& o = op.get_object(); o.at("op") == "replace" && o.at("path").get_string().size() > 1)
          ++changes[std::string(o.at("path").get_string())];
    }
    newer = std::move(older);
  }
  std::vector<std::string> found;
  for (const auto& [path, times] : changes)
    if (times * 3 >= compared) found.push_back(path);
  return found;
}

/// Does it hold for this bundle?
bool is_learned(const BundleInput& in, const SweepRecord& good) {
  return in.ahead.good == good.sweep && good.sweep != 0 && !in.timeline.empty() &&
         in.timeline.front().at <= in.ahead.oldest;
}

std::vector<std::string> learned_for(const BundleInput& in, const SweepRecord& good, const std::string& read) {
  const auto found = in.ahead.changing.find(read);
  if (found != in.ahead.changing.end() && is_learned(in, good)) return found->second;
  WallTime oldest = WallTime::max();
  return learned_volatile(in.timeline, good.sweep, read, oldest);
}

std::string diff_file(const BundleInput& in) {
  const auto* good = phase(in, "last-good");
  const auto* bad = phase(in, "at-page");
  json::object all;
  if (good && bad)
    for (const auto& before : good->reads) {
      const auto* after = find_read(bad, before.raw.read);
      const auto kind = kind_of(before.raw.read);
      if (!after || kind == ReadKind::reference || kind == ReadKind::votes) continue;
      json::object o;
      o["reading"] = json::object{{"before", before.word}, {"after", after->word}};
      o["outcome"] = json::object{{"before", outcome_of(before)}, {"after", outcome_of(*after)}};
      o["reasons"] = json_texts(after->reasons);
      auto leave_out = in.context.volatile_fields;
      const auto learned = learned_for(in, *good, before.raw.read);
      leave_out.insert(leave_out.end(), learned.begin(), learned.end());
      o["patch"] = patch(body_of(before), body_of(*after), leave_out);
      if (!learned.empty()) o["always_changing"] = json_texts(learned);
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
  text += "- target: " + o.target + ", environment " + in.context.environment + ", host " + in.context.host + "\n";
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
    text += std::to_string(c.number) + ". " + std::string(c.title()) + ": " + std::string(to_string(c.state)) +
            (c.by.empty() ? "" : " (" + one_line(c.by) + ")") + "\n";
  return clean_utf8(text);
}

/// What timeline.jsonl has of one sweep.
std::string timeline_lines(const SweepRecord& sweep) {
  std::string lines;
  for (const auto& r : sweep.reads) {
    std::string line = to_recorded_line({sweep.target, sweep.sweep, r.raw, sweep.void_reason});
    line.pop_back();  // the reading is a further member; a replay judges anew and does not look at it
    lines += line + ",\"reading\":" + json::serialize(json::value(r.word)) + "}\n";
  }
  return lines;
}

std::string timeline_file(BundleAhead ahead, const std::vector<SweepRecord>& timeline) {
  std::string lines = std::move(ahead.timeline);
  for (std::size_t i = ahead.ends.size(); i < timeline.size(); ++i) lines += timeline_lines(timeline[i]);
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
  for (const auto& c : in.context.commands) {
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
      if (!run.denials.empty()) o["denials"] = json_texts(run.denials);
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

json::object manifest_of(const BundleInput& in) {
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
  m["environment"] = in.context.environment;
  m["host"] = in.context.host;
  m["version"] = in.context.version;
  m["config_digest"] = in.context.config_digest;
  m["sandbox"] = in.context.sandbox;
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
  return m;
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

BundleAhead made_ahead(const std::vector<SweepRecord>& timeline) {
  BundleAhead ahead;
  for (const auto& sweep : timeline) {
    ahead.timeline += timeline_lines(sweep);
    ahead.ends.push_back(ahead.timeline.size());
  }
  const auto is_good = [](const SweepRecord& sweep) {
    return std::all_of(sweep.reads.begin(), sweep.reads.end(), [](const auto& read) { return read.green; });
  };
  const auto good = std::find_if(timeline.rbegin(), timeline.rend(), is_good);
  if (good == timeline.rend()) return ahead;
  ahead.good = good->sweep, ahead.oldest = good->at;
  for (const auto& read : good->reads)
    ahead.changing[read.raw.read] = learned_volatile(timeline, good->sweep, read.raw.read, ahead.oldest);
  return ahead;
}

void leave_out_oldest(BundleAhead& ahead, std::size_t how_many) {
  const auto told = static_cast<std::ptrdiff_t>(std::min(how_many, ahead.ends.size()));
  if (told == 0) return;
  const std::size_t cut = ahead.ends[static_cast<std::size_t>(told) - 1];
  ahead.timeline.erase(0, cut);
  ahead.ends.erase(ahead.ends.begin(), ahead.ends.begin() + told);
  for (auto& end : ahead.ends) end -= cut;
}

BundleFiles bundle_files(BundleInput in) {
  BundleFiles files;
  files["summary.md"] = summary_file(in);
  files["diff.json"] = diff_file(in);
  files["timeline.jsonl"] = timeline_file(std::move(in.ahead), in.timeline);
  files["host.json"] = in.host_json.empty() ? "{}\n" : in.host_json + "\n";
  for (const auto& [name, sweep] : in.phases)
    for (const auto& r : sweep.reads)
      if (kind_of(r.raw.read) != ReadKind::check)
        files["reads/" + name + "/" + file_name_of(r.raw.read) + ".json"] = read_file(sweep, r);
  add_checks(in, files);
  add_commands(in, files);
  seal_manifest(manifest_of(in), files);
  return files;
}

}  // namespace readback
