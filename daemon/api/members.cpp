// Bodies are small and come from people with curl: each complaint names the member and what it should have been.
#include "daemon/api/members.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "core/text/words.hpp"
#include "daemon/api/answers.hpp"

namespace readback {

namespace json = boost::json;

Members::Members(const std::string& body) {
  if (trimmed(body).empty()) return;
  json::error_code ec;
  json::value value = json::parse(body, ec);
  if (ec)
    wrong_ = problem(400, "the body is not valid JSON: " + ec.message());
  else if (!value.is_object())
    wrong_ = problem(422, "the body must be a JSON object");
  else
    members_ = std::move(value.as_object());
}

std::optional<std::string> Members::text(std::string_view name, bool required, std::size_t most) {
  known_.push_back(name);
  const json::value* v = members_.if_contains(name);
  if (!v || v->is_null()) {
    if (required) fail(name, std::string(name) + " is needed");
    return std::nullopt;
  }
  if (!v->is_string()) {
    fail(name, std::string(name) + " must be a string");
    return std::nullopt;
  }
  std::string out(v->as_string());
  if (out.size() > most) fail(name, std::string(name) + " holds at most " + std::to_string(most) + " bytes");
  if (required && trimmed(out).empty()) fail(name, std::string(name) + " must not be empty");
  return out;
}

std::optional<std::int64_t> Members::number(std::string_view name) {
  known_.push_back(name);
  const json::value* v = members_.if_contains(name);
  if (!v || v->is_null()) return std::nullopt;
  json::error_code ec;
  const auto out = v->is_number() ? v->to_number<std::int64_t>(ec) : 0;
  if (!v->is_number() || ec) {
    fail(name, std::string(name) + " must be a whole number");
    return std::nullopt;
  }
  return out;
}

bool Members::flag(std::string_view name) {
  known_.push_back(name);
  const json::value* v = members_.if_contains(name);
  if (!v || v->is_null()) return false;
  if (!v->is_bool()) fail(name, std::string(name) + " must be true or false");
  return v->is_bool() && v->as_bool();
}

void Members::fail(std::string_view field, std::string detail) {
  if (!wrong_) wrong_ = problem(422, std::move(detail), std::string(field));
}

std::optional<Reply> Members::wrong() {
  for (const auto& member : members_)
    if (std::find(known_.begin(), known_.end(), std::string_view(member.key())) == known_.end())
      fail(std::string_view(member.key()), "there is no member " + std::string(member.key()) + " here");
  if (wrong_) return problem_reply(*wrong_);
  return std::nullopt;
}

}  // namespace readback
