#include "bwlab/experiment/slo.h"

#include <gtest/gtest.h>

namespace bwlab::experiment {
namespace {

using nlohmann::json;
using workload::OpKind;

TEST(Slo, IsReadWithAndWithoutKindAndBlanks) {
  const auto slos = ParseSlos("--slo", "p99<50us,max of scan < 1.5 ms, p99_9 of read<2s");
  ASSERT_TRUE(slos.ok()) << slos.status().message();
  ASSERT_EQ(slos.value().size(), 3u);
  EXPECT_EQ(slos.value()[0].metric, "p99");
  EXPECT_FALSE(slos.value()[0].kind);
  EXPECT_DOUBLE_EQ(slos.value()[0].below_ns, 50e3);
  EXPECT_EQ(slos.value()[1].kind, OpKind::kScan);
  EXPECT_DOUBLE_EQ(slos.value()[1].below_ns, 1.5e6);
  EXPECT_EQ(slos.value()[2].Name(), "p99_9 of read");
  EXPECT_DOUBLE_EQ(slos.value()[2].below_ns, 2e9);
}

TEST(Slo, WhatIsWrongIsNamed) {
  const auto error = [](const char* text) { return ParseSlos("--slo", text).status().message(); };
  for (const auto& [text, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "METRIC [of KIND] < LATENCY"},
           {"p99", "METRIC [of KIND] < LATENCY"},
           {"p98<5us", "did you mean \"p9"},
           {"p99.9<5us", "did you mean \"p99_9\""},
           {"<5us", "unknown metric \"\""},
           {"p99 read<5us", "expected \"of KIND\""},
           {"p99 of reed<5us", "did you mean \"read\""},
           {"p99<5", "is no latency"},
           {"p99<5 minutes", "is no latency"},
           {"p99<-5us", "is no latency"},
           {"p99<nanus", "is no latency"},
           {"p99<=5us", "is no latency"},
           {"p99<5us,", "METRIC [of KIND] < LATENCY"},
       }) {
    EXPECT_NE(error(text).find(words), std::string::npos) << text << ": " << error(text);
    EXPECT_NE(error(text).find("--slo"), std::string::npos) << text;
  }
}

TEST(Slo, ReadsTheLatencyOfItsKind) {
  const json result = {{"latency_ns", {{"all", {{"p99", 900}}}, {"read", {{"p99", 700}}}}}};
  const auto slos = ParseSlos("--slo", "p99<900ns,p99 of read<701ns,p99 of scan<1s").value();
  EXPECT_EQ(slos[0].ValueIn(result), 900);
  EXPECT_FALSE(slos[0].IsKeptBy(900)) << "the bound itself is too much";
  EXPECT_EQ(slos[1].ValueIn(result), 700);
  EXPECT_TRUE(slos[1].IsKeptBy(700));
  EXPECT_FALSE(slos[2].ValueIn(result));
}

TEST(Slo, LatenciesAreShownInTheUnitThatSuitsThem) {
  EXPECT_EQ(ShownLatency(0.5), "0.5 ns");
  EXPECT_EQ(ShownLatency(999), "999 ns");
  EXPECT_EQ(ShownLatency(50300), "50.3 us");
  EXPECT_EQ(ShownLatency(2e9), "2 s");
}

}  // namespace
}  // namespace bwlab::experiment
