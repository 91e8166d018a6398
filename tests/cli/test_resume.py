"""`run --resume`, `--budget` and `--order`, and `plan`: what is left of a run, and what is to come."""

import json
import os
import random
import signal
import subprocess
import time

import pytest

KILLS = 50 if os.environ.get("BWLAB_TEST_TIER") == "long" else 8


@pytest.fixture
def small_spec(spec):
    """Twelve runs, each of some hundredths of a second."""
    spec["matrix"] = {"workload": ["ycsb_a", "ycsb_c"],
                      "engine": ["std_map_rwlock", "bwtree/default"], "threads": [1]}
    spec["reps"] = 3
    return spec


def names_in(out):
    return sorted(path.name for path in (out / "cells").iterdir())


def test_killed_at_random_moments_and_resumed_it_has_the_cells_of_an_undisturbed_run(
        run_experiment, write_spec, small_spec):
    path = write_spec(small_spec)
    undisturbed = run_experiment.folder / "undisturbed"
    assert run_experiment("run", path, "--out", undisturbed).returncode == 0
    seed = int(os.environ.get("BWLAB_TEST_SEED", random.randrange(1 << 32)))
    moments = random.Random(seed)
    for kill in range(KILLS):
        out = run_experiment.folder / f"killed-{kill}"
        flags = []
        for _ in range(3):
            with subprocess.Popen([run_experiment.binary, "run", str(path), "--out", str(out),
                                   *flags], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                time.sleep(moments.uniform(0, 0.4))
                process.send_signal(signal.SIGKILL)
            flags = ["--resume"] if (out / "cells").is_dir() else []
        done = run_experiment("run", path, "--out", out, *flags)
        assert done.returncode == 0, f"seed {seed}, kill {kill}: {done.stderr}"
        assert names_in(out) == names_in(undisturbed), f"seed {seed}, kill {kill}"
        for name in names_in(out):
            json.loads((out / "cells" / name).read_text())


def test_git_is_asked_without_locks_that_a_kill_would_leave(run_experiment, write_spec, spec):
    """A git that notes how it is called, in front of the real one."""
    folder = run_experiment.folder / "bin"
    folder.mkdir()
    log = run_experiment.folder / "git.log"
    fake = folder / "git"
    fake.write_text(f'#!/bin/sh\necho "$@" >> "{log}"\nexit 1\n')
    fake.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = run_experiment("run", write_spec(spec), "--out", run_experiment.folder / "out", env=env)
    assert done.returncode == 0, done.stderr
    calls = log.read_text().splitlines()
    assert any(" status " in call for call in calls)
    assert all(call.startswith("--no-optional-locks ") for call in calls)


def test_what_is_finished_is_not_run_again_but_counts_in_the_table(
        run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    path = write_spec(small_spec)
    assert run_experiment("run", path, "--out", out).returncode == 0
    before = {name: (out / "cells" / name).stat().st_mtime_ns for name in names_in(out)}
    taken = names_in(out)[::5]
    for name in taken:
        (out / "cells" / name).unlink()
    summary = run_experiment.json("run", path, "--resume", "--out", out)
    assert [cell["reps"] for cell in summary["cells"]] == [3] * 4
    after = {name: (out / "cells" / name).stat().st_mtime_ns for name in names_in(out)}
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == set(taken)


def test_more_repetitions_go_on_where_fewer_ended(run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    path = write_spec(small_spec)
    assert run_experiment("run", path, "--out", out, "--reps", 1).returncode == 0
    assert run_experiment("run", path, "--out", out, "--reps", 2, "--resume").returncode == 0
    assert len(names_in(out)) == 8
    assert json.loads((out / "spec.json").read_text())["reps"] == 2


def test_results_of_another_spec_are_not_mixed_in(run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    path = write_spec(small_spec)
    assert run_experiment("run", path, "--out", out, "--reps", 1).returncode == 0
    said = run_experiment.refused("run", path, "--resume", "--out", out, "--seed", 5)
    assert "/seed is 42 there and 5 here" in said
    said = run_experiment.refused("run", path, "--resume", "--out", run_experiment.folder / "none")
    assert "is no folder of results" in said


def test_fresh_begins_anew_and_keeps_what_was_there(run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    path = write_spec(small_spec)
    assert run_experiment("run", path, "--out", out, "--reps", 1, "--fresh").returncode == 0
    first = {name: (out / "cells" / name).read_bytes() for name in names_in(out)}
    for number in (1, 2):
        done = run_experiment("run", path, "--out", out, "--reps", 1, "--fresh")
        assert done.returncode == 0, done.stderr
        assert f"out.{number}" in done.stderr
        assert len(names_in(out)) == len(first)
    aside = run_experiment.folder / "out.1"
    assert {name: (aside / "cells" / name).read_bytes() for name in names_in(aside)} == first


def test_fresh_moves_nothing_that_is_no_results_folder(run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    said = run_experiment.refused("run", write_spec(small_spec), "--out", out, "--fresh")
    assert "is no folder of results" in said
    assert (out / "mine.txt").exists()
    said = run_experiment.refused("run", write_spec(small_spec), "--fresh", "--resume")
    assert "--fresh" in said and "--resume" in said


def test_a_damaged_result_is_named(run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    path = write_spec(small_spec)
    assert run_experiment("run", path, "--out", out, "--reps", 1).returncode == 0
    damaged = out / "cells" / names_in(out)[0]
    damaged.write_text("{}")
    done = run_experiment("run", path, "--resume", "--out", out, "--reps", 1)
    assert done.returncode == 2
    assert damaged.name in done.stderr


def test_a_budget_ends_early_and_says_how_to_go_on(run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    path = write_spec(small_spec)
    done = run_experiment("run", path, "--out", out, "--reps", 1000, "--budget", "1s")
    assert done.returncode == 6
    assert "the budget is used up after" in done.stderr
    assert "--resume --out out" in done.stderr
    assert 0 < len(names_in(out)) < 4000
    for wrong in ("10", "0s", "fast", "-1s", "1.5h"):
        assert "such as 90s, 10m or 2h" in run_experiment.refused(
            "run", path, "--budget=" + wrong)


def test_orders(run_experiment, write_spec, small_spec):
    path = write_spec(small_spec)
    seen = {}
    for order in ("abba", "round-robin", "random"):
        done = run_experiment("run", path, "--order", order, "--out",
                              run_experiment.folder / order)
        assert done.returncode == 0
        seen[order] = [line.split("] ")[1].split(", rep")[0]
                       for line in done.stderr.splitlines() if line.startswith("[")]
        assert sorted(seen[order]) == sorted(seen["abba"])
    first = seen["abba"][:4]
    assert seen["abba"] == first + first[::-1] + first
    assert seen["round-robin"] == first * 3
    assert "did you mean" in run_experiment.refused("run", path, "--order", "abab")


def test_quiet_tells_nothing_of_the_progress(run_experiment, write_spec, spec):
    done = run_experiment("run", write_spec(spec), "--quiet", "--out", run_experiment.folder / "o")
    assert done.returncode == 0
    assert done.stderr == ""


def test_plan_shows_the_cells_and_runs_nothing(run_experiment, write_spec, small_spec):
    path = write_spec(small_spec)
    before = sorted(run_experiment.folder.rglob("*"))
    plan = run_experiment.json("plan", path)
    assert sorted(run_experiment.folder.rglob("*")) == before
    assert plan["runs"] == 12
    assert plan["memory_bytes_max"] == max(c["memory_bytes_estimated"] for c in plan["cells"])
    assert run_experiment("run", path, "--out", run_experiment.folder / "out").returncode == 0
    planned = {cell["cell_id"] for cell in plan["cells"]}
    assert planned == {name.split("-")[0] for name in names_in(run_experiment.folder / "out")}
    text = run_experiment("plan", path, "--filter", "workload=ycsb_a").stdout
    assert "2 cells, 3 repetitions each: 6 runs" in text
    assert "not known" in text


def test_plan_of_the_committed_quickstart_tells_how_long_it_took(run_experiment):
    plan = run_experiment.json("plan", "quickstart")
    assert plan["cells_known"] > 0 and plan["seconds_of_known_cells"] > 0
    assert "workload" in run_experiment("plan").stdout
