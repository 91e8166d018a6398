"""The medians of a results folder as Markdown, for a README or a paper's first draft."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from bwlab_results import sweeps
from bwlab_results.load import Results
from bwlab_results.measures import Measure

_NONE = "-"


def markdown(results: Results, measure: Measure, points: pd.DataFrame) -> str:
    """Tables of `points`, summarise() of the measure's metric: a row a label, a column a workload,
    in a cell the medians of all thread counts.

    There is a table for each value of the sweep's axes that all labels have; the values on the
    others stand beside the label.
    """
    points = points[points["metric"] == measure.metric]
    points = points[points["median"].notna()]
    threads = sorted(points["threads"].unique())
    workloads = [name for name in results.ordered("workload") if name in set(points["workload"])]
    shared = _shared_axes(points)
    places = points["sweep"].map(lambda text: sweeps.divided(text, shared))
    points = points.assign(table=places.str[0], own=places.str[1])

    lines = [f"{measure.title}: {measure.axis}; medians; repetitions: "
             f"{_alternatives(sorted(points['n'].unique()))}; threads: {_alternatives(threads)}.",
             ""]
    for table in sweeps.in_order(points["table"], results.spec):
        if table:
            lines += [f"{table}:", ""]
        lines += [f"| | {' | '.join(workloads)} |", "| --- |" + " --- |" * len(workloads)]
        of_table = points[points["table"] == table]
        for label in results.ordered("label"):
            rows = of_table[of_table["label"] == label]
            for own in sweeps.in_order(rows["own"], results.spec):
                cells = [_cell(rows[(rows["own"] == own) & (rows["workload"] == workload)],
                               threads, measure.scale) for workload in workloads]
                lines.append(f"| `{label}`{f' {own}' if own else ''} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _shared_axes(points: pd.DataFrame) -> list[str]:
    of_labels = [set(sweeps.axes_of(rows["sweep"])) for _, rows in points.groupby("label")]
    return sorted(set.intersection(*of_labels))


def _cell(rows: pd.DataFrame, threads: Iterable[int], scale: float) -> str:
    medians = rows.set_index("threads")["median"] * scale
    shown = [_number(medians[count]) if count in medians else _NONE for count in threads]
    return _NONE if set(shown) == {_NONE} else _alternatives(shown)


def _alternatives(values: Iterable[object]) -> str:
    return " / ".join(map(str, values))


def _number(value: float) -> str:
    """Three digits, without an exponent."""
    rounded = float(f"{value:.3g}")
    if rounded == 0:
        return "0"
    return f"{rounded:.{max(0, 2 - math.floor(math.log10(abs(rounded))))}f}"
