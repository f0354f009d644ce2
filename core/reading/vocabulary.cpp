// The lists of words, and the order in which they are asked: what the configuration adds to a surface, then to all,
// then the platform's own.
#include "core/reading/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/text/words.hpp"

namespace readback {
namespace {

constexpr std::array pass_words{
    std::string_view("active"),    std::string_view("aligned"),     std::string_view("alive"),
    std::string_view("available"), std::string_view("connected"),   std::string_view("good"),
    std::string_view("green"),     std::string_view("healthy"),     std::string_view("in_sync"),
    std::string_view("live"),      std::string_view("normal"),      std::string_view("ok"),
    std::string_view("okay"),      std::string_view("operational"), std::string_view("pass"),
    std::string_view("passed"),    std::string_view("passing"),     std::string_view("ready"),
    std::string_view("running"),   std::string_view("succeeded"),   std::string_view("success"),
    std::string_view("true"),      std::string_view("up"),          std::string_view("verified")};
constexpr std::array warn_words{std::string_view("amber"),
                                std::string_view("concerning"),
                                std::string_view("contradictory"),
                                std::string_view("degraded"),
                                std::string_view("drift"),
                                std::string_view("drifted"),
                                std::string_view("followthrough_required"),
                                std::string_view("inconsistent"),
                                std::string_view("initializing"),
                                std::string_view("intermittent"),
                                std::string_view("maintenance"),
                                std::string_view("partial"),
                                std::string_view("partially_ready"),
                                std::string_view("recovering"),
                                std::string_view("retrying"),
                                std::string_view("review_required"),
                                std::string_view("stale"),
                                std::string_view("starting"),
                                std::string_view("throttled"),
                                std::string_view("tolerating"),
                                std::string_view("warmup"),
                                std::string_view("warming_up"),
                                std::string_view("warn"),
                                std::string_view("warning"),
                                std::string_view("yellow")};
constexpr std::array fail_words{
    std::string_view("bad"),       std::string_view("blocked"),     std::string_view("critical"),
    std::string_view("denied"),    std::string_view("down"),        std::string_view("error"),
    std::string_view("fail"),      std::string_view("failed"),      std::string_view("failing"),
    std::string_view("false"),     std::string_view("fault"),       std::string_view("not_ready"),
    std::string_view("notready"),  std::string_view("offline"),     std::string_view("out_of_service"),
    std::string_view("red"),       std::string_view("sealed"),      std::string_view("unavailable"),
    std::string_view("unhealthy"), std::string_view("unreachable"), std::string_view("unready")};
constexpr std::array neutral_words{std::string_view("disabled"),       std::string_view("na"),
                                   std::string_view("not_applicable"), std::string_view("not_available"),
                                   std::string_view("not_configured"), std::string_view("pending"),
                                   std::string_view("ready_pre_live"), std::string_view("skipped"),
                                   std::string_view("unknown")};

template <std::size_t N>
bool has(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Meaning added_meaning(const Words& words, const std::string& word) {
  if (words.fail.contains(word)) return Meaning::fail;
  if (words.warn.contains(word)) return Meaning::warn;
  if (words.pass.contains(word)) return Meaning::pass;
  if (words.neutral.contains(word)) return Meaning::neutral;
  return Meaning::unrecognised;
}

}  // namespace

std::string normalised(std::string_view word) {
  std::string out = lower_case(trimmed(word));
  for (char& c : out)
    if (c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n') c = '_';
  return out;
}

Meaning meaning_of(std::string_view text, const Words& first, const Words& second) {
  if (text.size() > 256)
    text = text.substr(0, 256);  // no word of ours is longer; a megabyte need not be copied to see it
  const std::string word = normalised(text);
  if (const auto m = added_meaning(first, word); m != Meaning::unrecognised) return m;
  if (const auto m = added_meaning(second, word); m != Meaning::unrecognised) return m;
  if (has(pass_words, word)) return Meaning::pass;
  if (has(warn_words, word)) return Meaning::warn;
  if (has(fail_words, word) || word.starts_with("error")) return Meaning::fail;
  if (has(neutral_words, word)) return Meaning::neutral;
  return Meaning::unrecognised;
}

}  // namespace readback
