#pragma once
// What a bucket was last heard to hold, to tell a change from what was said before, and both from a bucket that has
// lost what it had.
//
// Servers that die may lose what they had already told (seen with nats-server 2.9 when the leader of a stream is
// killed): the stream falls back, and gives numbers that it gave before to other messages. Whoever then went on behind
// the last number that it knew would never hear what stands under it now. So a watch that begins anew hears all that
// stands there again, and each entry is held against what was heard.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace readback {

class BucketContents {
 public:
  enum class Heard {
    news,
    again,        ///< this very entry was heard before
    fallen_back,  ///< the bucket has lost what it said: all that is known of it is worth nothing
  };

  /// A watch begins: what it delivers until caught_up() is all that stands there.
  void begin() { ++pass_; }
  /// `text` is what was written, empty for a removal; `revision` its number in the stream.
  Heard hear(const std::string& key, std::uint64_t revision, std::string_view text) {
    const std::size_t digest = std::hash<std::string_view>()(text);
    auto& known = entries_[key];
    if (known.revision > revision || (known.revision == revision && known.digest != digest)) return Heard::fallen_back;
    const bool is_known = known.revision == revision;
    known = {revision, digest, text.empty(), pass_};
    return is_known ? Heard::again : Heard::news;
  }
  /// False when something that stood there was not heard again. A removal is forgotten in time, and so is what
  /// `may_age`.
  bool caught_up(bool may_age) {
    bool is_whole = true;
    std::erase_if(entries_, [&](const auto& entry) {
      const bool is_missed = entry.second.pass != pass_;
      if (is_missed && !entry.second.is_removed && !may_age) is_whole = false;
      return is_missed;
    });
    return is_whole;
  }

 private:
  struct Entry {
    std::uint64_t revision = 0;
    std::size_t digest = 0;
    bool is_removed = false;
    std::uint64_t pass = 0;
  };
  std::map<std::string, Entry> entries_;
  std::uint64_t pass_ = 0;
};

}  // namespace readback
