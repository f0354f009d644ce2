#pragma once
// The members of a request's JSON body, taken one by one. The first thing wrong is kept and answered at the end, a
// member that no route has asked for included: a mistyped name must not be a request without it.
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/exchange.hpp"

namespace readback {

class Members {
 public:
  /// An empty body has no members.
  explicit Members(const std::string& body);

  /// A string of at most `most` bytes. Nothing when it is not there or null, which is wrong when it is required.
  std::optional<std::string> text(std::string_view name, bool required, std::size_t most = 1024);
  /// A whole number.
  std::optional<std::int64_t> number(std::string_view name);
  /// true or false; false when it is not there or null.
  bool flag(std::string_view name);
  /// For what only the route can judge; 422, naming the member.
  void fail(std::string_view field, std::string detail);
  /// After everything was taken: the answer for what is wrong.
  std::optional<Reply> wrong();

 private:
  boost::json::object members_;
  std::vector<std::string_view> known_;  ///< literals of the routes
  std::optional<Problem> wrong_;
};

}  // namespace readback
