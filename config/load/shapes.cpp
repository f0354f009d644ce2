// How a problem is told, and the shapes that everything is made of: maps of known keys, maps of names, lists.
#include <algorithm>
#include <cctype>

#include "config/load/loader.hpp"
#include "core/text/words.hpp"

namespace readback {

void Loader::load(const Node& root) {
  if (root.kind == Node::Kind::null)
    return error(root, "the configuration is empty", "name at least one target: `targets: [{name: …, base_url: …}]`");
  map(root, section_of(config_));
  root_ = place(root);
  has_targets_ = root.kind != Node::Kind::map || root.find("targets") || root.find("include");
}

void Loader::load_part(const Node& root, const std::string& file) {
  file_ = file;
  if (root.kind == Node::Kind::null) return;
  Config& c = config_;
  map(root,
      {.title = "an included file",
       .keys = {{"targets", key::Targets{c.targets}, ""},
                {"alerts", key::Map{{.title = "alerts", .keys = {{"sinks", key::Sinks{c.alerts.sinks}, ""}}}}, ""}}});
  file_ = main_;
}

FilePlace Loader::place(const Node& at) const { return {at.line, at.column, file_ == main_ ? "" : file_}; }

Node Loader::node_at(const FilePlace& place) {
  Node at;
  at.line = place.line;
  at.column = place.column;
  file_ = place.file.empty() ? main_ : place.file;
  return at;
}

std::string Loader::standing(const FilePlace& place) const {
  const std::string& file = place.file.empty() ? main_ : place.file;
  if (file == file_) return "stands above already";
  return "stands already in " + file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

void Loader::tell(const Node& at, bool warning, std::string text, std::string suggestion) {
  if (at.unread) return;  // what is really wrong with it has been told
  // What is wrong with a value names its key: the reader may not have the file at hand.
  const bool about_a_value = at.kind == Node::Kind::scalar && !key_.empty() && at.text != key_;
  if (about_a_value && text.find(key_) == text.npos) text = key_ + ": " + text;
  out_.problems.push_back({file_, at.line, at.column, warning, std::move(text), std::move(suggestion)});
}

void Loader::error(const Node& at, std::string text, std::string suggestion) {
  tell(at, false, std::move(text), std::move(suggestion));
}

void Loader::warn(const Node& at, std::string text, std::string suggestion) {
  tell(at, true, std::move(text), std::move(suggestion));
}

std::string Loader::meant_or(const std::string& word, const std::vector<std::string>& words, std::string otherwise) {
  const auto meant = nearest(word, words);
  return meant.empty() ? otherwise : "did you mean `" + meant + "`?";
}

void Loader::map(const Node& n, const Section& section) {
  const auto& where = section.title;
  if (n.kind == Node::Kind::null) return error(n, where + " is empty", "remove it or give it a value");
  if (n.kind != Node::Kind::map)
    return error(n, where + " must be a map of keys and values",
                 "like {" + std::string(section.keys.front().name) + ": …}");
  std::vector<std::string> names;
  for (const auto& key : section.keys) names.emplace_back(key.name);
  for (const auto& entry : n.entries) {
    const Node& key = entry.key;
    if (key.unread) continue;
    const auto known =
        std::find_if(section.keys.begin(), section.keys.end(), [&](const Key& k) { return k.name == key.text; });
    const std::string above = std::exchange(key_, known == section.keys.end() ? "" : key.text);
    if (known != section.keys.end())
      std::visit([&](const auto& value) { read(entry.value, value); }, known->value);
    else
      error(key, "unknown key `" + key.text + "` in " + where,
            meant_or(key.text, names, "known are: " + joined(names)));
    key_ = above;
  }
  for (const auto& key : section.keys)
    if (key.presence.required && !key.presence.example.empty() && !n.find(key.name)) {
      const std::string name(key.name);
      error(n, "`" + name + "` is missing from " + where, name + ": " + std::string(key.presence.example));
    }
}

void Loader::each(const Node& n, const std::function<void(const Node&)>& handler) {
  if (n.kind != Node::Kind::list)
    return error(n, "a list is expected here", "write it as `[…]` or with a `- ` before each entry");
  for (const auto& item : n.items) handler(item);
}

void Loader::one_or_each(const Node& n, const std::function<void(const Node&)>& handler) {
  n.kind == Node::Kind::list ? each(n, handler) : handler(n);
}

void Loader::named(const Node& n, const std::string& where,
                   const std::function<void(const Node& key, const Node& value)>& handler) {
  if (n.kind != Node::Kind::map) return error(n, where + " must be a map from names to values", "like {NAME: …}");
  for (const auto& [key, value] : n.entries)
    if (is_name(key)) handler(key, value);
}

bool Loader::is_name(const Node& n) {
  const bool fine = !n.text.empty() && n.text.size() <= 64 && n.text.front() != '.' &&
                    std::all_of(n.text.begin(), n.text.end(),
                                [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
  if (!fine) error(n, "`" + n.text + "` is no name", "use letters, digits, `-`, `_` and `.` (not first), at most 64");
  return fine;
}

}  // namespace readback
