#include "bwlab/policy/reclamation/qsbr.h"

#include <gtest/gtest.h>

#include "bwlab/policy/reclamation/reclamation_policy_test.h"

namespace bwlab {
namespace {

class QsbrTest : public testing::Test {
 protected:
  auto Free() { return freed_.Free(); }
  bool IsFreed(const Retired& page) const { return freed_.Has(page); }

  test::FreedPages freed_;
  Qsbr::Domain domain_{ReclamationOptions{}};
  Qsbr::Participant idle_{domain_};
  Qsbr::Participant writer_{domain_};
  Retired page_;
};

TEST_F(QsbrTest, AnOpenIdleParticipantHoldsPagesBackUntilItsNextSectionEnds) {
  idle_.Enter();
  idle_.Exit();
  writer_.Retire(&page_, Free());
  for (int i = 0; i < 5; ++i) writer_.Collect(Free());
  EXPECT_FALSE(IsFreed(page_));
  idle_.Enter();
  writer_.Collect(Free());
  EXPECT_FALSE(IsFreed(page_));  // the section's beginning announces nothing
  idle_.Exit();
  writer_.Collect(Free());
  EXPECT_TRUE(IsFreed(page_));
}

TEST_F(QsbrTest, AParkedParticipantHoldsNothingBack) {
  idle_.Enter();
  idle_.Exit();
  idle_.Park();
  writer_.Retire(&page_, Free());
  writer_.Collect(Free());
  EXPECT_TRUE(IsFreed(page_));
}

TEST_F(QsbrTest, AParkedParticipantComesOnlineWithItsNextSection) {
  idle_.Enter();
  idle_.Exit();
  idle_.Park();
  idle_.Enter();
  writer_.Retire(&page_, Free());
  writer_.Collect(Free());
  EXPECT_FALSE(IsFreed(page_));
  idle_.Exit();
  writer_.Collect(Free());
  EXPECT_TRUE(IsFreed(page_));
}

TEST_F(QsbrTest, TheCollectorsOwnIdlenessDoesNotHoldItsPagesBack) {
  writer_.Enter();
  writer_.Exit();
  writer_.Retire(&page_, Free());
  writer_.Collect(Free());
  EXPECT_TRUE(IsFreed(page_));
}

TEST_F(QsbrTest, AnInnerSectionsEndIsNoQuiescentState) {
  idle_.Enter();
  writer_.Retire(&page_, Free());
  writer_.Collect(Free());
  idle_.Enter();
  idle_.Exit();
  writer_.Collect(Free());
  EXPECT_FALSE(IsFreed(page_));
  idle_.Exit();
  writer_.Collect(Free());
  EXPECT_TRUE(IsFreed(page_));
}

}  // namespace
}  // namespace bwlab
