#include "bwlab/experiment/storage_meter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "bwlab/experiment/measurement_json.h"

namespace bwlab::experiment {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// What is wrong with counting what is written to `folder`; empty where nothing is. Found by
/// trying: the kernel counts nothing for some file systems, such as tmpfs.
std::string WhyNoDeviceBytes(const fs::path& folder) {
  const std::optional<uint64_t> before = DeviceBytesWritten();
  if (!before) return "/proc/self/io cannot be read";
  constexpr size_t kProbeBytes = 64 * 1024;
  const fs::path probe = folder / "probe";
  std::ofstream(probe) << std::string(kProbeBytes, 'x');
  const uint64_t counted = DeviceBytesWritten().value_or(*before) - *before;
  std::error_code ignored;
  fs::remove(probe, ignored);
  if (counted >= kProbeBytes) return "";
  const std::string type = FileSystemOf(folder);
  return "the kernel does not count what is written to this file system" +
         (type.empty() ? type : " (" + type + ")");
}

/// Syncs every file below `folder`: a page that were still dirty would not count when the next
/// phase writes it again. Closing a file gives up the locks that this process has on it, which keep
/// out other processes only; there are none.
Status SyncFiles(const fs::path& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_regular_file(ignored)) continue;
    const int fd = ::open(entry->path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;  // gone since
    const bool synced = ::fsync(fd) == 0;
    const std::string why = std::strerror(errno);
    ::close(fd);
    if (!synced) return Status::IoError("cannot flush " + entry->path().string() + ": " + why);
  }
  return Status::Ok();
}

json Ratio(const json& written, uint64_t by_user) {
  if (written.is_null() || by_user == 0) return nullptr;
  return written.get<double>() / static_cast<double>(by_user);
}

}  // namespace

std::optional<uint64_t> DeviceBytesWritten(const fs::path& file) {
  std::ifstream lines(file);
  std::string name;
  uint64_t bytes = 0;
  while (lines >> name >> bytes) {
    if (name == "write_bytes:") return bytes;
  }
  return std::nullopt;
}

uint64_t BytesOnDisk(const fs::path& folder) {
  constexpr uint64_t kStatBlockBytes = 512;  // whatever the blocks of the file system are
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat about {};
    if (::lstat(entry->path().c_str(), &about) == 0 && S_ISREG(about.st_mode)) {
      bytes += static_cast<uint64_t>(about.st_blocks) * kStatBlockBytes;
    }
  }
  return bytes;
}

std::string FileSystemOf(const fs::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return {};
  const std::string device =
      std::to_string(major(about.st_dev)) + ":" + std::to_string(minor(about.st_dev));
  std::ifstream mounts("/proc/self/mountinfo");
  std::string line;
  while (std::getline(mounts, line)) {
    std::istringstream fields(line);
    std::string id;
    std::string parent;
    std::string mounted;
    std::string type;
    fields >> id >> parent >> mounted;
    if (mounted != device) continue;
    while (fields >> type && type != "-") {
    }
    if (fields >> type) return type;
  }
  return {};
}

StorageMeter::StorageMeter(Engine& engine, fs::path folder)
    : engine_(engine), folder_(std::move(folder)) {
  if (IsWatched()) no_device_bytes_reason_ = WhyNoDeviceBytes(folder_);
}

std::optional<uint64_t> StorageMeter::ReadDevice() const {
  return no_device_bytes_reason_.empty() ? DeviceBytesWritten() : std::nullopt;
}

Status StorageMeter::Settle() {
  if (Status status = engine_.Settle(); !status.ok()) return status;
  return SyncFiles(folder_);
}

Status StorageMeter::Begin() {
  if (!IsWatched()) return Status::Ok();
  if (Status status = Settle(); !status.ok()) return status;
  begun_ = *engine_.ReadWrittenBytes();
  device_begun_ = ReadDevice().value_or(0);
  return Status::Ok();
}

Status StorageMeter::End(const std::string& phase) {
  if (!IsWatched()) return Status::Ok();
  if (Status status = Settle(); !status.ok()) return status;
  const WrittenBytes ended = *engine_.ReadWrittenBytes();
  const std::optional<uint64_t> device = ReadDevice();
  const uint64_t by_user = ended.by_user - begun_.by_user;
  const json by_device = device ? json(*device - device_begun_) : json();
  const json by_engine =
      ended.by_engine ? json(*ended.by_engine - begun_.by_engine.value_or(0)) : json();
  phases_[phase] = {{"user_bytes_written", by_user},
                    {"device_bytes_written", by_device},
                    {"engine_bytes_written", by_engine},
                    {"device_write_amplification", Ratio(by_device, by_user)},
                    {"engine_write_amplification", Ratio(by_engine, by_user)},
                    {"bytes_on_disk", BytesOnDisk(folder_)}};
  return Status::Ok();
}

json StorageMeter::Json() const {
  if (!IsWatched()) return nullptr;
  const std::string type = FileSystemOf(folder_);
  json storage = phases_;
  storage["file_system"] = type.empty() ? json() : json(type);
  storage["device_bytes_reason"] = ReasonJson(no_device_bytes_reason_);
  storage["engine_bytes_reason"] = ReasonJson(
      engine_.ReadWrittenBytes()->by_engine ? "" : "the engine does not count what it writes");
  return storage;
}

}  // namespace bwlab::experiment
