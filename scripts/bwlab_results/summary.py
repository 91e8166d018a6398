"""Summaries over repetitions: median, spread, and ratio to a baseline."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np
import pandas as pd

from bwlab_results import sweeps
from bwlab_results.errors import ResultsError
from bwlab_results.intervals import median_interval, ratio_interval
from bwlab_results.load import Results

GROUP = ["workload", "sweep", "threads", "label"]
# What may differ between two cells of one group, for the message that names it.
_SETTINGS = ["engine", "variant", "record_count", "op_count", "host", "spec_sha256", "git_commit"]


def default_baseline(results: Results) -> str | None:
    """The spec's baseline, where it was measured; otherwise None."""
    baseline = results.spec.get("baseline")
    return baseline if baseline in results.ordered("label") else None


def summarise(results: Results, metric: str = "throughput_ops_s",
              baseline: str | None = None) -> pd.DataFrame:
    """One row for each workload, coordinates on the sweep, thread count and label, in the spec's
    order.

    Columns: `sweep` (the coordinates; empty where the spec sweeps nothing); `metric`; `n`
    (repetitions with a value), `median`, `min`, `max` (in the metric's unit); `interval_low` and
    `interval_high`: the 95% BCa bootstrap interval of the median (NaN where n is below 3); `spread`
    ((max - min) / median); `baseline`, and `ratio`: median divided by the median of the baseline at
    the same workload, thread count and coordinates, as far as both have these (NaN where there is
    none, or several), with its interval in `ratio_low` and `ratio_high`. `baseline` None means the
    spec's.

    Raises ResultsError for an unknown metric or baseline, and where a group holds cells of
    different settings: these are never averaged together.
    """
    frame = results.frame
    metrics = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    _require(metric, metrics, "metric")
    labels = results.ordered("label")
    if baseline is None:
        baseline = default_baseline(results)
    else:
        _require(baseline, labels, "baseline")
    _refuse_different_cells(frame)

    groups = frame.groupby(GROUP)[metric]
    table = groups.agg(n="count", median="median", min="min", max="max").reset_index()
    table.insert(len(GROUP), "metric", metric)
    values = {key: group.dropna().to_numpy(float) for key, group in groups}
    mine = [values[key] for key in table[GROUP].itertuples(index=False, name=None)]
    table[["interval_low", "interval_high"]] = [median_interval(sample) for sample in mine]
    table["spread"] = (table["max"] - table["min"]) / table["median"].where(table["median"] > 0)
    table["baseline"] = baseline
    against = [_reference(table, row, baseline) for row in table.itertuples()]
    medians = table.set_index(GROUP)["median"]
    references = pd.Series([np.nan if key is None else medians[key] for key in against],
                           index=table.index, dtype="float64")
    table["ratio"] = table["median"] / references.where(references > 0)
    table[["ratio_low", "ratio_high"]] = [
        (np.nan, np.nan) if np.isnan(row.ratio) or row.label == baseline
        else ratio_interval(sample, values[key])
        for row, sample, key in zip(table.itertuples(), mine, against)]
    places = {"workload": results.ordered("workload"), "label": results.ordered("label"),
              "sweep": sweeps.in_order(frame["sweep"], results.spec)}
    return table.sort_values(
        GROUP, key=lambda column: column if column.name == "threads" else
        column.map(places[column.name].index), ignore_index=True)


def _reference(table: pd.DataFrame, row: Any, baseline: str | None) -> tuple | None:
    """The group that a row is compared with: the baseline's, where just one will do."""
    beside = table[(table["label"] == baseline) & (table["workload"] == row.workload) &
                   (table["threads"] == row.threads)]
    agreeing = [key for key in beside[GROUP].itertuples(index=False, name=None)
                if sweeps.agree(key[GROUP.index("sweep")], row.sweep)]
    return agreeing[0] if len(agreeing) == 1 else None


def _refuse_different_cells(frame: pd.DataFrame) -> None:
    for (workload, _, threads, label), group in frame.groupby(GROUP):
        if group["cell_id"].nunique() > 1:
            differing = [name for name in _SETTINGS if group[name].nunique(dropna=False) > 1]
            what = ", ".join(differing) or "settings inside config or workload_spec"
            raise ResultsError(f"cells of {label} on {workload} with {threads} threads differ in "
                               f"{what}; summarise them apart")


def _require(name: str, choices: list[str], what: str) -> None:
    if name not in choices:
        near = difflib.get_close_matches(name, choices, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ResultsError(f"unknown {what} {name!r}{hint}; known: {', '.join(choices)}")
