// One list, filled in the order that the header tells.
#include "core/alert/writing.hpp"

#include <iterator>
#include <utility>

namespace readback {

std::vector<OutboxWrite> in_order(OutboxStep step, Outbox& outbox,
                                  const std::function<Standing(const std::string& incident)>& standing) {
  std::vector<OutboxWrite> all;
  for (auto& line : step.say) all.emplace_back(std::move(line));
  for (auto& [sink, incident] : step.forget) all.emplace_back(ForgetOpened{std::move(sink), std::move(incident)});
  for (const auto& [sink, incident] : step.retell) {
    auto told = outbox.tell_again(sink, incident, standing ? standing(incident) : Standing());
    std::move(told.commit.begin(), told.commit.end(), std::back_inserter(step.commit));
  }
  if (!step.commit.empty()) all.emplace_back(CommitRows{std::move(step.commit)});
  for (auto& mark : step.mark) all.emplace_back(std::move(mark));
  if (step.forget_closed) all.emplace_back(ForgetClosed{*step.forget_closed});
  for (const auto& each : step.tried) all.emplace_back(each);
  return all;
}

}  // namespace readback
