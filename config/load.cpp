// Reading a configuration: the file, the tree, the structs; and the problems of all who look at it, in one order.
#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "config/document.hpp"
#include "config/load/loader.hpp"

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

LoadedConfig load_config(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(largest_config + 1, '\0');  // one more than is allowed says that it is too much
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file.good()) {
    LoadedConfig out;
    out.add(
        {{path, 0, 0, false, "cannot be read: " + std::string(std::strerror(errno)), "name the file with --config"}});
    return out;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_config(text, path);
}

}  // namespace readback
