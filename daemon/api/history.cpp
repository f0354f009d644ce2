// Words repeat, and so does nearly every sweep: an index into a list of words is a byte where the word is ten.
#include "daemon/api/history.hpp"

#include <algorithm>

#include "core/codec/view_json.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {

namespace json = boost::json;

History::History() : words_{""} {}

std::uint8_t History::index_of(const std::string& word) {
  const auto found = std::find(words_.begin(), words_.end(), word);
  if (found != words_.end()) return static_cast<std::uint8_t>(found - words_.begin());
  if (words_.size() >= 127) return 0;  // the vocabulary of readings and verdicts is far smaller than this
  words_.push_back(word);
  return static_cast<std::uint8_t>(words_.size() - 1);
}

void History::on_sweep(const SweepRecord& sweep) {
  Lanes& lanes = targets_[sweep.target];
  Sweep entry;
  entry.at = sweep.at;
  entry.number = sweep.sweep;
  entry.primary = index_of(sweep.primary);
  entry.extent = index_of(sweep.extent);
  entry.is_void = !sweep.void_reason.empty();
  for (const auto& read : sweep.reads) {
    if (kind_of(read.raw.read) == ReadKind::votes) continue;
    auto place = std::find(lanes.names.begin(), lanes.names.end(), read.raw.read);
    if (place == lanes.names.end()) {
      if (lanes.names.size() >= 256) continue;
      place = lanes.names.insert(place, read.raw.read);
    }
    const auto at = static_cast<std::size_t>(place - lanes.names.begin());
    if (entry.reads.size() <= at) entry.reads.resize(at + 1, 0);
    entry.reads[at] = static_cast<std::uint8_t>(index_of(read.word) | (read.green ? green_bit : 0));
  }
  lanes.sweeps.push_back(std::move(entry));
  const std::size_t keep = std::clamp<std::size_t>(100'000 / targets_.size(), 20, most_sweeps);
  while (lanes.sweeps.size() > keep) lanes.sweeps.pop_front();
}

void History::keep_only(const std::vector<std::string>& targets) {
  std::erase_if(targets_,
                [&](const auto& t) { return std::find(targets.begin(), targets.end(), t.first) == targets.end(); });
}

const History::Lanes* History::lanes(const std::string& target) const {
  const auto found = targets_.find(target);
  return found == targets_.end() ? nullptr : &found->second;
}

json::array History::as_json(const std::string& target, std::size_t most) const {
  json::array out;
  const Lanes* kept = lanes(target);
  if (!kept) return out;
  const std::size_t begin = kept->sweeps.size() - std::min(most, kept->sweeps.size());
  for (std::size_t i = begin; i < kept->sweeps.size(); ++i) {
    const Sweep& s = kept->sweeps[i];
    json::object one;
    one["at"] = to_rfc3339(s.at);
    one["sweep"] = s.number;
    one["primary"] = word(s.primary);
    one["extent"] = s.extent ? json::value(json::string(word(s.extent))) : json::value(nullptr);
    one["void"] = s.is_void;
    json::object reads;
    for (std::size_t r = 0; r < s.reads.size(); ++r)
      if (s.reads[r]) reads[clean_utf8(kept->names[r])] = word(s.reads[r]);
    one["reads"] = std::move(reads);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace readback
