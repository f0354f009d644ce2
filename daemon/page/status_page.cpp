// The page is put together as text, from the top of the screen to its foot. Style and script stand beside it in files
// of their own and are part of the program; the policy names them by the hashes of exactly what is sent.
#include "daemon/page/status_page.hpp"

#include <algorithm>

#include "core/codec/view_json.hpp"
#include "core/model/loudness.hpp"
#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/url.hpp"
#include "core/text/utf8.hpp"
#include "daemon/page/fleet_section.hpp"
#include "daemon/page/html_parts.hpp"
#include "embedded/status_page_css.hpp"
#include "embedded/status_page_js.hpp"

namespace readback {

namespace {

std::string spoken(std::string word) {
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

std::string time_html(WallTime t) {
  if (t == WallTime{}) return "never";
  const std::string whole = to_rfc3339(t);
  return "<time datetime=\"" + whole + "\">" + whole.substr(0, 10) + " " + to_clock(t) + "</time>";
}
std::string time_html(const std::optional<WallTime>& t) { return t ? time_html(*t) : std::string("never"); }

/// Only web addresses become links: a `javascript:` in a configuration stays text.
std::string link_html(const std::string& url, const std::string& text) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return flat_html(text);
  return "<a rel=\"noreferrer\" href=\"" + flat_html(url) + "\">" + flat_html(text) + "</a>";
}

void add_row(std::string& out, const char* name, const std::string& html) {
  out += std::string("<dt>") + name + "</dt><dd>" + html + "</dd>";
}

constexpr int lane_width = 1000, lane_height = 18;  // stretched to whatever room there is

/// One lane: a bar for each run of sweeps that said the same. Low is good, half is a warning, full is bad, a dashed
/// frame is a sweep that did not count; a gap is a time without sweeps.
class Lane {
 public:
  Lane(WallTime begin, WallTime end) : begin_(begin), span_(std::max<std::int64_t>(1, (end - begin).count())) {}

  void add(WallTime from, WallTime to, char kind, std::string_view word) {
    if (kind == kind_ && word == word_ && from <= to_ + Millis(1)) {
      to_ = to;
      return;
    }
    flush();
    from_ = from;
    to_ = to;
    kind_ = kind;
    word_ = word;
  }
  std::string take() {
    flush();
    return std::move(out_);
  }

 private:
  void flush() {
    if (kind_ == 0) return;
    const auto x = [&](WallTime t) {
      return static_cast<double>((t - begin_).count()) / static_cast<double>(span_) * lane_width;
    };
    // One bad sweep among hundreds is what the lane is looked at for: wide enough to be seen on a phone.
    const double least = kind_ == 'g' ? 1.5 : 6.0;
    const double width = std::max(least, x(to_) - x(from_)), from = std::min(x(from_), lane_width - least);
    const int height = kind_ == 'g' ? 4 : kind_ == 'w' ? 10 : kind_ == 'u' ? 7 : 16;
    char text[160];
    std::snprintf(text, sizeof text, "<rect class=\"%c\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\">", kind_,
                  from, lane_height - height, std::min(width, lane_width - from), height);
    out_ += text;
    out_ += "<title>" + flat_html(spoken(word_)) + ", " + to_clock(from_) + " to " + to_clock(to_) + "</title></rect>";
    kind_ = 0;
  }
  WallTime begin_;
  std::int64_t span_;
  WallTime from_{}, to_{};
  char kind_ = 0;
  std::string word_, out_;
};

std::string lanes_html(const TargetView& t, const History& history) {
  const History::Lanes* lanes = history.lanes(t.name);
  if (!lanes || lanes->sweeps.empty()) return "<p class=\"dim\">No sweep yet, so no lanes.</p>";
  const auto& sweeps = lanes->sweeps;
  // How long a sweep speaks for: until the next, but not over a hole (a stopped daemon).
  std::vector<std::int64_t> gaps;
  for (std::size_t i = 1; i < sweeps.size(); ++i) gaps.push_back((sweeps[i].at - sweeps[i - 1].at).count());
  std::sort(gaps.begin(), gaps.end());
  const Millis usual(gaps.empty() ? 30'000 : std::max<std::int64_t>(1000, gaps[gaps.size() * 9 / 10]));
  const WallTime begin = sweeps.front().at, end = sweeps.back().at + usual;
  const auto until = [&](std::size_t i) {
    return i + 1 < sweeps.size() ? std::min(sweeps[i + 1].at, sweeps[i].at + 2 * usual) : end;
  };

  std::vector<std::size_t> shown;
  std::vector<std::size_t> greens(lanes->names.size(), 0), seen(lanes->names.size(), 0);
  for (const auto& s : sweeps)
    for (std::size_t r = 0; r < s.reads.size(); ++r)
      if (s.reads[r]) {
        ++seen[r];
        if (s.reads[r] & History::green_bit) ++greens[r];
      }
  for (std::size_t r = 0; r < lanes->names.size(); ++r)
    if (seen[r] && shown.size() < 40) shown.push_back(r);

  const auto lane_html = [](const std::string& name, const std::string& told, std::string bars) {
    return "<div class=\"lane\"><span>" + flat_html(name) +
           "</span><svg viewBox=\"0 0 1000 18\" "
           "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" +
           flat_html(name + ": " + told) + "\"><line class=\"base\" x1=\"0\" x2=\"1000\" y1=\"17.5\" y2=\"17.5\"/>" +
           bars + "</svg></div>";
  };
  std::size_t bad = 0;
  Lane verdicts(begin, end);
  for (std::size_t i = 0; i < sweeps.size(); ++i) {
    const std::string& word = history.word(sweeps[i].primary);
    const char kind = sweeps[i].is_void ? 'v' : look_of(word, false).lane;
    if (kind == 'b' || kind == 'w') ++bad;
    verdicts.add(sweeps[i].at, until(i), kind, sweeps[i].is_void ? "not counted" : word);
  }
  const std::string told = std::to_string(sweeps.size()) + (sweeps.size() == 1 ? " sweep" : " sweeps") + " since " +
                           to_clock(begin) + ", " +
                           (bad == 0 ? "none of them bad" : std::to_string(bad) + " of them bad");
  std::string body = lane_html("verdict", told, verdicts.take());
  for (const std::size_t r : shown) {
    Lane lane(begin, end);
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
      if (r >= sweeps[i].reads.size() || !sweeps[i].reads[r]) continue;
      const bool green = sweeps[i].reads[r] & History::green_bit;
      const std::string& word = history.word(sweeps[i].reads[r]);
      lane.add(sweeps[i].at, until(i), sweeps[i].is_void ? 'v' : look_of(word, green).lane, word);
    }
    body += lane_html(cut_characters(clean_utf8(lanes->names[r]), 60),
                      std::to_string(greens[r]) + " of " + std::to_string(seen[r]) + " green", lane.take());
  }
  return "<div class=\"lanes\" role=\"group\" aria-label=\"Lanes of " + flat_html(t.name) + "\">" + body +
         "<div class=\"lane\"><span class=\"ends\"><span>" + to_clock(begin) + "</span><span>" + to_clock(end) +
         "</span></span></div></div><p class=\"dim\">" + flat_html(told) +
         ". A low bar is green, half a warning, a full one bad; a dashed frame was not counted.</p>";
}

constexpr std::size_t lately_shown = 5;

std::string card_class(std::string_view status) {
  if (status == "green") return "good";
  if (status == "warning") return "warn";
  if (status == "unknown") return "unk";
  return "bad";
}

std::string target_html(const TargetView& t, const History& history, std::size_t number) {
  const Loudness loud = loudness_of(t);
  const std::string id = "target-" + std::to_string(number);
  std::string out = "<section class=\"card " + card_class(loud.word) + "\" aria-labelledby=\"" + id + "\"><h3 id=\"" +
                    id + "\">" + flat_html(t.name) + " " + word_html(loud.word, look_of(loud.word, false)) + "</h3>";
  out += "<p>" + flat_html(t.text.empty() ? "Not swept yet." : t.text) + "</p><dl>";
  add_row(out, "Verdict", flat_html(t.extent.empty() ? t.primary : t.primary + ", " + t.extent));
  if (!t.also.empty()) {
    std::string also;
    for (const auto& a : t.also) also += (also.empty() ? "" : ", ") + a;
    add_row(out, "Also", flat_html(also));
  }
  if (t.green_since) add_row(out, "Green since", time_html(t.green_since));
  if (t.blind_since) add_row(out, "Blind since", time_html(t.blind_since));
  add_row(out, "Last sweep",
          time_html(t.last_sweep_at) + (t.sweep ? " (no. " + std::to_string(t.sweep) + ")" : std::string()));
  if (!t.void_reason.empty()) add_row(out, "Not counted", flat_html(t.void_reason));
  if (t.suspected) add_row(out, "Now", "something looks wrong; sweeping faster to confirm it");
  if (t.in_maintenance) add_row(out, "Maintenance", "new pages are held back");
  add_row(out, "Reads", flat_html(shown_address(t.base_url)));
  out += "</dl>" + lanes_html(t, history);
  if (!t.reads.empty()) {
    out += "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Reads of " + flat_html(t.name) +
           "\"><table><thead><tr><th scope=\"col\">Read</th><th scope=\"col\">Says</th><th scope=\"col\">Since</th><th "
           "scope=\"col\">Took</th>"
           "<th scope=\"col\">Why</th></tr></thead><tbody>";
    for (const auto& r : t.reads) {
      std::string why, word = spoken(r.word);
      if (r.stale) word += ", stale";
      if (r.contradictory) word += ", contradictory";
      for (const auto& reason : r.reasons) why += (why.empty() ? "" : "; ") + reason;
      out += "<tr><th scope=\"row\">" + flat_html(r.name) + "</th><td data-l=\"Says\">" +
             word_html(word, look_of(r.word, r.green)) + "</td><td data-l=\"Since\">" + time_html(r.since) +
             "</td><td data-l=\"Took\">" + std::to_string(r.took.count()) + " ms</td><td data-l=\"Why\"" +
             (why.empty() ? " class=\"none\">" : ">") +
             (why.empty() ? "–" : flat_html(cut_characters(clean_utf8(why), 600))) + "</td></tr>";
    }
    out += "</tbody></table></div>";
  }
  return out + "</section>";
}

std::string incident_html(const IncidentRecord& i, std::size_t number) {
  const std::string id = "incident-" + std::to_string(number);
  const Loudness loud{std::string(to_string(i.severity)), 0};
  std::string out = "<section class=\"card " + card_class(loud.word == "info" ? "warning" : loud.word) +
                    "\" aria-labelledby=\"" + id + "\"><h3 id=\"" + id + "\">" +
                    flat_html(i.summary.empty() ? upper(i.boundary) + " " + i.target : i.summary) + "</h3><dl>";
  // What to do comes first: this is read on a phone.
  if (!i.next_safe_step.empty()) add_row(out, "Next safe step", flat_html(i.next_safe_step));
  if (!i.runbook.title.empty() || !i.runbook.url.empty()) {
    std::string text = link_html(i.runbook.url, i.runbook.title.empty() ? i.runbook.url : i.runbook.title);
    if (!i.runbook.owner.empty()) text += ", owner " + flat_html(i.runbook.owner);
    add_row(out, "Runbook", text);
  }
  if (i.first_failure)
    add_row(out, "Failed first",
            flat_html(i.first_failure->read + ": " + i.first_failure->reason) + ", " + time_html(i.first_failure->at));
  if (!i.evidence.snapshot.empty())
    add_row(out, "Evidence", "<code>readback snapshot pull " + flat_html(i.evidence.snapshot) + "</code>");
  add_row(out, "Look closer", "<code>readback incident " + flat_html(i.id) + "</code>");
  add_row(out, "State",
          flat_html(std::string(to_string(i.state)) + ", " + std::string(to_string(i.severity)) + ", " +
                    std::string(to_string(i.extent))));
  add_row(out, "Opened", time_html(i.opened_at));
  if (i.paged_at) add_row(out, "Paged", time_html(i.paged_at));
  if (i.acknowledged_at)
    add_row(out, "Acknowledged",
            time_html(i.acknowledged_at) + (i.acknowledged_by.empty() ? "" : " by " + flat_html(i.acknowledged_by)));
  if (!i.symptom.empty()) add_row(out, "Symptom", flat_html(without_queries(i.symptom)));
  out += "</dl>";
  if (!i.conditions.empty()) {
    out += "<h4>Resolved when all six hold</h4><ol class=\"six\">";
    for (const auto& c : i.conditions) {
      const std::string word(to_string(c.state));
      out += "<li value=\"" + std::to_string(c.number) + "\">" + flat_html(c.title) + ": " +
             word_html(spoken(word), look_of(word, false)) +
             (c.by.empty() ? ""
                           : std::string(c.state == ConditionState::State::met ? " <span class=\"dim\">by "
                                                                               : ", <span class=\"dim\">") +
                                 flat_html(without_queries(c.by)) + "</span>") +
             "</li>";
    }
    out += "</ol>";
  }
  return out + "</section>";
}

std::string sinks_html(const std::vector<SinkView>& sinks) {
  std::string out = "<h2>Sinks</h2>";
  if (sinks.empty()) return out + "<p>None is configured: nobody is paged.</p>";
  out +=
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Sinks\"><table><thead><tr><th "
      "scope=\"col\">Sink</th><th scope=\"col\">State</th>"
      "<th scope=\"col\">Waiting</th><th scope=\"col\">Last success</th><th "
      "scope=\"col\">Detail</th></tr></thead><tbody>";
  for (const auto& s : sinks)
    out += "<tr><th scope=\"row\">" + flat_html(s.name + " (" + s.type + ")") + "</th><td data-l=\"State\">" +
           word_html(s.state, look_of(s.state, false)) + "</td><td data-l=\"Waiting\">" + std::to_string(s.depth) +
           "</td><td data-l=\"Last success\">" + time_html(s.last_success_at) + "</td><td data-l=\"Detail\"" +
           (s.detail.empty() ? " class=\"none\">" : ">") + (s.detail.empty() ? "–" : flat_html(s.detail)) +
           "</td></tr>";
  return out + "</tbody></table></div>";
}

std::string silences_html(const std::vector<Silence>& silences) {
  if (silences.empty()) return "";
  std::string out = "<h2>Silences</h2><ul>";
  for (const auto& s : silences)
    out += "<li>" +
           flat_html((s.target.empty() ? std::string("all targets") : s.target) + ", " +
                     (s.boundary ? std::string(to_string(*s.boundary)) : std::string("all boundaries"))) +
           " until " + time_html(s.expires_at) + ": " + flat_html(without_queries(s.reason)) + "</li>";
  return out + "</ul>";
}

std::string itself_html(const DaemonView& d) {
  std::string out = "<h2>Readback itself</h2>";
  const auto troubles = own_troubles(d);
  if (troubles.empty()) out += "<p>" + word_html("well", good_look) + "</p>";
  for (const auto& trouble : troubles)
    out += "<p>" + word_html("trouble", bad_look) + ": " + flat_html(trouble) + "</p>";
  out += "<dl>";
  add_row(out, "Version", flat_html(d.version));
  add_row(out, "Host", flat_html(d.host));
  add_row(out, "Running since", time_html(d.started_at));
  add_row(out, "Sweeps", std::to_string(d.sweeps_total));
  add_row(out, "Loop lag", std::to_string(d.lag.count()) + " ms");
  add_row(out, "Store",
          d.store_ok ? std::to_string(d.store_bytes / 1024) + " KiB, " + std::to_string(d.snapshots) +
                           (d.snapshots == 1 ? " snapshot" : " snapshots")
                     : flat_html("cannot be written: " + d.store_error));
  for (const auto& note : d.store_notes) add_row(out, "Set aside", flat_html(note));
  add_row(out, "Configuration",
          flat_html(d.config_digest.substr(0, 19)) + (d.reload_ok ? "" : ", last reload refused"));
  add_row(out, "Heartbeat", time_html(d.heartbeat_at));
  add_row(out, "Sandbox of checks", flat_html(d.sandbox));
  add_row(
      out, "Evidence signed with",
      d.evidence_key.empty() ? "no key: snapshots are not signed" : "<code>" + flat_html(d.evidence_key) + "</code>");
  return out + "</dl>";
}

}  // namespace

std::string status_page_policy() {
  static const std::string policy =
      "default-src 'none'; style-src '" + sha256_source(status_page_css) + "'; script-src '" +
      sha256_source(status_page_js) +
      "'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return policy;
}

std::string status_page(const View& view, const History& history) {
  const Loudness loud = loudness_of(view);
  const DaemonView& d = view.daemon;
  std::size_t open = 0;
  for (const auto& i : view.engine.incidents) open += i.is_open() ? 1 : 0;
  std::string out =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>" +
      flat_html(loud.word + " – " + d.environment + " – Readback") + "</title><style>";
  out += status_page_css;
  out += "</style></head><body><a class=\"skip\" href=\"#main\">To the incidents and targets</a><header><h1>Readback " +
         flat_html(d.environment) + "</h1><div id=\"verdict\" role=\"status\"><p>" +
         word_html(loud.word, look_of(loud.word, false)) + ": " + std::to_string(view.engine.targets.size()) +
         (view.engine.targets.size() == 1 ? " target, " : " targets, ") + std::to_string(open) +
         (open == 1 ? " open incident" : " open incidents") + "</p></div><p class=\"dim\">As of <span id=\"as-of\">" +
         time_html(view.at) +
         "</span>. <span id=\"live\">Reload for newer results.</span></p></header><main id=\"main\">";

  out += "<h2>Open incidents</h2>";
  if (open == 0) out += "<p>None.</p>";
  std::size_t number = 0, resolved = 0;
  for (const auto& i : view.engine.incidents)
    if (i.is_open()) out += incident_html(i, ++number);
  std::string lately;
  for (const auto& i : view.engine.incidents)
    if (!i.is_open() && i.paged_at && ++resolved <= lately_shown)
      lately += "<li>" + time_html(i.resolved_at) + " " + flat_html(i.summary) + " <code>readback incident " +
                flat_html(i.id) + "</code></li>";
  if (!lately.empty()) out += "<h2>Resolved lately</h2><ul>" + lately + "</ul>";

  out += "<h2>Targets</h2>";
  if (view.engine.targets.empty()) out += "<p>No target is configured.</p>";
  number = 0;
  for (const auto& t : view.engine.targets) out += target_html(t, history, ++number);

  if (view.fleet) out += fleet_section(*view.fleet);
  out += sinks_html(d.sinks) + silences_html(view.engine.silences) + itself_html(d);
  out +=
      "</main><footer class=\"dim\"><p>Read-only: nothing can be changed here. <a "
      "href=\"/metrics\">Metrics</a></p></footer><script>";
  out += status_page_js;
  out += "</script></body></html>\n";
  return out;
}

}  // namespace readback
