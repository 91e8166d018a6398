#pragma once

#include <cstddef>
#include <cstdint>

#include "bwlab/engines/std_map_rwlock.h"

namespace bwlab::experiment {

/// A std_map_rwlock that is wrong on purpose: every 16th key, by its low bits, reads as the value
/// of another key. It proves that verification finds wrong reads; it is not listed.
template <RecordForm kForm>
class FaultyForTests {
 public:
  static constexpr Capabilities kCapabilities{.scan = true, .reverse_scan = true, .erase = true};
  using Map = StdMapRwlock<kForm>;

  class Session : public Map::Session {
   public:
    using Map::Session::Session;

    OpResult Get(uint64_t key, uint64_t* value) {
      const OpResult result = Map::Session::Get(key, value);
      *value = Spoilt(key, *value);
      return result;
    }
    template <class Visitor>
    size_t Scan(uint64_t first, size_t limit, Visitor&& visit) {
      return Map::Session::Scan(first, limit, Spoiling(visit));
    }
    template <class Visitor>
    size_t ReverseScan(uint64_t first, size_t limit, Visitor&& visit) {
      return Map::Session::ReverseScan(first, limit, Spoiling(visit));
    }

   private:
    template <class Visitor>
    static auto Spoiling(Visitor& visit) {
      return [&visit](uint64_t key, uint64_t value) { return visit(key, Spoilt(key, value)); };
    }
    static uint64_t Spoilt(uint64_t key, uint64_t value) {
      return key % 16 == 0 ? value ^ (uint64_t{1} << 63) : value;
    }
  };

  Result<Session> OpenSession() { return Session(&map_); }
  uint64_t Size() const { return map_.Size(); }
  uint64_t LiveBytes() const { return map_.LiveBytes(); }

 private:
  Map map_;
};

extern const EngineEntry kFaultyForTestsEntry;

}  // namespace bwlab::experiment
