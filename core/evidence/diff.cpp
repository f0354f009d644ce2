// What changed between two answers, as JSON Patch (RFC 6902). Stamps and counters change in every answer and explain
// nothing: they are left out by their names, wherever they stand.
#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <utility>

#include "core/evidence/parts.hpp"

namespace readback {
namespace json = boost::json;
namespace {

std::string escaped(std::string_view name) {
  std::string out;
  for (char c : name) out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
  return out;
}

struct Differ {
  const std::vector<std::string>& leave_out;
  json::array patch;

  void note(const char* op, const std::string& path, const json::value* value) {
    constexpr std::size_t most = 2000;
    if (patch.size() >= most) return;
    json::object o{{"op", op}, {"path", path}};
    if (value) o["value"] = *value;
    patch.push_back(std::move(o));
  }
  bool skipped(const std::string& path, std::string_view name) const {
    return parts::always_changes(name) || std::find(leave_out.begin(), leave_out.end(), path) != leave_out.end();
  }
  void compare(const json::value& before, const json::value& after, const std::string& path) {
    if (before == after) return;
    if (before.is_object() && after.is_object()) {
      for (const auto& [name, value] : before.get_object()) {
        const std::string below = path + "/" + escaped(name);
        if (skipped(below, name)) continue;
        if (const auto* now = after.get_object().if_contains(name))
          compare(value, *now, below);
        else
          note("remove", below, nullptr);
      }
      for (const auto& [name, value] : after.get_object()) {
        const std::string below = path + "/" + escaped(name);
        if (!before.get_object().contains(name) && !skipped(below, name)) note("add", below, &value);
      }
    } else if (before.is_array() && after.is_array()) {
      const auto& a = before.get_array();
      const auto& b = after.get_array();
      const std::size_t both = std::min(a.size(), b.size());
      for (std::size_t i = 0; i < both; ++i)
        if (const std::string below = path + "/" + std::to_string(i); !skipped(below, "")) compare(a[i], b[i], below);
      for (std::size_t i = a.size(); i > both; --i) note("remove", path + "/" + std::to_string(i - 1), nullptr);
      for (std::size_t i = both; i < b.size(); ++i) note("add", path + "/-", &b[i]);
    } else {
      note("replace", path, &after);
    }
  }
};

}  // namespace

bool parts::always_changes(std::string_view name) {
  constexpr std::string_view names[] = {
      "generated_at", "checked_at",     "last_checked",  "evaluated_at",     "observed_at",
      "captured_at",  "as_of",          "updated_at",    "last_updated",     "lastUpdate",
      "timestamp",    "time",           "request_id",    "requestId",        "trace_id",
      "traceId",      "correlation_id", "uptime",        "uptime_seconds",   "uptime_s",
      "latency_ms",   "duration_ms",    "totalDuration", "response_time_ms", "now",
      "date"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

const json::value* parts::Compared::parsed() {
  if (!std::exchange(is_parsed_, true)) {
    json::error_code ec;
    auto value = json::parse(text_, ec);
    if (!ec) value_ = std::move(value);
  }
  return value_ ? &*value_ : nullptr;
}

json::array parts::patch(Compared& before, Compared& after, const std::vector<std::string>& leave_out) {
  if (before.text_ == after.text_) return {};
  const auto* a = before.parsed();
  const auto* b = after.parsed();
  if (!a || !b) return {json::object{{"op", "replace"}, {"path", ""}, {"value", after.text_}}};
  Differ differ{leave_out, {}};
  differ.compare(*a, *b, "");
  return std::move(differ.patch);
}

json::array parts::patch(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out) {
  Compared a{std::string(before)}, b{std::string(after)};
  return patch(a, b, leave_out);
}

std::string json_diff(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out) {
  return json::serialize(parts::patch(before, after, leave_out));
}

std::string parts::opened_read(std::string_view file) {
  json::error_code ec;
  auto v = json::parse(file, ec);
  if (ec) return std::string(file);
  if (auto* o = v.if_object())
    if (auto* http = o->if_contains("http"); http && http->is_object())
      if (auto* body = http->get_object().if_contains("body"); body && body->is_string()) {
        auto inner = json::parse(std::string(body->get_string()), ec);
        if (!ec) *body = std::move(inner);
      }
  return json::serialize(v);
}

std::string read_diff(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out) {
  return json_diff(parts::opened_read(before), parts::opened_read(after), leave_out);
}

}  // namespace readback
