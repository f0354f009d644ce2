#pragma once
// Fills the structs from the tree of a document, by the lists of keys.hpp: for each kind of value one read(), which
// takes what is right and tells what is not, and goes on. What a list cannot say, because it concerns several keys, is
// looked at where the struct is complete (target.cpp, alerts.cpp) or where all of them are (whole.cpp).
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"

namespace readback {

class Loader {
 public:
  /// `file` and `out` outlive it; problems are added to those that `out` has.
  Loader(const std::string& file, LoadedConfig& out) : main_(file), file_(file), out_(out), config_(out.config) {}

  void load(const Node& root);
  /// What a file that it includes says; its place is told with every mistake.
  void load_part(const Node& root, const std::string& file);
  /// When all of the files have been read.
  void whole();

 private:
  // --- telling ---
  void tell(const Node& at, bool warning, std::string text, std::string suggestion);
  void error(const Node& at, std::string text, std::string suggestion = "");
  FilePlace place(const Node& at) const;
  /// For what is told of a place later.
  Node node_at(const FilePlace& place);
  /// "above", or where it stands when that is in another file.
  std::string standing(const FilePlace& place) const;
  void warn(const Node& at, std::string text, std::string suggestion = "");
  /// As it is written for a word that is not among these.
  static std::string meant_or(const std::string& word, const std::vector<std::string>& words, std::string otherwise);

  // --- shapes ---
  void map(const Node& n, const Section& section);
  void each(const Node& n, const std::function<void(const Node&)>& handler);
  /// As each(), but one entry may stand without the list around it.
  void one_or_each(const Node& n, const std::function<void(const Node&)>& handler);
  /// A map whose keys are names of the user's own.
  void named(const Node& n, const std::string& where,
             const std::function<void(const Node& key, const Node& value)>& handler);
  bool is_name(const Node& n);
  bool scalar(const Node& n, const std::string& what);
  bool duration(const Node& n, Millis& out, Millis least);
  bool whole_number(const Node& n, int& out, int least, int most);
  /// The index of the word.
  std::optional<std::size_t> choice(const Node& n, const std::vector<std::string>& words);
  void line(const Node& n, std::string& out);
  void absolute_path(const Node& n, std::string& out);
  void lines(const Node& n, std::vector<std::string>& out);

  // --- addresses and secrets (addresses.cpp) ---
  bool http_url(const Node& n, const std::string& url, bool unix_too);
  void secret(const Node& n, SecretRef& out, bool is_url);
  void signing_secret(const Node& n, std::vector<SecretRef>& out);

  // --- values.cpp ---
  void read(const Node& n, const key::Text& v);
  void read(const Node& n, const key::Name& v);
  void read(const Node& n, const key::Path& v);
  void read(const Node& n, const key::SocketPath& v);
  void read(const Node& n, const key::Duration& v);
  void read(const Node& n, const key::OwnDuration& v);
  void read(const Node& n, const key::WholeNumber& v);
  void read(const Node& n, const key::Days& v);
  void read(const Node& n, const key::Size& v);
  void read(const Node& n, const key::Jitter& v);
  void read(const Node& n, const key::Rate& v);
  void read(const Node& n, const key::Boolean& v);
  void read(const Node& n, const key::Choice& v);
  void read(const Node& n, const key::Pointer& v);
  void read(const Node& n, const key::Clock& v);
  void read(const Node& n, const key::Zone& v);
  void read(const Node& n, const key::Texts& v);
  void read(const Node& n, const key::WordSet& v);
  void read(const Node& n, const key::CodeReadings& v);
  void read(const Node& n, const key::Map& v);

  // --- addresses.cpp ---
  void read(const Node& n, const key::Url& v);
  void read(const Node& n, const key::BaseUrl& v);
  void read(const Node& n, const key::UrlOrPath& v);
  void read(const Node& n, const key::UrlPath& v);
  void read(const Node& n, const key::Urls& v);
  void read(const Node& n, const key::Listen& v);
  void read(const Node& n, const key::Secret& v);
  void read(const Node& n, const key::RoutingKey& v);
  void read(const Node& n, const key::HeartbeatUrl& v);
  void read(const Node& n, const key::SinkUrl& v);
  void read(const Node& n, const key::SinkUrls& v);
  void read(const Node& n, const key::SigningSecret& v);
  void read(const Node& n, const key::SigningSecrets& v);
  void read(const Node& n, const key::Headers& v);
  void read(const Node& n, const key::Tls& v);
  void read(const Node& n, const key::Proxy& v);

  // --- fleet.cpp ---
  void read(const Node& n, const key::Token& v);
  void read(const Node& n, const key::NatsUrls& v);
  void read(const Node& n, const key::Fleet& v);
  void judge_nats(const Node& n, const NatsConfig& nats);
  void whole_fleet();

  // --- target.cpp ---
  void read(const Node& n, const key::Targets& v);
  void read(const Node& n, const key::Surfaces& v);
  void read(const Node& n, const key::Paths& v);
  void read(const Node& n, const key::StatusCodes& v);
  void read(const Node& n, const key::JsonValues& v);
  void read(const Node& n, const key::Runbooks& v);
  void read(const Node& n, const key::Windows& v);
  void read(const Node& n, const key::WeekDays& v);
  void target(const Node& n, std::vector<Shared<TargetConfig>>& all);
  void surface(const Node& name, const Node& value, std::vector<Shared<SurfaceConfig>>& all);
  void judge_target(const Node& n, const TargetConfig& t);
  void path(const Node& n, std::vector<PathConfig>& all);
  void window(const Node& n, std::vector<MaintenanceWindow>& all);

  // --- check.cpp ---
  void read(const Node& n, const key::Checks& v);
  void read(const Node& n, const key::Command& v);
  void read(const Node& n, const key::Folder& v);
  void read(const Node& n, const key::Variables& v);
  void read(const Node& n, const key::ExitCodes& v);
  void read(const Node& n, const key::Patterns& v);

  // --- alerts.cpp ---
  void read(const Node& n, const key::Sinks& v);
  void read(const Node& n, const key::Escalations& v);
  void read(const Node& n, const key::Boundaries& v);
  void read(const Node& n, const key::Template& v);
  void read(const Node& n, const key::ContentType& v);
  void sink(const Node& n, std::vector<SinkConfig>& all);
  void judge_sink(const Node& n, const SinkConfig& s, const std::string& what);
  std::optional<Boundary> boundary(const Node& n);

  // --- whole.cpp ---
  void command_names();
  void reached_sink(const SinkConfig& s);
  void escalations();

  const std::string main_;
  std::string file_;  ///< which is being read
  LoadedConfig& out_;
  Config& config_;
  std::vector<Node> command_names_;
  std::vector<FilePlace> keys_of_one_host_;  ///< each `dedup_scope: host` that was written
  FilePlace root_;                           ///< where the whole begins
  bool has_targets_ = true;                  ///< they are named somewhere
  std::string key_;                          ///< whose value is being read
};

}  // namespace readback
