#pragma once
// The contents of a snapshot bundle (contract section 5): which files it has and what stands in them, as a pure
// function of the evidence, so that the same evidence gives the same bytes.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/record.hpp"
#include "core/model/view.hpp"

namespace readback {

/// Name within the bundle -> contents, in the order in which they are packed.
using BundleFiles = std::map<std::string, std::string>;

/// What one of `evidence.commands` has said. Both are unset when it has never been run.
struct CommandOutput {
  std::string name;
  std::optional<RawRead> last;            ///< of the newest run that has ended; a CheckRun
  std::optional<WallTime> running_since;  ///< a run is going on, and its output is not here yet
};

/// What is the same for every snapshot of one daemon, as it stood when this one was ordered.
struct SealContext {
  std::string host, environment, version, config_digest, sandbox;
  std::vector<std::string> volatile_fields;  ///< JSON pointers that a diff leaves out
  std::vector<CommandOutput> commands;       ///< of the configuration, in its order
};

/// What was made ahead of the first sweeps of a timeline: a page waits for the rest alone.
struct BundleAhead {
  std::string timeline;           ///< what timeline.jsonl has of them
  std::vector<std::size_t> ends;  ///< where in it the lines of each sweep end
  /// Fields that kept changing in good answers, by read, up to the newest good sweep: the one that will most likely be
  /// the last good one. They hold for a bundle with that one and with all that was looked at.
  std::map<std::string, std::vector<std::string>> changing;
  std::uint64_t good = 0;  ///< that sweep; 0: there was none
  WallTime oldest{};       ///< when the oldest that was looked at began
};

struct BundleInput {
  SnapshotOrder order;
  SealContext context;
  std::string previous_sha256;  ///< of the snapshot before; "" for the first
  std::string packed_with;      ///< what makes the bytes of the archive, with its version
  /// The sweeps that the order names; those that are 0 or no longer kept are missing.
  std::map<std::string, SweepRecord> phases;  ///< "last-good", "first-bad", "at-page", "latest"
  std::vector<SweepRecord> timeline;          ///< of the 15 minutes before, oldest first
  BundleAhead ahead;
  bool timeline_cut = false;  ///< there were more, and only the newest are here
  std::string host_json;      ///< the host's state as one JSON object
};

/// Of these sweeps, oldest first.
BundleAhead made_ahead(const std::vector<SweepRecord>& timeline);
/// Of its sweeps the oldest are not in the timeline any more.
void leave_out_oldest(BundleAhead& ahead, std::size_t how_many);

/// All files, manifest.json included.
BundleFiles bundle_files(BundleInput input);

/// The form that may be shown to others: verdicts, codes, times and digests; no bodies, headers, hosts or addresses.
BundleFiles public_safe(const BundleFiles& full);

/// Empty when every file is as the manifest says and none is missing or extra; else what is wrong, operator language.
std::vector<std::string> manifest_troubles(const BundleFiles& files);

/// What changed from `before` to `after` as JSON Patch (RFC 6902) in one line a JSON text; texts that are not JSON are
/// replaced as a whole. Fields that always change (stamps, ids, counters) are left out.
std::string json_diff(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out);

/// The same for two files of `reads/`, whose bodies are compared as JSON where they are JSON.
std::string read_diff(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out);

/// What the manifest tells of the snapshot; digest and size are the archive's and stay empty. Nothing when there is no
/// manifest, or none with a time.
std::optional<SnapshotView> snapshot_of(const BundleFiles& files);

/// A text of the manifest ("sealed_at"); empty when there is none.
std::string manifest_text(const BundleFiles& files, std::string_view key);

/// The name of a read within the bundle, without `.json`: the read's own where that may be a file's name.
std::string file_name_of(std::string_view read);

}  // namespace readback
