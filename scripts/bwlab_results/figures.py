"""The figures of a results folder: which there are, and how they are drawn and written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bwlab_results import bars, dots, provenance, style, tables
from bwlab_results.errors import ResultsError
from bwlab_results.load import Results
from bwlab_results.measures import MEASURES, Measure, measure_named
from bwlab_results.summary import summarise

_BAR_LABELS_MAX = 8  # more bars are too narrow to be told apart


def has_data(results: Results, measure: Measure) -> bool:
    return bool(results.frame[measure.metric].notna().any())


def plot(results: Results, name: str, folder: Path, baseline: str | None = None) -> Sequence[Path]:
    """Draws figure `name` of `results` and writes its PNG, SVG, PDF and CSV into `folder`, with the
    medians as a table in Markdown. Returns the paths."""
    measure = measure_named(name)
    points = pd.concat([summarise(results, metric, baseline) for metric in measure.metrics],
                       ignore_index=True)
    with style.applied():
        figure = draw(results, measure, points)
        return style.write(figure, stamped(results, points),
                           tables.markdown(results, measure, points), folder, name,
                           provenance.last_start(results))


def stamped(results: Results, points: pd.DataFrame) -> pd.DataFrame:
    """The points with columns that say where they come from, so that the CSV stands alone."""
    def joined(column: str) -> str:
        return "+".join(sorted({str(v or "unknown") for v in results.frame[column]}))

    if not points["sweep"].any():
        points = points.drop(columns="sweep")
    return points.assign(experiment=results.experiment, spec_sha256=joined("spec_sha256"),
                         git_commit=joined("git_commit"), host=joined("host"),
                         git_dirty=bool(provenance.dirty(results).any()))


def draw(results: Results, measure: Measure, points: pd.DataFrame) -> Figure:
    """The figure of `points`: summarise() of each of the measure's metrics, one after another.

    Call inside style.applied().
    """
    few = len(results.ordered("label")) <= _BAR_LABELS_MAX
    return (bars if few else dots).draw(results, measure, points)


def unmeasured(results: Results, measure: Measure) -> list[str]:
    """A sentence for each label that lacks the metric in some cell, with the result's reason."""
    frame = results.frame
    sentences = []
    for label, group in frame[frame[measure.metric].isna()].groupby("label"):
        reasons = group["memory_reason"].dropna()
        why = f": {reasons.iloc[0]}" if len(reasons) and measure.name == "memory" else ""
        sentences.append(f"{label} has no {measure.metric} in {len(group)} of {len(frame)} results"
                         f"{why}")
    return sentences


def choose(results: Results, asked: Sequence[str] | None, folder: Path) -> list[str]:
    """The figures to draw: those asked for, else those the spec names, else all that have data.

    Raises ResultsError for an unknown name, or where the spec's list is not a list of names.
    """
    named = asked or results.spec.get("figures")
    if not named:
        return [name for name, measure in MEASURES.items() if has_data(results, measure)]
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise ResultsError(f"{folder}/spec.json: figures must be an array of figure names")
    for name in named:
        measure_named(name)
    return list(dict.fromkeys(named))
