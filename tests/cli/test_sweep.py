"""`--sweep` and the spec's `sweep`: further axes of cells."""

import json

import jsonschema
import pytest

from repository import schema
from test_run import results_of

LEAF = "engine_options.bwtree.leaf_capacity"


@pytest.fixture
def small_spec(spec):
    spec["matrix"]["engine"] = ["std_map_rwlock", "bwtree/default"]
    return spec


def cells_of(plan):
    return [(cell["label"], cell["sweep"]) for cell in plan["cells"]]


def test_all_combinations_are_run_and_known_by_their_coordinates(
        run_experiment, write_spec, small_spec):
    out = run_experiment.folder / "out"
    done = run_experiment("run", write_spec(small_spec), "--sweep", f"{LEAF}=32,64",
                          "--sweep", "keys.count=1000,2000", "--out", out)
    assert done.returncode == 0, done.stderr
    results = results_of(out)
    validator = jsonschema.Draft7Validator(schema("result"))
    seen = {}
    for result in results:
        validator.validate(result)
        assert result["record_count"] == result["sweep"]["keys.count"]
        if result["engine"] == "bwtree":
            assert result["config"]["options"]["leaf_capacity"] == result["sweep"][LEAF]
        seen.setdefault(result["label"], []).append(sorted(result["sweep"].items()))
    assert sorted(seen["std_map_rwlock"]) == [[("keys.count", 1000)], [("keys.count", 2000)]]
    assert len(seen["bwtree/default"]) == 4
    jsonschema.Draft7Validator(schema("spec")).validate(json.loads((out / "spec.json").read_text()))
    assert "bwtree/default, 1 thread, bwtree.leaf_capacity=64, keys.count=2000" in done.stderr
    heading, *rows = done.stdout.splitlines()
    assert heading.split()[:5] == ["workload", "threads", "engine", "bwtree.leaf_capacity",
                                   "keys.count"]
    assert rows[0].split()[:5] == ["ycsb_a", "1", "std_map_rwlock", "-", "1000"]


def test_ratios_are_to_the_baseline_of_the_same_coordinates(
        run_experiment, write_spec, small_spec):
    small_spec["sweep"] = {LEAF: [32, 64], "keys.count": [1000, 2000]}
    cells = run_experiment.json("run", write_spec(small_spec), "--out", "out")["cells"]
    speeds = {cell["sweep"]["keys.count"]: cell["throughput_ops_s_median"]
              for cell in cells if cell["label"] == "std_map_rwlock"}
    assert len(cells) == 6
    for cell in cells:
        assert cell["ratio_to_baseline"] == pytest.approx(
            cell["throughput_ops_s_median"] / speeds[cell["sweep"]["keys.count"]])


def test_a_sweep_is_resumed_where_it_was(run_experiment, write_spec, small_spec):
    path = write_spec(small_spec)
    flags = ["--sweep", f"{LEAF}=32,64,128", "--out", run_experiment.folder / "out"]
    assert run_experiment("run", path, *flags, "--filter", f"{LEAF}=64").returncode == 0
    assert len(results_of(run_experiment.folder / "out")) == 2
    summary = run_experiment.json("run", path, *flags, "--resume")
    assert [cell["reps"] for cell in summary["cells"]] == [1] * 4
    assert all(cell["ratio_to_baseline"] for cell in summary["cells"])


def test_plan_shows_coordinates(run_experiment, write_spec, small_spec):
    path = write_spec(small_spec)
    plan = run_experiment.json("plan", path, "--sweep", "seed=1,2", "--filter", "seed=2")
    assert cells_of(plan) == [("std_map_rwlock", {"seed": 2}), ("bwtree/default", {"seed": 2})]
    assert run_experiment.json("plan", path)["cells"][0]["sweep"] == {}
    shown = run_experiment("plan", path, "--sweep", "seed=1,2").stdout
    assert shown.splitlines()[0].split()[:5] == ["cell", "workload", "threads", "engine", "seed"]


def test_the_command_line_goes_before_the_spec(run_experiment, write_spec, small_spec):
    small_spec["sweep"] = {"keys.count": [1000, 2000], "seed": [1, 2]}
    path = write_spec(small_spec)

    def axes(*flags):
        found = {}
        for _, sweep in cells_of(run_experiment.json("plan", path, *flags)):
            for key, value in sweep.items():
                found.setdefault(key, set()).add(value)
        return found

    assert axes() == {"keys.count": {1000, 2000}, "seed": {1, 2}}
    assert axes("--seed", 5) == {"keys.count": {1000, 2000}}
    assert axes("--sweep", "seed=7,8,9") == {"keys.count": {1000, 2000}, "seed": {7, 8, 9}}


def test_an_axis_of_the_matrix_is_set(run_experiment, write_spec, spec):
    plan = run_experiment.json("plan", write_spec(spec), "--sweep", "threads=1,2",
                               "--sweep", "workload=ycsb_a,ycsb_b")
    assert {(c["workload"], c["threads"]) for c in plan["cells"]} == {
        ("ycsb_a", 1), ("ycsb_a", 2), ("ycsb_b", 1), ("ycsb_b", 2)}


def test_what_a_sweep_does_not_matter_to_is_run_once(run_experiment, write_spec, spec):
    plan = run_experiment.json("plan", write_spec(spec), "--sweep", f"{LEAF}=32,64")
    assert cells_of(plan) == [("std_map_rwlock", {})]


@pytest.mark.parametrize("sweep, values", [
    ("values.size=8,100", [8, 100]), ("measure.warmup=auto,off", ["auto", "off"]),
    ("latency.sample_every=0,64", [0, 64]), ("keys.space=mono_int,rand_int",
                                             ["mono_int", "rand_int"]),
])
def test_every_kind_of_setting_can_be_swept(run_experiment, write_spec, spec, sweep, values):
    plan = run_experiment.json("plan", write_spec(spec), "--sweep", sweep)
    key = sweep.split("=")[0]
    assert [cell["sweep"][key] for cell in plan["cells"]] == values
    assert len({cell["cell_id"] for cell in plan["cells"]}) == 2


@pytest.mark.parametrize("flags, words", [
    (["--sweep", "ops"], "key=a,b,c"),
    (["--sweep", "ops=1,1"], "twice"),
    (["--sweep", "ops=1,0"], "/sweep/ops/1: 0 is out of range"),
    (["--sweep", "ops="], "expected an integer"),
    (["--sweep", "opps=1"], 'did you mean "ops"'),
    (["--sweep", "reps=1,2"], "a sweep can go over"),
    (["--sweep", "keys=1"], "keys.count"),
    (["--sweep", "engine_options.bwtre.leaf_capacity=4"], 'did you mean "bwtree"'),
    (["--sweep", "engine_options.bwtree.leaf_capasity=4"], 'did you mean "leaf_capacity"'),
    (["--sweep", "engine_options.bwtree.leaf_capacity=64,3"], "bwtree.leaf_capacity=3)"),
    (["--sweep", "arrival.rate_ops_s=5"], 'the key "kind" is missing'),
    (["--sweep", "threads=1,0"], "/matrix/threads/1"),
    (["--sweep", "keys.count=1,1000000000000"], "keys.count=1000000000000"),
    (["--sweep", "ops=1", "--sweep", "ops=2"], "of the same key"),
    (["--sweep", "keys.count=1", "--set", 'keys={"count": 2}'], "of the same key"),
    (["--sweep", "seed=1", "--seed", "2"], "--seed 2"),
    (["--sweep", "threads=1", "--set", "matrix.threads=2"], "of the same key"),
    (["--sweep", "seed=1,2", "--filter", "sed=1"], 'did you mean "seed"'),
    (["--sweep", "seed=1,2", "--filter", "seed=3"], "1, 2"),
    (["--set", "sweep.seed=1"], "--sweep KEY=A,B,C"),
])
def test_wrong_sweeps_are_refused(run_experiment, write_spec, small_spec, flags, words):
    assert words in run_experiment.refused("run", write_spec(small_spec), *flags)


@pytest.mark.parametrize("sweep, words", [
    ({"ops": []}, "/sweep/ops: the list needs at least 1"),
    ({"ops": 5}, "/sweep/ops: expected an array"),
    ({"ops": [1, 1.0]}, "/sweep/ops/1"),
    ({"matrix.threads": [1]}, "/sweep/matrix.threads"),
    ({"figures": ["a"]}, "of the whole experiment"),
    ({key: list(range(1, 257)) for key in ("ops", "seed", "keys.count")}, "at most 100000"),
    ([1], "/sweep: expected an object"),
])
def test_a_wrong_sweep_in_a_spec_is_refused(run_experiment, write_spec, small_spec, sweep, words):
    small_spec["sweep"] = sweep
    file = write_spec(small_spec)
    for command in ("run", "plan", "validate"):
        assert words in run_experiment.refused(command, file)
