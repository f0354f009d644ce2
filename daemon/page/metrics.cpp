// One page a scrape, in the order of the contract: what is read from the view is made anew, and only what adds up is
// kept between two scrapes.
#include "daemon/page/metrics.hpp"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>

#include "core/codec/view_json.hpp"
#include "core/model/loudness.hpp"
#include "core/text/utf8.hpp"

namespace readback {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::vector<ClientMetric::Label>;

double seconds_of(WallTime t) { return static_cast<double>(t.time_since_epoch().count()) / 1000.0; }

class Page {
 public:
  MetricFamily& family(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
    return families_.back();
  }
  void gauge(std::string name, std::string help, double value) {
    add(family(std::move(name), std::move(help), MetricType::Gauge), {}, value);
  }
  void counter(std::string name, std::string help, double value) {
    add(family(std::move(name), std::move(help), MetricType::Counter), {}, value);
  }
  static void add(MetricFamily& f, Labels labels, double value) {
    ClientMetric m;
    for (auto& l : labels) l.value = clean_utf8(l.value);
    m.label = std::move(labels);
    if (f.type == MetricType::Counter)
      m.counter.value = value;
    else
      m.gauge.value = value;
    f.metric.push_back(std::move(m));
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, std::vector<MetricFamily>(families_.begin(), families_.end()));
    return out.str();
  }

 private:
  std::deque<MetricFamily> families_;  // references to a family stay good while others are added
};

void add_process(Page& page) {
  std::ifstream stat("/proc/self/stat");
  std::string line((std::istreambuf_iterator<char>(stat)), {});
  const auto end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) return;
  std::istringstream fields(line.substr(end_of_name + 2));
  std::vector<std::string> f{std::istream_iterator<std::string>(fields), {}};
  if (f.size() < 22) return;
  const auto number = [&](std::size_t field) {  // numbered as in proc(5); the third is the first behind the name
    double value = 0;
    const std::string& text = f[field - 3];
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  page.counter("process_cpu_seconds_total", "User and system CPU time spent in seconds.",
               (number(14) + number(15)) / ticks);
  page.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", number(23));
  page.gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
             number(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  page.gauge("process_threads", "Number of threads.", number(20));
  std::ifstream system("/proc/stat");
  for (std::string row; std::getline(system, row);) {
    if (!row.starts_with("btime ")) continue;
    double boot = 0;
    std::from_chars(row.data() + 6, row.data() + row.size(), boot);
    page.gauge("process_start_time_seconds", "Start time of the process since the epoch in seconds.",
               boot + number(22) / ticks);
    break;
  }
  std::error_code ec;
  const auto fds =
      std::distance(std::filesystem::directory_iterator("/proc/self/fd", ec), std::filesystem::directory_iterator());
  if (!ec) page.gauge("process_open_fds", "Number of open file descriptors.", static_cast<double>(fds - 1));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    page.gauge("process_max_fds", "Maximum number of open file descriptors.", static_cast<double>(limit.rlim_cur));
}

/// What the targets tell of our own eyes.
struct Sight {
  bool is_clear = true;            ///< no target's last sweep was void or blind
  std::optional<WallTime> newest;  ///< sweep of all
};

bool holds(const TargetView& t, Boundary b) {
  return std::find(t.holding.begin(), t.holding.end(), b) != t.holding.end();
}

Sight sight_of(const EngineView& view) {
  Sight sight;
  for (const auto& t : view.targets) {
    if (t.last_sweep_at && (!sight.newest || *t.last_sweep_at > *sight.newest)) sight.newest = t.last_sweep_at;
    if (!t.void_reason.empty() || holds(t, Boundary::observer)) sight.is_clear = false;
  }
  return sight;
}

void add_boundaries(Page& page, const EngineView& view) {
  auto& boundary =
      page.family("readback_boundary", "Whether the boundary holds in the last counted sweep.", MetricType::Gauge);
  auto& open = page.family("readback_incidents_open", "Incidents that are not resolved.", MetricType::Gauge);
  for (const auto& t : view.targets)
    for (Boundary b : all_boundaries) {
      const auto count = std::count_if(view.incidents.begin(), view.incidents.end(), [&](const auto& i) {
        return i.is_open() && i.target == t.name && i.boundary == b;
      });
      const Labels labels{{"target", t.name}, {"boundary", std::string(to_string(b))}};
      Page::add(boundary, labels, holds(t, b) ? 1 : 0);
      Page::add(open, labels, static_cast<double>(count));
    }
}

/// The first 48 bits of the digest: what a double holds exactly.
double beginning_of(std::string_view digest) {
  digest.remove_prefix(std::min(digest.size(), digest.find(':') + 1));
  std::uint64_t hash = 0;
  std::from_chars(digest.data(), digest.data() + std::min<std::size_t>(12, digest.size()), hash, 16);
  return static_cast<double>(hash);
}

void add_daemon(Page& page, const DaemonView& d, const Sight& sight) {
  page.gauge("readback_observer_healthy", "Whether Readback itself sees, records and can alert.",
             sight.is_clear && own_troubles(d).empty() ? 1 : 0);
  page.gauge("readback_config_last_reload_successful", "Whether the last reload of the configuration was accepted.",
             d.reload_ok ? 1 : 0);
  page.gauge("readback_config_hash", "The first 48 bits of the SHA-256 of the configuration in force.",
             beginning_of(d.config_digest));
  page.counter("readback_sweeps_total", "Sweeps that came back, over all targets.",
               static_cast<double>(d.sweeps_total));
  page.counter("readback_sweeps_counted_total",
               "Sweeps that counted, over all targets: the number that must grow while the watch goes on.",
               static_cast<double>(d.sweeps_counted));
  page.gauge("readback_watching", "Whether the watch is whole: what /readyz and the dead man's switch go by.",
             impairments(d).empty() ? 1 : 0);
  page.gauge("readback_sweep_lag_seconds", "How late our own loop was at the last sweep.",
             static_cast<double>(d.lag.count()) / 1000.0);
  page.gauge("readback_last_sweep_timestamp_seconds", "When the newest sweep came back, 0 before the first.",
             sight.newest ? seconds_of(*sight.newest) : 0);
}

void add_sinks(Page& page, const std::vector<SinkView>& sinks, WallTime now) {
  auto& deliveries = page.family("readback_alert_deliveries_total", "Attempts to deliver an alert, by their result.",
                                 MetricType::Counter);
  auto& depth = page.family("readback_outbox_depth", "Alerts that wait for delivery.", MetricType::Gauge);
  std::optional<WallTime> oldest;
  for (const auto& s : sinks) {
    Page::add(deliveries, {{"sink", s.name}, {"result", "delivered"}}, static_cast<double>(s.delivered));
    Page::add(deliveries, {{"sink", s.name}, {"result", "failed"}}, static_cast<double>(s.failed));
    Page::add(deliveries, {{"sink", s.name}, {"result", "dead"}}, static_cast<double>(s.dead));
    Page::add(depth, {{"sink", s.name}}, static_cast<double>(s.depth));
    if (s.oldest_at && (!oldest || *s.oldest_at < *oldest)) oldest = s.oldest_at;
  }
  page.gauge("readback_outbox_oldest_seconds", "Age of the oldest alert that waits for delivery, 0 when none does.",
             oldest ? std::max(0.0, seconds_of(now) - seconds_of(*oldest)) : 0);
}

void add_fleet(Page& page, const FleetOverview& fleet) {
  page.gauge("readback_fleet_connected", "Whether the fleet can be asked; 0: this host decides alone.",
             fleet.is_connected ? 1 : 0);
  auto& members = page.family("readback_fleet_members", "Hosts of the fleet, by their state.", MetricType::Gauge);
  std::size_t held = 0;
  for (const char* state : {"alive", "silent", "left"}) {
    const auto count = std::count_if(fleet.members.begin(), fleet.members.end(),
                                     [&](const MemberView& m) { return m.state == state; });
    Page::add(members, {{"state", state}}, static_cast<double>(count));
  }
  for (const auto& claim : fleet.claims) held += claim.holder == fleet.host ? 1 : 0;
  page.gauge("readback_fleet_claims_held", "Open incidents, one a sink, that this host speaks about for the fleet.",
             static_cast<double>(held));
  page.gauge("readback_fleet_evidence_unshipped", "Sealed snapshots that the fleet's servers do not have yet.",
             static_cast<double>(fleet.unshipped));
  page.counter("readback_fleet_disagreements_total",
               "How often some hosts saw what others did not, since the start of this one.",
               static_cast<double>(fleet.disagreements));
}

}  // namespace

Metrics::Histogram& Metrics::of(Histograms& histograms, std::string_view phase) {
  const auto at = std::lower_bound(histograms.begin(), histograms.end(), phase,
                                   [](const Histogram& h, std::string_view name) { return h.phase < name; });
  if (at != histograms.end() && at->phase == phase) return *at;
  const auto place = at - histograms.begin();
  histograms.reserve(histograms.size() + 1);  // three or four in all, for as long as there is the target
  return *histograms.insert(histograms.begin() + place, {phase});
}

void Metrics::Histogram::observe(double seconds) {
  const auto bucket = std::lower_bound(buckets.begin(), buckets.end(), seconds) - buckets.begin();
  ++counts[static_cast<std::size_t>(bucket)];
  sum += seconds;
}

prometheus::ClientMetric Metrics::Histogram::collected() const {
  ClientMetric m;
  auto& h = m.histogram;
  h.sample_sum = sum;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    h.sample_count += counts[i];
    h.bucket.push_back({h.sample_count, i < buckets.size() ? buckets[i] : std::numeric_limits<double>::infinity()});
  }
  return m;
}

void Metrics::on_sweep(const SweepRecord& sweep) {
  for (const auto& read : sweep.reads) {
    const RawRead& raw = read.raw;
    if (kind_of(raw.read) == ReadKind::votes) continue;
    // A check keeps its last result in the sweeps between two runs: count each run once.
    if (kind_of(raw.read) == ReadKind::check) {
      auto& seen = last_checks_[sweep.target + '\n' + raw.read];
      const auto at = static_cast<std::uint64_t>(raw.at.time_since_epoch().count());
      if (seen == at) continue;
      seen = at;
    }
    const std::pair<std::string_view, std::int64_t> phases[] = {{"dns", raw.phases.dns_us},
                                                                {"connect", raw.phases.connect_us},
                                                                {"tls", raw.phases.tls_us},
                                                                {"first_byte", raw.phases.first_byte_us}};
    auto& all = durations_[sweep.target][raw.read];
    for (const auto& [name, us] : phases)
      if (us >= 0) of(all, name).observe(static_cast<double>(us) / 1e6);
    const double total = raw.phases.total_us >= 0 ? static_cast<double>(raw.phases.total_us) / 1e6
                                                  : static_cast<double>(raw.took.count()) / 1e3;
    of(all, "total").observe(total);
  }
}

void Metrics::keep_only(const std::vector<std::string>& targets) {
  const auto gone = [&](const std::string& t) { return std::find(targets.begin(), targets.end(), t) == targets.end(); };
  std::erase_if(durations_, [&](const auto& d) { return gone(d.first); });
  std::erase_if(last_checks_, [&](const auto& c) { return gone(c.first.substr(0, c.first.find('\n'))); });
}

std::string Metrics::text(const View& view, bool process) {
  Page page;
  const DaemonView& d = view.daemon;
  auto& success = page.family("readback_read_success", "Whether the newest read was green.", MetricType::Gauge);
  for (const auto& t : view.engine.targets)
    for (const auto& r : t.reads) {
      if (r.at != WallTime{}) Page::add(success, {{"target", t.name}, {"read", r.name}}, r.green ? 1 : 0);
      of(durations_[t.name][r.name], "total");
    }
  auto& took = page.family("readback_read_duration_seconds", "How long a read took, by phase.", MetricType::Histogram);
  for (const auto& [target, reads] : durations_)
    for (const auto& [read, histograms] : reads)
      for (const auto& histogram : histograms) {
        ClientMetric m = histogram.collected();
        m.label = {{"target", clean_utf8(target)}, {"read", clean_utf8(read)}, {"phase", std::string(histogram.phase)}};
        took.metric.push_back(std::move(m));
      }
  add_boundaries(page, view.engine);
  add_daemon(page, d, sight_of(view.engine));
  add_sinks(page, d.sinks, view.at);
  if (view.fleet) add_fleet(page, *view.fleet);
  if (d.snapshots > snapshots_seen_) snapshots_total_ += d.snapshots - snapshots_seen_;
  snapshots_seen_ = d.snapshots;  // retention takes old ones; a counter never falls
  page.counter("readback_snapshots_total", "Snapshots sealed, with those found at the start.",
               static_cast<double>(snapshots_total_));
  page.gauge("readback_store_bytes", "Bytes of the store on disk, bundles included.",
             static_cast<double>(d.store_bytes));
  auto& build = page.family("readback_build_info", "Always 1; the version is in the label.", MetricType::Gauge);
  Page::add(build, {{"version", d.version}}, 1);
  if (process) add_process(page);
  return page.text();
}

}  // namespace readback
