"""Warm-up, intervals, and what the harness itself costs."""

import pytest

from test_run import results_of


def run(run_experiment, write_spec, spec, name, **changes):
    out = run_experiment.folder / name
    done = run_experiment("run", write_spec({**spec, **changes}), "--out", out)
    assert done.returncode == 0, done.stderr
    (result,) = results_of(out)
    return result


def test_the_warm_up_says_how_it_ended(run_experiment, write_spec, spec):
    result = run(run_experiment, write_spec, spec, "out", ops=8000)
    warmup = result["warmup"]
    chunks = warmup["throughput_ops_s"]
    assert 3 <= len(chunks) <= 8
    assert warmup["ops"] == 1000 * len(chunks)
    last = chunks[-3:]
    mean = sum(last) / 3
    assert warmup["steady"] == all(abs(chunk - mean) <= 0.05 * mean for chunk in last)
    assert warmup["steady"] or len(chunks) == 8
    assert "5%" in warmup["rule"]


@pytest.mark.parametrize("changes", [
    {"measure": {"warmup": "off"}},
    {"matrix": {"workload": ["load"], "engine": ["std_map_rwlock"], "threads": [1]}},
], ids=["off", "inserts alone"])
def test_there_may_be_no_warm_up(run_experiment, write_spec, spec, changes):
    assert run(run_experiment, write_spec, spec, "out", **changes)["warmup"] is None


def test_a_warm_up_changes_neither_the_operations_nor_the_records(
        run_experiment, write_spec, spec):
    spec["matrix"]["workload"] = ["ycsb_d"]
    with_it = run(run_experiment, write_spec, spec, "with", verify="full")
    without = run(run_experiment, write_spec, spec, "without", verify="full",
                  measure={"warmup": "off"})
    assert with_it["stream"] == without["stream"]
    assert with_it["size"] == without["size"]
    assert with_it["cell_id"] != without["cell_id"]


def test_intervals_hold_all_operations_of_the_run(run_experiment, write_spec, spec):
    arrival = {"kind": "constant", "rate_ops_s": 20000}
    result = run(run_experiment, write_spec, spec, "out", ops=4000, arrival=arrival,
                 measure={"interval_ms": 20})
    intervals = result["intervals"]
    assert intervals["interval_ms"] == 20
    assert sum(intervals["ops"]) == 4000
    assert len(intervals["ops"]) == len(intervals["p99_ns"]) >= 10  # 200 ms
    assert all(p99 is None or p99 > 0 for p99 in intervals["p99_ns"])


def test_without_samples_there_are_no_intervals(run_experiment, write_spec, spec):
    result = run(run_experiment, write_spec, spec, "out", latency={"sample_every": 0})
    assert result["intervals"] is None


def test_phases_of_a_workload_are_told_apart(run_experiment, write_spec, spec):
    spec["matrix"]["workload"] = ["growing"]
    result = run(run_experiment, write_spec, spec, "out", verify="full", ops=8000)
    parts = result["run"]["parts"]
    assert len(parts) == len(result["workload_spec"]["phases"]) > 1
    assert sum(part["ops"] for part in parts) == 8000
    assert all(part["throughput_ops_s"] > 0 for part in parts)


def test_the_harness_reports_its_own_cost(run_experiment, write_spec, spec):
    result = run(run_experiment, write_spec, spec, "out", ops=50000)
    assert result["harness"]["ops"] == 50000
    assert 0 < result["harness"]["ns_per_op"] < 200


def test_a_stream_may_come_in_pieces(run_experiment, write_spec, spec):
    spec["matrix"]["workload"] = ["shifting_hotspot"]
    whole = run(run_experiment, write_spec, spec, "whole", ops=8000, verify="full")
    spec["measure"] = {"stream_ops_max": 1000}
    pieces = run(run_experiment, write_spec, spec, "pieces", ops=8000, verify="full")
    # 1000 operations are rounded down to a multiple of the 64 between two samples: 960.
    assert pieces["stream"].pop("pieces") == {"load": 3, "run": 9}
    assert pieces["stream"] == whole["stream"]
    assert pieces["run"]["ops"] == whole["run"]["ops"]
    assert [part["ops"] for part in pieces["run"]["parts"]] == \
        [part["ops"] for part in whole["run"]["parts"]]
    assert sum(pieces["intervals"]["ops"]) == 8000
    assert pieces["measure"]["stream_ops_max"] == 1000
    assert pieces["cell_id"] != whole["cell_id"]


def test_a_trace_needs_no_pieces(run_experiment, write_spec, spec):
    trace = run_experiment.folder / "one.bwtrace"
    done = run_experiment("trace", "record", write_spec(spec), "--out", trace)
    assert done.returncode == 0, done.stderr
    out = run_experiment.folder / "out"
    done = run_experiment("trace", "replay", trace, "--engine", "std_map_rwlock", "--reps", 1,
                          "--set", "measure.stream_ops_max=100", "--out", out)
    assert done.returncode == 0, done.stderr
    (result,) = results_of(out)
    assert "pieces" not in result["stream"]
    assert result["size"]["counted"] == 2000


def test_pieces_make_room_where_memory_is_scarce(run_experiment, write_spec, spec):
    path = write_spec({**spec, "ops": 10**9})
    def estimated(*flags):
        return run_experiment.json("plan", path, *flags)["cells"][0]["memory_bytes_estimated"]
    if run_experiment("plan", path).returncode == 0:
        assert estimated() > 16 * 10**9
    assert estimated("--set", "measure.stream_ops_max=1000000") < 10**9


def test_a_run_that_takes_too_long_is_cut(run_experiment, write_spec, spec):
    spec["matrix"]["workload"] = ["shifting_hotspot"]
    spec["measure"] = {"seconds_max": 0.02}
    result = run(run_experiment, write_spec, spec, "out", ops=5_000_000, verify="full")
    assert result["measure"]["seconds_max"] == 0.02
    assert 0.02 < result["run"]["seconds"]
    done = sum(counts["ok"] + counts["miss"] for counts in result["run"]["ops"].values())
    assert result["run"]["share_done"] == pytest.approx(done / 5_000_000)
    assert 0 < done < 5_000_000
    assert sum(part["ops"] for part in result["run"]["parts"]) == done
    assert sum(result["intervals"]["ops"]) == done


def test_a_run_that_is_in_time_is_whole(run_experiment, write_spec, spec):
    spec["measure"] = {"seconds_max": 3600}
    assert "share_done" not in run(run_experiment, write_spec, spec, "out")["run"]


@pytest.mark.parametrize("settings", [
    {"arrival": {"kind": "constant", "rate_ops_s": 20000}}, {"latency": {"sample_every": 0}}])
def test_what_cannot_be_cut_is_refused(run_experiment, write_spec, spec, settings):
    spec |= {"measure": {"seconds_max": 1}, **settings}
    said = run_experiment.refused("run", write_spec(spec))
    assert "/measure/seconds_max" in said and "closed loop" in said


def test_an_open_loop_cannot_come_in_pieces(run_experiment, write_spec, spec):
    spec["arrival"] = {"kind": "constant", "rate_ops_s": 20000}
    spec["measure"] = {"stream_ops_max": 1000}
    said = run_experiment.refused("run", write_spec(spec))
    assert "/measure/stream_ops_max" in said and "open loop" in said
