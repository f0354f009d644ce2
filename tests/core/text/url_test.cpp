// Addresses: what is taken apart how, and the sentence for what cannot be used.
#include <doctest/doctest.h>

#include "core/text/url.hpp"

using namespace readback;

namespace {

/// "HOST PORT TARGET HOST-HEADER", or what is wrong.
std::string told(const Result<Url>& parsed) {
  if (!parsed) return parsed.error();
  return parsed->host + " " + parsed->port + " " + parsed->target + " " + parsed->host_header();
}

}  // namespace

TEST_CASE("an address is taken apart, or it is said what is wrong with it, without quoting it") {
  struct Case {
    const char* url;
    const char* says;
  };
  const Case cases[] = {
      {"http://h", "h 80 / h"},
      {"http://h:80", "h 80 / h"},
      {"https://h:443/", "h 443 / h"},
      {"http://h:443/", "h 443 / h:443"},
      {"https://h:8443/a/b?c=d#e", "h 8443 /a/b?c=d h:8443"},
      {"https://[::1]:9093/x", "::1 9093 /x [::1]:9093"},
      {"http://[fe80::1%eth0]/x", "fe80::1%eth0 80 /x [fe80::1%eth0]"},
      {"http://127.0.0.1:8080", "127.0.0.1 8080 / 127.0.0.1:8080"},
      {"http://under_score.example/{a}|b", "under_score.example 80 /{a}|b under_score.example"},
      {"http://u:p%40@h?x", "h 80 /?x h"},
      {"http://h/?next=http://u@other/", "h 80 /?next=http://u@other/ h"},
      {"http://h/x \r\n", "h 80 /x h"},
      {"unix:///run/a.sock", "/run/a.sock  / localhost"},
      {"unix://", "the address names no socket"},
      {"ftp://h", "the address must begin with http:// or https://"},
      {"h:80", "the address must begin with http:// or https://"},
      {"http://", "the address names no host"},
      {"http://:80/", "the address names no host"},
      {"http://h:0/", "the port of the address is not a number from 1 to 65535"},
      {"http://h:/", "the port of the address is not a number from 1 to 65535"},
      {"http://h:x/", "the port of the address is not a number from 1 to 65535"},
      {"http://h:99999/", "the port of the address is not a number from 1 to 65535"},
      {"http://[::1]:x/", "the port of the address is not a number from 1 to 65535"},
      {"http://h/a b", "the address has blanks or control characters in it"},
      {"http://h%0ax/", "the address names no host"},
      {"http://[::1/", "the address has an unclosed '['"},
      {"http://::1:80/", "the host of the address is neither a name nor an IP address (IPv6 stands in brackets)"},
      {"http://[zz]/", "the host of the address is neither a name nor an IP address (IPv6 stands in brackets)"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.url);
    CHECK(told(parse_url(c.url)) == c.says);
  }
  CHECK(parse_url("http://u:p%40@h")->login == "u:p@");
  CHECK(parse_url("http://h")->login.empty());
}

TEST_CASE("a path is joined to its base, an absolute address stands for itself") {
  CHECK(told(resolve_url("http://h:8080", "/health?x")) == "h 8080 /health?x h:8080");
  CHECK(told(resolve_url("http://h/base", "/health")) == "h 80 /base/health h");
  CHECK(told(resolve_url("http://h/base", "https://other/x")) == "other 443 /x other");
  CHECK(told(resolve_url("unix:///run/a.sock", "/health")) == "/run/a.sock  /health localhost");
  CHECK(told(resolve_url("nowhere", "/health")) == "the address must begin with http:// or https://");
}
