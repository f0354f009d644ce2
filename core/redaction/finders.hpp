#pragma once
// Where a text holds a secret. Each finder knows one kind of writing and marks the values, nothing more; what becomes
// of them is the redactor's business. All of them look at a view and see what the others saw; a stretch may be marked
// twice.
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/redaction/names.hpp"
#include "core/redaction/view.hpp"
#include "core/text/mold.hpp"

namespace readback {

/// A secret in the received text.
struct Mark {
  Range at;
  const char* rule = "key";  ///< "token", "query"; lower-case letters, part of the placeholder
  bool bare = false;         ///< stands without quotes in JSON: the placeholder needs them
};

/// Answers and their words repeat from sweep to sweep: what was found clean need not be looked at again. Holds no
/// secret.
class KnownClean {
 public:
  bool has(std::string_view text) const { return text.size() <= longest && texts_.contains(text); }
  void add(std::string_view text) {
    if (text.size() > longest) return;
    if (texts_.size() >= most) texts_.clear();
    texts_.emplace(text);
  }

 private:
  static constexpr std::size_t most = 4096, longest = 256;
  std::unordered_set<std::string, TextHash, std::equal_to<>> texts_;
};

/// Which bytes a text has: what needs another is not looked for.
class Alphabet {
 public:
  explicit Alphabet(std::string_view text) {
    for (const unsigned char c : text) has_[c] = true;
  }
  bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }
  bool has_all(std::string_view signs) const {
    for (const char c : signs)
      if (!has(c)) return false;
    return true;
  }

 private:
  std::array<bool, 256> has_{};
};

struct Finding {
  const Names& names;
  std::vector<Mark>& marks;
  KnownClean& clean;
  /// Of the received text, when somebody wants to know: values of JSON whose neighbours say nothing of them, and that
  /// tell nothing of their neighbours. Whatever else stands there is looked through by itself.
  std::vector<Mold::Gap>* alone = nullptr;

  /// In characters of the view.
  void mark(const View& view, Range r, const char* rule, bool bare = false) const {
    if (!r.empty()) marks.push_back({view.origin(r), rule, bare});
  }
};

/// Whether a value beside a name of this sense is a secret.
bool is_secret_value(const NameSense& sense, std::string_view value);

/// Everything that is known here, in a text of any kind. Texts in texts are looked at to a depth of eight.
void find_secrets(const View& view, const Finding& found);

// The kinds. `find_json` tells where it stopped: the end of what it could read as JSON, `at` when it could not.
std::size_t find_in_json(const View& view, std::size_t at, const Finding& found);
void find_assignments(const View& view, const std::vector<Range>& done, const Finding& found);
void find_in_markup(const View& view, const Finding& found);
void find_in_tables(const View& view, const Finding& found);
void find_in_commands(const View& view, const Finding& found);
void find_shapes(const View& view, const Alphabet& alphabet, const Finding& found);

}  // namespace readback
