// /v1/snapshots: the sealed evidence, listed, captured, and sent as it lies on the disk, a piece at a time.
#include <algorithm>
#include <fstream>

#include "core/text/encoding.hpp"
#include "daemon/api/fleet.hpp"
#include "daemon/api/ids.hpp"
#include "daemon/api/members.hpp"
#include "daemon/runtime/aside.hpp"

namespace readback::routes {

namespace {

constexpr Millis patience = Seconds(5);  // with a disk that does not answer

/// Shared with the thread that reads it: that may come back when nobody waits any more.
struct BundleOnDisk {
  std::ifstream in;
  std::uint64_t size = 0;
};
using OpenBundle = std::shared_ptr<BundleOnDisk>;

OpenBundle open_bundle(const std::string& path) {
  auto file = std::make_shared<BundleOnDisk>();
  file->in.open(path, std::ios::binary);
  if (!file->in) return nullptr;
  file->in.seekg(0, std::ios::end);
  const auto end = file->in.tellg();
  file->in.seekg(0);
  file->size = end < 0 ? 0 : static_cast<std::uint64_t>(end);
  return file;
}

/// A bundle from memory or from its file, a piece at a time. A piece that the disk does not give in time ends it, and
/// the reader sees that it was cut.
class BundleSource : public BodySource {
 public:
  BundleSource(std::string bytes, OpenBundle file, Aside& files)
      : bytes_(std::move(bytes)), file_(std::move(file)), files_(files) {}
  std::uint64_t size() const { return file_ ? file_->size : bytes_.size(); }
  net::awaitable<std::string> next() override {
    std::string out;
    if (!file_) {
      out = bytes_.substr(std::min(at_, bytes_.size()), piece);
      at_ += out.size();
      co_return out;
    }
    std::function<std::string()> work = [file = file_] {
      std::string read(piece, '\0');
      file->in.read(read.data(), static_cast<std::streamsize>(piece));
      read.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file->in.gcount())));
      return read;
    };
    auto read = co_await files_.within(patience, "", std::move(work));
    if (read) out = std::move(*read);
    co_return out;
  }

 private:
  static constexpr std::size_t piece = 256 * 1024;
  const std::string bytes_;
  const OpenBundle file_;
  Aside& files_;
  std::size_t at_ = 0;
};

bool has_already(const std::string& if_none_match, const std::string& tag) {
  return !if_none_match.empty() && (if_none_match == "*" || if_none_match.find(tag) != std::string::npos);
}

/// Which bundle is asked for, and in which form.
struct Wanted {
  std::string asked, host;  ///< an id, the beginning of one or "latest"; "": of whatever host
  BundleForm form = BundleForm::full;
};

const std::string not_answered = "the fleet cannot be asked: ";

net::awaitable<std::variant<BundleFile, Problem>> kept_here(Desk& desk, Wanted wanted) {
  std::variant<BundleFile, Problem> out;
  const std::vector<SnapshotView> all = co_await desk.backend.snapshots();
  const auto id = find_id(ids_of(all), wanted.asked, "snapshot");
  if (const auto* wrong = std::get_if<Problem>(&id)) {
    out = *wrong;
    co_return out;
  }
  std::string exact = std::get<std::string>(id);
  auto bundle = co_await desk.backend.bundle(std::move(exact), wanted.form);
  if (bundle)
    out = std::move(*bundle);
  else
    out = problem(404, "the snapshot " + std::get<std::string>(id) + " is listed, but its file is gone");
  co_return out;
}

/// `not_here` is why it cannot come from this host.
net::awaitable<std::variant<BundleFile, Problem>> kept_by_fleet(Desk& desk, Wanted wanted, std::string not_here) {
  std::variant<BundleFile, Problem> out;
  if (!not_here.empty()) not_here += ", and ";
  const auto all = co_await desk.backend.fleet_snapshots();
  if (!all) {
    out = problem(503, not_here + not_answered + all.error());
    co_return out;
  }
  auto one = find_snapshot(*all, wanted.asked, wanted.host);
  if (const auto* wrong = std::get_if<Problem>(&one)) {
    out = *wrong;
    co_return out;
  }
  const std::string whose = std::get<SnapshotView>(one).host;
  auto bundle = co_await desk.backend.fleet_bundle(std::move(std::get<SnapshotView>(one)), wanted.form);
  if (bundle)
    out = std::move(*bundle);
  else
    out = problem(503, "the snapshot of " + whose + " does not come from the fleet: " + bundle.error());
  co_return out;
}

net::awaitable<Reply> bundle_reply(Desk& desk, Request q, BundleFile bundle, BundleForm form) {
  Reply reply;
  reply.content_type = "application/zstd";
  const std::string tag = "\"" + bundle.sha256 + "\"";
  const std::string name = "readback-" + bundle.snapshot.id + (form == BundleForm::full ? "" : "-public") + ".tar.zst";
  reply.headers.emplace_back("ETag", tag);
  reply.headers.emplace_back("Repr-Digest", "sha-256=:" + to_base64(from_hex(bundle.sha256).value_or("")) + ":");
  reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + "\"");
  if (has_already(q.if_none_match, tag)) {
    reply.status = 304;
    co_return reply;
  }
  OpenBundle file;
  if (!bundle.path.empty()) {
    std::function<OpenBundle()> work = [path = bundle.path] { return open_bundle(path); };
    const auto opened = co_await desk.files.within(patience, "", std::move(work));
    if (!opened) co_return problem_reply(problem(503, "the disk with the snapshots does not answer"));
    if (!*opened) co_return problem_reply(problem(404, "the snapshot is listed, but its file cannot be opened"));
    file = *opened;
  }
  auto source = std::make_shared<BundleSource>(std::move(bundle.bytes), std::move(file), desk.files);
  reply.length = source->size();
  reply.source = std::move(source);
  co_return reply;
}

}  // namespace

net::awaitable<Reply> snapshots(Desk& desk, Request q, std::string) {
  const std::string* wide = q.parameter("fleet");
  if (wide && *wide != "true" && *wide != "false")
    co_return problem_reply(problem(422, "fleet is true or false", "fleet"));
  boost::json::object body;
  if (wide && *wide == "true") {
    auto fleet = desk.backend.fleet();
    if (!fleet) co_return problem_reply(problem(404, in_no_fleet));
    const auto all = co_await snapshots_of_all(desk, std::move(*fleet));
    if (!all) co_return problem_reply(problem(503, not_answered + all.error()));
    body["snapshots"] = list_json(*all);
    co_return json_reply(200, body);
  }
  const std::vector<SnapshotView> all = co_await desk.backend.snapshots();
  body["snapshots"] = list_json(all);
  co_return json_reply(200, body);
}

net::awaitable<Reply> snapshot(Desk& desk, Request q, std::string asked) {
  const std::string* form = q.parameter("form");
  if (form && *form != "full" && *form != "public-safe")
    co_return problem_reply(problem(422, "form is full or public-safe", "form"));
  Wanted wanted;
  wanted.asked = std::move(asked);
  if (form && *form == "public-safe") wanted.form = BundleForm::public_safe;
  const auto fleet = desk.backend.fleet();
  if (const std::string* host = q.parameter("host")) {
    if (!fleet) co_return problem_reply(problem(404, in_no_fleet));
    wanted.host = *host;
  }
  std::variant<BundleFile, Problem> found = problem(404, "");
  if (wanted.host.empty() || wanted.host == fleet->host) found = co_await kept_here(desk, wanted);
  const auto* wrong = std::get_if<Problem>(&found);
  if (wrong && wrong->status == 404 && fleet && (wanted.asked != "latest" || !wanted.host.empty())) {
    std::string not_here = wrong->detail;
    found = co_await kept_by_fleet(desk, wanted, std::move(not_here));
  }
  if (const auto* why = std::get_if<Problem>(&found)) co_return problem_reply(*why);
  Reply reply = co_await bundle_reply(desk, std::move(q), std::move(std::get<BundleFile>(found)), wanted.form);
  co_return reply;
}

net::awaitable<Reply> snapshot_key(Desk& desk, Request, std::string) {
  const EvidenceKey key = desk.backend.evidence_key();
  if (key.text.empty()) co_return problem_reply(problem(404, "this daemon has no key: it seals without a signature"));
  boost::json::object body;
  body["algorithm"] = "ed25519";
  body["host"] = key.host;
  body["key"] = key.text;
  body["pem"] = key.pem;
  co_return json_reply(200, body);
}

net::awaitable<Reply> capture(Desk& desk, Request q, std::string) {
  Members m(q.body);
  const auto target = m.text("target", false);
  const auto reason = m.text("reason", false);
  if (auto wrong = m.wrong()) co_return std::move(*wrong);
  CaptureAsked asked;
  asked.target = target.value_or("");
  asked.reason = reason.value_or("");
  asked.by = q.peer.user;
  if (auto unknown = unknown_target(desk.backend, asked.target, 404)) co_return std::move(*unknown);
  Event event = std::move(asked);
  const Answer a = co_await change(desk, q.peer, "capture", std::move(event));
  if (!a.ok) co_return refusal(a);
  boost::json::object body = change_json(a);
  const std::vector<SnapshotView> all = co_await desk.backend.snapshots();
  if (const auto* sealed = by_id(all, a.id)) body["snapshot"] = view_json(*sealed);
  co_return json_reply(201, body);
}

}  // namespace readback::routes
