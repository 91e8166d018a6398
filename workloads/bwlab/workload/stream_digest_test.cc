#include "bwlab/workload/stream_digest.h"

#include <gtest/gtest.h>

#include <map>

#include "bwlab/workload/stream.h"
#include "bwlab/workload/stream_stats.h"
#include "bwlab/workload/workload_json.h"

namespace bwlab::workload {
namespace {

TEST(StreamDigest, IsTheSha256OfCountsAndOperations) {
  EXPECT_EQ(StreamsSha256(std::vector<std::vector<Op>>()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // printf '\x00%.0s' {1..8} | sha256sum
  const std::vector<std::vector<Op>> one_empty(1);
  EXPECT_EQ(StreamsSha256(one_empty),
            "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
  // printf '\x01\0\0\0\0\0\0\0\x02\x01\0\0\0\0\0\0\x03\0\0\0\x04\0\x06\0' | sha256sum
  const std::vector<std::vector<Op>> one_scan = {
      {{.key = 0x102, .version = 3, .length = 4, .kind = OpKind::kScan}}};
  EXPECT_EQ(StreamsSha256(one_scan),
            "445b19d72a2b22c7c342e89a70b0cd7c8cabfa0cc820b5392b6334811e61072f");
}

TEST(StreamDigest, TellsWhichThreadDoesWhat) {
  const Op op = {.key = 1};
  const std::vector<std::vector<Op>> both_first = {{op, op}, {}};
  const std::vector<std::vector<Op>> one_each = {{op}, {op}};
  EXPECT_NE(StreamsSha256(both_first), StreamsSha256(one_each));
}

TEST(StreamDigest, IsTheSameOfAStreamMadePieceByPiece) {
  WorkloadSpec spec;
  spec.mix[IndexOf(OpKind::kRead)] = 0.5;
  spec.mix[IndexOf(OpKind::kInsert)] = 0.5;
  const StreamConfig config = {.workload = spec, .record_count = 100, .op_count = 1000};
  const std::vector<std::vector<Op>> whole = {MakeStream(config)};
  for (const uint64_t piece_ops : {1, 7, 1000, 5000}) {
    const std::vector<StreamView> pieces = {StreamView(config, piece_ops)};
    EXPECT_EQ(StreamsSha256(pieces), StreamsSha256(whole)) << piece_ops;
    EXPECT_EQ(ComputeStreamStats(pieces).distinct_keys, ComputeStreamStats(whole).distinct_keys);
    EXPECT_EQ(ComputeStreamStats(pieces).ops_by_kind, ComputeStreamStats(whole).ops_by_kind);
  }
}

// The streams of the shipped workloads are part of what a published result means: a change of these
// digests changes every result's input, on purpose or not. They must also be the same for every
// compiler, optimisation and machine.
TEST(StreamDigest, ShippedWorkloadsGiveTheStreamsTheyAlwaysGave) {
  const std::map<std::string, std::string> golden = {
      {"delete_mix", "b5a17aa786e48fdfdae55e85c006a5e16fbce3c29cf81c0358ad90516dd1b3e5"},
      {"mixgraph", "689870b5432d9d0b759d9a7151a70b1e0b2170a615b7b858e8f5ff886bc51731"},
      {"reverse_scan", "65bd174a24d28f154e4bacfc45e759197d38225c7a543b7f1bce84d454ee6c33"},
      {"growing", "1b8d27045d5433493be2c2a0998da56dbf8783d1aa10b93194e8bf43c55fc14b"},
      {"load", "4360e95ce90af3396decd9501255dcd1f81656625f062235f44650de565a8c4f"},
      {"shifting_hotspot", "f8a9e47d3668817b03496cfeb6b67d48546efa55688b12c4d0d4ed284f263adc"},
      {"uniform_read", "af983eba30e0399c2af7de040043feba1364927abe8c632e1145d9fd1c7acc49"},
      {"ycsb_a", "88d3c68fc6713c1dcb43e74f8e56885a0dfdda5d10bd9b2dbe9e1672a32cd7ff"},
      {"ycsb_b", "4efc60b97e9ae2b36a1982996d06299d6385cacb7102d2b2eb6ea443d716e892"},
      {"ycsb_c", "b8821ae4aff76507844764c5cc39f667667b38b220f54b65feddce2d08e24636"},
      {"ycsb_d", "ac13d0dc48cc95c30f66ee9f3206116a764f4faf7836a30d230fe31d2878259c"},
      {"ycsb_e", "298df3ff35a9fd2dbfe8f7af4dd2c52b9c6c70f6a6aea4d184a8b4c7f1e59277"},
      {"ycsb_f", "253c86dfe888b30d4f553d12ea99c047fb3f646ae5e00852fc9c5859d6d0ec84"}};
  EXPECT_EQ(golden.size(), WorkloadNames(BWLAB_WORKLOADS_DIR).size());
  for (const auto& [name, digest] : golden) {
    const WorkloadParse parse = LoadWorkload(BWLAB_WORKLOADS_DIR, name);
    ASSERT_TRUE(parse.ok()) << parse.error;
    std::vector<std::vector<Op>> streams;
    for (uint32_t thread = 0; thread < 2; ++thread) {
      streams.push_back(MakeStream({.workload = parse.spec,
                                    .record_count = 100000,
                                    .op_count = 100000,
                                    .thread = thread,
                                    .threads = 2,
                                    .seed = 42}));
    }
    EXPECT_EQ(StreamsSha256(streams), digest) << name;
  }
}

}  // namespace
}  // namespace bwlab::workload
