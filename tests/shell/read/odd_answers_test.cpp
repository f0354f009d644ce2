// The corpus of odd answers over real connections: what the reader of bytes makes of them (tests/core/http), the whole
// reader does, whether the connection ends, is reset or stays open.
#include <doctest/doctest.h>

#include "tests/shell/read/read_it.hpp"
#include "tests/support/odd_server.hpp"

using namespace readback;

TEST_CASE("A platform's answer is read as real servers send it") {
  for (const auto& odd : odd_answers()) {
    if (!odd.for_reader || odd.method != "GET") continue;
    CAPTURE(odd.name);
    const Server server(plays(odd));
    const auto answer = read(server.url(), patience(odd));
    const auto* error = std::get_if<TransportError>(&answer.answer);
    CHECK((error ? std::string(to_string(error->fault)) : told(answer)) == odd.right());
  }
}
