#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "bwlab/experiment/exit_code.h"
#include "bwlab/experiment/host_checks.h"
#include "run_experiment/command_line.h"
#include "run_experiment/flag_values.h"

namespace bwlab::cli {
namespace {

using experiment::CheckVerdict;
using experiment::HostCheck;
using experiment::HostFiles;
using experiment::HostSample;
using nlohmann::json;

std::string NameOf(CheckVerdict verdict) {
  return std::string(experiment::kCheckVerdictNames[static_cast<size_t>(verdict)]);
}

std::vector<HostCheck> Examine(double seconds) {
  const HostFiles files;
  const auto facts = experiment::ProgramFacts::Collect();
  const HostSample before = HostSample::Read(files);
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const HostSample after = HostSample::Read(files);
  std::vector<HostCheck> checks = experiment::CheckSetup(files);
  for (auto&& more :
       {experiment::CheckProgram(files, facts), experiment::CheckActivity(files, before, after)}) {
    std::copy(more.begin(), more.end(), std::back_inserter(checks));
  }
  return checks;
}

/// On a terminal in green, yellow or red, unless NO_COLOR is set (no-color.org).
std::string Shown(CheckVerdict verdict) {
  constexpr std::array<const char*, 3> kColours = {"\033[32m", "\033[33m", "\033[31m"};
  const char* off = std::getenv("NO_COLOR");
  const std::string padded = fmt::format("{:<7}", NameOf(verdict));
  if (::isatty(STDOUT_FILENO) == 0 || (off != nullptr && *off != '\0')) return padded;
  return kColours[static_cast<size_t>(verdict)] + padded + "\033[0m";
}

size_t CountOf(const std::vector<HostCheck>& checks, CheckVerdict verdict) {
  return static_cast<size_t>(
      std::count_if(checks.begin(), checks.end(),
                    [verdict](const HostCheck& check) { return check.verdict == verdict; }));
}

void PrintText(const std::vector<HostCheck>& checks) {
  size_t width = 0;
  for (const HostCheck& check : checks) width = std::max(width, check.name.size());
  for (const HostCheck& check : checks) {
    const std::string indent(width + 2, ' ');
    std::cout << fmt::format("{:<{}}  {}  {}\n", check.name, width, Shown(check.verdict),
                             check.found);
    if (check.verdict == CheckVerdict::kOk) continue;
    std::cout << fmt::format("{}why:     {}\n{}do:      {}\n", indent, check.why, indent,
                             check.advice);
  }
  std::cout << fmt::format(
      "\n{} ok, {} warnings, {} problems\n", CountOf(checks, CheckVerdict::kOk),
      CountOf(checks, CheckVerdict::kWarning), CountOf(checks, CheckVerdict::kProblem));
}

void PrintJson(const std::vector<HostCheck>& checks, double seconds) {
  json list = json::array();
  CheckVerdict worst = CheckVerdict::kOk;
  for (const HostCheck& check : checks) {
    worst = std::max(worst, check.verdict);
    list.push_back({{"name", check.name},
                    {"verdict", NameOf(check.verdict)},
                    {"found", check.found},
                    {"why", check.why},
                    {"advice", check.advice.empty() ? json() : json(check.advice)}});
  }
  std::cout << json{{"verdict", NameOf(worst)}, {"seconds", seconds}, {"checks", list}}.dump(
                   2, ' ', false, json::error_handler_t::replace)  // names of processes
            << '\n';
}

}  // namespace

int Doctor(const DoctorRequest& request) {
  constexpr double kSecondsMax = 600;
  const Result<double> seconds = ParseNumber("--seconds", request.seconds, 0, kSecondsMax);
  if (!seconds.ok()) return Fail(seconds.status());
  const std::vector<HostCheck> checks = Examine(seconds.value());
  request.json ? PrintJson(checks, seconds.value()) : PrintText(checks);
  const bool refused = request.strict && CountOf(checks, CheckVerdict::kProblem) > 0;
  return refused ? experiment::kExitEnvironment : experiment::kExitOk;
}

}  // namespace bwlab::cli
