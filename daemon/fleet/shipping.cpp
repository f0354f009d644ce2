// One bundle after the other, the oldest first; one that can never arrive is given up, so that it holds up no other.
#include "daemon/fleet/shipping.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <utility>

#include "core/codec/state_visit.hpp"
#include "core/codec/texts.hpp"
#include "core/fleet/words.hpp"
#include "daemon/evidence/durable.hpp"
#include "daemon/fleet/kept_list.hpp"
#include "daemon/fleet/streams.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr Millis first_wait_for_servers = Seconds(1), longest_wait_for_servers = Seconds(30);
constexpr std::size_t longest_queue = 10'000;  // bundles; beyond, the oldest are given up

std::uint64_t chunks_of(std::uint64_t size) {
  return std::max<std::uint64_t>(1, (size + evidence_chunk - 1) / evidence_chunk);
}

/// One line, whatever it says: it stands in a header.
std::string about_of(const SnapshotView& snapshot) {
  return write_object({}, [&](StateWriter& w) { fields(w, snapshot); });
}

StreamWish evidence_stream(const FleetConfig& fleet) {
  auto all = streams_of(fleet);
  return std::move(all.back());
}

}  // namespace

SnapshotView read_about(const json::object& about) {
  SnapshotView snapshot;
  try {
    StateReader reader{Instant{}, about};
    fields(reader, snapshot);
  } catch (const std::exception&) {
    return {};
  }
  return snapshot;
}

Shipping::Shipping(Wire& wire, FleetConfig fleet, const std::string& host, std::string queue_file, SayIt say)
    : wire_(wire),
      fleet_(std::move(fleet)),
      names_{fleet_.name},
      host_(host),
      queue_file_(std::move(queue_file)),
      say_(std::move(say)),
      wake_(wire.loop()) {
  load();
}

void Shipping::load() {
  const auto kept = read_kept(queue_file_);
  if (!kept) return;  // nothing was ever shipped from here
  if (!is_kept_list(*kept))
    return say(Say::Level::warning, "what is to be shipped cannot be read from " + queue_file_ + ": begun anew");
  newest_ = text_in(*kept, "newest");
  for (const auto& each : kept->at("waiting").get_array()) {
    if (!each.is_object() || queue_.size() >= longest_queue) continue;
    const auto& o = each.get_object();
    const auto* about = o.if_contains("snapshot");
    Shipment s{about && about->is_object() ? read_about(about->get_object()) : SnapshotView{}, text_in(o, "path")};
    if (!s.snapshot.id.empty() && !s.path.empty()) queue_.push_back(std::move(s));
  }
}

net::awaitable<Result<void>> Shipping::keep() {
  std::string waiting;
  for (const auto& s : queue_)
    waiting += (waiting.empty() ? "" : ",") + std::string("{\"snapshot\":") + about_of(s.snapshot) +
               ",\"path\":" + json::serialize(json::value(s.path)) + "}";
  std::function<Result<void>()> work =
      [file = queue_file_, text = "{\"newest\":" + json::serialize(json::value(newest_)) + ",\"waiting\":[" + waiting +
                                  "]}"] { return write_durably(file, text, 0600); };
  co_return co_await off_loop(worker_, std::move(work));
}

net::awaitable<Result<void>> Shipping::add(Shipment shipment) {
  const auto same = [&](const Shipment& s) { return s.snapshot.id == shipment.snapshot.id; };
  if (std::any_of(queue_.begin(), queue_.end(), same)) co_return Result<void>();
  newest_ = std::max(newest_, shipment.snapshot.id);
  queue_.push_back(std::move(shipment));
  if (queue_.size() > longest_queue) {
    say(Say::Level::warning,
        "too much evidence waits for the fleet: snapshot " + queue_.front().snapshot.id + " is not shipped");
    queue_.pop_front();
  }
  wake_.notify();
  auto kept = co_await keep();
  co_return kept;
}

net::awaitable<void> Shipping::run() {
  for (;;) {
    while (queue_.empty()) co_await wake_.wait();
    const Shipment next = queue_.front();
    co_await ship(next);
    std::erase_if(queue_, [&](const Shipment& s) { return s.snapshot.id == next.snapshot.id; });
    const auto kept = co_await keep();
    // It will be shipped again after a start, which the servers and whoever reads it notice.
    if (!kept) say(Say::Level::warning, kept.error());
  }
}

/// Returns when the servers have all of it, or never will.
net::awaitable<void> Shipping::ship(Shipment shipment) {
  std::uint64_t count = 1;
  for (std::uint64_t index = 0; index < count; ++index) {
    for (Millis wait = first_wait_for_servers;; wait = std::min(wait * 2, longest_wait_for_servers)) {
      Chunk chunk = co_await read(shipment.path, index);
      if (!chunk.trouble.empty()) {
        say(Say::Level::warning, "snapshot " + shipment.snapshot.id + " is not shipped: " + chunk.trouble);
        co_return;
      }
      count = chunks_of(chunk.size);
      if (chunk.size > fleet_.evidence.keep_bytes) {
        say(Say::Level::warning,
            "snapshot " + shipment.snapshot.id + " is not shipped: it is larger than fleet.evidence.keep.size");
        co_return;
      }
      const bool sent = co_await send(shipment, index, std::move(chunk));
      if (sent) break;
      co_await pause(wire_, wait);
    }
  }
  told_.clear();
  say(Say::Level::info, "snapshot " + shipment.snapshot.id + " is with the fleet");
}

net::awaitable<Shipping::Chunk> Shipping::read(std::string path, std::uint64_t index) {
  std::function<Chunk()> work = [path = std::move(path), index] {
    Chunk chunk;
    std::error_code ec;
    chunk.size = std::filesystem::file_size(path, ec);
    std::ifstream file(path, std::ios::binary);
    if (ec || !file) {
      chunk.trouble = path + " is not there any more";
      return chunk;
    }
    const std::uint64_t at = index * evidence_chunk;
    chunk.bytes.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(evidence_chunk, chunk.size - std::min(at, chunk.size))));
    file.seekg(static_cast<std::streamoff>(at));
    file.read(chunk.bytes.data(), static_cast<std::streamsize>(chunk.bytes.size()));
    if (!file && !chunk.bytes.empty()) chunk.trouble = path + " cannot be read";
    return chunk;
  };
  Chunk chunk = co_await off_loop(worker_, std::move(work));
  co_return chunk;
}

/// The id of the message lets the servers leave out what they have already.
net::awaitable<bool> Shipping::send(Shipment shipment, std::uint64_t index, Chunk chunk) {
  const std::string subject = names_.subject(FleetStream::evidence, view_key(host_, shipment.snapshot.id));
  WireRequest request{subject, std::move(chunk.bytes), {}};
  request.headers = {{"Nats-Msg-Id", subject + "." + std::to_string(index)},
                     {"Readback-Index", std::to_string(index)},
                     {"Readback-Count", std::to_string(chunks_of(chunk.size))},
                     {"Readback-Size", std::to_string(chunk.size)},
                     {"Readback-Sha256", shipment.snapshot.sha256},
                     {"Readback-Snapshot", about_of(shipment.snapshot)}};
  if (!wire_.state().is_connected) co_return false;
  const auto done = co_await ask(wire_, std::move(request), chunk_limit);
  if (!done.error) co_return true;
  constexpr int nobody_there = 503;
  std::string why;
  if (done.error->err_code == nobody_there)
    why = co_await make_stream(wire_, evidence_stream(fleet_), fleet_.replicas);
  else if (done.error->err_code != 0)
    why = describe(*done.error, names_.stream(FleetStream::evidence), fleet_.replicas);
  if (!why.empty() && std::exchange(told_, why) != why) say(Say::Level::warning, "evidence waits: " + why);
  co_return false;
}

void Shipping::say(Say::Level level, const std::string& text) {
  if (!say_) return;
  Say line;
  line.level = level;
  line.kind = "fleet.evidence";
  line.text = text;
  say_(line);
}

}  // namespace readback
