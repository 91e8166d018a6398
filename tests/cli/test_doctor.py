"""`doctor`: what would spoil a result here. What each check finds is tested beside its code."""

import pytest

VERDICTS = ["ok", "warning", "problem"]


def test_every_check_has_a_verdict_and_what_was_found(run_experiment):
    report = run_experiment.json("doctor", "--seconds", 0.1)
    names = [check["name"] for check in report["checks"]]
    assert len(names) == len(set(names)) >= 19
    assert {"governor", "steal", "counters", "tick clock", "build"} <= set(names)
    for check in report["checks"]:
        assert check["found"] and check["why"]
        assert (check["advice"] is None) == (check["verdict"] == "ok")
    assert report["verdict"] == max((check["verdict"] for check in report["checks"]),
                                    key=VERDICTS.index)
    assert report["seconds"] == 0.1


def test_the_table_has_a_line_for_each_check_and_no_colours_in_a_file(run_experiment):
    names = [check["name"] for check in run_experiment.json("doctor", "--seconds", 0.1)["checks"]]
    done = run_experiment("doctor", "--seconds", 0.1)
    assert done.returncode == 0
    assert "\033" not in done.stdout
    lines = done.stdout.splitlines()
    for name in names:
        (line,) = [line for line in lines if line.startswith(name + " ")]
        assert line[len(name):].split()[0] in VERDICTS
    assert lines[-1].endswith(" problems")


def test_strict_refuses_a_machine_with_a_problem_and_no_other(run_experiment):
    done = run_experiment("doctor", "--seconds", 0.1, "--strict")
    assert done.returncode == (0 if done.stdout.endswith(" 0 problems\n") else 4)


@pytest.mark.parametrize("seconds", ["0", "-1", "x", "601", "nan", "1s"])
def test_wrong_times_are_refused(run_experiment, seconds):
    sentence = run_experiment.refused("doctor", f"--seconds={seconds}")
    assert "--seconds" in sentence and "above 0 and up to 600" in sentence
