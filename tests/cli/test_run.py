"""`run` with good input: what is written, and what it says."""

import json
import os
import signal
import subprocess
import time

import jsonschema
import pytest

from repository import schema


def results_of(folder):
    return [json.loads(path.read_text()) for path in sorted((folder / "cells").glob("*.json"))]


def run_to(run_experiment, write_spec, spec, *flags):
    out = run_experiment.folder / "out"
    done = run_experiment("run", write_spec(spec), "--out", out, *flags)
    assert done.returncode == 0, done.stderr
    return out, done


def engines_of(run_experiment):
    """The labels of all engines, and whether they can scan; the null engine keeps nothing to see."""
    return {label: engine["scan"]
            for engine in run_experiment.json("list", "engines") if engine["name"] != "null"
            for label in [f"{engine['name']}/{variant}" for variant in engine["variants"]]
            or [engine["name"]]}


def test_every_engine_and_ycsb_workload_gives_valid_results(run_experiment, write_spec, spec):
    workloads = [f"ycsb_{letter}" for letter in "abcdef"]
    engines = engines_of(run_experiment)
    spec["matrix"] = {"workload": workloads, "engine": list(engines), "threads": [2]}
    spec["exclude"] = [{"workload": "ycsb_e", "engine": engine}
                       for engine, can_scan in engines.items() if not can_scan]
    spec["verify"] = "full"
    out, done = run_to(run_experiment, write_spec, spec)

    results = results_of(out)
    assert {(r["workload"], r["label"]) for r in results} == {
        (workload, engine) for workload in workloads for engine, can_scan in engines.items()
        if can_scan or workload != "ycsb_e"}
    validator = jsonschema.Draft7Validator(schema("result"))
    for result in results:
        validator.validate(result)
        assert result["verify"]["mode"] == "full" and result["verify"]["wrong"] == 0
        assert result["verify"]["checked"] > 0
        assert result["size"]["counted"] == result["size"]["expected"]
        assert sum(sum(c.values()) for c in result["run"]["ops"].values()) == spec["ops"]
        if result["storage"] is None:
            assert result["memory"]["bytes_per_key"] > 16, "a record alone takes that"
        else:
            assert result["storage"]["load"]["bytes_on_disk"] > 0
        assert result["run"]["records_scanned"] > 0 or result["workload"] != "ycsb_e"
    jsonschema.Draft7Validator(schema("spec")).validate(json.loads((out / "spec.json").read_text()))
    for engine in engines:
        assert engine in done.stdout


def test_a_result_tells_where_it_comes_from(run_experiment, write_spec, spec):
    out, _ = run_to(run_experiment, write_spec, spec, "--seed", 7)
    (result,) = results_of(out)
    assert result["seed"] == 7
    assert result["experiment"] == "tiny"
    provenance = result["provenance"]
    assert provenance["argv"][:2] == ["run_experiment", "run"]
    assert len(provenance["binary_sha256"]) == 64
    assert provenance["cores_online"] == os.cpu_count()
    text = json.dumps(result)
    assert str(run_experiment.folder) not in text, "no path of the machine in a result"
    assert os.uname().nodename not in provenance["cpu_model"]


def test_file_name_is_cell_id_and_repetition(run_experiment, write_spec, spec):
    out, _ = run_to(run_experiment, write_spec, spec, "--reps", 2)
    files = sorted(path.name for path in (out / "cells").iterdir())
    results = results_of(out)
    assert files == [f"{r['cell_id']}-r{r['rep']}.json" for r in results]
    assert [r["rep"] for r in results] == [0, 1]
    assert len({r["cell_id"] for r in results}) == 1
    assert len({r["stream"]["sha256"] for r in results}) == 1, "repetitions run the same stream"


def test_the_cell_id_changes_with_the_configuration_alone(run_experiment, write_spec, spec):
    def cell_ids(name, *flags):
        out = run_experiment.folder / name
        assert run_experiment("run", write_spec(spec), "--out", out, *flags).returncode == 0
        return {r["cell_id"] for r in results_of(out)}

    first = cell_ids("first")
    assert cell_ids("again") == first
    spec["title"] = "another title"
    assert cell_ids("retitled") == first
    assert cell_ids("reseeded", "--seed", 1) != first
    assert cell_ids("resized", "--set", "keys.count=2001") != first


def test_set_goes_before_the_spec_and_its_overrides(run_experiment, write_spec, spec):
    spec["overrides"] = [{"where": {"workload": "ycsb_*"}, "set": {"ops": 500}}]
    out, _ = run_to(run_experiment, write_spec, spec)
    assert results_of(out)[0]["op_count"] == 500
    second = run_experiment.folder / "second"
    done = run_experiment("run", write_spec(spec), "--set", "ops=700",
                          "--set", "keys.space=mono_int", "--set", "matrix.threads=1,2",
                          "--out", second)
    assert done.returncode == 0, done.stderr
    results = results_of(second)
    assert {r["op_count"] for r in results} == {700}
    assert {r["key_space"] for r in results} == {"mono_int"}
    assert {r["threads"] for r in results} == {1, 2}


def test_filter_and_exclude_choose_cells(run_experiment, write_spec, spec):
    spec["matrix"] = {"workload": ["ycsb_a", "ycsb_b", "ycsb_c"],
                      "engine": ["std_map_rwlock", "tbb_concurrent_map"], "threads": [1, 2]}
    spec["exclude"] = [{"workload": "ycsb_b", "engine": "tbb*"}]
    out, _ = run_to(run_experiment, write_spec, spec, "--filter", "workload=ycsb_b|ycsb_c",
                    "--filter", "threads=2")
    assert {(r["workload"], r["label"], r["threads"]) for r in results_of(out)} == {
        ("ycsb_b", "std_map_rwlock", 2), ("ycsb_c", "std_map_rwlock", 2),
        ("ycsb_c", "tbb_concurrent_map", 2)}


def test_engine_options_reach_the_engine(run_experiment, write_spec, spec):
    spec["matrix"]["engine"] = ["bwtree"]
    out, _ = run_to(run_experiment, write_spec, spec, "--set",
                    "engine_options.bwtree.leaf_capacity=64")
    (result,) = results_of(out)
    assert result["label"] == "bwtree/default"
    assert result["config"]["options"]["leaf_capacity"] == 64


def test_counters_are_null_with_a_reason_or_there(run_experiment, write_spec, spec):
    spec["matrix"]["engine"] = ["bwtree/stats", "bwtree/default", "std_map_rwlock"]
    out, _ = run_to(run_experiment, write_spec, spec)
    results = {r["label"]: r for r in results_of(out)}
    assert results["bwtree/stats"]["engine_counters"]["load"]["leaf_splits"] > 0
    assert results["bwtree/stats"]["engine_counters_reason"] is None
    assert results["bwtree/stats"]["validated"] is True
    for label in ("bwtree/default", "std_map_rwlock"):
        assert results[label]["engine_counters"] is None
        assert results[label]["engine_counters_reason"]
    assert results["std_map_rwlock"]["validated"] is None
    assert results["std_map_rwlock"]["validated_reason"]


def test_latency_is_sampled_as_often_as_asked(run_experiment, write_spec, spec):
    spec["latency"] = {"sample_every": 10}
    out, _ = run_to(run_experiment, write_spec, spec)
    (result,) = results_of(out)
    latency = result["latency_ns"]
    assert latency["all"]["count"] == spec["ops"] / 10
    assert latency["all"]["count"] == latency["read"]["count"] + latency["update"]["count"]
    quantiles = [latency["all"][k] for k in ("min", "p50", "p90", "p99", "p99_9", "max")]
    assert quantiles == sorted(quantiles)
    assert latency["timer_cost_ns"] > 0

    spec["latency"] = {"sample_every": 0}
    none = run_experiment.folder / "none"
    assert run_experiment("run", write_spec(spec), "--out", none).returncode == 0
    assert "all" not in results_of(none)[0]["latency_ns"]


def test_json_summary_names_every_file(run_experiment, write_spec, spec):
    spec["matrix"]["engine"].append("tbb_concurrent_map")
    spec["baseline"] = "tbb_concurrent_map"
    out = run_experiment.folder / "out"
    summary = run_experiment.json("run", write_spec(spec), "--out", out, "--reps", 3)
    assert len(summary["files"]) == 6
    assert all((run_experiment.folder / file).is_file() for file in summary["files"])
    cells = {cell["label"]: cell for cell in summary["cells"]}
    assert cells["tbb_concurrent_map"]["ratio_to_baseline"] == 1
    assert cells["std_map_rwlock"]["reps"] == 3
    cell = cells["std_map_rwlock"]
    assert (cell["throughput_ops_s_min"] <= cell["throughput_ops_s_median"]
            <= cell["throughput_ops_s_max"])


def test_progress_is_plain_lines_where_there_is_no_terminal(run_experiment, write_spec, spec):
    _, done = run_to(run_experiment, write_spec, spec, "--reps", 2)
    assert done.stderr.count("\n") == 2
    assert "\r" not in done.stderr and "\033" not in done.stderr


@pytest.mark.parametrize("mode", ["sample", "full"])
@pytest.mark.parametrize("workload", ["ycsb_a", "ycsb_e", "ycsb_f"])
def test_a_wrong_engine_is_found_and_leaves_nothing(run_experiment, write_spec, spec, mode,
                                                    workload):
    spec["matrix"] = {"workload": [workload], "engine": ["faulty_for_tests"], "threads": [1]}
    path = write_spec(spec)
    sentence = run_experiment.refused("run", path, "--out", "out", "--verify", mode, exit_code=3)
    assert "faulty_for_tests" in sentence and "wrong" in sentence


def test_a_wrong_engine_passes_where_nothing_is_checked(run_experiment, write_spec, spec):
    """Shows that the engine above is found by the checks, and not because it crashes."""
    spec["matrix"]["engine"] = ["faulty_for_tests"]
    run_to(run_experiment, write_spec, spec, "--verify", "off")


def test_finished_cells_stay_when_a_later_one_fails(run_experiment, write_spec, spec):
    spec["matrix"]["engine"] = ["std_map_rwlock", "faulty_for_tests"]
    done = run_experiment("run", write_spec(spec), "--out", "out")
    assert done.returncode == 3
    labels = [r["label"] for r in results_of(run_experiment.folder / "out")]
    assert labels == ["std_map_rwlock"]


def test_an_interruption_keeps_the_finished_cells(run_experiment, write_spec, spec):
    out = run_experiment.folder / "out"
    with subprocess.Popen([run_experiment.binary, "run", str(write_spec(spec)), "--reps", "1000",
                           "--out", str(out)], stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()  # the first cell is done
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in rest
    validator = jsonschema.Draft7Validator(schema("result"))
    results = results_of(out)
    assert 0 < len(results) < 1000
    for result in results:
        validator.validate(result)
    assert not list((out / "cells").glob("*.tmp*"))


def test_a_terminal_gets_one_line_that_updates_itself(run_experiment, write_spec, spec):
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    out = run_experiment.folder / "out"
    done = subprocess.run([run_experiment.binary, "run", str(write_spec(spec)), "--out", str(out)],
                          stderr=follower, stdout=subprocess.PIPE, check=False, timeout=60)
    os.close(follower)
    shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert done.returncode == 0
    assert "\r\033[K" in shown and "\n" not in shown
