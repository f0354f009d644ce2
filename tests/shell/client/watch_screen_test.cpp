// The screen of `readback watch`, and the status of many targets: what is bad is seen, whatever the size.
#include "daemon/client/watch_screen.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/text/time.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/client/when.hpp"

using namespace readback;
namespace json = boost::json;

namespace {

json::object target(const std::string& name, const std::string& status, const std::string& reason = "") {
  const bool is_green = status == "green";
  json::array reads;
  for (const char* read : {"health", "services"})
    reads.push_back(json::object{{"name", read},
                                 {"word", is_green ? "pass" : "unreachable"},
                                 {"reasons", reason.empty() ? json::array{} : json::array{reason}}});
  return {{"name", name},
          {"status", status},
          {"primary", is_green ? "green" : "outage"},
          {"extent", nullptr},
          {"text", is_green ? "every surface passes" : "total outage: " + reason},
          {"sweep", 7},
          {"last_sweep_at", "2026-11-24T03:11:50Z"},
          {"green_since", is_green ? json::value("2026-11-24T01:11:58Z") : json::value(nullptr)},
          {"reads", std::move(reads)}};
}

/// So many targets, of which every fourth is bad, in the order of their names.
json::object status_of(int count, int reasons = 1) {
  json::array targets, incidents;
  for (int i = 0; i < count; ++i) {
    const std::string name = "shop-" + std::to_string(100 + i);
    const bool is_bad = i % 4 == 3;
    targets.push_back(
        target(name, is_bad ? "critical" : "green", is_bad ? "refused " + std::to_string(i / 4 % reasons) : ""));
    if (!is_bad) continue;
    incidents.push_back(json::object{{"id", name + "-1"}, {"state", "firing"}, {"summary", "OUTAGE total " + name}});
    incidents.push_back(json::object{{"id", name + "-2"}, {"state", "inhibited"}, {"summary", "READINESS " + name}});
  }
  return {{"at", "2026-11-24T03:11:58Z"},
          {"targets", std::move(targets)},
          {"incidents", std::move(incidents)},
          {"sinks", json::array{json::object{{"name", "pager"}, {"state", "delivered"}, {"depth", 0}}}},
          {"daemon", json::object{{"sweeps_total", 21}, {"lag_ms", 3}}},
          {"troubles", json::array{}}};
}

json::array history(const std::string&, std::size_t most) {
  json::array sweeps;
  for (std::size_t i = 0; i < std::min<std::size_t>(most, 3); ++i)
    sweeps.push_back(
        json::object{{"reads", json::object{{"health", "pass"}, {"services", i == 1 ? "unreachable" : "pass"}}}});
  return sweeps;
}

const std::vector<std::string> events{"one happened", "two happened", "three happened"};

bool shows(const Drawn& drawn, const std::string& text) {
  return std::any_of(drawn.lines.begin(), drawn.lines.end(),
                     [&](const auto& line) { return line.find(text) != line.npos; });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("the screen fits, begins with a count, and always shows incidents, sinks and the newest event") {
  for (const int count : {1, 2, 10, 100})
    for (const auto& [width, height] : {std::pair<std::size_t, std::size_t>{80, 24}, {200, 50}, {40, 12}}) {
      CAPTURE(count);
      CAPTURE(height);
      const auto drawn = draw_screen(status_of(count), history, events, {width, height, 0});
      CHECK(drawn.lines.size() <= height - 1);
      if (count > 1) {
        CHECK(drawn.lines[0] == counted(status_of(count)));
        CHECK(shows(drawn, ": critical") == (count >= 4));
      }
      CHECK(shows(drawn, "firing  OUTAGE total") == (count >= 4));
      CHECK_FALSE(shows(drawn, "READINESS"));
      CHECK(shows(drawn, "pager delivered"));
      CHECK(shows(drawn, "three happened"));
    }
}

TEST_CASE("bad targets come first and whole, alike ones once with the names of all, a green one takes a line") {
  const auto drawn = draw_screen(status_of(10), history, events, {80, 24, 0});
  REQUIRE(drawn.lines.size() > 12);
  CHECK(drawn.lines[0] == "2 critical, 8 green; 2 open incidents");
  CHECK(drawn.lines[1] == "shop-103: critical  total outage: refused 0");
  CHECK(drawn.lines[2] == "  health    unreachable  ···");
  CHECK(drawn.lines[3] == "  services  unreachable  ·X·");
  CHECK(drawn.lines[4] == "  and 1 in the same way: shop-107");
  CHECK(drawn.lines[5] == "shop-100: green  ·X·");
  CHECK(drawn.lines[12] == "shop-109: green  ·X·");
  CHECK_FALSE(drawn.is_scrolled);
}

TEST_CASE("one target is whole, green or not, and stands without a count") {
  const auto drawn = draw_screen(status_of(1), history, events, {80, 24, 0});
  REQUIRE(drawn.lines.size() > 3);
  CHECK(drawn.lines[0] == "shop-100: green  every surface passes");
  CHECK(drawn.lines[1] == "  health    pass  ···");
}

TEST_CASE("scrolling shows every line of the targets once, and stops at the last") {
  const auto status = status_of(60, 15);
  const std::size_t height_of_all = 15 * 3 + 45;
  std::vector<std::string> seen;
  for (std::size_t first = 0; first < height_of_all;) {
    const auto drawn = draw_screen(status, history, events, {80, 24, first});
    REQUIRE(drawn.is_scrolled);
    REQUIRE(drawn.page > 0);
    for (std::size_t i = 0; i < drawn.page; ++i)
      if (drawn.first + i >= seen.size()) seen.push_back(drawn.lines[1 + i]);
    CHECK(shows(drawn, "three happened"));
    first += drawn.page;
  }
  CHECK(seen.size() == height_of_all);
  CHECK(seen.back().starts_with("shop-158: green"));
  const auto beyond = draw_screen(status, history, events, {80, 24, 100'000});
  CHECK(beyond.first + beyond.page == height_of_all);
  CHECK(shows(beyond, "shop-158: green"));
}

TEST_CASE("histories are asked for only where they are shown") {
  int asked = 0;
  draw_screen(status_of(100, 25),
              [&](const std::string&, std::size_t most) {
                ++asked;
                return history("", most);
              },
              events, {80, 24, 0});
  CHECK(asked > 0);
  CHECK(asked <= 24);
}

TEST_CASE("a status of nothing, or of another version, is drawn as far as it goes") {
  CHECK(draw_screen({}, history, {}, {80, 24, 0}).lines.size() == 1);
  CHECK(draw_screen({{"targets", json::array{json::object{}}}, {"incidents", "none"}, {"troubles", json::array{1}}},
                    history, events, {80, 5, 3})
            .lines.size() <= 4);
}

TEST_CASE("the status of many is short: a count, what is bad whole, each other name once") {
  const auto lines = lines_of(show_status(status_of(100)));
  CHECK(lines[0] == "25 critical, 75 green; 25 open incidents");
  CHECK(lines[1] == "shop-103: critical  total outage: refused 0");
  CHECK(lines[4] == "  sweep 7 at 2026-11-24T03:11:50Z (8s ago)");
  CHECK(lines[5].starts_with("  and 24 in the same way: shop-107, shop-111, "));
  for (const char* name : {"shop-100", "shop-102", "shop-199"})
    CHECK(std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return line.find(name) != line.npos; }) >=
          1);
  const std::string green = "shop-100: green  since 2026-11-24T01:11:58Z (2h ago), swept 8s ago";
  CHECK(std::find(lines.begin(), lines.end(), green) != lines.end());
}

TEST_CASE("targets that fail in other words are not folded into one") {
  const auto text = show_status(status_of(16, 2));
  CHECK(text.find("shop-103: critical  total outage: refused 0") != text.npos);
  CHECK(text.find("shop-107: critical  total outage: refused 1") != text.npos);
  CHECK(text.find("and 1 in the same way: shop-111") != text.npos);
}

TEST_CASE("an age is one unit, rounded down") {
  const auto now = *parse_rfc3339("2026-11-24T03:11:58Z");
  const std::pair<const char*, const char*> cases[] = {
      {"2026-11-24T03:11:58Z", "now"},     {"2026-11-24T03:11:57.100Z", "now"}, {"2026-11-24T03:11:57Z", "1s ago"},
      {"2026-11-24T03:10:59Z", "59s ago"}, {"2026-11-24T03:10:58Z", "1m ago"},  {"2026-11-24T02:11:58Z", "1h ago"},
      {"2026-11-22T03:11:59Z", "47h ago"}, {"2026-11-22T03:11:58Z", "2d ago"},  {"2026-11-24T03:12:58Z", "in 1m"},
      {"2026-11-24T03:11:58.900Z", "now"},
  };
  for (const auto& [at, said] : cases) {
    CAPTURE(at);
    CHECK(age(*parse_rfc3339(at), now) == said);
  }
}
