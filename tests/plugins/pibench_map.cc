// A library as people write them for PiBench: std::map behind a mutex. Keys of 8 bytes are integers
// to it, longer ones strings; it refuses values of more than 512 bytes.
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "bwlab/engines/pibench_tree.h"

extern "C" __attribute__((visibility("default"))) tree_api* create_tree(
    const tree_options_t& options);

namespace {

uint64_t KeyOf(const uint64_t*, const char* key, size_t) {
  uint64_t word = 0;
  std::memcpy(&word, key, sizeof(word));
  return word;
}
std::string KeyOf(const std::string*, const char* key, size_t size) { return {key, size}; }
void Append(uint64_t key, std::vector<char>* to) {
  const auto* const bytes = reinterpret_cast<const char*>(&key);
  to->insert(to->end(), bytes, bytes + sizeof(key));
}
void Append(const std::string& text, std::vector<char>* to) {
  to->insert(to->end(), text.begin(), text.end());
}

template <class StoredKey>
class Tree final : public tree_api {
 public:
  bool find(const char* key, size_t key_size, char* value_out) override {
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(Key(key, key_size));
    if (found == map_.end()) return false;
    std::memcpy(value_out, found->second.data(), found->second.size());
    return true;
  }
  bool insert(const char* key, size_t key_size, const char* value, size_t value_size) override {
    const std::lock_guard lock(mutex_);
    return map_.try_emplace(Key(key, key_size), value, value_size).second;
  }
  bool update(const char* key, size_t key_size, const char* value, size_t value_size) override {
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(Key(key, key_size));
    if (found == map_.end()) return false;
    found->second.assign(value, value_size);
    return true;
  }
  bool remove(const char* key, size_t key_size) override {
    const std::lock_guard lock(mutex_);
    return map_.erase(Key(key, key_size)) == 1;
  }
  int scan(const char* key, size_t key_size, int count, char*& values_out) override {
    thread_local std::vector<char> records;
    records.clear();
    const std::lock_guard lock(mutex_);
    int scanned = 0;
    for (auto at = map_.lower_bound(Key(key, key_size)); scanned < count && at != map_.end();
         ++at, ++scanned) {
      Append(at->first, &records);
      Append(at->second, &records);
    }
    values_out = records.data();
    return scanned;
  }

 private:
  static StoredKey Key(const char* key, size_t size) {
    return KeyOf(static_cast<StoredKey*>(nullptr), key, size);
  }

  std::mutex mutex_;
  std::map<StoredKey, std::string> map_;
};

}  // namespace

tree_api* create_tree(const tree_options_t& options) {
  constexpr size_t kValueBytesMax = 512;
  if (options.value_size > kValueBytesMax || options.num_threads == 0) return nullptr;
  if (options.key_size == sizeof(uint64_t)) return new Tree<uint64_t>;
  return new Tree<std::string>;
}
