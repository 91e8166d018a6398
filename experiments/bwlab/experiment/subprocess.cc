#include "bwlab/experiment/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

namespace bwlab::experiment {
namespace {

/// A pipe whose ends close themselves and are not inherited.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    CloseRead();
    CloseWrite();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool ok() const { return ends_[0] >= 0; }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void CloseRead() { Close(&ends_[0]); }
  void CloseWrite() { Close(&ends_[1]); }

 private:
  static void Close(int* fd) {
    if (*fd >= 0) ::close(*fd);
    *fd = -1;
  }

  std::array<int, 2> ends_;
};

/// Appends what is there. @return false at the end of the stream.
bool ReadSome(int fd, std::string* into) {
  std::array<char, 1 << 16> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  into->append(buffer.data(), static_cast<size_t>(got));
  return got > 0;
}

using Clock = std::chrono::steady_clock;

/// Milliseconds from now to `deadline` as poll takes them, -1 where there is none.
int MillisecondsTo(const std::optional<Clock::time_point>& deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX));
}

/// Feeds and drains all three streams at once, so that neither side waits for the other; kills the
/// child where that is not over at the deadline.
void Exchange(Pipe* in, Pipe* out, Pipe* err, std::string_view input, pid_t child,
              std::optional<Clock::time_point> deadline, ProcessEnd* end) {
  ::fcntl(in->write_end(), F_SETFL, O_NONBLOCK);
  if (input.empty()) in->CloseWrite();
  while (out->read_end() >= 0 || err->read_end() >= 0) {
    std::array<pollfd, 3> polled = {{{in->write_end(), POLLOUT, 0},
                                     {out->read_end(), POLLIN, 0},
                                     {err->read_end(), POLLIN, 0}}};
    const int ready = ::poll(polled.data(), polled.size(), MillisecondsTo(deadline));
    if (ready < 0) continue;  // EINTR
    if (ready == 0 && deadline && Clock::now() >= *deadline) {
      end->timed_out = true;
      ::kill(child, SIGKILL);
      return;  // a process of the child's own may have the outputs open for ever
    }
    if (polled[0].revents != 0) {
      const ssize_t sent = ::write(in->write_end(), input.data(), input.size());
      if (sent > 0) input.remove_prefix(static_cast<size_t>(sent));
      if (input.empty() || (sent < 0 && errno != EINTR && errno != EAGAIN)) in->CloseWrite();
    }
    if (polled[1].revents != 0 && !ReadSome(out->read_end(), &end->output)) out->CloseRead();
    if (polled[2].revents != 0 && !ReadSome(err->read_end(), &end->error)) err->CloseRead();
  }
}

[[noreturn]] void BecomeChild(char** argv, const Pipe& in, const Pipe& out, const Pipe& err,
                              int report, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent && ::dup2(in.read_end(), 0) >= 0 && ::dup2(out.write_end(), 1) >= 0 &&
      ::dup2(err.write_end(), 2) >= 0) {
    std::signal(SIGPIPE, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
    ::execvp(argv[0], argv);
  }
  const int why = errno;
  [[maybe_unused]] const ssize_t sent = ::write(report, &why, sizeof(why));
  ::_exit(127);
}

}  // namespace

ProcessEnd RunProcess(const std::vector<std::string>& argv, std::string_view input,
                      std::optional<std::chrono::milliseconds> time_max) {
  ProcessEnd end;
  std::optional<Clock::time_point> deadline;
  if (time_max) deadline = Clock::now() + *time_max;
  Pipe in;
  Pipe out;
  Pipe err;
  Pipe report;  // carries errno of a failed exec; closed by a successful one
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a child that ends early is seen by its exit code
  const pid_t parent = ::getpid();
  const bool piped = in.ok() && out.ok() && err.ok() && report.ok();
  const pid_t child = piped ? ::fork() : -1;
  if (child < 0) {
    end.not_started = std::strerror(errno);
    return end;
  }
  if (child == 0) BecomeChild(arguments.data(), in, out, err, report.write_end(), parent);
  in.CloseRead();
  out.CloseWrite();
  err.CloseWrite();
  report.CloseWrite();
  Exchange(&in, &out, &err, input, child, deadline, &end);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  int why = 0;
  if (::read(report.read_end(), &why, sizeof(why)) == sizeof(why)) {
    end.not_started = std::strerror(why);
  } else if (WIFEXITED(status)) {
    end.exit_code = WEXITSTATUS(status);
  } else if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  }
  return end;
}

std::string FailureText(const ProcessEnd& end) {
  std::string text = end.signal != 0 ? "was ended by signal " + std::to_string(end.signal) + " (" +
                                           ::strsignal(end.signal) + ")"
                                     : "ended with exit code " + std::to_string(end.exit_code);
  constexpr size_t kShownMax = 400;  // bytes
  std::string said = end.error.substr(end.error.size() - std::min(end.error.size(), kShownMax));
  while (said.ends_with('\n')) said.pop_back();
  std::replace(said.begin(), said.end(), '\n', ' ');
  return said.empty() ? text : text + "; " + said;
}

std::string LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));  // npos + 1 is 0
}

}  // namespace bwlab::experiment
