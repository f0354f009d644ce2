// Writer and reader of the same lines. What is read comes from anybody: each key is looked at for its type, and a line
// that is not one of ours says which key was wrong.
#include "core/codec/reads_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstring>

#include "core/text/encoding.hpp"
#include "core/text/time.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
namespace {

/// What a line says against the contract; caught in `parse_recorded_read` and nowhere else.
struct Wrong {
  std::string text;
};

const json::value* find(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v && !v->is_null() ? v : nullptr;
}
std::string text_at(const json::object& o, std::string_view key) {
  const auto* v = find(o, key);
  if (!v) return "";
  if (!v->is_string()) throw Wrong{"`" + std::string(key) + "` is not a string"};
  return std::string(v->get_string());
}
std::int64_t whole_at(const json::object& o, std::string_view key, std::int64_t otherwise) {
  const auto* v = find(o, key);
  if (!v) return otherwise;
  json::error_code ec;
  if (v->is_double()) {
    const double d = v->get_double();
    if (d >= -9e15 && d <= 9e15) return static_cast<std::int64_t>(d);  // "ms": 12.5, as other recorders write it
    throw Wrong{"`" + std::string(key) + "` is out of range"};
  }
  const auto n = v->to_number<std::int64_t>(ec);
  if (ec) throw Wrong{"`" + std::string(key) + "` is not a whole number"};
  return n;
}
const json::object& object_at(const json::value& v, std::string_view key) {
  if (!v.is_object()) throw Wrong{"`" + std::string(key) + "` is not an object"};
  return v.get_object();
}
std::string bytes_at(const json::object& o, std::string_view key) {
  auto bytes = from_base64(text_at(o, key));
  if (!bytes) throw Wrong{"`" + std::string(key) + "` is not base64"};
  return std::move(*bytes);
}
WallTime time_at(const json::object& o, std::string_view key) {
  const auto at = parse_rfc3339(text_at(o, key));
  if (!at) throw Wrong{"`" + std::string(key) + "` is missing or not a time (RFC 3339)"};
  return *at;
}

std::string as_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  for (char c : text) out += static_cast<unsigned char>(c) < 0x80 ? c : '?';
  return out;
}

HttpAnswer parse_http(const json::object& o) {
  HttpAnswer a;
  const auto status = whole_at(o, "status", -1);
  if (status < 100 || status > 999) throw Wrong{"`http.status` is missing or no HTTP status"};
  a.status = static_cast<int>(status);
  if (const auto* headers = find(o, "headers")) {
    for (const auto& header : object_at(*headers, "http.headers")) {
      const std::string name(header.key());
      const auto add = [&](const json::value& v) {
        if (v.is_structured()) throw Wrong{"the header `" + name + "` is not a string"};
        if (v.is_null()) return;
        a.headers.push_back({name, v.is_string() ? std::string(v.get_string()) : json::serialize(v)});
      };
      if (const auto* several = header.value().if_array())
        for (const auto& each : *several) add(each);
      else
        add(header.value());
    }
  }
  a.body = find(o, "body_base64") ? bytes_at(o, "body_base64") : text_at(o, "body");
  if (const auto version = text_at(o, "version"); !version.empty()) a.http_version = version;
  return a;
}

CheckRun parse_check(const json::object& o) {
  CheckRun run;
  if (find(o, "exit")) {
    const auto exit = whole_at(o, "exit", 0);
    if (exit < 0) {  // Python's convention for "ended by this signal"
      run.fault = CheckFault::signal;
      run.signal = static_cast<int>(-std::max<std::int64_t>(exit, -128));
    } else {
      run.exit = static_cast<int>(std::min<std::int64_t>(exit, 1 << 20));
    }
  }
  if (const auto word = text_at(o, "error"); !word.empty()) {
    run.fault = parse_check_fault(word);
    if (!run.fault) throw Wrong{"`error` \"" + word + "\" is no word for a check (timeout, signal, spawn)"};
    run.exit.reset();
  }
  if (!run.exit && !run.fault) throw Wrong{"a check needs `exit` or `error`"};
  if (find(o, "signal")) run.signal = static_cast<int>(std::clamp<std::int64_t>(whole_at(o, "signal", 0), 0, 128));
  run.detail = text_at(o, "detail");
  run.out = text_at(o, "stdout");
  run.err = text_at(o, "stderr");
  if (const auto* cut = find(o, "cut")) run.cut = cut->is_bool() && cut->get_bool();
  if (const auto* denials = find(o, "denials"); denials && denials->is_array())
    for (const auto& each : denials->get_array())
      if (each.is_string()) run.denials.emplace_back(each.get_string());
  return run;
}

constexpr std::array<std::string_view, 5> phase_names{"dns", "connect", "tls", "first_byte", "total"};
std::array<std::int64_t*, 5> phase_fields(Phases& p) {
  return {&p.dns_us, &p.connect_us, &p.tls_us, &p.first_byte_us, &p.total_us};
}

RecordedRead parse(const json::object& o) {
  RecordedRead r;
  r.raw.at = time_at(o, "at");
  r.target = text_at(o, "target");
  if (r.target.empty()) throw Wrong{"`target` is missing"};
  const auto sweep = whole_at(o, "sweep", -1);
  if (sweep < 0) throw Wrong{"`sweep` is missing or negative"};
  r.sweep = static_cast<std::uint64_t>(sweep);
  r.raw.read = text_at(o, "read");
  if (r.raw.read.empty()) throw Wrong{"`read` is missing"};
  r.raw.took = Millis(std::max<std::int64_t>(0, whole_at(o, "ms", 0)));
  r.raw.address = text_at(o, "address");
  r.void_reason = text_at(o, "void");
  if (const auto* phases = find(o, "phases_us")) {
    const auto fields = phase_fields(r.raw.phases);
    for (std::size_t i = 0; i < fields.size(); ++i)
      *fields[i] = whole_at(object_at(*phases, "phases_us"), phase_names[i], -1);
  }
  if (find(o, "tls_expires_at")) r.raw.tls_expires_at = time_at(o, "tls_expires_at");
  if (kind_of(r.raw.read) == ReadKind::check) {
    r.raw.answer = parse_check(o);
  } else if (const auto* http = find(o, "http")) {
    r.raw.answer = parse_http(object_at(*http, "http"));
  } else {
    const auto word = text_at(o, "error");
    if (word.empty()) throw Wrong{"neither `http` nor `error`"};
    const auto fault = parse_transport_fault(word);
    if (!fault) throw Wrong{"`error` \"" + word + "\" is no word for an unreachable surface"};
    r.raw.answer = TransportError{*fault, text_at(o, "detail")};
  }
  return r;
}

json::object http_json(const HttpAnswer& a) {
  json::object o, headers;
  o["status"] = a.status;
  for (const auto& h : a.headers) {
    const std::string name = as_utf8(h.name), value = as_utf8(h.value);
    if (auto* known = headers.if_contains(name)) {
      if (!known->is_array()) *known = json::array{*known};
      known->get_array().emplace_back(value);
    } else {
      headers[name] = value;
    }
  }
  o["headers"] = std::move(headers);
  if (is_utf8(a.body))
    o["body"] = a.body;
  else
    o["body_base64"] = to_base64(a.body);
  if (a.http_version != "1.1") o["version"] = a.http_version;
  return o;
}

}  // namespace

std::variant<RecordedRead, LineError> parse_recorded_read(std::string_view line) {
  json::error_code ec;
  try {
    unsigned char first_block[8192];  // most lines fit, and then nothing of the tree is allocated one by one
    json::monotonic_resource arena(first_block);
    const auto value = json::parse(line, ec, &arena);
    if (ec) return LineError{"not JSON: " + ec.message()};
    if (!value.is_object()) return LineError{"not a JSON object"};
    return parse(value.get_object());
  } catch (const Wrong& wrong) {
    return LineError{wrong.text};
  } catch (const std::bad_alloc&) {
    return LineError{"too large"};
  }
}

std::string to_recorded_line(const RecordedRead& r) {
  const RawRead& raw = r.raw;
  json::object o;
  o["at"] = to_rfc3339(raw.at);
  o["target"] = r.target;
  o["sweep"] = r.sweep;
  o["read"] = raw.read;
  o["ms"] = raw.took.count();
  if (const auto* a = std::get_if<HttpAnswer>(&raw.answer)) {
    o["http"] = http_json(*a);
  } else if (const auto* e = std::get_if<TransportError>(&raw.answer)) {
    o["error"] = to_string(e->fault);
    if (!e->detail.empty()) o["detail"] = as_utf8(e->detail);
  } else if (const auto* run = std::get_if<CheckRun>(&raw.answer)) {
    if (run->exit) o["exit"] = *run->exit;
    if (run->fault) o["error"] = to_string(*run->fault);
    if (run->signal) o["signal"] = run->signal;
    if (!run->detail.empty()) o["detail"] = as_utf8(run->detail);
    o["stdout"] = as_utf8(run->out);
    o["stderr"] = as_utf8(run->err);
    if (run->cut) o["cut"] = true;
    if (!run->denials.empty()) {
      auto& denials = o["denials"].emplace_array();
      for (const auto& each : run->denials) denials.emplace_back(as_utf8(each));
    }
  }
  if (!raw.address.empty()) o["address"] = as_utf8(raw.address);
  Phases phases = raw.phases;
  json::object times;
  const auto fields = phase_fields(phases);
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (*fields[i] >= 0) times[phase_names[i]] = *fields[i];
  if (!times.empty()) o["phases_us"] = std::move(times);
  if (raw.tls_expires_at) o["tls_expires_at"] = to_rfc3339(*raw.tls_expires_at);
  if (!r.void_reason.empty()) o["void"] = as_utf8(r.void_reason);
  return json::serialize(o);
}

}  // namespace readback
