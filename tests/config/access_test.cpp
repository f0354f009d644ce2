// Who else may write or read what decides: the modes of the configuration, of secrets, and of the folders above them.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "config/load.hpp"
#include "tests/support/folder.hpp"

using namespace readback;
namespace fs = std::filesystem;

namespace {

/// A configuration in a folder of its own, and what is told of it without the folder's name.
struct Place : Folder {
  Place() : Folder("access") {
    mode(".", 0755);
    mode(write("key", "hunter2hunter2\n"), 0640);
    mode(write("readback.yaml", with("{file: " + (path / "key").string() + "}")), 0644);
  }
  static std::string with(const std::string& key) {
    return "targets:\n  - name: fabric\n    base_url: https://fabric.example\n    headers:\n      X-API-Key: " + key +
           "\n";
  }
  void mode(const fs::path& file, unsigned bits) const {
    fs::permissions(path / file, static_cast<fs::perms>(bits), fs::perm_options::replace);
  }
  std::string told() const { return told_of("readback.yaml"); }
  std::string told_of(const std::string& name) const {
    const std::string file = (path / name).string();
    const auto loaded = load_config(file);
    std::string all;
    for (const auto& each : problems_of_access(loaded.config, file)) all += to_string(each) + "\n";
    for (auto at = all.find(path.string()); at != all.npos; at = all.find(path.string()))
      all.replace(at, path.string().size(), "HERE");
    return all;
  }
};

}  // namespace

TEST_CASE("modes as they should be are passed by without a word") {
  const Place here;
  CHECK(here.told() == "");
  here.mode("readback.yaml", 0640);
  CHECK(here.told() == "");
  CHECK(here.told_of("not-there.yaml") == "");
}

TEST_CASE("what everybody may write is an error, with its path and the chmod that mends it") {
  const Place here;
  here.mode("readback.yaml", 0666);
  CHECK(here.told() ==
        "HERE/readback.yaml: the configuration HERE/readback.yaml can be changed by everybody on this host; chmod o-w "
        "HERE/readback.yaml\n");
  here.mode("readback.yaml", 0644);
  here.mode("key", 0642);
  CHECK(here.told() ==
        "HERE/readback.yaml:5:18: the secret HERE/key can be changed by everybody on this host; chmod o-w HERE/key\n");
}

TEST_CASE("a folder in which everybody may write is as bad, unless it keeps them from each other's files") {
  const Place here;
  here.mode(".", 0777);
  CHECK(
      here.told() ==
      "HERE/readback.yaml: the configuration HERE/readback.yaml can be replaced by everybody on this host, who may "
      "write in HERE; chmod o-w HERE\n"
      "HERE/readback.yaml:5:18: the secret HERE/key can be replaced by everybody on this host, who may write in HERE; "
      "chmod o-w HERE\n");
  here.mode(".", 01777);
  CHECK(here.told() == "");
}

TEST_CASE("a link is judged by where it stands and by where it leads") {
  const Place here;
  fs::create_directories(here.path / "open" / "deep");
  fs::create_symlink(here.path / "readback.yaml", here.path / "open" / "deep" / "link.yaml");
  here.mode("open", 0777);
  CHECK(here.told_of("open/deep/link.yaml").find("replaced by everybody on this host, who may write in HERE/open;") !=
        std::string::npos);
  here.mode("open", 0755);
  CHECK(here.told_of("open/deep/link.yaml") == "");
  here.mode("readback.yaml", 0646);
  CHECK(here.told_of("open/deep/link.yaml").find("chmod o-w HERE/readback.yaml") != std::string::npos);
}

TEST_CASE("what is secret and can be read by everybody is a warning") {
  const Place here;
  here.mode("key", 0644);
  CHECK(here.told() ==
        "HERE/readback.yaml:5:18: warning: the secret HERE/key can be read by everybody on this host; chmod o-r "
        "HERE/key\n");
  here.mode("key", 0600);
  here.mode(here.write("inline.yaml", Place::with("hunter2hunter2")), 0644);
  CHECK(here.told_of("inline.yaml") ==
        "HERE/inline.yaml: warning: the configuration HERE/inline.yaml can be read by everybody on this host, and "
        "secrets "
        "stand in it in plain text; chmod o-r HERE/inline.yaml\n");
  here.mode("inline.yaml", 0640);
  CHECK(here.told_of("inline.yaml") == "");
}

TEST_CASE("of a credential only who may change it is asked: who may read it is the service manager's to say") {
  const Place here;
  here.write("readback.yaml", Place::with("{credential: key}"));
  here.mode("key", 0646);
  ::setenv("CREDENTIALS_DIRECTORY", here.path.c_str(), 1);
  CHECK(here.told() ==
        "HERE/readback.yaml:5:18: the credential HERE/key can be changed by everybody on this host; chmod o-w "
        "HERE/key\n");
  here.mode("key", 0644);
  CHECK(here.told() == "");
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("the key of a certificate is a secret, and a certificate decides whom to believe") {
  const Place here;
  for (const char* name : {"ca.pem", "client.pem", "client.key"}) here.mode(here.write(name, "x"), 0644);
  const std::string at = here.path.string();
  here.write("readback.yaml", "targets:\n  - name: fabric\n    base_url: https://fabric.example\n    tls: {ca_file: " +
                                  at + "/ca.pem, cert_file: " + at + "/client.pem, key_file: " + at + "/client.key}\n");
  CHECK(here.told() ==
        "HERE/readback.yaml:4:10: warning: the key HERE/client.key can be read by everybody on this host; chmod o-r "
        "HERE/client.key\n");
  here.mode("client.key", 0600);
  here.mode("ca.pem", 0666);
  CHECK(here.told().find("the CA file HERE/ca.pem can be changed by everybody") != std::string::npos);
}
