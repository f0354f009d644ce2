// What the daemon does and has done: sweep, watch, export, test-alert.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "core/text/time.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/client/watch.hpp"
#include "daemon/runtime/clock.hpp"

namespace readback {
namespace json = boost::json;
namespace {

struct Sweep : Command {
  std::string target;
  void options(Options& o) override { o.text("--target", target, "only this one"); }
  int run(const Client& c) override {
    json::object body;
    if (!target.empty()) body["target"] = target;
    return c.changed(c.send("POST", "/v1/sweeps", body));
  }
};

struct Watch : Command {
  int run(const Client& c) override {
    auto refused = watch(c.connection(), c.as_json);
    if (refused) (void)c.checked(std::move(*refused));
    return 0;
  }
};

/// When the newest line of a piece of recorded reads was read.
std::optional<WallTime> newest_read(std::string_view piece) {
  constexpr std::string_view begins = "\n{\"at\":\"";
  const auto at = piece.rfind(begins);
  if (at == piece.npos) return std::nullopt;
  const auto rest = piece.substr(at + begins.size());
  return parse_rfc3339(rest.substr(0, rest.find('"')));
}

struct Export : Command {
  std::string since = "24h";
  void options(Options& o) override { o.text_or("--since", since, "24h, 7d, or a time"); }
  int run(const Client& c) override {
    const auto length = parse_duration(since);
    const auto from = length ? std::optional(now().wall - *length) : parse_rfc3339(since);
    if (!from) c.fail("--since " + since + " is neither a duration like 24h nor a time", exit_usage);
    Progress progress(is_terminal());
    const double span = std::max(1.0, static_cast<double>((now().wall - *from).count()));
    std::uint64_t bytes = 0;
    Taking taking;
    taking.piece = [&](std::string_view piece) {
      bytes += piece.size();
      if (const auto at = newest_read(piece)) progress.at(static_cast<double>((*at - *from).count()) / span, bytes);
      return put(piece);
    };
    (void)c.checked(c.connection().stream("/v1/reads?since=" + percent_encoded(to_rfc3339(*from)), taking));
    return 0;
  }
};

struct TestAlert : Command {
  std::string sink;
  void options(Options& o) override { o.text("SINK", sink, "only this one"); }
  int run(const Client& c) override {
    json::object body;
    if (!sink.empty()) body["sink"] = sink;
    const auto report = c.send("POST", "/v1/test-alerts", body);
    const auto* ok = report.if_contains("ok");
    const int status = ok && ok->is_bool() && ok->get_bool() ? 0 : exit_failed;
    if (c.raw(report)) return status;
    std::vector<std::vector<std::string>> rows;
    for (const auto& each : report.at("deliveries").as_array()) {
      const auto& d = each.as_object();
      const bool delivered = text_at(d, "ok") == "true";
      rows.push_back({text_at(d, "sink"), text_at(d, "type"),
                      coloured(delivered ? "delivered" : "not delivered", delivered ? "delivered" : "fail"),
                      text_at(d, "detail")});
    }
    print(table(rows));
    return status;
  }
};

}  // namespace

std::unique_ptr<Command> sweep_command() { return std::make_unique<Sweep>(); }
std::unique_ptr<Command> watch_command() { return std::make_unique<Watch>(); }
std::unique_ptr<Command> export_command() { return std::make_unique<Export>(); }
std::unique_ptr<Command> test_alert_command() { return std::make_unique<TestAlert>(); }

}  // namespace readback
