// Names, requests and answers. Every number that comes from a server is looked at before it is used: an answer that is
// not what it should be is an error of its own, and nothing else.
#include "daemon/fleet/jetstream.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "core/codec/texts.hpp"
#include "core/text/encoding.hpp"
#include "core/text/utf8.hpp"

namespace readback {
namespace json = boost::json;
namespace {

using std::chrono::hours;

constexpr Millis members_live = Seconds(60);
constexpr Millis views_live =
    hours(48);  ///< twice the longest interval: what a host that is gone has seen goes as well
constexpr Millis words_live = hours(24 * 30), events_live = hours(24 * 30);
constexpr std::int64_t words_bytes = 64 << 20, events_bytes = 256 << 20;
constexpr std::int64_t largest_chunk_message = 320 << 10;  ///< 256 KiB, and its headers
constexpr Millis watch_lives = Seconds(10);                ///< when nobody listens any more

std::int64_t nanos(Millis t) { return std::chrono::duration_cast<std::chrono::nanoseconds>(t).count(); }

std::string bucket_word(Bucket b) {
  switch (b) {
    case Bucket::hosts: return "hosts";
    case Bucket::views: return "views";
    case Bucket::claims: return "claims";
  }
  return "";
}

struct Limits {
  Millis age{0};  ///< 0: none
  std::int64_t bytes = -1, message = -1;
};

json::object stream_config(const std::string& name, const std::string& subjects, const Limits& limits, int replicas) {
  json::object c;
  c["name"] = name;
  c["subjects"] = json::array{subjects};
  c["retention"] = "limits";
  c["storage"] = "file";
  c["discard"] = "old";
  c["max_consumers"] = -1;
  c["max_msgs"] = -1;
  c["max_msgs_per_subject"] = -1;
  c["max_bytes"] = limits.bytes;
  c["max_age"] = nanos(limits.age);
  c["max_msg_size"] = limits.message;
  c["num_replicas"] = replicas;
  return c;
}

/// As every client of NATS makes a bucket, but for `allow_direct`: then a server that lags may answer, and a claim is
/// read from the one that decides.
StreamWish bucket(const FleetNames& names, Bucket b, const Limits& limits, int replicas) {
  StreamWish wish{names.stream(b), names.subject(b, ">"), "", true};
  auto c = stream_config(wish.name, wish.subjects, limits, replicas);
  c["max_msgs_per_subject"] = 1;
  c["discard"] = "new";
  c["allow_rollup_hdrs"] = true;
  c["deny_delete"] = true;
  wish.config = json::serialize(c);
  return wish;
}

StreamWish stream(const FleetNames& names, FleetStream s, const Limits& limits, int replicas, Millis no_doubles) {
  StreamWish wish{names.stream(s), names.subject(s, ">"), "", false};
  auto c = stream_config(wish.name, wish.subjects, limits, replicas);
  c["duplicate_window"] = nanos(limits.age > Millis(0) ? std::min(no_doubles, limits.age) : no_doubles);
  wish.config = json::serialize(c);
  return wish;
}

std::uint64_t whole(const json::value* v) {
  if (!v) return 0;
  if (const auto* u = v->if_uint64()) return *u;
  if (const auto* i = v->if_int64(); i && *i > 0) return static_cast<std::uint64_t>(*i);
  return 0;
}

/// `NATS/1.0`, then a line for each.
WireHeaders headers_in(std::string_view block) {
  WireHeaders all;
  while (!block.empty()) {
    const auto end = std::min(block.find("\r\n"), block.size());
    const auto line = block.substr(0, end);
    block.remove_prefix(std::min(end + 2, block.size()));
    const auto colon = line.find(':');
    if (colon == line.npos || all.size() >= 16) continue;
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    all.emplace_back(std::string(line.substr(0, colon)), std::string(value));
  }
  return all;
}

}  // namespace

std::string FleetNames::stream(Bucket b) const { return "KV_readback_" + fleet + "_" + bucket_word(b); }
std::string FleetNames::subject(Bucket b, const std::string& key) const {
  return "$KV.readback_" + fleet + "_" + bucket_word(b) + "." + key;
}
std::string FleetNames::key_in(Bucket b, const std::string& subject_) const {
  const std::string front = subject(b, "");
  return subject_.starts_with(front) ? subject_.substr(front.size()) : "";
}
std::string FleetNames::stream(FleetStream s) const {
  switch (s) {
    case FleetStream::words: return "READBACK_" + fleet + "_WORDS";
    case FleetStream::events: return "READBACK_" + fleet + "_EVENTS";
    case FleetStream::evidence: return "READBACK_" + fleet + "_EVIDENCE";
  }
  return "";
}
std::string FleetNames::subject(FleetStream s, const std::string& rest) const {
  const std::string front = "readback." + fleet + ".";
  switch (s) {
    case FleetStream::words: return front + "words." + rest;
    case FleetStream::events: return front + "events." + rest;
    case FleetStream::evidence: return front + "evidence." + rest;
  }
  return "";
}

std::vector<StreamWish> streams_of(const FleetConfig& fleet) {
  const FleetNames names{fleet.name};
  const int replicas = fleet.replicas;
  const Limits evidence{fleet.evidence.keep_time, static_cast<std::int64_t>(fleet.evidence.keep_bytes),
                        largest_chunk_message};
  // A value that nobody would read is refused where it is written.
  return {bucket(names, Bucket::hosts, {members_live, -1, 65 << 10}, replicas),
          bucket(names, Bucket::views, {views_live, -1, 4 << 10}, replicas),
          bucket(names, Bucket::claims, {Millis(0), -1, 8 << 10}, replicas),
          stream(names, FleetStream::words, {words_live, words_bytes, 16 << 10}, replicas, std::chrono::minutes(10)),
          stream(names, FleetStream::events, {events_live, events_bytes, 256 << 10}, replicas, hours(1)),
          stream(names, FleetStream::evidence, evidence, replicas, std::chrono::minutes(10))};
}

std::uint64_t JetStreamAnswer::number(std::string_view name) const { return whole(body.if_contains(name)); }
std::uint64_t JetStreamAnswer::number_in(std::string_view part, std::string_view name) const {
  const auto* inner = body.if_contains(part);
  return inner && inner->is_object() ? whole(inner->get_object().if_contains(name)) : 0;
}

JetStreamAnswer read_answer(const WireMessage& message) {
  JetStreamAnswer answer;
  if (const int status = message.status(); status >= 300) {
    answer.error = JetStreamError{status, status, printable(message.header("Description"))};
    return answer;
  }
  json::error_code ec;
  auto value = json::parse(message.body, ec);
  if (ec || !value.is_object()) {
    answer.error = JetStreamError{0, 0, message.is_too_large() ? "the answer is too large" : "the answer is no JSON"};
    return answer;
  }
  answer.body = std::move(value.as_object());
  const auto* error = answer.body.if_contains("error");
  if (!error || !error->is_object()) return answer;
  const auto& o = error->get_object();
  answer.error =
      JetStreamError{static_cast<int>(whole(o.if_contains("code"))), static_cast<int>(whole(o.if_contains("err_code"))),
                     printable(text_in(o, "description"))};
  return answer;
}

std::string describe(const JetStreamError& error, const std::string& stream, int replicas) {
  const std::string many = std::to_string(replicas);
  switch (error.err_code) {
    case 503:
    case 10039:
    case 10076: return "the fleet's servers have no JetStream for this account: enable it there (" + stream + ")";
    case 10008: return "JetStream has no leader or no majority of its servers at present (" + stream + ")";
    case 10005:
      return stream + " cannot have " + many + " replicas: fewer than " + many +
             " of the fleet's servers are there and have room for it (" + error.description + ")";
    case 10074:
      return stream + " cannot have " + many + " replicas: the fleet's servers are no cluster of " + many +
             "; set fleet.replicas to 1 for a single server";
    case 10002:
    case 10023:
    case 10028:
    case 10047:
    case 10077:
    case 10110: return "the fleet's servers have no room for " + stream + ": " + error.description;
    default: return "the fleet's servers refuse " + stream + ": " + error.description;
  }
}

std::string misfit_of(const StreamWish& wish, const JetStreamAnswer& info) {
  const auto* config = info.body.if_contains("config");
  if (!config || !config->is_object()) return "what the fleet's servers say of " + wish.name + " cannot be read";
  const auto* subjects = config->get_object().if_contains("subjects");
  if (!subjects || !subjects->is_array() || subjects->get_array().size() != 1 ||
      subjects->get_array()[0] != json::value(wish.subjects))
    return wish.name + " is there with other subjects than " + wish.subjects +
           ": delete it, or give the fleet another name";
  if (wish.is_bucket && info.number_in("config", "max_msgs_per_subject") != 1)
    return wish.name +
           " is there and keeps more than the last value of a key: delete it, or update the servers (2.6.2 has "
           "buckets)";
  return "";
}

bool is_removal(std::string_view operation) { return operation == "DEL" || operation == "PURGE"; }

bool StoredMessage::is_removed() const {
  for (const auto& [name, value] : headers)
    if (name == "KV-Operation") return is_removal(value);
  return false;
}

WireRequest info_of(const std::string& stream) { return {"$JS.API.STREAM.INFO." + stream, "", {}}; }

WireRequest last_of(const std::string& stream, const std::string& subject) {
  return {"$JS.API.STREAM.MSG.GET." + stream, json::serialize(json::object{{"last_by_subj", subject}}), {}};
}

Result<StoredMessage> read_stored(const JetStreamAnswer& answer) {
  const auto* message = answer.body.if_contains("message");
  if (!message || !message->is_object()) return Failure{"the fleet's servers gave no message"};
  const auto& o = message->get_object();
  auto body = from_base64(text_in(o, "data"));
  const auto headers = from_base64(text_in(o, "hdrs"));
  if (!body || !headers || whole(o.if_contains("seq")) == 0) return Failure{"the fleet's servers gave no message"};
  StoredMessage stored;
  stored.seq = whole(o.if_contains("seq"));
  stored.body = std::move(*body);
  stored.headers = headers_in(*headers);
  return stored;
}

std::optional<Delivered> read_delivered(std::string_view reply) {
  // $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<left>, and newer servers with a domain
  // and an account in front and a token behind.
  std::vector<std::string_view> parts;
  while (parts.size() < 16) {
    const auto dot = reply.find('.');
    parts.push_back(reply.substr(0, dot));
    if (dot == reply.npos) break;
    reply.remove_prefix(dot + 1);
  }
  const std::size_t front = parts.size() == 9 ? 2 : 4;
  if (parts.size() < front + 7 || parts[0] != "$JS" || parts[1] != "ACK") return std::nullopt;
  const auto number = [&](std::size_t at) {
    std::uint64_t n = 0;
    const auto text = parts[front + at];
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    return ec == std::errc{} && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
  };
  const auto seq = number(3), nth = number(4), left = number(6);
  if (!seq || !nth || !left) return std::nullopt;
  return Delivered{*seq, *nth, *left};
}

WireRequest watch_of(const std::string& stream, const std::string& filter, const std::string& inbox,
                     std::uint64_t from) {
  json::object config;
  config["deliver_subject"] = inbox;
  config["deliver_policy"] = from == 0 ? "last_per_subject" : "by_start_sequence";
  if (from > 0) config["opt_start_seq"] = from;
  config["filter_subject"] = filter;
  config["ack_policy"] = "none";
  config["max_deliver"] = 1;
  config["replay_policy"] = "instant";
  config["idle_heartbeat"] = nanos(watch_heartbeat);
  config["inactive_threshold"] = nanos(watch_lives);
  config["mem_storage"] = true;
  config["num_replicas"] = 1;
  return {"$JS.API.CONSUMER.CREATE." + stream,
          json::serialize(json::object{{"stream_name", stream}, {"config", std::move(config)}}),
          {}};
}

}  // namespace readback
