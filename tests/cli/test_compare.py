"""`compare`: two results folders, and two binaries in turn."""

import json
import shutil
import signal
import subprocess

import pytest

from folders import snapshot
from test_resume import names_in
from test_run import results_of

FIT = {"git_commit": "a" * 40, "git_dirty": False, "git_diff_sha256": None,
       "build_type": "Release", "flags": "-O3"}


def edit(folder, change):
    for path in (folder / "cells").glob("*.json"):
        result = json.loads(path.read_text())
        change(result)
        path.write_text(json.dumps(result))


@pytest.fixture
def results(run_experiment, write_spec, spec):
    """A folder of five repetitions that say that they are fit to be compared."""
    spec["matrix"]["engine"] = ["std_map_rwlock", "bwtree/default"]
    out = run_experiment.folder / "results"
    done = run_experiment("run", write_spec(spec), "--reps", 5, "--out", out)
    assert done.returncode == 0, done.stderr
    edit(out, lambda result: result["provenance"].update(FIT))
    return out


@pytest.fixture
def copy(results):
    """A copy, in which `change` was applied to each result."""
    def make(change=lambda result: None, name="copy"):
        folder = results.parent / name
        shutil.copytree(results, folder)
        edit(folder, change)
        return folder

    return make


def faster_bwtree(result):
    if result["engine"] == "bwtree":
        result["run"]["throughput_ops_s"] *= 10


def test_equal_results_show_no_difference(run_experiment, results, copy):
    report = run_experiment.json("compare", results, copy())
    assert report["verdicts"] == {"faster": 0, "slower": 0, "no difference shown": 2,
                                  "too few repetitions": 0}
    for cell in report["cells"]:
        assert cell["paired_by"] == "cell_id" and cell["differences"] == []
        assert cell["effects"][0]["metric"] == "throughput_ops_s"
        assert cell["effects"][0]["ratio"] == 1
    assert report["without_partner"] == []


def test_what_became_faster_is_named_with_its_interval(run_experiment, results, copy):
    changed = copy(faster_bwtree)
    report = run_experiment.json("compare", results, changed)
    (faster,) = [cell for cell in report["cells"] if cell["verdict"] == "faster"]
    assert faster["a"]["label"] == "bwtree/default"
    effect = faster["effects"][0]
    low, high = effect["ratio_interval"]
    assert effect["ratio"] == pytest.approx(10) and low < 10 < high and low > 1
    text = run_experiment("compare", results, changed).stdout
    assert "ycsb_a, bwtree/default, 1 thread: faster" in text
    assert "1 faster, 0 slower, 1 no difference shown" in text
    back = run_experiment.json("compare", changed, results)
    assert back["verdicts"]["slower"] == 1


def test_single_files_are_compared_without_a_verdict(run_experiment, results):
    cell_id = results_of(results)[0]["cell_id"]
    files = sorted((results / "cells").glob(f"{cell_id}-*.json"))
    report = run_experiment.json("compare", files[0], files[1])
    (cell,) = report["cells"]
    assert cell["verdict"] == "too few repetitions"
    assert cell["effects"][0]["ratio_interval"] is None


def test_cells_without_partner_are_listed(run_experiment, results, copy):
    changed = copy()
    for path in (changed / "cells").glob("*.json"):
        if json.loads(path.read_text())["engine"] == "bwtree":
            path.unlink()
    report = run_experiment.json("compare", results, changed)
    (alone,) = report["without_partner"]
    assert (alone["label"], alone["in"], alone["why"]) == ("bwtree/default", "a", "not there")
    assert "bwtree/default, 1 thread of A; in B: not there" in run_experiment(
        "compare", results, changed).stdout


def test_another_configuration_of_an_engine_is_its_partner(run_experiment, results, copy):
    def change(result):
        if result["engine"] == "bwtree":
            result["cell_id"] = "0123456789abcdef"
            result["config"]["more"] = 1

    report = run_experiment.json("compare", results, copy(change))
    pairings = {cell["a"]["label"]: cell["paired_by"] for cell in report["cells"]}
    assert pairings == {"std_map_rwlock": "cell_id", "bwtree/default": "label"}
    (cell,) = [cell for cell in report["cells"] if cell["paired_by"] == "label"]
    assert cell["differences"] == ["/config/more"]


@pytest.mark.parametrize("change, words", [
    ({"cpu_model": "Other"}, "mix 2 hosts"),
    ({"git_dirty": True}, "10 of 20 results come from a tree with uncommitted changes"),
    ({"git_commit": None}, "without git"),
    ({"build_type": "Debug"}, "not for measuring (Debug)"),
    ({"flags": "-fsanitize=address"}, "not for measuring (Release with sanitizers)"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_unfit_results_are_refused_unless_forced(run_experiment, results, copy, change, words):
    changed = copy(lambda result: result["provenance"].update(change))
    sentence = run_experiment.refused("compare", results, changed)
    assert words in sentence and "--force" in sentence
    assert run_experiment("compare", results, changed, "--force").returncode == 0


def test_bad_input_is_refused(run_experiment, results, copy):
    refused = run_experiment.refused
    assert "two results folders" in refused("compare", results)
    assert "two results folders" in refused("compare", results, results, results)
    assert "absent" in refused("compare", results, "absent")
    empty = run_experiment.folder / "empty"
    empty.mkdir()
    assert "holds no results" in refused("compare", results, empty)
    assert "need --binaries" in refused("compare", results, results, "--filter", "threads=1")
    assert "need --binaries" in refused("compare", results, results, "--sweep", "ops=1,2")
    broken = copy(lambda result: result.update(threads=0), "broken")
    assert "/threads" in refused("compare", results, broken)
    twice = copy(name="twice")
    file = sorted((twice / "cells").glob("*.json"))[0]
    shutil.copy(file, twice / "cells" / "again.json")
    assert "repeats cell_id" in refused("compare", results, twice)
    assert 'did you mean "--force"' in refused("compare", results, results, "--forse")


def wrapper(run_experiment, binary, name, arguments):
    """Another build: the same binary with other settings."""
    path = run_experiment.folder / name
    path.write_text(f'#!/bin/sh\n{arguments}\nexec {binary} "$@"\n')
    path.chmod(0o755)
    return path


def test_two_binaries_are_measured_in_turn_and_compared(run_experiment, binary, write_spec, spec):
    log = run_experiment.folder / "log"
    note = 'case "$1" in run) echo "$0 $*" >> ' + f"{log};; esac"
    old = wrapper(run_experiment, binary, "old", note)
    new = wrapper(run_experiment, binary, "new",
                  note + '\ncase "$1" in run|plan) set -- "$@" --set latency.sample_every=8;; esac')
    spec["matrix"]["workload"] = ["ycsb_a", "ycsb_c"]
    out = run_experiment.folder / "out"
    report = run_experiment.json("compare", "--binaries", old, new, write_spec(spec), "--reps", 3,
                                 "--force", "--out", out)
    assert len(report["cells"]) == 2
    for cell in report["cells"]:
        assert cell["differences"] == ["/latency_sample_every"]
        assert [len(effect["a"]) for effect in cell["effects"]] == [3] * len(cell["effects"])
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]
    for side in ("a", "b"):
        assert len(names_in(out / side)) == 6
        assert {result["rep"] for result in results_of(out / side)} == {0, 1, 2}
    turns = [line.split()[0].rsplit("/", 1)[1] for line in log.read_text().splitlines()]
    assert turns == ["old", "new"] * 2 + ["new", "old"] * 2 + ["old", "new"] * 2
    again = run_experiment.json("compare", out / "a", out / "b", "--force")
    assert again["cells"] == report["cells"]
    assert run_experiment("validate", out / "a", out / "b").returncode == 0


def test_a_sweep_is_measured_and_shown_by_its_coordinates(
        run_experiment, binary, write_spec, spec):
    done = run_experiment("compare", "--binaries", binary, binary, write_spec(spec), "--sweep",
                          "keys.count=500,600", "--reps", 1, "--force", "--out", "out")
    assert done.returncode == 0, done.stderr
    for count in (500, 600):
        assert f"std_map_rwlock, 1 thread, keys.count={count}: too few repetitions" in done.stdout
    report = run_experiment.json("compare", "out/a", "out/b", "--force")
    assert {cell["paired_by"] for cell in report["cells"]} == {"cell_id"}
    assert report["without_partner"] == []
    assert sorted(cell["a"]["sweep"]["keys.count"] for cell in report["cells"]) == [500, 600]
    assert "--sweep" in run_experiment.refused("compare", "out/a", "out/b", "--sweep", "seed=1,2")


def test_cells_that_one_binary_lacks_are_left_out(run_experiment, binary, write_spec, spec):
    spec["matrix"]["threads"] = [1, 2]
    new = wrapper(run_experiment, binary, "new",
                  'case "$1" in run|plan) set -- "$@" --filter threads=2;; esac')
    done = run_experiment("compare", "--binaries", binary, new, write_spec(spec), "--quiet",
                          "--force", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr == (f"run_experiment: ycsb_a, std_map_rwlock, 1 thread: only {binary} has "
                           "it; left out\n")
    assert len(names_in(run_experiment.folder / "out" / "a")) == 1


def test_results_that_would_be_refused_are_not_measured_on(
        run_experiment, binary, write_spec, spec):
    """Both sides' provenance comes from the binaries; a script changes that of one of them."""
    edit_host = ("import json,pathlib,sys; out=pathlib.Path(sys.argv[1]);"
                 "f=next((out/'cells').iterdir()); d=json.loads(f.read_text());"
                 "d['provenance']['cpu_model']='Other'; f.write_text(json.dumps(d))")
    new = run_experiment.folder / "new"
    new.write_text(f'#!/bin/sh\n{binary} "$@" || exit $?\nwhile [ $# -gt 0 ]; do\n'
                   f'[ "$1" = --out ] && /usr/bin/python3 -c "{edit_host}" "$2"\nshift\ndone\n')
    new.chmod(0o755)
    path = write_spec(spec)
    before = snapshot(run_experiment.folder)
    done = run_experiment("compare", "--binaries", binary, new, path, "--reps", 50, "--out", "out")
    assert done.returncode == 2
    assert "mix 2 hosts" in done.stderr
    assert snapshot(run_experiment.folder) == before


def test_an_interruption_keeps_what_both_have_finished(run_experiment, binary, write_spec, spec):
    out = run_experiment.folder / "out"
    with subprocess.Popen(
            [binary, "compare", "--binaries", binary, binary, str(write_spec(spec)), "--force",
             "--reps", "1000", "--out", str(out)], stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        process.stderr.readline()  # A and B are done once
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        assert process.wait(60) == 130
    assert "interrupted; compare " in errors
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]
    report = run_experiment.json("compare", out / "a", out / "b", "--force")
    assert len(report["cells"]) == 1


def test_bad_binaries_and_specs_are_refused(run_experiment, binary, write_spec, spec):
    refused = run_experiment.refused
    path = write_spec(spec)
    assert "cannot be started" in refused("compare", "--binaries", binary, "absent", path)
    assert "no run_experiment" in refused("compare", "--binaries", "/bin/echo", binary, path)
    assert "one spec" in refused("compare", "--binaries", binary, binary)
    assert "unknown experiment" in refused("compare", "--binaries", binary, binary, "quikstart")
    assert "--reps" in refused("compare", "--binaries", binary, binary, path, "--reps", 0)
    assert "did you mean" in refused("compare", "--binaries", binary, binary, path, "--set",
                                     "matrix.engine=bwtre")
    full = run_experiment.folder / "full"
    full.mkdir()
    (full / "file").write_text("x")
    assert "never overwritten" in refused("compare", "--binaries", binary, binary, path, "--out",
                                          full)
