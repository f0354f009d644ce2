// Writes anew what comes from the lists of configuration keys, for a developer who has added one:
//   config_documents schema > config/readback.schema.json
//   config_documents man packaging/man/readback.yaml.5
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "config/documents.hpp"

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "schema" && argc == 2) return std::fputs(readback::write_schema().c_str(), stdout) < 0;
  if (what != "man" || argc != 3) {
    std::fputs("config_documents schema | man PAGE\n", stderr);
    return 64;
  }
  std::ifstream in(argv[2], std::ios::binary);
  const auto page = readback::with_key_table(std::string(std::istreambuf_iterator<char>(in), {}));
  if (!page) {
    std::fprintf(stderr, "%s: %s\n", argv[2], page.error().c_str());
    return 1;
  }
  return std::ofstream(argv[2], std::ios::binary).write(page->data(), static_cast<std::streamsize>(page->size())) ? 0
                                                                                                                  : 1;
}
