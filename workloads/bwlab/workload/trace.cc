#include "bwlab/workload/trace.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string_view>
#include <system_error>

#include "bwlab/workload/sha256.h"
#include "bwlab/workload/stream.h"
#include "bwlab/workload/stream_stats.h"
#include "bwlab/workload/suggest.h"

namespace bwlab::workload {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

constexpr std::string_view kMagic = "bwtrace1";

struct Header {
  std::array<char, 8> magic{};
  uint32_t threads = 0;
  uint32_t zero = 0;
  uint64_t records = 0;
  uint64_t expected_misses = 0;
  std::array<char, 24> key_space{};
  Sha256::Digest sha256{};
  uint64_t zero_too = 0;
};
static_assert(sizeof(Header) == 96);

constexpr size_t RoundedUp(size_t bytes) {
  return (bytes + sizeof(Op) - 1) / sizeof(Op) * sizeof(Op);
}
static_assert(RoundedUp(16) == 16 && RoundedUp(17) == 32 && RoundedUp(24) == 32);

/// What is wrong with an operation, or "".
std::string Fault(const Op& op) {
  if (IndexOf(op.kind) >= kOpKindCount) return "is of no known kind";
  if (op.reserved != 0) return "has a reserved byte that is not 0";
  if (IsScan(op.kind) != (op.length != 0)) return "has a length that its kind does not have";
  return "";
}

std::string SystemError(const std::filesystem::path& path, std::string_view what) {
  return path.string() + ": " + std::string(what) + ": " + std::generic_category().message(errno);
}

template <class T>
std::span<const char> BytesOf(std::span<const T> items) {
  return {reinterpret_cast<const char*>(items.data()), items.size_bytes()};
}

/// Of the whole file, with zeros in place of the digest.
Sha256::Digest DigestOf(Header header, const std::vector<std::span<const char>>& parts) {
  header.sha256 = {};
  Sha256 digest;
  digest.Add(BytesOf(std::span<const Header>(&header, 1)));
  for (const std::span<const char> part : parts) digest.Add(part);
  return digest.Finish();
}

}  // namespace

uint64_t TraceView::ops() const {
  return std::accumulate(streams.begin(), streams.end(), uint64_t{0},
                         [](uint64_t sum, const auto& stream) { return sum + stream.size(); });
}

std::string ParseTrace(std::span<const char> bytes, TraceView* view) {
  Header header;
  if (bytes.size() < sizeof(header)) return "is too short for a trace";
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::string_view(header.magic.data(), header.magic.size()) != kMagic) {
    return "is no trace: it does not begin with \"bwtrace1\"";
  }
  if (header.threads < 1 || header.threads > kThreadsMax) {
    return "has " + std::to_string(header.threads) + " threads, allowed are 1 to " +
           std::to_string(kThreadsMax);
  }
  const std::string_view name(header.key_space.data(),
                              ::strnlen(header.key_space.data(), header.key_space.size()));
  const auto key_space = KeySpaceFromName(name);
  if (!key_space) return "has the unknown key space " + Quoted(name);

  // No sum below can overflow: each part is compared with what is left of the file first.
  size_t left = bytes.size() - sizeof(header);
  const size_t counts_bytes = sizeof(uint64_t) * header.threads;
  const char* at = bytes.data() + sizeof(header);
  if (counts_bytes > left) return "ends before the counts of its operations";
  left -= counts_bytes;
  if (header.records > left / sizeof(uint64_t)) return "ends before the keys to load";
  const auto* const counts = reinterpret_cast<const uint64_t*>(at);
  view->records = {reinterpret_cast<const uint64_t*>(at + counts_bytes), header.records};
  const size_t head = sizeof(header) + counts_bytes + sizeof(uint64_t) * header.records;
  if (RoundedUp(head) > bytes.size()) return "ends before its operations";
  left = bytes.size() - RoundedUp(head);
  at = bytes.data() + RoundedUp(head);
  view->key_space = *key_space;
  view->expected_misses = header.expected_misses;
  view->streams.clear();
  for (uint32_t thread = 0; thread < header.threads; ++thread) {
    if (counts[thread] > left / sizeof(Op)) {
      return "ends before the operations of thread " + std::to_string(thread);
    }
    view->streams.emplace_back(reinterpret_cast<const Op*>(at), counts[thread]);
    at += counts[thread] * sizeof(Op);
    left -= counts[thread] * sizeof(Op);
    for (const Op& op : view->streams.back()) {
      const std::string fault = Fault(op);
      if (fault.empty()) continue;
      return "operation " + std::to_string(&op - view->streams.back().data()) + " of thread " +
             std::to_string(thread) + " " + fault;
    }
  }
  if (left != 0) return "goes on for " + std::to_string(left) + " bytes after its end";
  return "";
}

Trace::Trace(Trace&& other) noexcept
    : mapping_(std::exchange(other.mapping_, {})),
      view_(std::move(other.view_)),
      sha256_(std::move(other.sha256_)) {}

Trace& Trace::operator=(Trace&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(view_, other.view_);
  std::swap(sha256_, other.sha256_);
  return *this;
}

Trace::~Trace() {
  if (!mapping_.empty()) ::munmap(const_cast<char*>(mapping_.data()), mapping_.size());
}

TraceOpened Trace::OpenUnchecked(const std::filesystem::path& path) {
  // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {std::nullopt, SystemError(path, "cannot be opened")};
  struct stat status {};
  const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<size_t>(status.st_size);
  void* mapped = MAP_FAILED;
  if (regular && size > 0) {
    mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  }
  std::string error = mapped == MAP_FAILED ? SystemError(path, "cannot be mapped") : "";
  ::close(file);
  if (!regular || size == 0) return {std::nullopt, path.string() + ": is no file, or empty"};
  if (!error.empty()) return {std::nullopt, std::move(error)};

  Trace trace({static_cast<const char*>(mapped), size});
  error = ParseTrace(trace.mapping_, &trace.view_);
  if (!error.empty()) return {std::nullopt, path.string() + ": " + error};
  return {std::move(trace), ""};
}

TraceOpened Trace::Open(const std::filesystem::path& path) {
  TraceOpened opened = OpenUnchecked(path);
  if (!opened.ok()) return opened;
  Trace& trace = *opened.trace;
  Header header;
  std::memcpy(&header, trace.mapping_.data(), sizeof(header));
  const Sha256::Digest digest = DigestOf(header, {trace.mapping_.subspan(sizeof(Header))});
  if (digest != header.sha256) {
    return {std::nullopt, path.string() + ": is damaged: its digest is not that of its content"};
  }
  trace.sha256_ = HexOf(digest);
  return opened;
}

std::string WriteTrace(const std::filesystem::path& path, const TraceView& view) {
  Header header;
  std::copy(kMagic.begin(), kMagic.end(), header.magic.begin());
  header.threads = static_cast<uint32_t>(view.streams.size());
  header.records = view.records.size();
  header.expected_misses = view.expected_misses;
  const std::string_view name = ToString(view.key_space);
  std::copy(name.begin(), name.end(), header.key_space.begin());
  std::vector<uint64_t> counts;
  for (const auto& stream : view.streams) counts.push_back(stream.size());
  const size_t head = sizeof(header) + sizeof(uint64_t) * (counts.size() + view.records.size());
  const std::vector<char> padding(RoundedUp(head) - head);

  std::vector<std::span<const char>> parts = {BytesOf(std::span<const uint64_t>(counts)),
                                              BytesOf(view.records), padding};
  for (const auto& stream : view.streams) parts.push_back(BytesOf(stream));
  header.sha256 = DigestOf(header, parts);

  const std::filesystem::path unfinished = path.string() + ".tmp" + std::to_string(::getpid());
  std::ofstream file(unfinished, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&header), sizeof(header));
  for (const std::span<const char> part : parts) {
    file.write(part.data(), static_cast<std::streamsize>(part.size()));
  }
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(unfinished, path, failed);
  if (file && !failed) return "";
  const std::string error = SystemError(path, "cannot be written");
  std::filesystem::remove(unfinished, failed);
  return error;
}

WorkloadSpec WorkloadOf(const TraceView& view, const std::string& name, const std::string& source) {
  WorkloadSpec spec;
  spec.name = name;
  spec.title = "operations of a trace file";
  spec.source = source;
  const StreamStats stats = ComputeStreamStats(view.streams);
  for (const OpKind kind : kAllOpKinds) spec.mix[IndexOf(kind)] = stats.RealisedShare(kind);
  return spec;
}

}  // namespace bwlab::workload
