// `readback fleet`: a monitoring plugin as `readback status` is, for the watch that many hosts keep together.
#include <boost/json.hpp>

#include "daemon/client/command.hpp"
#include "daemon/client/show.hpp"

namespace readback {
namespace {

struct Fleet : Command {
  int run(const Client& c) override {
    return verdict_or_unknown([&] {
      const auto fleet = c.get("/v1/fleet", exit_unknown);
      if (!c.raw(fleet)) print(show_fleet(fleet));
      return static_cast<int>(fleet.at("exit").as_int64());
    });
  }
};

}  // namespace

std::unique_ptr<Command> fleet_command() { return std::make_unique<Fleet>(); }

}  // namespace readback
