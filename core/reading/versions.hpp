#pragma once
// The versions that the last answers of a surface named, and whether they alternate, as they do when two releases
// answer by turns. Most surfaces name the same version for weeks, and there are thousands of them: what follows itself
// is counted, and stands here once.
#include <optional>
#include <string>
#include <vector>

namespace readback {

/// Of the last ten answers, from the first on that named a version.
class LastVersions {
 public:
  LastVersions() = default;
  /// What each() gave.
  explicit LastVersions(const std::vector<std::string>& named);

  /// "" of an answer that named none. It takes its place as well, so that what alternated is forgotten when it is no
  /// longer told.
  void note(const std::string& version);
  bool empty() const { return runs_.empty(); }
  /// In their order, "" of an answer that named none.
  std::vector<std::string> each() const;
  /// Each once, sorted; nothing while they do not.
  std::optional<std::vector<std::string>> alternating() const;

 private:
  struct Run {
    std::string version;
    int answers = 0;
  };
  std::vector<Run> runs_;
};

}  // namespace readback
