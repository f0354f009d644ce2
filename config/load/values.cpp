// Words, numbers, times and texts: read strictly, and refused with what would have been right.
#include "config/scalars.hpp"

#include <algorithm>
#include <cctype>

#include "config/load/loader.hpp"
#include "config/zone.hpp"
#include "core/text/time.hpp"
#include "core/text/words.hpp"

namespace readback {

bool Loader::scalar(const Node& n, const std::string& what) {
  if (n.kind == Node::Kind::scalar) return true;
  const bool missing = n.kind == Node::Kind::null;
  error(n, missing ? "the value is missing: " + what + " is expected" : what + " is expected here",
        missing ? "write one, or remove the key" : "write one single value");
  return false;
}

void Loader::line(const Node& n, std::string& out) {
  if (!scalar(n, "a text")) return;
  if (n.text.find_first_of("\r\n") != n.text.npos || n.text.find('\0') != n.text.npos)
    return error(n, "a text of one line is expected here", "leave the line breaks out");
  if (n.text.empty()) return error(n, "the text is empty", "write one, or remove the key");
  out = n.text;
}

void Loader::lines(const Node& n, std::vector<std::string>& out) {
  out.clear();
  each(n, [&](const Node& item) {
    std::string value;
    line(item, value);
    if (!value.empty()) out.push_back(value);
  });
}

void Loader::absolute_path(const Node& n, std::string& out) {
  if (!scalar(n, "a path")) return;
  if (!n.text.starts_with("/")) return error(n, "`" + n.text + "` is not an absolute path", "begin it with `/`");
  out = n.text;
}

bool Loader::duration(const Node& n, Millis& out, Millis least) {
  if (!scalar(n, "a duration")) return false;
  const auto d = parse_duration(n.text);
  if (!d)
    error(n, "`" + n.text + "` is no duration", "write it like 30s, 2m, 1h30m or 500ms");
  else if (*d < least)
    error(n, "`" + n.text + "` is too short", "at least " + write_duration(least));
  else
    out = *d;
  return d && *d >= least;
}

bool Loader::whole_number(const Node& n, int& out, int least, int most) {
  if (!scalar(n, "a whole number")) return false;
  const std::string range = "between " + std::to_string(least) + " and " + std::to_string(most);
  const auto parsed = n.quoted ? std::nullopt : parse_int(n.text);
  if (!parsed) {
    error(n, "`" + n.text + "` is no whole number", range);
    return false;
  }
  const int number = parsed.value_or(least);
  if (number < least || number > most) {
    error(n, n.text + " is out of range", range);
    return false;
  }
  out = number;
  return true;
}

std::optional<std::size_t> Loader::choice(const Node& n, const std::vector<std::string>& words) {
  const std::string all = joined(words);
  if (!scalar(n, "one of " + all)) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), n.text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  error(n, "`" + n.text + "` is not known here", meant_or(n.text, words, "one of " + all));
  return std::nullopt;
}

void Loader::read(const Node& n, const key::Text& v) { line(n, v.out); }

void Loader::read(const Node& n, const key::Name& v) {
  if (scalar(n, "a name") && is_name(n)) v.out = n.text;
}

void Loader::read(const Node& n, const key::Path& v) { absolute_path(n, v.out); }

void Loader::read(const Node& n, const key::SocketPath& v) {
  absolute_path(n, v.out);
  if (n.text.size() > 107)  // what sockaddr_un holds
    error(n, "the path of a socket has at most 107 bytes, and this one " + std::to_string(n.text.size()),
          "/run/readback/control.sock");
}

void Loader::read(const Node& n, const key::Duration& v) { duration(n, v.out, v.least); }

void Loader::read(const Node& n, const key::OwnDuration& v) { duration(n, v.out.emplace(), v.least); }

void Loader::read(const Node& n, const key::WholeNumber& v) { whole_number(n, v.out, v.least, v.most); }

void Loader::read(const Node& n, const key::Days& v) {
  int days = 0;
  if (whole_number(n, days, v.least, v.most)) v.out = std::chrono::hours(24) * days;
}

void Loader::read(const Node& n, const key::Size& v) {
  if (!scalar(n, "a size")) return;
  const auto bytes = parse_size(n.text);
  if (!bytes) return error(n, "`" + n.text + "` is no size", "write it like 500MB or 1GiB");
  if (*bytes < v.least) return error(n, "`" + n.text + "` is too small", "at least " + write_size(v.least));
  v.out = *bytes;
}

void Loader::read(const Node& n, const key::Jitter& v) {
  if (!scalar(n, "a percentage")) return;
  const auto percent = parse_percent(n.text);
  if (!percent || *percent > 50) return error(n, "`" + n.text + "` is no jitter", "a percentage between 0% and 50%");
  v.out = *percent;
}

void Loader::read(const Node& n, const key::Rate& v) {
  if (!scalar(n, "a rate")) return;
  const auto rate = parse_rate_per_minute(n.text);
  if (!rate || *rate < 1) return error(n, "`" + n.text + "` is no rate", "write it like 90/min");
  v.out = *rate;
}

void Loader::read(const Node& n, const key::Boolean& v) {
  if (!scalar(n, "true or false")) return;
  const auto value = n.quoted ? std::nullopt : parse_bool(n.text);
  if (!value) return error(n, "`" + n.text + "` is neither true nor false", "write true or false");
  v.out = *value;
  if (!v.out && !v.risk.empty()) warn(n, std::string(v.risk), std::string(v.instead));
}

void Loader::read(const Node& n, const key::Choice& v) {
  if (const auto index = choice(n, v.words)) v.choose(*index);
}

void Loader::read(const Node& n, const key::Pointer& v) {
  if (!scalar(n, "a JSON pointer")) return;
  if (!n.text.starts_with("/")) return error(n, "`" + n.text + "` is no JSON pointer", "like /data/status");
  v.out = n.text;
}

void Loader::read(const Node& n, const key::Clock& v) {
  if (!scalar(n, "a time of day")) return;
  const auto minute = parse_clock(n.text);
  if (!minute) return error(n, "`" + n.text + "` is no time of day", "\"02:00\", in quotes");
  v.out = *minute;
}

void Loader::read(const Node& n, const key::Zone& v) {
  if (!scalar(n, "a time zone")) return;
  const auto offsets = zone_offsets(n.text);
  if (!offsets) return error(n, "this host knows no time zone `" + n.text + "`", "an IANA name like Europe/Berlin");
  v.out.timezone = n.text;
  v.out.zone = *offsets;
}

void Loader::read(const Node& n, const key::Texts& v) { lines(n, v.out); }

void Loader::read(const Node& n, const key::WordSet& v) {
  each(n, [&](const Node& item) {
    if (!scalar(item, "a word")) return;
    std::string word = lower_case(item.text);
    for (char& c : word)
      if (c == '-' || c == ' ') c = '_';
    v.out.insert(word);
  });
}

void Loader::read(const Node& n, const key::Map& v) { map(n, v.section); }

}  // namespace readback
