// What is between bytes and routes: targets taken apart and decoded, answers and problems put together.
#include "daemon/http/exchange.hpp"

#include <boost/json/serialize.hpp>

#include "core/text/utf8.hpp"

namespace readback {

namespace json = boost::json;

namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view in, bool plus_is_blank) {
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    char c = in[i];
    if (c == '%') {
      if (i + 2 >= in.size() || hex(in[i + 1]) < 0 || hex(in[i + 2]) < 0) return std::nullopt;
      c = static_cast<char>(hex(in[i + 1]) * 16 + hex(in[i + 2]));
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

/// Calls `each` for every piece between separators; false when one of them says so.
template <class Each>
bool split(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0 && !each(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace

const std::string* Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return &value;
  return nullptr;
}

std::optional<Request> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/' || target.size() > 8192) return std::nullopt;
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  Request out;
  const bool path_ok = split(target.substr(0, question), '/', [&](std::string_view piece) {
    auto segment = decode(piece, false);
    if (!segment || *segment == "." || *segment == "..") return false;
    out.path.push_back(std::move(*segment));
    return true;
  });
  if (!path_ok) return std::nullopt;
  if (question == std::string_view::npos) return out;
  const bool query_ok = split(target.substr(question + 1), '&', [&](std::string_view piece) {
    const auto equals = piece.find('=');
    auto key = decode(piece.substr(0, equals), true);
    auto value = decode(equals == std::string_view::npos ? "" : piece.substr(equals + 1), true);
    if (!key || !value) return false;
    out.query.emplace_back(std::move(*key), std::move(*value));
    return true;
  });
  if (!query_ok) return std::nullopt;
  return out;
}

Reply json_reply(int status, const json::object& body) {
  Reply out;
  out.status = status;
  out.body = json::serialize(body) + "\n";
  return out;
}

Reply problem_reply(const Problem& p) {
  json::object body;
  body["type"] = "about:blank";
  body["title"] = status_phrase(p.status);
  body["status"] = p.status;
  body["detail"] = clean_utf8(p.detail);
  if (!p.field.empty()) body["field"] = clean_utf8(p.field);
  if (!p.nearest.empty()) body["nearest"] = clean_utf8(p.nearest);
  Reply out = json_reply(p.status, body);
  out.content_type = "application/problem+json";
  return out;
}

std::string_view status_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

}  // namespace readback
