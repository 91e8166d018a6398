"""scripts/plot as a user calls it: what it writes and refuses, and that its bytes are stable."""

import csv
import os
import subprocess
import xml.etree.ElementTree

import pytest
from repository import REPOSITORY
from made_results import (LABELS, WORKLOADS, made_result, made_spec, quickstart_documents,
                          write_results)

PLOT = REPOSITORY / "scripts" / "plot"
NAMES = [f"{figure}.{suffix}" for figure in ("throughput", "memory")
         for suffix in ("png", "svg", "pdf", "csv", "md")]


def plot(*arguments, cwd=None, **environment):
    return subprocess.run([PLOT, *map(str, arguments)], capture_output=True, text=True, cwd=cwd,
                          env={**os.environ, **environment}, check=False, timeout=120)


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quickstart") / "run"
    return write_results(folder, quickstart_documents(), made_spec())


@pytest.fixture(scope="module")
def drawn(quickstart, tmp_path_factory):
    out = tmp_path_factory.mktemp("drawn")
    done = plot(quickstart, "--out", out)
    assert done.returncode == 0, done.stderr
    return out, done


def test_prints_the_paths_of_what_it_wrote_and_nothing_else(drawn):
    out, done = drawn
    assert done.stdout.splitlines() == [str(out / name) for name in NAMES]
    assert done.stderr == ""
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)


def test_files_are_what_their_names_say(drawn):
    out, _ = drawn
    for figure in ("throughput", "memory"):
        assert (out / f"{figure}.png").read_bytes().startswith(b"\x89PNG\r\n")
        assert (out / f"{figure}.pdf").read_bytes().startswith(b"%PDF-")
        assert xml.etree.ElementTree.parse(out / f"{figure}.svg").getroot().tag.endswith("svg")


def test_csv_holds_the_points_and_where_they_come_from(drawn):
    with (drawn[0] / "throughput.csv").open(newline="") as file:
        points = list(csv.DictReader(file))
    assert len(points) == len(WORKLOADS) * len(LABELS) * 2
    first = points[0]
    assert [first[name] for name in ("workload", "threads", "label")] == [
        "ycsb_a", "1", "bwtree/default"]
    assert float(first["median"]) == pytest.approx(4.1e6 / 1.2 * 1.06)
    assert float(first["ratio"]) == pytest.approx(4.1 / 1.3)
    assert (first["n"], first["git_commit"][:4], first["spec_sha256"][:4]) == ("3", "0123", "5555")


def test_memory_csv_holds_both_metrics(drawn):
    with (drawn[0] / "memory.csv").open(newline="") as file:
        points = list(csv.DictReader(file))
    medians = {row["metric"]: row["median"] for row in points
               if (row["workload"], row["label"], row["threads"]) == ("ycsb_f", LABELS[0], "2")}
    assert medians == {"bytes_per_key": "20.51", "bytes_per_key_after_run": "41.02"}


def test_rendering_twice_gives_the_same_bytes(quickstart, drawn, tmp_path):
    done = plot(quickstart, "--out", tmp_path, cwd=tmp_path, PYTHONHASHSEED="7",
                SOURCE_DATE_EPOCH="1", TZ="Asia/Tokyo", LC_ALL="C", MPLBACKEND="svg")
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (drawn[0] / name).read_bytes(), name


def test_dots_twice_give_the_same_bytes(tmp_path):
    documents = [made_result("ycsb_a", f"bwtree/{number}", threads, rep, 1e6 * (number + rep + 1))
                 for number in range(9) for threads in (1, 2) for rep in range(3)]
    folder = write_results(tmp_path / "run", documents)
    assert plot(folder, "--out", tmp_path / "a", PYTHONHASHSEED="1").returncode == 0
    assert plot(folder, "--out", tmp_path / "b", PYTHONHASHSEED="2", LC_ALL="C").returncode == 0
    for name in NAMES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_draws_into_the_results_folder_unless_told_otherwise(tmp_path):
    folder = write_results(tmp_path / "run", [made_result()])
    assert plot(folder).returncode == 0
    assert (folder / "throughput.png").is_file() and (folder / "memory.pdf").is_file()


def test_the_spec_or_the_option_chooses_the_figures(tmp_path):
    folder = write_results(tmp_path / "run", [made_result()], made_spec(figures=["memory"]))
    plot(folder, "--out", tmp_path / "a")
    assert {path.stem for path in (tmp_path / "a").iterdir()} == {"memory"}
    plot(folder, "--out", tmp_path / "b", "--figure", "throughput")
    assert {path.stem for path in (tmp_path / "b").iterdir()} == {"throughput"}


def test_gaps_and_unequal_repetitions_are_drawn_without_warnings(tmp_path):
    documents = [made_result("ycsb_a", "bwtree/default", 1), made_result("ycsb_a", "x", 2),
                 made_result("load", "x", 1, rep=0), made_result("load", "x", 1, rep=1)]
    done = plot(write_results(tmp_path / "run", documents, made_spec(baseline="x")))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_baseline_that_was_not_measured_is_said(tmp_path):
    done = plot(write_results(tmp_path / "run", [made_result()], made_spec()))
    assert done.returncode == 0
    assert "no ratios, as 'std_map_rwlock', the spec's baseline, was not measured" in done.stderr


def test_memory_that_was_not_measured_is_said_with_its_reason(tmp_path):
    documents = [made_result(label="a", bytes_per_key=None), made_result(label="b")]
    done = plot(write_results(tmp_path / "run", documents))
    assert done.returncode == 0
    assert "a has no bytes_per_key in 1 of 2 results: the engine cannot say" in done.stderr
    done = plot(write_results(tmp_path / "none", documents[:1], made_spec()))
    assert done.returncode == 0
    assert "no memory figure" in done.stderr and "/memory." not in done.stdout


def two(**provenance):
    return [made_result(label="a"), made_result(label="b", **provenance)]


@pytest.mark.parametrize("documents, flag, words", [
    (two(cpu_model="Other 1"), "--allow-mixed", "mix 2 hosts"),
    (two(cores_online=4), "--allow-mixed", "mix 2 hosts"),
    (two(git_commit="f" * 40), "--allow-mixed", "mix 2 commits"),
    (two(binary_sha256="c" * 64), "--allow-mixed", "mix 2 binaries"),
    (two(spec_sha256="c" * 64), "--allow-mixed", "mix 2 specs"),
    (two(git_dirty=True), "--allow-dirty", "1 of 2 results come from a tree with uncommitted"),
    (two(git_dirty=None), "--allow-dirty", "1 of 2 results come from a tree with uncommitted"),
    ([made_result(git_commit=None)], "--allow-dirty", "1 of 1 results come from a tree"),
    (two(build_type="Debug"), "--allow-debug", "not for measuring (Debug)"),
    (two(flags="-O1 -fsanitize=thread"), "--allow-debug", "(Release with sanitizers)"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_refuses_what_would_mislead_unless_told(tmp_path, documents, flag, words):
    folder = write_results(tmp_path / "run", documents)
    refused = plot(folder)
    assert refused.returncode == 4
    assert words in refused.stderr and flag in refused.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["cells"]
    others = {"--allow-mixed", "--allow-dirty", "--allow-debug"} - {flag}
    assert plot(folder, *others).returncode == 4
    assert plot(folder, flag).returncode == 0


def test_all_reasons_to_refuse_are_given_at_once(tmp_path):
    documents = two(cpu_model="Other", git_dirty=True, build_type="Debug")
    folder = write_results(tmp_path / "run", documents)
    errors = plot(folder).stderr
    assert all(flag in errors for flag in ("--allow-mixed", "--allow-dirty", "--allow-debug"))


@pytest.mark.parametrize("arguments, words", [
    ([], "RESULTS_DIR"),
    (["nowhere"], "nowhere: there is no such folder"),
    (["{run}", "--figure", "througput"], "did you mean 'throughput'?"),
    (["{run}", "--baseline", "bwtree/defalt"], "did you mean 'bwtree/default'?"),
    (["{run}", "--allow-all"], "--allow-all"),
    (["{run}", "--out", "/dev/null/x"], "plot: cannot write /dev/null/x: Not a directory"),
])
def test_wrong_usage_is_one_clear_message(tmp_path, arguments, words):
    folder = write_results(tmp_path / "run", [made_result()])
    done = plot(*(argument.format(run=folder) for argument in arguments), cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("figures, words", [
    ("throughput", "figures must be an array of figure names"),
    (["heat"], "unknown figure 'heat'"),
    ([["throughput"]], "figures must be an array of figure names"),
])
def test_a_spec_with_unknown_figures_is_named(tmp_path, figures, words):
    done = plot(write_results(tmp_path / "run", [made_result()], made_spec(figures=figures)))
    assert done.returncode == 2 and words in done.stderr


def test_results_of_micro_benchmarks_are_told_apart(tmp_path):
    (tmp_path / "run" / "micro").mkdir(parents=True)
    (tmp_path / "run" / "micro" / "search_bench-r0.json").write_text("{}")
    done = plot(tmp_path / "run")
    assert done.returncode == 2
    assert "holds results of micro-benchmarks" in done.stderr and "Traceback" not in done.stderr


def test_a_broken_result_is_named(tmp_path):
    folder = write_results(tmp_path / "run", [made_result()])
    (folder / "cells" / "broken.json").write_text("{")
    done = plot(folder)
    assert done.returncode == 2
    assert "cells/broken.json: not valid JSON" in done.stderr
