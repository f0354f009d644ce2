#pragma once
// One HTTP/1.x answer, read from its bytes as they come. It is as lenient as browsers are where nothing is lost by it:
// a status line without a reason, lines that end in a bare LF, odd bytes in headers, folded lines, informational
// answers before the real one. Where leniency would be a guess about where an answer ends it is strict, because then
// half a body, or another's, would be judged: lengths that differ, unknown transfer codings, chunks that are none (RFC
// 9112 sections 2.2, 5.2, 6.3 and 7).
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/raw_read.hpp"

namespace readback {

/// In bytes.
struct AnswerLimits {
  std::size_t head = 64 << 10;  ///< status line and headers together; the trailers behind a body as well
  std::size_t body = 1 << 20;   ///< what frames its chunks counts beside it: at most three times as much
};

class AnswerReader {
 public:
  enum class Method { head, other };  ///< the answer to HEAD has no body, whatever its headers say
  enum class State { reading, whole, failed };

  AnswerReader(Method asked, AnswerLimits limits) : asked_(asked), limits_(limits) {}

  /// The next bytes. What cannot be an answer is said at the first byte that shows it, and not when a line ends. Bytes
  /// behind a whole answer are nobody's.
  State feed(std::string_view bytes);
  /// The other side has ended well. Without a length, that is where the body ends.
  State end();

  State state() const { return state_; }
  bool any_head() const { return heads_ > 0; }   ///< a status came, if only an informational one
  bool head_is_whole() const { return final_; }  ///< the final status and all headers, whatever follows
  bool ends_with_connection() const { return step_ == Step::until_end; }
  std::size_t body_bytes() const { return answer_.body.size(); }
  /// Why it failed; an answer that just stopped has no failure of its own.
  const std::optional<TransportError>& failure() const { return failure_; }
  const AnswerLimits& limits() const { return limits_; }
  /// What has come, also of a failed one. Once.
  HttpAnswer take() { return std::move(answer_); }

 private:
  enum class Step { status, headers, body, until_end, chunk_size, chunk, chunk_end, trailers };

  void step(std::string_view& bytes);
  bool take_line(std::string_view& bytes, std::size_t most);
  void look_at_start();
  void read_status();
  void read_header();
  void fold(std::string_view line);
  void end_of_head();
  void choose_framing();
  std::optional<std::uint64_t> told_length();
  void take_body(std::string_view& bytes);
  void read_chunk_size();
  void fail(TransportFault fault, std::string detail);
  void not_http(std::string_view what);
  void body_too_large();

  Method asked_;
  AnswerLimits limits_;
  State state_ = State::reading;
  Step step_ = Step::status;
  HttpAnswer answer_;
  std::optional<TransportError> failure_;
  std::string line_;          // what has come of a line, without its LF
  std::size_t section_ = 0;   // bytes of this head, of these trailers, of what frames the chunks
  std::uint64_t wanted_ = 0;  // bytes of the body, or of this chunk, that are still to come
  int heads_ = 0;
  bool final_ = false;
};

}  // namespace readback
