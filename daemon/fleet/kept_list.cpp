// Whatever stands in the file, nobody is stopped by it: what cannot be used is an object without its list.
#include "daemon/fleet/kept_list.hpp"

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

namespace readback {
namespace json = boost::json;

std::optional<json::object> read_kept(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  json::error_code ec;
  auto all = json::parse(text.str(), ec);
  if (ec || !all.is_object()) return json::object{};
  return std::move(all.get_object());
}

bool is_kept_list(const json::object& kept) {
  const auto* waiting = kept.if_contains("waiting");
  return waiting && waiting->is_array();
}

}  // namespace readback
