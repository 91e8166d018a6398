"""`keys.space` and `values`: records of integers and of byte strings."""

import pytest

from test_run import results_of


def result_of(run_experiment, write_spec, spec, name="out", **changes):
    out = run_experiment.folder / name
    done = run_experiment("run", write_spec({**spec, "verify": "full", **changes}), "--out", out)
    assert done.returncode == 0, done.stderr
    (result,) = results_of(out)
    return result


@pytest.mark.parametrize("space", ["mono_int", "rand_int", "email", "url", "composite"])
@pytest.mark.parametrize("engine", ["bwtree/default", "std_map_rwlock"])
@pytest.mark.parametrize("workload", ["ycsb_d", "ycsb_e", "ycsb_f", "delete_mix", "reverse_scan"])
def test_every_key_space_is_read_back(run_experiment, write_spec, spec, space, engine, workload):
    result = result_of(
        run_experiment, write_spec, spec, keys={"count": 2000, "space": space},
        matrix={"workload": [workload], "engine": [engine], "threads": [2]})
    assert result["key_space"] == space
    assert result["verify"]["checked"] > 0
    if "scan" in workload or workload == "ycsb_e":
        assert result["run"]["records_scanned"] > 2000


def test_engines_get_the_same_operations_on_byte_strings(run_experiment, write_spec, spec):
    digests = {
        result_of(run_experiment, write_spec, spec, engine.replace("/", "_"),
                  keys={"count": 2000, "space": "url"},
                  matrix={"workload": ["ycsb_a"], "engine": [engine], "threads": [1]},
                  )["stream"]["sha256"]
        for engine in ("bwtree/default", "bwtree/linked", "tbb_concurrent_map")}
    assert len(digests) == 1


@pytest.mark.parametrize("values", [
    {"size": 100}, {"size": 4096}, {"distribution": "uniform", "size_min": 8, "size_max": 500},
    {"distribution": "pareto", "size_min": 8, "size_max": 1024, "k": 0.2615, "sigma": 25.45},
], ids=["hundred", "largest", "uniform", "pareto"])
def test_values_have_the_sizes_asked_for(run_experiment, write_spec, spec, values):
    small = result_of(run_experiment, write_spec, spec, "small",
                      matrix={"workload": ["ycsb_a"], "engine": ["bwtree"], "threads": [1]})
    large = result_of(run_experiment, write_spec, spec, "large", values=values,
                      matrix={"workload": ["ycsb_a"], "engine": ["bwtree"], "threads": [1]})
    assert "values" not in small and large["values"] == values
    assert large["cell_id"] != small["cell_id"]
    mean = {100: 100, 4096: 4096}.get(values.get("size"), 34 if "k" in values else 254)
    grown = large["memory"]["bytes_per_key"] - small["memory"]["bytes_per_key"]
    assert grown > 0.8 * (mean - 8)


def test_eight_bytes_are_integers(run_experiment, write_spec, spec):
    assert (result_of(run_experiment, write_spec, spec, "absent")["cell_id"]
            == result_of(run_experiment, write_spec, spec, "eight", values={"size": 8})["cell_id"])


@pytest.mark.parametrize("changes, shown", [
    ({"values": {"size": 7}}, ["/values/size", "7"]),
    ({"values": {"size": 65537}}, ["/values/size", "65537"]),
    ({"values": {"size_min": 8, "size_max": 16}}, ["/values", "distribution"]),
    ({"values": {"distribution": "uniform", "size_min": 17, "size_max": 16}}, ["17", "16"]),
    ({"values": {"distribution": "pareto", "size_min": 8, "size_max": 16}}, ["sigma"]),
    ({"values": {"distribution": "zipf", "size_min": 8, "size_max": 16}}, ["zipf", "pareto"]),
    ({"keys": {"count": 10, "space": "emails"}}, ["emails", "email"]),
    ({"measure": {"warmup": "on"}}, ["/measure/warmup", "auto"]),
    ({"measure": {"interval_ms": 0}}, ["/measure/interval_ms", "0"]),
], ids=lambda value: str(value)[:40])
def test_wrong_records_and_measures_are_explained(
        run_experiment, write_spec, spec, changes, shown):
    message = run_experiment.refused("run", write_spec({**spec, **changes}), "--out", "out")
    for text in shown:
        assert text in message


@pytest.mark.parametrize("engine, changes, shown", [
    ("bwtree/scalar", {"keys": {"count": 10, "space": "email"}}, ["integer keys", "email"]),
    ("bwtree/scalar", {"values": {"size": 9}}, ["8 bytes"]),
    ("bwtree/default", {"values": {"size": 4097}}, ["4096", "4097"]),
    ("tbb_concurrent_map", {"values": {"size": 9}}, ["tbb_concurrent_map"]),
    ("null", {}, ["--verify off"]),
    ("std_map_rwlock", {"keys": {"count": 10, "space": "mono_hc"}}, ["mono_hc", "insert"]),
], ids=lambda value: str(value)[:40])
def test_what_an_engine_cannot_hold_is_refused(
        run_experiment, write_spec, spec, engine, changes, shown):
    spec["matrix"]["engine"] = [engine]
    message = run_experiment.refused("run", write_spec({**spec, **changes}), "--out", "out")
    for text in shown:
        assert text in message


def test_inserts_with_time_stamps_are_counted(run_experiment, write_spec, spec):
    result = result_of(run_experiment, write_spec, spec, keys={"count": 2000, "space": "mono_hc"},
                       matrix={"workload": ["load"], "engine": ["bwtree"], "threads": [2]})
    assert result["size"] == {"expected": 4000, "counted": 4000}
