#pragma once
// What the read-only listener shows beside the status page: the incidents in a list that can be searched, one of them
// on a page of its own with the report of its evidence, a feed for a reader of news, and a badge. As on the page: no
// bodies, no headers, no operators' names; a report is that of the public-safe form.
//
//   /incidents?q=&target=&boundary=&state=&since=&page=   /incidents/ID   /incidents/ID/report
//   /feed.atom   /badge.svg?target=
#include "daemon/api/backend.hpp"
#include "daemon/http/exchange.hpp"
#include "daemon/runtime/aside.hpp"

namespace readback {

class IncidentPages {
 public:
  /// The backend outlives it.
  IncidentPages(ControlBackend& backend, net::any_io_executor loop) : backend_(backend), reports_(loop, most_reports) {}

  /// Is this one of its addresses?
  static bool shows(const std::vector<std::string>& path);
  /// Of a GET for one of its addresses.
  net::awaitable<Reply> answer(Request request);

 private:
  static constexpr std::size_t most_reports = 2;  ///< that are drawn at the same moment
  net::awaitable<Reply> list(Request request);
  net::awaitable<Reply> one(std::string id);
  net::awaitable<Reply> report(std::string id);
  net::awaitable<Reply> feed();
  net::awaitable<Reply> badge(Request request);
  net::awaitable<std::variant<IncidentRecord, Problem>> find(std::string asked);

  ControlBackend& backend_;
  Aside reports_;
};

}  // namespace readback
