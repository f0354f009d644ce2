// Each file is judged by itself first, then by what was given from outside, then by its neighbours. Whatever is found
// is kept as data, and told at the end in one of two forms.
#include "daemon/client/proof.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>

#include "core/text/encoding.hpp"
#include "core/text/utf8.hpp"
#include "core/text/words.hpp"
#include "daemon/client/show.hpp"
#include "daemon/client/terminal.hpp"
#include "daemon/evidence/archive.hpp"

namespace readback {
namespace json = boost::json;
namespace {

constexpr const char* unproven =
    "undamaged does not say who made it: whoever makes a bundle anew makes it undamaged, too. Give the digest that "
    "stands "
    "in the page (--sha256) or the key of the host (--key).";

/// What a daemon at hand says of what it has sealed itself.
struct Index {
  bool reached = false;
  std::string socket, host, key;
  std::map<std::string, std::string> digests;  ///< by snapshot
  std::string name() const { return "the daemon at " + socket + (host.empty() ? "" : " (" + host + ")"); }
};

struct Found {
  std::string name;    ///< the file's, fit to be shown
  std::string digest;  ///< "" when it could not be read
  std::size_t files = 0;
  std::string id, host, form, previous;
  std::optional<ManifestSignature> signature;
  std::vector<std::string> troubles, proofs;
  std::string of_index;  ///< what the daemon's index has to do with it

  bool is_full() const { return form == "full"; }
  std::string word() const {
    if (!troubles.empty()) return "not to be believed";
    return proofs.empty() ? "undamaged" : "proven";
  }
};

Index index_of(const Client& c) {
  Index index;
  const auto connection = c.connection();
  index.socket = connection.socket();
  const auto list = connection.ask("GET", "/v1/snapshots");
  if (!list || !list->good()) return index;
  json::error_code ec;
  const auto parsed = json::parse(list->body, ec);
  const auto* all = parsed.is_object() ? parsed.get_object().if_contains("snapshots") : nullptr;
  if (!all || !all->is_array()) return index;
  index.reached = true;
  for (const auto& each : all->get_array())
    if (each.is_object()) index.digests[text_at(each.get_object(), "id")] = text_at(each.get_object(), "sha256");
  const auto key = connection.ask("GET", "/v1/snapshots/key");  // an older daemon has none
  if (!key || !key->good()) return index;
  const auto told = json::parse(key->body, ec);
  if (!told.is_object()) return index;
  index.key = text_at(told.get_object(), "key");
  index.host = text_at(told.get_object(), "host");
  return index;
}

void judge_signature(Found& found, const BundleFiles& files, const ProofAsked& asked, const Index& index) {
  found.signature = signature_of(files);
  const auto by = std::find_if(asked.keys.begin(), asked.keys.end(),
                               [&](const PublicKey& key) { return is_signed_with(files, key); });
  if (by != asked.keys.end())
    found.proofs.emplace_back("signed with the key that was given");
  else if (!asked.keys.empty() && found.signature)
    found.troubles.push_back("it is signed with another key than the one given: " + visible(found.signature->key));
  else if (!asked.keys.empty())
    found.troubles.emplace_back("it is not signed, and a key was given");
  const auto theirs = PublicKey::parse(index.key);
  if (theirs && is_signed_with(files, *theirs)) found.proofs.push_back("signed with the key of " + index.name());
}

void judge_index(Found& found, const Index& index) {
  if (!index.reached) return;
  const auto known = index.digests.find(found.id);
  if (known == index.digests.end()) {
    found.of_index = index.name() + " has no snapshot of this id";
  } else if (!found.is_full()) {
    found.of_index = index.name() + " has sealed this snapshot; its index has the digest of the full bundle only";
  } else if (known->second == found.digest) {
    found.of_index = index.name() + " has sealed this snapshot with this digest";
    found.proofs.push_back("in the index of " + index.name());
  } else {
    found.troubles.push_back(index.name() + " has sealed this snapshot with another digest, " + known->second +
                             ": the file was changed, or made anew");
  }
}

Found judge(const std::string& file, const ProofAsked& asked, const Index& index) {
  Found found;
  found.name = visible(file);
  const auto bytes = read_bytes(file);
  if (!bytes) {
    found.troubles.push_back(bytes.error());
    return found;
  }
  found.digest = sha256_hex(*bytes);
  auto checked = check_bundle(*bytes);
  found.troubles = std::move(checked.troubles);
  found.files = checked.files;
  const auto files = unpack(*bytes);
  if (files) {
    found.id = visible(manifest_text(*files, "id"));
    found.host = visible(manifest_text(*files, "host"));
    found.form = visible(manifest_text(*files, "form"));
    found.previous = visible(manifest_text(*files, "previous_sha256"));
    judge_signature(found, *files, asked, index);
    judge_index(found, index);
  }
  return found;
}

void judge_digest(Found& found, const std::string& given) {
  if (given.empty() || found.digest.empty()) return;
  if (found.digest == given)
    found.proofs.emplace_back("of the digest that was given");
  else
    found.troubles.push_back("its digest is " + found.digest +
                             ", and not the one given: it is another file, or was changed");
}

/// Several bundles as one chain: each names the digest of the one before it.
class Chain {
 public:
  explicit Chain(std::vector<Found>& all) : all_(all) { link(); }

  bool ok() const { return troubles_.empty(); }
  const std::vector<std::string>& troubles() const { return troubles_; }
  /// Oldest first; all of them only when the chain is ok.
  const std::vector<Found*>& order() const { return order_; }

  /// Whoever is named by a bundle that is proven is proven by that, and so are those before it.
  void pass_on() {
    for (std::size_t i = order_.size(); ok() && i-- > 1;)
      if (order_[i]->troubles.empty() && !order_[i]->proofs.empty())
        order_[i - 1]->proofs.push_back("named by " + order_[i]->name);
  }
  std::string told() const {
    std::string text =
        "chain: " + std::to_string(order_.size()) + " bundles, each names the digest of the one before it";
    for (const auto* each : order_) text += "\n  " + each->name;
    const auto& first = *order_.front();
    return text + (first.previous.empty()
                       ? "\nthe first one names none before it"
                       : "\nbefore the first one comes " + first.previous + ", which is not among these");
  }

 private:
  void link() {
    std::map<std::string, Found*> by_digest;
    std::map<Found*, Found*> next;
    for (auto& each : all_) {
      if (each.digest.empty()) return void(troubles_.emplace_back("not all of the files can be read"));
      if (!each.is_full())
        return void(troubles_.push_back(each.name + " is a public-safe form, and the chain is one of full bundles"));
      const auto [twin, is_new] = by_digest.emplace(each.digest, &each);
      if (!is_new) return void(troubles_.push_back(twin->second->name + " and " + each.name + " are the same bundle"));
    }
    std::vector<Found*> first;
    for (auto& each : all_) {
      const auto before = by_digest.find(each.previous);
      if (before == by_digest.end())
        first.push_back(&each);
      else if (const auto [other, is_new] = next.emplace(before->second, &each); !is_new)
        troubles_.push_back(other->second->name + " and " + each.name + " both name " + before->second->name +
                            " as the one before them");
    }
    // With ids in the order of time the one that may begin is the oldest.
    std::sort(first.begin(), first.end(), [](const Found* a, const Found* b) { return a->id < b->id; });
    for (std::size_t i = 1; i < first.size(); ++i)
      troubles_.push_back(
          first[i]->name + " names " + (first[i]->previous.empty() ? "none" : first[i]->previous) +
          " as the one before it, and none of these files has that digest: one is missing, or was changed");
    for (auto* at = first.empty() ? nullptr : first.front(); at; at = next.contains(at) ? next[at] : nullptr)
      order_.push_back(at);
    if (order_.size() != all_.size() && ok()) troubles_.emplace_back("these bundles are no chain");
  }

  std::vector<Found>& all_;
  std::vector<Found*> order_;
  std::vector<std::string> troubles_;
};

json::object json_of(const Found& f) {
  json::array troubles, proofs;
  for (const auto& each : f.troubles) troubles.emplace_back(each);
  for (const auto& each : f.proofs) proofs.emplace_back(each);
  json::value signature = nullptr;
  if (f.signature)
    signature = json::object{{"key", clean_utf8(f.signature->key)}, {"signature", clean_utf8(f.signature->signature)}};
  return {{"file", f.name},     {"ok", f.troubles.empty()}, {"word", f.word()},
          {"sha256", f.digest}, {"files", f.files},         {"id", f.id},
          {"host", f.host},     {"form", f.form},           {"signature", signature},
          {"proofs", proofs},   {"index", f.of_index},      {"troubles", troubles}};
}

void say(const Found& f) {
  for (const auto& t : f.troubles) complain(t.starts_with(f.name) ? t : f.name + ": " + t);
  if (!f.troubles.empty()) return;
  std::string text = f.name + ": " + bold(f.word()) + ", " + std::to_string(f.files) + " files as the manifest says\n";
  text += "  sha256 " + f.digest + "\n";
  text += f.signature ? "  signed with " + visible(f.signature->key) + "\n" : "  not signed\n";
  for (const auto& proof : f.proofs)
    text += "  " + coloured("✓", "met") + " " + proof + "\n";  // with a path, which is copied
  if (!f.of_index.empty() && f.proofs.empty()) text += "  " + wrapped(f.of_index, 2) + "\n";
  if (f.proofs.empty()) text += "  " + wrapped(unproven, 2) + "\n";
  print(text);
}

}  // namespace

int verify_bundles(const Client& client, const ProofAsked& asked) {
  const Index index = index_of(client);
  std::vector<Found> all;
  for (const auto& file : asked.files) all.push_back(judge(file, asked, index));
  std::optional<Chain> chain;
  if (all.size() > 1) chain.emplace(all);
  if (!chain)
    judge_digest(all.front(), asked.sha256);
  else if (chain->ok())
    judge_digest(*chain->order().back(), asked.sha256);
  if (chain) chain->pass_on();
  const bool ok =
      std::all_of(all.begin(), all.end(), [](const Found& f) { return f.troubles.empty(); }) && (!chain || chain->ok());
  const int status = ok ? 0 : exit_failed;
  if (client.as_json && !chain) {
    client.raw(json_of(all.front()));
    return status;
  }
  if (client.as_json) {
    json::array bundles, order, troubles;
    for (const auto& each : all) bundles.push_back(json_of(each));
    for (const auto* each : chain->order()) order.emplace_back(each->name);
    for (const auto& each : chain->troubles()) troubles.emplace_back(each);
    client.raw(
        json::object{{"ok", ok},
                     {"bundles", std::move(bundles)},
                     {"chain", json::object{{"ok", chain->ok()},
                                            {"order", std::move(order)},
                                            {"before", chain->order().empty() ? "" : chain->order().front()->previous},
                                            {"troubles", std::move(troubles)}}}});
    return status;
  }
  for (const auto& each : all) say(each);
  if (chain)
    for (const auto& trouble : chain->troubles()) complain(trouble);
  if (ok && chain) print(chain->told() + "\n");
  return status;
}

}  // namespace readback
