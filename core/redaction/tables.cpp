// Rows and columns: a head that names a secret, by comma, tab, semicolon, bar or position, and the files that are rows
// by themselves (`/etc/shadow`, `.pgpass`, forms that are sent in parts).
#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "core/redaction/finders.hpp"
#include "core/redaction/letters.hpp"
#include "core/redaction/values.hpp"

namespace readback {
namespace {

constexpr std::size_t most_cells = 64, longest_head = 48, longest_part = 256, most_head_lines = 16;

using Cells = std::vector<Range>;

Range trimmed(std::string_view text, Range r) {
  while (!r.empty() && (is_blank(text[r.from]) || text[r.from] == '"' || text[r.from] == '\'')) ++r.from;
  while (!r.empty() &&
         (is_blank(text[r.to - 1]) || text[r.to - 1] == '"' || text[r.to - 1] == '\'' || text[r.to - 1] == '\r'))
    --r.to;
  return r;
}

/// Quotes keep separators in: CSV as RFC 4180 has it.
Cells cells_by(std::string_view text, Range line, char separator) {
  Cells cells;
  bool quoted = false;
  std::size_t from = line.from;
  for (std::size_t i = line.from; i <= line.to && cells.size() < most_cells; ++i) {
    if (i < line.to && text[i] == '"') quoted = !quoted;
    if (i < line.to && (text[i] != separator || quoted)) continue;
    cells.push_back(trimmed(text, {from, i}));
    from = i + 1;
  }
  return cells;
}

/// By two blanks or more, as commands print.
Cells cells_by_position(std::string_view text, Range line) {
  Cells cells;
  std::size_t i = line.from;
  while (i < line.to && cells.size() < most_cells) {
    while (i < line.to && is_blank(text[i])) ++i;
    const std::size_t from = i;
    while (i < line.to && !(text[i] == '\t' || (text[i] == ' ' && i + 1 < line.to && text[i + 1] == ' '))) ++i;
    if (i > from) cells.push_back(trimmed(text, {from, i}));
  }
  return cells;
}

/// As crypt(3) and LDAP write them: `$6$…`, `!$6$…`, `{SSHA}…`.
bool is_hash(std::string_view text) {
  if (text.starts_with("!")) text.remove_prefix(1);
  if (text.starts_with("{S")) return text.find('}') != text.npos;
  const auto second = text.starts_with("$") ? text.find('$', 1) : text.npos;
  return second != text.npos && second > 1 && second < 16 && text.find_first_of("{} ") == text.npos;
}

class Tables {
 public:
  Tables(const View& view, const Finding& found) : view_(view), text_(view.text()), found_(found) {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      lines_.push_back({at, end});
      at = end + 1;
    }
  }

  void run() {
    if (text_.find("kind: Secret") != std::string_view::npos) kubernetes();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      stored(lines_[i]);

      bool headed = i < past_rows_;
      for (const char separator : {',', '\t', ';', '|'})
        if (!headed &&
            text_.substr(lines_[i].from, lines_[i].to - lines_[i].from).find(separator) != std::string_view::npos)
          headed = by_separator(i, separator);
      if (i + 1 == lines_.size()) break;
      if (!headed) by_position(i);
      form_part(i);
    }
  }

 private:
  /// Which cells of a head name a secret. None when a cell is no name.
  std::vector<NameSense> heads(const Cells& cells) const {
    std::vector<NameSense> senses;
    bool any = false;
    for (const auto& cell : cells) {
      const auto name = view_.text(cell);
      if (name.size() > longest_head || name.find_first_of("=:\"{}<>()") != name.npos) return {};
      if (!name.empty() && std::isdigit(static_cast<unsigned char>(name.front()))) return {};
      senses.push_back(found_.names.of(name));
      any = any || senses.back().holds == Holds::secret;
    }
    return any ? senses : std::vector<NameSense>{};
  }

  bool by_separator(std::size_t head, char separator) {
    const Cells cells = cells_by(text_, lines_[head], separator);
    if (cells.size() < 2) return false;
    const auto senses = heads(cells);
    if (senses.empty()) return keyed_rows(head, cells, separator);
    if (row_by_itself(head, cells, senses)) return true;
    bool any = false;
    for (std::size_t row = head + 1; row < lines_.size(); past_rows_ = ++row) {
      const Cells values = cells_by(text_, lines_[row], separator);
      if (values.size() != cells.size()) {
        if (is_rule(lines_[row])) continue;
        break;
      }
      any = true;
      for (std::size_t i = 0; i < values.size(); ++i) cell(values[i], senses[i], lines_[row]);
    }
    return any;
  }

  /// A head of `Key` and `Value`: each row names what it holds.
  bool keyed_rows(std::size_t head, const Cells& cells, char separator) {
    std::size_t key = cells.size(), value = cells.size();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto name = fold_case(view_.text(cells[i]));
      if (key == cells.size() && (name == "key" || name == "name" || name == "variable" || name == "parameter" ||
                                  name == "setting" || name == "option"))
        key = i;
      if (value == cells.size() &&
          (name == "value" || name == "values" || name == "setting value" || name == "current"))
        value = i;
    }
    if (key == cells.size() || value == cells.size()) return false;
    for (std::size_t row = head + 1; row < lines_.size(); past_rows_ = ++row) {
      const Cells values = cells_by(text_, lines_[row], separator);
      if (values.size() != cells.size()) break;
      cell(values[value], found_.names.of(view_.text(values[key])), lines_[row]);
    }
    return true;
  }

  /// `| password | x |`: a name and its value, unless both look like names of columns.
  bool row_by_itself(std::size_t row, const Cells& cells, const std::vector<NameSense>& senses) {
    std::vector<std::size_t> filled;
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (!cells[i].empty()) filled.push_back(i);
    if (filled.size() != 2 || senses[filled[0]].holds != Holds::secret) return false;
    Range value = cells[filled[1]];
    while (!value.empty() && text_[value.from] == '`') ++value.from;
    while (!value.empty() && text_[value.to - 1] == '`') --value.to;
    if (view_.text(value).find_first_of("0123456789!@#$%^&*;") == std::string_view::npos) return false;
    cell(value, senses[filled[0]], lines_[row]);
    return true;
  }

  /// `-----+-----` between head and rows.
  bool is_rule(Range line) const {
    const auto text = view_.text(line);
    return !text.empty() && text.find_first_not_of("-+|= \t\r:") == text.npos;
  }

  void by_position(std::size_t head) {
    const Cells cells = cells_by_position(text_, lines_[head]);
    if (cells.size() < 2) return;
    const auto senses = heads(cells);
    if (senses.empty()) return;
    for (std::size_t row = head + 1; row < lines_.size(); past_rows_ = ++row) {
      if (is_rule(lines_[row])) continue;
      const Cells values = cells_by_position(text_, lines_[row]);
      if (values.size() < 2 || values.size() > cells.size()) return;
      for (const auto& value : values) {
        const std::size_t column = value.from - lines_[row].from;
        for (std::size_t i = 0; i < cells.size(); ++i) {
          const std::size_t from = cells[i].from - lines_[head].from;
          const std::size_t to =
              i + 1 < cells.size() ? cells[i + 1].from - lines_[head].from : static_cast<std::size_t>(-1);
          const bool same = values.size() == cells.size() ? &value - values.data() == static_cast<std::ptrdiff_t>(i)
                                                          : column >= from && column < to;
          if (same) cell(value, senses[i], lines_[row]);
        }
      }
    }
  }

  void cell(Range value, const NameSense& sense, Range row) {
    if (sense.holds != Holds::secret || is_rule(row) || value.empty()) return;
    const auto text = view_.text(value);
    // A column `SECRET` often names it: names are words with `-` between.
    const bool named = sense.named && text.find('-') != text.npos &&
                       text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == text.npos;
    if (!named && !is_name(text) && is_secret_value(sense, text)) found_.mark(view_, value, "key");
  }

  /// Below `db_password` stands `api_token`: these are rows of what there is, and no head with its values.
  bool is_name(std::string_view text) const {
    return text.find('_') != text.npos && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == text.npos &&
           found_.names.of(text).holds == Holds::secret;
  }

  /// `user:$6$…:19000:` and `host:5432:db:user:x`.
  void stored(Range line) {
    const Cells fields = cells_by(text_, line, ':');
    if (fields.size() < 2) return;
    const auto second = view_.text(fields[1]);
    if (second.size() >= 13 && is_hash(second)) found_.mark(view_, fields[1], "hash");
    const auto last = view_.text(fields.back());
    if (fields.size() == 3 && last.size() == 32 && last.find_first_not_of("0123456789abcdef") == last.npos &&
        view_.text(fields[0]).find(' ') == std::string_view::npos)
      found_.mark(view_, fields.back(), "hash");
    const auto is_port = [](std::string_view text) {
      return text == "*" || (!text.empty() && text.size() <= 5 &&
                             std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); }));
    };
    const auto first = view_.text(fields[0]);
    if (fields.size() == 5 && is_port(second) && !first.empty() && first.find(' ') == first.npos &&
        view_.text(fields[2]).find(' ') == std::string_view::npos &&
        view_.text(fields[3]).find(' ') == std::string_view::npos) {
      const auto value = view_.text(fields[4]);
      if (!value.empty() && value.find(' ') == value.npos && !tells_of_secret(value) &&
          value.find_first_not_of("0123456789.") != value.npos)
        found_.mark(view_, fields[4], "key");
    }
  }

  /// The document of a Kubernetes Secret, in YAML: everything below `data` and `stringData`.
  void kubernetes() {
    const auto is_key = [](std::string_view line, std::string_view key) {
      return line == key || (line.starts_with(key) && line.find_first_not_of(" \t\r", key.size()) == line.npos);
    };
    bool secret = false, below = false, block = false;
    std::size_t depth = 0, block_depth = 0;
    const auto kind = [&](std::size_t from) {
      for (std::size_t i = from; i < lines_.size() && !view_.text(lines_[i]).starts_with("---"); ++i)
        if (auto line = view_.text(lines_[i]);
            line.substr(std::min(line.size(), line.find_first_not_of(" -"))).starts_with("kind: Secret") &&
            line.find("List") == line.npos)
          return true;
      return false;
    };
    secret = kind(0);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const auto line = view_.text(lines_[i]);
      if (line.starts_with("---")) secret = kind(i + 1), below = false;
      const std::size_t first = line.find_first_not_of(" \t");
      if (!secret || first == line.npos) continue;
      if (below && first <= depth) below = false;
      if (!below) {
        below = is_key(line.substr(first), "data:") || is_key(line.substr(first), "stringData:");
        depth = first;
        block = false;
        continue;
      }
      if (block && first > block_depth) {
        found_.mark(view_, trimmed(text_, {lines_[i].from + first, lines_[i].to}), "key");
        continue;
      }
      block = false;
      const auto colon = line.find(": ", first);
      if (colon == line.npos) continue;
      const Range value = trimmed(text_, {lines_[i].from + colon + 2, lines_[i].to});
      const auto text = view_.text(value);
      if (!text.empty() && (text.front() == '|' || text.front() == '>')) {
        block = true;
        block_depth = first;
      } else if (!text.empty() && !tells_of_secret(text)) {
        found_.mark(view_, value, "key");
      }
    }
  }

  /// `Content-Disposition: form-data; name="password"`, an empty line, and the value until the boundary.
  void form_part(std::size_t i) {
    const auto line = view_.text(lines_[i]);
    const auto at = line.find("name=");
    if (line.find("form-data") == line.npos || at == line.npos) return;
    auto name = line.substr(at + 5);
    if (!name.empty() && name.front() == '"') name.remove_prefix(1);
    name = name.substr(0, name.find_first_of("\";\r"));
    const auto sense = found_.names.of(name);
    if (sense.holds != Holds::secret) return;
    std::size_t row = i + 1;
    while (row < lines_.size() && row - i < most_head_lines && !trimmed(text_, lines_[row]).empty()) ++row;
    if (row - i >= most_head_lines) return;
    const std::size_t first = row + 1;
    std::size_t last = first;
    while (last < lines_.size() && last - first < longest_part && !view_.text(lines_[last]).starts_with("--")) ++last;
    if (first < lines_.size() && last > first) {
      const Range value = trimmed(text_, {lines_[first].from, lines_[last - 1].to});
      if (is_secret_value(sense, view_.text(value))) found_.mark(view_, value, "key");
    }
  }

  const View& view_;
  std::string_view text_;
  const Finding& found_;
  std::vector<Range> lines_;
  std::size_t past_rows_ = 0;  ///< behind the rows of the last table: they are no heads of others
};

}  // namespace

void find_in_tables(const View& view, const Finding& found) {
  const auto text = view.text();
  if (text.find_first_of("\n|") != text.npos || text.find(":$") != text.npos ||
      std::count(text.begin(), text.end(), ':') == 4)
    Tables(view, found).run();
}

}  // namespace readback
