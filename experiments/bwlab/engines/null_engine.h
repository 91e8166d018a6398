#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// An index that does nothing and says that all went well: what is left is the cost of the harness.
template <RecordForm kForm>
class NullIndex {
 public:
  static constexpr Capabilities kCapabilities{.scan = true,
                                              .reverse_scan = true,
                                              .erase = true,
                                              .byte_keys = true,
                                              .value_bytes_max = workload::kValueBytesMax,
                                              .keeps_records = false};

  class Session {
   public:
    template <class Key, class Value>
    OpResult Insert(const Key& key, const Value& value) {
      return Taken(key, value);
    }
    template <class Key, class Value>
    OpResult Upsert(const Key& key, const Value& value) {
      return Taken(key, value);
    }
    template <class Key, class Value>
    OpResult Update(const Key& key, const Value& value) {
      return Taken(key, value);
    }
    template <class Key>
    OpResult Delete(const Key& key) {
      return Taken(key, uint64_t{0});
    }
    template <class Key, class Owned>
    OpResult Get(const Key& key, Owned* /*value*/) {
      return Taken(key, uint64_t{0});
    }
    template <class Key, class Visitor>
    size_t Scan(const Key& first, size_t /*limit*/, Visitor&& /*visit*/) {
      Taken(first, uint64_t{0});
      return 0;
    }
    template <class Key, class Visitor>
    size_t ReverseScan(const Key& first, size_t /*limit*/, Visitor&& /*visit*/) {
      Taken(first, uint64_t{0});
      return 0;
    }

   private:
    /// Keeps the compiler from dropping what was made for the call.
    template <class Key, class Value>
    static OpResult Taken(const Key& key, const Value& value) {
      Use(key);
      Use(value);
      return OpResult::kOk;
    }
    static void Use(uint64_t word) { asm volatile("" : : "r"(word)); }
    static void Use(std::string_view bytes) {
      asm volatile("" : : "r"(bytes.data()), "r"(bytes.size()) : "memory");
    }
  };

  Result<Session> OpenSession() { return Session(); }
  uint64_t Size() const { return 0; }
  uint64_t LiveBytes() const { return 0; }
};

extern const EngineEntry kNullEngineEntry;

}  // namespace bwlab::experiment
