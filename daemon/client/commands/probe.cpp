// `readback probe`: reads a platform once, without a daemon and without a configuration, says what each answer is taken
// for and why, and hands over a configuration to start from that pages nobody for what is not there.
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "core/text/words.hpp"
#include "daemon/client/command.hpp"
#include "daemon/client/probing.hpp"
#include "daemon/client/starting_config.hpp"
#include "daemon/client/terminal.hpp"

namespace readback {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

/// What each answer is taken for.
struct Explained {
  json::array surfaces;
  std::string text;
  std::vector<FoundSurface> found;
};

void explain(Explained& out, const SurfaceConfig& s, const RawRead& raw, const TargetConfig& target) {
  const auto explained = explain_surface(target, s, raw);
  const auto& said = explained.reading;
  const std::string word(to_string(said.reading));
  json::array steps, reasons;
  for (const auto& step : explained.steps) steps.emplace_back(step);
  for (const auto& reason : said.reasons) reasons.emplace_back(reason);
  out.surfaces.push_back({{"name", s.name},
                          {"path", s.path},
                          {"address", raw.address},
                          {"took_ms", raw.took.count()},
                          {"reading", word},
                          {"stale", said.stale},
                          {"contradictory", said.contradictory},
                          {"understood", std::move(steps)},
                          {"reasons", std::move(reasons)}});
  FoundSurface found;
  found.name = s.name;
  found.path = s.path;
  found.absent = is_no_surface(said, raw);
  if (!said.reasons.empty()) found.why = bare_reason(s.name, said.reasons.front());
  found.settings = joined(explained.settings);
  out.found.push_back(std::move(found));

  std::string& text = out.text;
  text += "\n" + coloured(bold(s.name), word) + "  " + s.path + "  " + std::to_string(raw.took.count()) + " ms" +
          (raw.address.empty() ? "" : " from " + raw.address) + "\n";
  text += "  reads as " + coloured(word, word) + (said.stale ? ", stale" : "") +
          (said.contradictory ? ", contradictory" : "") + "\n";
  for (const auto& step : explained.steps) text += "  - " + wrapped(step, 4) + "\n";
  for (const auto& reason : said.reasons) text += "  ! " + wrapped(reason, 4) + "\n";
}

/// What keeps all four from answering, said once; "" when they differ or some answer.
std::string one_cause(const std::vector<RawRead>& reads) {
  std::string cause;
  for (const auto& raw : reads) {
    const auto* error = std::get_if<TransportError>(&raw.answer);
    if (!error) return "";
    const std::string said = error->detail.empty() ? std::string(to_string(error->fault)) : error->detail;
    if (!cause.empty() && cause != said) return "";
    cause = said;
  }
  return cause;
}

bool any_answers(const std::vector<RawRead>& reads) {
  return std::any_of(reads.begin(), reads.end(),
                     [](const RawRead& raw) { return std::holds_alternative<HttpAnswer>(raw.answer); });
}

/// https:// was asked for, and no TLS came: does the port speak plain HTTP?
bool speaks_plain_http(TargetConfig target, const ProbeHeaders& headers) {
  constexpr std::string_view scheme = "https://";
  if (!target.base_url.starts_with(scheme)) return false;
  target.base_url = "http://" + target.base_url.substr(scheme.size());
  target.surfaces.resize(1);
  const auto reads = read_once(target, headers);
  return reads && any_answers(*reads);
}

bool was_refused(const RawRead& raw) {
  const auto* answer = std::get_if<HttpAnswer>(&raw.answer);
  return answer && (answer->status == 401 || answer->status == 403);
}

/// A surface that is not there gets the first usual route of its kind; what is left over is named.
void take_discovered(StartingPoint& start, const std::vector<Discovered>& discovered) {
  std::vector<std::string> used;
  for (auto& s : start.surfaces) {
    if (!s.absent) continue;
    const bool health = s.name == "health", readiness = s.name == "observability";
    for (const auto& d : discovered) {
      const bool fits = (health && d.role == SurfaceRole::health) || (readiness && d.role == SurfaceRole::readiness);
      if (!fits || !s.instead.empty()) continue;
      s.instead = d.path;
      s.by_status = d.by_status;
      used.push_back(d.path);
    }
  }
  for (const auto& d : discovered)
    if (std::find(used.begin(), used.end(), d.path) == used.end()) start.others.push_back(d.path);
}

struct Probe : Command {
  std::string url, config_out;
  std::vector<std::string> headers;
  int timeout_ms = 5000;
  bool look_around = false, force = false;

  void options(Options& o) override {
    o.required("URL", url, "http://, https:// or unix:///path.sock");
    o.text("--config-out", config_out, "where a configuration to start from goes");
    o.flag("--force", force, "replace a file that is there");
    o.flag("--discover", look_around, "also try /healthz, /-/ready and the like");
    o.list("--header", headers, "'NAME: VALUE' to send, or @FILE with such lines");
    o.number("--timeout-ms", timeout_ms, "for each read");
  }

  int run(const Client& c) override {
    const auto is_address = [&](std::string_view scheme) { return url.starts_with(scheme); };
    if (!is_address("http://") && !is_address("https://") && !is_address("unix://"))
      return complain(url + " is no address: it begins with http://, https:// or unix:///", exit_usage);
    if (!config_out.empty() && config_out != "-" && !force && fs::exists(config_out))
      return complain(config_out + " is there already: give --force to replace it", exit_usage);
    TargetConfig target = default_target("fabric");
    target.timeout = Millis(timeout_ms);
    target.base_url = url;
    while (target.base_url.ends_with("/") && !target.base_url.starts_with("unix:")) target.base_url.pop_back();
    const std::string route = route_at_the_end(target.base_url);
    if (!route.empty()) {
      target.base_url.resize(target.base_url.size() - route.size());
      hints_.push_back("The address ended in " + route + ", which is a surface's path and is added to it: read as " +
                       target.base_url + ".");
    }
    const auto given = probe_headers(headers);
    if (!given) return complain(given.error(), exit_usage);
    const auto reads = read_once(target, *given);
    if (!reads) return complain(reads.error(), exit_usage);

    Explained all;
    for (const SurfaceConfig& s : target.surfaces)
      for (const auto& raw : *reads)
        if (raw.read == s.name) explain(all, s, raw, target);
    StartingPoint start;
    start.base_url = target.base_url;
    start.surfaces = all.found;
    for (const auto& [name, value] : *given) start.header_files[name] = file_of(name);
    const bool answered = any_answers(*reads);
    if (look_around && answered) take_discovered(start, discover(target, *given));
    const bool none_left = target_of(start).surfaces.empty();
    if (none_left) start.surfaces = {};  // a configuration has to read something
    return tell(c, target, *given, *reads, all, start, none_left);
  }

 private:
  int tell(const Client& c, const TargetConfig& target, const ProbeHeaders& given, const std::vector<RawRead>& reads,
           Explained& all, const StartingPoint& start, bool none_left) {
    const std::string cause = one_cause(reads);
    gather_hints(target, given, reads, none_left);
    TargetConfig kept = target_of(start);
    kept.timeout = target.timeout;
    TargetView verdict = judged(kept, reads);
    if (std::any_of(start.surfaces.begin(), start.surfaces.end(), [](const auto& s) { return !s.instead.empty(); }))
      if (const auto again = read_once(kept, given)) verdict = judged(kept, *again);  // other routes than before
    const std::string yaml = starting_config(start);
    json::array told;
    for (const auto& hint : hints_) told.emplace_back(hint);
    if (c.as_json)
      print(json::serialize(json::object{{"url", target.base_url},
                                         {"verdict", verdict.primary},
                                         {"extent", verdict.extent},
                                         {"text", verdict.text},
                                         {"surfaces", std::move(all.surfaces)},
                                         {"hints", std::move(told)},
                                         {"config", yaml}}) +
            "\n");
    else
      print(in_words(target, cause, all.text, verdict, kept.surfaces.size() < target.surfaces.size()) +
            (config_out.empty() ? "\n" + bold("A configuration to start from") + "\n" + yaml : "") + next_commands());
    if (!config_out.empty())
      if (const auto written = write_files(yaml, given); !written) return complain(written.error());
    return verdict.primary == "green" ? 0 : exit_failed;
  }

  void gather_hints(const TargetConfig& target, const ProbeHeaders& given, const std::vector<RawRead>& reads,
                    bool none_left) {
    if (std::any_of(reads.begin(), reads.end(), was_refused))
      hints_.push_back(given.empty()
                           ? "What is guarded asks for credentials: give them as --header @FILE, a file with a "
                             "line such as `X-API-Key: …`."
                           : "The credentials given are not accepted everywhere.");
    if (!any_answers(reads) && speaks_plain_http(target, given))
      hints_.push_back("This port speaks plain HTTP, not TLS: try http://" + target.base_url.substr(8) + ".");
    if (none_left)
      hints_.push_back(look_around
                           ? "None of the four surfaces is here, and none of the usual routes answers either: is "
                             "this the right address?"
                           : "None of the four surfaces is here: `--discover` tries where health is usually found.");
  }

  /// Beside the configuration, or where a package would look for it.
  std::string file_of(const std::string& header) const {
    std::string name = lower_case(header);
    if (config_out.empty() || config_out == "-") return "/etc/readback/" + name;
    return fs::absolute(config_out).string() + "." + name;
  }
  Result<void> write_files(const std::string& yaml, const ProbeHeaders& given) const {
    if (config_out != "-")
      for (const auto& [name, value] : given) {
        const ::mode_t before = ::umask(0077);  // a key is for its owner alone, from its first byte on
        auto written = write_out(value + "\n", file_of(name));
        ::umask(before);
        if (!written) return written;
      }
    return write_out(yaml, config_out);
  }
  std::string next_commands() const {
    const std::string file = config_out.empty() || config_out == "-" ? "FILE" : config_out;
    return "\n" + bold(config_out.empty() ? "Next, with this saved as FILE" : "Written to " + config_out + ". Next") +
           "\n  readbackd --config " + file + " --check-config\n  readbackd --config " + file + " --once\n";
  }

  std::string in_words(const TargetConfig& target, const std::string& cause, const std::string& surfaces,
                       const TargetView& verdict, bool narrowed) const {
    const std::string word = verdict.primary == "green" ? "green"
                             : verdict.severity         ? std::string(to_string(*verdict.severity))
                                                        : "unknown";
    std::string text = bold("Readback read " + target.base_url + " once, with GET only.") + "\n";
    if (!cause.empty())  // the same four times over tells nobody more
      text += "\n  ! " + wrapped("none of the four surfaces answers: " + cause, 4) + "\n";
    else
      text += surfaces;
    text += "\n" +
            coloured(bold((narrowed ? "With the configuration below: " : "Together: ") + verdict.primary), word) +
            "\n  " + wrapped(verdict.text, 2) + "\n";
    if (verdict.primary != "green" && verdict.primary != "unknown")
      text += "  " +
              wrapped("Three such sweeps in a row would page somebody as: " +
                          (verdict.extent.empty() ? "" : verdict.extent + " ") + verdict.primary + ".",
                      2) +
              "\n";
    for (const auto& hint : hints_) text += "  " + wrapped(hint, 2) + "\n";
    return text;
  }

  std::vector<std::string> hints_;
};

}  // namespace

std::unique_ptr<Command> probe_command() { return std::make_unique<Probe>(); }

}  // namespace readback
