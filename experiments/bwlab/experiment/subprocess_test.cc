#include "bwlab/experiment/subprocess.h"

#include <gtest/gtest.h>

#include <csignal>

namespace bwlab::experiment {
namespace {

TEST(Subprocess, PassesMoreThanAPipeHoldsBothWays) {
  std::string input;
  for (int i = 0; i < 100000; ++i) input += std::to_string(i) + "\n";
  const ProcessEnd end = RunProcess({"cat"}, input);
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.output, input);
  EXPECT_EQ(end.error, "");
}

TEST(Subprocess, KeepsBothOutputsApart) {
  const ProcessEnd end = RunProcess({"sh", "-c", "echo out; echo err >&2; exit 3"}, "");
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_EQ(end.output, "out\n");
  EXPECT_EQ(end.error, "err\n");
}

TEST(Subprocess, AChildThatDoesNotReadItsInputIsNoError) {
  const ProcessEnd end = RunProcess({"true"}, std::string(1 << 20, 'x'));
  EXPECT_EQ(end.exit_code, 0);
}

TEST(Subprocess, ReportsASignal) {
  const ProcessEnd end = RunProcess({"sh", "-c", "kill -KILL $$"}, "");
  EXPECT_EQ(end.exit_code, -1);
  EXPECT_EQ(end.signal, SIGKILL);
}

TEST(Subprocess, AFailureIsToldWithItsLastWords) {
  EXPECT_EQ(FailureText(RunProcess({"sh", "-c", "echo why >&2; exit 3"}, "")),
            "ended with exit code 3; why");
  EXPECT_EQ(FailureText(RunProcess({"sh", "-c", "kill -KILL $$"}, "")),
            "was ended by signal 9 (Killed)");
}

TEST(Subprocess, AFailureIsToldInOneLineHoweverMuchWasSaid) {
  EXPECT_EQ(FailureText(RunProcess({"sh", "-c", "echo one >&2; echo two >&2; exit 3"}, "")),
            "ended with exit code 3; one two");
  const std::string text = FailureText(RunProcess({"sh", "-c", "seq 10000 >&2; exit 3"}, ""));
  EXPECT_LT(text.size(), 500u);
  EXPECT_TRUE(text.ends_with(" 9999 10000")) << text;
}

TEST(Subprocess, TheLastLineIsTheLastThatIsNotEmpty) {
  EXPECT_EQ(LastLine("one\ntwo\n\n"), "two");
  EXPECT_EQ(LastLine("one"), "one");
  EXPECT_EQ(LastLine("\n"), "");
}

TEST(Subprocess, WhatTakesTooLongIsEnded) {
  using std::chrono::milliseconds;
  const ProcessEnd end =
      RunProcess({"sh", "-c", "echo begun; exec sleep 600"}, "", milliseconds(500));
  EXPECT_TRUE(end.timed_out);
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_EQ(end.output, "begun\n");
  EXPECT_FALSE(RunProcess({"true"}, "", milliseconds(600000)).timed_out);
}

TEST(Subprocess, AChildsOwnChildDoesNotHoldUpTheEnd) {
  const ProcessEnd end =
      RunProcess({"sh", "-c", "sleep 5 & exec sleep 600"}, "", std::chrono::milliseconds(200));
  EXPECT_TRUE(end.timed_out);
}

TEST(Subprocess, ReportsAProgramThatIsNotThere) {
  const ProcessEnd end = RunProcess({"/none/program"}, "input");
  EXPECT_EQ(end.exit_code, -1);
  EXPECT_NE(end.not_started, "");
}

TEST(Subprocess, NoShellReadsTheArguments) {
  EXPECT_EQ(RunProcess({"echo", "$HOME;ls"}, "").output, "$HOME;ls\n");
}

}  // namespace
}  // namespace bwlab::experiment
