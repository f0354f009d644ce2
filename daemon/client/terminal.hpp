#pragma once
// What the client knows of the terminal, and text fitted to it. Colours only on a terminal, and never with NO_COLOR.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace readback {

bool colours();
bool is_terminal();
/// What COLUMNS says, else as wide as the terminal is; at least 20. Without either no line ends before its text does:
/// half a sentence is what nobody greps for.
int columns();
int rows();  ///< what LINES says, else those of the terminal, else 24; at least 5

std::string bold(const std::string& text);
/// By loudness or reading: green, yellow, red, dim; other words stay as they are.
std::string coloured(const std::string& text, std::string_view word);

/// A text as it goes out, whatever stands in it: nothing but our own colours (and those only where there are any), line
/// ends and tabs does anything on a terminal. All that the client prints goes through this.
std::string for_terminal(std::string_view text);

/// Width in columns, without escape sequences; a character of UTF-8 counts as one.
std::size_t shown_width(std::string_view text);
std::string fit(const std::string& text, std::size_t width);
/// Wrapped at blanks, each line after the first with this indent.
std::string wrapped(const std::string& text, std::size_t indent);
/// Rows with columns as wide as their longest cell; the last column is wrapped in what is left.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// How far a long work has come, as a bar on stderr. Shown only when that is a terminal, the result itself goes
/// elsewhere, and there is enough of it to wait for.
class Progress {
 public:
  explicit Progress(bool result_on_terminal);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void at(double share, std::uint64_t bytes);  ///< share of the whole, 0 to 1

 private:
  bool wanted_;
  std::string shown_;
};

}  // namespace readback
