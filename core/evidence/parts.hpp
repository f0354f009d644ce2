#pragma once
// What the files of this room share among themselves: JSON as a bundle writes it, and the manifest as an object.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/evidence/bundle.hpp"

namespace readback::parts {

inline constexpr std::string_view manifest_name = "manifest.json", signature_name = "manifest.sig";

/// A file of JSON ends with a line end and has its keys on lines of their own at the first level: readable in a pager.
std::string pretty(const boost::json::object& o);
/// JSON Patch from one text to the other; texts that are not JSON are replaced as a whole.
boost::json::array patch(std::string_view before, std::string_view after, const std::vector<std::string>& leave_out);

/// A read's file with the body in it as JSON, where it is.
std::string opened_read(std::string_view file);
/// Names of fields that are new in every answer and explain nothing.
bool always_changes(std::string_view name);

/// A text that is compared with several: parsed at most once, and not at all where the other is the same.
class Compared;
boost::json::array patch(Compared& before, Compared& after, const std::vector<std::string>& leave_out);

class Compared {
 public:
  explicit Compared(std::string text) : text_(std::move(text)) {}
  friend boost::json::array patch(Compared& before, Compared& after, const std::vector<std::string>& leave_out);

 private:
  const boost::json::value* parsed();  ///< null: it is no JSON
  std::string text_;
  std::optional<boost::json::value> value_;
  bool is_parsed_ = false;
};

/// Puts the manifest into the bundle, with every other file's digest and its own.
void seal_manifest(boost::json::object manifest, BundleFiles& files);
std::optional<boost::json::object> parsed_manifest(const BundleFiles& files);
/// Empty when there is no manifest.sig, or one that fits the manifest by the key that it names itself.
std::vector<std::string> signature_troubles(const BundleFiles& files);

}  // namespace readback::parts
