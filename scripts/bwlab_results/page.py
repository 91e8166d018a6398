"""What all figures have around their panels: title, panel titles, caption and stamp."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bwlab_results import provenance, style, sweeps
from bwlab_results.intervals import REPETITIONS_MIN
from bwlab_results.load import Results
from bwlab_results.measures import Measure

LEGEND_LINE = 0.22  # inches, as all lengths below


@dataclass(frozen=True)
class Grid:
    """How panels stand on a page: their size without surroundings, the gaps between them, and the
    margins, of which the upper one holds title, legend and panel title, the lower one caption and
    stamp."""

    columns_max: int
    panel_width: float
    panel_height: float
    gap_x: float
    gap_y: float
    left: float
    right: float
    top: float
    bottom: float
    width_min: float

    def width(self, panels: int) -> float:
        columns = min(self.columns_max, panels)
        return max(self.left + columns * (self.panel_width + self.gap_x) - self.gap_x + self.right,
                   self.width_min)

    def figure(self, panels: int, legend_lines: int, share: str) -> tuple[Figure, np.ndarray]:
        """A figure and its axes by row and column; `share`: "x" or "y" for one scale, or "no"."""
        columns = min(self.columns_max, panels)
        rows = -(-panels // columns)
        width = self.width(panels)
        top = self.top + LEGEND_LINE * (legend_lines - 1)
        height = top + rows * (self.panel_height + self.gap_y) - self.gap_y + self.bottom
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(rows, columns, squeeze=False, sharex=share == "x",
                               sharey=share == "y")
        figure.subplots_adjust(left=self.left / width, right=1 - self.right / width,
                               top=1 - top / height, bottom=self.bottom / height,
                               wspace=self.gap_x / self.panel_width,
                               hspace=self.gap_y / self.panel_height)
        for unused in axes.flat[panels:]:
            unused.set_visible(False)
        return figure, axes


@dataclass(frozen=True)
class Whiskers:
    """Which columns of summarise() whiskers reach to; all of a figure mean the same."""

    low: str
    high: str
    meaning: str


def whiskers_of(points: pd.DataFrame) -> Whiskers:
    """The interval, where each point has one."""
    counts = points.loc[points["n"] > 0, "n"]
    if len(counts) and counts.min() >= REPETITIONS_MIN:
        return Whiskers("interval_low", "interval_high", "95% BCa bootstrap interval of the median")
    return Whiskers("min", "max", "minimum to maximum")


def points_of(points: pd.DataFrame, workload: str, sweep: str) -> pd.DataFrame:
    """Those of a panel of Results.panels()."""
    return points[(points["workload"] == workload) &
                  points["sweep"].map(lambda mine: sweeps.covers(sweep, mine))]


def columns_of(panels: Sequence[tuple[str, str]], columns_max: int) -> int:
    """So many that the panels of each workload make a row of their own, where they fit."""
    swept = max(Counter(workload for workload, _ in panels).values())
    return swept if 1 < swept <= columns_max else columns_max


def same_text(points: pd.DataFrame, *others: str) -> str:
    """What the two sides of a ratio share, for captions."""
    return f"the same {enumeration(['workload', *sweeps.axes_of(points['sweep']), *others])}"


def enumeration(names: Sequence[str]) -> str:
    return " and ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])


def panel_title(axes: Axes, workload: str, sweep: str, frame: pd.DataFrame) -> None:
    name = workload.replace("ycsb_", "YCSB ").replace("_", " ")
    name = f"{name[:5]}{name[5:].upper()}" if name.startswith("YCSB ") else name
    name += f", {sweep}" if sweep else ""
    mixes = frame.loc[frame["workload"] == workload, "mix"]
    axes.set_title(name, loc="left", fontsize=10, fontweight="bold", pad=7)
    axes.set_title(mixes.iloc[0], loc="right", fontsize=7.5, color=style.MUTED, pad=7)


def head(figure: Figure, results: Results, measure: Measure) -> None:
    width, height = figure.get_size_inches()
    title = results.spec.get("title")
    about = f": {title}" if isinstance(title, str) and title else ""
    figure.text(0.12 / width, 1 - 0.16 / height, f"{measure.title}{about}", fontsize=13,
                fontweight="bold", va="top")


def legend(figure: Figure, handles: list, columns: int, baseline: str | None) -> None:
    """`baseline`: the entry in bold."""
    width, height = figure.get_size_inches()
    made = figure.legend(handles=handles, ncol=columns, loc="upper left", fontsize=9,
                         bbox_to_anchor=(0.04 / width, 1 - 0.44 / height), handlelength=2.2,
                         handleheight=1.1, columnspacing=1.8)
    for entry in made.get_texts():
        if entry.get_text() == baseline:
            entry.set_fontweight("bold")


def foot(figure: Figure, results: Results, points: pd.DataFrame, what: str, whiskers: Whiskers,
         second_line: str) -> None:
    """The caption and the stamp; `what`: the name of the shapes that stand at medians."""
    width, height = figure.get_size_inches()
    repetitions = _span(points.loc[points["n"] > 0, "n"])
    caption = (f"{what}: median; whiskers: {whiskers.meaning}; n = {repetitions} repetitions. "
               f"{_span(results.frame['record_count'])} records, "
               f"{_span(results.frame['op_count'])} operations.\n{second_line}")
    figure.text(0.12 / width, 0.9 / height, caption.rstrip(), fontsize=8, va="top",
                linespacing=1.45)
    figure.text(0.12 / width, 0.46 / height, "\n".join(provenance.stamp(results)), fontsize=7,
                color=style.MUTED, va="top", linespacing=1.45)


def ratio_text(ratio: float) -> str:
    """Two digits, or three, that tell: 0.85x, 1.7x, 12.4x, 140x; empty where there is none."""
    if np.isnan(ratio):
        return ""
    return f"{ratio:.{2 if ratio < 0.95 else 1 if ratio < 99.5 else 0}f}×"


def thread_text(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
