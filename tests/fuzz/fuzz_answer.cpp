// Any bytes are an answer or no answer, and the same one however they were cut on their way; nothing grows beyond its
// bounds, packed or unpacked. Input: a byte that chooses the cuts and the method, and the bytes of the connection.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/http/answer.hpp"
#include "core/http/unpack.hpp"

namespace {

using namespace readback;

void demand(bool holds) {
  if (!holds) std::abort();
}

AnswerReader read(std::string_view bytes, AnswerReader::Method asked, std::size_t step) {
  AnswerReader reader(asked, {4096, 4096});
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) reader.feed(bytes.substr(0, step));
  reader.end();
  return reader;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto asked = data[0] & 1 ? AnswerReader::Method::head : AnswerReader::Method::other;
  auto whole = read(bytes, asked, bytes.size() + 1);
  auto cut = read(bytes, asked, 1 + (data[0] >> 1));
  demand(whole.state() == cut.state());
  demand(whole.head_is_whole() == cut.head_is_whole());
  demand(whole.failure().has_value() == cut.failure().has_value());
  if (whole.failure()) demand(whole.failure()->detail == cut.failure()->detail);
  demand((whole.state() == AnswerReader::State::failed) == whole.failure().has_value());
  auto answer = whole.take();
  const auto other = cut.take();
  demand(answer.body.size() <= 4096);
  if (whole.state() != AnswerReader::State::whole) return 0;
  demand(answer.status >= 200 && answer.status <= 999);
  demand(answer.status == other.status && answer.headers == other.headers && answer.body == other.body);
  const auto packed = answer.body;
  const auto became = unpack(answer, 8192);
  demand(answer.body.size() <= 8192);
  if (became == Unpacked::done) demand(!find_header(answer.headers, "content-encoding"));
  if (became != Unpacked::done) demand(answer.body == packed);
  return 0;
}
