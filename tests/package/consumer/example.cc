#include <bwlab/bwlab.h>

#include <iostream>

int main() {
  auto tree = bwlab::BwTree<bwlab::DefaultTraits>::Open();
  if (!tree.ok()) {
    std::cerr << tree.status().message() << "\n";
    return 1;
  }
  auto opened = tree.value()->OpenSession();  // one a thread; ends before the tree does
  if (!opened.ok()) return 1;
  auto& session = opened.value();

  for (uint64_t key = 10; key <= 50; key += 10) {
    if (session.Insert(key, key * key) != bwlab::OpResult::kOk) return 1;
  }

  session.Scan(20, 3, [](uint64_t key, uint64_t value) {  // three records from key 20 on
    std::cout << key << " -> " << value << "\n";
    return true;  // false would end the scan
  });

  uint64_t value = 0;
  if (session.Get(50, &value) != bwlab::OpResult::kOk) return 1;
  std::cout << "50 holds " << value << "\n";
}
