// Reading a configuration: the file, the tree, the structs; and the problems of all who look at it, in one order.
#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/document.hpp"
#include "config/load/loader.hpp"
#include "core/alert/render/template.hpp"
#include "core/text/result.hpp"

namespace readback {

std::string to_string(const ConfigProblem& p) {
  std::string text = p.file;
  if (p.line > 0) text += ":" + std::to_string(p.line) + ":" + std::to_string(p.column);
  text += p.warning ? ": warning: " : ": ";
  // The file's own words stand in it: a control character must neither break the line nor reach the terminal.
  constexpr const char* hex = "0123456789abcdef";
  for (const char c : p.text + (p.suggestion.empty() ? "" : "; " + p.suggestion)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      text += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    else
      text += c;
  }
  return text;
}

bool LoadedConfig::ok() const {
  return std::none_of(problems.begin(), problems.end(), [](const ConfigProblem& p) { return !p.warning; });
}

void LoadedConfig::add(std::vector<ConfigProblem> more) {
  problems.insert(problems.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  std::stable_sort(problems.begin(), problems.end(), [](const ConfigProblem& a, const ConfigProblem& b) {
    const auto line = [](const ConfigProblem& p) { return p.line == 0 ? 1 << 30 : p.line; };
    return line(a) != line(b) ? line(a) < line(b) : a.column < b.column;
  });
}

LoadedConfig parse_config(std::string_view yaml, const std::string& file) {
  LoadedConfig out;
  const Node root = parse_document(yaml, file, out.problems);
  if (out.ok() || root.kind == Node::Kind::map) Loader(file, out).load(root);
  out.add({});
  return out;
}

namespace {

/// At most so many bytes and one more, which says that it is too much. The failure is the system's own reason.
Result<std::string> beginning_of(const std::string& path, std::size_t most) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(most + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file.good()) return Failure{std::strerror(errno)};
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// What a sink's body is made with; each mistake in it stands in that file.
void read_template(BodyTemplate& body, const std::string& config_file, std::vector<ConfigProblem>& problems) {
  body.file = (std::filesystem::absolute(config_file).parent_path() / body.file).lexically_normal().string();
  auto text = beginning_of(body.file, largest_template);
  if (!text)
    return problems.push_back({config_file, body.at.line, body.at.column, false,
                               "the template " + body.file + " cannot be read: " + text.error(),
                               "correct the path, or who may read it"});
  body.text = *std::move(text);
  for (auto& fault : faults_of_template(body.text, body.content_type))
    problems.push_back(
        {body.file, fault.line, fault.column, false, std::move(fault.text), std::move(fault.suggestion)});
}

}  // namespace

LoadedConfig load_config(const std::string& path) {
  const auto text = beginning_of(path, largest_config);
  LoadedConfig out;
  if (!text) {
    out.add({{path, 0, 0, false, "cannot be read: " + text.error(), "name the file with --config"}});
    return out;
  }
  out = parse_config(*text, path);
  std::vector<ConfigProblem> more;
  for (auto& sink : out.config.alerts.sinks)
    if (!sink.body.file.empty()) read_template(sink.body, path, more);
  out.add(std::move(more));
  return out;
}

}  // namespace readback
