"""What an engine cannot do is refused in a sentence; whatever it can do runs."""

import json

import pytest

from repository import REPOSITORY
from test_run import results_of

NEEDS = {"scan": "scan", "reverse_scan": "scan backwards", "delete": "delete"}
WORKLOADS = sorted(path.stem for path in (REPOSITORY / "workloads").glob("*.json"))


def labels_of(run_experiment):
    """Of each engine, one label and what it says that it can do."""
    return {f"{engine['name']}/default" if engine["variants"] else engine["name"]: engine
            for engine in run_experiment.json("list", "engines")}


def kinds_of(workload):
    """The kinds of operation in a workload."""
    document = json.loads((REPOSITORY / "workloads" / f"{workload}.json").read_text())
    phases = document.get("phases", [document])
    return {kind for phase in phases for kind, share in phase["mix"].items() if share > 0}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_engine_runs_a_workload_or_says_why_not(run_experiment, write_spec, spec, workload):
    kinds = kinds_of(workload)
    spec["verify"] = "off"  # the null engine can do nothing else
    for label, engine in labels_of(run_experiment).items():
        spec["matrix"] = {"workload": [workload], "engine": [label], "threads": [1]}
        file = write_spec(spec)
        lacking = [kind for kind in NEEDS if kind in kinds and not engine[kind]]
        if lacking:
            sentence = run_experiment.refused("plan", file)
            assert f'the engine "{label}" cannot {NEEDS[lacking[0]]}' in sentence
            assert f'the workload "{workload}" asks for' in sentence
            assert run_experiment.refused("run", file, "--out", "out") == sentence
        else:
            (cell,) = run_experiment.json("plan", file)["cells"]
            assert (cell["workload"], cell["label"]) == (workload, label)


@pytest.mark.parametrize("space", ["mono_int", "rand_int", "email", "url", "composite"])
@pytest.mark.parametrize("size", [8, 100, 65536])
def test_every_engine_holds_records_or_says_why_not(run_experiment, write_spec, spec, space, size):
    spec.update(verify="off", values={"size": size}, keys={"count": 10, "space": space})
    for label, engine in labels_of(run_experiment).items():
        spec["matrix"]["engine"] = [label]
        file = write_spec(spec)
        keys_fit = engine["byte_keys"] or space.endswith("_int")
        if keys_fit and size <= engine["value_bytes_max"]:
            run_experiment.json("plan", file)
            continue
        sentence = run_experiment.refused("plan", file)
        assert f'the engine "{label}" takes' in sentence
        assert ("values of" if keys_fit else "integer keys only") in sentence


def test_one_engine_that_cannot_refuses_the_whole_experiment_until_it_is_left_out(
        run_experiment, write_spec, spec):
    spec["matrix"]["workload"] = ["ycsb_c", "ycsb_e"]
    spec["matrix"]["engine"].append("libcds_skiplist")
    sentence = run_experiment.refused("run", write_spec(spec), "--out", "out")
    assert '"libcds_skiplist" cannot scan' in sentence
    spec["exclude"] = [{"workload": "ycsb_e", "engine": "libcds_skiplist"}]
    done = run_experiment("run", write_spec(spec), "--out", "out")
    assert done.returncode == 0, done.stderr
    assert {(result["workload"], result["label"])
            for result in results_of(run_experiment.folder / "out")} == {
        ("ycsb_c", "std_map_rwlock"), ("ycsb_e", "std_map_rwlock"), ("ycsb_c", "libcds_skiplist")}


@pytest.mark.parametrize("workload, engine, lacking", [
    ("ycsb_e", "libcds_skiplist", "scan"), ("reverse_scan", "tbb_concurrent_map", "scan backwards"),
    ("delete_mix", "tbb_concurrent_map", "delete")])
def test_traces_are_refused_as_what_they_were_recorded_from(
        run_experiment, write_spec, spec, workload, engine, lacking):
    spec["matrix"]["workload"] = [workload]
    trace = run_experiment.folder / "t.bwtrace"
    done = run_experiment("trace", "record", write_spec(spec), "--out", trace)
    assert done.returncode == 0, done.stderr
    sentence = run_experiment.refused("trace", "replay", trace, "--engine", engine, "--out", "out")
    assert f'the engine "{engine}" cannot {lacking}' in sentence
