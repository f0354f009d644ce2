// Reading a configuration: the file, the tree, the structs; and the problems of all who look at it, in one order.
#include "config/load.hpp"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
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
  std::stable_sort(problems.begin(), problems.end(), [this](const ConfigProblem& a, const ConfigProblem& b) {
    const auto line = [](const ConfigProblem& p) { return p.line == 0 ? 1 << 30 : p.line; };
    if (a.file != b.file && (a.file == file || b.file == file)) return a.file == file;
    if (a.file != b.file) return a.file < b.file;
    return line(a) != line(b) ? line(a) < line(b) : a.column < b.column;
  });
}

namespace {

/// What the file includes is asked for between the file itself and the judgement of the whole.
using Parts = std::function<void(Loader& loader, const Node& root, LoadedConfig& out)>;

LoadedConfig parse(std::string_view yaml, const std::string& file, const Parts& parts) {
  LoadedConfig out;
  out.file = file;
  const Node root = parse_document(yaml, file, out.problems);
  if (out.ok() || root.kind == Node::Kind::map) {
    Loader loader(file, out);
    loader.load(root);
    parts(loader, root, out);
    loader.whole();
  }
  out.add({});
  return out;
}

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
void read_template(BodyTemplate& body, const std::string& main_file, std::vector<ConfigProblem>& problems) {
  const std::string& config_file = body.at.file.empty() ? main_file : body.at.file;
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

bool is_pattern(const std::string& path) { return path.find_first_of("*?[") != path.npos; }

/// In its order; a name without a pattern is there or not.
std::vector<std::string> files_of(const std::string& pattern, const std::filesystem::path& folder) {
  const std::string whole = (folder / pattern).lexically_normal().string();
  if (!is_pattern(pattern)) return {whole};
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(whole.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return files;
}

void read_parts(Loader& loader, const Node& root, LoadedConfig& out) {
  const Node* list = root.find("include");
  if (!list) return;
  const auto folder = std::filesystem::absolute(out.file).parent_path();
  auto& known = out.config.included_files;
  for (const auto& item : list->items) {
    if (item.kind != Node::Kind::scalar) continue;  // told as what it is, a mistake
    for (const auto& path : files_of(item.text, folder)) {
      if (std::find(known.begin(), known.end(), path) != known.end()) continue;  // two patterns find it
      const auto text = beginning_of(path, largest_config);
      if (!text) {
        out.problems.push_back({out.file, item.line, item.column, false, path + " cannot be read: " + text.error(),
                                "correct the path, or who may read it"});
        continue;
      }
      known.push_back(path);
      const auto before = out.problems.size();
      const Node part = parse_document(*text, path, out.problems);
      if (out.problems.size() == before || part.kind == Node::Kind::map) loader.load_part(part, path);
    }
  }
}

}  // namespace

LoadedConfig parse_config(std::string_view yaml, const std::string& file) {
  return parse(yaml, file, [](Loader&, const Node&, LoadedConfig&) {});
}

LoadedConfig load_config(const std::string& path) {
  const auto text = beginning_of(path, largest_config);
  LoadedConfig out;
  if (!text) {
    out.add({{path, 0, 0, false, "cannot be read: " + text.error(), "name the file with --config"}});
    return out;
  }
  out = parse(*text, path, read_parts);
  std::vector<ConfigProblem> more;
  for (auto& sink : out.config.alerts.sinks)
    if (!sink.body.file.empty()) read_template(sink.body, path, more);
  out.add(std::move(more));
  return out;
}

}  // namespace readback
