// An engine plug-in: std::map of integers behind a reader-writer lock. What it does not have
// (upsert, live_bytes, byte strings, options) stays NULL or 0.
#include <map>
#include <mutex>
#include <new>
#include <shared_mutex>

#include "bwlab/plugin/engine_plugin.h"

namespace {

struct Index {
  std::shared_mutex mutex;
  std::map<uint64_t, uint64_t> map;
};

// There is nothing that a thread has for itself: the index is its own session.
Index& IndexOf(void* session) { return *static_cast<Index*>(session); }

BwlabItem ItemOf(uint64_t word) {
  BwlabItem item{};
  item.as.word = word;
  item.size = sizeof(word);
  return item;
}

int Create(const BwlabCreate*, void** index) {
  *index = new (std::nothrow) Index;
  return *index == nullptr ? kBwlabOutOfMemory : kBwlabOk;
}

int Insert(void* session, BwlabItem key, BwlabItem value) try {
  const std::unique_lock lock(IndexOf(session).mutex);
  const bool is_new = IndexOf(session).map.try_emplace(key.as.word, value.as.word).second;
  return is_new ? kBwlabOk : kBwlabExists;
} catch (const std::bad_alloc&) {
  return kBwlabOutOfMemory;
}

int Update(void* session, BwlabItem key, BwlabItem value) {
  const std::unique_lock lock(IndexOf(session).mutex);
  const auto found = IndexOf(session).map.find(key.as.word);
  if (found == IndexOf(session).map.end()) return kBwlabNotFound;
  found->second = value.as.word;
  return kBwlabOk;
}

int Get(void* session, BwlabItem key, BwlabRoom* value) {
  const std::shared_lock lock(IndexOf(session).mutex);
  const auto found = IndexOf(session).map.find(key.as.word);
  if (found == IndexOf(session).map.end()) return kBwlabNotFound;
  value->word = found->second;
  return kBwlabOk;
}

int Remove(void* session, BwlabItem key) {
  const std::unique_lock lock(IndexOf(session).mutex);
  return IndexOf(session).map.erase(key.as.word) == 1 ? kBwlabOk : kBwlabNotFound;
}

int Scan(void* session, BwlabItem first, size_t limit, BwlabVisit visit, void* context) {
  const std::shared_lock lock(IndexOf(session).mutex);
  auto at = IndexOf(session).map.lower_bound(first.as.word);
  for (; limit > 0 && at != IndexOf(session).map.end(); --limit, ++at) {
    if (visit(context, ItemOf(at->first), ItemOf(at->second)) == 0) break;
  }
  return kBwlabOk;
}

uint64_t Size(void* index) { return IndexOf(index).map.size(); }

const BwlabEnginePlugin kPlugin = {
    .abi_version = BWLAB_ENGINE_PLUGIN_ABI_VERSION,
    .struct_size = sizeof(BwlabEnginePlugin),
    .name = "example_map",
    .version = "1.0",
    .summary = "std::map behind a std::shared_mutex, as an example of a plug-in",
    .create = Create,
    .destroy = [](void* index) { delete static_cast<Index*>(index); },
    .insert = Insert,
    .update = Update,
    .get = Get,
    .remove = Remove,
    .scan = Scan,
    .size = Size,
};

}  // namespace

const BwlabEnginePlugin* bwlab_engine_plugin() { return &kPlugin; }
