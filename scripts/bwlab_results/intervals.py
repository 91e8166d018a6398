"""Intervals of medians and of their ratios, by the bootstrap that run_experiment's table has."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import bootstrap

CONFIDENCE = 0.95
REPETITIONS_MIN = 3  # below, the bootstrap says little and there is no interval
_RESAMPLES = 9999
_SEED = 20191


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Bounds of the interval of the median; NaN where there are too few values."""
    return _interval([values], np.median)


def ratio_interval(values: Sequence[float], baseline: Sequence[float]) -> tuple[float, float]:
    """Bounds of the interval of the ratio of two medians; NaN where either has too few values."""
    return _interval([values, baseline],
                     lambda a, b, axis: np.median(a, axis=axis) / np.median(b, axis=axis))


def _interval(samples: Sequence[Sequence[float]], statistic: Callable) -> tuple[float, float]:
    """BCa, from the same resamples in every call. Where leaving any one value out changes nothing,
    as among bytes a key, there is no acceleration and SciPy gives up: percentiles then."""
    if min(len(sample) for sample in samples) < REPETITIONS_MIN:
        return np.nan, np.nan
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about having given up
            low, high = bootstrap(samples, statistic, method=method, n_resamples=_RESAMPLES,
                                  confidence_level=CONFIDENCE,
                                  random_state=np.random.default_rng(_SEED)).confidence_interval
        if not np.isnan(low):
            break
    return float(low), float(high)
