// YAML by hand: its comments are for who reads it, and no emitter writes them where they belong.
#include "daemon/client/starting_config.hpp"

#include <algorithm>

#include "core/text/words.hpp"

namespace readback {
namespace {

/// Comments hold text from the platform: one line, whatever it says.
std::string comment(const std::string& text) { return text.empty() ? "" : "   # " + text; }

std::string surface_line(const FoundSurface& s) {
  if (!s.instead.empty())
    return "      " + s.name + ": {path: " + s.instead + (s.by_status ? ", accept: status" : "") + "}" +
           comment(s.path + ": " + s.why);
  if (s.absent) return "      " + s.name + ": null" + comment(s.path + ": " + s.why);
  if (!s.settings.empty())
    return "      # " + s.name + ": {" + s.settings + "}   # only if it means what it seems to mean";
  return "";
}

std::string headers_line(const std::map<std::string, std::string>& files) {
  if (files.empty())
    return "    # headers: {X-API-Key: {file: /etc/readback/x-api-key}}   # the value alone, mode 0600\n";
  std::vector<std::string> each;
  for (const auto& [name, file] : files) each.push_back(name + ": {file: " + file + "}");
  return "    headers: {" + joined(each) + "}\n";
}

}  // namespace

TargetConfig target_of(const StartingPoint& start) {
  TargetConfig target = default_target("fabric");
  target.base_url = start.base_url;
  for (const auto& found : start.surfaces)
    for (auto& s : target.surfaces)
      if (s->name == found.name && !found.instead.empty()) {
        s.edit().path = found.instead;
        s.edit().accept = found.by_status ? Accepts::status : Accepts::body;
      }
  std::erase_if(target.surfaces, [&](const SurfaceConfig& s) {
    return std::any_of(start.surfaces.begin(), start.surfaces.end(), [&](const FoundSurface& found) {
      return found.name == s.name && found.absent && found.instead.empty();
    });
  });
  return target;
}

std::string starting_config(const StartingPoint& start) {
  std::string lines;
  bool any_setting = false;
  for (const auto& s : start.surfaces)
    if (const auto line = surface_line(s); !line.empty()) {
      lines += line + "\n";
      any_setting = any_setting || !line.starts_with("      #");
    }
  std::string others;
  for (const auto& path : start.others) others += "      # also answers: " + path + "\n";
  const std::string surfaces =
      lines.empty() && others.empty() ? "" : (any_setting ? "    surfaces:\n" : "    # surfaces:\n") + lines + others;
  return "environment: prod\ntargets:\n  - name: fabric\n    base_url: " + start.base_url + "\n" +
         headers_line(start.header_files) + surfaces +
         "    # checks:\n    #   materialization: {command: [python3, ./scripts/verify_runtime_materialization.py, "
         "--check], cwd: /srv/helpifyr-fabric}\n"
         "    # paths: [{name: checkout, kind: user, url: /app/checkout}]\n"
         "alerts:\n  sinks: []   # - {name: hook, type: webhook, url: https://…, secret: {credential: hook-secret}}\n";
}

}  // namespace readback
