// One way to fail for all commands: a sentence on stderr, a status that scripts can tell apart (69 nobody to talk to,
// 64 wrongly asked, 1 refused), and with --json the same as an object.
#include "daemon/client/client.hpp"

#include <sys/stat.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "core/text/utf8.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/platform/version.hpp"

namespace readback {
namespace json = boost::json;

void Client::fail(const std::string& text, int status, const std::string& problem) const {
  if (as_json)
    print(problem.empty() ? json::serialize(json::object{{"title", "Failed"}, {"detail", text}}) + "\n" : problem);
  throw Done{complain(text, status)};
}

namespace {

json::object object_of(const Client& client, const std::string& text) {
  json::error_code ec;
  auto v = json::parse(text, ec);
  if (ec || !v.is_object())
    client.fail("the daemon's answer is not understood: is it of another version than readback " +
                std::string(version()) + "?");
  return std::move(v.get_object());
}

}  // namespace

Response Client::checked(Result<Response> answer, int without_daemon) const {
  if (!answer) fail(answer.error(), without_daemon);
  if (answer->good()) return *std::move(answer);
  json::error_code ec;
  const auto problem = json::parse(answer->body, ec);
  if (ec || !problem.is_object()) fail("the daemon answered " + std::to_string(answer->status));
  const auto& o = problem.get_object();
  std::string text = text_at(o, "detail").empty() ? text_at(o, "title") : text_at(o, "detail");
  if (const auto nearest = text_at(o, "nearest"); !nearest.empty() && text.find(nearest) == text.npos)
    text += "; the nearest is " + nearest;
  if (answer->status == 405 || text.starts_with("there is no such route"))
    text = "this daemon does not know how; is it older than readback " + std::string(version()) +
           "? systemctl restart readbackd";
  if (answer->status != 422) fail(text, exit_failed, answer->body);
  if (const auto field = text_at(o, "field"); !field.empty() && field != "text") text = "--" + field + ": " + text;
  fail(text, exit_usage, answer->body);
}

json::object Client::get(const std::string& target, int without_daemon) const {
  return object_of(*this, checked(connection().ask("GET", target), without_daemon).body);
}

json::object Client::send(const std::string& method, const std::string& target, const json::object& body) const {
  const std::string text = method == "POST" ? json::serialize(body) : "";
  return object_of(*this, checked(connection().ask(method, target, text)).body);
}

bool Client::raw(const json::value& value) const {
  if (as_json) print(json::serialize(value) + "\n");
  return as_json;
}

int Client::changed(const json::object& change) const {
  if (raw(change)) return 0;
  const std::string id = text_at(change, "id");
  std::string about = id;
  if (const auto* incident = object_at(change, "incident"))
    about = short_id(text_at(*incident, "id")) + "  " + text_at(*incident, "summary");
  print(text_at(change, "text") + (about.empty() ? "" : "\n" + about) + "\n");
  return 0;
}

namespace {

int stdout_error = 0;  ///< the first that was met; stdio forgets what it could not write

void note_error(bool is_good) {
  if (!is_good && stdout_error == 0) stdout_error = errno ? errno : EIO;
}

}  // namespace

bool put(std::string_view bytes) {
  note_error(std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size());
  return stdout_error == 0;
}

std::string stdout_trouble() {
  note_error(std::fflush(stdout) == 0);
  return stdout_error == 0 ? "" : std::string("stdout cannot be written: ") + std::strerror(stdout_error);
}

void print(const std::string& text) { put(for_terminal(text)); }

int complain(const std::string& text, int status) {
  std::fprintf(stderr, "readback: %s\n", visible(text, "\n\t").c_str());
  return status;
}

std::string not_understood(const std::string& why) {
  return "the daemon's answer is not understood (" + why + "): is it of another version than readback " +
         std::string(version()) + "?";
}

namespace {

Failure cannot_write(const std::string& out, int error) {
  return {out + " cannot be written: " + (error ? std::strerror(error) : "input/output error")};
}

}  // namespace

Result<void> write_out(const std::string& bytes, const std::string& out) {
  if (out == "-") {
    put(bytes);  // whether it could be is told at the end (stdout_trouble)
    return {};
  }
  struct stat there {};
  const bool as_it_is = ::stat(out.c_str(), &there) == 0 && !S_ISREG(there.st_mode);  // a device or a pipe
  const std::string beside = as_it_is ? out : out + ".part";
  errno = 0;
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file && (as_it_is || std::rename(beside.c_str(), out.c_str()) == 0)) return {};
  const int error = errno;
  if (!as_it_is) std::remove(beside.c_str());
  return cannot_write(out, error);
}

}  // namespace readback
