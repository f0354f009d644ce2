// One corpus holds the reader of answers: each line whole, and byte by byte, gives what is right. The tests below it
// are what would make a line too long for the corpus, and what must hold for any bytes at all.
#include <doctest/doctest.h>
#include <zlib.h>

#include "core/http/answer.hpp"
#include "core/http/unpack.hpp"
#include "tests/support/http_answers.hpp"

using namespace readback;

namespace {

struct Heard {
  HttpAnswer answer;
  bool head_is_whole = false;
  std::string error;
};

Heard hear(const std::string& raw, const std::string& then, const std::string& method, std::size_t step) {
  AnswerReader reader(method == "HEAD" ? AnswerReader::Method::head : AnswerReader::Method::other, {});
  for (std::size_t at = 0; at < raw.size() && reader.state() == AnswerReader::State::reading; at += step)
    reader.feed(std::string_view(raw).substr(at, step));
  if (then == "close") reader.end();
  Heard heard;
  heard.head_is_whole = reader.head_is_whole();
  if (reader.failure())
    heard.error = to_string(reader.failure()->fault);
  else if (reader.state() == AnswerReader::State::reading)
    heard.error = then == "keep" || then == "hang" ? "timeout" : "reset";
  heard.answer = reader.take();
  if (heard.error.empty() && unpack(heard.answer, AnswerLimits().body) == Unpacked::too_large)
    heard.error = "too_large";
  return heard;
}

std::string told(const Heard& heard) {
  return heard.error.empty() ? std::to_string(heard.answer.status) + " " + heard.answer.body : heard.error;
}

std::string detail_of(const std::string& raw) {
  AnswerReader reader(AnswerReader::Method::other, {});
  reader.feed(raw);
  return reader.failure() ? std::string(to_string(reader.failure()->fault)) + ": " + reader.failure()->detail : "";
}

const std::string ok = "HTTP/1.1 200 OK\r\n";
std::string repeated(const std::string& piece, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += piece;
  return all;
}

}  // namespace

TEST_CASE("What real servers send is read as a careful operator would") {
  const auto all = odd_answers();
  CHECK(all.size() >= 340);
  for (const auto& odd : all) {
    CAPTURE(odd.name);
    for (const std::size_t step : {odd.raw.size() + 1, std::size_t(1), std::size_t(7)}) {
      const auto heard = hear(odd.raw, odd.then, odd.method, step);
      if (odd.for_reader) CHECK(told(heard) == odd.right());
      if (odd.for_receiver) CHECK((heard.head_is_whole ? heard.answer.status : 0) == odd.status);
    }
  }
}

TEST_CASE("What has no end is ended, and named") {
  CHECK(detail_of("HTTP/1.1 200 " + std::string(70'000, 'x')) == "too_large: the headers are larger than 64 KiB");
  CHECK(detail_of(ok + "X: " + std::string(70'000, 'y')) == "too_large: the headers are larger than 64 KiB");
  CHECK(detail_of(ok + repeated("X: y\r\n", 70'000)) == "too_large: the headers are larger than 64 KiB");
  CHECK(detail_of(repeated("\r\n", 70'000)) == "too_large: the headers are larger than 64 KiB");
  CHECK(detail_of(repeated("HTTP/1.1 103 Early\r\n\r\n", 1000)) == "protocol: informational answers without end");
  const auto chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(detail_of(chunked + "1;" + std::string(20'000, 'e')) == "protocol: the answer is not HTTP: bad chunk");
  CHECK(detail_of(chunked + repeated("1;" + std::string(4000, 'a') + "\r\nx\r\n", 4 << 20)) ==
        "too_large: the body is larger than 1 MiB");
  CHECK(detail_of(chunked + "0\r\n" + repeated("X: y\r\n", 70'000)) == "too_large: the headers are larger than 64 KiB");
  CHECK(detail_of(ok + "\r\n" + std::string((1 << 20) + 1, 'x')) == "too_large: the body is larger than 1 MiB");
  CHECK(detail_of(ok + "\r\n" + std::string(1 << 20, 'x')) == "");
}

TEST_CASE("300 headers, and 60 KiB of them, are read") {
  const auto heard =
      hear(ok + repeated("X-Some-Header: and its value, which is a little longer\r\n", 60'000) + "\r\nok", "close",
           "GET", 4096);
  CHECK(told(heard) == "200 ok");
  CHECK(heard.answer.headers.size() > 1000);
}

TEST_CASE("A body is unpacked, and nothing says any more that it was packed") {
  HttpAnswer answer;
  answer.headers = {{"Content-Type", "application/json"}, {"content-encoding", "GZip"}, {"Content-Length", "35"}};
  answer.body = *from_base64("H4sIAAAAAAACA6tWKi5JLCktVrJSys9WqgUA3e0THQ8AAAA=");
  CHECK(unpack(answer, 15) == Unpacked::done);
  CHECK(answer.body == R"({"status":"ok"})");
  CHECK(answer.headers == Headers{{"Content-Type", "application/json"}});
}

TEST_CASE("Exactly a megabyte is unpacked, and a byte more is not") {
  for (const std::size_t size : {std::size_t(1) << 20, (std::size_t(1) << 20) + 1}) {
    const std::string large(size, 'x');
    HttpAnswer answer;
    answer.headers = {{"Content-Encoding", "deflate"}};
    answer.body.resize(compressBound(size));
    uLongf made = answer.body.size();
    REQUIRE(compress(reinterpret_cast<Bytef*>(answer.body.data()), &made, reinterpret_cast<const Bytef*>(large.data()),
                     size) == Z_OK);
    answer.body.erase(made);
    CHECK(unpack(answer, 1 << 20) == (size == 1 << 20 ? Unpacked::done : Unpacked::too_large));
    CHECK((answer.body == large) == (size == 1 << 20));
  }
}

TEST_CASE("What would be too much is not unpacked, and is left as it was") {
  HttpAnswer answer;
  answer.headers = {{"Content-Encoding", "gzip"}};
  answer.body = *from_base64("H4sIAAAAAAACA6tWKi5JLCktVrJSys9WqgUA3e0THQ8AAAA=");
  const auto before = answer.body;
  CHECK(unpack(answer, 14) == Unpacked::too_large);
  CHECK(answer.body == before);
  CHECK(answer.headers.size() == 1);
}
