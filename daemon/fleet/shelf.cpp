// What stands in the headers was written by whoever may write there: numbers are bounded before anything is made of
// them, and the digest decides.
#include "daemon/fleet/shelf.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <map>

#include "core/fleet/words.hpp"
#include "core/text/encoding.hpp"
#include "daemon/fleet/shipping.hpp"
#include "daemon/fleet/streams.hpp"
#include "daemon/fleet/watch.hpp"
#include "daemon/runtime/join.hpp"
#include "daemon/runtime/task_group.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr Millis chunk_silence = Seconds(15);  // no chunk for so long: it is given up
constexpr std::uint64_t largest_bundle = std::uint64_t{256} << 20;
constexpr std::size_t asked_at_once = 32;
constexpr std::size_t longest_about = 8192;

std::string_view header_in(const WireHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return "";
}

std::uint64_t number_in(const WireHeaders& headers, std::string_view name) {
  const auto text = header_in(headers, name);
  std::uint64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

/// Host and id, of the last two parts of a subject.
std::optional<FleetBundle> named_in(const FleetNames& names, std::string_view subject) {
  const std::string front = names.subject(FleetStream::evidence, "");
  if (!subject.starts_with(front)) return std::nullopt;
  auto parts = parts_of_key(subject.substr(front.size()));
  if (!parts || parts->size() != 2) return std::nullopt;
  FleetBundle bundle;
  bundle.snapshot.host = std::move(parts->at(0));
  bundle.snapshot.id = std::move(parts->at(1));
  return bundle;
}

/// What its host says of it. Whose it is and which, the servers know.
SnapshotView described(std::string_view text, SnapshotView named) {
  json::error_code ec;
  const auto about = text.size() > longest_about ? json::value() : json::parse(text, ec);
  if (ec || !about.is_object()) return named;
  auto snapshot = read_about(about.get_object());
  snapshot.host = std::move(named.host), snapshot.id = std::move(named.id);
  return snapshot;
}

/// What its newest chunk says of it.
net::awaitable<FleetBundle> look_at(Wire& wire, std::string stream, std::string subject, FleetBundle bundle) {
  auto request = last_of(stream, subject);
  const auto answer = co_await ask(wire, std::move(request), chunk_limit);
  if (answer.error) co_return bundle;
  const auto stored = read_stored(answer);
  if (!stored) co_return bundle;
  bundle.snapshot = described(header_in(stored->headers, "Readback-Snapshot"), std::move(bundle.snapshot));
  bundle.snapshot.sha256 = header_in(stored->headers, "Readback-Sha256");
  bundle.snapshot.size = number_in(stored->headers, "Readback-Size");
  bundle.count = number_in(stored->headers, "Readback-Count");
  co_return bundle;
}

/// What has come of one bundle.
struct Pulled {
  explicit Pulled(const net::any_io_executor& loop) : wake(loop) {}
  Wake wake;
  std::map<std::uint64_t, std::string> chunks;
  std::uint64_t size = 0, count = 0, bytes = 0, heard = 0;
  std::string sha256, trouble;
  bool is_over = false;

  void take(const WireMessage& m) {
    ++heard;
    const auto index = number_in(m.headers, "Readback-Index");
    if (m.is_too_large()) return;
    size = number_in(m.headers, "Readback-Size");
    count = number_in(m.headers, "Readback-Count");
    sha256 = header_in(m.headers, "Readback-Sha256");
    auto& place = chunks[index];
    bytes = bytes - place.size() + m.body.size();
    place = m.body;
    if (bytes > largest_bundle || chunks.size() > largest_bundle / evidence_chunk + 1) {
      trouble = "it is larger than 256 MiB";
      is_over = true;
      chunks.clear();
    }
    wake.notify();
  }
  void caught_up() {
    is_over = true;
    wake.notify();
  }
  Result<std::string> whole(const std::string& what) const {
    if (!trouble.empty()) return Failure{what + " cannot be pulled: " + trouble};
    if (chunks.empty()) return Failure{what + " is not with the fleet"};
    std::string all;
    std::uint64_t there = 0;
    for (const auto& [index, text] : chunks)
      if (index < count) all += text, ++there;
    if (there < count)
      return Failure{what + " is not whole: " + std::to_string(there) + " of " + std::to_string(count) +
                     " chunks are with the fleet"};
    if (all.size() != size || sha256_hex(all) != sha256)
      return Failure{what + " has another digest than it was sealed with"};
    return all;
  }
};

net::awaitable<void> follow(std::shared_ptr<Watch> watch) { co_await watch->run(); }

}  // namespace

net::awaitable<Result<std::vector<FleetBundle>>> list_bundles(Wire& wire, std::string fleet) {
  const FleetNames names{std::move(fleet)};
  const std::string stream = names.stream(FleetStream::evidence);
  auto request = info_of(stream);
  request.body = json::serialize(json::object{{"subjects_filter", names.subject(FleetStream::evidence, ">")}});
  const auto info = co_await ask(wire, std::move(request), chunk_limit);
  if (info.error && info.error->err_code == 0)
    co_return Failure{"the fleet's servers do not tell what evidence they have"};
  if (info.error) co_return Failure{describe(*info.error, stream, 0)};
  std::vector<FleetBundle> all;
  const auto* state = info.body.if_contains("state");
  const auto* subjects = state && state->is_object() ? state->get_object().if_contains("subjects") : nullptr;
  std::vector<net::awaitable<FleetBundle>> questions;
  const std::size_t many = subjects && subjects->is_object() ? subjects->get_object().size() : 0;
  std::size_t at = 0;
  for (; at < many; ++at) {
    const auto& each = *(subjects->get_object().begin() + static_cast<std::ptrdiff_t>(at));
    auto bundle = named_in(names, each.key());
    if (bundle) {
      const auto* n = each.value().if_int64();
      bundle->chunks = n && *n > 0 ? static_cast<std::uint64_t>(*n) : 0;
      questions.push_back(look_at(wire, stream, std::string(each.key()), std::move(*bundle)));
    }
    if (questions.size() < asked_at_once && at + 1 < many) continue;
    auto answers = co_await all_of(std::move(questions));
    questions.clear();
    for (auto& answered : answers) all.push_back(std::move(answered));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(b.snapshot.id, a.snapshot.host) < std::tie(a.snapshot.id, b.snapshot.host);
  });
  co_return all;
}

net::awaitable<Result<std::string>> pull_bundle(Wire& wire, std::string fleet, std::string host, std::string id) {
  const FleetNames names{std::move(fleet)};
  const std::string what = "snapshot " + id + " of " + host;
  WatchOrder order{names.stream(FleetStream::evidence), names.subject(FleetStream::evidence, view_key(host, id)), 1,
                   evidence_chunk};
  const auto pulled = std::make_shared<Pulled>(wire.loop());
  Watch::Listener listener{[pulled](const WireMessage& m, std::uint64_t) {
                             if (!pulled->is_over) pulled->take(m);
                           },
                           [pulled] { pulled->caught_up(); },
                           [pulled](const std::string& why) {
                             pulled->trouble = why;
                             pulled->caught_up();
                           }};
  TaskGroup group(wire.loop());
  group.spawn("fleet pull", follow(std::make_shared<Watch>(wire, std::move(order), std::move(listener))));
  while (!pulled->is_over) {
    const auto before = pulled->heard;
    const bool spoken = co_await pulled->wake.wait_for(chunk_silence);
    if (spoken || pulled->heard != before || pulled->is_over) continue;
    pulled->trouble = "the fleet's servers do not answer";
    pulled->is_over = true;
  }
  group.cancel();
  co_await group.join(Seconds(1));
  co_return pulled->whole(what);
}

}  // namespace readback
