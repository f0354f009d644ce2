// Any answer is read without harm, and what holds for all of them is checked: a surface that is not a plain pass says
// why in short lines, and an answer that is no success is never green. Input: the status, headers, a blank line, the
// body.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/reading/read.hpp"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text = end == text.npos ? std::string_view() : text.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace readback;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  HttpAnswer answer;
  answer.status = 200;
  const auto first = take_line(text);
  if (first.size() == 3 && first[0] >= '1' && first[0] <= '5')
    answer.status = 100 * (first[0] - '0') + std::abs(first[1] - '0') % 10 * 10 + std::abs(first[2] - '0') % 10;
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto colon = line.find(':');
    if (colon == line.npos) break;
    answer.headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  answer.body = std::string(text);

  RawRead raw;
  raw.read = "s";
  raw.at = WallTime(Millis(1'795'402'800'000));
  raw.answer = answer;
  SurfaceConfig surface;
  surface.name = "s";
  surface.version_header = true;
  surface.critical_items = {"db"};
  const auto r = read_surface({}, surface, raw);
  if (answer.status >= 300) demand(r.reading != Reading::pass);
  if (r.reading != Reading::pass) demand(!r.reasons.empty());
  if (r.reading == Reading::pass && answer.status != 204) demand(r.own_word);
  demand(r.items->size() <= 256);
  for (const auto& reason : r.reasons) {
    demand(reason.size() < 2000);
    demand(std::none_of(reason.begin(), reason.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }
  surface.verdict = "/a/0/b~1";
  (void)read_surface({}, surface, raw);

  PathConfig path;
  path.expect.json = {{"/status", "ok"}, {"/n", "1"}};
  raw.read = "path:p";
  const auto p = read_path(path, raw);
  demand(p.pass == (p.reasons.empty() && !p.throttled));

  CheckRun run;
  run.exit = answer.status % 256;
  run.out = answer.body;
  run.err = std::string(first);
  raw.read = "check:c";
  raw.answer = run;
  (void)read_check({}, raw);
  return 0;
}
