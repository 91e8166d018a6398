#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// Names a test that runs once for each engine after the engine's label.
inline std::string EngineTestName(const testing::TestParamInfo<const EngineEntry*>& engine) {
  std::string name = engine.param->Label();
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

}  // namespace bwlab::experiment
