#include "bwlab/experiment/topology.h"

#include <hwloc.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace bwlab::experiment {

struct Topology::State {
  hwloc_topology_t topology = nullptr;
  std::vector<hwloc_obj_t> processors;
};

Topology::Topology() : state_(std::make_unique<State>()) {
  hwloc_topology_init(&state_->topology);
  hwloc_topology_load(state_->topology);
  std::vector<std::tuple<unsigned, unsigned, hwloc_obj_t>> ordered;  // rank in core, processor
  hwloc_obj_t processor = nullptr;
  while ((processor = hwloc_get_next_obj_by_type(state_->topology, HWLOC_OBJ_PU, processor))) {
    if (!hwloc_bitmap_isset(hwloc_topology_get_allowed_cpuset(state_->topology),
                            processor->os_index)) {
      continue;
    }
    ordered.emplace_back(processor->sibling_rank, processor->logical_index, processor);
  }
  std::sort(ordered.begin(), ordered.end());
  for (const auto& [rank, index, object] : ordered) state_->processors.push_back(object);
}

Topology::~Topology() { hwloc_topology_destroy(state_->topology); }

bool Topology::PinThisThread(uint32_t worker) const {
  if (state_->processors.empty()) return false;
  const hwloc_obj_t processor = state_->processors[worker % state_->processors.size()];
  return hwloc_set_cpubind(state_->topology, processor->cpuset, HWLOC_CPUBIND_THREAD) == 0;
}

uint32_t Topology::processor_count() const {
  return static_cast<uint32_t>(state_->processors.size());
}

nlohmann::json Topology::CacheBytes() const {
  nlohmann::json caches = nlohmann::json::object();
  if (state_->processors.empty()) return caches;
  for (hwloc_obj_t at = state_->processors.front(); at != nullptr; at = at->parent) {
    if (at->type == HWLOC_OBJ_L1CACHE) caches["l1d"] = at->attr->cache.size;
    if (at->type == HWLOC_OBJ_L2CACHE) caches["l2"] = at->attr->cache.size;
    if (at->type == HWLOC_OBJ_L3CACHE) caches["l3"] = at->attr->cache.size;
  }
  return caches;
}

}  // namespace bwlab::experiment
