#pragma once

// A tree that a test damages in one place, to see what Validate says of it.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "support/test_records.h"
#include "support/tested_tree.h"

namespace bwlab::test {

template <class Traits>
class SoundTree : public testing::Test {
 protected:
  using Tree = TestedTree<Traits>;

  ~SoundTree() override { EXPECT_EQ(Fault(), "") << "a test must repair what it damages"; }

  void Insert(uint64_t number) {
    ASSERT_EQ(session_.Insert(KeyOfNumber<typename Traits::Key>(number),
                              ValueOfNumber<typename Traits::Value>(number)),
              OpResult::kOk);
  }

  /// What Validate says; empty where nothing is wrong.
  std::string Fault() const {
    const Status status = tree_->Validate();
    EXPECT_EQ(status.code(), status.ok() ? StatusCode::kOk : StatusCode::kCorruption);
    return status.message();
  }
  void ExpectFault(const std::string& what) const {
    EXPECT_NE(Fault().find(what), std::string::npos) << Fault() << "\ninstead of: " << what;
  }

  std::unique_ptr<Tree> tree_ = std::move(Tree::Open(Traits::Options())).value();
  typename Tree::Session session_ = std::move(tree_->OpenSession()).value();
};

}  // namespace bwlab::test
