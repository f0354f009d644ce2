// The faults by name, each a change of the healthy answer or a script of bytes, waits and an end.
#include "tests/support/platform/fault.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace readback::sim {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

void set_header(Headers& headers, const std::string& name, const std::string& value) {
  for (auto& [n, v] : headers)
    if (n == name) {
      v = value;
      return;
    }
  headers.emplace_back(name, value);
}

struct Wire {
  std::string head, body;
};

Wire wire(const Answer& a, WallTime now, bool head, bool keep_alive, bool with_length = true) {
  Wire w;
  w.head = "HTTP/1.1 " + std::to_string(a.status) + " " + std::string(reason_phrase(a.status)) + "\r\n";
  w.head += "Server: uvicorn\r\n";
  bool has_date = false;
  for (const auto& [name, value] : a.headers) {
    w.head += name + ": " + value + "\r\n";
    has_date = has_date || name == "Date";
  }
  if (!has_date) w.head += "Date: " + http_date(now) + "\r\n";
  if (with_length && a.status != 204) w.head += "Content-Length: " + std::to_string(a.body.size()) + "\r\n";
  w.head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!head && a.status != 204) w.body = a.body;
  return w;
}

Answer html(int status, std::string body) {
  Answer a;
  a.status = status;
  a.headers.emplace_back("Content-Type", "text/html");
  a.body = std::move(body);
  return a;
}

Answer gateway(int status) {
  const std::string title = std::to_string(status) + " " + std::string(reason_phrase(status));
  return html(status, "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
                          "</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n");
}

Answer detail(int status, const char* text) {
  Answer a;
  a.status = status;
  a.headers.emplace_back("Content-Type", "application/json");
  a.body = json::serialize(json::object{{"detail", text}});
  return a;
}

/// Changes the healthy body as an object; a body that is none becomes a small one.
template <class Change>
void change(Answer& a, Change&& how) {
  boost::system::error_code ec;
  json::value v = json::parse(a.body, ec);
  json::object o;
  if (!ec && v.is_object()) o = v.as_object();
  how(o);
  a.body = json::serialize(o);
  set_header(a.headers, "Content-Type", "application/json");
}

json::array* items_of(json::object& o) {
  for (const char* name : {"checks", "services"})
    if (auto* v = o.if_contains(name); v != nullptr && v->is_array()) return &v->as_array();
  return nullptr;
}

void fail_item(json::object& o, const std::string& text, const char* status) {
  json::array* items = items_of(o);
  if (items == nullptr || items->empty()) {
    o["checks"] = json::array{json::object{{"name", text}, {"status", status}}};
    return;
  }
  json::object& first = items->front().as_object();
  first["status"] = status;
  if (!text.empty()) first["detail"] = text;
}

std::string nested(std::uint64_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

const std::vector<FaultName>& fault_names() {
  static const std::vector<FaultName> names{
      {"ok", "healthy"},
      {"answer", "exactly the given status, headers and body"},
      {"slow", "healthy, after `delay_ms`"},
      {"reset", "RST instead of an answer"},
      {"close", "the connection ends before an answer"},
      {"close_mid_head", "the connection ends inside the headers"},
      {"close_mid_body", "the connection ends inside the body"},
      {"no_length", "half the body without a length, then an orderly end"},
      {"hang", "accepts, reads the request, never answers"},
      {"hang_mid_body", "headers and half the body, then silence"},
      {"drip", "a byte every 100 ms"},
      {"bad_gateway", "502 with a proxy's HTML page"},
      {"gateway_timeout", "504 with a proxy's HTML page"},
      {"not_ready", "503 with a JSON body that says not_ready"},
      {"server_error", "500 with FastAPI's detail"},
      {"degraded", "200, status degraded"},
      {"failed", "200, status failed"},
      {"word", "200, status `text`"},
      {"no_verdict", "200, JSON with nothing to judge"},
      {"blockers", "200, status ready, and a blocker"},
      {"warnings", "200, status ready, and a warning"},
      {"contradictory", "200, status pass while an item says failed"},
      {"critical_item", "200, status pass while a critical item says failed"},
      {"stale", "stamps an hour old (or `bytes` seconds)"},
      {"clock_skew", "stamps an hour old under a Date header an hour old"},
      {"truncated", "200, JSON cut in half, length as sent"},
      {"empty", "200 with no body"},
      {"no_content", "204"},
      {"login_page", "200 with an HTML login page"},
      {"redirect", "302 to another host"},
      {"unauthorized", "401"},
      {"forbidden", "403"},
      {"missing", "404"},
      {"gone", "410"},
      {"throttled", "429 with Retry-After"},
      {"oversize", "a body of `bytes` (default 3 MiB)"},
      {"endless", "a body without end"},
      {"big_headers", "`bytes` of headers (default 10 MiB)"},
      {"early_hints", "a flood of 1xx answers"},
      {"bad_chunks", "chunked encoding with garbage"},
      {"banner", "speaks SSH"},
      {"deep_json", "`bytes` levels of JSON (default 100,000)"},
      {"nan", "200, JSON with NaN"},
      {"duplicate_keys", "200, status ok and status failed in one object"},
      {"bad_utf8", "200, invalid UTF-8 inside the JSON"},
  };
  return names;
}

bool is_fault(std::string_view name) {
  return std::any_of(fault_names().begin(), fault_names().end(), [&](const FaultName& f) { return f.name == name; });
}

Script script(const Fault& fault, Answer a, WallTime now, bool head, bool keep_alive) {
  const std::string& name = fault.name;
  const auto is = [&](std::string_view other) { return name == other; };
  const auto text_or = [&](const char* other) { return fault.text.empty() ? std::string(other) : fault.text; };
  Script steps;
  if (fault.delay.count() > 0) steps.push_back(Wait{fault.delay});
  if (is("slow") && fault.delay.count() == 0) steps.push_back(Wait{milliseconds(1000)});

  // Faults of the connection: no answer, or not a whole one.
  if (is("reset")) return steps.push_back(Reset{}), steps;
  if (is("close")) return steps.push_back(Close{}), steps;
  if (is("hang")) return steps.push_back(Hang{}), steps;
  if (is("banner")) {
    steps.push_back(Send{"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"});
    return steps.push_back(Close{}), steps;
  }
  if (is("early_hints")) {
    steps.push_back(Flood{"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n", 1000000});
    return steps.push_back(Close{}), steps;
  }
  if (is("big_headers")) {
    const std::uint64_t bytes = fault.bytes != 0 ? fault.bytes : 10u << 20;
    const std::string line = "X-Padding: " + std::string(1011, 'p') + "\r\n";
    steps.push_back(Send{"HTTP/1.1 200 OK\r\n"});
    steps.push_back(Flood{line, bytes / line.size() + 1});
    steps.push_back(Send{"Content-Length: 0\r\n\r\n"});
    return steps.push_back(Close{}), steps;
  }
  if (is("bad_chunks")) {
    steps.push_back(Send{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"});
    steps.push_back(Send{"zz\r\n{\"status\":\"ok\"}\r\nnot-a-size\r\n"});
    return steps.push_back(Close{}), steps;
  }
  if (is("endless")) {
    steps.push_back(Send{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"ok\",\"filler\":\""});
    steps.push_back(Flood{std::string(4096, 'e'), std::uint64_t{1} << 40});
    return steps.push_back(Close{}), steps;
  }

  // Faults of the answer's content.
  if (is("bad_gateway")) a = gateway(502);
  if (is("gateway_timeout")) a = gateway(504);
  if (is("server_error")) a = detail(500, "Internal Server Error");
  if (is("unauthorized")) a = detail(401, "Invalid or missing API key");
  if (is("forbidden")) a = detail(403, "Not permitted for this key");
  if (is("missing")) a = detail(404, "Not Found");
  if (is("gone")) a = detail(410, "Gone");
  if (is("throttled")) {
    a = detail(429, "Rate limit exceeded");
    a.headers.emplace_back("Retry-After", fault.retry_after.empty() ? "20" : fault.retry_after);
  }
  if (is("redirect")) {
    a = html(302, "");
    a.headers.emplace_back("Location", text_or("https://login.example/realms/fabric"));
  }
  if (is("login_page"))
    a = html(200,
             "<!doctype html><html><head><title>Sign in</title></head><body><form method=\"post\" "
             "action=\"/realms/fabric/login\"><input name=\"username\"><input name=\"password\" "
             "type=\"password\"></form></body></html>\n");
  if (is("empty")) a.body.clear();
  if (is("no_content")) {
    a = Answer{};
    a.status = 204;
  }
  if (is("not_ready")) {
    a.status = 503;
    change(a, [&](json::object& o) {
      o["status"] = "not_ready";
      o["blockers"] = json::array{json::string(text_or("postgres: connection pool exhausted"))};
    });
  }
  if (is("degraded"))
    change(a, [&](json::object& o) {
      o["status"] = "degraded";
      fail_item(o, fault.text, "degraded");
    });
  if (is("failed"))
    change(a, [&](json::object& o) {
      o["status"] = "failed";
      fail_item(o, fault.text, "failed");
    });
  if (is("word")) change(a, [&](json::object& o) { o["status"] = text_or("wobbly"); });
  if (is("no_verdict")) a.body = R"({"uptime_seconds":86400,"requests":1234})";
  if (is("blockers"))
    change(a, [&](json::object& o) {
      o["status"] = "ready";
      o["blockers"] = json::array{json::string(text_or("otel exporter down"))};
    });
  if (is("warnings"))
    change(a, [&](json::object& o) {
      o["status"] = "ready";
      o["warnings"] = json::array{json::string(text_or("retention window nearly full"))};
    });
  if (is("contradictory"))
    change(a, [&](json::object& o) {
      o["status"] = "pass";
      fail_item(o, fault.text, "failed");
    });
  if (is("critical_item"))
    change(a, [&](json::object& o) {
      o["status"] = "pass";
      fail_item(o, fault.text, "failed");
      if (json::array* items = items_of(o); items != nullptr) items->front().as_object()["critical"] = true;
    });
  if (is("stale") || is("clock_skew")) {
    const WallTime then = now - std::chrono::seconds(fault.bytes != 0 ? fault.bytes : 3600);
    change(a, [&](json::object& o) { o["generated_at"] = python_stamp(then); });
    if (is("clock_skew")) set_header(a.headers, "Date", http_date(then));
  }
  if (is("truncated")) a.body.resize(a.body.size() / 2);
  if (is("oversize"))
    a.body = "{\"status\":\"ok\",\"filler\":\"" + std::string(fault.bytes != 0 ? fault.bytes : 3u << 20, 'x') + "\"}";
  if (is("deep_json")) a.body = nested(fault.bytes != 0 ? fault.bytes : 100000);
  if (is("nan")) a.body = R"({"status":"ok","load":NaN,"queue":Infinity})";
  if (is("duplicate_keys")) a.body = R"({"status":"ok","checks":[],"status":"failed"})";
  if (is("bad_utf8")) a.body = "{\"status\":\"ok\",\"note\":\"\xff\xfe\xc0\xaf\"}";

  // What was commanded in so many words wins over what the fault's name implies.
  if (fault.status) a.status = *fault.status;
  if (fault.body) a.body = *fault.body;
  for (const auto& [header, value] : fault.headers) set_header(a.headers, header, value);

  const bool cut = is("close_mid_body") || is("no_length") || is("hang_mid_body") || is("close_mid_head");
  const bool keep = keep_alive && !cut;
  Wire w = wire(a, now, head, keep, !is("no_length"));
  if (is("close_mid_head")) {
    steps.push_back(Send{w.head.substr(0, w.head.size() / 2)});
    return steps.push_back(Close{}), steps;
  }
  if (is("drip")) {
    steps.push_back(Drip{w.head + w.body, milliseconds(100)});
    return steps.push_back(Close{}), steps;
  }
  if (cut) w.body.resize(w.body.size() / 2);
  steps.push_back(Send{w.head + w.body});
  if (is("hang_mid_body")) return steps.push_back(Hang{}), steps;
  if (!keep) steps.push_back(Close{});
  return steps;
}

}  // namespace readback::sim
