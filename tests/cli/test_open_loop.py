"""`arrival`: operations that come on a schedule, and latency from the moment at which they were due."""

import json

import pytest

from test_run import results_of


def run_with(run_experiment, write_spec, spec, arrival, name, **changes):
    out = run_experiment.folder / name
    path = write_spec({**spec, **changes, "arrival": arrival}, f"{name}.json")
    done = run_experiment("run", path, "--out", out)
    assert done.returncode == 0, done.stderr
    (result,) = results_of(out)
    return result


@pytest.mark.parametrize("arrival", [
    {"kind": "constant", "rate_ops_s": 20000},
    {"kind": "poisson", "rate_ops_s": 20000},
    {"kind": "burst", "rate_ops_s": 20000, "burst_ops": 10},
], ids=lambda arrival: arrival["kind"])
def test_an_engine_that_keeps_up_does_the_rate_that_comes(
        run_experiment, write_spec, spec, arrival):
    result = run_with(run_experiment, write_spec, spec, arrival, "out", ops=10000)
    assert result["arrival"] == arrival
    assert result["latency_ns"]["from"] == "intended_start"
    assert result["latency_ns"]["all"]["count"] == 10000, "every operation is timed"
    assert result["run"]["throughput_ops_s"] == pytest.approx(20000, rel=0.3)


def test_where_more_comes_than_the_engine_does_latency_grows_with_the_backlog(
        run_experiment, write_spec, spec):
    arrival = {"kind": "constant", "rate_ops_s": 1000000000}
    # Long enough for a busy machine's stalls to matter little.
    result = run_with(run_experiment, write_spec, spec, arrival, "out", ops=1000000)
    seconds = result["run"]["seconds"]
    assert result["run"]["throughput_ops_s"] < 1e9 / 2
    assert result["latency_ns"]["all"]["max"] == pytest.approx(seconds * 1e9, rel=0.3)
    assert result["latency_ns"]["all"]["p50"] > seconds * 1e9 / 4


def test_the_schedule_is_part_of_the_configuration_and_closed_is_none(
        run_experiment, write_spec, spec):
    ids = {}
    for name, arrival in {"closed": {"kind": "closed"},
                          "slow": {"kind": "constant", "rate_ops_s": 100000},
                          "fast": {"kind": "constant", "rate_ops_s": 200000}}.items():
        result = run_with(run_experiment, write_spec, spec, arrival, name)
        ids[name] = result["cell_id"]
        assert ("arrival" in result) == (name != "closed")
    out = run_experiment.folder / "absent"
    assert run_experiment("run", write_spec(spec), "--out", out).returncode == 0
    (result,) = results_of(out)
    assert result["latency_ns"]["from"] == "start"
    assert result["cell_id"] == ids["closed"]
    assert len(set(ids.values())) == 3


def test_set_and_overrides_reach_the_schedule(run_experiment, write_spec, spec):
    spec["overrides"] = [{"where": {"threads": 1},
                          "set": {"arrival": {"kind": "poisson", "rate_ops_s": 50000}}}]
    out = run_experiment.folder / "out"
    assert run_experiment("run", write_spec(spec), "--out", out).returncode == 0
    (result,) = results_of(out)
    assert result["arrival"] == {"kind": "poisson", "rate_ops_s": 50000}


@pytest.mark.parametrize("arrival, words", [
    ({"kind": "constant"}, "an open loop needs a rate_ops_s"),
    ({"kind": "poison", "rate_ops_s": 5}, "poisson"),
    ({"kind": "poisson", "rate_ops_s": 0}, "/arrival/rate_ops_s"),
    ({"kind": "poisson", "rate_ops_s": 1.5}, "/arrival/rate_ops_s"),
    ({"rate_ops_s": 5}, "/arrival"),
    ({"kind": "closed", "rate": 5}, "rate_ops_s"),
])
def test_wrong_schedules_are_refused(run_experiment, write_spec, spec, arrival, words):
    spec["arrival"] = arrival
    assert words in run_experiment.refused("run", write_spec(json.dumps(spec)))
