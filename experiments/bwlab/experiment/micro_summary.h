#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bwlab::experiment {

/// All repetitions of a micro-benchmark in a line.
struct MicroRow {
  std::string program;
  std::string name;
  std::string clock;                     ///< the time that counts: real or cpu
  std::vector<double> time_ns;           ///< of an iteration, in each repetition
  std::vector<double> items_per_second;  ///< of each repetition that has it
};

/// The results of `run_experiment micro`, benchmark by benchmark.
class MicroSummary {
 public:
  /// Takes one that conforms to the schema of micro-benchmarks.
  void Add(const nlohmann::json& result);

  /// Rows in the order in which their benchmarks first came.
  const std::vector<MicroRow>& rows() const { return rows_; }

  /// A table a program for people, under its question and its baseline.
  std::string Text() const;

  /// An array of objects with the same columns.
  nlohmann::json Json() const;

 private:
  struct Heading {
    std::string program;
    std::string text;
  };

  std::vector<Heading> headings_;
  std::vector<MicroRow> rows_;
};

}  // namespace bwlab::experiment
