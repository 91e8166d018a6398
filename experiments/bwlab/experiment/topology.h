#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

namespace bwlab::experiment {

/// The processors that this process may use, in the order in which worker threads are pinned to
/// them: one of each core first, then the second hardware thread of each core, and so on. More
/// workers than processors wrap around.
class Topology {
 public:
  Topology();
  ~Topology();
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  /// Pins the calling thread. @return whether the system did it.
  bool PinThisThread(uint32_t worker) const;

  uint32_t processor_count() const;

  /// Sizes in bytes of the caches of the first core: {"l1d": ..., "l2": ..., "l3": ...}, absent
  /// ones left out.
  nlohmann::json CacheBytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bwlab::experiment
