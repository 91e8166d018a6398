"""Engines that keep files: where these go, durability by name, and what a result says of them."""

import os
import signal
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest

from repository import schema
from test_run import results_of, run_to

SECONDS_MAX = 60


@pytest.fixture
def storage_engines(run_experiment):
    names = [engine["name"] for engine in run_experiment.json("list", "engines")
             if engine["keeps_files"]]
    if not names:
        pytest.skip("this build has no engine that keeps files")
    return names


@pytest.fixture
def storage_spec(spec, storage_engines):
    """One cell of the first of them."""
    spec["matrix"]["engine"] = storage_engines[:1]
    return spec


@pytest.fixture
def slow_spec(spec, storage_engines):
    """One cell that takes seconds: each of its records is synced."""
    engine = storage_engines[0]
    spec["matrix"] = {"workload": ["ycsb_a"], "engine": [engine], "threads": [1]}
    spec["keys"] = {"count": 20000}
    spec["engine_options"] = {engine: {"durability": "fsync"}}
    return spec


def needs(storage_engines, *names):
    for name in names:
        if name not in storage_engines:
            pytest.skip(f"this build has no {name}")


def data_in(out):
    return sorted(path.name for path in (out / "data").glob("*"))


def wait_for(condition, what):
    end = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def started(run_experiment, path, out, *flags):
    """A run whose engine has files."""
    process = subprocess.Popen(
        [run_experiment.binary, "run", str(path), "--out", str(out), *flags],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(lambda: any((out / "data").glob("*/*")), "files of the engine")
    return process


def cell_process_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    (child,) = map(int, children.split())
    return child


@pytest.mark.parametrize("workload", ["ycsb_a", "ycsb_d", "ycsb_e", "ycsb_f", "delete_mix",
                                      "reverse_scan"])
def test_every_engine_gives_valid_results_and_leaves_no_files(
        run_experiment, write_spec, spec, storage_engines, workload):
    spec["matrix"] = {"workload": [workload], "engine": storage_engines, "threads": [2]}
    spec["verify"] = "full"
    spec["ops"] = 1000
    out, _ = run_to(run_experiment, write_spec, spec)
    results = results_of(out)
    assert sorted(result["label"] for result in results) == sorted(storage_engines)
    validator = jsonschema.Draft7Validator(schema("result"))
    for result in results:
        validator.validate(result)
        assert any(digit.isdigit() for digit in result["config"]["library"]), "its version"
        assert result["config"]["settings"]["compression"] == "none"
        memory = result["memory"]
        assert (memory["bytes_per_key"] is None) == (memory["reason"] is not None)
        load = result["storage"]["load"]
        assert load["user_bytes_written"] == 2000 * 16
        assert load["bytes_on_disk"] >= 2000 * 16
        for source in ("device", "engine"):
            known = load[f"{source}_bytes_written"] is not None
            assert known == (result["storage"][f"{source}_bytes_reason"] is None)
            if known:
                assert load[f"{source}_bytes_written"] >= 2000 * 16, "every record gets there"
                assert load[f"{source}_write_amplification"] >= 1
    assert sorted(path.name for path in out.iterdir()) == ["cells", "spec.json"]


def test_an_index_in_memory_has_no_storage_and_no_folder(run_experiment, write_spec, spec):
    out, _ = run_to(run_experiment, write_spec, spec, "--keep-data")
    (result,) = results_of(out)
    assert result["storage"] is None
    assert not (out / "data").exists()


def test_byte_strings_are_stored_and_counted(run_experiment, write_spec, spec, storage_engines):
    spec["matrix"] = {"workload": ["ycsb_a"], "engine": storage_engines, "threads": [1]}
    spec.update(keys={"count": 500, "space": "url"}, values={"size": 1000}, ops=500, verify="full")
    out, _ = run_to(run_experiment, write_spec, spec)
    for result in results_of(out):
        assert result["storage"]["load"]["user_bytes_written"] > 500 * 1000
        assert result["storage"]["load"]["bytes_on_disk"] > 500 * 1000


def test_rocksdb_says_that_its_assertions_are_on(run_experiment, write_spec, spec,
                                                 storage_engines):
    needs(storage_engines, "rocksdb")
    spec["matrix"]["engine"] = ["rocksdb"]
    out, _ = run_to(run_experiment, write_spec, spec)
    (result,) = results_of(out)
    (listed,) = [engine for engine in run_experiment.json("list", "engines")
                 if engine["name"] == "rocksdb"]
    has = result["config"]["library_has_assertions"]
    assert ("assertions" in result["config"].get("note", "")) == has
    assert ("assertions" in listed["summary"]) == has


def test_kept_files_are_in_the_results_folder_and_survive_a_resume(
        run_experiment, write_spec, storage_spec):
    path = write_spec(storage_spec)
    out, _ = run_to(run_experiment, write_spec, storage_spec, "--keep-data", "--reps", 2)
    runs = sorted(path.stem for path in (out / "cells").iterdir())
    assert data_in(out) == runs
    assert all(any((out / "data" / run).iterdir()) for run in runs)
    done = run_experiment("run", path, "--resume", "--out", out, "--reps", 3)
    assert done.returncode == 0, done.stderr
    assert data_in(out) == runs, "the third was not to be kept"


@pytest.mark.parametrize("engine, durability, shown", [
    ("leveldb", "none", ["always writes its log", "wal, fsync, group"]),
    ("lmdb", "wal", ["no log", "none, fsync"]),
    ("lmdb", "group", ["one writer", "none, fsync"]),
    ("sqlite", "group", ["one writer", "none, wal, fsync"]),
    ("rocksdb", "fsinc", ["did you mean", "fsync"]),
    ("wiredtiger", "3", ["unknown durability", "group"]),
])
def test_a_durability_that_cannot_be_had_is_refused_by_name(
        run_experiment, write_spec, spec, storage_engines, engine, durability, shown):
    needs(storage_engines, engine)
    spec["matrix"]["engine"] = [engine]
    said = run_experiment.refused("run", write_spec(spec), "--out", "out", "--set",
                                  f"engine_options.{engine}.durability={durability}")
    for text in [f"/engine_options/{engine}", durability, *shown]:
        assert text in said


def test_durability_is_swept_by_name(run_experiment, write_spec, storage_spec):
    (engine,) = storage_spec["matrix"]["engine"]
    axis = f"engine_options.{engine}.durability"
    out, done = run_to(run_experiment, write_spec, storage_spec, "--sweep", f"{axis}=none,wal")
    results = results_of(out)
    assert {result["sweep"][axis] for result in results} == {"none", "wal"}
    for result in results:
        assert result["config"]["options"]["durability"] == result["sweep"][axis]
    assert "durability" in done.stdout


def test_an_engine_without_room_fails_in_its_own_words_and_leaves_nothing(
        run_experiment, write_spec, spec, storage_engines):
    needs(storage_engines, "lmdb")
    spec["matrix"]["engine"] = ["lmdb"]
    spec["keys"] = {"count": 100000}
    out = run_experiment.folder / "out"
    done = run_experiment("run", write_spec(spec), "--out", out, "--set",
                          "engine_options.lmdb.map_bytes=1048576")
    assert done.returncode == 4
    assert "MDB_MAP_FULL" in done.stderr
    assert not out.exists()


def test_find_max_leaves_no_files_of_engines(run_experiment, write_spec, storage_spec):
    out = run_experiment.folder / "out"
    done = run_experiment("find-max", write_spec(storage_spec), "--slo", "p99<10s", "--rate-min",
                          500, "--rate-max", 1000, "--seconds", 0.1, "--reps", 1, "--out", out)
    assert done.returncode == 0, done.stderr
    assert results_of(out)
    assert not (out / "data").exists()


def test_an_interruption_leaves_no_files_of_engines(run_experiment, write_spec, slow_spec):
    out = run_experiment.folder / "out"
    with started(run_experiment, write_spec(slow_spec), out) as process:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 130
    assert not out.exists()


def test_a_process_that_crashes_leaves_no_files(run_experiment, write_spec, slow_spec):
    out = run_experiment.folder / "out"
    with started(run_experiment, write_spec(slow_spec), out) as process:
        os.kill(cell_process_of(process), signal.SIGSEGV)
        _, said = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 70
    assert "signal 11" in said
    assert not out.exists()


def test_a_resume_takes_away_what_a_killed_run_left(run_experiment, write_spec, slow_spec):
    slow_spec["keys"] = {"count": 3000}  # the resumed run loads all of them
    path = write_spec(slow_spec)
    out = run_experiment.folder / "out"
    with started(run_experiment, path, out, "--keep-data") as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=SECONDS_MAX)
    (left,) = data_in(out)
    foreign = out / "data" / "foreign"
    foreign.mkdir()
    done = run_experiment("run", path, "--resume", "--out", out)
    assert done.returncode == 0, done.stderr
    assert [path.stem for path in (out / "cells").iterdir()] == [left]
    assert data_in(out) == ["foreign"], "nobody's but the engine's files may go"
