#include "bwlab/policy/catalog.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace bwlab {
namespace {

TEST(PolicyCatalog, NamesAreUniqueWithinAFamilyAndEveryEntryHasASummary) {
  std::set<std::string> seen;
  for (const PolicyEntry& entry : kPolicyCatalog) {
    EXPECT_TRUE(seen.insert(std::string(entry.family) + "/" + std::string(entry.name)).second)
        << entry.family << "/" << entry.name;
    EXPECT_FALSE(entry.summary.empty()) << entry.name;
  }
}

TEST(PolicyCatalog, AReasonStandsWhereAndOnlyWhereAPolicyIsNotAvailable) {
  for (const PolicyEntry& entry : kPolicyCatalog) {
    EXPECT_EQ(entry.available, entry.why_not.empty()) << entry.name;
  }
}

TEST(PolicyCatalog, EveryKernelIsListedWhateverTheBuild) {
  std::set<std::string_view> searches;
  for (const PolicyEntry& entry : kPolicyCatalog) {
    if (entry.family == "search") searches.insert(entry.name);
  }
  EXPECT_EQ(searches, (std::set<std::string_view>{"linear", "binary", "branch_free", "simd_sse42",
                                                  "simd_avx2", "simd_avx512"}));
}

TEST(PolicyCatalog, BuildAndProcessorAreToldApart) {
  const std::set<std::string_view> reasons = {WhyNoKernel(false, true), WhyNoKernel(true, false),
                                              WhyNoKernel(false, false)};
  EXPECT_EQ(reasons.size(), 3u);
  EXPECT_EQ(reasons.count(""), 0u);
  EXPECT_EQ(WhyNoKernel(true, true), "");
}

}  // namespace
}  // namespace bwlab
