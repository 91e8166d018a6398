"""Intervals, effect sizes and outliers in the summary, beside SciPy; `--ci`."""

import math
import sys

import numpy
import pytest

from repository import REPOSITORY
from test_resume import names_in

sys.path.insert(0, str(REPOSITORY / "scripts"))

from bwlab_results.intervals import median_interval, ratio_interval  # noqa: E402


def assert_as_near_as_resamples(values, interval, expected):
    """The bounds of a median's bootstrap are single values, or means of two: resamples that differ
    may choose the next one."""
    nearby = sorted(values + [(a + b) / 2 for a in values for b in values])
    for ours, theirs in zip(interval, expected):
        between = [v for v in nearby if min(ours, theirs) < v < max(ours, theirs)]
        assert len(between) <= 3 or abs(ours - theirs) < 0.05 * (expected[1] - expected[0])


@pytest.fixture
def summary(run_experiment, write_spec, spec):
    """Of cells so short that their repetitions differ a lot."""
    spec["matrix"]["engine"] = ["std_map_rwlock", "bwtree/default"]
    spec["reps"] = 13
    return run_experiment.json("run", write_spec(spec), "--out", run_experiment.folder / "out")


def test_the_interval_of_a_median_is_that_of_scipy_and_of_the_figures(summary):
    for cell in summary["cells"]:
        values = cell["throughput_ops_s"]
        assert len(values) == cell["reps"] == 13
        assert cell["throughput_ops_s_median"] == pytest.approx(numpy.median(values))
        low, high = cell["throughput_ops_s_interval"]
        assert_as_near_as_resamples(values, (low, high), median_interval(values))


def test_the_ratio_to_the_baseline_has_an_interval(summary):
    baseline, other = summary["cells"]
    assert baseline["ratio_interval"] is None
    low, high = other["ratio_interval"]
    assert low <= other["ratio_to_baseline"] <= high
    expected = ratio_interval(other["throughput_ops_s"], baseline["throughput_ops_s"])
    assert math.log(low) == pytest.approx(math.log(expected[0]), abs=0.2)
    assert math.log(high) == pytest.approx(math.log(expected[1]), abs=0.2)


def test_few_repetitions_have_no_interval(run_experiment, write_spec, spec):
    path = write_spec(spec)
    for reps, has_interval in ((2, False), (3, True)):
        (cell,) = run_experiment.json("run", path, "--reps", reps, "--out",
                                      run_experiment.folder / str(reps))["cells"]
        assert (cell["throughput_ops_s_interval"] is not None) == has_interval


def test_cells_are_repeated_until_their_interval_is_tight(run_experiment, write_spec, spec):
    path = write_spec(spec)
    out = run_experiment.folder / "loose"
    (cell,) = run_experiment.json("run", path, "--ci", 0.99, "--out", out)["cells"]
    assert cell["reps"] == 5
    out = run_experiment.folder / "tight"
    (cell,) = run_experiment.json("run", path, "--ci", 0.00001, "--reps-min", 3, "--reps-max", 7,
                                  "--out", out)["cells"]
    assert cell["reps"] == 7
    (cell,) = run_experiment.json("run", path, "--ci", 0.00001, "--reps-min", 3, "--reps-max", 9,
                                  "--resume", "--out", out)["cells"]
    assert cell["reps"] == len(names_in(out)) == 9


@pytest.mark.parametrize("flags, words", [
    (("--ci", "2"), "above 0 and below 1"),
    (("--ci", "x"), "above 0 and below 1"),
    (("--ci=-0.1",), "above 0 and below 1"),
    (("--ci", "nan"), "above 0 and below 1"),
    (("--ci", "0.02", "--reps", "4"), "--reps-min and --reps-max in place of --reps"),
    (("--reps-min", "4"), "need --ci"),
    (("--ci", "0.02", "--reps-min", "2"), "from 3 to 1000"),
    (("--ci", "0.02", "--reps-max", "1001"), '--reps-max "1001" is out of range'),
    (("--ci", "0.02", "--reps-max", "5x"), '--reps-max "5x" is out of range'),
    (("--ci", "0.02", "--reps-min", "9", "--reps-max", "8"), "--reps-min 9 is more than --reps-max 8"),
])
def test_wrong_stopping_rules_are_refused(run_experiment, write_spec, spec, flags, words):
    assert words in run_experiment.refused("run", write_spec(spec), *flags)
