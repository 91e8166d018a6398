// Bytes as a trace file, and as a CSV file that becomes one: each is refused with a sentence, or
// understood. Entry point of libFuzzer and of the corpus test.

#include "bwlab/workload/trace.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "bwlab/workload/trace_csv.h"

namespace {

using bwlab::workload::CsvOptions;
using bwlab::workload::CsvTrace;
using bwlab::workload::ParseTrace;
using bwlab::workload::TraceView;

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void ReadAsTrace(const uint8_t* data, std::size_t size) {
  std::vector<bwlab::workload::Op> aligned((size + 15) / 16);  // a mapping's bytes are as well
  if (size > 0) std::memcpy(aligned.data(), data, size);
  TraceView view;
  const std::string error =
      ParseTrace({reinterpret_cast<const char*>(aligned.data()), size}, &view);
  if (error.empty()) {
    Require(view.ops() * sizeof(bwlab::workload::Op) <= size, "more operations than bytes");
  }
}

void ReadAsCsv(const uint8_t* data, std::size_t size) {
  for (const auto& layout : bwlab::workload::kCsvLayouts) {
    std::istringstream csv(std::string(reinterpret_cast<const char*>(data), size));
    CsvOptions options;
    options.layout = layout.kind;
    options.threads = 3;
    const CsvTrace trace = ReadCsvTrace(csv, "input", options);
    Require(!trace.ok() || trace.view().ops() > 0, "an empty trace is no trace");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  ReadAsTrace(data, size);
  ReadAsCsv(data, size);
  return 0;
}
