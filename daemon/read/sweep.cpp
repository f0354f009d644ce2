// References are asked only when nothing of the target answered: a platform that is well costs its neighbours nothing.
#include "daemon/read/sweep.hpp"

#include <algorithm>

#include "daemon/runtime/join.hpp"

namespace readback {

Result<std::shared_ptr<const TargetReader>> TargetReader::make(const TargetConfig& config, Headers headers,
                                                               TlsClients& clients) {
  auto made = std::make_shared<TargetReader>();
  const auto base = parse_url(config.base_url);
  TlsConfig elsewhere;
  elsewhere.ca_file = config.tls.ca_file;
  elsewhere.verify = config.tls.verify;

  const auto add = [&](std::vector<std::shared_ptr<const PreparedRead>>& list, std::string read, const std::string& url,
                       Millis timeout, bool reference) -> Result<void> {
    auto parsed = resolve_url(config.base_url, url);
    if (!parsed) return Failure{"the target " + config.name + ": " + url + " is no address"};
    ReadRequest request;
    request.read = std::move(read);
    request.url = std::move(*parsed);
    request.timeout = timeout;
    const bool own = !reference && base && is_same_origin(*base, request.url);
    if (own) request.headers = headers;
    if (request.url.scheme == Url::Scheme::https) {
      auto tls = clients.get(own ? config.tls : elsewhere, reference);
      if (!tls) return Failure{"the target " + config.name + ": " + tls.error()};
      request.tls = *tls;
    }
    list.push_back(prepare(std::move(request)));
    return {};
  };
  for (const SurfaceConfig& s : config.surfaces)
    if (auto added = add(made->own_, s.name, s.path, config.timeout, false); !added) return added.failure();
  for (const auto& p : config.paths)
    if (auto added = add(made->own_, "path:" + p.name, p.url, p.timeout.value_or(config.timeout), false); !added)
      return added.failure();
  for (const auto& r : config.references)
    if (auto added = add(made->references_, "reference:" + r, r, config.timeout, true); !added) return added.failure();
  return std::shared_ptr<const TargetReader>(std::move(made));
}

net::awaitable<Unredacted<std::vector<RawRead>>> TargetReader::sweep(std::shared_ptr<const TargetReader> self,
                                                                     Resolver& resolver,
                                                                     std::vector<std::string> skip) {
  std::vector<net::awaitable<RawRead>> tasks;
  for (const auto& request : self->own_)
    if (std::find(skip.begin(), skip.end(), name_of(*request)) == skip.end())
      tasks.push_back(read_once(resolver, request));
  auto reads = co_await all_of(std::move(tasks));

  bool reached = false;
  for (const auto& r : reads)
    if (kind_of(r.read) == ReadKind::surface && std::holds_alternative<HttpAnswer>(r.answer)) reached = true;
  if (!reached && !self->references_.empty()) {
    std::vector<net::awaitable<RawRead>> asked;
    for (const auto& request : self->references_) asked.push_back(read_once(resolver, request));
    auto answers = co_await all_of(std::move(asked));
    for (auto& answer : answers) reads.push_back(std::move(answer));
  }
  Unredacted<std::vector<RawRead>> received(std::move(reads));
  co_return received;
}

}  // namespace readback
