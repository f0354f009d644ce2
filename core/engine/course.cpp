// The order of one event, as a list that is taken from the front: what is started goes before all else of its list, and
// what a seal brings is put before what stands behind the seal.
#include "core/engine/course.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "core/text/time.hpp"

namespace readback {
namespace {

constexpr Millis save_within = Seconds(1);  // what nobody was told of; what follows an event at once
constexpr Millis seal_limit = Seconds(2);
constexpr std::size_t most_seals = 16;       // under way, where the disk does not answer
constexpr std::size_t most_companions = 16;  // events of one transaction: the loop does them in one go

/// What is slow is started first: what stands before it must not delay the next reads.
bool is_start(const Action& action) {
  return std::holds_alternative<StartSweep>(action) || std::holds_alternative<StartCheck>(action) ||
         std::holds_alternative<StartEvidence>(action);
}

}  // namespace

void Course::begin(Actions actions) {
  if (left_.empty()) {
    phase_ = Phase::carrying_out;
    urgent_ = false;
    answer_.reset();
  }
  put(std::move(actions));
}

void Course::leave() { left_.push_back(std::exchange(ahead_, {})); }

void Course::resume(Actions more) {
  ahead_ = std::move(left_.front());
  left_.pop_front();
  put(std::move(more));
}

void Course::put(Actions actions) {
  std::stable_partition(actions.begin(), actions.end(), is_start);
  std::move(actions.rbegin(), actions.rend(), std::back_inserter(ahead_));
}

void Course::notified(std::vector<OutboxRow> rows) {
  std::move(rows.begin(), rows.end(), std::back_inserter(together_.rows));
}

bool Course::wants_commit(Instant now, bool store_hangs) const {
  const bool must = !together_.rows.empty() || !together_.ended.empty();
  const bool old = !unsaved_.empty() && now.mono - unsaved_since_ >= save_within;
  return must || ((urgent_ || old) && !store_hangs);
}

MonoTime Course::save_due(Instant now, bool store_hangs) const {
  if (unsaved_.empty()) return MonoTime::max();
  return (store_hangs ? now.mono : unsaved_since_) + save_within;
}

Course::Step Course::next(Instant now, bool store_hangs) {
  while (!ahead_.empty()) {
    Action action = std::move(ahead_.back());
    ahead_.pop_back();
    if (auto* save = std::get_if<SaveState>(&action)) {
      if (unsaved_.empty()) unsaved_since_ = now.mono;
      unsaved_.insert(std::move(save->part));
      urgent_ = urgent_ || save->urgent;
    } else if (auto* keep = std::get_if<Keep>(&action)) {
      together_.ended.push_back(std::move(keep->incident));
    } else if (auto* duty = std::get_if<FleetDuty>(&action)) {
      duties_.push_back(std::move(*duty));
    } else if (auto* answer = std::get_if<Answer>(&action)) {
      answer_ = std::move(*answer);
    } else {
      return std::visit(
          [](auto& each) -> Step {
            if constexpr (std::is_constructible_v<Step, std::decay_t<decltype(each)>>) return std::move(each);
            return Done{};  // taken above
          },
          action);
    }
  }
  if (!left_.empty()) return Await{};
  if (phase_ == Phase::carrying_out && wants_commit(now, store_hangs)) {
    phase_ = Phase::committing;
    any_rows_ = !together_.rows.empty();
    together_.parts = std::exchange(unsaved_, {});
    return std::exchange(together_, {});
  }
  if (std::exchange(phase_, Phase::over) == Phase::delivering && any_rows_) return Deliver{};
  if (!duties_.empty()) {
    auto duty = std::move(duties_.front());
    duties_.pop_front();
    return duty;
  }
  return Done{answer_.value_or(Answer{})};
}

std::vector<Say> Course::committed(const Result<void>& written) {
  phase_ = Phase::delivering;
  if (!written && ++writes_failed_ == 1)
    return {{Say::Level::error, "store.failed", "", "", "",
             "the store cannot be written, alerts go on from memory: " + written.error()}};
  if (written && writes_failed_ > 0)
    return {
        {Say::Level::info, "store.works", "", "", "",
         "the store can be written again; writes that failed: " + std::to_string(std::exchange(writes_failed_, 0))}};
  return {};
}

void Companions::begin(const Event* first) {
  targets_.clear();
  count_ = 0;
  is_open_ = true;
  is_open_ = takes(first);
}

bool Companions::takes(const Event* next) {
  if (!is_open_ || !next || count_ >= most_companions) return false;
  if (const auto* sweep = std::get_if<SweepDone>(next)) {
    if (!targets_.insert(sweep->target).second) return false;
  } else if (const auto* check = std::get_if<CheckDone>(next)) {
    if (!targets_.insert(check->target).second) return false;
  } else if (!std::holds_alternative<Tick>(*next)) {
    return false;
  }
  ++count_;
  return true;
}

Result<Millis> SealPatience::begin(bool again) {
  if (again && late_ > 0) return Failure{"the one before it is not sealed yet"};
  if (out_ >= most_seals)
    return Failure{"the snapshots before it are not sealed yet: the disk under the store does not answer"};
  ++out_;
  return patience();
}

Millis SealPatience::patience() const { return late_ > 0 ? Millis(0) : seal_limit; }

bool SealPatience::has_room() const { return late_ == 0 && out_ < most_seals; }

std::string SealPatience::give_up() {
  return ++late_ > 1 ? "the snapshots before it are not sealed yet; it is attached once it is"
                     : "it was not sealed within " + humanize(seal_limit) + "; it is attached once it is";
}

void SealPatience::ended(bool late) {
  --out_;
  if (late) --late_;
}

}  // namespace readback
