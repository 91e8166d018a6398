#pragma once

#include <cstddef>
#include <cstdint>

#include "bwlab/engines/std_map_rwlock.h"

namespace bwlab::experiment {

/// A std_map_rwlock that is wrong on purpose: every 16th key, by its low bits, reads as the value
/// of another key. It proves that verification finds wrong reads; it is not listed.
class FaultyForTests {
 public:
  static constexpr Capabilities kCapabilities = StdMapRwlock::kCapabilities;

  class Session : public StdMapRwlock::Session {
   public:
    using StdMapRwlock::Session::Session;

    OpResult Get(uint64_t key, uint64_t* value) {
      const OpResult result = StdMapRwlock::Session::Get(key, value);
      *value = Spoilt(key, *value);
      return result;
    }
    template <class Visitor>
    size_t Scan(uint64_t first, size_t limit, Visitor&& visit) {
      return StdMapRwlock::Session::Scan(first, limit, [&visit](uint64_t key, uint64_t value) {
        return visit(key, Spoilt(key, value));
      });
    }

   private:
    static uint64_t Spoilt(uint64_t key, uint64_t value) {
      return key % 16 == 0 ? value ^ (uint64_t{1} << 63) : value;
    }
  };

  Result<Session> OpenSession() { return Session(&map_); }
  uint64_t Size() const { return map_.Size(); }
  uint64_t LiveBytes() const { return map_.LiveBytes(); }

 private:
  StdMapRwlock map_;
};

extern const EngineEntry kFaultyForTestsEntry;

}  // namespace bwlab::experiment
