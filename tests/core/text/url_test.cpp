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
      {"http://[fe80::1%eth0]/x", "fe80::1%eth0 80 /x [fe80::1]"},
      {"http://[fe80::1%25eth0]:81/x", "fe80::1%eth0 81 /x [fe80::1]:81"},
      {"http://[fe80::1%25]/x", "fe80::1%25 80 /x [fe80::1]"},
      {"https://platform.example.:8443/x", "platform.example. 8443 /x platform.example:8443"},
      {"http://platform.example./x", "platform.example. 80 /x platform.example"},
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

TEST_CASE("an origin is scheme, host and port, however they are written") {
  struct Case {
    const char *a, *b;
    bool same;
  };
  const Case cases[] = {
      {"http://h:80/x", "http://h/y?z", true},
      {"https://h/", "https://h:443", true},
      {"http://FABRIC.example/", "http://fabric.example", true},
      {"http://fabric.example.:80/", "http://fabric.example", true},
      {"http://[::1]:8080/", "http://[::1]:8080/a", true},
      {"http://[fe80::1%a]/", "http://[fe80::1%b]/", false},
      {"http://h:8080", "http://h:8081", false},
      {"http://h", "http://h:8080", false},
      {"http://h:443", "https://h:443", false},
      {"http://h", "http://h.evil", false},
      {"http://127.0.0.1:1", "http://localhost:1", false},
      {"unix:///run/a.sock", "unix:///run/a.sock", true},
      {"unix:///run/a.sock", "unix:///run/b.sock", false},
      {"unix:///run/a.sock", "http://localhost", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    CHECK(is_same_origin(*parse_url(c.a), *parse_url(c.b)) == c.same);
    CHECK(is_same_origin(*parse_url(c.b), *parse_url(c.a)) == c.same);
  }
}

TEST_CASE("a certificate and SNI know a host without its zone and its last dot") {
  CHECK(known_host("platform.example.") == "platform.example");
  CHECK(known_host("fe80::1%eth0") == "fe80::1");
  CHECK(known_host("10.0.0.1") == "10.0.0.1");
  CHECK(known_host(".") == ".");
}

TEST_CASE("an address is shown with nothing that may be a secret") {
  struct Case {
    std::string_view url, shown;
  };
  const Case cases[] = {
      {"https://fabric.example:38080", "https://fabric.example:38080"},
      {"https://fabric.example:38080/", "https://fabric.example:38080"},
      {"https://fabric.example/t0ken/base", "https://fabric.example/…"},
      {"https://fabric.example?token=t0ken", "https://fabric.example/…"},
      {"https://fabric.example/#t0ken", "https://fabric.example/…"},
      {"https://user:hunter2@fabric.example:1/x", "https://fabric.example:1/…"},
      {"https://user:hunter2@fabric.example/a@b", "https://fabric.example/…"},
      {"http://[::1]:8080/x", "http://[::1]:8080/…"},
      {"unix:///run/fabric.sock", "unix:///run/fabric.sock"},
      {"hooks.example/T/B/t0ken", "hooks.example/…"},
      {"user:hunter2@hooks.example", "hooks.example"},
      {"", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.url);
    CHECK(shown_address(c.url) == c.shown);
  }
}

TEST_CASE("of the addresses in a sentence the queries are left out, and nothing else") {
  CHECK(without_queries("R7") == "R7");
  CHECK(without_queries("what? no http: at all#1") == "what? no http: at all#1");
  CHECK(without_queries("see https://wiki.example/r7?token=t0ken, attested by ann") ==
        "see https://wiki.example/r7?… attested by ann");
  CHECK(without_queries("HTTPS://w/r?a=b http://x/#c <https://y/?d>") == "HTTPS://w/r?… http://x/?… <https://y/?…>");
  CHECK(without_queries("http,https://a/b?c=d") == "http,https://a/b?…");
  CHECK(without_queries("https://a/b") == "https://a/b");
}

TEST_CASE("a host is of the loopback when all of it is, not when it begins like one") {
  for (const char* host : {"localhost", "LOCALHOST:80", "localhost:9464", "localhost.:80", "page.localhost:1",
                           "127.0.0.1", "127.9.9.9:65535", "[::1]", "[::1]:9464", "[0:0:0:0:0:0:0:1]"}) {
    CAPTURE(host);
    CHECK(is_loopback_host(host));
  }
  for (const char* host : {"",
                           "evil.example",
                           "localhost.evil",
                           "localhost:80.evil",
                           "localhost:",
                           "localhost..",
                           ".",
                           "localhost:x",
                           "localhost:123456",
                           "127.0.0.1.evil",
                           "127.evil",
                           "127.1",
                           "[::1].evil",
                           "[::1]evil",
                           "[::1]:80.evil",
                           "[::1",
                           "::1",
                           "[::1]]",
                           "[127.0.0.1]",
                           "[::1%lo]",
                           "[::ffff:127.0.0.1]",
                           "evil@localhost",
                           "evil/.localhost",
                           "128.0.0.1",
                           "[::2]",
                           " localhost",
                           ".evil.localhost.example"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback_host(host));
  }
}
