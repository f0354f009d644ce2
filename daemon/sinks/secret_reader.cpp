// A failure to read is told to whoever asks, as before; only an answer that does not come is stood in for.
#include "daemon/sinks/secret_reader.hpp"

namespace readback {
namespace {

constexpr Millis limit = Seconds(2);
constexpr std::size_t most_threads = 16;  // that many sinks may hang before another one waits for them

using Found = std::map<std::pair<SecretRef::From, std::string>, Result<std::string>>;

}  // namespace

SecretReader::SecretReader(net::any_io_executor loop, SecretSource read, std::function<void(const Say&)> say)
    : read_(std::move(read)), say_(std::move(say)), aside_(std::move(loop), most_threads) {}

void SecretReader::remember(const RevealedSecrets& known) {
  for (const auto& [ref, value] : known) known_[ref] = value;
}

net::awaitable<SecretSource> SecretReader::look_up(std::string whose, std::vector<SecretRef> refs) {
  std::erase_if(refs, [](const SecretRef& ref) { return !lies_in_a_file(ref); });
  auto found = std::make_shared<Found>();
  if (!refs.empty()) {
    std::function<Found()> work = [read = read_, refs] {
      Found all;
      for (const auto& ref : refs) all.emplace(std::pair(ref.from, ref.value), read(ref));
      return all;
    };
    auto came = co_await aside_.within(limit, whose, std::move(work));
    tell(whose, !came);
    if (came) *found = std::move(*came);
    for (const auto& [ref, value] : *found)
      if (value) known_[ref] = *value;
    for (const auto& ref : refs) {
      const std::pair key(ref.from, ref.value);
      const auto before = known_.find(key);
      if (!came && before != known_.end()) found->emplace(key, before->second);
      if (!came && before == known_.end()) found->emplace(key, Failure{"its secret was not read within 2 s"});
    }
  }
  SecretSource source = [found, read = read_](const SecretRef& ref) -> Result<std::string> {
    const auto at = found->find({ref.from, ref.value});
    return at != found->end() ? at->second : read(ref);
  };
  co_return source;
}

void SecretReader::tell(const std::string& whose, bool late) {
  const bool changed = late ? late_.insert(whose).second : late_.erase(whose) > 0;
  if (!changed || !say_) return;
  Say line;
  line.level = late ? Say::Level::warning : Say::Level::info;
  line.kind = "sink.secret";
  line.text =
      whose + (late ? ": its secret does not come within 2 s; the one before is used" : ": its secret is read again");
  say_(line);
}

std::vector<SecretRef> refs_of(const SinkConfig& sink) {
  std::vector<SecretRef> all = sink.urls;
  all.insert(all.end(), sink.secrets.begin(), sink.secrets.end());
  all.push_back(sink.routing_key);
  if (sink.proxy.password) all.push_back(*sink.proxy.password);
  for (const auto& [name, ref] : sink.headers) all.push_back(ref);
  return all;
}

}  // namespace readback
