// JSON is judged on the tape of its values (core/text/json_tape.hpp): it need not be whole, and it comes out as it was
// received, but for the values that are hidden.
#include <algorithm>
#include <cctype>

#include "core/redaction/finders.hpp"
#include "core/redaction/values.hpp"
#include "core/text/json_tape.hpp"

namespace readback {
namespace {

using Node = JsonTape::Node;
constexpr auto no_node = JsonTape::no_node;

/// What a key above says of what stands below it.
struct Above {
  bool secret = false;      ///< some key above says that what stands here is one
  bool registries = false;  ///< below docker's `auths`
  bool drawn = false;       ///< below a resource that is a password drawn at random: `result`
  bool kubernetes = false;  ///< below `data` or `stringData` of a Secret
  NameSense beside;         ///< what stands beside the object says of its value
};

class Judge {
 public:
  Judge(const View& view, const std::vector<Node>& nodes, const Finding& found)
      : view_(view), nodes_(nodes), found_(found) {}

  void walk(std::size_t index, const Above& above, const NameSense& sense) {
    const Node& node = nodes_[index];
    switch (node.kind) {
      case Node::Kind::object: return object(node, above);
      case Node::Kind::array: return array(node, above, sense);
      case Node::Kind::string: return string(node, above, sense);
      case Node::Kind::number:
        if (sense.holds == Holds::secret && is_secret_value(sense, view_.text(node.value)))
          found_.mark(view_, node.value, "key", true);
        return;
      case Node::Kind::word: return;
    }
  }

 private:
  /// A key or a short string, decoded.
  std::string plain(Range r) const { return std::string(View(view_, r, View::Decode::json_string).text()); }
  NameSense sense_of(Range r) const {
    const auto text = view_.text(r);
    return text.find('\\') == text.npos ? found_.names.of(text) : found_.names.of(plain(r));
  }
  /// Of a string that may be a name; what is longer is a text.
  NameSense named(const Node& node) const {
    constexpr std::size_t longest = 64;
    return node.kind == Node::Kind::string && node.value.to - node.value.from <= longest ? sense_of(node.value)
                                                                                         : NameSense{};
  }

  /// What the fields of one object say of each other.
  struct Fields {
    NameSense beside;  ///< {"name":"DB_PASSWORD","value":"…"}
    bool kubernetes = false, sensitive = false, drawn = false, sealed = false;
    bool validated = false;               ///< `beside` is the member of which a validator says what it was given
    bool jwk = false, unsealing = false;  ///< a key as JSON; what a vault says once, when it is made
  };

  Fields fields(const Node& node, const Above& above) const {
    Fields said{.beside = above.beside, .drawn = above.drawn};
    for (auto i = node.first; i != no_node; i = nodes_[i].next) {
      const Node& child = nodes_[i];
      const auto key = view_.text(child.key), value = view_.text(child.value);
      if (child.kind == Node::Kind::string) {
        if (sense_of(child.key).label)
          if (const auto sense = named(child); sense.holds > said.beside.holds) said.beside = sense;
        if (key == "kind") said.kubernetes = value == "Secret";
        said.jwk = said.jwk || key == "kty";
        said.unsealing = said.unsealing || key == "root_token";
        if (key == "instancePath") validator(said, found_.names.of(value.substr(value.rfind('/') + 1)));
        if (key != "type" && key != "Type") continue;
        said.sealed = value == "SecureString";
        said.drawn = said.drawn || value == "random_password" || value == "random_string" ||
                     value == "tls_private_key" || value.ends_with("_secret_version");
      } else if (child.kind == Node::Kind::array && key == "loc") {
        auto last = child.first;
        while (last != no_node && nodes_[last].next != no_node) last = nodes_[last].next;
        if (last != no_node && nodes_[last].kind == Node::Kind::string) validator(said, named(nodes_[last]));
      } else if (child.kind == Node::Kind::word && value == "true") {
        const auto low = fold_case(key);
        said.sensitive = said.sensitive || low == "sensitive" || low == "secret" || low == "is_secret" ||
                         low == "issecret" || low == "masked";
      }
    }
    return said;
  }

  /// {"loc":["body","password"],"msg":"…","input":"…"}, {"instancePath":"/password","message":"…","data":"…"}
  static void validator(Fields& said, const NameSense& of) {
    if (of.holds <= said.beside.holds) return;
    said.beside = of;
    said.validated = true;
  }

  void object(const Node& node, const Above& above) {
    const Fields said = fields(node, above);
    grid(node);
    for (auto i = node.first; i != no_node; i = nodes_[i].next) {
      const Node& child = nodes_[i];
      const auto key = view_.text(child.key);
      NameSense sense = sense_of(child.key);
      const bool content = sense.content || (said.validated && key == "input"), tells = sense.tells;
      if (content && said.beside.holds > sense.holds) sense = said.beside;
      Above next = above;
      next.drawn = said.drawn;
      next.registries = above.registries || key == "auths";
      next.kubernetes = above.kubernetes || (said.kubernetes && (key == "data" || key == "stringData"));
      next.beside = child.kind == Node::Kind::object ? said.beside : NameSense{};
      if (tells && (child.kind == Node::Kind::string || key != "metadata")) next.secret = false;
      next.secret = next.secret || sense.holds == Holds::secret || above.kubernetes ||
                    (content && (said.sensitive || said.sealed)) || is_kept_by_program(key, above, said);
      key_itself(child.key);
      if (found_.alone && view_.depth() == 0 && sense.holds == Holds::nothing && !next.secret &&
          !sense_of(child.key).label && key != "kind" && key != "type" && key != "Type" &&
          (child.kind == Node::Kind::string || child.kind == Node::Kind::number))
        found_.alone->push_back({child.value, child.kind == Node::Kind::number});
      walk(i, next, sense);
    }
  }

  /// Keys that hold secrets in the files of one program: docker, composer, terraform.
  static bool is_kept_by_program(std::string_view key, const Above& above, const Fields& said) {
    if (above.registries && key == "auth") return true;
    constexpr std::string_view halves[] = {"d", "p", "q", "dp", "dq", "qi", "k"};  // RFC 7518, the private ones
    if (said.jwk && std::find(std::begin(halves), std::end(halves), key) != std::end(halves)) return true;
    if (said.unsealing &&
        (key.starts_with("keys") || key.starts_with("unseal_keys") || key.starts_with("recovery_keys")))
      return true;
    if (key.ends_with("-oauth") || key == "http-basic" || key == "gitlab-token") return true;
    return said.drawn &&
           (key == "result" || key == "bcrypt_hash" || key == "secret_string" || key == "private_key_pem");
  }

  /// {"columns":["user","password"],"rows":[["app","…"]]}
  void grid(const Node& node) {
    std::vector<NameSense> columns;
    for (auto i = node.first; i != no_node; i = nodes_[i].next) {
      if (nodes_[i].kind != Node::Kind::array) continue;
      const auto key = fold_case(view_.text(nodes_[i].key));
      if (key != "columns" && key != "fields" && key != "headers" && key != "header") continue;
      for (auto c = nodes_[i].first; c != no_node; c = nodes_[c].next) columns.push_back(named(nodes_[c]));
    }
    if (std::none_of(columns.begin(), columns.end(), [](const NameSense& s) { return s.holds == Holds::secret; }))
      return;
    for (auto i = node.first; i != no_node; i = nodes_[i].next)
      for (auto row = nodes_[i].kind == Node::Kind::array ? nodes_[i].first : no_node; row != no_node;
           row = nodes_[row].next) {
        if (nodes_[row].kind != Node::Kind::array) continue;
        std::size_t column = 0;
        for (auto c = nodes_[row].first; c != no_node && column < columns.size(); c = nodes_[c].next, ++column)
          if (columns[column].holds == Holds::secret) walk(c, Above{.secret = true, .beside = {}}, columns[column]);
      }
  }

  void array(const Node& node, const Above& above, const NameSense& sense) {
    const auto first = node.first, second = first == no_node ? no_node : nodes_[first].next;
    const bool two = second != no_node && nodes_[second].next == no_node && nodes_[first].kind == Node::Kind::string;
    if (two && !above.secret) {  // ["password", "…"]
      const auto of_first = named(nodes_[first]);
      if (of_first.holds == Holds::secret && named(nodes_[second]).holds != Holds::secret) {
        Above next = above;
        next.secret = true;
        return walk(second, next, of_first);
      }
    }
    std::size_t last = no_node;
    for (auto i = first; i != no_node; last = i, i = nodes_[i].next) {
      Above next = above;
      next.secret = next.secret || follows_name(last, i);
      walk(i, next, sense);
    }
  }

  /// An argument behind its option, a header behind its name: ["--password","…"], ["Host","a","X-Api-Key","…"].
  bool follows_name(std::size_t last, std::size_t index) const {
    if (last == no_node || nodes_[last].kind != Node::Kind::string || nodes_[index].kind != Node::Kind::string)
      return false;
    const auto name = view_.text(nodes_[last].value), value = view_.text(nodes_[index].value);
    const bool option = name.starts_with('-');
    // Names of pods and the like are no names of secrets, and are not worth to be judged.
    if (name.size() > 64 || name.find_first_of(option ? "= " : "=0123456789 ") != name.npos) return false;
    return (option ? !value.starts_with('-') : looks_secret(value)) && found_.names.of(name).holds == Holds::secret;
  }

  void string(const Node& node, const Above& above, const NameSense& sense) {
    const View content(view_, node.value, View::Decode::json_string);
    NameSense judged = sense;
    if (above.secret) judged.holds = Holds::secret;
    if (judged.holds != Holds::nothing && is_secret_value(judged, content.text()))
      return found_.mark(view_, node.value, "key");
    find_secrets(content, found_);
  }

  /// A map from addresses or tokens to what is known of them. Short plain keys are names.
  void key_itself(Range key) {
    const auto text = view_.text(key);
    const bool plain_name = text.size() < 16 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                              return std::isalnum(c) || c == '_';
                            });
    if (plain_name) return;
    const View content(view_, key, View::Decode::json_string);
    find_secrets(content, found_);
  }

  const View& view_;
  const std::vector<Node>& nodes_;
  const Finding& found_;
};

}  // namespace

std::size_t find_in_json(const View& view, std::size_t at, const Finding& found) {
  JsonTape tape(view.text(), at);
  if (!tape.is_json()) return at;
  Judge(view, tape.nodes(), found).walk(0, {}, {});
  return tape.end();
}

}  // namespace readback
