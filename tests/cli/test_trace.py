"""`trace`: operations in files."""

import pytest

from test_run import results_of

TWITTER = "\n".join([
    "0,a,1,10,3,get,0",
    "0,b,1,10,3,set,100",
    "1,b,1,10,3,set,100",
    "1,b,1,10,4,delete,0",
    "2,b,1,10,4,get,0",
    "2,c,1,10,4,incr,0",
]) + "\n"


@pytest.fixture
def recorded(run_experiment, write_spec, spec):
    def record(**changes):
        done = run_experiment("trace", "record", write_spec({**spec, **changes}), "--out", "t.bwtrace")
        assert done.returncode == 0, done.stderr
        return run_experiment.folder / "t.bwtrace"

    return record


def replay(run_experiment, trace, *arguments):
    out = run_experiment.folder / "replayed"
    done = run_experiment("trace", "replay", trace, "--out", out, "--reps", 1, *arguments)
    assert done.returncode == 0, done.stderr
    return results_of(out)


@pytest.mark.parametrize("space", ["rand_int", "mono_int", "email", "url", "composite"])
@pytest.mark.parametrize("workload", ["ycsb_a", "ycsb_d", "ycsb_e"])
def test_what_was_recorded_is_what_a_run_does(
        run_experiment, write_spec, spec, recorded, space, workload):
    spec["matrix"] = {"workload": [workload], "engine": ["std_map_rwlock"], "threads": [2]}
    spec["keys"] = {"count": 1001, "space": space}
    trace = recorded()
    stats = run_experiment.json("trace", "stats", trace)
    assert (stats["records"], stats["ops"], stats["key_space"]) == (1001, 2000, space)
    assert stats["expected_misses"] == 0
    (played,) = replay(run_experiment, trace, "--verify", "full", "--engine", "bwtree/default")
    assert run_experiment("run", write_spec(spec), "--out", "run").returncode == 0
    (ran,) = results_of(run_experiment.folder / "run")
    assert stats["stream_sha256"] == played["stream"]["sha256"] == ran["stream"]["sha256"]
    assert played["stream"]["realised_mix"] == ran["stream"]["realised_mix"] == stats["mix"]
    assert played["trace"] == {"sha256": stats["sha256"], "expected_misses": 0}
    assert played["size"] == ran["size"] and played["record_count"] == 1001


def test_a_cache_trace_is_converted_and_its_misses_are_those_of_every_engine(run_experiment):
    (run_experiment.folder / "t.csv").write_text(TWITTER)
    assert run_experiment("trace", "convert", "t.csv", "--out", "t.bwtrace").returncode == 0
    stats = run_experiment.json("trace", "stats", "t.bwtrace")
    assert (stats["records"], stats["ops"], stats["expected_misses"]) == (2, 6, 1)
    results = replay(run_experiment, "t.bwtrace", "--verify", "full",
                     "--engine", "bwtree/default", "--engine", "std_map_rwlock")
    assert len(results) == 2
    for result in results:
        assert result["run"]["ops"]["read"] == {"ok": 1, "miss": 1, "fail": 0}
        assert result["size"] == {"expected": 2, "counted": 2}


def test_traces_stand_in_a_matrix_beside_other_workloads(
        run_experiment, write_spec, spec, recorded):
    recorded()
    spec["matrix"]["workload"] = ["ycsb_c", "t.bwtrace"]
    assert run_experiment("run", write_spec(spec, "both.json"), "--out", "both").returncode == 0
    results = {r["workload"]: r for r in results_of(run_experiment.folder / "both")}
    assert set(results) == {"ycsb_c", "t.bwtrace"}
    assert "trace" not in results["ycsb_c"] and "trace" in results["t.bwtrace"]
    assert results["t.bwtrace"]["warmup"] is None


def test_an_engine_that_is_wrong_does_not_survive_a_replay(run_experiment, recorded):
    trace = recorded()
    done = run_experiment("trace", "replay", trace, "--engine", "faulty_for_tests",
                          "--verify", "full", "--out", "out")
    assert done.returncode == 3


def test_deletes_of_several_threads_have_no_number_of_misses(run_experiment, spec, recorded):
    spec["matrix"] = {"workload": ["delete_mix"], "engine": ["bwtree"], "threads": [2]}
    trace = recorded()
    assert run_experiment.json("trace", "stats", trace)["expected_misses"] is None
    (played,) = replay(run_experiment, trace, "--verify", "full")
    assert played["trace"]["expected_misses"] is None


def test_a_trace_may_lie_in_any_folder(run_experiment, recorded):
    trace = recorded()
    folder = run_experiment.folder / "mine, (2026)"
    folder.mkdir()
    (result,) = replay(run_experiment, trace.rename(folder / "t.bwtrace"))
    assert result["workload"] == "t.bwtrace"


def test_a_csv_file_may_begin_with_a_byte_order_mark(run_experiment):
    (run_experiment.folder / "t.csv").write_text("read,5\r\n", encoding="utf-8-sig")
    done = run_experiment("trace", "convert", "t.csv", "--layout", "ops", "--out", "t.bwtrace")
    assert done.returncode == 0, done.stderr
    assert "1 record, 1 operation of 1 thread" in done.stdout


def test_text_tells_the_mix(run_experiment, recorded):
    text = run_experiment("trace", "stats", recorded()).stdout
    assert "2000 records, 2000 operations of 1 thread" in text
    assert "read" in text and "update" in text and "%" in text


@pytest.mark.parametrize("arguments, shown", [
    (["trace"], ["record", "convert", "stats", "replay"]),
    (["trace", "relpay", "x"], ["relpay", "replay"]),
    (["trace", "stats", "absent.bwtrace"], ["absent.bwtrace", "opened"]),
    (["trace", "stats", "spec.json"], ["spec.json", "bwtrace1"]),
    (["trace", "stats"], ["trace stats: FILE is missing"]),
    (["trace", "replay", "spec.json"], ["spec.json", "does not end with .bwtrace"]),
    (["trace", "replay", "there.bwtrace"], ["there.bwtrace", "too short"]),
    (["trace", "replay", "a b.bwtrace"], ["the name of a trace must be 1 to 128"]),
    (["trace", "replay", "there.bwtrace", "--set", "keys.count=5"], ['--set "keys.count=5"', "own"]),
    (["trace", "replay", "there.bwtrace", "--sweep", "ops=5,6"], ['--sweep "ops=5,6"', "own"]),
    (["trace", "record", "--reps", "3"], ["trace record: unknown flag"]),
    (["trace", "record", "--out", "a b.bwtrace"], ["the name of a trace must be 1 to 128"]),
    (["trace", "convert", ".", "--out", "x.bwtrace"], ["is a folder, not a CSV file"]),
    (["trace", "convert", "absent.csv", "--out", "x.bwtrace"], ["absent.csv", "No such file"]),
    (["trace", "convert", "spec.json", "--out", "x.bwtrace"], ["line 1"]),
    (["trace", "convert", "spec.json"], ["--out"]),
    (["trace", "convert", "spec.json", "--out", "x"], [".bwtrace"]),
    (["trace", "convert", "spec.json", "--out", "there.bwtrace"], ["never overwritten"]),
    (["trace", "convert", "spec.json", "--out", "x.bwtrace", "--layout", "twiter"], ["twitter"]),
    (["trace", "convert", "spec.json", "--out", "x.bwtrace", "--threads", "0"], ["--threads"]),
    (["trace", "convert", "spec.json", "--out", "x.bwtrace", "--ops-max", "-1"], ["--ops-max"]),
    (["trace", "record", "spec.json", "--out", "x.bwtrace"], ["--filter"]),
    (["trace", "record", "spec.json", "--filter", "workload=ycsb_a", "--set",
      "keys.space=mono_hc", "--set", "matrix.workload=load", "--out", "x.bwtrace"], ["workload"]),
    (["trace", "stats", "there.bwtrace", "--jsno"], ["--json"]),
], ids=lambda value: " ".join(value)[:50])
def test_wrong_input_is_explained(run_experiment, write_spec, spec, arguments, shown):
    spec["matrix"]["workload"] = ["ycsb_a", "ycsb_b"]
    write_spec(spec)
    (run_experiment.folder / "there.bwtrace").write_text("something else")
    message = run_experiment.refused(*arguments)
    for text in shown:
        assert text in message


def test_a_trace_runs_with_its_own_number_of_threads(run_experiment, write_spec, spec, recorded):
    recorded()
    spec["matrix"] = {"workload": ["t.bwtrace"], "engine": ["std_map_rwlock"], "threads": [2]}
    message = run_experiment.refused("run", write_spec(spec, "two.json"), "--out", "out")
    assert "t.bwtrace" in message and "1 thread" in message


def test_keys_made_at_run_time_cannot_be_recorded(run_experiment, write_spec, spec):
    spec["matrix"]["workload"] = ["load"]
    spec["keys"]["space"] = "mono_hc"
    assert "mono_hc" in run_experiment.refused(
        "trace", "record", write_spec(spec), "--out", "x.bwtrace")


def test_a_damaged_trace_is_found(run_experiment, recorded):
    trace = recorded()
    content = bytearray(trace.read_bytes())
    content[-9] ^= 1
    trace.write_bytes(content)
    assert "damaged" in run_experiment.refused("trace", "replay", trace, "--out", "out")
