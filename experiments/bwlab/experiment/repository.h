#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// The source tree that workloads and specs are read from: the one that holds the running binary,
/// or else the one that it was built from.
const std::filesystem::path& RepositoryRoot();

inline std::filesystem::path WorkloadsFolder() { return RepositoryRoot() / "workloads"; }
inline std::filesystem::path SpecsFolder() { return RepositoryRoot() / "experiments" / "specs"; }
inline std::filesystem::path MicroFolder() { return RepositoryRoot() / "experiments" / "micro"; }
inline std::filesystem::path RunsFolder() { return RepositoryRoot() / "results" / "runs"; }

/// `path` relative to the repository where it lies in it; otherwise `outside/` and its last part,
/// so that a result does not tell where its author's files are.
std::string PathForResult(const std::filesystem::path& path);

/// `path` for a person: relative to the current folder where it lies in it.
std::string ShownPath(const std::filesystem::path& path);

/// Names of the specs under experiments/specs, sorted.
std::vector<std::string> ExperimentNames();

/// The file that `argument` means: a path, or the name of an experiment.
/// Errors: InvalidArgument with the choices and "did you mean".
Result<std::string> FindSpec(const std::string& argument);

}  // namespace bwlab::experiment
