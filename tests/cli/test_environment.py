"""Variables `BWLAB_SPEC_*`: they go before the spec and behind the command line."""

import os

import pytest

from test_run import results_of


@pytest.fixture
def with_variables(run_experiment):
    def run(variables, *arguments):
        names = {f"BWLAB_SPEC_{name}": value for name, value in variables.items()}
        return run_experiment(*arguments, env={**os.environ, **names})

    return run


def test_default_spec_environment_command_line(run_experiment, write_spec, spec, with_variables):
    path = write_spec(spec)
    variables = {"OPS": "500", "KEYS_COUNT": "700", "REPS": "2", "MATRIX_THREADS": "1,2",
                 "SEED": "3", "VERIFY": "full"}
    out = run_experiment.folder / "out"
    done = with_variables(variables, "run", path, "--set", "ops=600", "--seed", 4, "--out", out)
    assert done.returncode == 0, done.stderr
    results = results_of(out)
    assert len(results) == 4
    assert {result["threads"] for result in results} == {1, 2}
    for result in results:
        assert result["record_count"] == 700
        assert result["op_count"] == 600
        assert result["seed"] == 4
        assert result["verify"]["mode"] == "full"
        assert result["key_space"] == "rand_int"
        assert result["provenance"]["environment"] == {
            f"BWLAB_SPEC_{name}": value for name, value in variables.items()}


def test_results_without_variables_name_none(run_experiment, write_spec, spec):
    out = run_experiment.folder / "out"
    assert run_experiment("run", write_spec(spec), "--out", out).returncode == 0
    assert "environment" not in results_of(out)[0]["provenance"]


def test_engine_options_and_overrides(run_experiment, write_spec, spec, with_variables):
    spec["matrix"]["engine"] = ["bwtree"]
    spec["overrides"] = [{"where": {}, "set": {"engine_options": {"bwtree": {"leaf_capacity": 8}}}}]
    out = run_experiment.folder / "out"
    done = with_variables({"ENGINE_OPTIONS_BWTREE_LEAF_CAPACITY": "64"}, "run", write_spec(spec),
                          "--out", out)
    assert done.returncode == 0, done.stderr
    assert results_of(out)[0]["config"]["options"]["leaf_capacity"] == 64


def test_a_sweep_goes_before_a_variable(write_spec, spec, with_variables):
    done = with_variables({"SEED": "5"}, "plan", write_spec(spec), "--sweep", "seed=1,2")
    assert done.returncode == 0
    assert "2 cells" in done.stdout


@pytest.mark.parametrize("name, value, words", [
    ("REP", "5", ['"BWLAB_SPEC_REP"', 'did you mean "BWLAB_SPEC_REPS"?']),
    ("KEYS_CUONT", "5", ['did you mean "BWLAB_SPEC_KEYS_COUNT"?']),
    ("SWEEP", "{}", ["BWLAB_SPEC_SWEEP", "a key of the spec in capitals"]),
    ("REPS", "many", ['BWLAB_SPEC_REPS="many": /reps: expected an integer']),
    ("REPS", "", ['BWLAB_SPEC_REPS=""']),
    ("TITLE", b"\xff", ["BWLAB_SPEC_TITLE", "not UTF-8"]),
    ("OPS", "0", ["BWLAB_SPEC_OPS", "/ops: 0 is out of range"]),
    ("MATRIX_ENGINE", "bwtre", ["BWLAB_SPEC_MATRIX_ENGINE", 'did you mean "bwtree"?']),
])
def test_wrong_variables_are_refused(write_spec, spec, with_variables, name, value, words):
    path = write_spec(spec)
    for command in ("run", "plan"):
        done = with_variables({name: os.fsdecode(value)}, command, path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1 and len(done.stderr) < 1000
        for word in words:
            assert word in done.stderr
