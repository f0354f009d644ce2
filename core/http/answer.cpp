// Lines are gathered until their LF, bodies are taken as they come; each step says what the next one is.
#include "core/http/answer.hpp"

#include <algorithm>
#include <charconv>

#include "core/text/words.hpp"

namespace readback {

namespace {

constexpr int most_informational = 8;                 // 1xx answers before the real one
constexpr std::size_t longest_chunk_line = 16 << 10;  // a size and its extensions
constexpr std::size_t framing_per_body = 3;           // times the body's limit, for all that frames its chunks

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Blanks and tabs only: what else stands around a value belongs to it.
std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// A return or a NUL inside of a line is where readers disagree about what the line is (RFC 9112 section 2.2).
bool is_broken(std::string_view line) { return line.find('\r') != line.npos || line.find('\0') != line.npos; }

std::string_view without_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

/// "HTTP/1.1", "http/1.0", "HTTP/2": the version's digits, or nothing.
std::string_view version_in(std::string_view word) {
  if (word.size() < 6 || !same_without_case(word.substr(0, 5), "HTTP/")) return "";
  const auto version = word.substr(5);
  if (version[0] != '1' && version[0] != '2') return "";
  const bool good = version.size() == 1 || (version.size() == 3 && version[1] == '.' && is_digit(version[2]));
  return good ? version : "";
}

std::string size_text(std::size_t bytes) {
  return bytes % (1 << 20) == 0 ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes >> 10) + " KiB";
}

/// Each element of each header of that name; an empty element is one, too.
template <class Use>
void each_element(const Headers& headers, std::string_view name, Use use) {
  for (const auto& header : headers) {
    if (!same_without_case(header.name, name)) continue;
    std::string_view rest = header.value;
    for (;;) {
      const auto comma = rest.find(',');
      use(without_blanks(rest.substr(0, comma)));
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
}

}  // namespace

void AnswerReader::fail(TransportFault fault, std::string detail) {
  state_ = State::failed;
  failure_ = TransportError{fault, std::move(detail)};
}

void AnswerReader::not_http(std::string_view what) {
  fail(TransportFault::protocol, "the answer is not HTTP: " + std::string(what));
}

void AnswerReader::body_too_large() {
  fail(TransportFault::too_large, "the body is larger than " + size_text(limits_.body));
}

AnswerReader::State AnswerReader::feed(std::string_view bytes) {
  while (state_ == State::reading && !bytes.empty()) step(bytes);
  return state_;
}

AnswerReader::State AnswerReader::end() {
  // Trailers are nobody's business: the body before them is whole.
  if (state_ == State::reading && (step_ == Step::until_end || step_ == Step::trailers)) state_ = State::whole;
  return state_;
}

void AnswerReader::step(std::string_view& bytes) {
  switch (step_) {
    case Step::status:
      if (take_line(bytes, limits_.head)) return read_status();
      return look_at_start();
    case Step::headers:
      if (take_line(bytes, limits_.head)) read_header();
      return;
    case Step::body:
    case Step::until_end:
    case Step::chunk: return take_body(bytes);
    case Step::chunk_size:
      if (line_.empty() && !is_hex(bytes.front())) return not_http("bad chunk");
      if (take_line(bytes, longest_chunk_line)) read_chunk_size();
      return;
    case Step::chunk_end: {
      const char want = line_.empty() ? '\r' : '\n';
      if (bytes.front() != want) return not_http("bad chunk");
      bytes.remove_prefix(1);
      line_ = want == '\r' ? "\r" : "";
      if (want == '\n') step_ = Step::chunk_size;
      return;
    }
    case Step::trailers:
      if (!take_line(bytes, limits_.head)) return;
      if (is_broken(without_return(line_))) return not_http("bad trailer");
      if (without_return(line_).empty()) state_ = State::whole;
      line_.clear();
      return;
  }
}

/// True when the line is whole; more than `most` bytes of its section are too many.
bool AnswerReader::take_line(std::string_view& bytes, std::size_t most) {
  const auto end = bytes.find('\n');
  const auto piece = bytes.substr(0, end);
  const std::size_t used = end == bytes.npos ? piece.size() : end + 1;
  section_ += used;
  const bool framing = step_ == Step::chunk_size;
  if (framing ? line_.size() + used > most : section_ > most) {
    if (framing)
      not_http("bad chunk");
    else
      fail(TransportFault::too_large, "the headers are larger than " + size_text(most));
    return false;
  }
  if (framing && section_ > framing_per_body * limits_.body) {
    body_too_large();
    return false;
  }
  line_ += piece;
  bytes.remove_prefix(used);
  return end != bytes.npos || used > piece.size();
}

/// Of a status line that is not whole yet: whoever waits for its end may wait for ever.
void AnswerReader::look_at_start() {
  if (state_ != State::reading || line_ == "\r") return;
  constexpr std::string_view begin = "HTTP/";
  if (!same_without_case(begin.substr(0, line_.size()), std::string_view(line_).substr(0, begin.size())))
    return not_http("bad version");
  if (is_broken(std::string_view(line_).substr(0, line_.size() - 1)) || line_.back() == '\0') not_http("bad status");
}

void AnswerReader::read_status() {
  const auto line = without_return(line_);
  if (line.empty()) return line_.clear();  // an empty line in front is no answer and no harm
  const auto blank = std::min(line.find_first_of(" \t"), line.size());
  const auto version = version_in(line.substr(0, blank));
  if (version.empty()) return not_http("bad version");
  const auto rest = without_blanks(line.substr(blank));
  const auto code = rest.substr(0, 3);
  const bool is_code = code.size() == 3 && code[0] != '0' && std::all_of(code.begin(), code.end(), is_digit) &&
                       (rest.size() == 3 || is_blank(rest[3]));
  if (!is_code || is_broken(line)) return not_http("bad status");
  answer_.status = 100 * (code[0] - '0') + 10 * (code[1] - '0') + (code[2] - '0');
  answer_.http_version = version == "1.0" ? "1.0" : "1.1";
  line_.clear();
  step_ = Step::headers;
}

void AnswerReader::read_header() {
  const auto line = without_return(line_);
  if (is_broken(line)) return not_http("bad header");
  if (line.empty()) return end_of_head();
  const auto colon = line.find(':');
  if (is_blank(line[0])) {
    fold(line);
  } else if (colon != line.npos) {
    const auto name = without_blanks(line.substr(0, colon));
    if (!name.empty())
      answer_.headers.push_back({std::string(name), std::string(without_blanks(line.substr(colon + 1)))});
  }  // a line that names nothing is passed over
  line_.clear();
}

/// RFC 9112 section 5.2: it goes on with the value before it; directly behind the status line there is none.
void AnswerReader::fold(std::string_view line) {
  if (answer_.headers.empty()) return;
  auto& value = answer_.headers.back().value;
  const auto more = without_blanks(line);
  if (!value.empty() && !more.empty()) value += ' ';
  value += more;
}

void AnswerReader::end_of_head() {
  ++heads_;
  line_.clear();
  section_ = 0;
  if (answer_.status == 101)
    return fail(TransportFault::protocol, "the answer changes the protocol, and nobody asked for that");
  if (answer_.status >= 200) {
    final_ = true;
    return choose_framing();
  }
  if (heads_ > most_informational) return fail(TransportFault::protocol, "informational answers without end");
  answer_ = HttpAnswer();
  step_ = Step::status;
}

/// RFC 9112 section 6.3.
void AnswerReader::choose_framing() {
  if (asked_ == Method::head || answer_.status == 204 || answer_.status == 304) {
    state_ = State::whole;
    return;
  }
  int chunked = 0, identity = 0, unknown = 0;
  each_element(answer_.headers, "transfer-encoding", [&](std::string_view coding) {
    ++(same_without_case(coding, "chunked") ? chunked : same_without_case(coding, "identity") ? identity : unknown);
  });
  if (unknown > 0 || chunked + identity > 1)
    return fail(TransportFault::protocol, "malformed framing: unknown transfer coding");
  const auto length = told_length();
  if (state_ == State::failed) return;
  if (chunked > 0 && length) return fail(TransportFault::protocol, "malformed framing: a length, and chunks");
  step_ = chunked > 0 ? Step::chunk_size : length ? Step::body : Step::until_end;
  if (!length) return;
  wanted_ = *length;
  if (wanted_ > limits_.body) return body_too_large();
  if (wanted_ == 0) state_ = State::whole;
}

/// The one length that all of them tell, or nothing; fails when they differ or one is no number.
std::optional<std::uint64_t> AnswerReader::told_length() {
  std::optional<std::uint64_t> length;
  bool good = true;
  each_element(answer_.headers, "content-length", [&](std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    good = good && error == std::errc() && end == text.data() + text.size() && (!length || *length == value);
    length = value;
  });
  if (!good) fail(TransportFault::protocol, "malformed framing: bad Content-Length");
  return length;
}

void AnswerReader::take_body(std::string_view& bytes) {
  auto& body = answer_.body;
  const bool counted = step_ != Step::until_end;
  const auto piece =
      counted ? bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(wanted_, bytes.size()))) : bytes;
  if (piece.size() > limits_.body - body.size()) return body_too_large();
  body += piece;
  bytes.remove_prefix(piece.size());
  if (!counted) return;
  wanted_ -= piece.size();
  if (wanted_ > 0) return;
  if (step_ == Step::body)
    state_ = State::whole;
  else
    step_ = Step::chunk_end;
}

/// RFC 9112 section 7.1. Here a bare LF is a hole: what one reader takes for the end of an extension is data to
/// another.
void AnswerReader::read_chunk_size() {
  const auto line = without_return(line_);
  if (line.size() == line_.size() || is_broken(line)) return not_http("bad chunk");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  const auto behind = without_blanks(std::string_view(end, static_cast<std::size_t>(line.data() + line.size() - end)));
  if (error != std::errc() || (!behind.empty() && behind[0] != ';')) return not_http("bad chunk");
  line_.clear();
  if (size > limits_.body - answer_.body.size()) return body_too_large();
  wanted_ = size;
  step_ = size > 0 ? Step::chunk : Step::trailers;
  if (size == 0) section_ = 0;
}

}  // namespace readback
