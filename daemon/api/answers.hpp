#pragma once
// What the routes share: how a problem is said, how a change is asked for, logged and published, and how a list is
// shown.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/codec/view_json.hpp"
#include "daemon/api/backend.hpp"
#include "daemon/api/routes.hpp"

namespace readback {

Problem problem(int status, std::string detail, std::string field = "");
/// What the engine has refused, with its own status.
Reply refusal(const Answer& answer);
/// There is no target of this name, and which is nearest; nothing when there is, or for "", which means all.
std::optional<Reply> unknown_target(ControlBackend& backend, const std::string& name, int status);

/// Asks the engine, logs and publishes who did what.
net::awaitable<Answer> change(Desk& desk, Peer peer, std::string what, Event event);
/// Logs and publishes an answer that is there already.
void tell(Desk& desk, const Peer& peer, const std::string& what, const Answer& answer);
/// `{"ok": true, "id": …, "text": …}`: what every change answers with, and some add what was changed.
boost::json::object change_json(const Answer& answer);

/// How far back or ahead an operator may reach: a duration of at most 366 days.
std::optional<Millis> span_of(std::string_view text);

/// A time, or a duration of at most 400 days, which is how long before `at`; nothing for what is neither.
std::optional<WallTime> time_or_span(std::string_view text, WallTime at);

template <class T>
boost::json::array list_json(const std::vector<T>& list) {
  boost::json::array out;
  for (const auto& one : list) out.push_back(view_json(one));
  return out;
}

template <class T>
std::vector<std::string> ids_of(const std::vector<T>& list) {
  std::vector<std::string> out;
  for (const auto& one : list) out.push_back(one.id);
  return out;
}

/// The one with this id, or null.
template <class T>
const T* by_id(const std::vector<T>& list, const std::string& id) {
  for (const auto& one : list)
    if (one.id == id) return &one;
  return nullptr;
}

}  // namespace readback
