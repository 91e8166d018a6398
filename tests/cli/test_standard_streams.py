"""Standard streams that are closed or full."""

import subprocess

import pytest

from test_resume import names_in


def in_shell(run_experiment, redirections, *arguments):
    """Runs the program as a shell does with redirections behind it."""
    return subprocess.run(
        ["bash", "-c", f'"$@" {redirections}', "bash", run_experiment.binary, *map(str, arguments)],
        cwd=run_experiment.folder, text=True, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize("arguments", [["list", "workloads"], ["plan", "--json"], ["--help"]])
def test_output_that_is_lost_is_an_error(run_experiment, redirection, arguments):
    done = in_shell(run_experiment, redirection, *arguments)
    assert done.returncode == 4
    assert done.stderr == "run_experiment: standard output: not all of it could be written\n"


@pytest.mark.parametrize("redirections, exit_code", [
    ("<&-", 0), ("2>&-", 0), ("2>/dev/full", 0), ("<&- 2>&-", 0), (">/dev/full", 4),
    ("<&- >&- 2>&-", 4),
])
def test_a_run_loses_no_result_by_them(
        run_experiment, write_spec, spec, redirections, exit_code):
    out = run_experiment.folder / "out"
    done = in_shell(run_experiment, redirections, "run", write_spec(spec), "--out", out)
    assert done.returncode == exit_code, done.stderr
    assert len(names_in(out)) == 1
