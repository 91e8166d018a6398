#pragma once

#include <string_view>

namespace bwlab::experiment {

/// Takes the standard output of this process for itself: what anybody else writes to it from now on
/// goes to standard error. For processes whose output is read by a program while code of others
/// runs in them.
class PrivateOutput {
 public:
  PrivateOutput();
  ~PrivateOutput();
  PrivateOutput(const PrivateOutput&) = delete;
  PrivateOutput& operator=(const PrivateOutput&) = delete;

  /// @return whether all of it was written
  bool Write(std::string_view text);

 private:
  int fd_;
};

}  // namespace bwlab::experiment
