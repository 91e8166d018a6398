#include "second_unit.h"

uint64_t InsertFromSecondUnit(Tree& tree, uint64_t count) {
  auto session = tree.OpenSession();
  if (!session.ok()) return 0;
  uint64_t inserted = 0;
  for (uint64_t key = 0; key < count; ++key) {
    if (session.value().Insert(key, key) == bwlab::OpResult::kOk) ++inserted;
  }
  return inserted;
}
