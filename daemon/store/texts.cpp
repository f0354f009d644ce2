// The decision what a text is kept as, and the few statements that it takes: none at all for most texts.
#include "daemon/store/texts.hpp"

#include <algorithm>

#include "core/text/encoding.hpp"
#include "daemon/store/columns.hpp"
#include "daemon/store/edits.hpp"

namespace readback {
namespace {

constexpr std::size_t most_in_memory = std::size_t{24} << 20;
constexpr std::size_t beside_its_text = 96;  // bytes that a base takes in memory
constexpr std::size_t most_of_a_question = std::size_t{4} << 20;
constexpr std::size_t large_text = 4096;
constexpr std::int64_t small_text_slack = 64;  // sweeps
/// Shorter ones are mostly words that many reads have in common.
constexpr std::size_t forgotten_from = 256;
constexpr std::int64_t few_sweeps = 3;  ///< of a target: by then a base has cost no more than what it has spared

/// What others hold of this place is of before, and this is like it.
bool is_again(const std::string& held, std::string_view text) { return !held.empty() && held != text; }

}  // namespace

std::size_t Texts::Base::bytes() const { return beside_its_text + text->size(); }

void Texts::start(std::int64_t target, std::int64_t sweep) {
  target_ = &slots_[target];
  next_read_ = 0;
  sweep_ = sweep;
}

void Texts::enter(std::string_view read) {
  auto& all = *target_;
  // Reads come in the same order in every sweep.
  if (next_read_ >= all.size() || all[next_read_].read != read)
    next_read_ = static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [&](const ReadSlots& r) { return r.read == read; }) - all.begin());
  if (next_read_ == all.size()) {
    all.reserve(next_read_ + 1);  // it is done once, and what a vector keeps ahead stays for as long as the target
    all.emplace_back().read = read;
  }
  fields_ = all[next_read_++].fields;
}

KeptText Texts::keep(TextField field, std::string_view text, const Shared<std::string>& held) {
  Slot& slot = fields_[static_cast<std::size_t>(field)];
  Base* base = find(slot.base);
  const bool same = base && *base->text == text;
  edits_.clear();
  if (!same && !(base && edit(slot, *base, text, held))) {
    const bool is_like_held = is_again(*held, text) && edit_of(*held, text);
    take_base(slot, is_like_held ? *held : text, held);
    base = find(slot.base);
  }
  if (base) touch(slot.base, *base, slot.since);
  return {slot.base, edits_};
}

/// Into `edits_`. False when a base of its own costs less: at once, or because the edits were too long for too long. It
/// is at once, too, where others hold another text by now that comes again, and which takes no memory then; but not for
/// what changes to and fro.
bool Texts::edit(Slot& slot, const Base& base, std::string_view text, const Shared<std::string>& held) {
  if (!edit_of(*base.text, text)) return false;
  const auto size = static_cast<std::uint32_t>(edits_.size());
  slot.least = slot.least == 0 ? size : std::min(slot.least, size);
  slot.excess += size - slot.least;
  const bool has_moved_on = &*held != &*base.text && size > 2 * slot.least + 16 && is_again(*held, text);
  const auto in_use = (sweep_ - slot.since) / static_cast<std::int64_t>(slots_.size());
  if (slot.excess <= text.size() / 2 && !(has_moved_on && in_use >= few_sweeps)) return true;
  edits_.clear();
  return false;
}

/// Into `edits_`, when they are worth it.
bool Texts::edit_of(std::string_view base, std::string_view text) {
  auto made = edits_between(base, text, text.size() / 2);
  if (made) edits_ = *std::move(made);
  return made.has_value();
}

void Texts::take_base(Slot& slot, std::string_view text, const Shared<std::string>& held) {
  const auto digest = sha256(text);
  std::int64_t number = 0;
  Base base{0, shared_text(text, held)};
  {
    Statement s = db_.prepare("SELECT t.id, u.until FROM texts t JOIN uses u ON u.id=t.id WHERE t.digest=?1");
    if (s.bind_blob(1, digest).step()) number = s.integer(0), base.until = s.integer(1);
  }
  if (number == 0) {
    base.until = sweep_ + (text.size() >= large_text ? 0 : small_text_slack);
    db_.prepare("INSERT INTO texts(digest,packed) VALUES(?1,?2)")
        .bind_blob(1, digest)
        .bind_blob(2, compress(text))
        .run();
    number = db_.last_id();
    db_.prepare("INSERT OR REPLACE INTO uses(id,until) VALUES(?1,?2)").bind(1, number).bind(2, base.until).run();
  }
  // What stood there comes back when the platform does, and is read again then.
  if (const auto last = bases_.find(slot.base); last != bases_.end() && last->second.text->size() >= forgotten_from)
    drop(last);
  slot = {number, sweep_};
  remember(number, std::move(base));
}

void Texts::touch(std::int64_t number, Base& base, std::int64_t since) {
  if (base.until >= sweep_) return;
  const auto in_use = (sweep_ - since) / 2;
  base.until = sweep_ + (base.text->size() >= large_text ? in_use : std::max(in_use, small_text_slack));
  db_.prepare("UPDATE uses SET until=?2 WHERE id=?1").bind(1, number).bind(2, base.until).run();
}

/// From memory, or read again.
Texts::Base* Texts::find(std::int64_t number) {
  if (number == 0) return nullptr;
  if (const auto found = bases_.find(number); found != bases_.end()) return &found->second;
  Base base;
  {
    Statement s = db_.prepare("SELECT t.packed, u.until FROM texts t JOIN uses u ON u.id=t.id WHERE t.id=?1");
    if (!s.bind(1, number).step()) return nullptr;
    base = {s.integer(1), expand(s.text(0))};
  }
  return &remember(number, std::move(base))->second;
}

Texts::Bases::iterator Texts::remember(std::int64_t number, Base base) {
  const auto [at, fresh] = bases_.emplace(number, std::move(base));
  if (fresh) bytes_ += at->second.bytes();
  make_room(number);
  return at;
}

/// Which one goes is left to chance: targets come round in turn, and the one that was used longest ago is needed next.
void Texts::make_room(std::int64_t but) {
  for (auto bucket = static_cast<std::size_t>(sweep_) * 7919; bytes_ > most_in_memory && bases_.size() > 1; ++bucket) {
    const auto b = bucket % bases_.bucket_count();
    auto victim = bases_.begin(b);
    if (victim != bases_.end(b) && victim->first == but) ++victim;
    if (victim != bases_.end(b)) drop(bases_.find(victim->first));
  }
}

std::string Texts::load(std::int64_t number) {
  Statement s = db_.prepare("SELECT packed FROM texts WHERE id=?1");
  return s.bind(1, number).step() ? expand(s.text(0)) : std::string();
}

void Texts::remove(const std::vector<std::int64_t>& numbers) {
  Transaction t(db_);
  for (const auto number : numbers) {
    db_.prepare("DELETE FROM texts WHERE id=?1").bind(1, number).run();
    db_.prepare("DELETE FROM uses WHERE id=?1").bind(1, number).run();
  }
  t.commit();
  for (const auto number : numbers)
    if (const auto found = bases_.find(number); found != bases_.end()) drop(found);
}

void Texts::drop(Bases::iterator base) {
  bytes_ -= base->second.bytes();
  bases_.erase(base);
}

void Texts::forget() {
  slots_.clear();
  bases_.clear();
  bytes_ = 0;
}

std::string_view TextReader::text_of(std::int64_t number) {
  if (const auto found = read_.find(number); found != read_.end()) return found->second;
  if (bytes_ > most_of_a_question) read_.clear(), bytes_ = 0;
  const auto at = read_.emplace(number, texts_.load(number)).first;
  bytes_ += at->second.size() + beside_its_text;
  return at->second;
}

}  // namespace readback
