// The tree is built from yaml-cpp's events, because its own nodes have already forgotten what we must refuse. Parsing
// ends at the first thing that makes the rest a guess.
#include "config/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <memory>
#include <set>
#include <sstream>

namespace readback {
namespace {

constexpr std::size_t deepest = 32, most_nodes = 200'000;

/// Thrown out of the parser to end it early; the problem is already recorded.
struct Enough {};

class Builder : public YAML::EventHandler {
 public:
  Builder(const std::string& file, std::vector<ConfigProblem>& problems) : file_(file), problems_(problems) {}
  Node root;
  int documents = 0;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents == 2) fail(mark, "a second document begins here", "keep everything in one document, without `---`");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(Node::Kind::null, mark, anchor)); }
  /// Never followed, so that a bomb of them is as harmless as a row of words.
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    complain(mark, "aliases (`*name`) are not allowed", "write the value out");
    Node n = make(Node::Kind::scalar, mark, 0);
    n.unread = true;
    add(std::move(n));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node n = make(Node::Kind::scalar, mark, anchor);
    n.text = value;
    n.quoted = tag == "!";
    if (!n.quoted && (value == "~" || value == "null" || value == "Null" || value == "NULL")) n.kind = Node::Kind::null;
    add(std::move(n));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(Node::Kind::list, mark, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(Node::Kind::map, mark, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::unique_ptr<Node> key;  ///< of a map, while its value is awaited
    std::set<std::string> keys;
  };

  void complain(const YAML::Mark& mark, std::string text, std::string suggestion) {
    problems_.push_back({file_, mark.line + 1, mark.column + 1, false, std::move(text), std::move(suggestion)});
  }
  [[noreturn]] void fail(const YAML::Mark& mark, std::string text, std::string suggestion) {
    complain(mark, std::move(text), std::move(suggestion));
    throw Enough{};
  }
  Node make(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor) complain(mark, "anchors (`&name`) are not allowed", "write the value out where it is needed");
    if (++nodes_ > most_nodes)
      fail(mark, "the file has more than " + std::to_string(most_nodes) + " values", "leave out what is not needed");
    Node n;
    n.kind = kind;
    n.line = mark.line + 1;
    n.column = mark.column + 1;
    return n;
  }
  void open(Node n) {
    if (stack_.size() >= deepest) {
      problems_.push_back({file_, n.line, n.column, false, "nested deeper than " + std::to_string(deepest) + " levels",
                           "nothing here goes deeper than eight"});
      throw Enough{};
    }
    stack_.push_back({std::move(n), nullptr, {}});
  }
  void close() {
    Node n = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(n));
  }
  void add(Node n) {
    if (stack_.empty()) {
      root = std::move(n);
      return;
    }
    auto& top = stack_.back();
    if (top.node.kind == Node::Kind::list) {
      top.node.items.push_back(std::move(n));
    } else if (!top.key) {
      if (n.kind != Node::Kind::scalar && n.kind != Node::Kind::null) {
        problems_.push_back({file_, n.line, n.column, false, "a key must be a plain word", "like `name: value`"});
        n.unread = true;
      } else if (!n.unread && !top.keys.insert(n.text).second)
        problems_.push_back(
            {file_, n.line, n.column, false, "`" + n.text + "` stands here a second time", "keep one of them"});
      top.key = std::make_unique<Node>(std::move(n));
    } else {
      if (n.kind == Node::Kind::null &&
          n.line > top.key->line) {  // yaml-cpp marks a value that is missing by what follows
        n.line = top.key->line;
        n.column = top.key->column;
      }
      top.node.entries.push_back({std::move(*top.key), std::move(n)});
      top.key.reset();
    }
  }

  const std::string& file_;
  std::vector<ConfigProblem>& problems_;
  std::vector<Open> stack_;
  std::size_t nodes_ = 0;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [k, v] : entries)
    if (k.text == key) return &v;
  return nullptr;
}

Node parse_document(std::string_view yaml, const std::string& file, std::vector<ConfigProblem>& problems) {
  if (yaml.size() > largest_config) {
    problems.push_back(
        {file, 0, 0, false, "the file is larger than 1 MiB", "a configuration of this size is a mistake"});
    return {};
  }
  Builder builder(file, problems);
  try {
    std::istringstream in{std::string(yaml)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Enough&) {
  } catch (const YAML::Exception& e) {
    problems.push_back({file, e.mark.line + 1, e.mark.column + 1, false, "not valid YAML: " + e.msg,
                        "look here and in the lines above for indentation, brackets and quotes"});
  } catch (const std::exception& e) {
    problems.push_back({file, 0, 0, false, std::string("not valid YAML: ") + e.what(), "write it anew, in UTF-8"});
  }
  return std::move(builder.root);
}

}  // namespace readback
