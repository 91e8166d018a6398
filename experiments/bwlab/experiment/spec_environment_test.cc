#include "bwlab/experiment/spec_environment.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "bwlab/experiment/spec_keys.h"

namespace bwlab::experiment {
namespace {

TEST(SpecEnvironment, EveryKeyHasAVariableOfItsOwn) {
  std::set<std::string> names;
  for (const std::string& key : SpecKeys()) {
    EXPECT_TRUE(names.insert(VariableOf(key)).second) << key;
  }
  EXPECT_TRUE(names.contains("BWLAB_SPEC_ENGINE_OPTIONS_BWTREE_LEAF_CAPACITY"));
}

TEST(SpecEnvironment, VariablesBecomeSettings) {
  const auto settings = SettingsOf(
      SpecVariables{{"BWLAB_SPEC_KEYS_COUNT", "7"}, {"BWLAB_SPEC_MATRIX_THREADS", "1,2"}});
  ASSERT_TRUE(settings.ok()) << settings.status().message();
  ASSERT_EQ(settings.value().size(), 2u);
  EXPECT_EQ(settings.value()[0].key, "keys.count");
  EXPECT_EQ(settings.value()[0].value, "7");
  EXPECT_EQ(settings.value()[1].flag, "BWLAB_SPEC_MATRIX_THREADS=\"1,2\"");
}

TEST(SpecEnvironment, MisspeltVariablesAreRefused) {
  const auto error = [](const char* name) {
    return SettingsOf(SpecVariables{{name, "1"}}).status().message();
  };
  EXPECT_NE(error("BWLAB_SPEC_REP").find("did you mean \"BWLAB_SPEC_REPS\"?"), std::string::npos);
  EXPECT_NE(error("BWLAB_SPEC_reps").find("did you mean \"BWLAB_SPEC_REPS\"?"), std::string::npos);
  EXPECT_EQ(error("BWLAB_SPEC_NOTHING_LIKE_IT").find("did you mean"), std::string::npos);
  EXPECT_NE(error("BWLAB_SPEC_").find("Allowed are"), std::string::npos);
  EXPECT_NE(error("BWLAB_SPEC_SWEEP").find("unknown environment variable"), std::string::npos);
}

TEST(SpecEnvironment, OtherVariablesAreNotRead) {
  ::setenv("BWLAB_SPEC_OPS", "5=6", 1);
  ::setenv("BWLAB_SPECS", "1", 1);
  EXPECT_EQ(ReadSpecVariables(), (SpecVariables{{"BWLAB_SPEC_OPS", "5=6"}}));
  ::unsetenv("BWLAB_SPEC_OPS");
  ::unsetenv("BWLAB_SPECS");
}

}  // namespace
}  // namespace bwlab::experiment
