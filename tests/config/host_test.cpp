// What only the host can say about a configuration: programs, folders and scripts that are not there.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "config/load.hpp"
#include "tests/support/folder.hpp"

using namespace readback;
namespace fs = std::filesystem;

namespace {

struct Host : Folder {
  Host() : Folder("host") {}
  void file(const std::string& name, const std::string& text, bool executable = false) const {
    fs::permissions(write(name, text), executable ? fs::perms(0755) : fs::perms(0644));
  }
};

/// Each complaint about one check with this command, without the file's name.
std::string complaints(const Host& folder, const std::string& command, std::string cwd = "") {
  if (cwd.empty()) cwd = folder.path.string();
  folder.file("readback.yaml",
              "targets:\n  - name: fabric\n    base_url: http://127.0.0.1:1\n    checks:\n      m:\n"
              "        command: " +
                  command + "\n        cwd: " + cwd + "\n");
  const std::string file = (folder.path / "readback.yaml").string();
  const auto loaded = load_config(file);
  std::string all;
  for (const auto& each : loaded.problems)
    if (!each.warning) all += to_string(each) + "\n";
  for (const auto& each : problems_on_host(loaded.config, file)) {
    const auto text = to_string(each);
    all += text.substr(text.find(".yaml:") + 6) + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("a check that could never run is told with its place and its reason") {
  const Host folder;
  folder.file("plain.py", "print('fine')\n");
  folder.file("good.py", "#!/usr/bin/env sh\n", true);
  folder.file("lost.py", "#!/usr/bin/env no-such-interpreter\n", true);
  folder.file("gone.sh", "#!/opt/no-such-shell -e\n", true);
  const std::string here = folder.path.string() + "/";
  struct Case {
    std::string command, complaint;
  };
  const Case cases[] = {
      {"[./good.py, --check]", ""},
      {"[sh, ./plain.py]", ""},
      {"[sh, -c, \"exit 0\"]", ""},
      {"[./plain.py, --check]",
       "6:18: the check m: " + here + "./plain.py is not executable; chmod +x, or name its interpreter first\n"},
      {"[" + here + "plain.py]",
       "6:18: the check m: " + here + "plain.py is not executable; chmod +x, or name its interpreter first\n"},
      {"[/usr/bin]", "6:18: the check m: /usr/bin is not executable; chmod +x, or name its interpreter first\n"},
      {"[./absent.py]", "6:18: the check m: " + here + "./absent.py is not there; correct the command\n"},
      {"[no-such-program]",
       "6:18: the check m: no program `no-such-program` is found on this host; give its whole path\n"},
      {"[./lost.py]", "6:18: the check m: " + here +
                          "./lost.py asks for no-such-interpreter, which is not on this host; "
                          "name its interpreter first\n"},
      {"[./gone.sh]", "6:18: the check m: " + here +
                          "./gone.sh asks for /opt/no-such-shell, which is not on this host; "
                          "name its interpreter first\n"},
      {"[sh, ./scripts/verify.py, --check]",
       "6:18: the check m: the script " + here +
           "./scripts/verify.py cannot be read; correct the command or its cwd\n"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.command);
    CHECK(complaints(folder, c.command) == c.complaint);
  }
}

TEST_CASE("a working folder that is gone is told once, and not its script as well") {
  const Host folder;
  const auto gone = (folder.path / "gone").string();
  for (const char* command : {"[sh, ./scripts/verify.py, --check]", "[./scripts/verify.py]", "[true]"}) {
    CAPTURE(std::string(command));
    CHECK(complaints(folder, command, gone) ==
          "7:14: the check m: the folder " + gone + " is not there; correct its cwd\n");
  }
  folder.file("file", "");
  const auto file = (folder.path / "file").string();
  CHECK(complaints(folder, "[true]", file) ==
        "7:14: the check m: the folder " + file + " is not there; correct its cwd\n");
}
