#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bwlab/base/status.h"
#include "bwlab/experiment/engine.h"

namespace bwlab::experiment {

/// Bytes that this process has caused to be written to devices since it began, as the kernel counts
/// them: a page that is written several times before it gets to the device counts once. Nothing
/// where `file` (/proc/self/io) does not tell.
std::optional<uint64_t> DeviceBytesWritten(const std::filesystem::path& file = "/proc/self/io");

/// Bytes that the files below `folder` occupy.
uint64_t BytesOnDisk(const std::filesystem::path& folder);

/// Type of the file system that `path` lies on, such as ext4; empty where that cannot be known.
std::string FileSystemOf(const std::filesystem::path& path);

/// What an engine that keeps files writes in the phases of a run. Other engines are left alone.
class StorageMeter {
 public:
  /// `folder` is where the engine keeps its files.
  StorageMeter(Engine& engine, std::filesystem::path folder);

  /// Settles the engine and syncs its files, so that what it still had to write for an earlier
  /// phase does not count in the next. Errors: what Engine::Settle says; IoError.
  Status Begin();

  /// Does so once more and notes what was written from Begin on.
  Status End(const std::string& phase);

  /// The "storage" object of a result; null for an engine that keeps no files.
  nlohmann::json Json() const;

 private:
  Status Settle();
  bool IsWatched() const { return engine_.ReadWrittenBytes().has_value(); }
  std::optional<uint64_t> ReadDevice() const;

  Engine& engine_;
  std::filesystem::path folder_;
  std::string no_device_bytes_reason_;  // empty where they are counted
  WrittenBytes begun_;
  uint64_t device_begun_ = 0;
  nlohmann::json phases_;
};

}  // namespace bwlab::experiment
