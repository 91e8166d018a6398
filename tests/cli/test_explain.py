"""`explain`: where each value of a cell's configuration comes from."""

import json
import os

import pytest

from repository import REPOSITORY


def origins(explanation):
    return {entry["key"]: (entry["value"], entry["from"]) for entry in explanation["values"]}


@pytest.fixture
def tree_spec(spec):
    spec["matrix"]["engine"] = ["bwtree/p18"]
    spec["overrides"] = [{"where": {"workload": "ycsb_*"}, "set": {"ops": 700}}]
    spec["engine_options"] = {"bwtree": {"leaf_capacity": 64}}
    return spec


def test_every_source_is_told_apart(run_experiment, write_spec, tree_spec):
    done = run_experiment("explain", write_spec(tree_spec), "--set", "keys.space=mono_int",
                          "--seed", 9, "--sweep", "engine_options.bwtree.inner_capacity=32",
                          "--json", env={**os.environ, "BWLAB_SPEC_VERIFY": "full"})
    assert done.returncode == 0, done.stderr
    (explanation,) = json.loads(done.stdout)
    values = origins(explanation)
    assert values["engine"] == ("bwtree/p18", "spec")
    assert values["keys.count"] == (2000, "spec")
    assert values["keys.space"] == ("mono_int", '--set "keys.space=mono_int"')
    assert values["ops"] == (700, "spec /overrides/0")
    assert values["seed"] == (9, "--seed 9")
    assert values["verify"] == ("full", 'BWLAB_SPEC_VERIFY="full"')
    assert values["latency.sample_every"] == (64, "default")
    assert values["engine_options.bwtree.leaf_capacity"] == (64, "spec")
    assert values["engine_options.bwtree.inner_capacity"] == (
        32, '--sweep "engine_options.bwtree.inner_capacity=32"')
    assert values["engine_options.bwtree.leaf_chain_length"] == (24, "variant p18")
    assert values["engine_options.bwtree.epoch_batch_size"][1] == "engine bwtree"
    assert values["engine.policies.delta_layout"][1] == "variant p18"
    assert values["workload_spec.mix.read"] == (0.5, "workloads/ycsb_a.json")


def test_values_of_a_size_say_so_and_are_those_of_the_results_spec(
        run_experiment, write_spec, spec):
    spec["sizes"] = {"small": {"keys": {"count": 100}, "overrides": [
        {"where": {"workload": "ycsb_*"}, "set": {"ops": 50}}]}}
    path = write_spec(spec)
    (explanation,) = run_experiment.json("explain", path, "--set", "size=small")
    values = origins(explanation)
    assert values["keys.count"] == (100, "spec /sizes/small")
    assert values["ops"] == (50, "spec /sizes/small /overrides/0")
    done = run_experiment("run", path, "--set", "size=small", "--set", "ops=60", "--out", "out")
    assert done.returncode == 0, done.stderr
    again = run_experiment.json("plan", run_experiment.folder / "out" / "spec.json")
    assert [(cell["record_count"], cell["op_count"]) for cell in again["cells"]] == [(100, 60)]


def test_text_has_the_same_lines(run_experiment, write_spec, tree_spec):
    path = write_spec(tree_spec)
    (explanation,) = run_experiment.json("explain", path)
    heading, source, blank, columns, *lines = run_experiment("explain", path).stdout.splitlines()
    assert heading == f"cell {explanation['cell_id']}: {explanation['cell']}"
    assert source == "in spec.json" and blank == ""
    assert columns.split() == ["key", "value", "from"]
    assert len({line.index(" spec") for line in lines if line.endswith(" spec")}) == 1, "aligned"
    assert [line.split()[0] for line in lines] == [v["key"] for v in explanation["values"]]


def test_filters_choose_and_too_many_cells_ask_for_one(run_experiment):
    said = run_experiment.refused("explain", "quickstart")
    assert "has 48 cells; choose at most 8" in said and "--filter workload=ycsb_a" in said
    chosen = run_experiment.json("explain", "quickstart", "--filter", "workload=ycsb_a",
                                 "--filter", "threads=2")
    assert [entry["cell"] for entry in chosen] == [
        f"ycsb_a, {label}, 2 threads" for label in
        ("bwtree/default", "bwtree/scalar", "std_map_rwlock", "tbb_concurrent_map")]


def test_a_cell_is_found_by_its_id(run_experiment, write_spec, tree_spec):
    path = write_spec(tree_spec)
    (cell,) = run_experiment.json("plan", path)["cells"]
    (explanation,) = run_experiment.json("explain", cell["cell_id"], path)
    assert explanation["cell_id"] == cell["cell_id"]
    assert origins(explanation)["ops"] == (700, "spec /overrides/0")
    said = run_experiment.refused("explain", cell["cell_id"])
    assert "quickstart" in said and "results" in said
    said = run_experiment.refused("explain", "0123456789abcdef", path)
    assert "has no cell with the id 0123456789abcdef" in said


def test_the_committed_experiments_are_searched(run_experiment):
    cells = run_experiment.json("plan", "quickstart")["cells"]
    cell = next(cell for cell in cells if cell["label"] == "bwtree/scalar"
                and cell["workload"] == "ycsb_b")  # which no other experiment has
    (explanation,) = run_experiment.json("explain", cell["cell_id"])
    assert explanation["source"].endswith("experiments/specs/quickstart.json")
    assert origins(explanation)["workload"][0] == cell["workload"]


def test_a_result_tells_flags_and_variables_of_its_run(run_experiment, write_spec, tree_spec):
    out = run_experiment.folder / "out"
    done = run_experiment("run", write_spec(tree_spec), "--set", "keys.count=900", "--sweep",
                          "seed=1,2", "--out", out,
                          env={**os.environ, "BWLAB_SPEC_LATENCY_SAMPLE_EVERY": "7"})
    assert done.returncode == 0, done.stderr
    file = sorted((out / "cells").iterdir())[0]
    result = json.loads(file.read_text())
    (explanation,) = run_experiment.json("explain", file)
    assert explanation["cell_id"] == result["cell_id"]
    values = origins(explanation)
    assert values["seed"] == (result["seed"], '--sweep "seed=1,2"')
    assert values["keys.count"] == (900, '--set "keys.count=900"')
    assert values["latency.sample_every"] == (7, 'BWLAB_SPEC_LATENCY_SAMPLE_EVERY="7"')
    assert values["ops"] == (700, "spec.json /overrides/0")
    assert values["engine_options.bwtree.leaf_capacity"] == (64, "spec.json")
    assert values["verify"] == ("sample", "spec.json")


def test_a_result_alone_tells_what_it_holds(run_experiment, write_spec, spec):
    out = run_experiment.folder / "out"
    assert run_experiment("run", write_spec(spec), "--out", out).returncode == 0
    (file,) = (out / "cells").iterdir()
    (out / "spec.json").unlink()
    (explanation,) = run_experiment.json("explain", file)
    assert "no spec.json beside it" in explanation["note"]
    values = origins(explanation)
    assert values["record_count"] == (2000, "result")
    assert values["config.lock"] == ("std::shared_mutex", "result")


def test_committed_results_are_explained(run_experiment):
    for cells in (REPOSITORY / "results" / "reference").glob("*/*/cells"):
        file = sorted(cells.iterdir())[0]
        (explanation,) = run_experiment.json("explain", file)
        assert explanation["cell_id"] == file.name[:16]


@pytest.mark.parametrize("arguments, words", [
    (["quikstart"], 'did you mean "quickstart"'),
    (["absent.json"], "absent.json"),
    (["quickstart", "policies"], "only after the id of a cell"),
    (["0123456789abcdef", "absent.json"], "absent.json"),
    (["0123456789abcdef", "--filter", "threads=1"], "leave out --filter"),
    (["0123456789abcdef", "--set", "opps=1"], 'did you mean "ops"'),
    (["quickstart", "--filter", "threads=9"], '"9"'),
    (["quickstart", "--sed", "1"], "--seed"),
])
def test_wrong_questions_are_refused(run_experiment, arguments, words):
    assert words in run_experiment.refused("explain", *arguments)


def test_a_result_is_not_changed_by_flags(run_experiment, write_spec, spec):
    out = run_experiment.folder / "out"
    assert run_experiment("run", write_spec(spec), "--out", out).returncode == 0
    (file,) = (out / "cells").iterdir()
    assert "one configuration" in run_experiment.refused("explain", file, "--seed", 1)
    file.write_text('{"cell_id": 5}')
    assert str(file) in run_experiment.refused("explain", file)
