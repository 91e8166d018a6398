#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bwlab::experiment {

/// The files of /proc and /sys, under a root that tests replace by a folder of theirs. Paths have
/// no slash in front: "proc/stat". What cannot be read is empty.
class HostFiles {
 public:
  explicit HostFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  std::string Line(const std::string& path) const;
  std::vector<std::string> Lines(const std::string& path) const;
  std::optional<uint64_t> Number(const std::string& path) const;
  /// The text after `name` and a colon in a file of such lines, without blanks around it.
  std::string Field(const std::string& path, const std::string& name) const;
  /// Processors of a list such as "0-3,8".
  std::vector<uint32_t> Processors(const std::string& path) const;
  /// Names in a folder, sorted.
  std::vector<std::string> Names(const std::string& folder) const;

  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

/// What a list such as "0-3,8" means; nothing where it is malformed.
std::vector<uint32_t> ParseProcessors(const std::string& list);

}  // namespace bwlab::experiment
