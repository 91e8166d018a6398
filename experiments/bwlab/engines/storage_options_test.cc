#include "bwlab/engines/storage_options.h"

#include <gtest/gtest.h>

#include <array>

namespace bwlab::experiment {
namespace {

using nlohmann::json;

constexpr std::array kTwo = {Durability::kNone, Durability::kFsync};
constexpr StorageOptions kOptions = {.engine = "some_engine",
                                     .durabilities = kTwo,
                                     .why_no_other = "it has no log",
                                     .number = {"cache_bytes", 4096, 1024, 8192}};

TEST(StorageOptions, DefaultsAreFilledIn) {
  EXPECT_EQ(kOptions.Resolve(json::object()).value(),
            (json{{"durability", "none"}, {"cache_bytes", 4096}}));
}

TEST(StorageOptions, WhatIsGivenGoesBeforeTheDefaults) {
  const json resolved = kOptions.Resolve({{"durability", "fsync"}, {"cache_bytes", 8192}}).value();
  EXPECT_EQ(resolved, (json{{"durability", "fsync"}, {"cache_bytes", 8192}}));
  EXPECT_EQ(DurabilityOf(resolved), Durability::kFsync);
}

TEST(StorageOptions, WhatAnEngineCannotDoIsRefusedWithWhatItCan) {
  const Status status = kOptions.Resolve({{"durability", "wal"}}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "durability: some_engine cannot do \"wal\": it has no log; it can do none, fsync");
}

TEST(StorageOptions, WhatNoEngineKnowsIsRefusedWithASuggestion) {
  const std::string said = kOptions.Resolve({{"durability", "fsinc"}}).status().message();
  EXPECT_NE(said.find("did you mean \"fsync\""), std::string::npos) << said;
  EXPECT_EQ(kOptions.Resolve({{"durability", 5}}).status().code(), StatusCode::kInvalidArgument);
}

TEST(StorageOptions, NumbersOutOfRangeAndUnknownKeysAreRefused) {
  for (const json& options : {json{{"cache_bytes", 1023}}, json{{"cache_bytes", 8193}},
                              json{{"cache_bytes", -1}}, json{{"cache_bytes", "4096"}}}) {
    const std::string said = kOptions.Resolve(options).status().message();
    EXPECT_NE(said.find("is not an integer in 1024..8192"), std::string::npos) << said;
  }
  const std::string said = kOptions.Resolve({{"cache_byte", 4096}}).status().message();
  EXPECT_NE(said.find("did you mean \"cache_bytes\""), std::string::npos) << said;
}

}  // namespace
}  // namespace bwlab::experiment
