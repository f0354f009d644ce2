// The day on which a certificate ends is told ahead, beside the read that it belongs to, and blames nobody.
#include <doctest/doctest.h>

#include "core/engine/engine.hpp"

using namespace readback;

namespace {

const Instant start{MonoTime(std::chrono::hours(1)), WallTime(Millis(1'795'402'800'000))};  // 2026-11-23T03:00:00Z
constexpr Millis day = std::chrono::hours(24);

/// What is said beside `health` after a sweep that passed, over a certificate with `left` to live (none: no TLS).
std::string said(Engine& engine, std::optional<Millis> left) {
  SweepDone done;
  done.target = "fabric";
  done.sweep = 1;
  RawRead r;
  r.read = "health";
  r.at = start.wall;
  HttpAnswer answer;
  answer.status = 200;
  answer.body = R"({"status":"ok"})";
  r.answer = answer;
  if (left) r.tls_expires_at = start.wall + *left;
  done.reads.push_back(r);
  engine.handle(done, start);
  const auto view = engine.view(start);
  const auto& health = view.targets.at(0).reads.at(0);
  CHECK(health.word == "pass");
  return health.reasons.empty() ? "" : health.reasons.front();
}

}  // namespace

TEST_CASE("a certificate that ends within the time that was asked for is told with its day") {
  Config config;
  config.targets = {default_target("fabric")};
  Engine engine(config, {}, start);
  CHECK(said(engine, 20 * day) == "");
  CHECK(said(engine, 14 * day) == "health: the certificate expires on 2026-12-07, in 14d 00h");
  CHECK(said(engine, std::nullopt) == "");  // the address is read without TLS now
}
