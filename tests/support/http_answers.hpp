#pragma once
// tests/fixtures/http_answers.jsonl: HTTP answers as real servers, proxies, balancers and alert receivers send them,
// and what a careful reader makes of each, with the reason. A line holds the bytes, what becomes of the connection
// behind them (`then`), for whom the line is meant (a receiver's status counts whatever became of its body), and what
// is right.
#include <boost/json.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "core/text/encoding.hpp"

struct OddAnswer {
  std::string name, raw;
  std::string then;    ///< close, reset; keep and hang: it stays open
  std::string method;  ///< GET, HEAD; POST for a receiver's
  bool for_reader = false, for_receiver = false;
  int status = 0;     ///< 0: there is none, and `error` says why
  std::string error;  ///< protocol, reset, too_large, timeout
  std::string body;

  bool stays_open() const { return then == "keep" || then == "hang"; }
  /// As it is compared: "200 {…}", or the error.
  std::string right() const { return error.empty() ? std::to_string(status) + " " + body : error; }
};

inline std::vector<OddAnswer> odd_answers() {
  namespace json = boost::json;
  std::ifstream in(std::string(READBACK_SOURCE_DIR) + "/tests/fixtures/http_answers.jsonl");
  std::vector<OddAnswer> all;
  for (std::string text; std::getline(in, text);) {
    const auto line = json::parse(text).as_object();
    const auto word = [](const json::object& o, const char* key) {
      const auto* found = o.if_contains(key);
      return found ? std::string(found->as_string()) : std::string();
    };
    const auto& expect = line.at("expect").as_object();
    OddAnswer answer;
    answer.name = word(line, "name");
    answer.raw = readback::from_base64(word(line, "raw_b64")).value_or("");
    answer.then = word(line, "then");
    const auto whom = word(line, "for");
    answer.for_reader = whom != "receiver";
    answer.for_receiver = whom != "reader";
    answer.method = word(line, "method");
    if (answer.method.empty()) answer.method = answer.for_reader ? "GET" : "POST";
    answer.error = word(expect, "error");
    if (const auto* status = expect.if_contains("status")) answer.status = static_cast<int>(status->as_int64());
    answer.body = word(expect, "body");
    if (expect.contains("body_b64")) answer.body = readback::from_base64(word(expect, "body_b64")).value_or("");
    all.push_back(std::move(answer));
  }
  return all;
}
