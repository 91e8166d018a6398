"""`micro`: with made programs beside a copy of run_experiment, and with the real ones."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest

from repository import REPOSITORY, schema

PROGRAMS = ["allocator_bench", "backoff_bench", "reclamation_bench", "search_bench", "tree_bench"]

# Stands for a program of Google Benchmark: two benchmarks, which take 10 and 20 ns an iteration.
MADE = """#!/usr/bin/python3
import json, os, signal, sys, time
name = os.path.basename(sys.argv[0])
names = [f"{name}/x", f"{name}/y/real_time/threads:2"]
flags = dict(flag.split("=", 1) for flag in sys.argv[1:] if "=" in flag)
if sys.argv[1] == "--about":
    print(f"How fast is {name}?\\nnone")
elif sys.argv[1] == "--benchmark_list_tests":
    print("\\n".join(names))
else:
    with open("order", "a") as file:
        print(name, flags["--benchmark_min_time"], file=file)
    chosen = flags["--benchmark_filter"].removeprefix("^(").removesuffix(")$").split("|")
    report = {"benchmarks": [
        {"name": one, "threads": 1, "iterations": 5, "real_time": 10.0 * (1 + i),
         "cpu_time": 10.0 * (1 + i), "time_unit": "ns", "items_per_second": 1e8, "lost": 0.5}
        for i, one in enumerate(chosen)]}
#FAULT
    print(json.dumps(report))
"""


def micro_schema_validator():
    folder = (REPOSITORY / "experiments" / "schema").as_uri() + "/"
    document = schema("micro")
    return jsonschema.Draft7Validator(
        document, resolver=jsonschema.RefResolver(base_uri=folder, referrer=document))


class Stage:
    """run_experiment among made programs, and the folder that it runs in."""

    def __init__(self, run_experiment, folder):
        folder.mkdir()
        self.bin = folder
        self.work = run_experiment.folder
        self.run = run_experiment.copied_to(folder)
        for program in PROGRAMS:
            self.make(program)

    def make(self, program, fault=""):
        path = self.bin / program
        path.write_text(MADE.replace("#FAULT", f"    {fault}"))
        path.chmod(0o755)

    def order(self):
        return [line.split()[0] for line in (self.work / "order").read_text().splitlines()]


@pytest.fixture
def stage(run_experiment, tmp_path):
    return Stage(run_experiment, tmp_path / "bin")


def results_in(folder):
    return [json.loads(path.read_text()) for path in sorted(Path(folder, "micro").iterdir())]


def test_repetitions_go_forth_and_back_over_the_programs(stage):
    done = stage.run("micro", "--reps", 3, "--min-time", 0.25, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert stage.order() == PROGRAMS + PROGRAMS[::-1] + PROGRAMS
    assert {line.split()[1] for line in (stage.work / "order").read_text().splitlines()} == {"0.25"}
    names = sorted(path.name for path in (stage.work / "out" / "micro").iterdir())
    assert names == sorted(f"{program}-r{rep}.json" for program in PROGRAMS for rep in range(3))


def test_results_follow_their_schema_and_tell_where_they_come_from(stage):
    argv = ("micro", "--filter", "^search.*/x", "--reps", 1, "--out", "out")
    assert stage.run(*argv).returncode == 0
    (result,) = results_in(stage.work / "out")
    micro_schema_validator().validate(result)
    assert [one["name"] for one in result["benchmarks"]] == ["search_bench/x"]
    assert result["benchmarks"][0]["counters"] == {"lost": 0.5}
    assert result["question"] == "How fast is search_bench?"
    assert result["settings"]["filter"] == "^search.*/x"
    provenance = result["provenance"]
    assert provenance["spec_path"] == "experiments/micro/search_bench.cc"
    assert provenance["argv"] == list(map(str, ("run_experiment", *argv)))
    sums = subprocess.run(["sha256sum", stage.bin / "search_bench"], capture_output=True, text=True,
                          check=True)
    assert provenance["binary_sha256"] == sums.stdout.split()[0]
    assert str(stage.work) not in json.dumps(result)


def test_validate_knows_results_of_micro_benchmarks(stage):
    assert stage.run("micro", "--filter", "tree", "--reps", 1, "--out", "out").returncode == 0
    verdicts = stage.run.json("validate", "out")
    assert [verdict["kind"] for verdict in verdicts] == ["micro"]
    (file,) = (stage.work / "out" / "micro").iterdir()
    result = json.loads(file.read_text())
    for path, value, shown in [("rep", -1, "/rep"), ("benchmarks", [], "/benchmarks"),
                               ("extra", 1, '"extra"'), ("provenance", {}, "/provenance")]:
        file.write_text(json.dumps({**result, path: value}))
        assert shown in stage.run.refused("validate", file)


def test_the_table_has_medians_intervals_and_rates(stage):
    text = stage.run("micro", "--reps", 3, "--out", "out").stdout
    assert "search_bench: How fast is search_bench?\nBaseline: none\n" in text
    (line,) = [line for line in text.splitlines() if line.startswith("tree_bench/y")]
    assert line.split() == ["tree_bench/y/real_time/threads:2", "20.00", "ns", "20.00", "..",
                            "20.00", "real", "100.00", "M/s"]
    summary = stage.run.json("micro", "--reps", 3, "--filter", "tree_bench/x", "--out", "second")
    (row,) = summary["benchmarks"]
    assert row["time_ns"] == [10, 10, 10] and row["time_ns_interval"] == [10, 10]
    assert row["items_per_second_median"] == 1e8
    assert all((stage.work / file).is_file() for file in summary["files"])


def test_list_shows_questions_baselines_and_names_and_runs_nothing(stage):
    listed = stage.run.json("micro", "--list")
    assert [program["name"] for program in listed] == PROGRAMS
    text = stage.run("micro", "--list", "--filter", "tree").stdout
    assert text == ("tree_bench: How fast is tree_bench?\nBaseline: none\n  tree_bench/x\n"
                    "  tree_bench/y/real_time/threads:2\n")
    assert list(stage.work.iterdir()) == []


def test_a_missing_program_is_told_with_how_to_build_it(stage):
    (stage.bin / "search_bench").unlink()
    sentence = stage.run.refused("micro", exit_code=4)
    assert "search_bench: is not there" in sentence
    assert f"cmake --build {stage.bin} --target micro_benchmarks" in sentence


@pytest.mark.parametrize("fault, exit_code, words", [
    ("sys.exit('no such flag')", 70, "ended with exit code 1; no such flag"),
    ("os.kill(os.getpid(), signal.SIGSEGV)", 70, "ended by signal 11 (Segmentation fault)"),
    ("report = {}", 70, "its report is none of Google Benchmark"),
    ("report['benchmarks'].pop()", 70, "ran 1 benchmarks of the 2 asked for"),
    ("report['benchmarks'][1].update(error_occurred=True, error_message='out of memory')", 4,
     "failed: out of memory"),
])
def test_a_program_that_fails_leaves_no_result_of_its_own(stage, fault, exit_code, words):
    stage.make("backoff_bench", fault)
    done = stage.run("micro", "--quiet", "--out", "out")
    assert done.returncode == exit_code
    assert "backoff_bench: " in done.stderr and words in done.stderr
    assert "1 finished results are in out/micro" in done.stderr
    assert [result["program"] for result in results_in(stage.work / "out")] == ["allocator_bench"]


def test_a_failure_of_the_first_program_leaves_no_folder(stage):
    stage.make("allocator_bench", "sys.exit(3)")
    assert stage.run("micro", "--quiet", "--out", "out").returncode == 70
    assert not (stage.work / "out").exists()


def test_an_interruption_keeps_what_is_finished(stage):
    stage.make("reclamation_bench", "open('here', 'w').close(); time.sleep(60)")
    process = subprocess.Popen([stage.bin / "run_experiment", "micro", "--quiet", "--out", "out"],
                               cwd=stage.work, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    while not (stage.work / "here").exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted after 2 of 25 runs" in stderr
    assert len(results_in(stage.work / "out")) == 2


@pytest.mark.parametrize("flags, words", [
    (("--reps", "0"), "--reps \"0\" is out of range; allowed are whole numbers from 1 to 1000"),
    (("--reps", "many"), "--reps \"many\""),
    (("--min-time", "nan"), "--min-time \"nan\""),
    (("--min-time", "0"), "--min-time \"0\""),
    (("--filter", "("), "is no regular expression"),
    (("--filter", "nothing"), "none of the names of the 10 micro-benchmarks"),
    (("--fliter", "x"), 'did you mean "--filter"'),
    (("more",), 'unexpected argument "more"'),
])
def test_wrong_flags_are_refused(stage, flags, words):
    assert words in stage.run.refused("micro", *flags)


def test_results_are_never_overwritten(stage):
    assert stage.run("micro", "--reps", 1, "--out", "out").returncode == 0
    assert "is not empty" in stage.run.refused("micro", "--out", "out")


def test_the_real_programs_measure_what_they_list(run_experiment):
    listed = run_experiment.json("micro", "--list")
    assert [program["name"] for program in listed] == PROGRAMS
    for program in listed:
        assert program["question"].endswith("?") and program["baseline"]
        assert (REPOSITORY / "experiments" / "micro" / f"{program['name']}.cc").is_file()
    out = run_experiment.folder / "out"
    summary = run_experiment.json("micro", "--filter", "^(search/.*/hot/heads:64|backoff/none)",
                                  "--min-time", 0.0001, "--reps", 3, "--out", out)
    measured = {row["name"] for row in summary["benchmarks"]}
    assert {"search/linear/hot/heads:64", "search/binary/hot/heads:64"} < measured
    for result in results_in(out):
        micro_schema_validator().validate(result)
    clocks = {row["name"]: row["clock"] for row in summary["benchmarks"]}
    assert clocks["search/linear/hot/heads:64"] == "cpu"
    assert clocks["backoff/none/work:0/real_time/threads:2"] == "real"
