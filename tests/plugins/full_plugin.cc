// A plug-in that has all functions of the interface and takes all forms of records. By its option
// `fault` it goes wrong in ways that run_experiment must survive and report.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

#include "bwlab/plugin/engine_plugin.h"

namespace {

enum Fault : uint64_t {
  kNone,
  kCreateFails,
  kCreateCrashes,
  kCreateMakesNothing,
  kCreatePrints,
  kOpenSessionFails,
  kGetCrashes,
  kGetThrows,
  kGetHangs,
  kGetExits,
  kGetAnswersNonsense,
  kGetReturnsAnotherValue,
  kGetClaimsTooLongAValue,
  kUpdateFails,
  kScanSkipsRecords,
  kScanAnswersNonsense,
  kSizeIsWrong,
  kFaults
};

// Integers are kept most significant byte first, so that the order of the strings is theirs.
struct Index {
  bool byte_keys;
  bool byte_values;
  uint64_t fault;
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> map;
  std::atomic<int> sessions{0};
};

struct Session {
  Index* index;
};

Index& IndexOf(void* session) { return *static_cast<Session*>(session)->index; }

std::string Stored(BwlabItem item, bool is_bytes) {
  if (is_bytes) return std::string(item.as.bytes, item.size);
  const uint64_t word = __builtin_bswap64(item.as.word);
  return std::string(reinterpret_cast<const char*>(&word), sizeof(word));
}

uint64_t WordOf(const std::string& stored) {
  uint64_t word = 0;
  std::memcpy(&word, stored.data(), sizeof(word));
  return __builtin_bswap64(word);
}

BwlabItem ItemOf(const std::string& stored, bool is_bytes) {
  BwlabItem item{};
  item.size = stored.size();
  if (is_bytes) {
    item.as.bytes = stored.data();
  } else {
    item.as.word = WordOf(stored);
  }
  return item;
}

int Create(const BwlabCreate* how, void** index) {
  const uint64_t fault = how->options[0];
  if (fault == kCreateFails) return kBwlabError;
  if (fault == kCreateCrashes) std::raise(SIGSEGV);
  if (fault == kCreatePrints) std::puts("a greeting on standard output");
  if (fault == kCreatePrints) std::fflush(stdout);
  if (fault == kCreateMakesNothing) return kBwlabOk;
  *index = new Index{how->byte_keys != 0, how->byte_values != 0, fault, {}, {}, {}};
  return kBwlabOk;
}

void Destroy(void* index) {
  if (static_cast<Index*>(index)->sessions != 0) std::abort();
  delete static_cast<Index*>(index);
}

int OpenSession(void* opened, void** session) {
  auto* const index = static_cast<Index*>(opened);
  if (index->fault == kOpenSessionFails) return kBwlabOutOfMemory;
  ++index->sessions;
  *session = new Session{index};
  return kBwlabOk;
}

void CloseSession(void* session) {
  --IndexOf(session).sessions;
  delete static_cast<Session*>(session);
}

int Insert(void* session, BwlabItem key, BwlabItem value) {
  Index& index = IndexOf(session);
  const std::lock_guard lock(index.mutex);
  const bool is_new =
      index.map.try_emplace(Stored(key, index.byte_keys), Stored(value, index.byte_values)).second;
  return is_new ? kBwlabOk : kBwlabExists;
}

int Update(void* session, BwlabItem key, BwlabItem value) {
  Index& index = IndexOf(session);
  if (index.fault == kUpdateFails) return kBwlabError;
  const std::lock_guard lock(index.mutex);
  const auto found = index.map.find(Stored(key, index.byte_keys));
  if (found == index.map.end()) return kBwlabNotFound;
  found->second = Stored(value, index.byte_values);
  return kBwlabOk;
}

int Upsert(void* session, BwlabItem key, BwlabItem value) {
  Index& index = IndexOf(session);
  const std::lock_guard lock(index.mutex);
  index.map.insert_or_assign(Stored(key, index.byte_keys), Stored(value, index.byte_values));
  return kBwlabOk;
}

int Get(void* session, BwlabItem key, BwlabRoom* value) {
  Index& index = IndexOf(session);
  if (index.fault == kGetCrashes) std::raise(SIGSEGV);
  if (index.fault == kGetThrows) throw std::runtime_error("a get that throws");
  if (index.fault == kGetHangs) ::pause();
  if (index.fault == kGetExits) std::_Exit(0);
  if (index.fault == kGetAnswersNonsense) return 77;
  const std::lock_guard lock(index.mutex);
  const auto found = index.map.find(Stored(key, index.byte_keys));
  if (found == index.map.end()) return kBwlabNotFound;
  if (index.byte_values) {
    std::memcpy(value->bytes, found->second.data(), found->second.size());
    value->size = found->second.size();
    if (index.fault == kGetClaimsTooLongAValue) value->size = SIZE_MAX;
  } else {
    value->word = WordOf(found->second);
    if (index.fault == kGetReturnsAnotherValue) value->word ^= uint64_t{1} << 63;
  }
  return kBwlabOk;
}

int Remove(void* session, BwlabItem key) {
  Index& index = IndexOf(session);
  const std::lock_guard lock(index.mutex);
  return index.map.erase(Stored(key, index.byte_keys)) == 1 ? kBwlabOk : kBwlabNotFound;
}

template <class Iterator>
int Visit(const Index& index, Iterator at, Iterator end, size_t limit, BwlabVisit visit,
          void* context) {
  if (index.fault == kScanAnswersNonsense) return kBwlabExists;
  for (; limit > 0 && at != end; --limit, ++at) {
    const BwlabItem key = ItemOf(at->first, index.byte_keys);
    if (visit(context, key, ItemOf(at->second, index.byte_values)) == 0) break;
    if (index.fault == kScanSkipsRecords && ++at == end) break;
  }
  return kBwlabOk;
}

int Scan(void* session, BwlabItem first, size_t limit, BwlabVisit visit, void* context) {
  Index& index = IndexOf(session);
  const std::lock_guard lock(index.mutex);
  const auto at = index.map.lower_bound(Stored(first, index.byte_keys));
  return Visit(index, at, index.map.end(), limit, visit, context);
}

int ReverseScan(void* session, BwlabItem first, size_t limit, BwlabVisit visit, void* context) {
  Index& index = IndexOf(session);
  const std::lock_guard lock(index.mutex);
  const auto at = std::make_reverse_iterator(index.map.upper_bound(Stored(first, index.byte_keys)));
  return Visit(index, at, index.map.rend(), limit, visit, context);
}

uint64_t Size(void* index) {
  const Index& counted = *static_cast<Index*>(index);
  return counted.map.size() + (counted.fault == kSizeIsWrong ? 1 : 0);
}

uint64_t LiveBytes(void* index) {
  constexpr uint64_t kNodeBytes = 32 + sizeof(std::pair<const std::string, std::string>);
  return static_cast<Index*>(index)->map.size() * kNodeBytes;
}

const char* ErrorText(void* index) {
  return index == nullptr ? "there is no device" : "the device is full";
}

const BwlabOption kOptions[] = {{"fault", "what goes wrong; 0: nothing", kNone, kNone, kFaults - 1},
                                {"ignored", "no effect", 7, 1, 100}};

const BwlabEnginePlugin kPlugin = {
    .abi_version = BWLAB_ENGINE_PLUGIN_ABI_VERSION,
    .struct_size = sizeof(BwlabEnginePlugin),
    .name = "full_plugin",
    .version = "of the tests",
    .summary = "std::map behind a std::mutex; for tests",
    .takes_byte_keys = 1,
    .value_bytes_max = 4096,
    .options = kOptions,
    .option_count = std::size(kOptions),
    .create = Create,
    .destroy = Destroy,
    .open_session = OpenSession,
    .close_session = CloseSession,
    .insert = Insert,
    .update = Update,
    .upsert = Upsert,
    .get = Get,
    .remove = Remove,
    .scan = Scan,
    .reverse_scan = ReverseScan,
    .size = Size,
    .live_bytes = LiveBytes,
    .error_text = ErrorText,
};

}  // namespace

const BwlabEnginePlugin* bwlab_engine_plugin() { return &kPlugin; }
