// What the kinds of values say of themselves: the text of a value as the file would have it, and the limits in words.
#include <cstdio>

#include "config/keys.hpp"
#include "config/scalars.hpp"
#include "core/text/time.hpp"

namespace readback {
namespace key {

std::string Duration::text() const { return write_duration(out); }
std::string OwnDuration::text() const { return out ? write_duration(*out) : ""; }
std::string WholeNumber::text() const { return std::to_string(out); }
std::string Days::text() const { return std::to_string(out / std::chrono::hours(24)); }
std::string Size::text() const { return write_size(out); }
std::string Jitter::text() const { return std::to_string(out) + "%"; }
std::string Rate::text() const { return std::to_string(out) + "/min"; }
std::string Clock::text() const {
  char clock[32];
  std::snprintf(clock, sizeof clock, "%02d:%02d", out / 60 % 24, out % 60);
  return clock;
}

void with_entry(const Targets&, const std::function<void(const Section&)>& look) {
  TargetConfig target = default_target("");
  look(section_of(target));
}
void with_entry(const Sinks&, const std::function<void(const Section&)>& look) {
  SinkConfig sink;
  look(section_of(sink));
}
void with_entry(const Escalations&, const std::function<void(const Section&)>& look) {
  EscalationConfig escalation;
  look(section_of(escalation));
}
void with_entry(const Paths&, const std::function<void(const Section&)>& look) {
  PathConfig path;
  look(section_of(path));
}
void with_entry(const Windows&, const std::function<void(const Section&)>& look) {
  MaintenanceWindow window;
  look(section_of(window));
}
void with_entry(const Surfaces&, const std::function<void(const Section&)>& look) {
  SurfaceConfig surface;
  look(section_of(surface));
}
void with_entry(const Checks& checks, const std::function<void(const Section&)>& look) {
  CheckConfig check;
  check.role = checks.role;
  look(section_of(check));
}
void with_entry(const Runbooks&, const std::function<void(const Section&)>& look) {
  RunbookConfig runbook;
  look(section_of(runbook));
}

}  // namespace key

namespace {

struct Limits {
  static std::string at_least(Millis least) { return least > Millis(0) ? "at least " + write_duration(least) : ""; }

  std::string operator()(const key::Duration& v) const { return at_least(v.least); }
  std::string operator()(const key::OwnDuration& v) const { return at_least(v.least); }
  std::string operator()(const key::Size& v) const { return "at least " + write_size(v.least); }
  std::string operator()(const key::WholeNumber& v) const {
    return std::to_string(v.least) + " to " + std::to_string(v.most);
  }
  std::string operator()(const key::Days& v) const { return std::to_string(v.least) + " to " + std::to_string(v.most); }
  std::string operator()(const key::Jitter&) const { return "0% to 50%"; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "";
  }
};

}  // namespace

std::string describe(const Key& key) {
  const std::string limits = std::visit(Limits{}, key.value);
  std::string sentence(key.sentence);
  return limits.empty() ? sentence : sentence.substr(0, sentence.size() - 1) + "; " + limits + ".";
}

}  // namespace readback
