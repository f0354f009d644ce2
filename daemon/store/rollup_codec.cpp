// Form 1: sweeps, voids, times, then each read with its words and its buckets, which stand as distances.
#include "daemon/store/rollup_codec.hpp"

#include "daemon/store/numbers.hpp"

namespace readback {
namespace {

constexpr std::uint64_t form = 1;

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

std::string text_of(NumberReader& in) { return std::string(in.bytes(in.number())); }

void put(std::string& out, const ReadTally& tally) {
  put_number(out, tally.words.size());
  for (const auto& [word, count] : tally.words) put_text(out, word), put_number(out, count);
  put_number(out, tally.latency.buckets().size());
  std::uint64_t before = 0;
  for (const auto& [number, count] : tally.latency.buckets()) {
    put_number(out, number - before);
    put_number(out, count);
    before = number;
  }
}

ReadTally tally_of(NumberReader& in) {
  ReadTally tally;
  for (auto left = in.number(); left > 0 && !in.bad; --left) {
    auto word = text_of(in);
    tally.words[std::move(word)] = in.number();
  }
  std::vector<LatencySketch::Bucket> buckets;
  std::uint64_t number = 0;
  for (auto left = in.number(); left > 0 && !in.bad; --left) {
    number += in.number();
    const auto count = in.number();
    if (number <= 0xffff) buckets.emplace_back(static_cast<std::uint16_t>(number), count);
  }
  tally.latency = LatencySketch(buckets);
  return tally;
}

}  // namespace

std::string pack_rollup(const Rollup& rollup) {
  std::string out;
  put_number(out, form);
  put_number(out, rollup.sweeps);
  put_number(out, rollup.voids);
  for (const auto time : rollup.times.of) put_number(out, static_cast<std::uint64_t>(time.count()));
  put_number(out, rollup.reads.size());
  for (const auto& [name, tally] : rollup.reads) put_text(out, name), put(out, tally);
  return out;
}

Rollup unpack_rollup(std::string_view packed, WallTime from) {
  Rollup rollup;
  rollup.from = from;
  NumberReader in(packed);
  if (in.number() != form) return rollup;
  rollup.sweeps = in.number();
  rollup.voids = in.number();
  constexpr std::uint64_t day = 86'400'000;
  for (auto& time : rollup.times.of) time = Millis(static_cast<std::int64_t>(std::min(in.number(), day)));
  for (auto left = in.number(); left > 0 && !in.bad; --left) {
    auto name = text_of(in);
    auto tally = tally_of(in);
    if (!in.bad) rollup.reads[std::move(name)] = std::move(tally);
  }
  return rollup;
}

}  // namespace readback
