// Commands become faults and moods of the state that the listener plays from; each is answered when it is in force.
#include "tests/support/platform/control.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <charconv>

namespace readback::sim {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;
using tcp = net::ip::tcp;

std::string text(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
}

std::uint64_t number(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  if (v == nullptr) return 0;
  boost::system::error_code ec;
  const auto n = v->to_number<std::uint64_t>(ec);
  return ec ? 0 : n;
}

Fault fault_from(const json::object& o) {
  Fault f;
  f.name = text(o, "fault");
  if (o.contains("status")) f.status = static_cast<int>(number(o, "status"));
  if (const json::value* v = o.if_contains("body"))
    f.body = v->is_string() ? std::string(v->as_string()) : json::serialize(*v);
  if (const json::value* v = o.if_contains("headers"); v != nullptr && v->is_object())
    for (const auto& [name, value] : v->as_object())
      if (value.is_string()) f.headers.emplace_back(std::string(name), std::string(value.as_string()));
  f.text = text(o, "text");
  f.retry_after = text(o, "retry_after");
  f.delay = std::chrono::milliseconds(number(o, "delay_ms"));
  f.bytes = number(o, "bytes");
  f.times = static_cast<int>(number(o, "times"));
  return f;
}

std::pair<int, std::string> bad(std::string what) {
  return {400, json::serialize(json::object{{"error", std::move(what)}})};
}

}  // namespace

Control::Control(net::io_context& io, State& state, Server& server, unsigned short port)
    : io_(io), state_(state), server_(server), acceptor_(io, tcp::endpoint(net::ip::make_address("127.0.0.1"), port)) {
  net::co_spawn(io_, accept(), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
}

std::string Control::url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

net::awaitable<void> Control::accept() {
  for (;;) {
    auto [ec, socket] = co_await acceptor_.async_accept(token);
    if (ec) continue;
    net::co_spawn(io_, serve(std::move(socket)), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
}

net::awaitable<void> Control::serve(tcp::socket socket) {
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request<http::string_body> request;
    auto [ec, n] = co_await http::async_read(socket, buffer, request, token);
    if (ec) co_return;
    const std::string method(request.method_string());
    const std::string target(request.target());
    auto [status, body] = handle(method, target, request.body());
    http::response<http::string_body> response;
    response.version(11);
    response.result(static_cast<unsigned>(status));
    response.set(http::field::content_type, "application/json");
    response.body() = std::move(body);
    response.keep_alive(request.keep_alive());
    response.prepare_payload();
    auto [wec, wn] = co_await http::async_write(socket, response, token);
    if (wec || !response.keep_alive()) co_return;
  }
}

std::pair<int, std::string> Control::handle(std::string_view method, std::string_view target, std::string_view body) {
  if (method == "GET" && target.starts_with("/log")) {
    std::uint64_t since = 0;
    if (const auto at = target.find("since="); at != target.npos)
      std::from_chars(target.data() + at + 6, target.data() + target.size(), since);
    json::array list;
    for (const Seen& s : state_.log)
      if (s.n > since)
        list.push_back(json::object{{"n", s.n},
                                    {"at", python_stamp(s.at)},
                                    {"connection", s.connection},
                                    {"method", s.method},
                                    {"target", s.target},
                                    {"fault", s.fault},
                                    {"headers", s.headers},
                                    {"body_bytes", s.body_bytes}});
    return {200, json::serialize(json::object{{"next", state_.requests}, {"requests", std::move(list)}})};
  }
  if (method == "GET" && target == "/stats") {
    json::object methods, routes_read;
    for (const auto& [name, n] : state_.methods) methods[name] = n;
    for (const auto& [name, n] : state_.counts) routes_read[name] = n;
    return {200, json::serialize(json::object{{"requests", state_.requests},
                                              {"connections", state_.connections},
                                              {"open_connections", state_.open_connections},
                                              {"methods", std::move(methods)},
                                              {"routes", std::move(routes_read)}})};
  }
  if (method == "GET" && target == "/faults") {
    json::object names;
    for (const FaultName& f : fault_names()) names[f.name] = f.does;
    return {200, json::serialize(names)};
  }
  if (method != "POST") return {404, R"({"error":"no such command"})"};

  boost::system::error_code ec;
  json::value parsed = json::parse(body.empty() ? "{}" : body, ec);
  if (ec || !parsed.is_object()) return bad("the command is not a JSON object");
  const json::object& o = parsed.as_object();
  if (target == "/fault") {
    const std::string route = text(o, "route");
    Fault f = fault_from(o);
    if (route.empty() || (route != "*" && route.front() != '/')) return bad("`route` is a path or *");
    if (!is_fault(f.name)) return bad("no fault named `" + f.name + "`");
    if (f.name == "ok" && f.delay.count() == 0 && !f.status && !f.body) {
      state_.faults.erase(route);
      if (state_.faults.contains("*") && route != "*") state_.faults[route] = f;
    } else {
      state_.faults[route] = std::move(f);
    }
    return {200, "{}"};
  }
  if (target == "/mood") {
    if (o.contains("version")) state_.mood.version = text(o, "version");
    if (o.contains("other_version")) state_.mood.other_version = text(o, "other_version");
    if (o.contains("stamp_age_s")) state_.mood.stamp_age = std::chrono::seconds(number(o, "stamp_age_s"));
    if (o.contains("down_service")) state_.mood.down_service = text(o, "down_service");
    if (const json::value* v = o.if_contains("leak"); v != nullptr && v->is_array()) {
      state_.mood.leak.clear();
      for (const json::value& one : v->as_array())
        if (one.is_string()) state_.mood.leak.emplace_back(one.as_string());
    }
    return {200, "{}"};
  }
  if (target == "/listener") {
    const auto how = listening_from(text(o, "mode"));
    if (!how) return bad("no listener mode named `" + text(o, "mode") + "`");
    server_.set_listening(*how);
    return {200, "{}"};
  }
  if (target == "/reset") {
    state_.faults.clear();
    state_.mood = Mood{};
    server_.set_listening(Listening::open);
    return {200, "{}"};
  }
  return {404, R"({"error":"no such command"})"};
}

}  // namespace readback::sim
