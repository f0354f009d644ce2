// zlib does the work; what is decided here is what counts as whole. A gzip file may have several members, may be
// followed by bytes that are none, and may lack the checksum behind its last byte: nothing is lost by any of it.
#include "core/http/unpack.hpp"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "core/text/words.hpp"

namespace readback {

namespace {

constexpr int largest_window = 15;  // zlib's name for 32 KiB
constexpr int gzip_wrapped = 16 + largest_window, zlib_wrapped = largest_window, unwrapped = -largest_window;
constexpr int after_last_block = 64 | 128;  // of z_stream::data_type, as zlib.h says under inflate()
constexpr std::size_t slice = 64 << 10;

struct Inflation {
  bool good = false, too_large = false;
  std::string out;
};

class Inflater {
 public:
  Inflater(std::string_view packed, int wrapping) {
    // zlib takes its input without const and does not write to it.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    ready_ = inflateInit2(&stream_, wrapping) == Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// One stream, or one member of several, behind what `into` holds.
  void run(Inflation& into, std::size_t most) {
    bool complete = false;
    int result = ready_ ? Z_OK : Z_MEM_ERROR;
    std::string piece(slice, '\0');
    while (result == Z_OK) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      const auto left = stream_.avail_in;
      result = inflate(&stream_, Z_BLOCK);  // stops behind each block, so that the last one can be seen to end
      complete = complete || (stream_.data_type & after_last_block) == after_last_block;
      const std::size_t made = piece.size() - stream_.avail_out;
      if (made > most - into.out.size()) {
        into.too_large = true;
        return;
      }
      into.out.append(piece, 0, made);
      if (result == Z_OK && made == 0 && left == stream_.avail_in && stream_.avail_in == 0) result = Z_BUF_ERROR;
    }
    into.good = result == Z_STREAM_END || (result == Z_BUF_ERROR && complete);
  }
  /// Whether another member of a gzip file follows.
  bool next_member() {
    const bool follows = stream_.avail_in > 2 && stream_.next_in[0] == 0x1f && stream_.next_in[1] == 0x8b;
    return follows && inflateReset(&stream_) == Z_OK;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

Inflation inflated(std::string_view packed, int wrapping, std::size_t most) {
  Inflation result;
  Inflater inflater(packed, wrapping);
  do {
    result.good = false;
    inflater.run(result, most);
  } while (result.good && wrapping == gzip_wrapped && inflater.next_member());
  return result;
}

/// The one coding, in lower case; empty when there is none. Of several, nobody says in which order they were meant.
std::string coding_of(const Headers& headers) {
  std::string found;
  for (const auto& header : headers) {
    if (!same_without_case(header.name, "content-encoding")) continue;
    std::string_view rest = header.value;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      const auto coding = lower_case(trimmed(rest.substr(0, comma)));
      more = comma != rest.npos;
      if (more) rest.remove_prefix(comma + 1);
      if (coding.empty() || coding == "identity") continue;
      if (!found.empty()) return "";
      found = coding;
    }
  }
  return found;
}

bool is_of_packing(const Header& header) {
  return same_without_case(header.name, "content-encoding") || same_without_case(header.name, "content-length");
}

}  // namespace

Unpacked unpack(HttpAnswer& answer, std::size_t most) {
  if (answer.body.empty()) return Unpacked::nothing;
  const auto coding = coding_of(answer.headers);
  Inflation body;
  if (coding == "gzip" || coding == "x-gzip") {
    body = inflated(answer.body, gzip_wrapped, most);
  } else if (coding == "deflate") {  // wrapped by RFC 9110 section 8.4.1.2, bare as some servers understood it
    body = inflated(answer.body, zlib_wrapped, most);
    if (!body.good && !body.too_large) body = inflated(answer.body, unwrapped, most);
  }
  if (body.too_large) return Unpacked::too_large;
  if (!body.good) return Unpacked::nothing;
  answer.body = std::move(body.out);
  auto& headers = answer.headers;
  headers.erase(std::remove_if(headers.begin(), headers.end(), is_of_packing), headers.end());
  return Unpacked::done;
}

}  // namespace readback
