#pragma once
// A YAML document as a plain tree with the place of every node. Built from the parser's events, so that what yaml-cpp
// would accept silently is seen: duplicate keys, anchors and aliases, a second document.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.hpp"

namespace readback {

struct Entry;

struct Node {
  enum class Kind { null, scalar, list, map } kind = Kind::null;
  std::string text;            ///< of a scalar, as written
  bool quoted = false;         ///< "true" in quotes is a text
  bool unread = false;         ///< an alias stood here: told, and no mistake in itself
  int line = 0, column = 0;    ///< from 1
  std::vector<Node> items;     ///< of a list
  std::vector<Entry> entries;  ///< of a map, in the order written

  const Node* find(std::string_view key) const;
};

struct Entry {
  Node key, value;
};

/// Exactly one document without anchors and aliases, at most 1 MiB and 32 levels deep. Problems are added, and then
/// the tree may be incomplete.
Node parse_document(std::string_view yaml, const std::string& file, std::vector<ConfigProblem>& problems);

}  // namespace readback
