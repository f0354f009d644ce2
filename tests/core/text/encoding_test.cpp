// Bytes as text: the vectors of the standards, what is refused, and that what is written comes back.
#include "core/text/encoding.hpp"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>

#include <random>
#include <string>

using namespace readback;

namespace {

std::string random_bytes(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (auto& b : bytes) b = static_cast<char>(random() % 256);
  return bytes;
}

/// The other encoder that OpenSSL has, with nothing of ours around it.
std::string openssl_base64(const std::string& bytes) {
  BIO* encoder = BIO_push(BIO_new(BIO_f_base64()), BIO_new(BIO_s_mem()));
  BIO_set_flags(encoder, BIO_FLAGS_BASE64_NO_NL);
  BIO_write(encoder, bytes.data(), static_cast<int>(bytes.size()));
  (void)BIO_flush(encoder);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(encoder, &data);
  const std::string text(data, static_cast<std::size_t>(size));
  BIO_free_all(encoder);
  return text;
}

}  // namespace

TEST_CASE("Base64 has the vectors of RFC 4648, with padding and without") {
  struct Case {
    const char *bytes, *text, *bare;
  };
  const Case cases[] = {{"", "", ""},
                        {"f", "Zg==", "Zg"},
                        {"fo", "Zm8=", "Zm8"},
                        {"foo", "Zm9v", "Zm9v"},
                        {"foob", "Zm9vYg==", "Zm9vYg"},
                        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                        {"\xfb\xff", "+/8=", "+/8"}};
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(to_base64(c.bytes) == c.text);
    CHECK(from_base64(c.text) == c.bytes);
    CHECK(from_base64(c.bare) == c.bytes);
  }
}

TEST_CASE("What is no base64 is refused and not guessed at") {
  for (const char* text : {"=", "==", "Z", "Zm9vY", "Zg===", "Z===", "Zg==Zg==", "Z=g=", "Zm 9v", " Zm9v", "Zm9v\n",
                           "Zm9v ", "Zm-_", "Zm9\x80", "Zm9*", "\u00e9\u00e9"}) {
    CAPTURE(text);
    CHECK(!from_base64(text));
  }
}

TEST_CASE("Base64 and hexadecimal come back as they were, and base64 is what OpenSSL writes") {
  std::mt19937 random(4648);
  std::size_t wrong = 0;
  for (std::size_t size = 0; size < 300; ++size) {
    const auto bytes = random_bytes(random, size);
    const auto text = to_base64(bytes);
    wrong += text != openssl_base64(bytes) || from_base64(text) != bytes;
    wrong += from_base64(text.substr(0, text.find('='))) != bytes;
    wrong += from_hex(to_hex(bytes)) != bytes;
  }
  CHECK(wrong == 0);
}

TEST_CASE("Hexadecimal is written small and read in both cases") {
  CHECK(to_hex(std::string_view("\0\x0f\xa0\xff", 4)) == "000fa0ff");
  CHECK(from_hex("00FfA0") == std::string("\0\xff\xa0", 3));
  CHECK(from_hex("") == std::string());
  for (const char* text : {"0", "0g", "g0", "0x", " 00", "00 "}) {
    CAPTURE(text);
    CHECK(!from_hex(text));
  }
}

TEST_CASE("A digest is the standard's") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abc").size() == 32);
  CHECK(sha256_source("") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

TEST_CASE("Text in a page is text: it opens no element, ends no attribute, and turns nothing around") {
  struct Case {
    std::string text, html;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"},
      {"\" onload=\"x", "&quot; onload=&quot;x"},
      {"a & b &amp; c", "a &amp; b &amp;amp; c"},
      {"a line\nand\ta tab stay", "a line\nand\ta tab stay"},
      {std::string("\0\x01\x1b\x7f\r", 5), "     "},
      {"\u202e"
       "evil\u2069",
       "\ufffd"
       "evil\ufffd"},
      {"\xc3\x28", "\ufffd("},
      {"\xf0\x9f\x98", "\ufffd\ufffd\ufffd"},
      {"\u20ac\U0001f600", "\u20ac\U0001f600"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.html);
    CHECK(html_text(c.text) == c.html);
  }
}
