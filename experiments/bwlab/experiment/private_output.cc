#include "bwlab/experiment/private_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace bwlab::experiment {

PrivateOutput::PrivateOutput() : fd_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)) {
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

PrivateOutput::~PrivateOutput() {
  if (fd_ >= 0) ::close(fd_);
}

bool PrivateOutput::Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace bwlab::experiment
