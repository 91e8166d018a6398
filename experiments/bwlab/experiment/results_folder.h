#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bwlab/base/status.h"

namespace bwlab::experiment {

/// The folder of one experiment's results: spec.json (resolved) and cells/<cell_id>-r<rep>.json; or
/// that of micro-benchmarks: micro/<program>-r<rep>.json.
class ResultsFolder {
 public:
  static constexpr const char* kCellsFolder = "cells";

  /// Makes the folder and writes spec.json. Errors: InvalidArgument where it exists and is not
  /// empty (results are never overwritten) or is no folder, IoError where it cannot be made;
  /// nothing is left behind then.
  static Result<ResultsFolder> Create(const std::filesystem::path& path,
                                      const nlohmann::json& spec);

  /// The same for micro-benchmarks, without a spec.
  static Result<ResultsFolder> CreateForMicro(const std::filesystem::path& path);

  /// Opens a folder that an earlier run of the same spec has left, finished or not, and takes away
  /// what it was writing when it was killed, the files of engines whose runs have no result
  /// included. The number of repetitions may differ: `spec` takes the
  /// place of what is there. Errors: InvalidArgument where `path` is no such folder or holds
  /// another spec, which names the first difference; IoError; nothing is changed then.
  static Result<ResultsFolder> Resume(const std::filesystem::path& path,
                                      const nlohmann::json& spec);

  /// Renames a folder of results to `path` with .1, .2, ... behind it, whichever is free, and
  /// returns that name; nothing where there is no such folder, or an empty one. Errors:
  /// InvalidArgument where something else is there, IoError.
  static Result<std::filesystem::path> MoveAside(const std::filesystem::path& path);

  /// The folder under `parent` that was last begun for this spec, of those whose names `fits`
  /// accepts. Empty where there is none.
  static std::filesystem::path NewestOf(const std::filesystem::path& parent,
                                        const nlohmann::json& spec,
                                        const std::function<bool(std::string_view)>& fits);

  /// What a run is called in file names, and the name of the file of its result, in cells/.
  static std::string RunName(const std::string& id, uint32_t rep);
  static std::string FileName(const std::string& id, uint32_t rep);

  /// Whether it holds a result under this name.
  bool Has(const std::string& cell_id, uint32_t rep) const;
  /// Reads one that it holds. Errors: InvalidArgument, which names the file, where it is damaged.
  Result<nlohmann::json> Read(const std::string& cell_id, uint32_t rep) const;

  /// Writes one result under its final name, whole or not at all.
  Status Add(const nlohmann::json& result);

  /// Takes back all that Create made, where no result was added.
  void RemoveIfWithoutResults();

  const std::filesystem::path& path() const { return path_; }
  /// The results that it holds, in the order of their names.
  const std::set<std::filesystem::path>& files() const { return files_; }

 private:
  /// Where results stand in the folder, and which of their keys their files are called after.
  struct Layout {
    const char* folder;
    const char* id_key;
  };
  static constexpr Layout kCells = {kCellsFolder, "cell_id"};
  static constexpr Layout kMicro = {"micro", "program"};

  ResultsFolder(std::filesystem::path path, const Layout& layout)
      : path_(std::move(path)), layout_(&layout) {}

  /// Makes the folders, or what is wrong with the path.
  static Result<ResultsFolder> CreateEmpty(const std::filesystem::path& path, const Layout& layout);
  Status MakeFolder(const std::filesystem::path& folder);
  std::filesystem::path FileOf(const std::string& id, uint32_t rep) const;

  std::filesystem::path path_;
  const Layout* layout_;
  std::vector<std::filesystem::path> made_;  // folders that Create made, outermost first
  std::set<std::filesystem::path> files_;    // results added, and those that were there
};

/// The folders of results at any depth below `parent`, sorted; those inside one another not.
std::vector<std::filesystem::path> ResultsFoldersUnder(const std::filesystem::path& parent);

/// The files of a cell's results in `folder`, from repetition 0 to the first that is not there.
std::vector<std::filesystem::path> ResultsOfCell(const std::filesystem::path& folder,
                                                 const std::string& cell_id);

}  // namespace bwlab::experiment
