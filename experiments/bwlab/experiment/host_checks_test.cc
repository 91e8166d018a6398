#include "bwlab/experiment/host_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace bwlab::experiment {
namespace {

namespace fs = std::filesystem;

/// Writes files as /proc and /sys have them on a machine with two cores on which all is well, and
/// changes them one at a time.
class HostChecksTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* cpu : {"cpu0", "cpu1"}) {
      const std::string folder = std::string("sys/devices/system/cpu/") + cpu;
      Write(folder + "/cpufreq/scaling_governor", "performance\n");
      Write(folder + "/topology/thread_siblings_list", cpu == std::string("cpu0") ? "0\n" : "1\n");
    }
    Write("sys/devices/system/cpu/cpufreq/boost", "0\n");
    Write("sys/devices/system/cpu/online", "0-1\n");
    Write("sys/devices/system/node/online", "0\n");
    Write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    Write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    Write("sys/fs/cgroup/cpu.max", "max 100000\n");
    Write("proc/sys/kernel/randomize_va_space", "2\n");
    Write("proc/sys/kernel/perf_event_paranoid", "2\n");
    Write("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-1\n");
    Write("proc/self/cgroup", "0::/\n");
    Write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu constant_tsc nonstop_tsc sse\n");
    Write("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n");
    Write("proc/swaps", "Filename Type Size Used Priority\n/dev/x partition 1000 0 -2\n");
    Write("proc/vmstat", "nr_free_pages 5\npswpin 100\npswpout 200\n");
    Write("proc/loadavg", "0.05 0.10 0.20 1/100 999\n");
    Write("proc/stat", "cpu  1000 0 1000 8000 0 0 0 10 0 0\n");
    Write("proc/7/stat", "7 (a (b) c) S 1 7 7 0 -1 0 0 0 0 0 50 50 0 0 20 0 1 0 5 6 7\n");
    facts_.virtualisation = "none";
    facts_.counts = {{"instructions", 5, 1, ""}};
    facts_.ticks = {.ns_per_tick = 0.5, .cost_ns = 20, .resolution_ns = 10};
    facts_.build_type = "Release";
    facts_.flags = "-O3";
    facts_.git = {{"git_commit", std::string(40, 'a')}, {"git_dirty", false}};
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  /// Files as they are a second later: 200 ticks have passed on the two processors together.
  void Later() { before_ = HostSample::Read(files_); }

  HostCheck Check(const std::string& name) {
    if (before_.processes.empty()) Later();
    std::vector<HostCheck> checks = CheckSetup(files_);
    for (const HostCheck& check : CheckProgram(files_, facts_)) checks.push_back(check);
    for (const HostCheck& check : CheckActivity(files_, before_, HostSample::Read(files_))) {
      checks.push_back(check);
    }
    const auto found = std::find_if(checks.begin(), checks.end(),
                                    [&](const HostCheck& check) { return check.name == name; });
    EXPECT_NE(found, checks.end()) << name;
    for (const HostCheck& check : checks) {
      EXPECT_NE(check.found, "") << check.name;
      EXPECT_NE(check.why, "") << check.name;
      EXPECT_EQ(check.verdict == CheckVerdict::kOk, check.advice.empty()) << check.name;
      EXPECT_TRUE(check.name == name || check.verdict == CheckVerdict::kOk) << check.name;
    }
    return found == checks.end() ? HostCheck{} : *found;
  }

  void Expect(const std::string& name, CheckVerdict verdict, const std::string& found) {
    const HostCheck check = Check(name);
    EXPECT_EQ(check.verdict, verdict) << name << ": " << check.found;
    EXPECT_NE(check.found.find(found), std::string::npos) << name << ": " << check.found;
  }

  // A folder for each test: ctest runs them at the same time.
  const fs::path root_ = fs::path(testing::TempDir()) /
                         (std::string("host_checks_test_") +
                          testing::UnitTest::GetInstance()->current_test_info()->name());
  const HostFiles files_{root_};
  HostSample before_;
  ProgramFacts facts_;
};

TEST_F(HostChecksTest, AllIsWellOnAQuietMachine) {
  for (const char* name :
       {"governor", "turbo", "smt", "huge pages", "aslr", "numa", "affinity", "cpu quota",
        "clock source", "virtualisation", "counters", "tick clock", "build", "source tree",
        "memory", "swap", "steal", "load", "processes"}) {
    EXPECT_EQ(Check(name).verdict, CheckVerdict::kOk) << name;
  }
}

TEST_F(HostChecksTest, GovernorsOtherThanPerformanceAreAProblem) {
  Write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
  Expect("governor", CheckVerdict::kProblem, "performance, powersave");
}

TEST_F(HostChecksTest, AFrequencyThatIsNotShownIsAWarning) {
  fs::remove_all(root_ / "sys/devices/system/cpu/cpu0/cpufreq");
  fs::remove_all(root_ / "sys/devices/system/cpu/cpu1/cpufreq");
  Expect("governor", CheckVerdict::kWarning, "not shown");
}

TEST_F(HostChecksTest, TurboIsReadWhereTheDriverHasIt) {
  Write("sys/devices/system/cpu/cpufreq/boost", "1\n");
  Expect("turbo", CheckVerdict::kWarning, "on");
  Write("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
  Expect("turbo", CheckVerdict::kOk, "off");
  Write("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
  Expect("turbo", CheckVerdict::kWarning, "on");
  fs::remove_all(root_ / "sys/devices/system/cpu/intel_pstate");
  fs::remove_all(root_ / "sys/devices/system/cpu/cpufreq");
  Expect("turbo", CheckVerdict::kWarning, "not shown");
}

TEST_F(HostChecksTest, HardwareThreadsOfOneCoreAreNamed) {
  for (const char* cpu : {"cpu0", "cpu1"}) {
    Write(std::string("sys/devices/system/cpu/") + cpu + "/topology/thread_siblings_list", "0-1\n");
  }
  Expect("smt", CheckVerdict::kWarning, "processors 0-1");
}

TEST_F(HostChecksTest, HugePagesForAllAreAWarning) {
  Write("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
  Expect("huge pages", CheckVerdict::kWarning, "always");
}

TEST_F(HostChecksTest, OneLayoutForAllProcessesIsAWarning) {
  Write("proc/sys/kernel/randomize_va_space", "0\n");
  Expect("aslr", CheckVerdict::kWarning, "randomize_va_space 0");
}

TEST_F(HostChecksTest, NodesAreCounted) {
  Write("sys/devices/system/node/online", "0-3\n");
  Expect("numa", CheckVerdict::kWarning, "4 nodes");
}

TEST_F(HostChecksTest, FewerProcessorsThanTheMachineHasAreAWarning) {
  Write("proc/self/status", "Cpus_allowed:\t1\nCpus_allowed_list:\t1\n");
  Expect("affinity", CheckVerdict::kWarning, "1 of 2 processors may be used (1)");
}

TEST_F(HostChecksTest, AQuotaBelowTheProcessorsIsAProblem) {
  Write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  Expect("cpu quota", CheckVerdict::kProblem, "1.5 processors");
  Write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  Expect("cpu quota", CheckVerdict::kOk, "2 processors");
}

TEST_F(HostChecksTest, TheLeastQuotaOfAllControlGroupsCounts) {
  Write("proc/self/cgroup", "0::/outer/inner\n");
  Write("sys/fs/cgroup/outer/cpu.max", "50000 100000\n");
  Write("sys/fs/cgroup/outer/inner/cpu.max", "100000 100000\n");
  Expect("cpu quota", CheckVerdict::kProblem, "0.5 processors");
}

TEST_F(HostChecksTest, QuotasOfTheFirstVersionOfControlGroupsAreRead) {
  Write("proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/a\n");
  Write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  Write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
  Expect("cpu quota", CheckVerdict::kOk, "none");
  Write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "100000\n");
  Expect("cpu quota", CheckVerdict::kProblem, "1 processors");
}

TEST_F(HostChecksTest, ClockSourcesOfTheKernelAloneAreAWarning) {
  Write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
  Expect("clock source", CheckVerdict::kWarning, "hpet");
  Write("sys/devices/system/clocksource/clocksource0/current_clocksource", "kvm-clock\n");
  Expect("clock source", CheckVerdict::kOk, "kvm-clock");
}

TEST_F(HostChecksTest, VirtualMachinesAreAWarning) {
  facts_.virtualisation = "KVMKVMKVM";
  Expect("virtualisation", CheckVerdict::kWarning, "KVMKVMKVM");
}

TEST_F(HostChecksTest, CountersThatCannotBeHadComeWithTheirReason) {
  facts_.counts = {{"instructions", 0, 1, "not permitted"}, {"page_faults", 3, 1, ""}};
  Expect("counters", CheckVerdict::kWarning, "1 of 2 events cannot be counted (instructions: not");
  EXPECT_EQ(Check("counters").advice.find("sysctl"), std::string::npos);
  Write("proc/sys/kernel/perf_event_paranoid", "3\n");
  Expect("counters", CheckVerdict::kWarning, "perf_event_paranoid is 3");
  EXPECT_NE(Check("counters").advice.find("sysctl"), std::string::npos);
}

TEST_F(HostChecksTest, ATickClockThatIsNotOfTimeIsAProblem) {
  Write("proc/cpuinfo", "flags\t\t: fpu constant_tsc sse\n");
  Expect("tick clock", CheckVerdict::kProblem, "costs 20.0 ns, steps of 10.0 ns");
  Write("proc/cpuinfo", "Features\t: fp asimd\n");  // no x86
  Expect("tick clock", CheckVerdict::kOk, "costs 20.0 ns");
  facts_.ticks.cost_ns = 900;
  Expect("tick clock", CheckVerdict::kWarning, "costs 900.0 ns");
}

TEST_F(HostChecksTest, BuildsThatAreNotForMeasuringAreAProblem) {
  facts_.build_type = "Debug";
  Expect("build", CheckVerdict::kProblem, "Debug");
  facts_.build_type = "RelWithDebInfo";
  Expect("build", CheckVerdict::kOk, "RelWithDebInfo");
  facts_.flags = "-O2 -fsanitize=address";
  Expect("build", CheckVerdict::kProblem, "-fsanitize=address");
}

TEST_F(HostChecksTest, SourcesThatTheCommitDoesNotSayAreAWarning) {
  facts_.git["git_dirty"] = true;
  Expect("source tree", CheckVerdict::kWarning, "changed since commit aaaaaaaaaaaa");
  facts_.git = {{"git_commit", nullptr}, {"git_dirty", nullptr}};
  Expect("source tree", CheckVerdict::kWarning, "not under git");
}

TEST_F(HostChecksTest, LittleMemoryIsAWarningAndNoneAProblem) {
  Write("proc/meminfo", "MemAvailable: 1000000 kB\n");
  Expect("memory", CheckVerdict::kWarning, "1.0 GiB free");
  Write("proc/meminfo", "MemAvailable: 100000 kB\n");
  Expect("memory", CheckVerdict::kProblem, "0.1 GiB free");
}

TEST_F(HostChecksTest, SwapInUseIsAWarningAndSwappingAProblem) {
  Write("proc/swaps", "Filename Type Size Used Priority\n/dev/x partition 4194304 2097152 -2\n");
  Expect("swap", CheckVerdict::kWarning, "2.00 GiB used, 0 pages");
  Write("proc/vmstat", "pswpin 101\npswpout 202\n");
  Expect("swap", CheckVerdict::kProblem, "3 pages");
}

TEST_F(HostChecksTest, StolenTimeIsMeasuredBetweenTheSamples) {
  Later();
  Write("proc/stat", "cpu  1000 0 1000 8195 0 0 0 15 0 0\n");
  Expect("steal", CheckVerdict::kWarning, "2.5%");
  Write("proc/stat", "cpu  1000 0 1000 8180 0 0 0 30 0 0\n");
  Expect("steal", CheckVerdict::kProblem, "10.0%");
}

TEST_F(HostChecksTest, BusyProcessorsAreMeasuredBetweenTheSamples) {
  Later();
  Write("proc/stat", "cpu  1010 5 1015 8170 0 0 0 10 0 0\n");
  Expect("load", CheckVerdict::kWarning, "0.30 of 2 processors busy, load average 0.05");
  Write("proc/stat", "cpu  1100 0 1000 8100 0 0 0 10 0 0\n");
  Expect("load", CheckVerdict::kProblem, "1.00 of 2");
  Write("proc/stat", "cpu  1000 0 1000 8100 100 0 0 10 0 0\n");
  Expect("load", CheckVerdict::kOk, "0.00 of 2");
  Write("proc/loadavg", "3.50 0.10 0.20 1/100 999\n");
  Expect("load", CheckVerdict::kWarning, "load average 3.50");
}

TEST_F(HostChecksTest, BusyProcessesAreNamed) {
  Later();
  Write("proc/stat", "cpu  1000 0 1000 8200 0 0 0 10 0 0\n");
  Write("proc/7/stat", "7 (a (b) c) S 1 7 7 0 -1 0 0 0 0 0 55 55 0 0 20 0 1 0 5 6 7\n");
  Expect("processes", CheckVerdict::kWarning, "a (b) c (process 7) 10% of one");
  Write("proc/8/stat", "8 (new) R 1 7 7 0 -1 0 0 0 0 0 90 10 0 0 20 0 1 0 5 6 7\n");
  Expect("processes", CheckVerdict::kProblem, "new (process 8) 100% of one, a (b) c");
}

TEST(ParseProcessors, ReadsRangesAndSingleOnes) {
  EXPECT_EQ(ParseProcessors("0-2,5"), (std::vector<uint32_t>{0, 1, 2, 5}));
  EXPECT_TRUE(ParseProcessors("").empty());
  EXPECT_TRUE(ParseProcessors("0-x").empty());
  EXPECT_TRUE(ParseProcessors("0-4294967295").empty());
}

}  // namespace
}  // namespace bwlab::experiment
