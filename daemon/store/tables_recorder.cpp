// The recorder's tables. A sweep is a packed row, with what it says in common with others in texts.hpp.
#include <algorithm>

#include "daemon/store/columns.hpp"
#include "daemon/store/tables.hpp"

namespace readback {
namespace {

constexpr std::int64_t chunk = 2000;  // sweeps a retention step: some 10 ms

/// Columns: target's name, number, time, data.
SweepRecord unpack(Statement& row, TextShelf& shelf) {
  SweepRecord sweep;
  sweep.target = row.text(0);
  sweep.sweep = static_cast<std::uint64_t>(row.integer(1));
  sweep.at = from_ms(row.integer(2));
  unpack_sweep(row.text(3), sweep, shelf);
  return sweep;
}

}  // namespace

std::int64_t Tables::name_id(const std::string& name) {
  if (const auto found = names_.find(name); found != names_.end()) return found->second;
  db_.prepare("INSERT INTO names(name) VALUES(?1) ON CONFLICT DO NOTHING").bind(1, name).run();
  Statement s = db_.prepare("SELECT id FROM names WHERE name=?1");
  s.bind(1, name);
  const auto id = s.step() ? s.integer(0) : 0;
  names_.emplace(name, id);
  return id;
}

void Tables::forget_cache() {
  texts_.forget();
  names_.clear();
  newest_.reset();
}

void Tables::record(const SweepRecord& sweep) {
  const auto target = name_id(sweep.target);
  if (current_sweep_ == 0) current_sweep_ = db_.number("SELECT max(id) FROM sweeps");  // never dropped: it is `latest`
  texts_.start(target, ++current_sweep_);
  const auto data = pack_sweep(sweep, texts_);
  Statement s = db_.prepare("INSERT INTO sweeps(id,target,number,at,data) VALUES(?1,?2,?3,?4,?5)");
  s.bind(1, current_sweep_)
      .bind(2, target)
      .bind(3, static_cast<std::int64_t>(sweep.sweep))
      .bind(4, ms(sweep.at))
      .bind_blob(5, data);
  s.run();
  if (newest_) (*newest_)[target] = current_sweep_;
}

std::vector<SweepRecord> Tables::sweep_reads(const std::string& target, const std::vector<std::uint64_t>& sweeps) {
  std::vector<SweepRecord> all;
  TextReader texts(texts_);
  for (const auto number : sweeps) {
    Statement s = db_.prepare(
        "SELECT n.name, s.number, s.at, s.data FROM sweeps s JOIN names n ON n.id=s.target "
        "WHERE n.name=?1 AND s.number=?2 ORDER BY s.id DESC LIMIT 1");
    if (s.bind(1, target).bind(2, static_cast<std::int64_t>(number)).step()) all.push_back(unpack(s, texts));
  }
  return all;
}

ReadPage Tables::read_page(const ReadQuery& query) {
  ReadPage page;
  // The first page finds its place by the index of times; the following ones by the number of the row.
  std::int64_t after = query.after;
  if (after == 0 && query.from > WallTime{}) {
    Statement first = db_.prepare("SELECT min(id) FROM (SELECT id FROM sweeps WHERE at>=?1 ORDER BY at LIMIT 5000)");
    if (!first.bind(1, ms(query.from)).step() || first.is_null(0)) return page;
    after = first.integer(0) - 1;
  }
  Statement s = db_.prepare(
      "SELECT n.name, s.number, s.at, s.data, s.id FROM sweeps s JOIN names n ON n.id=s.target "
      "WHERE s.id>?1 AND s.at>=?2 AND s.at<=?3 AND (?4='' OR n.name=?4) ORDER BY s.id LIMIT ?5");
  s.bind(1, after).bind(2, ms(query.from)).bind(3, ms(query.to)).bind(4, query.target);
  s.bind(5, static_cast<std::int64_t>(query.limit));
  std::int64_t last = after;
  std::size_t size = 0;
  TextReader texts(texts_);
  while (s.step()) {
    last = s.integer(4);
    page.sweeps.push_back(unpack(s, texts));
    for (const auto& read : page.sweeps.back().reads)
      if (const auto* http = std::get_if<HttpAnswer>(&read.raw.answer)) size += http->body.size();
    if (size > (std::size_t{8} << 20)) {  // a page of megabyte bodies is cut shorter: memory stays flat
      page.next = last;
      return page;
    }
  }
  if (page.sweeps.size() == query.limit) page.next = last;
  return page;
}

RecentSweeps Tables::recent(const RecentQuery& query) {
  constexpr std::size_t most_sweeps = 1800, beside_its_body = 400;
  RecentSweeps recent;
  std::vector<std::int64_t> ids;
  {
    Statement s =
        db_.prepare("SELECT id FROM sweeps WHERE at>=?1 AND at<=?2 AND target=(SELECT id FROM names WHERE name=?3)");
    s.bind(1, ms(query.from)).bind(2, ms(query.to)).bind(3, query.target);
    while (s.step()) ids.push_back(s.integer(0));
  }
  std::sort(ids.rbegin(), ids.rend());
  std::size_t size = 0;
  TextReader texts(texts_);
  for (const auto id : ids) {
    if (recent.sweeps.size() >= most_sweeps) {
      recent.cut = true;
      break;
    }
    Statement s =
        db_.prepare("SELECT n.name, s.number, s.at, s.data FROM sweeps s JOIN names n ON n.id=s.target WHERE s.id=?1");
    if (!s.bind(1, id).step()) continue;
    if (query.behind && s.integer(1) == static_cast<std::int64_t>(query.behind)) break;
    auto sweep = unpack(s, texts);
    for (const auto& read : sweep.reads) size += beside_its_body + said_bytes(read.raw);
    if (size > query.most_bytes && !recent.sweeps.empty()) {
      recent.cut = true;
      break;
    }
    recent.sweeps.push_back(std::move(sweep));
  }
  std::reverse(recent.sweeps.begin(), recent.sweeps.end());
  return recent;
}

// --- what is dropped ---

std::set<std::int64_t> Tables::pinned_ids(const std::vector<SweepKey>& pins) {
  std::set<std::int64_t> ids;
  for (const auto& pin : pins) {
    Statement s =
        db_.prepare("SELECT s.id FROM sweeps s JOIN names n ON n.id=s.target WHERE n.name=?1 AND s.number=?2");
    s.bind(1, pin.target).bind(2, static_cast<std::int64_t>(pin.sweep));
    while (s.step()) ids.insert(s.integer(0));
  }
  if (!newest_) {
    newest_.emplace();
    Statement newest = db_.prepare("SELECT target, max(id) FROM sweeps GROUP BY target");
    while (newest.step()) newest_->emplace(newest.integer(0), newest.integer(1));
  }
  for (const auto& [target, id] : *newest_) ids.insert(id);
  return ids;
}

Tables::Taken Tables::drop(std::vector<std::int64_t> ids, bool more) {
  Transaction t(db_);
  for (const auto id : ids) db_.prepare("DELETE FROM sweeps WHERE id=?1").bind(1, id).run();
  t.commit();
  return {static_cast<std::int64_t>(ids.size()), more};
}

Tables::Taken Tables::drop_sweeps_before(WallTime cutoff, const std::vector<SweepKey>& pins) {
  const auto pinned = pinned_ids(pins);
  std::vector<std::int64_t> ids;
  {
    Statement s = db_.prepare("SELECT id FROM sweeps WHERE at<?1 ORDER BY at LIMIT ?2");
    s.bind(1, ms(cutoff)).bind(2, chunk + static_cast<std::int64_t>(pinned.size()));
    while (s.step())
      if (!pinned.contains(s.integer(0))) ids.push_back(s.integer(0));
  }
  if (ids.empty()) return {};
  const bool more = static_cast<std::int64_t>(ids.size()) >= chunk;
  return drop(std::move(ids), more);
}

Tables::Taken Tables::drop_oldest_sweeps(const std::vector<SweepKey>& pins) {
  const auto pinned = pinned_ids(pins);
  // A tenth of what is there: few large sweeps go one by one, many small ones in chunks.
  const auto total = db_.number("SELECT max(id) FROM sweeps") - db_.number("SELECT min(id) FROM sweeps");
  const auto share = std::clamp<std::int64_t>(total / 10, 1, chunk);
  std::vector<std::int64_t> ids;
  {
    Statement s = db_.prepare("SELECT id FROM sweeps ORDER BY id LIMIT ?1");
    s.bind(1, share + static_cast<std::int64_t>(pinned.size()));
    while (s.step() && static_cast<std::int64_t>(ids.size()) < share)
      if (!pinned.contains(s.integer(0))) ids.push_back(s.integer(0));
  }
  if (ids.empty()) return {};
  return drop(std::move(ids), true);
}

void Tables::drop_unused_texts(const std::vector<SweepKey>& pins) {
  struct Collect final : TextUser {
    std::set<std::int64_t> ids;
    void used(std::int64_t number) override { ids.insert(number); }
  } needed;
  const auto pinned = pinned_ids(pins);
  std::int64_t oldest = current_sweep_ + 1;
  {
    Statement s = db_.prepare("SELECT id FROM sweeps ORDER BY id");
    while (s.step())
      if (!pinned.contains(s.integer(0))) {
        oldest = s.integer(0);
        break;
      }
  }
  for (const auto id : pinned) {
    Statement s = db_.prepare("SELECT data FROM sweeps WHERE id=?1");
    if (s.bind(1, id).step()) visit_texts(s.text(0), needed);
  }
  std::vector<std::int64_t> unused;
  {
    Statement s = db_.prepare("SELECT id FROM uses WHERE until<?1");
    s.bind(1, oldest);
    while (s.step())
      if (!needed.ids.contains(s.integer(0))) unused.push_back(s.integer(0));
  }
  if (!unused.empty()) texts_.remove(unused);
}

}  // namespace readback
