"""Bootstrap intervals at their edges. tests/cli compares them with those of the table."""

import math

import numpy
import pytest

from bwlab_results.intervals import median_interval, ratio_interval


def test_the_interval_of_a_median_holds_it_and_narrows_with_more_values():
    values = numpy.random.default_rng(5).normal(100, 10, 200)
    low, high = median_interval(values)
    assert low < numpy.median(values) < high
    few_low, few_high = median_interval(values[:10])
    assert high - low < few_high - few_low


def test_a_ratio_of_shifted_samples_lies_around_the_ratio_of_their_medians():
    random = numpy.random.default_rng(9)
    values, baseline = random.normal(200, 4, 25), random.normal(100, 2, 25)
    low, high = ratio_interval(values, baseline)
    assert low < numpy.median(values) / numpy.median(baseline) < high
    assert 1.9 < low and high < 2.1


def test_equal_values_have_an_interval_without_width():
    assert median_interval([5.0, 5.0, 5.0]) == (5, 5)
    assert ratio_interval([6.0] * 3, [3.0] * 4) == (2, 2)


def test_a_value_that_leaving_any_one_out_does_not_change_has_an_interval():
    low, high = median_interval([1.0, 2.0, 2.0, 2.0, 3.0])
    assert 1 <= low <= 2 <= high <= 3


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_too_few_values_have_none(values):
    assert all(map(math.isnan, median_interval(values)))
    assert all(map(math.isnan, ratio_interval([1.0, 2.0, 3.0], values)))


def test_every_call_gives_the_same():
    values = [3.0, 1.0, 4.0, 1.5, 9.0]
    assert median_interval(values) == median_interval(values)
