#include "micro.h"

#include <benchmark/benchmark.h>

#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--about") {
    std::cout << bwlab::micro::kAbout.question << '\n' << bwlab::micro::kAbout.baseline << '\n';
    return 0;
  }
  bwlab::micro::RegisterBenchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
