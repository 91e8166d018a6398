#include "bwlab/base/test_hooks.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace bwlab {
namespace {

#define BWLAB_NAME(name, what) #name,
constexpr std::string_view kPointNames[] = {BWLAB_TEST_POINTS(BWLAB_NAME)};
constexpr std::string_view kMutantNames[] = {"", BWLAB_MUTANTS(BWLAB_NAME)};
#undef BWLAB_NAME

Mutant MutantOfEnvironment() {
  const char* wanted = std::getenv("BWLAB_MUTANT");
  if (wanted == nullptr) return Mutant::kNone;
  for (std::size_t i = 0; i < std::size(kMutantNames); ++i) {
    if (kMutantNames[i] == wanted) return static_cast<Mutant>(i);
  }
  std::fprintf(stderr, "BWLAB_MUTANT is \"%s\", which is no mutant; see scripts/mutants --list\n",
               wanted);
  std::exit(2);
}

std::atomic<TestPointHandler> point_handler{nullptr};
const Mutant mutant_chosen = MutantOfEnvironment();

}  // namespace

std::string_view ToString(TestPoint point) { return kPointNames[static_cast<std::size_t>(point)]; }

void SetTestPointHandler(TestPointHandler handler) {
  point_handler.store(handler, std::memory_order_relaxed);
}
void ReachTestPoint(TestPoint point) {
  const TestPointHandler handler = point_handler.load(std::memory_order_relaxed);
  if (handler != nullptr) handler(point);
}

bool IsMutant(Mutant mutant) { return mutant == mutant_chosen; }

}  // namespace bwlab
