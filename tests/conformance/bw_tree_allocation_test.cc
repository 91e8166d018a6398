// Method: operator new and the allocator policy of this binary count what is asked for, and refuse
// it when a test says so. Reads must ask for nothing; where the answer of a read needs memory that
// is not to be had, the read must say so and leave everything usable.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "support/model_fixture.h"

namespace {

struct NewCounts {
  int64_t calls = 0;
  int64_t left = INT64_MAX;  // calls before those that are refused
};
thread_local NewCounts new_counts;

void* CountedNew(std::size_t bytes, std::size_t alignment) noexcept {
  ++new_counts.calls;
  if (new_counts.left-- <= 0) return nullptr;
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void* CountedNewOrThrow(std::size_t bytes, std::size_t alignment) {
  void* memory = CountedNew(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
// Not inlined: g++ 12 would take the free in it for a mistake.
[[gnu::noinline]] void GiveBack(void* memory) noexcept { std::free(memory); }
constexpr std::size_t kDefault = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

void* operator new(std::size_t bytes) { return CountedNewOrThrow(bytes, kDefault); }
void* operator new[](std::size_t bytes) { return CountedNewOrThrow(bytes, kDefault); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return CountedNew(bytes, kDefault);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return CountedNew(bytes, kDefault);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return CountedNewOrThrow(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return CountedNew(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { GiveBack(memory); }
void operator delete[](void* memory) noexcept { GiveBack(memory); }
void operator delete(void* memory, std::size_t) noexcept { GiveBack(memory); }
void operator delete[](void* memory, std::size_t) noexcept { GiveBack(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { GiveBack(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { GiveBack(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { GiveBack(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { GiveBack(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  GiveBack(memory);
}

namespace bwlab::test {
namespace {

int64_t page_allocations = 0;

struct CountingAllocator {
  static constexpr std::string_view kName = "counting";
  static constexpr std::string_view kSummary = "counts for the test";
  using Shared = SystemAllocator::Shared;
  class Local : public SystemAllocator::Local {
   public:
    using SystemAllocator::Local::Local;
    void* Allocate(std::size_t bytes) {
      ++page_allocations;
      return SystemAllocator::Local::Allocate(bytes);
    }
  };
};

struct CountingTraits : TinyTraits {
  using Allocator = CountingAllocator;
};

template <class Traits>
class BwTreeAllocationTest : public ModelFixture<Traits> {
 protected:
  using Base = ModelFixture<Traits>;
  using typename Base::Key;
  using typename Base::Tree;

  /// Runs `body` and expects it to ask for no memory.
  template <class Body>
  static void ExpectNoAllocation(Body&& body) {
    const int64_t pages = page_allocations;
    new_counts = {};
    body();
    const int64_t calls = new_counts.calls;
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(page_allocations, pages);
  }

  /// Runs `body` with the memory ending at its first, second, ... operator new until it needs no
  /// more, and `check` after each.
  template <class Body, class Check>
  static void EndMemoryEverywhere(Body&& body, Check&& check) {
    for (int64_t at = 0;; ++at) {
      new_counts = {0, at};
      body();
      const bool refused = new_counts.left < 0;
      new_counts = {};
      check(refused);
      if (!refused) return;
      ASSERT_LT(at, 10'000);
      if (testing::Test::HasFailure()) FAIL() << "allocation " << at;
    }
  }

  void SetUp() override {
    for (uint64_t i = 0; i < kCount; ++i) {
      this->Insert(this->KeyAt(i * 7 % kCount), this->ValueAt(i));
      keys_.push_back(this->KeyAt(i));
    }
    views_.assign(keys_.begin(), keys_.end());
  }

  static constexpr uint64_t kCount = 1000;
  std::vector<Key> keys_;
  std::vector<typename Tree::Key> views_;
};

using AllTraits = testing::Types<CountingTraits, WithRecords<CountingTraits, BytesKey, U64Value>,
                                 WithRecords<CountingTraits, BytesKey, BytesValue>,
                                 WithRecords<CountingTraits, U64Key, BytesValue>,
                                 WithRecords<CountingTraits, FixedBytesKey<16>, U64Value>>;
TYPED_TEST_SUITE(BwTreeAllocationTest, AllTraits, TraitsName);

TYPED_TEST(BwTreeAllocationTest, GetAndMultiGetTakeNoMemoryWhereTheValuesHaveRoom) {
  auto value = this->ValueAt(61);  // the longest
  std::vector<typename TestFixture::Value> values(this->kCount, value);
  std::vector<OpResult> results(this->kCount);
  uint64_t found = 0;
  this->ExpectNoAllocation([&] {
    for (const auto& key : this->views_) {
      found += this->session_.Get(key, &value) == OpResult::kOk ? 1 : 0;
      found += this->session_.Get(key, [](const auto&) {}) == OpResult::kOk ? 1 : 0;
    }
    found += this->session_.MultiGet(this->views_, values, results);
  });
  EXPECT_EQ(found, 3 * this->kCount);
}

TYPED_TEST(BwTreeAllocationTest, ScansTakeNoMemory) {
  std::size_t visited = 0;
  this->ExpectNoAllocation([&] {
    const auto visit = [](const auto&, const auto&) { return true; };
    visited += this->session_.Scan(this->views_[3], SIZE_MAX, visit);
    visited += this->session_.ReverseScan(this->views_[3], SIZE_MAX, visit);
    visited += this->session_.ReverseScan(SIZE_MAX, visit);
  });
  EXPECT_EQ(visited, 2 * this->kCount + 1);
}

TYPED_TEST(BwTreeAllocationTest, WritesTakeMemoryFromTheAllocatorPolicyAlone) {
  const auto value = this->ValueAt(7);
  new_counts = {};
  for (const auto& key : this->views_) ASSERT_EQ(this->session_.Upsert(key, value), OpResult::kOk);
  for (const auto& key : this->views_) ASSERT_EQ(this->session_.Delete(key), OpResult::kOk);
  EXPECT_EQ(new_counts.calls, 0);
}

TYPED_TEST(BwTreeAllocationTest, AReadWhoseAnswerFindsNoMemorySaysSo) {
  OpResult result = OpResult::kExists;
  this->EndMemoryEverywhere(
      [&] {
        typename TestFixture::Value value{};
        result = this->session_.Get(this->views_[61 * 7 % this->kCount], &value);
      },
      [&](bool refused) { EXPECT_EQ(result, refused ? OpResult::kOutOfMemory : OpResult::kOk); });
  std::vector<typename TestFixture::Value> values(this->kCount);
  std::vector<OpResult> results(this->kCount);
  std::size_t found = 0;
  this->EndMemoryEverywhere(
      [&] { found = this->session_.MultiGet(this->views_, values, results); },
      [&](bool refused) {
        std::size_t expected_found = 0;
        for (std::size_t i = 0; i < this->kCount; ++i) {
          if (results[i] == OpResult::kOk) {
            ++expected_found;
            ASSERT_EQ(values[i], this->model_.at(this->keys_[i]));
          } else {
            ASSERT_EQ(results[i], OpResult::kOutOfMemory);
          }
        }
        EXPECT_EQ(found, expected_found);
        EXPECT_EQ(found == this->kCount, !refused);
        values = std::vector<typename TestFixture::Value>(this->kCount);  // without room again
      });
  this->ExpectSameAsModel();
}

TYPED_TEST(BwTreeAllocationTest, AnIteratorWithoutMemoryBecomesInvalidAndGoesOnWhenThereIsSome) {
  const auto walk = [&](auto& it, bool forward) {
    forward ? it.SeekToFirst() : it.SeekToLast();
    std::size_t steps = 0;
    for (; it.Valid(); ++steps) forward ? it.Next() : it.Prev();
    return steps;
  };
  for (const bool forward : {true, false}) {
    auto it = this->session_.NewIterator();
    std::size_t steps = 0;
    this->EndMemoryEverywhere(
        [&] {
          it = this->session_.NewIterator();
          steps = walk(it, forward);
        },
        [&](bool refused) {
          EXPECT_FALSE(it.Valid());
          EXPECT_EQ(it.status(), refused ? OpResult::kOutOfMemory : OpResult::kOk);
          EXPECT_EQ(steps == this->kCount, !refused);
          EXPECT_EQ(walk(it, forward), this->kCount);
          EXPECT_EQ(it.status(), OpResult::kOk);
        });
  }
}

TYPED_TEST(BwTreeAllocationTest, SeeksWithoutMemoryMakeTheIteratorInvalid) {
  auto it = this->session_.NewIterator();
  for (int way = 0; way < 2; ++way) {
    this->EndMemoryEverywhere(
        [&] {
          it = this->session_.NewIterator();
          way == 0 ? it.Seek(this->views_[500]) : it.SeekForPrev(this->views_[500]);
        },
        [&](bool refused) {
          EXPECT_EQ(it.status(), refused ? OpResult::kOutOfMemory : OpResult::kOk);
          EXPECT_EQ(it.Valid(), !refused);
          EXPECT_TRUE(refused || it.key() == this->views_[500]);
        });
  }
}

TYPED_TEST(BwTreeAllocationTest, ASessionWithoutMemoryIsAStatus) {
  new_counts = {0, 0};
  const auto session = this->tree_->OpenSession();
  new_counts = {};
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace bwlab::test
