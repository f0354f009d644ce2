// Folders and files for tests. What cannot be made is an exception: a test without its folder has nothing to tell.
#include "tests/support/folder.hpp"

#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

namespace readback {
namespace fs = std::filesystem;

Folder::Folder(std::string_view name) {
  std::string made = (fs::temp_directory_path() / ("readback-" + std::string(name) + "-XXXXXX")).string();
  if (!::mkdtemp(made.data())) throw std::system_error(errno, std::generic_category(), "a folder for a test");
  path = made;
}

Folder::~Folder() {
  std::error_code ec;
  fs::remove_all(path, ec);
}

fs::path Folder::write(const fs::path& file, std::string_view contents) const {
  const auto whole = path / file;
  fs::create_directories(whole.parent_path());
  std::ofstream out(whole, std::ios::binary);
  out << contents;
  out.close();
  if (!out) throw std::system_error(errno, std::generic_category(), "a file for a test");
  return whole;
}

std::string contents_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();  // a process that ends meanwhile takes its file in /proc along: that is no exception, and no text
  return all.str();
}

}  // namespace readback
