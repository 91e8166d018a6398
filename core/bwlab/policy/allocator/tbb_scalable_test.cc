#include "bwlab/policy/allocator/tbb_scalable.h"

#include <pthread.h>
#include <unistd.h>

#include <cstdlib>

#include "bwlab/policy/allocator/allocator_policy_test.h"

namespace bwlab::test {
INSTANTIATE_TYPED_TEST_SUITE_P(TbbScalable, AllocatorPolicyTest, TbbScalableAllocator);

namespace {

// In a process of its own, in which the library has done nothing yet and the least thread-specific
// keys are somebody else's, with values in the calling thread.
TEST(TbbScalableDeathTest, TrimBeforeTheFirstPageTouchesNothingOfOthers) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto trim = [] {
    ::alarm(60);  // what it would read may as well never end
    static char others[1 << 16];
    for (char& byte : others) byte = 0x41;
    for (pthread_key_t key = 0; key < 4; ++key) {
      pthread_key_t made;
      (void)::pthread_key_create(&made, nullptr);
      if (::pthread_getspecific(key) == nullptr) (void)::pthread_setspecific(key, others);
    }
    TbbScalableAllocator::Shared shared;
    TbbScalableAllocator::Local(shared).Trim();
    std::_Exit(0);
  };
  EXPECT_EXIT(trim(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace bwlab::test
