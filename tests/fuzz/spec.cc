// Bytes as the file of an experiment: it is refused with a sentence, or understood. Entry point of
// libFuzzer and of the corpus test.

#include "bwlab/experiment/spec.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bwlab/experiment/plan.h"

/// Of memory, for plans.
constexpr uint64_t kAvailableBytes = uint64_t{1} << 32;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using bwlab::experiment::LoadSpec;
  static const int file = ::memfd_create("spec", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (file < 0 || ::ftruncate(file, 0) != 0 ||
      ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    std::perror("memfd");
    std::abort();
  }
  const auto spec = LoadSpec(path, {});
  const bwlab::Status status =
      spec.ok() ? bwlab::experiment::MakePlan(spec.value(), {}, kAvailableBytes).status()
                : spec.status();
  if (!status.ok() && status.message().empty()) {
    std::fprintf(stderr, "refused without a reason\n");
    std::abort();
  }
  return 0;
}
