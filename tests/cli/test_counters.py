"""`--counters`: hardware and kernel events in results."""

import pytest

from test_run import results_of

SOFTWARE = ["context_switches", "cpu_migrations", "page_faults", "task_clock_ns"]


def counters_of(run_experiment, path, name, *flags):
    out = run_experiment.folder / name
    done = run_experiment("run", path, "--out", out, *flags)
    assert done.returncode == 0, done.stderr
    (result,) = results_of(out)
    return result, result["hardware_counters"]


def test_a_counter_has_a_value_or_a_reason_and_never_a_made_up_zero(
        run_experiment, write_spec, spec):
    spec["matrix"]["threads"] = [2]
    result, counters = counters_of(run_experiment, write_spec(spec), "out")
    assert set(SOFTWARE) < set(counters)
    assert {"instructions", "cycles", "branch_misses", "cache_misses"} < set(counters)
    for name, counter in counters.items():
        if counter["reason"] is None:
            assert counter["total"] >= 0 and 0 < counter["running_share"] <= 1, name
            assert counter["per_op"] == pytest.approx(counter["total"] / result["op_count"])
        else:
            assert counter["total"] is counter["per_op"] is counter["running_share"] is None, name
    clock = counters["task_clock_ns"]
    if clock["reason"] is None:
        assert 0 < clock["total"] < 2.5e9 * result["run"]["seconds"] + 1e8
    if counters["instructions"]["reason"] is None:
        assert counters["instructions"]["per_op"] > 50


def test_only_the_named_counters_are_there(run_experiment, write_spec, spec):
    path = write_spec(spec)
    all_id = counters_of(run_experiment, path, "all")[0]["cell_id"]
    some, counters = counters_of(run_experiment, path, "some", "--counters",
                                 "page_faults,instructions")
    assert set(counters) == {"page_faults", "instructions"}
    none, counters = counters_of(run_experiment, path, "none", "--counters", "off")
    assert counters == {}
    assert len({all_id, some["cell_id"], none["cell_id"]}) == 3, "another measurement"


def test_unknown_counters_are_refused(run_experiment, write_spec, spec):
    said = run_experiment.refused("run", write_spec(spec), "--counters", "instruction")
    assert "did you mean" in said and "instructions" in said
