// A target that is not green takes a line and one more for each read; a green one takes one line, with the worst that
// any of its reads said in each sweep.
#include "daemon/client/watch_screen.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/client/when.hpp"

namespace readback {
namespace json = boost::json;
namespace {

using Lines = std::vector<std::string>;

std::string padded(const std::string& text, std::size_t width) {
  const auto shown = shown_width(text);
  return text + std::string(width > shown ? width - shown : 0, ' ');
}

/// Told apart without colours too, and in the order of how bad it is.
std::size_t badness(std::string_view word) {
  if (word.empty()) return 0;
  if (word == "pass" || word == "green" || word == "in_sync") return 1;
  if (word == "unknown" || word == "denied" || word == "throttled" || word == "broken") return 2;
  return word == "warn" || word == "degraded" || word == "drift" ? 3 : 4;
}
char sign(std::string_view word) { return " .?!X"[badness(word)]; }

std::string mark(std::string_view word) {
  const char of = sign(word);
  return coloured(of == '.' ? "·" : std::string(1, of), word);
}

std::string word_in(const json::object& sweep, const std::string& read) {
  const auto* reads = object_at(sweep, "reads");
  return reads ? text_at(*reads, read) : "";
}

std::string worst_in(const json::object& sweep) {
  std::string worst;
  if (const auto* reads = object_at(sweep, "reads"))
    for (const auto& read : *reads)
      if (read.value().is_string() && badness(read.value().get_string()) > badness(worst))
        worst = read.value().get_string();
  return worst;
}

template <class WordOf>
std::string lane(const json::array& sweeps, WordOf word_of) {
  std::string marks;
  for (const auto& each : sweeps) {
    const auto& sweep = each.as_object();
    marks += true_at(sweep, "void") ? " " : mark(word_of(sweep));
  }
  return marks;
}

std::size_t room_beside(std::size_t used, std::size_t width) {
  constexpr std::size_t most_sweeps = 720;  // the daemon keeps no more
  return width > used ? std::min(width - used, most_sweeps) : 0;
}

struct Widths {
  std::size_t read = 0, word = 0, target = 0, screen = 0;
};

Lines whole(const json::object& target, const Widths& widths, const HistoryOf& history_of) {
  const std::string word = text_at(target, "status"), name = text_at(target, "name");
  Lines lines{coloured(bold(name + ": " + word), word) + "  " + text_at(target, "text")};
  const std::size_t used = 2 + widths.read + 2 + widths.word + 2;
  const auto sweeps = history_of(name, room_beside(used, widths.screen));
  for (const auto& each : array_at(target, "reads")) {
    const auto& read = each.as_object();
    const std::string called = text_at(read, "name"), said = text_at(read, "word");
    lines.push_back("  " + padded(fit(called, widths.read), widths.read) + "  " +
                    padded(coloured(fit(said, widths.word), said), widths.word) + "  " +
                    lane(sweeps, [&](const json::object& sweep) { return word_in(sweep, called); }));
  }
  return lines;
}

std::string one_line(const json::object& target, const Widths& widths, const HistoryOf& history_of) {
  const std::string name = text_at(target, "name");
  const std::string head = padded(coloured(fit(name + ": green", widths.target), "green"), widths.target) + "  ";
  const auto sweeps = history_of(name, room_beside(widths.target + 2, widths.screen));
  return head + lane(sweeps, worst_in);
}

/// What is shown of the targets: those that are not green, alike ones once, and then a line for each green one. A
/// target alone is always whole.
struct Plan {
  std::vector<Alike> bad;
  Targets green;
  std::size_t height = 0;  ///< lines
};

std::size_t height_of(const Alike& each) {
  return 1 + array_at(*each.first, "reads").size() + (each.others.empty() ? 0 : 1);
}

Plan plan_of(const Targets& targets) {
  Plan plan;
  Targets bad;
  for (const auto* target : targets) {
    const bool is_folded = targets.size() > 1 && text_at(*target, "status") == "green";
    (is_folded ? plan.green : bad).push_back(target);
  }
  plan.bad = alike(bad);
  plan.height = plan.green.size();
  for (const auto& each : plan.bad) plan.height += height_of(each);
  return plan;
}

Widths widths_of(const Plan& plan, std::size_t screen) {
  Widths widths;
  widths.screen = screen;
  const auto widen = [](std::size_t& width, const std::string& text, std::size_t most) {
    width = std::max(width, std::min(most, shown_width(text)));
  };
  for (const auto* target : plan.green)
    widen(widths.target, text_at(*target, "name") + ": green", std::max<std::size_t>(20, screen / 3));
  for (const auto& each : plan.bad)
    for (const auto& read : array_at(*each.first, "reads")) {
      widen(widths.read, text_at(read.as_object(), "name"), 24);
      widen(widths.word, text_at(read.as_object(), "word"), 12);
    }
  return widths;
}

/// These lines of all that the targets would take; only what is shown is asked for and made.
Lines targets_between(const Plan& plan, std::size_t from, std::size_t count, std::size_t width,
                      const HistoryOf& history_of) {
  const Widths widths = widths_of(plan, width);
  Lines shown;
  std::size_t at = 0;
  const auto add = [&](std::size_t height, const auto& block) {
    if (at + height > from && at < from + count) {
      std::size_t line = at;
      for (auto& text : block())
        if (const auto mine = line++; mine >= from && mine < from + count) shown.push_back(std::move(text));
    }
    at += height;
  };
  for (const auto& each : plan.bad)
    add(height_of(each), [&] {
      Lines block = whole(*each.first, widths, history_of);
      if (!each.others.empty()) block.push_back("  " + the_others(each));
      return block;
    });
  for (const auto* target : plan.green) add(1, [&] { return Lines{one_line(*target, widths, history_of)}; });
  return shown;
}

Lines incidents_of(const json::object& status, std::size_t most) {
  Lines lines;
  const auto all = told_of(array_at(status, "incidents"));
  for (const auto& each : all) {
    if (lines.size() + 1 >= most && all.size() > most) {
      lines.push_back("… and " + std::to_string(all.size() - lines.size()) + " more: readback incidents");
      break;
    }
    const auto& incident = each.as_object();
    const std::string state = text_at(incident, "state");
    lines.push_back(coloured(state, state) + "  " + text_at(incident, "summary"));
  }
  return lines;
}

std::string sinks_of(const json::object& status) {
  std::string sinks;
  for (const auto& each : array_at(status, "sinks")) {
    const auto& sink = each.as_object();
    const std::string state = text_at(sink, "state"), waiting = text_at(sink, "depth");
    sinks += "  " + text_at(sink, "name") + " " + coloured(state, state) +
             (waiting.empty() || waiting == "0" ? "" : " (" + waiting + " waiting)");
  }
  return bold("sinks") + (sinks.empty() ? "  none" : sinks);
}

/// One line of the sinks, one of the daemon, and what troubles it.
Lines daemon_of(const json::object& status, std::size_t most_troubles) {
  Lines lines{sinks_of(status)};
  if (const auto* daemon = object_at(status, "daemon"))
    lines.push_back(bold("daemon") + "  " + text_at(*daemon, "sweeps_total") + " sweeps, lag " +
                    text_at(*daemon, "lag_ms") + " ms");
  for (const auto& trouble : array_at(status, "troubles")) {
    if (most_troubles-- == 0) break;
    lines.push_back(coloured("! ", "error") + (trouble.is_string() ? std::string(trouble.get_string()) : ""));
  }
  return lines;
}

std::string more_of(const Plan& plan, std::size_t above, std::size_t below) {
  std::string more = "…";
  if (above > 0) more += " " + std::to_string(above) + (above == 1 ? " line above" : " lines above");
  if (below > 0)
    more += (above > 0 ? ", " : " ") + std::to_string(below) + (below == 1 ? " line" : " lines") + " below";
  return more + "; " + std::to_string(plan.green.size()) + " green";
}

}  // namespace

Drawn draw_screen(const json::object& status, const HistoryOf& history_of, const Lines& events, const Screen& screen) {
  const std::size_t room = screen.height > 1 ? screen.height - 1 : 1;
  const auto all = array_at(status, "targets");
  const Plan plan = plan_of(loudest_first(all));
  const std::size_t some = std::max<std::size_t>(2, room / 5);  // of everything else at least that many lines
  const Lines incidents = incidents_of(status, some), daemon = daemon_of(status, some);
  const std::size_t head = all.size() > 1 ? 1 : 0, least_events = std::min(events.size(), some);
  const std::size_t fixed = head + incidents.size() + daemon.size() + (least_events > 0 ? least_events + 1 : 0);
  const std::size_t left = room > fixed ? room - fixed : 1;
  Drawn drawn;
  drawn.is_scrolled = plan.height > left;
  drawn.page = drawn.is_scrolled ? std::max<std::size_t>(1, left - (left > 2 ? 1 : 0)) : plan.height;
  drawn.first = drawn.is_scrolled ? std::min(screen.first, plan.height - drawn.page) : 0;
  if (head > 0) drawn.lines.push_back(bold(counted(status)));
  for (auto& line : targets_between(plan, drawn.first, drawn.page, screen.width, history_of))
    drawn.lines.push_back(std::move(line));
  if (drawn.is_scrolled && left > 2)
    drawn.lines.push_back(more_of(plan, drawn.first, plan.height - drawn.first - drawn.page));
  drawn.lines.insert(drawn.lines.end(), incidents.begin(), incidents.end());
  drawn.lines.insert(drawn.lines.end(), daemon.begin(), daemon.end());
  if (drawn.lines.size() + 1 < room && !events.empty()) {
    drawn.lines.emplace_back();
    const std::size_t newest = std::min(events.size(), room - drawn.lines.size());
    drawn.lines.insert(drawn.lines.end(), events.end() - static_cast<std::ptrdiff_t>(newest), events.end());
  }
  if (drawn.lines.size() > room) drawn.lines.resize(room);
  return drawn;
}

}  // namespace readback
