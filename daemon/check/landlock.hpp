#pragma once
// A Landlock ruleset under construction: below which folders may be read and executed, and where written.
//
// Landlock knows no exception: a rule is for a folder and all below it. So what is to be hidden is left out by allowing
// what stands beside it on the way down: to hide /var/lib/readback, all in / but /var, all in /var but lib, all in
// /var/lib but readback. What comes to stand there later is seen by the next run.
//
// The folders on the way can still be listed, and with them, because a rule holds for all below, the hidden ones: names
// are seen, contents are not. The other choice would take `ls /etc` and `find /` away from every check, and hides
// nothing of weight: Landlock has no say in stat(), which tells whether a name is there.
#include <cstdint>
#include <string>
#include <vector>

namespace readback {

int landlock_abi();

/// Without links in it, as the kernel would name it.
std::string plain_path(const std::string& path);

class LandlockRules {
 public:
  /// `no_tcp`: neither bind nor connect. `alone`: no abstract Unix socket outside. Signals stay inside always. As far
  /// as the ABI knows of it. After a failure nothing below works.
  LandlockRules(int abi, bool no_tcp, bool alone);
  ~LandlockRules();
  LandlockRules(const LandlockRules&) = delete;
  LandlockRules& operator=(const LandlockRules&) = delete;

  /// Everything below, or of one file; what is not there needs no rule.
  void read_below(const std::string& path);
  /// Both plain paths; a hidden path that is no folder on the way costs nothing.
  void read_below_but(const std::string& path, const std::vector<std::string>& hidden);
  void write_below(const std::string& path);
  /// Read and written, and used as a terminal where `ioctl`; nothing is made there.
  void use_device(const char* path, bool ioctl);

  bool fine() const { return fine_; }
  int error() const { return error_; }  ///< an errno, when not fine
  int descriptor() const { return ruleset_; }
  int release();

 private:
  void allow(const std::string& path, std::uint64_t access, bool through_link);

  int abi_;
  int ruleset_ = -1;
  bool fine_ = true;
  int error_ = 0;
};

}  // namespace readback
