#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "bwlab/experiment/engine.h"
#include "bwlab/experiment/registry.h"

namespace bwlab::experiment {

/// What a test runs once for: an engine with one of the forms of records that it takes.
struct TestedEngine {
  const EngineEntry* entry;
  RecordForm form;
};

/// The name alone: addresses differ from run to run.
inline void PrintTo(const TestedEngine& tested, std::ostream* out) {
  *out << tested.entry->Label();
}

/// All of them. What keeps no records has nothing to test.
inline std::vector<TestedEngine> TestedEngines() {
  std::vector<TestedEngine> tested;
  for (const EngineEntry* entry : ListedEngines()) {
    if (!entry->capabilities.keeps_records) continue;
    for (const RecordForm form :
         {RecordForm{}, RecordForm{true, false}, RecordForm{false, true}, RecordForm{true, true}}) {
      if (entry->CanHold(form)) tested.push_back({entry, form});
    }
  }
  return tested;
}

/// Names a test after the engine's label and its records.
inline std::string TestedEngineName(const testing::TestParamInfo<TestedEngine>& tested) {
  std::string name = tested.param.entry->Label();
  std::replace(name.begin(), name.end(), '/', '_');
  if (tested.param.form.byte_keys) name += "_byte_keys";
  if (tested.param.form.byte_values) name += "_byte_values";
  return name;
}

}  // namespace bwlab::experiment
