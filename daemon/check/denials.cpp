// A guess, for kernels that tell us nothing themselves: lines that say "denied" in the words of libc, with the first
// path that stands in them.
#include "daemon/check/denials.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace readback {
namespace {

bool is_one_of(char c, std::string_view these) { return these.find(c) != these.npos; }

/// The first absolute path of the line, in quotes or by itself; "" when there is none.
std::string first_path(const std::string& line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] != '/' || (at > 0 && !is_one_of(line[at - 1], " '\"`("))) continue;
    const char quote = at > 0 && is_one_of(line[at - 1], "'\"`") ? line[at - 1] : ' ';
    const auto stop = quote == ' ' ? line.find_first_of(" :,)", at) : line.find(quote, at);
    return line.substr(at, std::min(stop, line.size()) - at);
  }
  return "";
}

}  // namespace

std::vector<std::string> denials_in(const std::string& output) {
  std::vector<std::string> denials;
  for (std::size_t from = 0; from < output.size() && denials.size() < most_denials;) {
    const auto end = std::min(output.find('\n', from), output.size());
    const std::string line = output.substr(from, std::min<std::size_t>(end - from, 1000));
    from = end + 1;
    const auto says = [&](const char* words) { return line.find(words) != line.npos; };
    if (!says("Permission denied") && !says("Operation not permitted")) continue;
    const auto path = first_path(line);
    const bool network = says("connect") || says("socket") || says("bind");
    if (path.empty()) {
      denials.push_back((network ? "connect: " : "call: ") + line.substr(0, 160));
    } else if (::access(path.c_str(), F_OK) != 0 ||
               ::access(path.c_str(), R_OK) == 0) {  // readable for us: then it was the write
      denials.push_back((network ? "connect " : "write ") + path);
    }
  }
  std::sort(denials.begin(), denials.end());
  denials.erase(std::unique(denials.begin(), denials.end()), denials.end());
  return denials;
}

}  // namespace readback
