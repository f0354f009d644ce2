#pragma once
// Where memory runs out, the kernel ends the process that weighs most, and that may be the daemon. A check is to go
// first: its family begins with a weight of its own.
//
// The weight is a file of the process itself, and the daemon writes nowhere but below its store (Landlock): so its own
// file is opened before it confines itself, and the weight is put on for the moment of a fork, in which the child takes
// it over. To put it on and off again needs no right. The supervisor has it too, and cannot take it off: if it is the
// one that goes, its family comes to the daemon, which ends it (family.hpp).
namespace readback {

inline constexpr int weight_of_a_check = 500;  ///< half of the host's memory, as the kernel counts it

/// To be called before the process confines itself; without it a check begins with our own weight, where we are
/// confined.
void keep_weight_at_hand();

/// While this lives, whoever is made has the weight of a check.
class WeightOfACheck {
 public:
  WeightOfACheck();
  ~WeightOfACheck();
  WeightOfACheck(const WeightOfACheck&) = delete;
  WeightOfACheck& operator=(const WeightOfACheck&) = delete;

 private:
  int before_;
};

}  // namespace readback
