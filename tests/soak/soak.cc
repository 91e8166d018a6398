// Hours of mixed load on one tree, with readers that hold a section for seconds and sessions that
// come and go. Prints what the tree and the process hold over time; fails where it grows, where a
// read is wrong, or where the tree is not sound at the end. scripts/soak builds and runs it.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bwlab/bwtree/bw_tree.h"
#include "bwlab/policy/default_traits.h"
#include "bwlab/record/record_types.h"

namespace bwlab::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Bytes : DefaultTraits {
  using Key = BytesKey;
  using Value = BytesValue;
};
using Tree = BwTree<Bytes>;

constexpr uint64_t kKeys = 300'000;
constexpr uint64_t kWriters = 2;

/// Keys of three lengths with a common prefix, values of 8 to 200 bytes that begin with the key's
/// number.
std::string KeyAt(uint64_t number) {
  return "customer/" + std::to_string(number * 2654435761 % 1'000'000'007) +
         std::string(number % 3 * 8, '.');
}
std::string ValueAt(uint64_t number, uint64_t version) {
  std::string value(reinterpret_cast<const char*>(&number), sizeof(number));
  return value.append(version % 25 * 8, static_cast<char>(version));
}
bool IsValueOf(uint64_t number, std::string_view value) {
  return value.size() >= sizeof(number) &&
         value.substr(0, sizeof(number)) ==
             std::string_view(reinterpret_cast<const char*>(&number), sizeof(number));
}

struct Totals {
  std::atomic<uint64_t> operations{0};
  std::atomic<uint64_t> wrong{0};
  std::atomic<bool> stop{false};
};

/// Works on the keys of one remainder, of which it knows which are there. A session serves for a
/// while and makes room for the next.
void Write(Tree& tree, uint64_t writer, Totals& totals, std::vector<bool>& present) {
  std::mt19937_64 random(writer + 1);
  std::string value;
  while (!totals.stop.load(std::memory_order_relaxed)) {
    auto session = std::move(tree.OpenSession()).value();
    for (int i = 0; i < 200'000 && !totals.stop.load(std::memory_order_relaxed); ++i) {
      const uint64_t number = random() % (kKeys / kWriters) * kWriters + writer;
      const std::string key = KeyAt(number);
      const bool is_there = present[number];
      bool right = true;
      switch (random() % 4) {
        case 0:
          right = session.Insert(key, ValueAt(number, random())) ==
                  (is_there ? OpResult::kExists : OpResult::kOk);
          present[number] = true;
          break;
        case 1:
          right = session.Delete(key) == (is_there ? OpResult::kOk : OpResult::kNotFound);
          present[number] = false;
          break;
        case 2:
          right = session.Update(key, ValueAt(number, random())) ==
                  (is_there ? OpResult::kOk : OpResult::kNotFound);
          break;
        default:
          right = session.Get(key, &value) == (is_there ? OpResult::kOk : OpResult::kNotFound) &&
                  (!is_there || IsValueOf(number, value));
      }
      totals.wrong += right ? 0 : 1;
      if (i % 1000 == 0) totals.operations += 1000;
    }
  }
}

/// Scans that rest in the middle, inside their section, for up to two seconds.
void Linger(Tree& tree, Totals& totals) {
  std::mt19937_64 random(99);
  while (!totals.stop.load(std::memory_order_relaxed)) {
    auto session = std::move(tree.OpenSession()).value();
    std::string last;
    int visited = 0;
    session.Scan(KeyAt(random() % kKeys), 500, [&](std::string_view key, std::string_view) {
      if (!last.empty() && key <= last) ++totals.wrong;
      last = key;
      if (++visited == 100) {
        for (int i = 0; i < 20 && !totals.stop.load(std::memory_order_relaxed); ++i) {
          std::this_thread::sleep_for(std::chrono::milliseconds(random() % 100));
        }
      }
      return true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

uint64_t ResidentBytes() {
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> total_pages >> resident_pages;
  return resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

struct Sample {
  double seconds;
  uint64_t live_bytes;  // without what waits for its grace period
  uint64_t retired_bytes;
  uint64_t pooled_bytes;
  uint64_t mapping_table_bytes;
  uint64_t resident_bytes;
  uint64_t idle_bytes;   // retired or pooled
  uint64_t other_bytes;  // resident, and neither live nor idle
};

/// Median of a quarter of the samples, from a share of them on. (The median, because a sample adds
/// up what sessions change meanwhile.)
double Median(const std::vector<Sample>& samples, uint64_t Sample::*member, double from) {
  const auto first = static_cast<std::size_t>(from * static_cast<double>(samples.size()));
  std::vector<uint64_t> values;
  for (std::size_t i = 0; i < samples.size() / 4; ++i) {
    values.push_back(samples[first + i].*member);
  }
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return static_cast<double>(values[values.size() / 2]);
}

double Most(const std::vector<Sample>& samples, uint64_t Sample::*member) {
  uint64_t most = 0;
  for (std::size_t i = 0; i < samples.size() / 2; ++i) most = std::max(most, samples[i].*member);
  return static_cast<double>(most);
}

/// From the second to the last quarter of the samples, as a share.
double Growth(const std::vector<Sample>& samples, uint64_t Sample::*member) {
  return Median(samples, member, 0.75) / Median(samples, member, 0.25) - 1;
}

int Run(double minutes) {
  auto tree = std::move(Tree::Open()).value();
  Totals totals;
  std::vector<std::vector<bool>> present(kWriters, std::vector<bool>(kKeys));
  std::vector<std::thread> threads;
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] { Write(*tree, writer, totals, present[writer]); });
  }
  threads.emplace_back([&] { Linger(*tree, totals); });

  std::printf("%9s %12s %9s %9s %9s %9s %9s %9s\n", "seconds", "operations", "records", "live MB",
              "retired", "pooled", "mapping", "resident");
  const auto begin = Clock::now();
  const double seconds_in_all = minutes * 60;
  const double interval = std::clamp(seconds_in_all / 400, 0.25, 10.0);
  std::vector<Sample> samples;
  for (double seconds = 0; seconds < seconds_in_all;) {
    std::this_thread::sleep_for(std::chrono::duration<double>(interval));
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const MemoryUsage usage = tree->Memory();
    const uint64_t resident = ResidentBytes();
    samples.push_back({seconds, usage.live_bytes - std::min(usage.live_bytes, usage.retired_bytes),
                       usage.retired_bytes, usage.pooled_bytes, usage.mapping_table_bytes, resident,
                       usage.retired_bytes + usage.pooled_bytes,
                       resident - std::min(resident, usage.live_bytes + usage.pooled_bytes)});
    const Sample& sample = samples.back();
    if (samples.size() % 10 != 0) continue;
    const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
    std::printf("%9.0f %12" PRIu64 " %9" PRIu64 " %9.2f %9.2f %9.2f %9.2f %9.2f\n", seconds,
                totals.operations.load(), tree->Size(), megabytes(sample.live_bytes),
                megabytes(sample.retired_bytes), megabytes(sample.pooled_bytes),
                megabytes(sample.mapping_table_bytes), megabytes(sample.resident_bytes));
    std::fflush(stdout);
  }
  totals.stop = true;
  for (std::thread& thread : threads) thread.join();

  int faults = 0;
  const auto expect = [&faults](bool holds, const std::string& what) {
    if (!holds) std::printf("FAILED: %s\n", what.c_str());
    faults += holds ? 0 : 1;
  };
  expect(totals.wrong == 0, std::to_string(totals.wrong) + " answers were wrong");
  uint64_t records = 0;
  for (const auto& of_writer : present) {
    records += static_cast<uint64_t>(std::count(of_writer.begin(), of_writer.end(), true));
  }
  expect(tree->Size() == records, "Size() is " + std::to_string(tree->Size()) +
                                      ", the writers left " + std::to_string(records));
  const Status status = tree->Validate();
  expect(status.ok(), status.message());
  auto session = std::move(tree->OpenSession()).value();
  session.Trim();
  const MemoryUsage left = tree->Memory();
  expect(left.retired_bytes == 0, "pages wait though nobody is left to hold them");
  std::printf("after Trim: %.2f MB live, %.2f MB free in chunks that hold live pages too\n",
              static_cast<double>(left.live_bytes) / 1e6,
              static_cast<double>(left.pooled_bytes) / 1e6);

  // Growth that is noise in minutes shows in hours: less than half a per cent an hour is allowed,
  // beside what a run of any length may show. Retired and pooled pages are not judged by their
  // growth, but by what stays of them: how many there are depends on how long readers rested, and
  // on how much the writers did meanwhile, which is a matter of what else runs on the machine.
  const auto grows_no_more = [&](const char* name, uint64_t Sample::*member, double noise) {
    const double growth = Growth(samples, member);
    std::printf("growth of %s: %+.2f %%\n", name, growth * 100);
    expect(growth <= noise + 0.005 * minutes / 60, std::string(name) + " grows");
  };
  grows_no_more("live bytes", &Sample::live_bytes, 0.02);
  grows_no_more("the mapping table", &Sample::mapping_table_bytes, minutes < 5 ? 0.05 : 0.02);
  const double usual = Median(samples, &Sample::idle_bytes, 0.75);
  const double most = Most(samples, &Sample::idle_bytes);
  std::printf(
      "retired and pooled bytes: %.2f MB in the last quarter, at most %.2f in the first half\n",
      usual / 1e6, most / 1e6);
  expect(usual <= most, "retired and pooled bytes grow");
  grows_no_more("what is resident beside pages", &Sample::other_bytes, minutes < 5 ? 1.0 : 0.2);
  std::printf("%s after %" PRIu64 " operations\n", faults == 0 ? "sound" : "NOT SOUND",
              totals.operations.load());
  return faults == 0 ? 0 : 1;
}

}  // namespace
}  // namespace bwlab::test

int main(int argc, char** argv) {
  char* end = nullptr;
  const double minutes = argc == 2 ? std::strtod(argv[1], &end) : 0;
  if (argc != 2 || *end != '\0' || !(minutes >= 0.1 && minutes <= 100'000)) {
    std::fprintf(stderr, "usage: soak MINUTES, from 0.1 to 100000\n");
    return 2;
  }
  return bwlab::test::Run(minutes);
}
