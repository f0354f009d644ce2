// What servers answer, read as what a stranger sent.
#include <doctest/doctest.h>

#include "core/text/encoding.hpp"
#include "daemon/fleet/jetstream.hpp"
#include "daemon/fleet/nats_options.hpp"

using namespace readback;

namespace {

WireMessage message(std::string body, WireHeaders headers = {}) {
  WireMessage m;
  m.size = body.size();
  m.body = std::move(body);
  m.headers = std::move(headers);
  return m;
}

}  // namespace

TEST_CASE("The place of a delivery is read from its reply subject, of older servers and newer ones") {
  struct Case {
    std::string reply;
    std::optional<Delivered> place;
  };
  const Case cases[] = {
      {"$JS.ACK.KV_x.abc.1.42.7.1700000000000000000.3", Delivered{42, 7, 3}},
      {"$JS.ACK._.ACCOUNT.KV_x.abc.1.42.7.1700000000000000000.0.token", Delivered{42, 7, 0}},
      {"$JS.ACK.hub.ACCOUNT.KV_x.abc.1.42.7.1700000000000000000.0", Delivered{42, 7, 0}},
      {"", {}},
      {"$JS.ACK.KV_x.abc.1.42.7.1700000000000000000", {}},
      {"$JS.ACK.KV_x.abc.1.x.7.1700000000000000000.3", {}},
      {"$JS.ACK.KV_x.abc.1.42.7.1700000000000000000.-3", {}},
      {"$JS.ACK.KV_x.abc.1.99999999999999999999.7.1.3", {}},
      {"_INBOX.KV_x.abc.1.42.7.1700000000000000000.3.9.9", {}},
      {".................................", {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.reply);
    const auto read = read_delivered(c.reply);
    CHECK(read.has_value() == c.place.has_value());
    if (!read || !c.place) continue;
    CHECK(read->seq == c.place->seq);
    CHECK(read->nth == c.place->nth);
    CHECK(read->left == c.place->left);
  }
}

TEST_CASE("An answer is its JSON, an error of JetStream, or one of the servers") {
  struct Case {
    std::string name;
    WireMessage message;
    int err_code;
    std::string description;
  };
  const Case cases[] = {
      {"a conflict",
       message(R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"seq":0})"), 10071,
       "wrong last sequence: 5"},
      {"nobody is there", message("", {{"Status", "503"}}), 503, ""},
      {"no JSON", message("{"), 0, "the answer is no JSON"},
      {"no object", message("[]"), 0, "the answer is no JSON"},
      {"an error without a number", message(R"({"error":{}})"), 0, ""},
      {"odd numbers", message(R"({"error":{"code":-1,"err_code":"x","description":5}})"), 0, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto answer = read_answer(c.message);
    REQUIRE(answer.error);
    CHECK(answer.error->err_code == c.err_code);
    CHECK(answer.error->description == c.description);
    CHECK(answer.error->is_conflict() == (c.err_code == 10071));
  }
  const auto fine = read_answer(message(R"({"seq":7,"state":{"last_seq":9,"first_seq":-4}})"));
  CHECK_FALSE(fine.error);
  CHECK(fine.number("seq") == 7);
  CHECK(fine.number("none") == 0);
  CHECK(fine.number_in("state", "last_seq") == 9);
  CHECK(fine.number_in("state", "first_seq") == 0);
  CHECK(fine.number_in("seq", "last_seq") == 0);
  auto cut = message("");
  cut.size = 3'000'000;
  CHECK(read_answer(cut).error->description == "the answer is too large");
}

TEST_CASE("A stored message is its bytes and headers, and a mark of a removal is no value") {
  const auto stored = [](const std::string& headers) {
    return read_stored(read_answer(message(R"({"message":{"seq":5,"data":")" + to_base64("text\xff") + R"(","hdrs":")" +
                                           to_base64(headers) + "\"}}")));
  };
  const auto plain = stored("");
  REQUIRE(plain);
  CHECK(plain->body == "text\xff");
  CHECK(plain->seq == 5);
  CHECK_FALSE(plain->is_removed());
  CHECK(stored("NATS/1.0\r\nKV-Operation: DEL\r\n\r\n")->is_removed());
  CHECK(stored("NATS/1.0\r\nOther: x\r\nKV-Operation:PURGE")->is_removed());
  CHECK_FALSE(stored("NATS/1.0\r\nKV-Operation: PUT\r\n\r\n")->is_removed());
  for (const char* odd :
       {"{}", R"({"message":7})", R"({"message":{"data":"eA=="}})", R"({"message":{"seq":1,"data":"%"}})"}) {
    CAPTURE(odd);
    CHECK_FALSE(read_stored(read_answer(message(odd))));
  }
}

TEST_CASE("A stream that is there is taken as it is, but for what nothing works without") {
  FleetConfig fleet;
  fleet.name = "prod";
  const auto wishes = streams_of(fleet);
  REQUIRE(wishes.size() == 6);
  const auto& bucket = wishes[0];
  struct Case {
    std::string info, misfit;
  };
  const Case cases[] = {
      {R"({"config":{"subjects":["$KV.readback_prod_hosts.>"],"max_msgs_per_subject":1,"num_replicas":1,"max_age":5}})",
       ""},
      {R"({"config":{"subjects":["$KV.readback_prod_hosts.>"],"max_msgs_per_subject":64}})",
       "KV_readback_prod_hosts is there and keeps more than the last value of a key: delete it, or update the servers "
       "(2.6.2 has buckets)"},
      {R"({"config":{"subjects":["a"],"max_msgs_per_subject":1}})",
       "KV_readback_prod_hosts is there with other subjects than $KV.readback_prod_hosts.>: delete it, or give the "
       "fleet another name"},
      {"{}", "what the fleet's servers say of KV_readback_prod_hosts cannot be read"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.info);
    CHECK(misfit_of(bucket, read_answer(message(c.info))) == c.misfit);
  }
}

TEST_CASE("A file of NATS credentials is its JWT and its seed") {
  const auto read = read_credentials(
      "-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\nSUX\n"
      "------END USER NKEY SEED------\n");
  REQUIRE(read);
  CHECK(read->first == "abc");
  CHECK(read->second == "SUX");
  for (const char* odd : {"", "abc", "-----BEGIN NATS USER JWT-----", "-----BEGIN USER NKEY SEED-----\nSUX\n"}) {
    CAPTURE(odd);
    CHECK_FALSE(read_credentials(odd));
  }
}
