// A tree that two translation units use: a function in a header that is neither inline nor a
// template would be defined twice. Prints the search policy that the flags of this build chose, and
// what it read of what the other unit wrote.

#include <iostream>

#include "second_unit.h"

int main() {
  auto tree = Tree::Open();
  if (!tree.ok()) return 1;
  const uint64_t inserted = InsertFromSecondUnit(*tree.value(), 1000);
  auto session = tree.value()->OpenSession();
  if (!session.ok()) return 1;
  const auto visited = session.value().Scan(0, 2000, [](uint64_t, uint64_t) { return true; });
  std::cout << bwlab::DefaultTraits::Search::kName << " " << inserted << " " << visited << "\n";
}
