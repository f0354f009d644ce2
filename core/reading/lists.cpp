// words.json is read once, at the first question. Each of its lists, and each product of two lists that the design
// names, is a bit; every text that stands anywhere in it has one entry with the bits of all its lists.
#include "core/reading/lists.hpp"

#include <re2/re2.h>

#include <boost/json.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>
#include <vector>

#include "embedded/words_json.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr std::pair<In, const char*> lists_of_texts[] = {
    {In::silent, "silent"},
    {In::levels, "levels"},
    {In::switches, "switches"},
    {In::call_words, "call_words"},
    {In::envelope_words, "envelope_words"},
    {In::doubt, "doubt"},
    {In::negation, "negation"},
    {In::context_first, "context_first"},
    {In::no_sibling_last, "no_sibling_last"},
    {In::no_sibling_first, "no_sibling_first"},
    {In::sibling_flag_last, "sibling_flag_last"},
    {In::offers, "offers"},
    {In::strong, "strong"},
    {In::weak, "weak"},
    {In::inside, "inside"},
    {In::good_flags, "good_flags"},
    {In::more_good_flags, "more_good_flags"},
    {In::bad_flags_fail, "bad_flags_fail"},
    {In::bad_flags_warn, "bad_flags_warn"},
    {In::codes, "codes"},
    {In::blockers, "blockers"},
    {In::complaints, "complaints"},
    {In::tally_good, "tally_good"},
    {In::tally_bad, "tally_bad"},
    {In::tally_home, "tally_home"},
    {In::envelope, "envelope"},
    {In::strict_lists, "strict_lists"},
    {In::lists, "lists"},
    {In::context, "context"},
    {In::name, "name"},
    {In::reason, "reason"},
    {In::done, "done"},
    {In::stamps, "stamps"},
    {In::stamps_top, "stamps_top"},
    {In::stamps_moving, "stamps_moving"},
    {In::no_stamp, "no_stamp"},
    {In::critical, "critical"},
    {In::last_resort, "last_resort"},
};
constexpr std::pair<In, const char*> meanings[] = {
    {In::pass, "pass"}, {In::warn, "warn"}, {In::fail, "fail"}, {In::off, "off"}, {In::idle, "idle"}};
/// Names that the text of diagnosis.md section 1 mentions outside its lists.
constexpr std::pair<In, const char*> singled_out[] = {
    {In::warning_names, "warning"},  {In::warning_names, "warnings"},  {In::error_names, "error"},
    {In::error_names, "exception"},  {In::call_flags, "ok"},           {In::call_flags, "success"},
    {In::call_flags, "succeeded"},   {In::of_net, "entries"},          {In::of_net, "totalduration"},
    {In::of_checks, "checks"},       {In::of_checks, "healthchecks"},  {In::of_checks, "probes"},
    {In::switched_on, "enabled"},    {In::switched_on, "configured"},  {In::switched_on, "monitored"},
    {In::switched_off, "disabled"},  {In::meta_names, "meta"},         {In::meta_names, "metadata"},
    {In::condition_type, "type"},    {In::condition_status, "status"}, {In::condition_text, "reason"},
    {In::condition_text, "message"},
};

class Book {
 public:
  Book() {
    const auto root = json::parse(words_json).as_object();
    const auto texts = [&](std::string_view list) -> const json::array& { return root.at(list).as_array(); };
    for (const auto& [list, key] : meanings)
      for (const auto& word : root.at("words").at(key).as_array()) entry(word.as_string()).lists |= bit(list);
    for (const auto& [list, key] : lists_of_texts)
      for (const auto& word : texts(key)) entry(word.as_string()).lists |= bit(list);
    for (const auto& [list, name] : singled_out) entry(name).lists |= bit(list);

    const auto with_nouns = [&](std::string_view list, In kind) {
      for (const auto& word : texts(list))
        for (const auto& noun : texts("count_nouns")) both_orders(word.as_string(), noun.as_string(), kind);
    };
    with_nouns("count_bad", In::bad_counts);
    with_nouns("count_good", In::good_counts);
    for (const auto& word : texts("count_good")) both_orders(word.as_string(), "count", In::good_counts);
    for (const auto& word : texts("count_bad_of_count"))
      entry(std::string(word.as_string()) + "count").lists |= bit(In::bad_counts);

    std::uint8_t place = 0;
    for (const auto& name : texts("name")) entry(name.as_string()).name_place = place++;
    place = 0;
    for (const auto& name : texts("reason")) entry(name.as_string()).reason_place = place++;

    std::string any;
    for (const auto& pattern : texts("says_nothing"))
      any += (any.empty() ? "(?:" : "|(?:") + std::string(pattern.as_string()) + ")";
    no_word_ = std::make_unique<RE2>(any);
  }

  Listed find(std::string_view squashed) const {
    const auto found = entries_.find(squashed);
    return found == entries_.end() ? Listed{} : found->second;
  }
  bool is_no_word(std::string_view text) const {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *no_word_);
  }

 private:
  static std::uint64_t bit(In list) { return std::uint64_t{1} << static_cast<unsigned>(list); }
  Listed& entry(std::string_view text) { return entries_[std::string(Squashed(text).view())]; }
  void both_orders(std::string_view a, std::string_view b, In kind) {
    entry(std::string(a) + std::string(b)).lists |= bit(kind);
    entry(std::string(b) + std::string(a)).lists |= bit(kind);
  }

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return boost::hash<std::string_view>()(text); }
  };
  boost::unordered_flat_map<std::string, Listed, Hash, std::equal_to<>> entries_;
  std::unique_ptr<RE2> no_word_;
};

const Book& book() {
  static const Book made;
  return made;
}

constexpr bool is_letter_or_digit(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// What becomes of each byte when names are compared; 0: it is left out. Every member of every body is asked.
constexpr auto squashed_characters = [] {
  std::array<char, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c)
    if (is_letter_or_digit(static_cast<unsigned char>(c)) || c >= 0x80) table[c] = lower(static_cast<char>(c));
  return table;
}();

}  // namespace

Squashed::Squashed(std::string_view text) {
  for (const char c : text) {
    const char kept = squashed_characters[static_cast<unsigned char>(c)];
    if (kept == 0) continue;
    if (size_ == text_.size()) break;
    text_[size_++] = kept;
  }
}

Listed look_up(std::string_view squashed) { return book().find(squashed); }

Tokens::Tokens(std::string_view text) : text_(text) {
  std::size_t begin = 0;
  const auto end_token = [&](std::size_t end) {
    if (end == begin) return;
    const std::string_view token(text_.data() + begin, end - begin);
    if (first_.size() < first_.capacity()) first_.push_back(token);
    last_but_one_ = std::exchange(last_, token);
    ++count_;
  };
  bool after_small = false;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const char c = text_[i];
    const bool capital = c >= 'A' && c <= 'Z';
    if (!is_letter_or_digit(static_cast<unsigned char>(c))) {
      end_token(i);
      begin = i + 1;
    } else if (capital && after_small) {
      end_token(i);
      begin = i;
    }
    after_small = !capital && is_letter_or_digit(static_cast<unsigned char>(c));
    text_[i] = lower(c);
  }
  end_token(text_.size());
}

bool is_no_word(std::string_view text) { return book().is_no_word(text); }

}  // namespace readback
